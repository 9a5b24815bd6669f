"""Whether an engine is asked at all: a circuit that opens when it is gone or down, and is tried again by one job.

*Closed*: asked. *Shaky*: asked too, though its last calls found it down; the third one in a row opens it. *Open*: not
asked until ``open_until``. *Half-open*: from then on one job at a time tries it; what comes of that closes it or opens
it again, for twice as long.

Source of the idea: https://martinfowler.com/bliki/CircuitBreaker.html
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MAX_STRIKES = 3
FIRST_PAUSE_SECONDS = 30
MAX_PAUSE_SECONDS = 60  # jobs wait for an engine for 15 minutes: one that returns must be found soon
GONE_SECONDS = 600  # the pause of an engine that is gone: it seldom comes back within minutes


class Door(StrEnum):
    """How a job finds an engine."""

    CLOSED = "closed"
    SHAKY = "shaky"
    HALF_OPEN = "half_open"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of an engine.

    Args:
        strikes: How many calls in a row have found it down; counted until it opens.
        failures: How often in a row it was opened.
        open_until: Until when nobody asks; None for one that is closed.
        trial: The job that tries it, or None.
        trial_until: When that job will have told what came of it, or never will.
        reason: The error that opened it.
    """

    strikes: int = 0
    failures: int = 0
    open_until: datetime | None = None
    trial: str | None = None
    trial_until: datetime | None = None
    reason: str | None = None

    def door(self, job_id: str, now: datetime) -> Door:
        """How a job finds the engine now."""
        if self.open_until is None:
            return Door.SHAKY if self.strikes else Door.CLOSED
        if self.trial == job_id:
            return Door.HALF_OPEN
        if now < self.open_until or (self.trial_until is not None and now < self.trial_until):
            return Door.OPEN
        return Door.HALF_OPEN

    def tried(self, job_id: str, now: datetime, seconds: float) -> "Health":
        """A job tries it now, and tells within so many seconds what came of it, or never will."""
        return replace(self, trial=job_id, trial_until=now + timedelta(seconds=seconds))

    def not_tried(self, job_id: str) -> "Health":
        """The job that was to try it did not come to that; another one may."""
        return replace(self, trial=None, trial_until=None) if self.trial == job_id else self

    def failed(self, job_id: str, now: datetime, *, gone: bool, reason: str) -> "Health":
        """A job's call has found it gone, or down.

        Once it is open, only the job that tries it brings news: the calls of the others began before.
        """
        if self.open_until is not None and self.trial != job_id:
            return self
        strikes = self.strikes + 1
        if not gone and self.open_until is None and strikes < MAX_STRIKES:
            return replace(self, strikes=strikes)
        failures = self.failures + 1
        seconds = GONE_SECONDS if gone else pause_seconds(failures)
        return Health(failures=failures, open_until=now + timedelta(seconds=seconds), reason=reason)


def pause_seconds(failures: int) -> int:
    """How long an engine that is down stays open: twice as long the second time, with an upper bound.

    Example:
        >>> [pause_seconds(n) for n in (1, 2, 3, 1000)]
        [30, 60, 60, 60]
    """
    return min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS << min(failures - 1, 10))
