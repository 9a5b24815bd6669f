"""What engines, and services elsewhere, ask for a picture."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from vto_client.cost.prices import DATA

TIERS, QUALITIES = (1024, 2048), ("standard", "premium")
PREVIEW: Final = "preview"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine of the stack.

    Args:
        name: As in the ``Engine`` parameter.
        seconds: How long it usually takes.
        most_images: The most pictures of one try-on.
        largest_tier: The largest ``PictureTier`` with which it can be deployed.
        usd: US dollars for a picture, by ``TIER QUALITY``; empty where it is not paid by picture.
        usd_per_hour: US dollars for an hour of its instance; None where there is none.
        premium_seconds: How long it usually takes at the quality ``premium``; None where that is no different.
        has_own_size: Whether its pictures have a size of their own, whatever the photo's.
        source: Where the figures are from.
        read_on: When they were read there, ISO-8601.
        note: What to know of them.
    """

    name: str
    seconds: float
    most_images: int
    largest_tier: int
    usd: Mapping[str, float]
    source: str
    read_on: str
    note: str
    usd_per_hour: float | None = None
    premium_seconds: float | None = None
    has_own_size: bool = False

    @property
    def path(self) -> str:
        """The way of a fresh try-on among those that were counted: with a call that stands on a budget, or without."""
        return "fresh" if self.name == PREVIEW else "fresh_billed"

    def seconds_of(self, quality: str) -> float:
        """How long a picture of a quality usually takes."""
        return self.seconds if quality != "premium" or self.premium_seconds is None else self.premium_seconds


@dataclass(frozen=True, slots=True)
class Hosted:
    """A service elsewhere that draws try-ons; ``usd`` for a picture is None where no price could be confirmed."""

    name: str
    usd: float | None
    source: str
    read_on: str


@cache
def engines() -> Mapping[str, Engine]:
    """The engines by name."""
    return {name: Engine(name, **row) for name, row in _document()["engines"].items()}


@cache
def hosted() -> tuple[Hosted, ...]:
    """The services elsewhere."""
    return tuple(Hosted(**row) for row in _document()["hosted"])


def _document() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((DATA / "engines.json").read_text())
    return found
