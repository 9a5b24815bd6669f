"""A dry run: what a request would come to, what it would cost and how long it would take; nothing is made or spent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vto.domain.engines import PROFILES, able, adaptations, adapted, identity
from vto.domain.health import Door
from vto.domain.parameters import cache_key
from vto.domain.prices import price
from vto.errors import QueueFullError
from vto.ports import Clock, Controls, Results
from vto.use_cases.create_try_on import Admission, CreateTryOn
from vto.use_cases.reserve_slot import MAX_QUEUE_SECONDS


def is_dry_run(request: Any) -> bool:
    """Whether a request only wants to know."""
    return isinstance(request, Mapping) and request.get("dry_run") is True


@dataclass(frozen=True, slots=True)
class PlanTryOn:
    """Answers dry runs."""

    create_try_on: CreateTryOn
    results: Results
    controls: Controls
    clock: Clock
    order: Sequence[str]
    versions: Mapping[str, str]
    requests_per_minute: float
    prices_by_side: bool

    def __call__(self, request: Any, user_id: str) -> dict[str, Any]:
        """Plan a try-on.

        Args:
            request: The document as the client sent it (``try_on.schema.json``).
            user_id: Who asks.

        Returns:
            ``product_id``, ``model_id``, ``parameters`` (with all defaults), ``engine`` (None while all are paused or
            have failed), ``cached`` (whether a finished result would be used again; None where only the mask's pixels
            could tell), ``price``, ``eta_seconds`` (None while there is no engine), ``warnings`` and ``adaptations``
            (in what the engine's picture differs from what was asked).

        Raises:
            InvalidRequestError: The request breaks rules; all of them are named.
            PictureRejectedError: The product or the photo was rejected at its import.
            QueueFullError: A job that came now would not get a slot in time.
        """
        admitted = self.create_try_on.admit(request, user_id)
        model, parameters = admitted.model, admitted.parameters
        fit = able(self.order, parameters, admitted.source_pixels)
        cached = self._is_cached(admitted, fit[0])
        engine = next((name for name in fit if self._is_asked(name)), None)
        profile = PROFILES[engine or fit[0]]
        given = adapted(profile, parameters)  # what is paid for
        return {
            "product_id": admitted.product.item_id,
            "model_id": model.item_id,
            "parameters": parameters,
            "engine": engine,
            "cached": cached,
            "price": price(profile.name, given, model.width, model.height, self.prices_by_side)
            | ({"usd": 0.0} if cached else {}),
            "eta_seconds": 0 if cached else self._eta(engine),
            "warnings": [dict(one.public()) for one in admitted.warnings],
            "adaptations": [one.public() for one in adaptations(profile, parameters)],
        }

    def _is_asked(self, engine: str) -> bool:
        """Whether a job that came now would get this engine, or would be the one that tries it."""
        return self.controls.door(engine, "", self.clock.now()) is not Door.OPEN

    def _is_cached(self, admitted: Admission, engine: str) -> bool | None:
        source, reference = admitted.model.sha256, admitted.product.sha256
        if "imageBasedMask" in admitted.parameters or not source or not reference:
            return None  # the digest is that of the fitted mask or of the bytes, and neither is looked at here
        key = cache_key(
            source_sha256=source,
            reference_sha256=reference,
            mask_sha256=None,
            parameters=admitted.parameters,
            engine=identity(engine, self.versions),
            owner=admitted.model.user_id,
        )
        return self.results.get_ready(key, self.clock.now()) is not None

    def _eta(self, engine: str | None) -> int | None:
        if engine is None:
            return None
        now = self.clock.now()
        wait = (self.controls.next_slot(engine, self.requests_per_minute, now) - now).total_seconds()
        if wait > MAX_QUEUE_SECONDS:
            raise QueueFullError(f"the next slot of {engine} is {wait:.0f} s away")
        return math.ceil(wait) + PROFILES[engine].usual_seconds
