"""Rules about size: what a Task keeps of its result, and how large the state document can get."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.framework import TOP, Problem, rule
from asl.lint.project import Project
from asl.machine import Machine, State

LARGEST_DOCUMENT = 262_144  # bytes: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
# Error and Cause have at most 256 and 32,768 characters, of at most 3 bytes each; quotes that are escaped take 2:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_LambdaFunctionFailedEventDetails.html
LARGEST_ERROR = 3 * (256 + 32_768) + len('{"Error":"","Cause":""}')


def _selected(state: State) -> Mapping[str, Any]:
    """What a Task keeps of its result, by field."""
    return {key.removesuffix(".$"): value for key, value in state.get("ResultSelector", {}).items()}


@rule()
def selected_results(machine: Machine, project: Project) -> Iterator[Problem]:
    """A Task adds named fields of declared sizes to the document, or nothing: no picture travels, nothing is lost."""
    for name, state in machine.tasks.items():
        kept = {"its result": state} | {f"Catch[{index}]": one for index, one in enumerate(state.get("Catch", []))}
        for what, part in kept.items():
            if part.get("ResultPath", "$") == "$":
                yield name, f"{what} replaces the whole document", "set ResultPath to a key of its own, or to null"
        if state.get("ResultPath", "$") is None:
            continue
        declared, selected = project.bounds.get(name, {}), _selected(state)
        if not selected:
            yield name, "keeps its whole result", "select the fields that are needed, or set ResultPath to null"
        for key, value in selected.items():
            if not re.fullmatch(r"\$(\.\w+){2,}", str(value)):
                yield name, f"selects {value}, which is no field of the answer", "select named fields: $.Payload.name"
            if key not in declared:
                yield name, f"nobody declares how large {key} may get", "declare its bound in the project's facts"
        for key in sorted(declared.keys() - selected.keys()):
            yield name, f"a bound is declared for {key}, which it does not select", "remove the bound"
    for name in sorted(project.bounds.keys() - machine.tasks.keys()):
        yield TOP, f'bounds are declared for "{name}", which is no Task', "remove them"


def _document_parts(machine: Machine, project: Project) -> dict[str, int]:
    """The most bytes of each part of the state document, by where it lies; what is written twice counts once."""
    parts = {"input": len(json.dumps(project.input))}

    def put(path: str | None, size: int) -> None:
        if path is not None:
            parts[path] = max(parts.get(path, 0), size + len(path) + len('"": ,'))

    for name, state in machine.tasks.items():
        bounds = project.bounds.get(name, {})
        sizes = [len(f'"{key}": , ') + bounds[key].size for key in _selected(state) if key in bounds]
        put(state.get("ResultPath", "$"), sum(sizes) + len("{}"))
        for catch in state.get("Catch", []):
            put(catch.get("ResultPath", "$"), LARGEST_ERROR)
    return parts


@rule()
def document_size(machine: Machine, project: Project) -> Iterator[Problem]:
    """The state document, with every field and every caught error at its largest, stays below AWS's 262,144 bytes."""
    parts = _document_parts(machine, project)
    if (size := sum(parts.values())) >= LARGEST_DOCUMENT:
        largest = ", ".join(f"{path} {part}" for path, part in sorted(parts.items(), key=lambda part: -part[1])[:4])
        remedy = "select fewer fields, and keep no error that nobody reads (ResultPath null)"
        yield TOP, f"the document may take {size} of {LARGEST_DOCUMENT} bytes ({largest})", remedy
