"""What of the pipeline's picture goes into the caller's: it paints everything anew, the contract changes a part."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SMALL: Final = 384  # longer side of the copy on which the changed part is sought
CHANGED: Final = 14  # mean difference of a pixel that counts; the pipeline's own noise stays below
FEATHER: Final = 0.006  # of the shorter side

Mask = NDArray[np.bool_]


def changed_area(source: Image.Image, painted: Sequence[Image.Image]) -> Mask:
    """Where any of the painted pictures differs from the source, without specks, with a little room around it.

    The pipeline works without a mask and does not say what it changed: this is the mask that it would have had.
    """
    factor = min(1.0, SMALL / max(source.size))
    size = (max(1, round(source.width * factor)), max(1, round(source.height * factor)))
    before = np.asarray(source.resize(size, Image.Resampling.BOX)).astype(np.int16)
    found = np.zeros(before.shape[:2], np.bool_)
    for picture in painted:
        after = np.asarray(picture.resize(size, Image.Resampling.BOX)).astype(np.int16)
        found |= np.abs(after - before).mean(axis=2) > CHANGED
    area = Image.fromarray(found.astype(np.uint8) * 255)
    for filter_ in (ImageFilter.MedianFilter(5), ImageFilter.MaxFilter(9), ImageFilter.MinFilter(5)):
        area = area.filter(filter_)
    return np.asarray(area.resize(source.size, Image.Resampling.NEAREST)) > 127


def boxed(area: Mask) -> Mask:
    """The smallest upright box around an area."""
    box = np.zeros_like(area)
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    if rows.size:
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def merged(source: Image.Image, painted: Image.Image, area: Mask, style: str) -> Image.Image:
    """The painted picture inside the area, the source outside.

    BALANCED keeps every pixel outside the area as it is, and fades towards the area's edge from within. SEAMLESS fades
    over the edge to both sides.
    """
    radius = max(1.0, FEATHER * min(source.size))
    hard = Image.fromarray(area.astype(np.uint8) * 255)
    soft = np.asarray(hard.filter(ImageFilter.GaussianBlur(radius))).astype(np.float32) / 255
    # from within: half grown at the edge would be a step of its own, so the fade is stretched to begin at 0 there
    share = soft if style == "SEAMLESS" else np.clip(soft * 2 - 1, 0, 1) * area
    before, after = (np.asarray(one).astype(np.float32) for one in (source, painted))
    mixed = before + (after - before) * share[..., None]
    return Image.fromarray(np.clip(np.rint(mixed), 0, 255).astype(np.uint8))


def mask_picture(area: Mask) -> Image.Image:
    """The contract's mask: black is edited, white is kept."""
    picture: Any = np.where(area, 0, 255).astype(np.uint8)
    return Image.fromarray(picture)
