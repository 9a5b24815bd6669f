"""The contract's words and scales in those of the pipeline."""

from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from PIL import Image

from canvas.capabilities import CLASSES, GROUP_OF

Category = Literal["tops", "bottoms", "one-pieces"]

CATEGORIES: Final[dict[str, Category]] = {"upper": "tops", "lower": "bottoms", "full": "one-pieces"}
GARMENT_CLASSES: Final = frozenset(one for group in CATEGORIES for one in CLASSES[group])

# the pipeline's own advice: 20 fast, 30 balanced (its default), 50 quality
STEPS: Final = {"standard": 30, "premium": 50}

# cfgScale → guidance_scale, linear in between: our ends are the ends of the pipeline's useful range (1.0 is no
# guidance at all, its demonstration stops at 3.0), and our default 6.5 is its default 1.5
GUIDANCE: Final = ((1.1, 1.0), (6.5, 1.5), (10.0, 3.0))

DEFAULT_CFG: Final = 6.5
DEFAULT_SEED: Final = 12
SEEDS: Final = 2_147_483_647  # how many there are in the contract: 0 to 2,147,483,646
MOST_SAMPLES: Final = 4  # of one call of the pipeline


def category_of(garment_class: str) -> Category:
    """The pipeline's category for a garment class; raises KeyError for feet."""
    return CATEGORIES[GROUP_OF[garment_class]]


def category_under(mask: Image.Image) -> Category:
    """The category that a drawn mask most likely means, by where it lies: a mask has no class in the contract.

    A mask over more than half of the picture's height is a one-piece; else what lies in the upper 55 % is a top.
    """
    rows = np.flatnonzero((np.asarray(mask) < 128).any(axis=1))
    top, bottom = int(rows[0]) / mask.height, (int(rows[-1]) + 1) / mask.height
    if bottom - top > 0.5:
        return "one-pieces"
    return "tops" if (top + bottom) / 2 < 0.55 else "bottoms"


def steps_of(config: dict[str, Any]) -> int:
    """Sampling steps for a quality."""
    return STEPS[config.get("quality", "standard")]


def guidance_of(config: dict[str, Any]) -> float:
    """The pipeline's guidance for a cfgScale; rises with it."""
    scale = float(config.get("cfgScale", DEFAULT_CFG))
    for (left, low), (right, high) in pairwise(GUIDANCE):
        if scale <= right:
            return low + (high - low) * (scale - left) / (right - left)
    return GUIDANCE[-1][1]


def batches(count: int, size: int) -> list[tuple[int, int]]:
    """How ``count`` pictures are split into calls of at most ``size``: (first picture, number) for each call."""
    return [(first, min(size, count - first)) for first in range(0, count, size)]


def seed_of(config: dict[str, Any], first: int) -> int:
    """The seed of the call that draws the picture ``first`` and those after it; goes on at 0 after the largest."""
    return (int(config.get("seed", DEFAULT_SEED)) + first) % SEEDS
