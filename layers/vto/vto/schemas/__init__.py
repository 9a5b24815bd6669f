"""The contracts as JSON Schema files (draft 7), and the one function that checks a document against them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from vto.errors import Violation

_FOLDER = Path(__file__).parent
MAX_REPORTED = 50  # more than a person reads, and an answer with all of them would not fit into one frame
MAX_PATH = 100


def violations(schema: str, document: Any) -> list[Violation]:
    """Check a document against one of the schemas and report everything that is wrong with it.

    Args:
        schema: The schema's name, for example ``"try_on"`` for ``try_on.schema.json``.
        document: The document as ``json.loads`` returned it.

    Returns:
        One violation for each problem, in the order of their paths; empty when the document is right.

    Example:
        >>> violations("watch_job", {"action": "watchJob"})
        [Violation(path='job_id', problem='is missing')]
    """
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # json.loads takes these, no table does
        problem = "is nested too deeply, or holds NaN, Infinity or half a Unicode character: send plain JSON"
        return [Violation("(the whole request)", problem)]
    found = [one for error in _validator(schema).iter_errors(document) for one in _explain(error)]
    return sorted(found, key=lambda one: one.path)[:MAX_REPORTED]


@cache
def _validator(schema: str) -> Draft7Validator:
    documents = [json.loads(path.read_text()) for path in sorted(_FOLDER.glob("*.schema.json"))]
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )
    wanted = next(document for document in documents if document["$id"] == f"{schema}.schema.json")
    return Draft7Validator(wanted, registry=registry)


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
            return [Violation(at(missing), "is missing", f"send {_allowed(schema['properties'][missing])}")]
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
        case "pattern":
            problem = f"must look like {rule}"
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
        case {"type": "string", "pattern": pattern} if "x-problem" not in schema:
            said = f"text that looks like {pattern}"
        case {"type": "string", "maxLength": most}:
            said = f"text of {schema.get('minLength', 0)} to {most} characters"
    return said
