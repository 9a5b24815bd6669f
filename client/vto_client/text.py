"""Words and numbers as people read them, with nothing in them that belongs to a person."""

import json
import re
from datetime import UTC, datetime
from typing import Any

LONGEST = 300
_HIDDEN = (
    # first: the pattern of e-mail addresses takes minutes for the text of a picture
    (re.compile(r"(?:data:image/\w+;base64,)?[A-Za-z0-9+/]{200,}={0,2}"), "(picture)"),
    (re.compile(r"(https?://[^\s\"'?]+)\?[^\s\"']*"), r"\1?…"),  # a presigned link works for whoever has it
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"), "(token)"),
    (re.compile(r"(?i)\b(bearer|ticket=|token=)\s*[\w.~+/=-]{8,}"), r"\1 (token)"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "(e-mail)"),
    (
        re.compile(
            r"(?:(?:s3|https?)://[^\s\"',)\]]*?)?(?:(?:prepared/)?(?:models|masks)/users/|prepared/masks/)[^\s\"',)\]]*"
        ),
        "(private photo)",
    ),
)


def hidden(text: str) -> str:
    """A text of a service without links' signatures, tokens, e-mail addresses, private photos and picture bytes."""
    for pattern, replacement in _HIDDEN:
        text = pattern.sub(replacement, text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def cause(text: str | None) -> str | None:
    """The message inside a Cause of Step Functions, or inside an error of ours with its details; short and hidden."""
    if not text:
        return None
    for name in ("errorMessage", "detail"):
        try:
            document = json.loads(text)
        except ValueError:
            break
        if not isinstance(document, dict) or not isinstance(document.get(name), str):
            continue
        text = document[name]
    return hidden(text) or None


def moment(value: Any) -> datetime | None:
    """A time as DynamoDB, Step Functions, CloudWatch (milliseconds) or our logs write it; None when it is none."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000 if value > 100_000_000_000 else value, UTC)
    try:
        found = datetime.fromisoformat(str(value).replace(",", "."))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def iso(value: datetime | None) -> str | None:
    """A time as ISO-8601 in UTC with milliseconds and ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from one moment to another, never negative (clocks of two services differ); None when one is missing."""
    if start is None or end is None:
        return None
    return round(max(0.0, (end - start).total_seconds()), 3)


def duration(seconds: float | None) -> str:
    """``420 ms``, ``3.4 s``, ``2 min 05 s``, ``3 h 07 min``, ``4 d 2 h``; ``?`` when it is not known."""
    if seconds is None:
        return "?"
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def count(number: int, thing: str) -> str:
    """``no retry``, ``one retry``, ``3 retries``: a number and its thing."""
    word = {0: "no", 1: "one"}.get(number, str(number))
    if number < 2:
        return f"{word} {thing}"
    return f"{word} {thing[:-1]}ies" if thing.endswith("y") else f"{word} {thing}s"
