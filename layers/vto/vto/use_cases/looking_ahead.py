"""What waits for a request before it becomes a job: a finished result, or a queue, and how long that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from vto.domain.catalogue import CatalogueItem
from vto.domain.engines import PROFILES, able, identity
from vto.domain.health import Door
from vto.domain.notices import Notice
from vto.domain.pacing import ADMITTED_BEFORE_SECONDS, BEHIND, MAX_QUEUE_SECONDS, Counter, Lane, come_back_after
from vto.domain.parameters import Parameters, cache_key
from vto.errors import QueueFullError, SpendingStoppedError
from vto.ports import Clock, Controls, Results
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

    results: Results
    controls: Controls
    clock: Clock
    order: Sequence[str]
    versions: Mapping[str, str]
    paces: Mapping[str, float]
    switch: Switch

    def engines(self, admitted: Admission) -> list[str]:
        """The engines that a job of this request may come to, in their order.

        Raises:
            SpendingStoppedError: Calls that cost money are stopped, and all of them do.
        """
        return self.switch.allowed(able(self.order, admitted.parameters, admitted.source_pixels))

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

    def can_be_given(self, key: str | None) -> bool:
        """Whether there is a finished result under a key that says all that another job's row has to say of it."""
        found = None if key is None else self.results.get_ready(key, self.clock.now())
        return found is not None and len(found.stored) == len(found.images) and found.engine in PROFILES

    def wait(self, engine: str, lane: Lane) -> timedelta:
        """How long a job that came now would wait for the engine.

        Raises:
            QueueFullError: Longer than a job of the lane may; with the time after which it is worth to ask again.
        """
        now, pace = self.clock.now(), self.paces[engine]
        behind = BEHIND.get(lane)
        counters = [Counter.SLOTS, behind.turns] if behind else [Counter.SLOTS]
        wait = max(self.controls.next_slot(engine, pace, now, counter=one) - now for one in counters)
        if wait > timedelta(seconds=MAX_QUEUE_SECONDS[lane] - ADMITTED_BEFORE_SECONDS):
            detail = f"the next slot of {engine} is {wait.total_seconds():.0f} s away"
            raise QueueFullError(detail, retry_after_seconds=come_back_after(wait, lane))
        return wait

    def ensure_room(self, admitted: Admission) -> None:
        """Check that the engine that the job would get has an instant for it in time.

        A finished result needs none; where it cannot be known here whether there is one (see :meth:`is_cached`), the
        request is turned away like the others.

        Raises:
            QueueFullError: It has none; a job would only wait for its expiry.
        """
        try:
            engines = self.engines(admitted)
        except SpendingStoppedError:
            return  # no queue is in its way: the job uses a finished result, or ends with these words
        for engine in engines:
            try:
                self.wait(engine, admitted.lane)
            except QueueFullError:
                if not self.is_asked(engine):
                    continue
                if self.is_cached(admitted):
                    return
                raise
            return
