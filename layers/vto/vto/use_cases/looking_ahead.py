"""What waits for a request before it becomes a job: a finished result, or a queue, and how long that is."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from vto.domain.catalogue import CatalogueItem
from vto.domain.engines import PROFILES, able, identity
from vto.domain.health import Door
from vto.domain.notices import Notice
from vto.domain.pacing import (
    ADMITTED_BEFORE_SECONDS,
    BEHIND,
    MAX_QUEUE_SECONDS,
    Counter,
    Lane,
    come_back_after,
    next_slot,
)
from vto.domain.parameters import Parameters, cache_key
from vto.errors import QueueFullError, SpendingStoppedError, StorageUnavailableError
from vto.ports import Admissions, CachedResult, Clock, Controls, Outlook, Results
from vto.use_cases.spending import Switch


@dataclass(frozen=True, slots=True)
class Admission:
    """What a request that breaks no rule comes to: the parts of its job, and what to warn of."""

    product: CatalogueItem
    model: CatalogueItem
    parameters: Parameters
    warnings: tuple[Notice, ...]
    source_pixels: int | None
    lane: Lane


@dataclass(frozen=True, slots=True)
class LookAhead:
    """Looks, and takes nothing."""

    admissions: Admissions
    results: Results
    controls: Controls
    clock: Clock
    order: Sequence[str]
    versions: Mapping[str, str]
    paces: Mapping[str, float]
    switch: Switch

    def look(self, admitted: Admission, key: str | None) -> Outlook | None:
        """All that an admission usually asks for, in one request.

        Args:
            admitted: What a request comes to.
            key: What equal results are known by; None where no result is wanted.

        Returns:
            What was seen; None where a table did not answer. Then each question below reads for itself: one that
            nothing depends on but speed, the result, must not be in the way of the others.
        """
        engines = able(self.order, admitted.parameters, admitted.source_pixels)
        counters = [(counter, engine) for engine in engines for counter in _counters(admitted.lane)]
        with suppress(StorageUnavailableError):
            return self.admissions.outlook(key, counters, self.clock.now())
        return None

    def engines(self, admitted: Admission, seen: Outlook | None = None) -> list[str]:
        """The engines that a job of this request may come to, in their order; ``seen`` saves reading.

        Raises:
            SpendingStoppedError: Calls that cost money are stopped, and all of them do.
        """
        is_stopped = None if seen is None else seen.is_stopped
        return self.switch.allowed(able(self.order, admitted.parameters, admitted.source_pixels), is_stopped)

    def is_asked(self, engine: str) -> bool:
        """Whether a job that came now would get this engine, or would be the one that tries it."""
        return self.controls.door(engine, "", self.clock.now()) is not Door.OPEN

    def key_of(self, admitted: Admission) -> str | None:
        """What equal results are known by; None where only bytes that nobody looks at here could tell."""
        source, reference = admitted.model.sha256, admitted.product.sha256
        if "imageBasedMask" in admitted.parameters or not source or not reference:
            return None  # the digest is that of the fitted mask or of the bytes
        first = able(self.order, admitted.parameters, admitted.source_pixels)[0]
        return cache_key(
            source_sha256=source,
            reference_sha256=reference,
            mask_sha256=None,
            parameters=admitted.parameters,
            engine=identity(first, self.versions),
            owner=admitted.model.user_id,
        )

    def is_cached(self, admitted: Admission) -> bool | None:
        """Whether a finished result would be used again; None where that cannot be told here."""
        key = self.key_of(admitted)
        return None if key is None else self.results.get_ready(key, self.clock.now()) is not None

    def wait(self, engine: str, lane: Lane, seen: Outlook | None = None) -> timedelta:
        """How long a job that came now would wait for the engine; ``seen`` saves reading.

        Raises:
            QueueFullError: Longer than a job of the lane may; with the time after which it is worth to ask again.
        """
        now = self.clock.now()
        wait = max(self._next(counter, engine, now, seen) - now for counter in _counters(lane))
        if wait > timedelta(seconds=MAX_QUEUE_SECONDS[lane] - ADMITTED_BEFORE_SECONDS):
            detail = f"the next slot of {engine} is {wait.total_seconds():.0f} s away"
            raise QueueFullError(detail, retry_after_seconds=come_back_after(wait, lane))
        return wait

    def _next(self, counter: Counter, engine: str, now: datetime, seen: Outlook | None) -> datetime:
        if seen is not None and (counter, engine) in seen.last_taken:
            return next_slot(now, seen.last_taken[counter, engine], self.paces[engine])
        return self.controls.next_slot(engine, self.paces[engine], now, counter=counter)

    def ensure_room(self, admitted: Admission, seen: Outlook | None = None) -> None:
        """Check that the engine that the job would get has an instant for it in time.

        A finished result needs none; where it cannot be known here whether there is one (see :meth:`is_cached`), the
        request is turned away like the others. ``seen`` saves reading.

        Raises:
            QueueFullError: It has none; a job would only wait for its expiry.
        """
        try:
            engines = self.engines(admitted, seen)
        except SpendingStoppedError:
            return  # no queue is in its way: the job uses a finished result, or ends with these words
        for engine in engines:
            try:
                self.wait(engine, admitted.lane, seen)
            except QueueFullError:
                if not self.is_asked(engine):
                    continue
                if self.is_cached(admitted):
                    return
                raise
            return


def can_be_given(found: CachedResult | None) -> bool:
    """Whether a finished result is there that says all that another job's row has to say of it."""
    return found is not None and len(found.stored) == len(found.images) and found.engine in PROFILES


def _counters(lane: Lane) -> list[Counter]:
    """The counters that say how far away an instant for a job of this lane is."""
    behind = BEHIND.get(lane)
    return [Counter.SLOTS, behind.turns] if behind else [Counter.SLOTS]
