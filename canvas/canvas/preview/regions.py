"""Which part of the picture may change: by garment class, by prompt, or as drawn by the caller."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from canvas.preview.arrays import (
    Bools,
    Floats,
    blur,
    bounds,
    dilated,
    floats,
    geodesic,
    resized,
)
from canvas.preview.body import Body
from canvas.preview.product import Group

GROUPS: Final[Mapping[str, Group]] = {
    **dict.fromkeys(
        ("UPPER_BODY", "LONG_SLEEVE_SHIRT", "SHORT_SLEEVE_SHIRT", "NO_SLEEVE_SHIRT", "OTHER_UPPER_BODY"), "upper"
    ),
    **dict.fromkeys(("LOWER_BODY", "LONG_PANTS", "SHORT_PANTS", "OTHER_LOWER_BODY"), "lower"),
    **dict.fromkeys(("FULL_BODY", "LONG_DRESS", "SHORT_DRESS", "FULL_BODY_OUTFIT", "OTHER_FULL_BODY"), "full"),
    **dict.fromkeys(("FOOTWEAR", "SHOES", "BOOTS", "OTHER_FOOTWEAR"), "feet"),
}


def class_region(body: Body, garment_class: str) -> Bools:
    """The part of a person that a garment class covers, at the picture's size, before exclusions.

    Generic upper classes take the arms in full length, generic lower ones the legs; fine ones stop where such a
    garment stops (Amazon Nova user guide, virtual try-on, "garment-based mask").
    """
    group = GROUPS[garment_class]
    region = np.zeros((body.size[1], body.size[0]), np.bool_)
    if group in {"upper", "full"}:
        region |= dilated(body.top > 0.02, max(1, round(0.03 * body.unit)))
        if garment_class != "NO_SLEEVE_SHIRT":
            region |= _arms(body, 0.5 if garment_class == "SHORT_SLEEVE_SHIRT" else 1.0)
    if group in {"lower", "full"}:
        region |= body.bottom > 0.02
        region |= _between_legs(body)
    if group == "feet":
        region |= body.shoes > 0.02
        for left, top, right, bottom in body.feet:
            region[max(0, int(top)) : int(bottom) + 1, max(0, int(left)) : int(right) + 1] = True
    return region


def class_limit(body: Body, garment_class: str, *, bent: bool) -> Bools | None:
    """Where a fine class ends, whatever the product's own length; None when the class sets no limit.

    ``bent``: the legs are, so that a knee is where half of a leg is behind one and not at a height.
    """
    ys = np.arange(body.size[1])[:, None]
    everywhere = np.ones((body.size[1], body.size[0]), np.bool_)
    if garment_class in {"SHORT_SLEEVE_SHIRT", "NO_SLEEVE_SHIRT"}:
        part = 0.5 if garment_class == "SHORT_SLEEVE_SHIRT" else 0.0
        rest = dilated(_arms(body, 1.0), round(0.15 * body.unit)) if part == 0 else _arms(body, 1.0)
        beyond = rest & ~_arms(body, part) & ~(body.top > 0.02)
        return everywhere & ~beyond
    if garment_class in {"SHORT_PANTS", "SHORT_DRESS"} and body.lower is not None:
        if bent:  # a dress ends by itself
            return _to_the_knees(body) if garment_class == "SHORT_PANTS" else None
        knee = body.lower.outline.top + 0.55 * (body.lower.outline.bottom - body.lower.outline.top)
        return everywhere & (ys < knee)
    return None


def _to_the_knees(body: Body) -> Bools:
    """All but the lower halves of bent legs, by the way along them from the waist."""
    legs = body.scene.bottom
    waist = legs & (dilated(body.scene.top, 3) | (np.arange(legs.shape[0])[:, None] <= bounds(legs)[1] + 2))
    way = geodesic(dilated(legs, 1), waist)
    way = np.where(np.isfinite(way), way, 0)
    beyond = (way > 0.5 * np.percentile(way[legs], 97)) & dilated(legs, 3)
    return resized(floats(blur(floats(beyond), 1)), *body.size) < 0.5


def _arms(body: Body, part: float) -> Bools:
    """The arms, bare or in sleeves, up to a part of their length from the shoulder."""
    width, height = body.size
    found = np.zeros((height, width), np.bool_)
    bare = (body.skin > 0.3) & (body.head < 0.5)
    bare = dilated(bare | (body.top > 0.3), max(2, round(0.06 * body.unit)))
    ys, xs = np.mgrid[0:height:2, 0:width:2].astype(np.float32)
    for arm in body.arms:
        if arm is None or part <= 0:
            continue
        near = np.zeros(xs.shape, np.bool_)
        along = arm.along
        for at in np.linspace(0, arm.length * part, 24):
            x, y, half = (float(np.interp(at, along, line)) for line in (arm.xs, arm.ys, arm.half))
            near |= (xs - x) ** 2 + (ys - y) ** 2 < (half * 1.3 + 2) ** 2
        found |= np.repeat(np.repeat(near, 2, axis=0), 2, axis=1)[:height, :width]
    return found & bare


def _between_legs(body: Body) -> Bools:
    """No gap is left between the legs."""
    width, height = body.size
    found = np.zeros((height, width), np.bool_)
    if body.lower is None:
        return found
    ys = floats(np.arange(height))
    left, right = body.lower.outline.sides(ys)
    xs = floats(np.arange(width))[None]
    rows = (ys >= body.lower.outline.top) & (ys <= body.lower.outline.bottom)
    return (xs >= left[:, None]) & (xs <= right[:, None]) & rows[:, None]


def spot_on_person(body: Body, spot: str) -> Bools:
    """The place of a hat, a bag or a scarf."""
    unit, face = body.unit, body.face
    if spot == "head":
        head = bounds(body.head > 0.5)
        box = (face.x - 0.95 * unit, min(head[1], face.top) - 0.35 * unit, face.x + 0.95 * unit, face.top + 0.28 * unit)
    elif spot == "neck":
        box = (face.x - 0.85 * unit, face.chin, face.x + 0.85 * unit, face.chin + 1.3 * unit)
    else:
        hands = bounds(body.hands > 0.5)
        arm = body.arms[1] or body.arms[0]
        x, y = (float(arm.xs[-1]), float(arm.ys[-1])) if arm else (hands[2], hands[3])
        box = (x - 0.75 * unit, y - 0.1 * unit, x + 0.95 * unit, y + 2.1 * unit)
    found = np.zeros((body.size[1], body.size[0]), np.bool_)
    left, top, right, bottom = (max(0, round(edge)) for edge in box)
    found[top:bottom, left:right] = True
    return found


def boxed(region: Bools) -> Bools:
    """The region's bounding box."""
    found = np.zeros_like(region)
    left, top, right, bottom = bounds(region)
    found[top:bottom, left:right] = True
    return found


def kept(body: Body | None, exclusions: dict[str, Any], size: tuple[int, int]) -> Floats:
    """What is carved out of every mask when a person is seen: face (with hair) and hands, unless told otherwise.

    ``DEFAULT`` means ON for both. The pose is always kept: nothing of this engine moves a limb.
    """
    keep = np.zeros((size[1], size[0]), np.float32)
    if body is None:
        return keep
    if exclusions.get("preserveFace", "DEFAULT") != "OFF":
        keep = np.maximum(keep, body.head)
    if exclusions.get("preserveHands", "DEFAULT") != "OFF":
        keep = np.maximum(keep, body.hands)
    return keep
