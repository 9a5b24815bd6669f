"""Puts shoes on feet that are seen from the product's own side; from another, the worn shoes take its colours."""

from typing import Final

import numpy as np

from canvas.preview.arrays import Bools, Floats, bounds, components, eroded, floats, resized, row_runs, sampled
from canvas.preview.body import Body
from canvas.preview.product import Product, brightness
from canvas.preview.worn import Worn, clipped, grid, widened

SIDEWAYS: Final = 1.35  # face widths: a foot that is longer than this is not seen from the front
TALL: Final = 0.8  # a worn shoe taller than this, in face widths, has a shaft that a low shoe would not hide
BOOT: Final = 2.9  # height by width from which a product is a boot from the front, not a low shoe from above
RECOLOURED: Final = "is seen from another side than the worn shoes, which take its colours"
Box = tuple[float, float, float, float]


def put_on_shoes(body: Body, product: Product, *, boots: bool) -> Worn | None:
    """Puts on shoes; None when no foot is seen.

    Args:
        body: Who wears them.
        product: One shoe or a pair.
        boots: Whether the class says boots; else the shape does.
    """
    if not body.feet:
        return None
    boxes = _pair(product)
    tall = max(_tall(box) for box in boxes)
    of_side = tall < TALL
    feet_of_side = any(right - left > SIDEWAYS * body.unit for left, _, right, _ in body.feet)
    shafts = any(bottom - top > TALL * body.unit for _, top, _, bottom in body.feet)
    if body.shoes.any() and (of_side != feet_of_side or shafts or (of_side and len(body.feet) > 2)):
        return _recoloured(body, product)
    worn = Worn.empty(body)
    worn.old = widened(body.shoes)
    # a shaft goes into the trouser leg that is worn over it
    worn.keep = np.maximum(body.hands, body.bottom)
    shaft = 2.7 if boots or tall > BOOT else 1.15
    for index, foot in enumerate(body.feet):
        box = boxes[min(index, len(boxes) - 1)]
        if of_side:
            _from_the_side(worn, body, product, box, foot)
        else:
            mirror = len(boxes) == 1 and len(body.feet) == 2 and index == 0
            _from_the_front(worn, body, product, box, foot, shaft=shaft, mirror=mirror)
    return worn


def _from_the_front(
    worn: Worn, body: Body, product: Product, box: tuple[int, int, int, int], foot: Box, *, shaft: float, mirror: bool
) -> None:
    left, top, right, bottom = foot
    tall = _tall(box)
    wide = (right - left) * 1.10
    high = seen = max(wide * min(tall, shaft), (bottom - top) * 1.06)
    middle = (left + right) / 2
    hem = body.bottom[max(0, round(top - 0.12 * body.unit)) : round(top) + 1, round(left) : round(right) + 1]
    if hem.size and hem.max() > 0.5:  # under a trouser leg only what lies below its hem is seen
        seen = min(high, (bottom - top) * 1.3)
        high = high if shaft > 2 else seen
    low = bottom + 0.01 * (right - left)
    where = clipped((middle - wide / 2, low - seen, middle + wide / 2, low), body.size)
    if where[2] - where[0] < 2 or where[3] - where[1] < 2:
        return
    xs, ys = grid(where)
    part_x = (xs - (middle - wide / 2)) / wide
    part_y = np.clip((ys - (low - high)) / high, 0, 1)
    if shaft < 2 and tall > 1.3:
        part_y = part_y**0.8  # seen from the front, the toe takes most of the room
    _lay(worn, product, box, where, 1 - part_x if mirror else part_x, part_y, wide)
    # beside a narrower sole the ground shows, where it is known
    _claim(worn, min(low - seen * 0.96, top - 4), low - 0.4 * seen if body.scene.plain else low + 6, middle, wide * 0.6)


def _from_the_side(worn: Worn, body: Body, product: Product, box: tuple[int, int, int, int], foot: Box) -> None:
    """Lays a shoe seen from its side over a foot seen so, its toe where the foot's is."""
    left, top, right, bottom = foot
    wide = (right - left) * 1.04
    high = max(wide * _tall(box), (bottom - top) * 1.03)
    middle = (left + right) / 2
    where = clipped((middle - wide / 2, bottom - high, middle + wide / 2, bottom + 1), body.size)
    if where[2] - where[0] < 2 or where[3] - where[1] < 2:
        return
    part = tuple(round(edge / body.scene.scale) for edge in foot)
    here = body.scene.shoes[part[1] : part[3] + 1, part[0] : part[2] + 1]
    own = tuple(round(edge / product.scale) for edge in box)
    there = product.region[own[1] : own[3], own[0] : own[2]]
    xs, ys = grid(where)
    part_x = (xs - (middle - wide / 2)) / wide
    mirror = _heel(here) != _heel(there)
    _lay(worn, product, box, where, 1 - part_x if mirror else part_x, (ys - (bottom - high)) / high, wide)
    _claim(worn, bottom - high, bottom + 6, middle, wide * 0.6)


def _heel(shoe: Bools) -> int:
    """On which side the heel is, -1 or 1: a shoe is higher there than at its toe."""
    half = shoe.shape[1] // 2
    heights = [float(part.sum()) for part in (shoe[:, :half], shoe[:, half:])]
    return -1 if heights[0] >= heights[1] else 1


def _tall(box: tuple[int, int, int, int]) -> float:
    return (box[3] - box[1]) / max(box[2] - box[0], 1)


def _lay(
    worn: Worn, product: Product, box: tuple[int, int, int, int], where: tuple[int, int, int, int],
    part_x: Floats, part_y: Floats, wide: float,
) -> None:  # fmt: skip
    soft = product.softened(wide / max(box[2] - box[0], 1) * 0.8)
    both = np.concatenate([soft.colours, soft.cover[..., None] * 255], axis=2)
    xs, ys = box[0] + part_x * (box[2] - box[0]), box[1] + part_y * (box[3] - box[1])
    found = sampled(both, floats(xs), floats(ys))
    worn.lay(where, found[..., :3], floats(found[..., 3] / 255 * (part_y >= 0) * (part_y <= 1)))


def _claim(worn: Worn, top: float, low: float, middle: float, half: float) -> None:
    rows = floats(np.arange(worn.cover.shape[0]))[:, None]
    columns = floats(np.arange(worn.cover.shape[1]))[None]
    zone = (rows > top) & (rows < low) & (np.abs(columns - middle) < half)
    worn.claim = np.maximum(worn.claim, floats(zone))


def _recoloured(body: Body, product: Product) -> Worn:
    """The worn shoes in the product's colours, light and seams their own: no warp shows a shoe from its other side."""
    worn = Worn.empty(body)
    worn.told.append(RECOLOURED)
    worn.lit = True
    worn.old = floats(np.clip(body.shoes, 0, 1))
    worn.keep = np.maximum(body.hands, body.bottom)
    worn.claim = floats(np.ones_like(worn.cover))
    worn.cover = worn.old.copy()
    inside = eroded(product.cover > 0.95, 3)
    upper = _usual(product.colours[inside if inside.any() else product.cover >= 0])
    bright = brightness(body.pixels)
    colours = np.broadcast_to(upper, body.pixels.shape).copy()
    labels, sizes = components(body.scene.shoes)
    for label in range(1, len(sizes)):
        if sizes[label] < 20:
            continue
        shoe = resized(floats(labels == label), *body.size)
        inside = shoe > 0.5
        level = float(np.percentile(bright[inside], 70))
        light = np.clip(bright / max(level, 0.08), 0.3, 1.45)
        colours = np.where((shoe > 0.02)[..., None], upper * light[..., None], colours)
    worn.colours = floats(np.clip(colours, 0, 255))
    return worn


def _usual(colours: Floats) -> Floats:
    """The most usual of some colours: the middle of the fullest of a few boxes, the more vivid first."""
    boxes = ((colours // 32) @ floats([64, 8, 1])).astype(np.intp)
    vivid = 1 + (colours.max(axis=1) - colours.min(axis=1)) / 128
    fullest = int(np.argmax(np.bincount(boxes, vivid)))
    return floats(np.median(colours[boxes == fullest], axis=0))


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
