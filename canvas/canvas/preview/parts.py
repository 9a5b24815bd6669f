"""Tells a person's parts apart: skin, head, top, bottom and shoes; by colour, place and connection."""

from dataclasses import dataclass

import numpy as np

from canvas.preview.arrays import (
    Bools,
    Floats,
    blur,
    bools,
    bounds,
    box_mean,
    closed,
    clusters,
    components,
    dilated,
    eroded,
    filled,
    floats,
    largest,
    opened,
    touching,
)
from canvas.preview.faces import Face


class Palette:
    """A colour model: a few clusters of L*a*b* values; ``cost`` is small where a colour fits."""

    def __init__(self, values: Floats, count: int, floor: float = 5.0) -> None:
        step = max(1, len(values) // 3000)
        self.centres, spreads, weights = clusters(values[::step], count)
        self.spreads = np.sqrt(spreads**2 + floats([floor * 1.5, floor, floor]) ** 2)
        self.penalty = -np.log(np.maximum(weights, 0.02)) * 0.35

    def cost(self, colours: Floats) -> Floats:
        least = np.full(colours.shape[:2], np.inf, np.float32)
        for centre, spread, penalty in zip(self.centres, self.spreads, self.penalty, strict=True):
            cost = np.full(least.shape, penalty, np.float32)
            for channel in range(3):
                cost += ((colours[..., channel] - centre[channel]) / spread[channel]) ** 2
            least = np.minimum(least, cost)
        return least


@dataclass(frozen=True, slots=True)
class Parts:
    """A person's parts, as working-size masks."""

    skin: Bools
    head: Bools
    top: Bools
    bottom: Bools
    shoes: Bools

    @property
    def whole(self) -> Bools:
        """All of the person."""
        return self.skin | self.head | self.top | self.bottom | self.shoes


def find_parts(colours: Floats, studio: bool, front: Bools, face: Face, face_region: Bools) -> Parts:
    """Who is in the picture by part: by colour, place and connection.

    Args:
        colours: The working picture in L*a*b*.
        studio: Whether ``front`` is known to be the person and nothing else.
        front: Where the person may be.
        face: Where the face is.
        face_region: Its skin.
    """
    height, width = front.shape
    unit = face.width
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    smooth = np.stack([box_mean(colours[..., c], 1) for c in range(3)], axis=-1)

    def patch(top: float, bottom: float, half: float, centre: float = face.x) -> Bools:
        return bools((ys >= top) & (ys < bottom) & (np.abs(xs - centre) <= half))

    skin_model = Palette(colours[eroded(face_region, 1) & (ys < face.chin + 0.4 * unit)], 3, 5.0)
    skin_cost = skin_model.cost(smooth)
    if studio:
        ground_cost = np.where(front, 60.0, -1.0).astype(np.float32)
    else:
        around = (np.abs(xs - face.x) >= 2.3 * unit) | (ys <= face.top - 0.8 * unit)
        if around.sum() < 200:  # the person fills the picture: what stands at its sides
            around = (np.abs(xs - width / 2) > 0.45 * width) & (ys < face.chin)
        ground_model = Palette(colours[around], 10, 4.0)
        ground_cost = ground_model.cost(smooth) + 1.0
    neck = float(np.median(np.nonzero(face_region & (ys > bounds(face_region)[3] - 0.3 * unit))[1]))
    seeds = patch(face.chin + 0.85 * unit, face.chin + 2.3 * unit, 0.55 * unit, neck) & front & (skin_cost > 6)
    if (seeds & (ground_cost > 6)).sum() > 0.3 * seeds.sum():  # a leaning body leaves some ground in the patch
        seeds &= ground_cost > 6
    empty = np.zeros((height, width), np.bool_)
    if seeds.sum() < 30:
        seeds = patch(face.chin + 0.6 * unit, face.chin + 2.6 * unit, 0.7 * unit) & front
    if seeds.sum() < 30:
        head = _head(face, face_region, front, studio, xs, ys)
        return Parts(face_region, head, empty, empty, empty)
    top_model = Palette(colours[seeds], 3, 5.0)
    top_cost = top_model.cost(smooth)
    low_seeds = patch(face.chin + 3.9 * unit, face.chin + 4.9 * unit, 0.6 * unit) & front & (skin_cost > 5)
    low_model = Palette(colours[low_seeds], 2, 5.0) if low_seeds.sum() > 30 else None
    low_cost = low_model.cost(smooth) if low_model else np.full((height, width), 99, np.float32)
    # the waist is where colours say; where they do not, about three face widths below the chin
    waist = np.clip((ys - (face.chin + 3.1 * unit)) / unit, -1.5, 1.5)
    top_cost = top_cost + np.clip(waist, 0, None) * 1.6
    low_cost = low_cost - np.clip(waist, None, 0) * 1.6
    far = (
        np.clip(np.abs(xs - face.x) / unit - 2.4, 0, None) * 6
        + np.clip((face.chin - 0.1 * unit - ys) / unit, 0, None) * 30
    )
    far += np.clip((ys - face.chin) / unit - 5.0, 0, None) * 6
    if not studio:
        ground_cost = ground_cost + np.clip(1.2 - np.abs(xs - face.x) / unit, 0, None) * 8
    rest = np.minimum(skin_cost + 1.5, np.minimum(low_cost, ground_cost))
    better = blur(floats(np.clip(rest - (top_cost + far), -8, 8)), 1)
    top = touching(opened((better > 0) & front, 1), seeds)
    top = filled(closed(top, 2), below=round(unit * unit * 0.9))
    top &= ~(eroded(face_region, 1) & (ys < face.chin + 0.25 * unit))
    top = largest(opened(top, 1)) if top.any() else top
    # the smoothed costs shrink a region; its raw colours tell what belongs to its rim, and to parts cut off by an arm
    raw_top = top_model.cost(colours) + far
    raw_skin = skin_model.cost(colours)
    lowest = bounds(top)[3] if top.any() else 0
    fits = (raw_top < 12) & (raw_top < raw_skin) & (raw_top < low_cost) & front & ~eroded(face_region, 1)
    if not studio:
        fits &= raw_top < ground_model.cost(colours) + 1.0
    fits &= ys < lowest
    for _ in range(4):
        top |= dilated(top, 1) & fits

    skin = _skin(skin_cost, face_region, front, top, top_cost, low_cost, ground_cost, face, xs, ys)
    if not studio and top.any():  # an arm before the body cuts parts of a top off
        cut_off = (
            opened((raw_top < 5) & (raw_top < raw_skin) & (raw_top < low_cost) & (ys < lowest + 0.9 * unit), 1) & ~skin
        )
        seen = dilated(skin, 2) & ~dilated(face_region, 6) & dilated(top, round(1.2 * unit))
        top |= touching(cut_off, seen) & dilated(top, round(1.6 * unit))
    hem = bounds(top)[3] if top.any() else face.chin + 3.2 * unit
    if hem < height - unit * 0.3:
        waist = np.nonzero(top & (ys > hem - 0.6 * unit))[1]
        middle = float(np.median(waist)) if len(waist) else face.x
        half = 1.2 * unit if studio else 0.5 * unit  # on a busy ground only the middle is surely cloth
        start = patch(hem + 0.1 * unit, hem + (1.6 if studio else 0.9) * unit, half, middle) & front & ~top & ~skin
        if start.sum() > 40:
            low_model = Palette(colours[eroded(start, 1)] if eroded(start, 1).sum() > 40 else colours[start], 2, 5.0)
            low_cost = low_model.cost(smooth)
            beyond = (
                np.clip(np.abs(xs - face.x) / unit - 3.2, 0, None) * 6
                + np.clip((hem - 0.8 * unit - ys) / unit, 0, None) * 12
            )
            better = blur(floats(np.clip(np.minimum(skin_cost + 1.5, ground_cost) - (low_cost + beyond), -8, 8)), 1)
            likely = low_cost < (30 if studio else 4.5)
            bottom = touching(opened((better > 0) & likely & front & ~top & ~skin, 1), start)
            bottom = filled(closed(bottom, 2), below=round(unit * unit * 0.5)) & ~top & ~skin
        else:
            bottom = empty
    else:
        bottom = empty
    head = _head(face, face_region, front, studio, xs, ys) & ~top
    shoes = _shoes(front, studio, top | bottom | head, skin, bottom, unit, ys)
    return Parts(skin, head, top, bottom, shoes)


def _skin(
    skin_cost: Floats, face_region: Bools, front: Bools, top: Bools, top_cost: Floats, low_cost: Floats,
    ground_cost: Floats, face: Face, xs: Floats, ys: Floats,
) -> Bools:  # fmt: skip
    """Face, neck, arms and hands: colours like the face's, near the body."""
    unit = face.width
    near = (np.abs(xs - face.x) < 4.2 * unit) & (ys < face.chin + 7.5 * unit)
    better = np.minimum(np.minimum(top_cost, low_cost), ground_cost)
    like = (skin_cost < 14) & (skin_cost < better + 3.0) & near & front & ~top
    like = opened(closed(like, 1), 1)
    labels, sizes = components(like)
    keep = np.asarray(sizes) > unit * unit * 0.12
    keep[0] = False
    beside = np.unique(labels[dilated(top, 4) | dilated(face_region, 2)])
    linked = np.zeros(len(sizes), np.bool_)
    linked[beside] = True
    found = (keep & linked)[labels] | (face_region & ~top)
    return filled(found, below=round(unit * unit * 0.3)) & ~top


def _head(face: Face, face_region: Bools, front: Bools, studio: bool, xs: Floats, ys: Floats) -> Bools:
    """Face, hair and hat: what is to be kept whatever is worn below the neck."""
    unit = face.width
    oval = ((xs - face.x) / (0.82 * unit)) ** 2 + ((ys - (face.top + 0.42 * unit)) / (1.12 * unit)) ** 2 < 1
    if studio:
        above = front & (ys < face.chin + 0.15 * unit) & (np.abs(xs - face.x) < 1.5 * unit)
        return touching(above, oval & front) | (face_region & (ys < face.chin + 0.6 * unit))
    return oval | (face_region & (ys < face.chin + 0.6 * unit))


def _shoes(front: Bools, studio: bool, worn: Bools, skin: Bools, bottom: Bools, unit: float, ys: Floats) -> Bools:
    """What stands below the bottom garment in a studio picture."""
    if not studio or not bottom.any():
        return np.zeros(front.shape, np.bool_)
    low = bounds(bottom)[3]
    region = front & ~worn & ~skin & (ys > low - 0.9 * unit) & (ys < low + 1.3 * unit)
    return opened(touching(region, dilated(bottom, 4)), 1)
