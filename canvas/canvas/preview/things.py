"""Puts shoes on feet, and things into areas."""

import numpy as np

from canvas.preview.arrays import Bools, Floats, bounds, floats, row_runs, sampled
from canvas.preview.body import Body
from canvas.preview.product import Product
from canvas.preview.worn import Worn, clipped, grid, widened


def put_on_shoes(body: Body, product: Product, *, boots: bool | None) -> Worn | None:
    """Puts on shoes; None when no foot is seen.

    Args:
        body: Who wears them.
        product: One shoe or a pair.
        boots: Whether the class says boots (None: look at the shape).
    """
    if not body.feet:
        return None
    worn = Worn.empty(body)
    worn.old = widened(body.shoes)
    worn.keep = body.hands
    boxes = _pair(product)
    for index, (left, top, right, bottom) in enumerate(body.feet):
        box = boxes[min(index, len(boxes) - 1)]
        mirror = len(boxes) == 1 and len(body.feet) == 2 and index == 0
        tall = (box[3] - box[1]) / max(box[2] - box[0], 1)
        wide = (right - left) * 1.10
        limit = 2.7 if boots or (boots is None and tall > 2.9) else 1.15
        if tall < 0.8:  # a shoe seen from its side is longer than the foot seen from the front
            wide *= 1.5
        high = wide * min(tall, limit)
        high = max(high, (bottom - top) * 1.06)
        middle = (left + right) / 2
        low = bottom + 0.01 * (right - left)
        where = clipped((middle - wide / 2, low - high, middle + wide / 2, low), body.size)
        if where[2] - where[0] < 2 or where[3] - where[1] < 2:
            continue
        soft = product.softened(wide / max(box[2] - box[0], 1) * 0.8)
        xs, ys = grid(where)
        part_x = (xs - (middle - wide / 2)) / wide
        part_y = np.clip((ys - (low - high)) / high, 0, 1)
        if limit < 2 and tall > 1.3:
            part_y = part_y**0.8  # seen from the front, the toe takes most of the room
        if mirror:
            part_x = 1 - part_x
        both = np.concatenate([soft.colours, soft.cover[..., None] * 255], axis=2)
        found = sampled(both, floats(box[0] + part_x * (box[2] - box[0])), floats(box[1] + part_y * (box[3] - box[1])))
        worn.lay(where, found[..., :3], floats(found[..., 3] / 255))
        rows = floats(np.arange(body.size[1]))[:, None]
        columns = floats(np.arange(body.size[0]))[None]
        zone = (rows > low - high * 0.96) & (rows < low + 6) & (np.abs(columns - middle) < wide * 0.6)
        worn.claim = np.maximum(worn.claim, floats(zone))
    worn.skin = floats(np.zeros(worn.cover.shape))
    return worn


def _pair(product: Product) -> list[tuple[int, int, int, int]]:
    """Boxes of the shoes in the product's picture, from left to right: one or two."""
    left, top, right, bottom = bounds(product.region)
    columns = product.region[top:bottom].sum(axis=0) > 0.02 * (bottom - top)
    runs = [run for run in row_runs(columns) if run[1] - run[0] > 0.2 * (right - left)]
    if len(runs) != 2:
        return [product.box]
    boxes = []
    for start, end in runs:
        part = product.region.copy()
        part[:, :start] = False
        part[:, end:] = False
        boxes.append(tuple(round(edge * product.scale) for edge in bounds(part)))
    return boxes  # type: ignore[return-value]


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
