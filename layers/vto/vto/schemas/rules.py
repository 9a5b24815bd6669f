"""The part of JSON Schema (draft 7) in which requests are described, and what in a document breaks it.

``tests/unit/vto/test_rules.py`` holds it against the library ``jsonschema``, which takes longer to import than the rest
of a function: see docs/decisions/0032.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_FOLDER = Path(__file__).parent
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    # 5.0 is a whole number, as JSON has only one kind of number
    "integer": lambda value: _TYPES["number"](value) and bool(value.is_integer()),
}
# Of each keyword what it is about (anything else keeps it; None: it is about everything), and whether a value keeps it.
_RULES: Mapping[str, tuple[str | None, Callable[[Any, Any], bool]]] = {
    "type": (None, lambda value, name: _TYPES[name](value)),
    "enum": (None, lambda value, known: value in known),
    "const": (None, lambda value, known: bool(value == known)),
    "not": (None, lambda value, schema: any(problems(schema, value))),
    "minLength": ("string", lambda value, least: len(value) >= least),
    "maxLength": ("string", lambda value, most: len(value) <= most),
    "pattern": ("string", lambda value, pattern: re.search(pattern, value) is not None),
    "minimum": ("number", lambda value, least: value >= least),
    "maximum": ("number", lambda value, most: value <= most),
}
_OF_FIELDS = {"required", "properties", "additionalProperties"}
_SAY_NOTHING = {"$schema", "$id", "title", "description", "x-problem", "x-remedy"}


class Problem(NamedTuple):
    """One keyword of a schema that a document breaks.

    Args:
        path: The fields that lead there from the whole document.
        keyword: The keyword.
        rule: What the schema says behind it; of ``required`` the one field that is missing.
        schema: The schema, or the part of it, in which the keyword stands.
        value: What the document holds there.
    """

    path: tuple[str, ...]
    keyword: str
    rule: Any
    schema: Mapping[str, Any]
    value: Any


class UnknownRuleError(Exception):
    """A schema of a request says something that is not checked here; a mistake of ours, not of a request."""


@cache
def read(name: str) -> Mapping[str, Any]:
    """One of the schemas that requests are checked against.

    Args:
        name: Its file's name.

    Raises:
        UnknownRuleError: It says something that `problems` does not check.
    """
    schema: Mapping[str, Any] = json.loads((_FOLDER / name).read_text())
    for problem in _unknown(schema):
        raise UnknownRuleError(f"{name} says {problem}: teach it to vto.schemas.rules, or say it in other words")
    return schema


def problems(schema: Mapping[str, Any], value: Any, path: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Everything in which a document breaks a schema, in the schema's order.

    Args:
        schema: The schema, from `read`.
        value: The document as ``json.loads`` returned it, or a part of it.
        path: The fields that lead to that part.
    """
    if "$ref" in schema:  # in draft 7 nothing else that stands beside it counts
        yield from problems(read(schema["$ref"]), value, path)
        return
    fields: Mapping[str, Any] = value if isinstance(value, dict) else {}
    for keyword, rule in schema.items():
        if keyword == "required":
            missing = [name for name in rule if name not in fields] if isinstance(value, dict) else []
            yield from (Problem(path, keyword, name, schema, value) for name in missing)
        elif keyword == "properties":
            for name in rule:
                if name in fields:
                    yield from problems(rule[name], fields[name], (*path, name))
        elif keyword == "additionalProperties":
            if not fields.keys() <= schema.get("properties", {}).keys():
                yield Problem(path, keyword, rule, schema, value)
        elif keyword in _RULES:
            about, is_kept = _RULES[keyword]
            if (about is None or _TYPES[about](value)) and not is_kept(value, rule):
                yield Problem(path, keyword, rule, schema, value)


def _unknown(schema: Mapping[str, Any]) -> Iterator[str]:
    checked: Mapping[str, Callable[[Any], bool]] = {
        "type": lambda rule: rule in [*_TYPES],
        "enum": lambda rule: all(isinstance(one, str) for one in rule),  # to Python 1 is True, to JSON it is not
        "const": lambda rule: isinstance(rule, str),
        "additionalProperties": lambda rule: rule is False,
    }
    for keyword, rule in schema.items():
        known = keyword in {*_RULES, *_OF_FIELDS, *_SAY_NOTHING, "$ref"}
        if not known or (keyword in checked and not checked[keyword](rule)):
            yield f"{keyword!r}: {json.dumps(rule)}"
    for part in [*schema.get("properties", {}).values(), *([schema["not"]] if "not" in schema else [])]:
        yield from _unknown(part)
