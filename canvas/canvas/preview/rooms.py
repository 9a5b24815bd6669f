"""Finds what a prompt names in a picture of a room: furniture in its usual place, and surfaces."""

from typing import Final

import cv2
import numpy as np

from canvas.preview.arrays import (
    Bools,
    bounds,
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
    resized,
    touching,
)
from canvas.preview.people import Scene
from canvas.preview.words import Box

EDGE: Final = 11.0  # of how much colours change over a few pixels, in L*a*b* and Sobel's units, for it to be an edge
LEAST_LIKENESS: Final = 0.3  # of a thing's box and its usual place, for it to be taken as that thing


def thing_in_room(scene: Scene, boxes: tuple[Box, ...], size: tuple[int, int]) -> tuple[Bools, bool]:
    """The thing that stands at one of the usual places, and whether it was found: what has colours that its
    surroundings have not, else what a cut tells from the rim of its place, else (not found) the place.

    Args:
        scene: The picture.
        boxes: Where such a thing usually is, in parts of the picture's size.
        size: (width, height) of the mask wanted.
    """
    found = [_thing(scene, box) for box in boxes]
    likeness, region = max(found, key=lambda one: one[0])
    seen = True
    if likeness >= LEAST_LIKENESS:
        region = _refined(scene, region)
    else:
        cuts = [one for one in (_cut(scene, box) for box in boxes) if one is not None]
        seen = bool(cuts)
        region = cuts[0] if cuts else _filled_box(scene.shape, boxes[0])
    return resized(floats(region), *size) > 0.5, seen


def flat_thing(scene: Scene, box: Box, size: tuple[int, int]) -> tuple[Bools, Bools, bool]:
    """What lies on the floor at its usual place: its whole outline, what stands on it, and whether it was found."""
    inside = _filled_box(scene.shape, box)
    found = _cut(scene, box, rim=0.05)
    nothing = np.zeros(scene.shape, np.bool_)
    if found is None:
        whole, upon = inside, nothing
    else:
        points = np.argwhere(found)[:, ::-1].astype(np.int32)
        hull = np.zeros(scene.shape, np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(points[:, None]), (1,))
        whole = np.asarray(hull, np.bool_)
        steps = max(2, round(0.016 * min(scene.shape)))
        other = whole & ~largest(found)
        # a pattern is thin, and so is a table's leg, which belongs to the thick thing that it carries
        thick = opened(other & eroded(whole, steps), steps)
        upon = filled(touching(other & dilated(thick, 6 * steps), thick))
    return (resized(floats(whole), *size) > 0.5, resized(floats(upon), *size) > 0.5, found is not None)


def _thing(scene: Scene, box: Box) -> tuple[float, Bools]:
    height, width = scene.shape
    left, top, right, bottom = (
        round(part * side) for part, side in zip(box, (width, height, width, height), strict=True)
    )
    prior = np.zeros((height, width), np.bool_)
    prior[top:bottom, left:right] = True
    room = round(0.06 * min(width, height))
    wider = np.zeros_like(prior)
    wider[max(0, top - room) : bottom + room, max(0, left - room) : right + room] = True
    around = np.zeros_like(prior)
    around[max(0, top - 3 * room) : bottom + 3 * room, max(0, left - 3 * room) : right + 3 * room] = True
    around &= ~wider
    centres, spreads, weights = clusters(scene.colours[around][:: max(1, int(around.sum() // 4000))], 12)
    cost = np.min(
        [
            (((scene.colours - centre) / np.sqrt(spread**2 + 25)) ** 2).sum(axis=2)
            for centre, spread, weight in zip(centres, spreads, weights, strict=True)
            if weight > 0.01
        ],
        axis=0,
    )
    # things that touch are parted by opening more; the opening is right that leaves the most likely thing
    found = [_likely(opened((cost > 2.3) & wider, steps), wider, prior) for steps in (1, 2, 4)]
    return max(found, key=lambda one: one[0])


def _likely(odd: Bools, wider: Bools, prior: Bools) -> tuple[float, Bools]:
    """The part of what is odd that is most in the usual place, and how much it is like it."""
    odd = closed(odd, 3) & wider
    labels, sizes = components(odd)
    if len(sizes) < 2:
        return 0.0, prior
    label = 1 + int(np.argmax([((labels == index) & prior).sum() for index in range(1, len(sizes))]))
    region = filled(labels == label)
    left, top, right, bottom = bounds(prior)
    area = bounds(region)
    shared = max(0, min(area[2], right) - max(area[0], left)) * max(0, min(area[3], bottom) - max(area[1], top))
    either = (area[2] - area[0]) * (area[3] - area[1]) + (right - left) * (bottom - top) - shared
    likeness = shared / max(either, 1)
    # of one thing and of that with its neighbours, the one thing fills its box better
    solid = region.sum() / max((area[2] - area[0]) * (area[3] - area[1]), 1)
    return (likeness * solid**2 + 0.3, region) if likeness > LEAST_LIKENESS else (0.1, prior)


def _cut(scene: Scene, box: Box, rim: float = 0.08) -> Bools | None:
    """What a cut tells apart from the rim of a box; None when that is nearly nothing or nearly all of it."""
    height, width = scene.shape
    inside = _filled_box(scene.shape, box)
    left, top, right, bottom = bounds(inside)
    edge = max(2, round(rim * min(right - left, bottom - top)))
    marks = np.full((bottom - top, right - left), cv2.GC_BGD, np.uint8)
    marks[edge:-edge, edge:-edge] = cv2.GC_PR_FGD
    found = np.zeros((height, width), np.bool_)
    found[top:bottom, left:right] = grab(scene.pixels[top:bottom, left:right], marks, 5)
    found = closed(opened(found, 1), 1)
    if not found.any():
        return None
    labels, sizes = components(found)
    found &= (np.asarray(sizes) > 0.2 * max(sizes))[labels]
    area = bounds(found)
    spans = area[2] - area[0] > 0.4 * (right - left) and area[3] - area[1] > 0.3 * (bottom - top)
    return found if spans and 0.08 * inside.sum() < found.sum() < 0.85 * inside.sum() else None


def _refined(scene: Scene, region: Bools) -> Bools:
    """A thing that was found by its colours, with its tips and its foot: what a cut joins to it."""
    reach = max(4, round(0.05 * min(scene.shape)))
    near = dilated(region, reach)
    left, top, right, bottom = bounds(near)
    marks = np.where(region, cv2.GC_PR_FGD, np.where(near, cv2.GC_PR_BGD, cv2.GC_BGD)).astype(np.uint8)
    marks[eroded(region, 2)] = cv2.GC_FGD
    found = np.zeros_like(region)
    box = (slice(top, bottom), slice(left, right))
    found[box] = grab(scene.pixels[box], marks[box], 3)
    found = filled(touching(found, region))
    return found if 0.7 * region.sum() < found.sum() < 1.6 * region.sum() else region


def _filled_box(shape: tuple[int, int], box: Box) -> Bools:
    height, width = shape
    found = np.zeros(shape, np.bool_)
    found[round(box[1] * height) : round(box[3] * height), round(box[0] * width) : round(box[2] * width)] = True
    return found


def surface(scene: Scene, boxes: tuple[Box, ...], size: tuple[int, int], *, smooth: bool) -> Bools:
    """A wall, a floor or a curtain: what has the most usual colours of the place where it is surely seen.

    Args:
        scene: The picture.
        boxes: Where such a surface usually is seen, in parts of the picture's size.
        size: (width, height) of the mask wanted.
        smooth: Whether it has no lines of its own: then an edge ends it, also towards what has its colours.
    """
    sure = np.logical_or.reduce([_filled_box(scene.shape, box) for box in boxes])
    centres, spreads, weights = clusters(scene.colours[sure][:: max(1, int(sure.sum() // 4000))], 6)
    first = int(np.argmax(weights))
    # light and shade of the same material, not the other things that stand before it
    alike = np.abs(centres[:, 1:] - centres[first, 1:]).max(axis=1) < 6
    alike &= np.abs(centres[:, 0] - centres[first, 0]) < 18
    soft = floats(cv2.blur(scene.colours, (3, 3)))
    # what has the same colours but stands before it is parted from it by an edge
    steep = np.abs(cv2.Sobel(soft, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    calm = steep.sum(axis=2) < EDGE
    cost = np.min(
        [
            (((soft - centre) / np.sqrt(np.minimum(spread, 5) ** 2 + 16)) ** 2).sum(axis=2)
            for centre, spread, same in zip(centres, spreads, alike, strict=True)
            if same
        ],
        axis=0,
    )
    # a curtain ends where it is expected to, a wall and a floor go on
    wide = max(box[2] - box[0] for box in boxes) > 0.11
    near = dilated(sure, round((0.9 if wide else 0.04) * min(scene.shape)))
    own = (cost < 5) & near & ~scene.head & ~scene.skin & ~scene.top & ~scene.bottom
    region = opened(own & calm, 2) if smooth else closed(opened(own, 2), 2)
    labels, sizes = components(region)
    region &= (np.asarray(sizes) > 0.06 * max(sizes))[labels]
    region = touching(region, sure)
    if smooth:
        region = dilated(closed(region | (dilated(region, 3) & own), 2), 1)
    if region.sum() < 0.15 * sure.sum():
        region = sure
    return resized(floats(region), *size) > 0.5
