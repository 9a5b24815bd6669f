"""A dry run: what a request would come to, what it would cost and how long it would take; nothing is made or spent."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vto.domain.engines import PROFILES, able, adaptations, adapted
from vto.domain.pacing import Lane
from vto.domain.prices import price
from vto.use_cases.create_try_on import CreateTryOn
from vto.use_cases.looking_ahead import LookAhead


def is_dry_run(request: Any) -> bool:
    """Whether a request only wants to know."""
    return isinstance(request, Mapping) and request.get("dry_run") is True


@dataclass(frozen=True, slots=True)
class PlanTryOn:
    """Answers dry runs."""

    create_try_on: CreateTryOn
    ahead: LookAhead
    prices_by_side: bool

    def __call__(self, request: Any, user_id: str, *, is_admin: bool = False) -> dict[str, Any]:
        """Plan a try-on.

        Args:
            request: The document as the client sent it (``try_on.schema.json``).
            user_id: Who asks.
            is_admin: Whether they may ask for the shop.

        Returns:
            ``product_id``, ``model_id``, ``parameters`` (with all defaults), ``engine`` (None while all are paused or
            have failed), ``cached`` (whether a finished result would be used again; None where only the mask's pixels
            could tell), ``price``, ``eta_seconds`` (None while there is no engine), ``warnings`` and ``adaptations``
            (in what the engine's picture differs from what was asked).

        Raises:
            InvalidRequestError: The request breaks rules; all of them are named.
            PictureRejectedError: The product or the photo was rejected at its import.
            QueueFullError: A job that came now would not get a slot in time.
            SpendingStoppedError: Calls that cost money are stopped, no other engine can do it, and no finished result
                is there.
        """
        admitted = self.create_try_on.admit(request, user_id, is_admin=is_admin)
        model, parameters = admitted.model, admitted.parameters
        cached = self.ahead.is_cached(admitted)
        every = able(self.ahead.order, parameters, admitted.source_pixels)
        fit = every if cached else self.ahead.engines(admitted)
        engine = next((name for name in fit if self.ahead.is_asked(name)), None)
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
            "eta_seconds": 0 if cached else self._eta(engine, admitted.lane),
            "warnings": [dict(one.public()) for one in admitted.warnings],
            "adaptations": [one.public() for one in adaptations(profile, parameters)],
        }

    def _eta(self, engine: str | None, lane: Lane) -> int | None:
        if engine is None:
            return None
        return math.ceil(self.ahead.wait(engine, lane).total_seconds()) + PROFILES[engine].usual_seconds
