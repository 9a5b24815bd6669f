"""The contracts as JSON Schema files (draft 7), and what checks a document against them."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from vto.errors import Violation

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Checked:
    """What a document comes to.

    Args:
        violations: One for each problem, in the order of their paths; empty when the document is right.
        sound: The document without what breaks the schema, so that other rules can look at the rest; a part that
            should be an object and is none is an empty one.
    """

    violations: list[Violation]
    sound: Any


def violations(schema: str, document: Any) -> list[Violation]:
    """Everything that is wrong with a document by one of the schemas, in the order of the paths.

    Args:
        schema: The schema's name, for example ``"try_on"`` for ``try_on.schema.json``.
        document: The document as ``json.loads`` returned it.

    Example:
        >>> violations("watch_job", {"action": "watchJob"})
        [Violation(path='job_id', problem='is missing', remedy='send text of 1 to 80 characters')]
    """
    return check(schema, document).violations


def check(schema: str, document: Any) -> Checked:
    """Check a document against one of the schemas: what is wrong with it, and what is left to look at.

    Args:
        schema: The schema's name, for example ``"try_on"`` for ``try_on.schema.json``.
        document: The document as ``json.loads`` returned it.
    """
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # json.loads takes these, no table does
        problem = "is nested too deeply, or holds NaN, Infinity or half a Unicode character"
        return Checked([Violation("(the whole request)", problem, "send plain JSON")], {})
    try:
        ready(schema)(document)
    except fastjsonschema.JsonSchemaValueException:
        # whoever sends what is right does not wait until the library that says what is wrong has been imported
        from vto.schemas.explaining import explained  # noqa: PLC0415

        return Checked(*explained(schema, document))
    return Checked([], copy.deepcopy(document))


@cache
def ready(schema: str) -> Callable[[Any], object]:
    """What takes a document that is right by one of the schemas, and raises at the first thing that is wrong.

    It refuses no less than the library that explains; where it refuses more, that one has the last word.

    Args:
        schema: The schema's name.
    """
    made: Callable[[Any], object] = fastjsonschema.compile(
        read(f"{schema}.schema.json"), handlers={"": read}, use_default=False, use_formats=False
    )
    return made


def read(name: str) -> Any:
    """One of the schemas, by the name of its file, by which schemas refer to each other."""
    return json.loads((_FOLDER / name).read_text())
