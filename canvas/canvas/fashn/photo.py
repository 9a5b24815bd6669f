"""Whether a product's photo shows it laid flat or worn: the pipeline wants to be told."""

from typing import Final, Literal

import numpy as np
from PIL import Image

PhotoType = Literal["model", "flat-lay"]

SMALL: Final = 96  # pixels of the longer side: enough to tell, and fast
BORDER: Final = 0.04
PLAIN: Final = 26  # how far a border pixel may lie from the ground's colour
PLAIN_SHARE: Final = 0.88
SKIN_SHARE: Final = (0.05, 0.85)  # of what is not ground: less is a stray pixel, more is a garment of that colour


def photo_type(product: Image.Image) -> PhotoType:
    """``flat-lay`` when the product lies on a plain ground and nobody's skin is seen; else ``model``.

    Args:
        product: The reference picture, RGB.

    A wrong ``model`` only costs a search for a body; a wrong ``flat-lay`` would paint the other person too. So the
    doubtful ones are ``model``.
    """
    small = product.convert("RGB")
    small.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
    pixels = np.asarray(small).astype(np.int16)
    rim = max(2, round(BORDER * min(small.size)))
    frame = np.ones(pixels.shape[:2], np.bool_)
    frame[rim:-rim, rim:-rim] = False
    ground = np.median(pixels[frame], axis=0)
    near = np.abs(pixels - ground).max(axis=2) <= PLAIN
    if near[frame].mean() < PLAIN_SHARE:
        return "model"
    thing = ~near
    if not thing.any():
        return "flat-lay"
    values = np.asarray(small.convert("YCbCr")).astype(np.int16)
    # the usual box of skin in YCbCr (Chai and Ngan, 1999), not too dark
    skin = (values[..., 0] > 50) & (values[..., 1] >= 77) & (values[..., 1] <= 127)
    skin &= (values[..., 2] >= 136) & (values[..., 2] <= 173)
    share = (skin & thing).sum() / thing.sum()
    return "model" if SKIN_SHARE[0] < share < SKIN_SHARE[1] else "flat-lay"
