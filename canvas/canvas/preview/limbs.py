"""Sleeves, arms and legs: a middle line with half widths, read from a region."""

from dataclasses import dataclass

import numpy as np

from canvas.preview.arrays import Bools, Floats, bools, floats, geodesic


@dataclass(frozen=True, slots=True)
class Limb:
    """A sleeve, an arm or a leg: a middle line from the body outwards with half widths; in pixels of the picture."""

    xs: Floats
    ys: Floats
    half: Floats

    @property
    def along(self) -> Floats:
        """Length of the middle line up to each of its points."""
        steps = np.hypot(np.diff(self.xs), np.diff(self.ys))
        return floats(np.concatenate([[0], np.cumsum(steps)]))

    @property
    def length(self) -> float:
        """Length of the middle line."""
        return float(self.along[-1])

    def until(self, length: float) -> "Limb":
        """The limb up to a length along its middle line."""
        along = self.along
        keep = along < length
        keep[:1] = True
        lines = (self.xs, self.ys, self.half)
        ends = [float(np.interp(length, along, line)) for line in lines]
        return Limb(*(floats(np.append(line[keep], end)) for line, end in zip(lines, ends, strict=True)))

    def scaled(self, scale: float) -> "Limb":
        """The same limb in a picture ``scale`` times as large."""
        return Limb(self.xs * scale, self.ys * scale, self.half * scale)


def shoulder_end(part: Bools, line: Floats, chest: float) -> Bools:
    """Where a sleeve or an arm begins: the tip of the shoulder, at the upper end of the armhole ``line`` (x by row)."""
    ys, xs = np.nonzero(part)
    beside = np.abs(xs - line[ys]) < 0.12 * chest
    if not beside.any():
        return np.zeros_like(part)
    first = int(ys[beside].min())
    rows, columns = np.arange(part.shape[0])[:, None], np.arange(part.shape[1])[None]
    return bools(part & (rows < first + 0.10 * chest) & (np.abs(columns - line[first]) < 0.2 * chest))


def limb_from(part: Bools, start: Bools) -> Limb | None:
    """The middle line of a long region, from the pixels where it begins to its far end."""
    if not start.any():
        return None
    distance = geodesic(part, start)
    reach = np.isfinite(distance)
    if not reach.any():
        return None
    longest = float(distance[reach].max())
    if longest < 4:
        return None
    count = int(np.clip(longest / 5, 3, 40))
    size = longest / count
    bins = np.clip((np.where(reach, distance, 0) / size).astype(np.int32), 0, count - 1)[reach]
    ys, xs = np.nonzero(reach)
    number = np.maximum(np.bincount(bins, minlength=count), 1)
    mid_x = np.bincount(bins, xs, count) / number
    mid_y = np.bincount(bins, ys, count) / number
    half = number / size / 2
    keep = number > 2
    if keep.sum() < 3:
        return None
    # a low polynomial through the middles: a bent arm keeps its bend, single bins do not make it wobble
    at = (np.arange(count)[keep] + 0.5) / count
    degree = 2 if keep.sum() < 14 else 3
    ends = np.concatenate([at, [1.0]])
    weight = np.sqrt(number[keep])
    curves = [np.polyfit(at, values[keep], degree, w=weight) for values in (mid_x, mid_y)]
    widths = np.polyfit(at, half[keep], 2, w=weight)
    low, high = float(np.percentile(half[keep], 15)), float(np.percentile(half[keep], 90))
    return Limb(
        floats(np.polyval(curves[0], ends)),
        floats(np.polyval(curves[1], ends)),
        floats(np.clip(np.polyval(widths, ends), low, high)),
    )
