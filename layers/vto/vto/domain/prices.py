"""What a try-on costs by the prices that its engine declares; what is not known is not guessed."""

from typing import Any

from vto.domain.engines import PROFILES, adapted
from vto.domain.ledger import micro_usd
from vto.domain.parameters import Parameters
from vto.domain.pictures import MAX_PIXELS, TIER_PIXELS, Tier

TIERS = {1024: TIER_PIXELS, 2048: MAX_PIXELS}
"""The most pixels of each tier, by its side: as engines declare their prices."""


def price(engine: str, parameters: Parameters, width: int | None, height: int | None, by_side: bool) -> dict[str, Any]:
    """What a try-on will cost at most.

    Args:
        engine: The engine's name.
        parameters: Canonical parameters.
        width: Of the prepared photo, in pixels; the results have its size.
        height: Likewise.
        by_side: How tiers are measured, see :class:`vto.domain.pictures.Tier`.

    Returns:
        ``usd`` (None where unknown), ``per_image``, ``images``, ``tier``, ``as_of`` and ``source``.
    """
    config = parameters["imageGenerationConfig"]
    tier = tier_of(width, height, by_side) if width and height else None
    listed = PROFILES[engine].price
    each = listed.of_image(TIERS[tier], config["quality"]) if tier else None
    return {
        "usd": None if each is None else round(each * config["numberOfImages"], 4),
        "per_image": each,
        "images": config["numberOfImages"],
        "tier": tier,
        "as_of": listed.date,
        "source": listed.source,
    }


def tier_of(width: int, height: int, by_side: bool) -> int | None:
    """The side of the first tier that holds a picture; None for one that is larger than all of them."""
    return next((side for side in TIERS if Tier(side, by_side=by_side).holds(width, height)), None)


def of_call(engine: str, parameters: Parameters, tier: int | None, own: float) -> int:
    """What one call of an engine may cost, in ``micro_usd``: never less than what its declared prices say.

    Args:
        engine: The engine's name.
        parameters: Canonical parameters.
        tier: The side of the photo's tier; None where it is not known: then the dearest counts.
        own: US dollars that the shop pays for a picture by an agreement of its own; 0 for none.

    Returns:
        0 for an engine that is free, and for one that is not paid by picture where the shop has named no price.
    """
    profile = PROFILES[engine]
    if profile.is_free:
        return 0
    config = adapted(profile, parameters)["imageGenerationConfig"]
    listed = profile.price.of_image(TIERS[tier] if tier else MAX_PIXELS, config["quality"])
    return micro_usd((own or listed or 0.0) * config["numberOfImages"])
