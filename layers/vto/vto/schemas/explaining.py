"""Says everything that is wrong with a document, in words that tell the reader what to change.

Imported when the first wrong document comes: the library takes longer to import than the rest of ``message``.
"""

import copy
import json
from functools import cache
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from vto.errors import Violation
from vto.schemas import read

MAX_REPORTED = 50  # more than a person reads, and an answer with all of them would not fit into one frame
MAX_PATH = 100


def explained(schema: str, document: Any) -> tuple[list[Violation], Any]:
    """What is wrong with a document, in the order of the paths, and the document without it.

    Args:
        schema: The schema's name, for example ``"try_on"``.
        document: The document as ``json.loads`` returned it.
    """
    errors = list(_validator(schema).iter_errors(document))
    found = [one for error in errors for one in _explain(error)]
    return sorted(found, key=lambda one: one.path)[:MAX_REPORTED], _sound(document, errors)


def _sound(document: Any, errors: list[ValidationError]) -> Any:
    boxed = {"": copy.deepcopy(document)}  # so that the whole of it can be replaced like any part
    for error in errors:
        *folders, name = ["", *error.absolute_path]
        at: Any = boxed
        for folder in folders:
            at = at.get(folder) if isinstance(at, dict) else None
        if error.validator == "required" or not isinstance(at, dict) or name not in at:
            continue  # nothing is there that could be left out
        schema: Any = error.schema
        if error.validator == "additionalProperties":
            at[name] = {field: value for field, value in at[name].items() if field in schema["properties"]}
        elif error.validator == "type" and error.validator_value == "object":
            at[name] = {}
        else:
            del at[name]
    return boxed.get("", {})


@cache
def _validator(schema: str) -> Draft7Validator:
    registry: Registry[Any] = Registry(retrieve=_resource)  # type: ignore[call-arg]  # attrs' aliases are not seen
    return Draft7Validator(read(f"{schema}.schema.json"), registry=registry)


def _resource(uri: str) -> Resource[Any]:
    """What a schema refers to, read when a document is first checked against it."""
    return Resource.from_contents(read(uri))


def _explain(error: ValidationError) -> list[Violation]:
    """Say a schema error in words that tell the reader what to change."""
    path = ".".join(str(part) for part in error.absolute_path)

    def at(name: str) -> str:
        return (f"{path}.{name}" if path else name or '""')[:MAX_PATH]

    # the library types these as "anything a schema may hold"
    schema: Any = error.schema
    rule: Any = error.validator_value
    document: Any = error.instance
    where, remedy = path or "(the whole request)", f"send {_allowed(schema)}"
    match error.validator:
        case "required":
            # the library reports each missing field on its own and names it only in its message
            missing = next(name for name in rule if error.message.startswith(repr(name)))
            wanted = schema["properties"][missing]
            return [Violation(at(missing), "is missing", wanted.get("x-remedy", f"send {_allowed(wanted)}"))]
        case "additionalProperties":
            allowed = sorted(name for name, one in schema.get("properties", {}).items() if "not" not in one)
            unknown = sorted(set(document) - set(schema.get("properties", {})))
            return [
                Violation(at(name), "is not a known field", f"remove it (known: {', '.join(allowed)})")
                for name in unknown
            ]
        case "not" | "pattern" if "x-problem" in schema:
            return [Violation(where, schema["x-problem"], schema["x-remedy"])]
        case "enum":
            problem = f"must be one of {', '.join(map(str, rule))}"
        case "const":
            problem = f"must be {rule!r}"
        case "type":
            problem = f"must be of type {rule}"
        case "minimum":
            problem = f"must be at least {rule}"
        case "maximum":
            problem = f"must be at most {rule}"
        case "minLength":
            problem = f"must have at least {rule} character(s)"
        case "maxLength":
            problem = f"must have at most {rule} characters"
        case _:
            problem = f"breaks the rule {error.validator!r} of the schema"
    return [Violation(where, problem, remedy)]


def _allowed(schema: Any) -> str:
    """What a field takes, in words."""
    needed = ", ".join(schema.get("required", []))
    said = f"an object with {needed}" if needed else "an object"
    match schema:
        case {"enum": values}:
            said = f"one of {', '.join(map(str, values))}"
        case {"const": value}:
            said = json.dumps(value)
        case {"type": "integer", "minimum": least, "maximum": most}:
            said = f"a whole number from {least} to {most}, without quotes"
        case {"type": "number", "minimum": least, "maximum": most}:
            said = f"a number from {least} to {most}, without quotes"
        case {"type": "boolean"}:
            said = "true or false, without quotes"
        case {"type": "string", "maxLength": most}:
            said = f"text of {schema.get('minLength', 0)} to {most} characters"
    return said
