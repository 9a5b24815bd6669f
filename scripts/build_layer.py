"""Builds a layer for `sam build`: the wheels it needs for its processor, its own packages, and byte code of all.

SAM's own Python build ships no byte code. A layer is read-only, so every cold start would compile every module anew.

Each layer's Makefile starts this in `layers/processors/<Architecture>`, which is how it learns the processor (SAM does
not tell make), with `ARTIFACTS_DIR` set. Only the standard library and pip are used: any Python 3.13 will do.
"""

import compileall
import hashlib
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = (3, 13)
# What a layer needs gets, for its own needs, the versions that the tests use.
CONSTRAINTS = ROOT / "requirements" / "dev.txt"
# Installed once for each set of requirements, so that a changed line of code needs neither network nor patience.
CACHE = ROOT / ".aws-sam" / "wheels"


def build(layer: Path, processor: Path, artifacts: Path) -> None:
    """Fill a layer's folder.

    Args:
        layer: Folder with `requirements.txt` and, beside it, the layer's own packages, if it has any.
        processor: Folder that lists, in `platforms.txt`, the wheels that run there.
        artifacts: Folder that becomes `/opt`.

    Raises:
        SystemExit: The interpreter is not of the version that Lambda runs, or pip failed.
    """
    if sys.version_info[:2] != RUNTIME:
        sys.exit(f"layers are compiled for Python 3.13; this is {sys.version.split()[0]}: put python3.13 on the PATH")
    python = artifacts / "python"
    shutil.copytree(_installed(layer / "requirements.txt", processor / "platforms.txt"), python)
    for package in sorted(layer.glob("*/__init__.py")):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package.parent, python / package.parent.name, ignore=skipped, dirs_exist_ok=True)
    # unchecked: neither the time stamps that zip rounds nor the sources are looked at when a module is imported
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(
        python, quiet=1, maxlevels=99, stripdir=str(artifacts), prependdir="/opt", invalidation_mode=mode
    ):
        sys.exit(f"{layer.name}: not every module could be compiled; see above")


def _installed(requirements: Path, platforms: Path) -> Path:
    """Return the folder of the installed requirements; installs them when it is not there."""
    parts = [path.read_bytes() for path in (requirements, platforms, CONSTRAINTS, Path(__file__))]
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    folder = CACHE / f"{requirements.parent.name}-{platforms.parent.name}-{name}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            _install(requirements, platforms.read_text().split(), Path(scratch) / "new")
            try:
                (Path(scratch) / "new").rename(folder)  # all or nothing; another build may have been first
            except OSError:
                if not folder.exists():
                    raise
        for outdated in CACHE.glob(f"{requirements.parent.name}-{platforms.parent.name}-*"):
            if outdated != folder:
                shutil.rmtree(outdated, ignore_errors=True)
    return folder


def _install(requirements: Path, platforms: list[str], target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(target)]
    command += ["--requirement", str(requirements), "--constraint", str(CONSTRAINTS)]
    command += ["--only-binary=:all:", "--implementation=cp", "--python-version=3.13"]
    command += [argument for platform in platforms for argument in ("--platform", platform)]
    # pip may be told to keep to virtual environments; a folder of its own is no worse
    settings = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, env=settings, check=False).returncode:  # noqa: S603
        sys.exit(f"{requirements.relative_to(ROOT)}: pip could not install it for {platforms[0]}; see above")
    shutil.rmtree(target / "bin", ignore_errors=True)  # commands: they name this machine's interpreter
    for tests in [folder for folder in target.rglob("tests") if folder.is_dir()]:
        shutil.rmtree(tests)  # of other people's packages: a tenth of all that render_preview would carry


if __name__ == "__main__":
    build(ROOT / sys.argv[1], Path.cwd(), Path(os.environ["ARTIFACTS_DIR"]))
