"""Tells a person's parts apart: skin, head, top, bottom and shoes; by colour, place and connection."""

from dataclasses import dataclass

import cv2
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
    grab,
    largest,
    opened,
    row_runs,
    touching,
)
from canvas.preview.faces import Face


class _Palette:
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

    skin_model = _Palette(colours[eroded(face_region, 1) & (ys < face.chin + 0.4 * unit)], 3, 5.0)
    skin_cost = skin_model.cost(smooth)
    if studio:
        ground_cost = np.where(front, 60.0, -1.0).astype(np.float32)
    else:
        around = (np.abs(xs - face.x) >= 2.3 * unit) | (ys <= face.top - 0.8 * unit)
        if around.sum() < 200:  # the person fills the picture: what stands at its sides
            around = (np.abs(xs - width / 2) > 0.45 * width) & (ys < face.chin)
        ground_model = _Palette(colours[around], 10, 4.0)
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
    top_model = _Palette(colours[seeds], 3, 5.0)
    top_cost = top_model.cost(smooth)
    low_seeds = patch(face.chin + 3.9 * unit, face.chin + 4.9 * unit, 0.6 * unit) & front & (skin_cost > 5)
    low_model = _Palette(colours[low_seeds], 2, 5.0) if low_seeds.sum() > 30 else None
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
            low_model = _Palette(colours[eroded(start, 1)] if eroded(start, 1).sum() > 40 else colours[start], 2, 5.0)
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


def with_lower(pixels: Floats, colours: Floats, front: Bools, face: Face, parts: Parts) -> Parts:
    """The parts with legs and shoes told apart again by a cut: shaded cloth is often as dark as skin, and boots stand
    on a ground that is no plainer than they are."""
    if parts.bottom.sum() < face.width**2 * 0.3 or not parts.top.any():
        return parts
    unit = face.width
    rows = np.arange(front.shape[0])[:, None]
    waist = int(np.percentile(np.nonzero(parts.bottom)[0], 2))
    marks = np.where(front, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    # cloth is of the hue that it has at the hips, in light or in shade; what lies between the legs seldom is
    hips = parts.bottom & (rows < waist + 1.4 * unit)
    hue = np.median(colours[eroded(hips, 2) if eroded(hips, 2).sum() > 30 else hips], axis=0)
    off = np.hypot(*np.moveaxis(cv2.blur(colours[..., 1:] - hue[1:], (5, 5)), -1, 0))
    marks[parts.bottom] = cv2.GC_PR_FGD
    marks[eroded(parts.bottom & (off < 6), 3)] = cv2.GC_FGD
    if float(np.percentile(off[hips], 85)) < 5:  # of one colour
        other = opened(parts.bottom & (off > 7.5), 3)
        labels, sizes = components(other)
        marks[(np.asarray(sizes) > 0.2 * unit * unit)[labels] & other] = cv2.GC_BGD
    doubtful = parts.skin & (rows > waist) & dilated(parts.bottom, round(0.2 * unit))
    marks[doubtful] = cv2.GC_PR_FGD
    arms = touching(parts.skin, parts.skin & (rows < waist))
    hands = arms & (rows > waist - 0.3 * unit) & ~doubtful
    marks[parts.head | parts.top | (arms & (rows < waist)) | hands] = cv2.GC_BGD
    bottom = grab(pixels, marks, 2) & front & (rows > waist - 0.2 * unit)
    bottom = filled(opened(bottom, 2), below=round(0.1 * unit * unit))
    labels, sizes = components(bottom)  # a hand on a knee may part a leg from the rest
    bottom &= (np.asarray(sizes) > 0.15 * max(sizes))[labels]
    skin = _with_marks(parts.skin & ~bottom, front & ~bottom & ~parts.head, parts.top | bottom)
    skin = touching(skin, skin & ((rows < waist) | dilated(arms & (rows < waist), 2)))
    return Parts(skin, parts.head, parts.top, bottom, parts.shoes & ~bottom)


def with_shoes(pixels: Floats, parts: Parts, unit: float) -> Parts:
    """The parts with what stands below the legs' ends, cut from the ground around it; legs that the picture cuts off
    have no shoes."""
    shoes = parts.shoes.copy()
    height = shoes.shape[0]
    for x, y, wide in leg_ends(parts.bottom, unit):
        if y > height - 0.5 * unit:
            continue
        found = _shoe(pixels, parts.bottom, x, y, max(wide, 0.7 * unit))
        if found.sum() > 0.3 * unit * unit:
            shoes |= found
    return Parts(parts.skin & ~shoes, parts.head, parts.top, parts.bottom & ~shoes, shoes)


def _with_marks(skin: Bools, front: Bools, worn: Bools) -> Bools:
    """Skin with what lies on it: a tattoo, a watch, a shadow. It borders on more skin than cloth."""
    rest = opened(front & ~skin & ~worn, 1)
    labels, sizes = components(rest)
    found = skin.copy()
    for label in range(1, len(sizes)):
        if sizes[label] < 12:
            continue
        part = labels == label
        rim = dilated(part, 2) & ~part
        if (rim & skin).sum() > 0.3 * rim.sum() and (rim & skin).sum() > (rim & worn).sum():
            found |= part
    return closed(found, 2) & front & ~worn


def leg_ends(bottom: Bools, unit: float) -> list[tuple[float, float, float]]:
    """Where legs end, as (x, y, width): runs of the lowest part of a garment below which there is none of it."""
    ends: list[tuple[float, float, float]] = []
    height = bottom.shape[0]
    _, first, _, last = bounds(bottom)
    step = max(2, round(0.2 * unit))
    for y in range(min(height - 2, last), round(first + 0.45 * (last - first)), -1):
        below = bottom[min(height - 1, y + step)] if y + 1 < height - step else np.zeros(bottom.shape[1], np.bool_)
        for start, end in row_runs(bottom[y]):
            near = any(abs(x - (start + end) / 2) < 0.9 * unit and low - y < 1.2 * unit for x, low, _ in ends)
            if not near and end - start > 0.4 * unit and below[start:end].mean() < 0.25:
                ends.append(((start + end) / 2, float(y), float(end - start)))
    return sorted(ends, key=lambda end: -end[1])[:2]


def _shoe(pixels: Floats, bottom: Bools, x: float, y: float, wide: float) -> Bools:
    """What stands below a leg's end, cut from the ground around it."""
    height, width = bottom.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    inner = (np.abs(xs - x) < 0.55 * wide) & (ys > y) & (ys < y + 2.0 * wide) & ~bottom
    reach = (np.abs(xs - x) < 1.7 * wide) & (ys > y - 0.1 * wide) & (ys < y + 2.4 * wide) & ~bottom
    if inner.sum() < 20:
        return np.zeros_like(bottom)
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    marks[reach] = cv2.GC_PR_BGD
    marks[inner] = cv2.GC_PR_FGD
    marks[(np.abs(xs - x) < 0.3 * wide) & (ys > y + 1) & (ys < y + 1.4 * wide) & ~bottom] = cv2.GC_FGD
    left, top, right, low = bounds(dilated(reach, round(0.5 * wide)))
    box = (slice(top, low), slice(left, right))
    found = np.zeros_like(bottom)
    found[box] = grab(pixels[box], marks[box], 4)
    return touching(opened(found & ~bottom, 1), inner)


def without_gaps(colours: Floats, ground: Bools, region: Bools, unit: float, *, narrow: bool) -> Bools:
    """A garment without the ground that shows between a limb and the body.

    Args:
        colours: The working picture in L*a*b*.
        ground: What is surely not the person.
        region: The garment.
        unit: The face's width.
        narrow: Whether narrow gaps count too, as between a sleeve and a torso.

    A gap has the colours of the ground and not those of most of the garment, and touches more than the garment (a
    print does not).
    """
    if region.sum() < 40 or ground.sum() < 200:
        return region
    around = ground & dilated(region, round(1.2 * unit))
    around = around if around.sum() > 200 else ground
    smooth = floats(cv2.blur(colours, (3, 3)))
    of_ground = _Palette(colours[around], 8, 4.0).cost(smooth)
    upper = region & (np.arange(region.shape[0])[:, None] < np.percentile(np.nonzero(region)[0], 30))
    own = _Palette(colours[upper], 3, 4.0).cost(smooth)
    odd = opened(closed((of_ground < 8) & (own > of_ground), 3) & region, 2 if narrow else 3)
    labels, sizes = components(odd)
    cut = np.zeros_like(region)
    for label in range(1, len(sizes)):
        if sizes[label] < (0.03 if narrow else 0.08) * unit * unit or sizes[label] > 0.4 * region.sum():
            continue
        part = labels == label
        rim = dilated(part, 6) & ~part
        thick = opened(part, max(3, round(0.09 * unit))).any()  # the shaded edge of a limb is thin
        open_side = float((rim & ~region).sum() / rim.sum())
        if (0.01 < open_side < (0.95 if thick else 0.4)) or (thick and sizes[label] > 0.1 * region.sum()):
            cut |= dilated(part, 2) & (own > of_ground - 1)
    if not cut.any():
        return region
    # the edge of the cut follows the picture, not the colours' noise
    near = dilated(cut, 9)
    marks = np.where(region & ~cut, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    marks[near & region] = np.where(own < of_ground, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[near & region]
    marks[eroded(cut, 3)] = cv2.GC_BGD
    marks[eroded(region, 2) & ~near] = cv2.GC_FGD
    rest = opened(grab(colours + 128, marks, 2) & region, 2)
    labels, sizes = components(rest)
    return (np.asarray(sizes) > 0.1 * max(sizes))[labels] & rest
