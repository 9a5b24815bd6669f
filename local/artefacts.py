"""What `sam build` made of each function and its layers, laid out as Lambda lays it out and not to be changed."""

import hashlib
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.processes import Processes, StackError
from local.sam import Sam, building_alone
from local.stack import host_architecture

FUNCTION = "AWS::Serverless::Function"


@dataclass(frozen=True)
class Artefact:
    """One function's `/var/task` and `/opt`.

    Args:
        name: The function's logical id.
        task: Folder of its own code.
        opt: Folder of all its layers, merged in their order.
    """

    name: str
    task: Path
    opt: Path

    @property
    def import_path(self) -> list[Path]:
        """Where Lambda looks for modules before its runtime's own folder."""
        return [self.task, self.opt / "python" / "lib" / "python3.13" / "site-packages", self.opt / "python"]

    @property
    def megabytes(self) -> float:
        """Size of all its files, unzipped, in MB; Lambda allows 250 MiB."""
        return sum(path.stat().st_size for path in self._files()) / 1e6

    def digest(self) -> str:
        """Return a hash of every name and content."""
        digest = hashlib.sha256()
        for folder in (self.task, self.opt):
            for path in sorted(folder.rglob("*")):
                digest.update(f"{path.relative_to(folder)}\0{path.stat().st_mode}\0".encode())
                if path.is_file():
                    digest.update(path.read_bytes())
        return digest.hexdigest()

    def written_since(self, before: set[Path]) -> list[str]:
        """Return the files that were not there, for a message.

        Args:
            before: The result of `names` then.
        """
        return sorted(str(path.relative_to(self.task.parent)) for path in self.names() - before)

    def names(self) -> set[Path]:
        """Return every path of it."""
        return {path for folder in (self.task, self.opt) for path in folder.rglob("*")}

    def _files(self) -> Iterator[Path]:
        return (path for path in self.names() if path.is_file())


class Build:
    """One `sam build` of a template."""

    def __init__(self, folder: Path) -> None:
        """Read what was built.

        Args:
            folder: The build folder, with the built template.
        """
        self.folder = folder
        self._template: dict[str, Any] = yaml_parse((folder / "template.yaml").read_text())
        self._shared: dict[str, Any] = self._template.get("Globals", {}).get("Function", {})

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """Properties of every function by its logical id, those that all share included."""
        return {
            name: {**self._shared, **one["Properties"], "Layers": self._layers(one["Properties"])}
            for name, one in self._template["Resources"].items()
            if one["Type"] == FUNCTION
        }

    def _layers(self, properties: dict[str, Any]) -> list[str]:
        return [one["Ref"] for one in [*self._shared.get("Layers", []), *properties.get("Layers", [])]]

    def code(self, function: str) -> Path:
        """Return the folder of a function's own code."""
        return self.folder / str(self.functions[function]["CodeUri"])

    def layer(self, name: str) -> Path:
        """Return the folder of a layer."""
        return self.folder / str(self._template["Resources"][name]["Properties"]["ContentUri"])

    def lay_out(self, function: str, folder: Path) -> Artefact:
        """Copy a function and its layers to where nothing may change them.

        Args:
            function: Its logical id.
            folder: For all functions; those with the same layers share one copy of them.
        """
        layers = self.functions[function]["Layers"]
        artefact = Artefact(function, folder / function / "task", folder / "+".join(["layers", *layers]))
        remove(artefact.task.parent)
        shutil.copytree(self.code(function), artefact.task)
        _forbid_writing(artefact.task)
        if not artefact.opt.exists():
            artefact.opt.mkdir()
            for layer in layers:
                shutil.copytree(self.layer(layer), artefact.opt, dirs_exist_ok=True)
            _forbid_writing(artefact.opt)
        return artefact


def _forbid_writing(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)


def remove(folder: Path) -> None:
    """Remove a folder whose parts nobody may write to."""
    if not folder.exists():
        return
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def built(root: Path, template: Path, work: Path) -> Iterator[Build]:
    """Run `sam build` for this machine and lend what it made.

    Args:
        root: The repository.
        template: What to build.
        work: Folder for the log.

    Raises:
        StackError: The build failed; with the end of its log.
    """
    processes = Processes(work)
    try:
        sam = Sam(root, template, work, processes)
        with_architecture = "Architecture" in yaml_parse(template.read_text()).get("Parameters", {})
        with sam.building(host_architecture() if with_architecture else None):
            pass
        try:
            yield Build(sam.built)
        finally:
            sam.clean()
    finally:
        processes.stop()


@contextmanager
def last_built(root: Path, template: Path) -> Iterator[Build]:
    """Lend what was built last for a stack, which no other build may change meanwhile.

    Args:
        root: The repository.
        template: What was built.
    """
    with building_alone(root, template) as shared:
        yield Build(shared / "build")


def logical_id(function: str, known: list[str]) -> str:
    """Return a function's logical id in the template.

    Args:
        function: It, or the function's folder.
        known: All that there are.

    Raises:
        StackError: There is no such function.
    """
    for name in (function, "".join(word.title() for word in function.split("_")) + "Function"):
        if name in known:
            return name
    raise StackError(f"the template has no function {function}; it has {', '.join(sorted(map(folder_of, known)))}")


def folder_of(name: str) -> str:
    """Return the folder of a function: `StoreResultFunction` → `store_result`."""
    short = name.removesuffix("Function")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in short).lstrip("_")
