"""Reads a file for the rules, and takes it apart."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from asl.lint.framework import TOP
from asl.machine import Machine


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood in the file more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.repeated = sorted({key for key in keys if keys.count(key) > 1})


def read(text: str) -> Machine:
    """The machine in a file's text, with what ``json.loads`` would hide.

    Raises:
        ValueError: The text is not a JSON object.
    """
    definition = json.loads(text, object_pairs_hook=_Object)
    if not isinstance(definition, dict):
        raise ValueError("the file must hold one JSON object")  # noqa: TRY004 - the file is wrong, not the caller
    return Machine(definition)


def repeated(value: Any) -> list[str]:
    """The keys that an object has more than once; none if it was not read with :func:`read`."""
    return value.repeated if isinstance(value, _Object) else []


def walk(value: Any) -> Iterator[Any]:
    """A value and all that it holds."""
    yield value
    for one in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from walk(one)


def places(machine: Machine) -> Iterator[tuple[str, Any]]:
    """Each state with its name, and what stands around them."""
    yield TOP, {name: value for name, value in machine.definition.items() if name != "States"}
    yield from machine.states.items()
