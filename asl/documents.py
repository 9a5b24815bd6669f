"""What the States Language does to documents: paths into them, templates over them, rules about them, their size."""

import json
from collections.abc import Mapping
from typing import Any

from asl.subset import COMPARISONS

MAX_PAYLOAD_BYTES = 256 * 1024
"""Of a state's input and output: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


class DocumentError(Exception):
    """An error that no Catch takes: ``States.Runtime`` (a path leads nowhere) or ``States.DataLimitExceeded``."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name)
        self.name, self.cause = name, cause


def filled(template: Any, document: Any, context: Any) -> Any:
    """A template with its paths (``"name.$"``) replaced by what they lead to."""
    if isinstance(template, Mapping):
        made = {}
        for key, value in template.items():
            if key.endswith(".$"):
                made[key[:-2]] = at(document, value, context)
            else:
                made[key] = filled(value, document, context)
        return made
    if isinstance(template, list):
        return [filled(one, document, context) for one in template]
    return template


def at(document: Any, path: str | None, context: Any) -> Any:
    """What a path leads to; None for no path at all is an empty document."""
    if path is None:
        return {}
    found, steps = (context, path[2:]) if path.startswith("$$") else (document, path[1:])
    for step in filter(None, steps.split(".")):
        if not isinstance(found, Mapping) or step not in found:
            raise DocumentError("States.Runtime", f"there is no {path}")
        found = found[step]
    return found


def put(document: Any, path: str | None, result: Any) -> Any:
    """The document with a result at a path; itself unchanged, since others hold it."""
    if path is None:
        return document
    if path == "$":
        return result
    first, _, rest = path[2:].partition(".")
    inner = document.get(first, {}) if isinstance(document, Mapping) else {}
    return {**document, first: put(inner, f"$.{rest}", result) if rest else result}


def holds(rule: Mapping[str, Any], document: Any) -> bool:
    """Whether a rule of a Choice holds for a document."""
    if "And" in rule:
        return all(holds(one, document) for one in rule["And"])
    if "Or" in rule:
        return any(holds(one, document) for one in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], document)
    value = at(document, rule["Variable"], None)
    return all(compare(value, rule[name]) for name, compare in COMPARISONS.items() if name in rule)


def ensure_size(document: Any) -> None:
    """Refuse a document that is larger than a state may take or give."""
    if len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()) > MAX_PAYLOAD_BYTES:
        raise DocumentError("States.DataLimitExceeded", "more than 256 KiB")
