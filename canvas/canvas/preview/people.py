"""Finds a person and what they wear: face, hair, skin, top, bottom, shoes, ground; by colour, place and connection.

All work is done on a small copy of the picture (``LONGEST`` pixels along its longer side).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

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
    lab,
    largest,
    opened,
    touching,
)

LONGEST: Final = 448
LEAST_FACE_SCORE: Final = 2.6
LEAST_FEATURES: Final = 14.0  # L* between the light and the dark parts of a face


@dataclass(frozen=True, slots=True)
class Face:
    """Where the face is, in working pixels: its middle, width and the lines of hair and chin."""

    x: float
    width: float
    top: float
    chin: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and what was found in it.

    ``ground`` is the plain background behind a studio picture (None when it is not plain); regions are working-size
    masks. ``scale`` turns working pixels into pixels of the picture.
    """

    pixels: Floats
    colours: Floats
    scale: float
    studio: bool
    front: Bools
    face: Face | None
    skin: Bools
    head: Bools
    top: Bools
    bottom: Bools
    shoes: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the working picture."""
        return self.pixels.shape[0], self.pixels.shape[1]


def small(picture: Image.Image) -> tuple[Floats, float]:
    """The working copy and the scale back to the picture."""
    scale = max(1.0, max(picture.size) / LONGEST)
    size = (max(8, round(picture.width / scale)), max(8, round(picture.height / scale)))
    return floats(picture.resize(size, Image.Resampling.BOX)), picture.width / size[0]


def plain_ground(colours: Floats) -> tuple[Floats, float]:
    """A smooth surface through the picture's borders, and how badly they fit it (90th percentile, L*a*b* units)."""
    height, width = colours.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    xs, ys = xs / width - 0.5, ys / height - 0.5
    terms = np.stack([np.ones_like(xs), xs, ys, xs * ys, xs * xs, ys * ys], axis=-1)
    edge = max(2, round(min(width, height) * 0.03))
    border = np.zeros((height, width), np.bool_)
    border[:edge] = border[:, :edge] = border[:, -edge:] = True
    border[-edge:, : width // 8] = border[-edge:, -width // 8 :] = True
    basis, values = terms[border], colours[border]
    keep = np.ones(len(basis), np.bool_)
    solved = np.zeros((6, 3), np.float32)
    for _ in range(4):  # things that reach the border are left out, round by round
        solved = np.linalg.lstsq(basis[keep], values[keep], rcond=None)[0]
        off = np.sqrt(((basis @ solved - values) ** 2).sum(axis=1))
        keep = off <= max(3.0, float(np.percentile(off, 80)))
    off = np.sqrt(((basis @ solved - values) ** 2).sum(axis=1))
    return floats(terms @ solved), float(np.percentile(off, 75))


def in_front(colours: Floats, ground: Floats, misfit: float, *, gaps: bool) -> Bools:
    """What lies on a plain ground: all that the ground cannot be reached through, without its soft shadow.

    With ``gaps``, ground that is enclosed counts as ground too; on a flat-lay picture it would be white cloth.
    """
    off = colours - ground
    away = np.sqrt((off**2).sum(axis=2))
    quiet = away < max(1.8, 2.2 * misfit)
    rim = np.zeros(quiet.shape, np.bool_)
    rim[0] = rim[-1] = rim[:, 0] = rim[:, -1] = True
    outside = touching(quiet, rim & quiet)
    if gaps:  # between arm and body, between the legs
        labels, sizes = components(quiet & ~outside)
        gap = np.asarray(sizes) > quiet.size // 1200
        gap[0] = False
        outside |= gap[labels]
    # a shadow is the ground, only darker, and darker still towards the thing that throws it
    tint = np.sqrt((off[..., 1:] ** 2).sum(axis=2))
    light = blur(colours[..., 0], 1)
    shadow = (tint < 5.5) & (off[..., 0] < 1.0) & (off[..., 0] > -42)
    # for each of the four neighbours: where the shadow may be entered from it
    every, later, sooner = slice(None), slice(1, None), slice(None, -1)
    ways = (
        ((later, every), (sooner, every)),
        ((sooner, every), (later, every)),
        ((every, later), (every, sooner)),
        ((every, sooner), (every, later)),
    )
    doors = [shadow[to] & (light[to] <= light[start] + 0.35) for to, start in ways]
    for _ in range(max(colours.shape[:2]) // 3):
        grown = outside.copy()
        for (to, start), door in zip(ways, doors, strict=True):
            grown[to] |= outside[start] & door
        if (grown == outside).all():
            break
        outside = grown
    thing = opened(~outside, 1)
    labels, sizes = components(thing)
    keep = np.asarray(sizes) >= max(24, thing.size // 1500)
    keep[0] = False
    return bools(keep[labels])


def read_scene(picture: Image.Image) -> Scene:
    """Looks for a person in the picture.

    Args:
        picture: RGB, any size.

    Returns:
        What was found; ``face`` is None when there is nobody to be seen, and all regions of a person are empty then.
    """
    pixels, scale = small(picture)
    colours = lab(pixels)
    ground, misfit = plain_ground(colours)
    studio = misfit < 9
    front = in_front(colours, ground, misfit, gaps=True) if studio else np.ones(colours.shape[:2], np.bool_)
    none = np.zeros(colours.shape[:2], np.bool_)
    found = _face(pixels, colours, front)
    if found is None:
        return Scene(pixels, colours, scale, studio, front, None, none, none, none, none, none)
    face, face_region = found
    return _dressed(pixels, colours, scale, studio, front, face, face_region)


def _skin_like(pixels: Floats, redness: float) -> Bools:
    """Pixels with a colour that skin can have, of any tone, under usual light (YCbCr box and R > B).

    ``redness`` is the least Cr: beige cloth and wood share the box's pale end with skin.
    """
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    cb = 128 - 0.1687 * red - 0.3313 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.4187 * green - 0.0813 * blue
    return bools((cr > redness) & (cr < 178) & (cb > 78) & (cb < 128) & (red > 50) & (red > blue + 8))


def _face(pixels: Floats, colours: Floats, front: Bools) -> tuple[Face, Bools] | None:
    """The part of skin colour that looks most like a face: upright oval, high up, near the middle, with features."""
    found = [
        candidate
        for redness in (136.0, 141.0, 146.0, 151.0)
        for candidate in _face_candidates(opened(_skin_like(pixels, redness) & front, 1), colours)
    ]
    score, face, region = max(found, key=lambda one: one[0], default=(0.0, None, None))
    return (face, region) if face is not None and region is not None and score > LEAST_FACE_SCORE else None


def _face_candidates(like: Bools, colours: Floats) -> Iterator[tuple[float, Face, Bools]]:
    height, width = like.shape
    labels, sizes = components(like)
    for label, size in enumerate(sizes):
        if label == 0 or size < width * height * 0.0012:
            continue
        region = labels == label
        left, top, right, bottom = bounds(region)
        tall, wide = bottom - top, right - left
        upper = region[top : top + max(3, tall // 2)]
        across = float(np.percentile(upper.sum(axis=1), 85))
        centre = float(np.median(np.nonzero(upper)[1]))
        inner = eroded(filled(region), 1)
        inner[top + max(4, int(across * 1.3)) :] = False
        shades = colours[inner, 0] if inner.any() else np.zeros(1)
        detail = float(np.percentile(shades, 92) - np.percentile(shades, 6))  # eyes, brows and mouth are dark on light
        if (
            top / height > 0.55
            or detail < LEAST_FEATURES
            or not 0.04 < across / width < 0.6
            or not 0.8 < tall / across < 3.2
        ):
            continue
        solid = size / (tall * wide)
        uneven = float(np.hypot(*colours[region][:, 1:].std(axis=0)))  # a pale hat or a wall joined to the face
        score = (
            2.2 * (1 - top / height) ** 2
            + 1.0
            - 1.6 * abs(centre / width - 0.5)
            + min(detail / 45, 1.0)
            + 1.2 * min(solid / 0.7, 1.0)
            - 1.0 * abs(math.log(tall / across / 1.5))
            - 0.13 * uneven
            - 2.0 * max(0.0, wide / across - 1.35)
            + min(size / (width * height * 0.02), 1.0) * 0.6
        )
        yield score, Face(centre, across, float(top), float(min(top + across * 1.32, bottom))), region


class _Palette:
    """A colour model: a few clusters of L*a*b* values; ``cost`` is small where a colour fits."""

    def __init__(self, values: Floats, count: int, floor: float = 5.0) -> None:
        step = max(1, len(values) // 3000)
        self.centres, spreads, weights = clusters(values[::step], count)
        self.spreads = np.sqrt(spreads**2 + floats([floor * 1.5, floor, floor]) ** 2)
        self.penalty = -np.log(np.maximum(weights, 0.02)) * 0.35

    def cost(self, colours: Floats) -> Floats:
        costs = [
            (((colours - centre) / spread) ** 2).sum(axis=2) + penalty
            for centre, spread, penalty in zip(self.centres, self.spreads, self.penalty, strict=True)
        ]
        return floats(np.min(costs, axis=0))


def _dressed(
    pixels: Floats, colours: Floats, scale: float, studio: bool, front: Bools, face: Face, face_region: Bools
) -> Scene:
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
        return Scene(pixels, colours, scale, studio, front, face, face_region, head, empty, empty, empty)
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
    return Scene(pixels, colours, scale, studio, front, face, skin, head, top, bottom, shoes)


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
