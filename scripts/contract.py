"""The tables of ``docs/contract.md``: the schema's fields, and what we decided where AWS leaves a rule open."""

import json
from collections.abc import Iterator
from typing import Any

from scripts.facts import ROOT
from scripts.tables import table
from vto.domain.contract import DECISIONS
from vto.domain.engines import PROFILES
from vto.domain.parameters import GENERATION_DEFAULTS
from vto.domain.planner import WARNINGS
from vto.domain.prices import TIERS

SCHEMA = ROOT / "layers" / "vto" / "vto" / "schemas" / "parameters.schema.json"


def _fields(schema: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every field by its path, with its schema and whether its object needs it."""
    for name, one in schema["properties"].items():
        yield above + name, one, name in schema.get("required", [])
        if "properties" in one:
            yield from _fields(one, f"{above}{name}.")


def _takes(one: dict[str, Any]) -> str:
    match one:
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"minimum": least, "maximum": most}:
            return f"{'whole number' if one['type'] == 'integer' else 'number'} from {least:,} to {most:,}"
        case {"type": "string", "maxLength": most, **rest}:
            return f"text of {rest.get('minLength', 1)} to {most:,} characters"
    return "`true`, `false`" if one["type"] == "boolean" else "object"


def fields() -> str:
    """Every field that a request may have."""
    schema = json.loads(SCHEMA.read_text())
    return table(
        "Field of `parameters`",
        "Takes",
        "Needed",
        "Left out",
        rows=(
            (
                f"`{path}`",
                _takes(one),
                "in its object" if is_needed and "." in path else "yes" if is_needed else "no",
                f"`{json.dumps(default)}`" if (default := _default(path)) is not None else "not sent",
            )
            for path, one, is_needed in _fields(schema)
            if "not" not in one
        ),
    )


def _default(path: str) -> Any:
    return GENERATION_DEFAULTS.get(path.removeprefix("imageGenerationConfig."))


def not_sent() -> str:
    """Fields that clients send by mistake, and what they are told."""
    schema = json.loads(SCHEMA.read_text())
    rows = ((f"`{path}`", one["x-problem"], one["x-remedy"]) for path, one, _ in _fields(schema) if "not" in one)
    return table("Field", "It \u2026", "Instead", rows=rows)


def decisions() -> str:
    """What AWS leaves open, and what we made of it."""
    rows = ((one.rule, one.decision, one.why, one.changed_by) for one in DECISIONS)
    return table("Open", "Decided", "Why", "Changed by", rows=rows)


def warnings() -> str:
    """What speaks against a request that breaks no rule."""
    return table("Warning", "Means", rows=((f"`{code}`", meaning) for code, meaning in WARNINGS.items()))


def prices() -> str:
    """What one picture costs with each engine."""
    return table(
        "Engine",
        "Tier",
        "Quality",
        "USD for one picture",
        "Read on",
        "Where",
        rows=(
            (
                f"`{engine.name}`",
                f"up to {side}×{side}",
                f"`{quality}`",
                f"{usd:.3g}",
                engine.price.date,
                engine.price.source,
            )
            for engine in PROFILES.values()
            for side, pixels in TIERS.items()
            for quality in ("standard", "premium")
            if (usd := engine.price.of_image(pixels, quality)) is not None
        ),
    )
