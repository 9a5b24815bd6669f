"""Gap: every worker unpacks its function's code and its layers anew, and Python compiles them anew.

Lambda mounts them. Unpacking and compiling some two hundred files took more processor time than all calls of most
workers, and removing them as long. So each archive is unpacked once in the life of a stack, and workers have links.
"""

import compileall
import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ministack.core.lambda_runtime as runtime

from local.patching import expect_source

_lock = threading.Lock()


class UnpackedOnce(zipfile.ZipFile):
    """An archive whose content is put into a folder as a link to where it lies unpacked."""

    def extractall(self, path: Any = None, *more: Any) -> None:
        """Let a folder, which must be empty, be the archive's content."""
        archive, folder = Path(str(self.filename)), Path(path)
        place = Path(tempfile.gettempdir()) / "unpacked" / hashlib.sha256(archive.read_bytes()).hexdigest()
        with _lock:
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                fresh = Path(tempfile.mkdtemp(dir=place.parent))
                super().extractall(fresh, *more)
                if not next(fresh.rglob("*.pyc"), None):  # our own layers bring theirs
                    compileall.compile_dir(fresh, quiet=2)
                fresh.rename(place)
        folder.rmdir()
        folder.symlink_to(place, target_is_directory=True)


def install() -> None:
    """Let workers share what is unpacked."""
    expect_source(
        runtime.Worker._spawn, "zf.extractall(code_dir)", "lzf.extractall(layer_dir)", "os.makedirs(layer_dir)"
    )
    runtime.zipfile = SimpleNamespace(
        ZipFile=UnpackedOnce, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
