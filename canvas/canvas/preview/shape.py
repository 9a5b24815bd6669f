"""Reads the shape of a garment, on a body or laid flat: torso, sleeves and legs, each with its own coordinates."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from canvas.preview.arrays import (
    Bools,
    Floats,
    bounds,
    floats,
    largest,
    median_line,
    opened,
    row_runs,
    smooth_line,
)
from canvas.preview.limbs import Limb, limb_from, shoulder_end

LEFT: Final = 0  # of the picture, not of the person
RIGHT: Final = 1


@dataclass(frozen=True, slots=True)
class Trunk:
    """The sides of a torso, a skirt or a leg: for every row from ``top`` to ``bottom`` its left and right edge."""

    top: float
    bottom: float
    left: Floats
    right: Floats

    def sides(self, ys: Floats) -> tuple[Floats, Floats]:
        """Left and right edge at given heights; the first and last row continue outwards."""
        at = np.linspace(self.top, self.bottom, len(self.left))
        return floats(np.interp(ys, at, self.left)), floats(np.interp(ys, at, self.right))

    def scaled(self, scale: float) -> "Trunk":
        """The same trunk in a picture ``scale`` times as large."""
        return Trunk(self.top * scale, self.bottom * scale, self.left * scale, self.right * scale)


@dataclass(frozen=True, slots=True)
class Upper:
    """A top or a dress: trunk, shoulder and armpit heights, width between the armpits, sleeves (left, right), and the
    lowest point of the neckline (None where there is none to be seen)."""

    trunk: Trunk
    shoulder: float
    armpit: float
    chest: float
    sleeves: tuple[Limb | None, Limb | None]
    sleeve_regions: tuple[Bools, Bools]
    neck: tuple[float, float] | None = None

    def scaled(self, scale: float) -> "Upper":
        """The same in a picture ``scale`` times as large (the regions keep their size)."""
        left, right = (limb.scaled(scale) if limb else None for limb in self.sleeves)
        return Upper(
            self.trunk.scaled(scale), self.shoulder * scale, self.armpit * scale, self.chest * scale, (left, right),
            self.sleeve_regions, (self.neck[0] * scale, self.neck[1] * scale) if self.neck else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lower:
    """Trousers, shorts or a skirt: its whole outline, and below the crotch the legs (None for a skirt)."""

    outline: Trunk
    crotch: float
    legs: tuple[Trunk, Trunk] | None

    def scaled(self, scale: float) -> "Lower":
        """The same in a picture ``scale`` times as large."""
        legs = (self.legs[0].scaled(scale), self.legs[1].scaled(scale)) if self.legs else None
        return Lower(self.outline.scaled(scale), self.crotch * scale, legs)


def read_upper(region: Bools) -> Upper | None:
    """The parts of a top or dress; None when the region is too small to have any."""
    left, top, right, bottom = bounds(region)
    if bottom - top < 12 or right - left < 8:
        return None
    edges = _middle_runs(region, top, bottom)
    if edges is None:
        return None
    rows, lefts, rights = edges
    start = int(np.searchsorted(rows, top + 0.75 * (bottom - top)))
    pits = (_armpit(lefts, rights, start, LEFT), _armpit(lefts, rights, start, RIGHT))
    known = [pit for pit in pits if pit is not None]
    chest_row = max(known) if known else start
    chest = float(rights[chest_row] - lefts[chest_row])
    if known:
        inner = slice(chest_row, min(len(rows), chest_row + max(3, (bottom - top) // 14)))
        chest = float(np.median(rights[inner] - lefts[inner]))
    for side, pit in ((LEFT, pits[LEFT]), (RIGHT, pits[RIGHT])):
        _armhole(lefts, rights, side, pit, chest)
    tips = []
    for side in (LEFT, RIGHT):
        line = lefts if side == LEFT else rights
        known_pit = pits[side]
        pit = chest_row if known_pit is None else known_pit
        column = int(np.clip(line[max(0, pit // 2)] + (2 if side == LEFT else -3), 0, region.shape[1] - 1))
        column_rows = np.flatnonzero(region[:, column])
        tips.append(float(column_rows[0]) if len(column_rows) else float(top))
    shoulder = float(np.mean(tips))
    armpit = float(rows[chest_row]) if known else shoulder + 0.42 * chest
    skip = _hem(lefts, rights, chest_row)
    at = np.arange(len(lefts))
    base = slice(max(chest_row, skip - max(6, round(0.12 * len(lefts)))), skip)
    if base.stop - base.start > 2:
        for line in (lefts, rights):
            line[skip:] = np.polyval(np.polyfit(at[base], line[base], 1), at[skip:])
    trunk = Trunk(float(rows[0]), float(rows[-1] + 1), smooth_line(lefts, 2), smooth_line(rights, 2))
    regions = _sleeve_regions(region, rows, lefts, rights)
    sleeves = tuple(
        _sleeve(regions[side], rows, lefts if side == LEFT else rights, pits[side], chest) for side in (LEFT, RIGHT)
    )
    armpit = max(armpit, shoulder + 0.12 * chest)
    neck = _neckline(region, trunk, shoulder, chest)
    return Upper(trunk, shoulder, armpit, chest, (sleeves[0], sleeves[1]), regions, neck)


def _neckline(region: Bools, trunk: Trunk, shoulder: float, chest: float) -> tuple[float, float] | None:
    """The middle and the lowest row of the bay that a neck leaves in the upper edge."""
    left, right = (float(side[0]) for side in trunk.sides(floats([shoulder + 0.2 * chest])))
    start, end = max(0, round(left + 0.08 * chest)), min(region.shape[1], round(right - 0.08 * chest))
    columns = np.arange(start, end)
    if len(columns) < 6:
        return None
    first = np.where(region[:, columns].any(axis=0), region[:, columns].argmax(axis=0), region.shape[0]).astype(float)
    # a bay has cloth higher up at both of its sides
    level = np.maximum(np.minimum.accumulate(first), np.minimum.accumulate(first[::-1])[::-1])
    deep = first - level
    most = float(deep.max())
    if not 0.05 * chest < most < 0.65 * chest:
        return None
    inside = columns[deep > 0.6 * most]
    return float(inside.mean()) + 0.5, float(first[deep > 0.9 * most].mean())


def _hem(lefts: Floats, rights: Floats, first: int) -> int:
    """The row from which a torso's sides are no more its own: its round corners, or a hem that hangs aslant."""
    wide = rights - lefts
    third = (len(wide) - first) // 3
    usual = float(np.median(wide[first + third : first + 2 * third + 1]))
    ends = len(wide) - max(4, round(0.05 * len(wide)))
    narrow = np.flatnonzero(wide[first:ends] < 0.86 * usual)
    tail = narrow[narrow > 2 * third]
    return min(ends, first + int(tail[0])) if len(tail) else ends


def _middle_runs(region: Bools, top: int, bottom: int) -> tuple[Floats, Floats, Floats] | None:
    """For each row the run around the middle, followed up and down from three quarters of the height."""
    start = min(bottom - 1, top + round(0.75 * (bottom - top)))
    lower = region[start : max(start + 1, bottom)]
    axis = float(np.median(np.nonzero(lower)[1])) if lower.any() else 0.0
    found: dict[int, tuple[int, int]] = {}
    for rows in (range(start, top - 1, -1), range(start + 1, bottom)):
        middle, last = axis, None
        for y in rows:
            runs = row_runs(region[y])
            if not runs:
                run = last
            else:
                run = min(runs, key=lambda one: max(one[0] - middle, middle - one[1], 0.0) - 0.001 * (one[1] - one[0]))
            if run is None:
                continue
            if y > start and not run[0] - 2 <= middle <= run[1] + 2:
                break  # below the hem only cuffs are left
            if last is not None and abs((run[1] - run[0]) - (last[1] - last[0])) < 0.1 * (last[1] - last[0]):
                middle = 0.7 * middle + 0.3 * (run[0] + run[1]) / 2
            found[y] = last = run
    if len(found) < 6:
        return None
    ys = sorted(found)
    lefts, rights = ([found[y][side] for y in ys] for side in (0, 1))
    return floats(ys), median_line(lefts, 3), median_line(rights, 3)


def _armpit(lefts: Floats, rights: Floats, start: int, side: int) -> int | None:
    """The row at which, going up, the side jumps outwards to a sleeve."""
    line = -lefts if side == LEFT else rights
    step = 3
    for row in range(start, step - 1, -1):
        width = rights[row] - lefts[row]
        if line[row - step] - line[row] > 0.045 * width and row < start:
            # leave the slope of the sleeve's underside behind
            return min(row + 1, len(lefts) - 1)
    return None


def _armhole(lefts: Floats, rights: Floats, side: int, pit: int | None, chest: float) -> None:
    """Above the armpit the side is the seam of the sleeve: straight up, leaning in a little."""
    line = lefts if side == LEFT else rights
    sign = 1 if side == LEFT else -1
    if pit is None:
        # no sleeve: straight up from where the side is furthest out
        upper = line[: max(2, len(line) // 3)]
        pit = int(np.argmin(upper) if side == LEFT else np.argmax(upper))
        line[:pit] = line[pit]
        return
    lean = np.clip(np.arange(pit, 0, -1) / max(chest * 0.45, 1), 0, 1)
    base = float(np.median(line[pit : pit + 4]))
    line[:pit] = base + sign * 0.05 * chest * np.clip(1 - np.arange(pit) / max(pit, 1), 0, 1) * min(
        1.0, float(lean.max(initial=0))
    )


def _sleeve_regions(region: Bools, rows: Floats, lefts: Floats, rights: Floats) -> tuple[Bools, Bools]:
    height, width = region.shape
    xs = np.arange(width)[None]
    every = np.arange(height)
    left_line = np.interp(every, rows, lefts)[:, None]
    right_line = np.interp(every, rows, rights)[:, None]
    left, right = region & (xs < left_line), region & (xs >= right_line)
    return largest(left), largest(right)


def _sleeve(part: Bools, rows: Floats, line: Floats, pit: int | None, chest: float) -> Limb | None:
    if pit is None:
        return None
    part = largest(opened(part, max(1, round(0.035 * chest))))  # without slivers of shadow along an arm
    if part.sum() < 0.02 * chest * chest:
        return None
    return limb_from(part, shoulder_end(part, floats(np.interp(np.arange(part.shape[0]), rows, line)), chest))


def straight_ends(lefts: Floats, rights: Floats, part: float = 0.06) -> tuple[Floats, Floats]:
    """The sides without the round corners of hem and waist: the first and last rows continue the rows between."""
    count = len(lefts)
    skip = round(count * part)
    if skip < 2 or count < 6 * skip:
        return lefts, rights
    at = np.arange(count)
    lines = []
    for line in (lefts.copy(), rights.copy()):
        for rows, base in (
            (at[:skip], at[skip : 3 * skip]),
            (at[-skip:], at[-3 * skip : -skip]),
        ):
            slope, start = np.polyfit(base, line[base], 1)
            line[rows] = slope * rows + start
        lines.append(floats(line))
    return lines[0], lines[1]


def read_lower(region: Bools) -> Lower | None:
    """The parts of trousers, shorts or a skirt; None when the region is too small to have any."""
    left, top, right, bottom = bounds(region)
    if bottom - top < 10 or right - left < 6:
        return None
    lefts: list[float] = []
    rights: list[float] = []
    gaps: list[tuple[int, int] | None] = []
    for y in range(top, bottom):
        runs = [run for run in row_runs(region[y]) if run[1] - run[0] > 0.04 * (right - left)]
        if not runs:
            lefts.append(lefts[-1] if lefts else left)
            rights.append(rights[-1] if rights else right)
            gaps.append(None)
            continue
        lefts.append(runs[0][0])
        rights.append(runs[-1][1])
        holes = [(a[1], b[0]) for a, b in pairwise(runs) if b[0] - a[1] >= 2]
        gaps.append(max(holes, key=lambda one: one[1] - one[0]) if holes else None)
    sides = straight_ends(floats(lefts), floats(rights))
    outline = Trunk(float(top), float(bottom), smooth_line(sides[0], 1), smooth_line(sides[1], 1))
    low = gaps[int(len(gaps) * 0.7) : int(len(gaps) * 0.97)]
    if not low or sum(gap is not None for gap in low) < 0.6 * len(low):
        return Lower(outline, float(bottom), None)
    crotch = int(len(gaps) * 0.7)
    while crotch > 1 and (gaps[crotch - 1] is not None or gaps[crotch - 2] is not None):
        crotch -= 1
    inner_left, inner_right = [], []
    last = next(gap for gap in gaps[crotch:] if gap is not None)
    middle = (last[0] + last[1]) / 2
    for gap in gaps[crotch:]:
        last = gap or last
        inner_left.append(last[0])
        inner_right.append(last[1])
    inner_left[0] = inner_right[0] = round(middle)
    first = float(top + crotch)
    legs = (
        Trunk(first, float(bottom), *straight_ends(smooth_line(lefts[crotch:], 1), floats(inner_left), 0.03)),
        Trunk(first, float(bottom), *straight_ends(floats(inner_right), smooth_line(rights[crotch:], 1), 0.03)),
    )
    return Lower(outline, first, legs)
