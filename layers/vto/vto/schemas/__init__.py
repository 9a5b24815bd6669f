"""The contracts as JSON Schema files (draft 7), and what checks a document against them."""

import copy
import json
from dataclasses import dataclass
from typing import Any

from vto.errors import Violation
from vto.schemas.rules import Problem, problems, read

MAX_REPORTED = 50  # more than a person reads, and an answer with all of them would not fit into one frame
MAX_PATH = 100


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
    broken = list(problems(read(f"{schema}.schema.json"), document))
    found = [one for problem in broken for one in _explain(problem)]
    return Checked(sorted(found, key=lambda one: one.path)[:MAX_REPORTED], _sound(document, broken))


def _sound(document: Any, broken: list[Problem]) -> Any:
    boxed = {"": copy.deepcopy(document)}  # so that the whole of it can be replaced like any part
    for problem in broken:
        *folders, name = ["", *problem.path]
        at: Any = boxed
        for folder in folders:
            at = at.get(folder) if isinstance(at, dict) else None
        if problem.keyword == "required" or not isinstance(at, dict) or name not in at:
            continue  # nothing is there that could be left out
        if problem.keyword == "additionalProperties":
            at[name] = {field: value for field, value in at[name].items() if field in problem.schema["properties"]}
        elif problem.keyword == "type" and problem.rule == "object":
            at[name] = {}
        else:
            del at[name]
    return boxed.get("", {})


def _explain(problem: Problem) -> list[Violation]:
    """Say what is wrong in words that tell the reader what to change."""
    path = ".".join(problem.path)

    def at(name: str) -> str:
        return (f"{path}.{name}" if path else name or '""')[:MAX_PATH]

    schema, rule = problem.schema, problem.rule
    where, remedy = path or "(the whole request)", f"send {_allowed(schema)}"
    match problem.keyword:
        case "required":
            wanted = schema["properties"][rule]
            return [Violation(at(rule), "is missing", wanted.get("x-remedy", f"send {_allowed(wanted)}"))]
        case "additionalProperties":
            allowed = sorted(name for name, one in schema.get("properties", {}).items() if "not" not in one)
            unknown = sorted(set(problem.value) - set(schema.get("properties", {})))
            return [
                Violation(at(name), "is not a known field", f"remove it (known: {', '.join(allowed)})")
                for name in unknown
            ]
        case "not" | "pattern" if "x-problem" in schema:
            return [Violation(where, schema["x-problem"], schema["x-remedy"])]
        case "enum":
            said = f"must be one of {', '.join(map(str, rule))}"
        case "const":
            said = f"must be {rule!r}"
        case "type":
            said = f"must be of type {rule}"
        case "minimum":
            said = f"must be at least {rule}"
        case "maximum":
            said = f"must be at most {rule}"
        case "minLength":
            said = f"must have at least {rule} character(s)"
        case "maxLength":
            said = f"must have at most {rule} characters"
        case _:
            said = f"breaks the rule {problem.keyword!r} of the schema"
    return [Violation(where, said, remedy)]


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
