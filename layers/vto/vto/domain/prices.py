"""What one picture costs with each engine: list prices with their date and source; what is not known is not guessed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vto.domain.parameters import Parameters
from vto.domain.pictures import Tier


@dataclass(frozen=True, slots=True)
class PriceList:
    """An engine's prices in US dollars for one picture, by tier (its side in pixels) and quality.

    Args:
        as_of: When the source was read (ISO-8601).
        source: Where.
        usd: The prices.
    """

    as_of: str
    source: str
    usd: Mapping[tuple[int, str], float]


PRICES: Mapping[str, PriceList] = {
    "preview": PriceList(
        "2026-11-21",
        "no model is billed: a function of the stack, for a fraction of a cent of Lambda time",
        {(tier, quality): 0.0 for tier in (1024, 2048) for quality in ("standard", "premium")},
    ),
    "nova_canvas": PriceList(
        "2026-11-21",
        "the last list price, as github.com/awslabs/startups keeps it (pricing-cache.md)",
        {(1024, "standard"): 0.04, (1024, "premium"): 0.06, (2048, "standard"): 0.06, (2048, "premium"): 0.08},
    ),
}
TIERS = (1024, 2048)


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
    tier, listed = (fitting[0] if fitting else None), PRICES.get(engine)
    each = listed.usd.get((tier, config["quality"])) if listed and tier else None
    return {
        "usd": None if each is None else round(each * config["numberOfImages"], 4),
        "per_image": each,
        "images": config["numberOfImages"],
        "tier": tier,
        "as_of": listed and listed.as_of,
        "source": listed and listed.source,
    }
