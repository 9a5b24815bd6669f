"""Tells legs, shoes and the gaps between limbs apart by further cuts, where colours alone do not."""

import cv2
import numpy as np

from canvas.preview.arrays import (
    Bools,
    Floats,
    bounds,
    closed,
    components,
    dilated,
    eroded,
    filled,
    floats,
    grab,
    opened,
    row_runs,
    touching,
)
from canvas.preview.faces import Face
from canvas.preview.parts import Palette, Parts


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


def with_shoes(pixels: Floats, colours: Floats, parts: Parts, unit: float) -> Parts:
    """The parts with what stands below the legs' ends, cut from the ground around it; legs that the picture cuts off
    have no shoes."""
    shoes = parts.shoes.copy()
    height = shoes.shape[0]
    ends = [end for end in leg_ends(parts.bottom, unit) if end[1] <= height - 0.5 * unit]
    for x, y, wide in ends:
        found = _shoe(pixels, parts.bottom, x, y, max(wide, 0.7 * unit))
        if found.sum() > 0.3 * unit * unit:
            shoes |= found
    bottom = parts.bottom & ~shoes
    if shoes.any():  # the ground that shoes and legs enclose
        floor = dilated(shoes, round(1.2 * unit)) & ~dilated(shoes | parts.whole, 3)
        shoes = _off_the_floor(colours, shoes, shoes, floor, unit)
        hips = bottom & (np.arange(height)[:, None] < np.percentile(np.nonzero(bottom)[0], 60))
        near = bottom & dilated(shoes, round(0.6 * unit))
        ground = near & ~_off_the_floor(colours, near, hips, floor, unit)
        bottom &= ~touching(ground, ground & dilated(shoes, 3))
    return Parts(parts.skin & ~shoes, parts.head, parts.top, bottom, shoes)


def _off_the_floor(colours: Floats, region: Bools, own: Bools, floor: Bools, unit: float) -> Bools:
    """The region without patches that have the floor's colours rather than those of ``own``."""
    if min(own.sum(), floor.sum()) < 100:
        return region
    smooth = floats(cv2.blur(colours, (3, 3)))
    of_floor, of_own = Palette(colours[floor], 6, 4.0).cost(smooth), Palette(colours[own], 6, 4.0).cost(smooth)
    odd = opened(region & (of_floor < 8) & (of_floor < of_own), 2)
    labels, sizes = components(odd)
    ground = (np.asarray(sizes) > 0.06 * unit * unit)[labels] & odd
    rest = opened(region & ~dilated(ground, 2), 1)
    labels, sizes = components(rest)
    return (np.asarray(sizes) > 0.1 * max(sizes))[labels] & rest


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
    """What stands below a leg's end, cut from the ground around it: the shaft first, then what goes on from it, since
    nobody knows to which side the toe points."""
    height, width = bottom.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    inner = (np.abs(xs - x) < 0.55 * wide) & (ys > y) & (ys < y + 2.0 * wide) & ~bottom
    found = np.zeros_like(bottom)
    if inner.sum() < 20:
        return found
    marks = np.full((height, width), cv2.GC_BGD, np.uint8)
    marks[(np.abs(xs - x) < 1.7 * wide) & (ys > y - 0.1 * wide) & (ys < y + 2.4 * wide) & ~bottom] = cv2.GC_PR_BGD
    marks[inner] = cv2.GC_PR_FGD
    marks[(np.abs(xs - x) < 0.3 * wide) & (ys > y + 1) & (ys < y + 1.4 * wide) & ~bottom] = cv2.GC_FGD
    reach = (np.abs(xs - x) < 3.2 * wide) & (ys > y - 0.1 * wide) & (ys < y + 3.4 * wide)
    left, top, right, low = bounds(reach)
    box = (slice(top, low), slice(left, right))
    found[box] = grab(pixels[box], marks[box], 4)
    found = touching(opened(found & ~bottom, 1), inner)
    ankle = found & (ys < y + 1.2 * wide)
    marks = np.where(reach & ~bottom, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    marks[dilated(found, round(0.5 * wide)) & ~bottom] = cv2.GC_PR_FGD
    marks[eroded(found, 3)] = cv2.GC_FGD
    marks[(ys < y + 1.2 * wide) & ~dilated(ankle, 2)] = cv2.GC_BGD  # it widens at the foot only
    whole = np.zeros_like(bottom)
    whole[box] = grab(pixels[box], marks[box], 4)
    whole = closed(touching(opened(whole & ~bottom, 1), found), 2) & ~bottom
    # what runs on to the end of its reach is ground
    return whole if whole.sum() < 2.6 * found.sum() else found


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
    of_ground = Palette(colours[around], 8, 4.0).cost(smooth)
    upper = region & (np.arange(region.shape[0])[:, None] < np.percentile(np.nonzero(region)[0], 30))
    own = Palette(colours[upper], 3, 4.0).cost(smooth)
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
