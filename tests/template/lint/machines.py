"""The real state machine, and ways to break it."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from asl import lint
from asl.lint import Project
from asl.machine import Machine
from scripts import facts, lint_machine

TEXT = lint_machine.MACHINE.read_text()
MACHINE = Machine(json.loads(TEXT))
PROJECT = lint_machine.project(MACHINE, facts.template())
SUBMIT = {"Comment": "x", "Type": "Wait", "Seconds": 1, "Next": "Submit"}

type Change = Callable[[dict[str, Any]], None]


def put(path: str, value: Any) -> Change:
    """Write a value into the definition; states are found without naming ``States``."""

    def change(definition: dict[str, Any]) -> None:
        place, last = _place(definition, path)
        place[last] = value

    return change


def drop(path: str) -> Change:
    """Take something out of the definition."""

    def change(definition: dict[str, Any]) -> None:
        place, last = _place(definition, path)
        del place[last]

    return change


def _place(definition: dict[str, Any], path: str) -> tuple[Any, Any]:
    first, *rest = path.split("/")
    keys: list[Any] = [int(key) if key.isdigit() else key for key in rest]
    place = definition["States"] if keys or first not in definition else definition
    for key in [first, *keys][:-1]:
        place = place[key]
    return place, [first, *keys][-1]


def changed(*changes: Change) -> Machine:
    """The real machine, changed."""
    definition = deepcopy(dict(MACHINE.definition))
    for change in changes:
        change(definition)
    return Machine(definition)


def rewritten(old: str, new: str) -> Machine:
    """The real machine as the lint reads it, a piece of its text replaced."""
    assert old in TEXT
    return lint.read(TEXT.replace(old, new, 1))


@dataclass(frozen=True)
class Case:
    """A machine and what its project declares, one of them wrong, and the line that says so."""

    line: str
    machine: Machine
    project: Project = PROJECT

    @property
    def rule(self) -> str:
        return self.line.split(": ")[1]


def broken(line: str, *changes: Change, **declared: Any) -> Case:
    """The real machine changed, or what the project declares of it."""
    return Case(line, changed(*changes), replace(PROJECT, **declared))


def lines(machine: Machine, project: Project = PROJECT) -> list[str]:
    """What the lint finds."""
    return [str(one) for one in lint.findings(machine, project)]
