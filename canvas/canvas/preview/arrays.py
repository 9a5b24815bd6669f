"""Numeric tools of the engine: colour spaces, blurs, regions, resampling.

OpenCV does the work where it has the tool. It runs in one thread: the engine is given one core, and what one seed
gives must not depend on how many there are.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]

cv2.setNumThreads(1)


def floats(values: object) -> Floats:
    """The values as a float32 array."""
    return np.asarray(values, np.float32)


def bools(values: object) -> Bools:
    """The values as an array of truths."""
    return np.asarray(values, np.bool_)


def lab(rgb: Floats) -> Floats:
    """CIE L*a*b* of sRGB pixels in 0 to 255 (D65)."""
    part = rgb / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    matrix = floats([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / floats([0.9505, 1.0, 1.089])
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = cube[..., 0], cube[..., 1], cube[..., 2]
    return floats(np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1))


def resized(values: Floats, width: int, height: int) -> Floats:
    """Values (2-D, or 3-D with channels last) at another size, smoothly."""
    shrinking = width * height < values.shape[0] * values.shape[1]
    way = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return floats(cv2.resize(np.ascontiguousarray(values, np.float32), (width, height), interpolation=way))


def box_mean(values: Floats, radius: int) -> Floats:
    """Mean over a (2 radius + 1) square; the picture's edge is mirrored."""
    if radius < 1:
        return values
    side = 2 * radius + 1
    return floats(cv2.blur(np.ascontiguousarray(values, np.float32), (side, side), borderType=cv2.BORDER_REFLECT))


def blur(values: Floats, sigma: float) -> Floats:
    """About a Gaussian blur: three box means; a wide one is done on a smaller copy."""
    factor = int(sigma // 3)
    height, width = values.shape[:2]
    if factor >= 2 and min(height, width) >= 8 * factor:
        coarse = resized(values, -(-width // factor), -(-height // factor))
        return resized(blur(coarse, sigma / factor), width, height)
    radius = max(0, round(sigma))
    for _ in range(3):
        values = box_mean(values, radius)
    return values


@cache
def _disc(steps: int) -> NDArray[np.uint8]:
    ys, xs = np.mgrid[-steps : steps + 1, -steps : steps + 1]
    octagon = (np.abs(xs) + np.abs(ys) <= 1.5 * steps) | (steps == 1) & (np.abs(xs) + np.abs(ys) <= 1)
    return np.asarray(octagon, np.uint8)


def dilated(region: Bools, steps: int) -> Bools:
    """The region and everything within ``steps`` pixels of it (an octagon's shape)."""
    if steps < 1:
        return region
    if steps > 5:  # a distance costs the same however far one goes
        if not region.any():
            return region
        away = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 3)
        return bools(away <= steps)
    return bools(cv2.dilate(region.astype(np.uint8), _disc(steps)))


def eroded(region: Bools, steps: int) -> Bools:
    """The region without everything within ``steps`` pixels of its outside; the picture's edge is no outside."""
    return ~dilated(~region, steps)


def closed(region: Bools, steps: int) -> Bools:
    """The region with gaps narrower than two steps closed."""
    return eroded(dilated(region, steps), steps)


def opened(region: Bools, steps: int) -> Bools:
    """The region without parts narrower than two steps."""
    return dilated(eroded(region, steps), steps)


def row_runs(row: Bools) -> list[tuple[int, int]]:
    """The runs of True in one row, as (first, last + 1)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def components(region: Bools) -> tuple[Ints, list[int]]:
    """Connected parts (4 neighbours): labels from 1, and each label's number of pixels, index 0 unused."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=4)
    return np.asarray(labels, np.int32), [0, *stats[1:, cv2.CC_STAT_AREA].tolist()]


def largest(region: Bools) -> Bools:
    """The largest connected part."""
    labels, sizes = components(region)
    if len(sizes) < 2:
        return region
    return bools(labels == 1 + int(np.argmax(sizes[1:])))


def touching(region: Bools, seeds: Bools) -> Bools:
    """The connected parts of the region that hold at least one seed."""
    labels, sizes = components(region)
    keep = np.zeros(len(sizes), np.bool_)
    keep[np.unique(labels[seeds & region])] = True
    keep[0] = False
    return bools(keep[labels])


def filled(region: Bools, below: int | None = None) -> Bools:
    """The region with its holes filled (only holes of fewer than ``below`` pixels, if given)."""
    labels, sizes = components(~region)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    hole = np.ones(len(sizes), np.bool_)
    hole[edge] = False
    hole[0] = False
    if below is not None:
        hole &= np.asarray(sizes) < below
    return region | hole[labels]


def geodesic(region: Bools, seeds: Bools) -> Floats:
    """Steps from the seeds to each pixel, walking inside the region only; infinite where one cannot get."""
    distance = np.full(region.shape, np.inf, np.float32)
    left, top, right, bottom = bounds(region)
    box = (slice(top, bottom), slice(left, right))
    inside, found = region[box], distance[box]
    front = seeds[box] & inside
    seen = front.copy()
    step = 0
    while front.any():
        found[front] = step
        step += 1
        wide = dilated(front, 1) if step % 3 else dilated(front, 2)  # a mix of both comes close to Euclid
        front = wide & inside & ~seen
        seen |= front
    return distance


def bounds(region: Bools) -> tuple[int, int, int, int]:
    """(left, top, right + 1, bottom + 1) of the region; all 0 when it is empty."""
    if not region.any():
        return 0, 0, 0, 0
    ys, xs = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


def spread(colours: Floats, known: Floats) -> Floats:
    """Colours filled outward into where ``known`` is 0 (push-pull), so that any pixel may be sampled."""
    if min(colours.shape[:2]) <= 2:
        total = known.sum()
        mean = (colours * known[..., None]).sum(axis=(0, 1)) / max(float(total), 1e-6)
        return floats(colours * known[..., None] + mean * (1 - known[..., None]))
    height, width = colours.shape[:2]
    small_size = ((width + 1) // 2, (height + 1) // 2)
    weight = resized(known, *small_size)
    small = resized(colours * known[..., None], *small_size) / np.maximum(weight, 1e-4)[..., None]
    below = spread(small, np.minimum(weight * 2, 1))
    return floats(colours * known[..., None] + resized(below, width, height) * (1 - known[..., None]))


def sampled(values: Floats, xs: Floats, ys: Floats) -> Floats:
    """Values at fractional places (bilinear); places outside take the nearest edge."""
    places = (np.ascontiguousarray(xs, np.float32), np.ascontiguousarray(ys, np.float32))
    if places[0].size == 0:
        return floats(np.zeros((*xs.shape, *values.shape[2:])))
    table = np.ascontiguousarray(values, np.float32)
    return floats(cv2.remap(table, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def clusters(points: Floats, count: int, rounds: int = 8) -> tuple[Floats, Floats, Floats]:
    """k-means: centres, spreads (root mean square, per channel) and weights (parts of 1); deterministic."""
    count = min(count, len(points))
    order = np.argsort(points[:, 0], kind="stable")
    centres = points[order[((np.arange(count) + 0.5) / count * len(points)).astype(int)]].copy()
    nearest = np.zeros(len(points), np.intp)
    for _ in range(rounds):
        away = ((points[:, None] - centres[None]) ** 2).sum(axis=2)
        nearest = away.argmin(axis=1)
        for index in range(count):
            mine = points[nearest == index]
            if len(mine):
                centres[index] = mine.mean(axis=0)
    spreads = np.stack(
        [
            points[nearest == index].std(axis=0) if (nearest == index).any() else np.zeros(points.shape[1])
            for index in range(count)
        ]
    )
    weights = np.bincount(nearest, minlength=count) / len(points)
    return centres, floats(spreads), floats(weights)


def grab(pixels: Floats, marks: NDArray[np.uint8], rounds: int) -> Bools:
    """GrabCut: what belongs together by colour and edges, from marks that say what is surely or probably in and out.

    Args:
        pixels: RGB 0 to 255.
        marks: ``cv2.GC_BGD``, ``GC_FGD``, ``GC_PR_BGD`` or ``GC_PR_FGD`` for each pixel.
        rounds: How often colours and cut are made anew.
    """
    inside = bools(marks & 1)
    if min(inside.sum(), (~inside).sum()) < 8:
        return inside
    cv2.setRNGSeed(1)
    found = marks.copy()
    models = np.zeros((1, 65)), np.zeros((1, 65))
    picture = np.ascontiguousarray(pixels, np.uint8)
    cv2.grabCut(picture, found, (0, 0, 0, 0), models[0], models[1], rounds, cv2.GC_INIT_WITH_MASK)
    return bools(found & 1)


def median_line(values: Sequence[float] | Floats, radius: int) -> Floats:
    """A running median over a line of values, with the ends repeated: single wild values vanish, steps stay."""
    line = floats(values)
    padded = np.pad(line, radius, mode="edge")
    return floats(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1), axis=1))


def smooth_line(values: Sequence[float] | Floats, radius: int) -> Floats:
    """A running mean over a line of values, with the ends repeated."""
    line = floats(values)
    if radius < 1 or len(line) < 3:
        return line
    padded = np.pad(line, radius, mode="edge")
    kernel = np.ones(2 * radius + 1, np.float32) / (2 * radius + 1)
    return floats(np.convolve(padded, kernel, mode="valid"))
