"""Numeric tools of the engine: colour spaces, blurs, regions, resampling; numpy and Pillow only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]


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
    if values.ndim == 3:
        return np.stack([resized(values[..., c], width, height) for c in range(values.shape[2])], axis=-1)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    shrinking = width * height < values.size
    return floats(picture.resize((width, height), Image.Resampling.BOX if shrinking else Image.Resampling.BILINEAR))


def box_mean(values: Floats, radius: int) -> Floats:
    """Mean over a (2 radius + 1) square; the edge counts only what is inside the picture."""
    if radius < 1:
        return values
    return _slide(_slide(values, radius, 0), radius, 1)


def _slide(values: Floats, radius: int, axis: int) -> Floats:
    size = values.shape[axis]
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    at = np.arange(size)
    low, high = np.maximum(at - radius, 0), np.minimum(at + radius + 1, size)
    count = floats(high - low).reshape(shape)
    if radius <= 4:  # a few additions are cheaper than a running sum
        total = values.astype(np.float32)
        for step in range(1, min(radius, size - 1) + 1):
            ahead, behind = [slice(None)] * values.ndim, [slice(None)] * values.ndim
            ahead[axis], behind[axis] = slice(step, None), slice(None, -step)
            total[tuple(behind)] += values[tuple(ahead)]
            total[tuple(ahead)] += values[tuple(behind)]
        return floats(total / count)
    pad = [(0, 0)] * values.ndim
    pad[axis] = (1, 0)
    running = np.pad(np.cumsum(values, axis=axis, dtype=np.float64), pad)
    return floats((np.take(running, high, axis=axis) - np.take(running, low, axis=axis)) / count)


def blur(values: Floats, sigma: float) -> Floats:
    """About a Gaussian blur of a 2-D array: three box means; a wide one is done on a smaller copy."""
    factor = int(sigma // 3)
    height, width = values.shape[:2]
    if factor >= 2 and min(height, width) >= 8 * factor:
        coarse = resized(values, -(-width // factor), -(-height // factor))
        return resized(blur(coarse, sigma / factor), width, height)
    radius = max(0, round(sigma))
    for _ in range(3):
        values = box_mean(values, radius)
    return values


def dilated(region: Bools, steps: int) -> Bools:
    """The region and everything within ``steps`` pixels of it (an octagon's shape)."""
    grown = region.copy()
    for step in range(steps):
        wide = grown.copy()
        wide[1:] |= grown[:-1]
        wide[:-1] |= grown[1:]
        wide[:, 1:] |= grown[:, :-1]
        wide[:, :-1] |= grown[:, 1:]
        if step % 2:
            wide[1:, 1:] |= grown[:-1, :-1]
            wide[:-1, :-1] |= grown[1:, 1:]
            wide[1:, :-1] |= grown[:-1, 1:]
            wide[:-1, 1:] |= grown[1:, :-1]
        grown = wide
    return grown


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
    parent: list[int] = [0]

    def root(label: int) -> int:
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    labels = np.zeros(region.shape, np.int32)
    # all runs of all rows at once: first and last + 1 of each, in reading order
    edges = np.diff(np.pad(region.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    above: list[tuple[int, int, int]] = []
    here: list[tuple[int, int, int]] = []
    last = -1
    for y, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if y != last:
            above, here, last = (here if y == last + 1 else []), [], y
        touching = {root(label) for a, b, label in above if a < end and b > start}
        if touching:
            label = min(touching)
            for other in touching:
                parent[other] = label
        else:
            label = len(parent)
            parent.append(label)
        labels[y, start:end] = label
        here.append((start, end, label))
    if len(parent) == 1:
        return labels, [0]
    roots = np.asarray([0] + [root(label) for label in range(1, len(parent))])
    names, compact = np.unique(roots, return_inverse=True)
    found = compact[labels].astype(np.int32)
    return found, np.bincount(found.ravel(), minlength=len(names)).tolist()


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
    height, width = values.shape[:2]
    xs = np.clip(xs, 0, width - 1.001)
    ys = np.clip(ys, 0, height - 1.001)
    x0, y0 = xs.astype(np.int32), ys.astype(np.int32)
    fx, fy = floats(xs - x0), floats(ys - y0)
    if values.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    flat = values.reshape(height * width, *values.shape[2:])
    at = y0 * width + x0
    top = flat[at] * (1 - fx) + flat[at + 1] * fx
    low = flat[at + width] * (1 - fx) + flat[at + width + 1] * fx
    return floats(top * (1 - fy) + low * fy)


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
