"""UTC timestamps as the tables keep them: ISO-8601 with milliseconds and ``Z``, so that they compare as text."""

from datetime import UTC, datetime, timedelta


def to_iso(moment: datetime) -> str:
    """Write a moment as the tables keep it, for example ``2026-11-21T09:30:00.125Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Read a timestamp written by :func:`to_iso` or by Step Functions (``$$.State.EnteredTime``)."""
    return datetime.fromisoformat(text).astimezone(UTC)


def after(moment: datetime, seconds: float) -> str:
    """The timestamp ``seconds`` after ``moment``."""
    return to_iso(moment + timedelta(seconds=seconds))


def epoch(moment: datetime, *, days: float = 0, seconds: float = 0) -> int:
    """Epoch seconds of ``moment`` plus an offset, as DynamoDB's TTL wants them."""
    return int((moment + timedelta(days=days, seconds=seconds)).timestamp())
