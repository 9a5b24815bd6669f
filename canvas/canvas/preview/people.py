"""Finds a person in a picture, and what they stand before.

All work is done on a small copy of the picture (``LONGEST`` pixels along its longer side).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import Image

from canvas.preview.arrays import (
    Bools,
    Floats,
    blur,
    bools,
    components,
    dilated,
    eroded,
    filled,
    floats,
    grab,
    lab,
    opened,
    resized,
    touching,
)
from canvas.preview.cuts import with_lower, with_shoes, without_gaps
from canvas.preview.faces import Face, find_face
from canvas.preview.parts import Parts, find_parts

LONGEST: Final = 448


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and what was found in it.

    Regions are working-size masks. ``plain``: the background is one smooth surface. ``studio``: ``front`` is the
    person (or thing) and nothing else, because of a plain ground or because a cut told them apart. ``scale`` turns
    working pixels into pixels of the picture.
    """

    pixels: Floats
    colours: Floats
    scale: float
    plain: bool
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
    plain = misfit < min(9.0, 0.4 * float(colours[..., 0].std()) + 0.5)
    everywhere = np.ones(colours.shape[:2], np.bool_)
    front = in_front(colours, ground, misfit, gaps=True) if plain else everywhere
    found = find_face(pixels, colours, front)
    if found is None:
        none = np.zeros(colours.shape[:2], np.bool_)
        return Scene(pixels, colours, scale, plain, plain, front, None, none, none, none, none, none)
    face, skin = found
    parts = find_parts(colours, plain, front, face, skin)
    known = plain
    if not plain:
        front = silhouette(pixels, face, parts)
        known = True
        parts = find_parts(colours, known, front, face, skin & front)
        lower = with_lower(pixels, colours, front, face, parts)
        around = ~dilated(front | lower.shoes, 3)
        bare = without_gaps(colours, around, lower.top, face.width, narrow=True)
        legs = without_gaps(colours, around, lower.bottom, face.width, narrow=False)
        lower = Parts(lower.skin, lower.head, bare, legs, lower.shoes)
        if not lower.shoes.any():
            lower = with_shoes(pixels, colours, lower, face.width)
        front = (front & ~(parts.whole & ~lower.whole)) | lower.shoes
        parts = lower
    return Scene(
        pixels, colours, scale, plain, known, front, face, parts.skin, parts.head, parts.top, parts.bottom, parts.shoes
    )


def silhouette(pixels: Floats, face: Face, parts: Parts) -> Bools:
    """A person before a busy ground, whole: what a cut through the picture's graph keeps of a first guess (GrabCut).

    It is made on a copy of half the size, and its edge then once more on the working picture.
    """
    height, width = parts.skin.shape
    unit = face.width
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    beside = np.abs(xs - face.x)
    oval = (beside / (0.32 * unit)) ** 2 + ((ys - face.chin + 0.55 * unit) / (0.45 * unit)) ** 2 < 1
    marks = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    arms = dilated(parts.top, round(1.1 * unit)) & (ys > face.chin)
    marks[parts.top | parts.bottom | parts.shoes | (parts.skin & arms)] = cv2.GC_PR_FGD
    marks[eroded(parts.top, 3) & (ys > face.chin + 0.4 * unit)] = cv2.GC_FGD
    around = (ys < face.top - 1.2 * unit) | ((beside > 1.7 * unit) & (ys < face.chin)) | (beside > 5 * unit)
    around |= (beside > 0.95 * unit) & (ys < face.chin) & (ys > face.top + 0.5 * unit)
    marks[around] = cv2.GC_BGD
    if parts.top.any():  # what is worn below goes on from the hem
        hem = float(np.percentile(ys[parts.top], 96))
        middle = float(np.median(xs[parts.top & (ys > hem - 1.2 * unit)]))
        below = (ys > hem) & (ys < hem + 1.6 * unit) & (np.abs(xs - middle) < 1.1 * unit)
        marks[below] = cv2.GC_PR_FGD
        marks[(ys > hem + 0.4 * unit) & (ys < hem + 0.95 * unit) & (np.abs(xs - middle) < 0.7 * unit)] = cv2.GC_FGD
    marks[oval] = cv2.GC_FGD
    inside = resized(floats(grab(pixels[::2, ::2], marks[::2, ::2], 6)), width, height) > 0.5
    inside = touching(opened(inside, 1), oval)
    marks = np.where(eroded(inside, 4), cv2.GC_FGD, np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD)).astype(np.uint8)
    marks[~dilated(inside, 4)] = cv2.GC_BGD
    found = opened(grab(pixels, marks, 1), 1)
    return filled(touching(found, oval), below=round(0.05 * unit * unit))


def standing_out(pixels: Floats) -> Bools:
    """The thing in the middle of a busy picture: what a cut keeps when the picture's rim is surely not it."""
    height, width = pixels.shape[:2]
    marks = np.full((height, width), cv2.GC_PR_FGD, np.uint8)
    edge = max(2, round(0.035 * min(width, height)))
    marks[:edge] = marks[-edge:] = cv2.GC_BGD
    marks[:, :edge] = marks[:, -edge:] = cv2.GC_BGD
    found = opened(resized(floats(grab(pixels[::2, ::2], marks[::2, ::2], 5)), width, height) > 0.5, 2)
    if not 0.02 * found.size < found.sum() < 0.9 * found.size:
        return bools(marks == cv2.GC_PR_FGD)
    labels, sizes = components(found)
    return (np.asarray(sizes) > 0.15 * max(sizes))[labels] & found
