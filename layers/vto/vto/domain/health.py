"""Whether an engine is asked at all: a circuit that opens when it is gone or down, and is tried again by one job.

*Closed*: asked. *Open*: not asked until ``open_until``. *Half-open*: from then on one job at a time tries it; what
comes of that closes it or opens it again, for twice as long.

Source of the idea: https://martinfowler.com/bliki/CircuitBreaker.html
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_PAUSE_SECONDS = 30
MAX_PAUSE_SECONDS = 600  # also the first pause of an engine that is gone: it seldom comes back within minutes


class Door(StrEnum):
    """How a job finds an engine."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of an engine.

    Args:
        failures: How often in a row it was opened.
        open_until: Until when nobody asks; None for one that is closed.
        probing_until: Until when a job tries it that has not told yet what came of it.
        reason: The error that opened it.
    """

    failures: int = 0
    open_until: datetime | None = None
    probing_until: datetime | None = None
    reason: str | None = None

    def door(self, now: datetime) -> Door:
        """How a job that comes now finds the engine."""
        if self.open_until is None:
            return Door.CLOSED
        if now < self.open_until or (self.probing_until is not None and now < self.probing_until):
            return Door.OPEN
        return Door.HALF_OPEN

    def probed(self, now: datetime, seconds: float) -> "Health":
        """A job tries it now, and tells within so many seconds what came of it, or never will."""
        return replace(self, probing_until=now + timedelta(seconds=seconds))

    def failed(self, now: datetime, *, gone: bool, reason: str) -> "Health":
        """A job has found it gone, or down after all attempts.

        What a job tells that began before the engine was opened is no news: it is open.
        """
        if self.open_until is not None and now < self.open_until:
            return self
        failures = self.failures + 1
        seconds = MAX_PAUSE_SECONDS if gone else pause_seconds(failures)
        return Health(failures, now + timedelta(seconds=seconds), None, reason)


def pause_seconds(failures: int) -> int:
    """How long an engine that is down stays open: twice as long each time, with an upper bound.

    Example:
        >>> [pause_seconds(n) for n in (1, 2, 3, 6, 1000)]
        [30, 60, 120, 600, 600]
    """
    return min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS << min(failures - 1, 10))
