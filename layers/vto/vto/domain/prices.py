"""What a try-on costs by the prices that its engine declares; what is not known is not guessed."""

from typing import Any

from vto.domain.engines import PROFILES
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
    fitting = [side for side in TIERS if width and height and Tier(side, by_side=by_side).holds(width, height)]
    tier, listed = (fitting[0] if fitting else None), PROFILES[engine].price
    each = listed.of_image(TIERS[tier], config["quality"]) if tier else None
    return {
        "usd": None if each is None else round(each * config["numberOfImages"], 4),
        "per_image": each,
        "images": config["numberOfImages"],
        "tier": tier,
        "as_of": listed.date,
        "source": listed.source,
    }
