"""What a picture must be before an engine sees it: Nova Canvas's limits and our own tier.

Source of the limits: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html
"""

import math
from dataclasses import dataclass

from vto.domain.contract import MAX_ASPECT, MAX_SIDE, MIN_SIDE, PIXELS_BELOW
from vto.errors import PictureRejectedError, Violation

MAX_PIXELS = PIXELS_BELOW - 1
TIER_PIXELS = 1024 * 1024  # of the cheaper price tier; the output follows the source's size
MAX_UPLOAD_BYTES = 25_000_000
MAX_UPLOAD_PIXELS = 60_000_000  # above this a picture is refused from its header, before it can fill the memory
UPLOAD_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Tier:
    """A price tier: how large the pictures are that go to an engine, whose results then have the photo's size.

    Args:
        side: 1024 or 2048, as the price list names its tiers.
        by_side: Whether each side must keep to it; otherwise the area must, whatever the sides (``domain/contract.py``
            says why this is open).
    """

    side: int = 1024
    by_side: bool = False

    @property
    def max_pixels(self) -> int:
        """Upper limit of the area in pixels."""
        return min(self.side * self.side, MAX_PIXELS)

    @property
    def max_side(self) -> int:
        """Upper limit of each side in pixels."""
        return self.side if self.by_side else MAX_SIDE

    def holds(self, width: int, height: int) -> bool:
        """Whether a picture of this size is in the tier."""
        return width * height <= self.side * self.side and max(width, height) <= self.max_side


LOWER_TIER = Tier()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model-ready picture: upright sRGB JPEG within the limits, without metadata."""

    content: bytes
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """A verified picture of an engine, and what shoppers are shown of it.

    Args:
        width, height: Its size in pixels.
        shown: The same picture as WebP, some tenth of the bytes; None where it cannot be one.
        preview: A picture of at most 256 pixels a side, small enough to travel in a message; None likewise.
    """

    width: int
    height: int
    shown: bytes | None = None
    preview: bytes | None = None


def fit(width: int, height: int, tier: Tier = LOWER_TIER) -> tuple[int, int]:
    """The size at which a picture is handed to an engine: never larger than it is, aspect kept, inside all limits.

    Args:
        width: Width in pixels, upright.
        height: Height in pixels, upright.
        tier: The price tier to stay in.

    Returns:
        Width and height in pixels.

    Raises:
        PictureRejectedError: No size fits: a side is too short or the picture too narrow.
    """
    problems = []
    if max(width, height) > MAX_ASPECT * min(width, height):
        problem = f"is {width}×{height} pixels; one side may be at most four times the other"
        problems.append(Violation("picture", problem, "crop it"))
    limit = min(1.0, math.sqrt(tier.max_pixels / (width * height)), tier.max_side / max(width, height))
    fitted = max(1, math.floor(width * limit)), max(1, math.floor(height * limit))
    if min(fitted) < MIN_SIDE:
        problem = f"is {width}×{height} pixels; both sides need at least {MIN_SIDE}"
        problems.append(Violation("picture", problem, "use a larger picture"))
    if problems:
        raise PictureRejectedError("size", problems)
    # rounded down, the shorter side may have lost more of itself than the longer one
    return min(fitted[0], MAX_ASPECT * fitted[1]), min(fitted[1], MAX_ASPECT * fitted[0])
