"""Puts things into areas."""

import numpy as np

from canvas.preview.arrays import Bools, Floats, bounds, floats, sampled
from canvas.preview.product import Product
from canvas.preview.worn import grid


def place(
    pixels: Floats, product: Product, area: Bools, *, stretch: float = 1.15, shift: float = 0.0
) -> tuple[Floats, Floats]:
    """Puts a thing into an area: as large as fits, standing on its lower edge.

    Args:
        pixels: The picture, RGB.
        product: The thing.
        area: Where it may go.
        stretch: How much its proportions may bend to fill the area (1 = not at all).
        shift: Sideways move, in parts of the area's width.

    Returns:
        Colours and coverage, both of the picture's size.
    """
    height, width = area.shape
    left, top, right, bottom = bounds(area)
    box = product.box
    wide, high = max(box[2] - box[0], 1), max(box[3] - box[1], 1)
    scale = min((right - left) / wide, (bottom - top) / high)
    new_wide = min(right - left, wide * scale * stretch)
    new_high = min(bottom - top, high * scale * stretch)
    x0 = (left + right - new_wide) / 2 + shift * (right - left)
    y0 = bottom - new_high
    xs, ys = grid((left, top, right, bottom))
    source_x = box[0] + (xs - x0) / max(new_wide, 1) * wide
    source_y = box[1] + (ys - y0) / max(new_high, 1) * high
    soft = product.softened(scale)
    both = np.concatenate([soft.colours, soft.cover[..., None] * 255], axis=2)
    found = sampled(both, floats(source_x), floats(source_y))
    inside = (source_x >= box[0] - 1) & (source_x <= box[2] + 1) & (source_y >= box[1] - 1) & (source_y <= box[3] + 1)
    colours, cover = pixels.copy(), np.zeros((height, width), np.float32)
    colours[top:bottom, left:right] = found[..., :3]
    cover[top:bottom, left:right] = found[..., 3] / 255 * inside
    return colours, cover * floats(area)
