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
    filled,
    floats,
    grab,
    opened,
    resized,
    touching,
)
from canvas.preview.people import Scene
from canvas.preview.words import Box

LEAST_LIKENESS: Final = 0.3  # of a thing's box and its usual place, for it to be taken as that thing


def thing_in_room(scene: Scene, boxes: tuple[Box, ...], size: tuple[int, int]) -> Bools:
    """The thing that stands at one of the usual places: what has colours that its surroundings have not.

    Args:
        scene: The picture.
        boxes: Where such a thing usually is, in parts of the picture's size.
        size: (width, height) of the mask wanted.
    """
    found = [_thing(scene, box) for box in boxes]
    likeness, region = max(found, key=lambda one: one[0])
    if likeness < LEAST_LIKENESS:
        region = _cut(scene, boxes[0])
    return resized(floats(region), *size) > 0.5


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


def _cut(scene: Scene, box: Box) -> Bools:
    """What a cut finds in a box; the box itself when that is nearly nothing or nearly all of it."""
    height, width = scene.shape
    inside = _filled_box(scene.shape, box)
    grown = dilated(inside, round(0.05 * min(height, width)))
    marks = np.where(inside, cv2.GC_PR_FGD, np.where(grown, cv2.GC_PR_BGD, cv2.GC_BGD)).astype(np.uint8)
    found = filled(closed(opened(grab(scene.pixels, marks, 3), 2), 2))
    labels, sizes = components(found)
    found &= (np.asarray(sizes) > 0.2 * max(sizes))[labels]
    left, top, right, bottom = bounds(found)
    spans = (right - left) > 0.6 * (box[2] - box[0]) * width and (bottom - top) > 0.6 * (box[3] - box[1]) * height
    return found if spans and 0.2 * inside.sum() < found.sum() < 1.2 * inside.sum() else inside


def _filled_box(shape: tuple[int, int], box: Box) -> Bools:
    height, width = shape
    found = np.zeros(shape, np.bool_)
    found[round(box[1] * height) : round(box[3] * height), round(box[0] * width) : round(box[2] * width)] = True
    return found


def surface(scene: Scene, boxes: tuple[Box, ...], size: tuple[int, int]) -> Bools:
    """A wall, a floor or a curtain: what has the most usual colours of the place where it is surely seen.

    Args:
        scene: The picture.
        boxes: Where such a surface usually is seen, in parts of the picture's size.
        size: (width, height) of the mask wanted.
    """
    sure = np.logical_or.reduce([_filled_box(scene.shape, box) for box in boxes])
    centres, spreads, weights = clusters(scene.colours[sure][:: max(1, int(sure.sum() // 4000))], 6)
    first = int(np.argmax(weights))
    # light and shade of the same material, not the other things that stand before it
    alike = np.abs(centres[:, 1:] - centres[first, 1:]).max(axis=1) < 6
    alike &= np.abs(centres[:, 0] - centres[first, 0]) < 18
    smooth = cv2.blur(scene.colours, (3, 3))
    cost = np.min(
        [
            (((smooth - centre) / np.sqrt(np.minimum(spread, 5) ** 2 + 16)) ** 2).sum(axis=2)
            for centre, spread, same in zip(centres, spreads, alike, strict=True)
            if same
        ],
        axis=0,
    )
    # a curtain ends where it is expected to, a wall and a floor go on
    wide = max(box[2] - box[0] for box in boxes) > 0.11
    near = dilated(sure, round((0.9 if wide else 0.04) * min(scene.shape)))
    region = closed(opened((cost < 5) & near & ~scene.head & ~scene.skin & ~scene.top & ~scene.bottom, 2), 2)
    labels, sizes = components(region)
    region &= (np.asarray(sizes) > 0.04 * max(sizes))[labels]
    region = touching(region, sure)
    if region.sum() < 0.15 * sure.sum():
        region = sure
    return resized(floats(region), *size) > 0.5
