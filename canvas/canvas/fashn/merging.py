"""What of the pipeline's picture goes into the caller's: it paints everything anew, the contract changes a part."""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SMALL: Final = 384  # longer side of the copy on which the changed part is sought
# a pixel counts as changed where its most changed channel differs by several times what the picture's quieter half
# differs by, which is the pipeline's own noise, and by LEAST to MOST levels
TIMES_NOISE: Final = 4.0
LEAST: Final = 6.0
MOST: Final = 14.0
QUIET: Final = 25  # per cent of the picture that no garment covers
NEAR: Final = 25  # pixels of the copy over which stripes and meshes belong together
DENSE: Final = 0.06  # share of changed pixels around a pixel below which it is a speck
GROWN: Final = 5
SMALLEST: Final = 0.002  # share of the picture below which nothing was found
FEATHER: Final = 0.006  # of the shorter side

Mask = NDArray[np.bool_]


def changed_area(source: Image.Image, painted: Sequence[Image.Image]) -> Mask | None:
    """Where any of the painted pictures differs from the source, without specks, with a little room around it.

    The pipeline works without a mask and does not say what it changed: this is the mask that it would have had.

    Args:
        source: The caller's picture.
        painted: The pipeline's, in the size in which it drew them: enlarging would add differences of its own.

    Returns:
        The area in the source's size; None when hardly anything differs.
    """
    factor = min(1.0, SMALL / max(source.size))
    size = (max(1, round(source.width * factor)), max(1, round(source.height * factor)))
    before = _small(source.resize(painted[0].size, Image.Resampling.LANCZOS), size)
    found = np.zeros(before.shape[:2], np.bool_)
    for picture in painted:
        after = _small(picture, size)
        difference = np.maximum(_beyond(before, after), _beyond(after, before))
        found |= difference > np.clip(TIMES_NOISE * np.percentile(difference, QUIET), LEAST, MOST)
    dense = cv2.blur(found.astype(np.float32), (NEAR, NEAR)) >= DENSE
    area: Any = (found & dense).astype(np.uint8)
    for work, reach in ((cv2.MORPH_CLOSE, NEAR), (cv2.MORPH_OPEN, GROWN), (cv2.MORPH_DILATE, GROWN)):
        area = cv2.morphologyEx(area, work, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    if area.mean() < SMALLEST:
        return None
    return np.asarray(Image.fromarray(area * 255).resize(source.size, Image.Resampling.NEAREST)) > 127


def _small(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX))


def _beyond(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Any:
    """How far each pixel lies outside what its neighbours are in the other picture, by its most changed channel.

    An edge that is a little softer, or half a pixel off, is no change.
    """
    around = np.ones((3, 3), np.uint8)
    above, below = cv2.subtract(one, cv2.dilate(other, around)), cv2.subtract(cv2.erode(other, around), one)
    return np.maximum(above, below).max(axis=2)


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
