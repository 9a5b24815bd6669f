"""The person who is dressed: parts and measures of their body, in pixels of the picture that is painted."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from canvas.preview.arrays import (
    Bools,
    Floats,
    bools,
    bounds,
    closed,
    components,
    dilated,
    floats,
    resized,
    spread,
    touching,
)
from canvas.preview.faces import Face
from canvas.preview.limbs import Limb, limb_from, shoulder_end
from canvas.preview.people import Scene
from canvas.preview.product import brightness, matte
from canvas.preview.shape import LEFT, RIGHT, Lower, Upper, read_lower, read_upper

HAND: Final = 1.02  # a hand's length in face widths


@dataclass(frozen=True, slots=True)
class Body:
    """A person: what they wear, by part, with mattes of the picture's size (0 to 1) and shapes in its pixels.

    ``arms`` run from the tip of each shoulder to the wrist. ``ground`` is the picture without the person, guessed.
    """

    pixels: Floats
    scene: Scene
    face: Face
    unit: float
    neck: float
    upper: Upper | None
    lower: Lower | None
    arms: tuple[Limb | None, Limb | None]
    feet: tuple[tuple[float, float, float, float], ...]
    top: Floats
    bottom: Floats
    shoes: Floats
    head: Floats
    hands: Floats
    skin: Floats
    ground: Floats
    skin_colour: Floats

    @property
    def runs_out(self) -> bool:
        """Whether the picture ends before the legs do."""
        if self.lower is None:
            return True
        return self.lower.outline.bottom > 0.95 * self.size[1] and not self.feet

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.pixels.shape[1], self.pixels.shape[0]


def read_body(pixels: Floats, scene: Scene) -> Body | None:
    """The person in a picture that was looked at before; None when there is nobody.

    Args:
        pixels: The picture, RGB 0 to 255.
        scene: What ``read_scene`` found in it.
    """
    face = scene.face
    if face is None:
        return None
    size = (pixels.shape[1], pixels.shape[0])
    scale = size[0] / scene.shape[1]
    guide = brightness(pixels)
    upper = read_upper(scene.top)
    lower = read_lower(scene.bottom)
    arms, hands = _arms(scene, face, upper)
    person = scene.skin | scene.head | scene.top | scene.bottom | scene.shoes
    if scene.studio:
        person = person | scene.front
    known = floats(~dilated(person, 4))
    ground = resized(spread(scene.pixels, known), *size) if known.sum() > 50 else pixels
    face_skin = scene.skin & scene.head
    tone = scene.pixels[face_skin] if face_skin.sum() > 20 else scene.pixels[scene.skin]
    colour = floats(np.percentile(tone, 60, axis=0)) if len(tone) else floats([205, 160, 135])
    big = Face(face.x * scale, face.width * scale, face.top * scale, face.chin * scale)
    return Body(
        pixels, scene, big, big.width, _neck(scene, face) * scale,
        upper.scaled(scale) if upper else None,
        lower.scaled(scale) if lower else None,
        (arms[LEFT].scaled(scale) if arms[LEFT] else None, arms[RIGHT].scaled(scale) if arms[RIGHT] else None),
        tuple((a * scale, b * scale, c * scale, d * scale) for a, b, c, d in _feet(scene, lower, face)),
        matte(scene.top, guide, size), matte(scene.bottom, guide, size), matte(scene.shoes, guide, size),
        matte(scene.head, guide, size), matte(hands, guide, size), matte(scene.skin, guide, size),
        floats(ground), colour,
    )  # fmt: skip


def _neck(scene: Scene, face: Face) -> float:
    """The middle of the neck, where it goes into the garment."""
    ys, xs = np.nonzero(scene.skin & scene.head)
    low = ys > ys.max(initial=0) - 0.3 * face.width
    return float(np.median(xs[low])) if low.any() else face.x


def _arms(scene: Scene, face: Face, upper: Upper | None) -> tuple[tuple[Limb | None, Limb | None], Bools]:
    """Both arms from shoulder to wrist, sleeves included, and the hands."""
    hands = np.zeros(scene.shape, np.bool_)
    if upper is None:
        return (None, None), hands
    height, width = scene.shape
    rows = floats(np.arange(height))
    lines = upper.trunk.sides(rows)
    middle = (lines[0] + lines[1])[:, None] / 2
    bare = scene.skin & ~dilated(scene.head, 1) & (rows[:, None] > upper.shoulder - 0.1 * upper.chest)
    bare &= ~touching(bare, bare & dilated(scene.head, 3))  # a neck is no arm
    labels, sizes = components(bare)
    arms: list[Limb | None] = []
    for side in (LEFT, RIGHT):
        beside = np.arange(width)[None] < middle if side == LEFT else np.arange(width)[None] >= middle
        own = np.zeros(len(sizes), np.bool_)
        for label in range(1, len(sizes)):
            if sizes[label] < 6:
                continue
            part = labels == label
            own[label] = (part & beside).sum() > 0.6 * sizes[label]
        sleeve = upper.sleeve_regions[side]
        whole = closed(sleeve | own[labels], 3)
        start = shoulder_end(whole, lines[side], upper.chest)
        limb = limb_from(touching(whole, start), start) if start.any() else None
        if limb is not None and own.any():
            hands |= _hand(limb, own[labels], face)
            limb = limb.until(max(limb.length - HAND * face.width, limb.length / 3))
        arms.append(limb)
    return (arms[LEFT], arms[RIGHT]), hands


def _hand(arm: Limb, bare: Bools, face: Face) -> Bools:
    """The last part of an arm: everything bare that lies beyond the wrist."""
    along = arm.along
    wrist = max(0.0, arm.length - HAND * face.width)
    x, y = float(np.interp(wrist, along, arm.xs)), float(np.interp(wrist, along, arm.ys))
    ahead = min(arm.length, wrist + 0.4 * face.width)
    dx, dy = float(np.interp(ahead, along, arm.xs)) - x, float(np.interp(ahead, along, arm.ys)) - y
    ys, xs = np.mgrid[0 : bare.shape[0], 0 : bare.shape[1]]
    beyond = (xs - x) * dx + (ys - y) * dy > 0
    return bools(bare & beyond & (np.hypot(xs - x, ys - y) < 1.6 * face.width))


def _feet(scene: Scene, lower: Lower | None, face: Face) -> list[tuple[float, float, float, float]]:
    """Boxes (left, top, right, bottom) of the shoes; guessed from the trouser legs when no shoe is seen."""
    labels, sizes = components(scene.shoes)
    boxes = [bounds(labels == label) for label in range(1, len(sizes)) if sizes[label] > 0.08 * face.width**2]
    height = scene.shape[0]
    boxes = [box for box in boxes if box[3] < height or box[3] - box[1] > 0.45 * face.width]  # not a corner of one
    boxes = sorted(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)[:2]
    if boxes:
        return [tuple(map(float, box)) for box in sorted(boxes)]  # type: ignore[misc]
    if lower is None or lower.outline.bottom > 0.95 * scene.shape[0] or not scene.plain:
        return []  # the picture ends above them, or nothing tells them from the ground
    low = lower.outline.bottom
    legs = lower.legs or (lower.outline,)
    found = []
    for leg in legs:
        left, right = (float(side[0]) for side in leg.sides(floats([low - 2])))
        wide = max(right - left, 0.35 * face.width)
        middle = (left + right) / 2
        found.append((middle - wide * 0.55, low - 0.1 * face.width, middle + wide * 0.55, low + 0.5 * face.width))
    return found
