"""A rule about the way of data: what a state reads was there from the start, or has been written before it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from asl.lint.framework import Problem, did_you_mean, rule
from asl.lint.graph import beyond
from asl.lint.project import Project
from asl.lint.reading import walk
from asl.machine import Edge, Machine, State

type Path = tuple[str, ...]  # the first segments of a path, at most two: below these the machine knows of nothing

_PATH = re.compile(r"(?<!\$)\$(?![\w$])((?:\.[\w-]+)*)")  # also within intrinsics; $$. is the context, $name a variable
_NO_READING = {
    "InputPath",
    "OutputPath",
    "ResultPath",
}  # the first comes before all others, these after them


@rule(walks=True)
def written_paths(machine: Machine, project: Project) -> Iterator[Problem]:
    """What a state reads (two segments deep) is in the input or written by a state that can come before it."""
    ways = beyond(machine, machine.edges())
    for name, state in machine.states.items():
        before = [edge for edge in machine.edges() if name == edge.target or name in ways[edge.target]]
        known = {*_of_input(project.input), *(path for edge in before for path in _written(machine, edge))}
        for path in dict.fromkeys(_read(state)):
            if path not in known and not any((*path[:depth], "*") in known for depth in range(len(path))):
                close = did_you_mean(_text(path), [_text(one) for one in sorted(known) if len(one) == len(path)])
                problem = f"reads {_text(path)}, which is not in the input, and no state before it writes it"
                yield name, problem, f"write it before, or read what is there{close}"


def _text(path: Path) -> str:
    return ".".join(("$", *path))


def _segments(text: str) -> Path:
    return tuple(text.split(".")[1:3])


def _read(state: State) -> Iterator[Path]:
    """The paths into the document by which a state reads; all others begin where its InputPath leads."""
    into = str(state.get("InputPath") or "$").removeprefix("$")
    if into:
        yield _segments(into)
    texts = [value for key, value in state.items() if key.endswith("Path") and key not in _NO_READING]
    for one in walk(state.get("Choices", [])):
        if isinstance(one, Mapping):
            texts += [value for key, value in one.items() if key == "Variable" or key.endswith("Path")]
    for one in walk(state.get("Parameters", {})):
        if isinstance(one, Mapping):
            texts += [value for key, value in one.items() if key.endswith(".$")]
    for text in texts:
        yield from (_segments(into + found) for found in _PATH.findall(str(text)) if found)


def _of_input(document: Mapping[str, Any]) -> Iterator[Path]:
    for key, value in document.items():
        yield from _with_fields((key,), value if isinstance(value, Mapping) else ())


def _written(machine: Machine, edge: Edge) -> Iterator[Path]:
    """What is written when a state is left by an edge; ``*`` for fields that nobody names."""
    state = machine.states[edge.source]
    if edge.field.startswith("Catch"):
        part: State = state["Catch"][int(edge.field[6:-1])]
        fields: Iterable[str] = ("Error", "Cause")
    elif state["Type"] == "Task":
        part, fields = state, state.get("ResultSelector", "*")
    elif state["Type"] == "Pass" and state.keys() & {"Result", "Parameters", "ResultPath"}:
        result = state.get("Result", state.get("Parameters"))
        part, fields = state, result if isinstance(result, Mapping) else "*"
    else:
        return
    path = part.get("ResultPath", "$")
    if path is not None:
        yield from _with_fields(_segments(path), [field.removesuffix(".$") for field in fields])


def _with_fields(path: Path, fields: Iterable[str]) -> Iterator[Path]:
    """A path, and those of the fields below it."""
    yield from (path[:depth] for depth in range(1, len(path) + 1))
    yield from ((*path, field) for field in fields if len(path) < 2)
