"""What a picture must be before an engine sees it: Nova Canvas's limits and our own tier.

Source of the limits: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html
"""

import math
from dataclasses import dataclass

from vto.errors import PictureRejectedError, Violation

MIN_SIDE = 320
MAX_SIDE = 4096
MAX_ASPECT = 4.0
MAX_PIXELS = 4_194_303  # AWS says "less than 4,194,304"
TIER_PIXELS = 1024 * 1024  # the cheaper price tier; the output follows the source's size
MAX_UPLOAD_BYTES = 25_000_000
MAX_UPLOAD_PIXELS = 60_000_000  # above this a picture is refused from its header, before it can fill the memory
UPLOAD_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model-ready picture: upright sRGB JPEG within the limits, without metadata."""

    content: bytes
    width: int
    height: int
    sha256: str


def fit(width: int, height: int, *, max_pixels: int = TIER_PIXELS) -> tuple[int, int]:
    """The size at which a picture is handed to an engine: never larger than it is, aspect kept, inside all limits.

    Args:
        width: Width in pixels, upright.
        height: Height in pixels, upright.
        max_pixels: Upper limit of the area in pixels.

    Returns:
        Width and height in pixels.

    Raises:
        PictureRejectedError: No size fits: a side is too short or the picture too narrow.
    """
    problems = []
    if max(width, height) > MAX_ASPECT * min(width, height):
        problems.append(f"is {width}×{height} pixels; one side may be at most four times the other: crop it")
    limit = min(1.0, math.sqrt(min(max_pixels, MAX_PIXELS) / (width * height)), MAX_SIDE / max(width, height))
    fitted = max(1, math.floor(width * limit)), max(1, math.floor(height * limit))
    if min(fitted) < MIN_SIDE:
        problems.append(f"is {width}×{height} pixels; both sides need at least {MIN_SIDE}: use a larger picture")
    if problems:
        raise PictureRejectedError("size", [Violation("picture", problem) for problem in problems])
    return fitted
