"""When an engine may be called next, and by whom: a fixed rate without bursts, which three lanes share.

Shoppers take the engine's next free instant. A job of the batch lane or of a guest first takes a *turn* from its lane's
own counter, at the full rate; at its turn it takes an instant only if no shoppers stand there (:func:`patience`), or if
the lane has not had its fixed share lately; else it gets another turn, behind the others. So each lane alone has the
whole rate, shoppers beside a flood wait a moment longer, and the flood never starves.

Source: the generic cell rate algorithm, as in https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MOST_BACK_OFF_SECONDS = 10


class Lane(StrEnum):
    """For whom a job is made; the first goes before the others."""

    SHOPPER = "shopper"
    BATCH = "batch"
    GUEST = "guest"


# how long a job of the lane may wait for its call
MAX_QUEUE_SECONDS = {Lane.SHOPPER: 15 * 60, Lane.BATCH: 60 * 60, Lane.GUEST: 15 * 60}

ADMITTED_BEFORE_SECONDS = 30  # so much before that limit nobody is admitted: others were, and have no instant yet


class Counter(StrEnum):
    """The counters of an engine, by the first word of their rows."""

    SLOTS = "pace"
    TURNS = "turns"
    SHARE = "share"
    GUEST_TURNS = "guest_turns"
    GUEST_SHARE = "guest_share"


@dataclass(frozen=True, slots=True)
class Behind:
    """How a lane stands behind the shoppers.

    Args:
        turns: The counter of its turns.
        share: The counter of its share.
        part: What it gets of the rate even while shoppers alone would fill it.
    """

    turns: Counter
    share: Counter
    part: float


BEHIND = {
    Lane.BATCH: Behind(Counter.TURNS, Counter.SHARE, 0.1),
    Lane.GUEST: Behind(Counter.GUEST_TURNS, Counter.GUEST_SHARE, 0.1),
}


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


def patience(requests_per_minute: float) -> timedelta:
    """How far away an instant may lie for a job behind the shoppers to take it at its turn.

    This much a flood adds to a shopper's wait. An interval at least, or instants between turns would stay unused; two
    seconds at least, because jobs wake up to a second after their turn.
    """
    return max(timedelta(seconds=2), interval(requests_per_minute))


def back_off(tries: int) -> timedelta:
    """How long a job that was turned away so often stays away at least."""
    return timedelta(seconds=min(2 ** (tries - 1), MOST_BACK_OFF_SECONDS)) if tries else timedelta()


def come_back_after(wait: timedelta, lane: Lane) -> int:
    """Seconds after which somebody turned away finds a queue half as long as one may wait for, if nobody else comes."""
    half = MAX_QUEUE_SECONDS[lane] / 2
    return max(60, round(wait.total_seconds() - half))
