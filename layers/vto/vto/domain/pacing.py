"""When an engine may be called next: a fixed rate without bursts, decided by one stored instant (GCRA).

Source: the generic cell rate algorithm, as in https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

from datetime import datetime, timedelta


def interval(requests_per_minute: float) -> timedelta:
    """The distance between two calls at this rate."""
    return timedelta(minutes=1) / requests_per_minute


def next_slot(now: datetime, last_taken: datetime | None, requests_per_minute: float) -> datetime:
    """The next free instant: right now when the engine is idle, else one interval after the last one taken.

    Args:
        now: This moment.
        last_taken: The latest instant that was given away, if any.
        requests_per_minute: The engine's quota.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
        >>> next_slot(noon, noon, 60) - noon
        datetime.timedelta(seconds=1)
    """
    if last_taken is None:
        return now
    return max(now, last_taken + interval(requests_per_minute))
