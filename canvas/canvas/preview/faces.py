"""Finds faces: OpenCV's Haar cascades on photographs, the shape and colour of skin where those see none."""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from canvas.preview.arrays import Bools, Floats, bools, bounds, components, eroded, filled, floats, opened

LEAST_FACE_SCORE: Final = 2.6
LEAST_FEATURES: Final = 14.0  # L* between the light and the dark parts of a face
FRONTAL: Final = tuple(
    (size, f"haarcascade_frontalface_{name}.xml") for size in (1.0, 1.5) for name in ("alt2", "default")
)
PROFILE: Final = ((1.0, "haarcascade_profileface.xml"),)
NECK: Final = 0.68  # a neck's width in face widths
LEAST_SKIN: Final = 0.3  # of what a cascade takes for a face, to be taken for one here
LEAST_SKIN_PART: Final = 0.002  # of a picture, for somebody to be looked for in it
Greys = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Face:
    """Where the face is, in working pixels: its middle, width and the lines of hair and chin."""

    x: float
    width: float
    top: float
    chin: float


_LOADED = threading.local()  # a cascade keeps what it works on, so each thread has its own


def _cascade(name: str) -> cv2.CascadeClassifier:
    loaded: dict[str, cv2.CascadeClassifier] = _LOADED.__dict__
    if name not in loaded:
        loaded[name] = cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / name))
    return loaded[name]


def find_face(pixels: Floats, colours: Floats, front: Bools) -> tuple[Face, Bools] | None:
    """The face of the person who is dressed, and its skin: the largest of several, or of equals the one in the middle.

    Args:
        pixels: The working picture, RGB 0 to 255.
        colours: The same in L*a*b*.
        front: Where somebody may be.
    """
    for look in (_seen, _above, _face):
        found = look(pixels, colours, front)
        if found is not None:
            return found
    return None


def _above(pixels: Floats, colours: Floats, front: Bools) -> tuple[Face, Bools] | None:
    """The face that the picture's upper edge cuts off, by the neck under it; only before a plain ground.

    A neck is bare, stands at the upper edge, is no higher than wide (a face would be), and shoulders more than twice as
    wide are below it.
    """
    del colours  # it has no features to look for
    if front.all() or not front[0].any():
        return None
    bare = opened(_skin_like(pixels, 134.0) & front, 1)
    labels, sizes = components(bare)
    top = np.unique(labels[:2][bare[:2]])
    for label in sorted(top.tolist(), key=lambda one: -sizes[one]):
        neck = bools(labels == label)
        left, _, right, low = bounds(neck[: max(2, round(0.2 * front.shape[0]))])
        wide = float(np.median(neck[: max(2, low // 2)].sum(axis=1)))
        below = front[min(front.shape[0] - 1, low + round(wide))].sum()
        if 0.03 * front.shape[1] < wide < 0.4 * front.shape[1] and 0.2 < low / wide < 1.3 and below > 2 * wide:
            unit = wide / NECK
            chin = low - 0.55 * unit
            return Face((left + right) / 2, unit, chin - 1.2 * unit, chin), neck
    return None


def _seen(pixels: Floats, colours: Floats, front: Bools) -> tuple[Face, Bools] | None:
    """The face that the cascades agree on, if skin fills it.

    A face is looked for at two sizes and, when nobody is seen, in the mirror and from the side: a cascade sees a
    face at one size that it misses at another. Before a plain ground, where most pictures show a product and nobody,
    one size is enough.
    """
    skin = _skin_like(pixels, 134.0) & front
    if opened(skin, 2).sum() < LEAST_SKIN_PART * skin.size:
        return None
    grey = np.asarray(cv2.cvtColor(pixels.astype(np.uint8), cv2.COLOR_RGB2GRAY), np.uint8)
    views = ((False, FRONTAL), (True, FRONTAL), (False, PROFILE), (True, PROFILE))
    for mirrored, sides in views if front.all() else ((False, FRONTAL[:2]), *views[2:]):
        found: list[tuple[float, float, float, float]] = []
        for enlarged, name in sides:
            boxes = _boxes(grey, name, enlarged, mirrored=mirrored)
            found += [box for box in boxes if _measured(box, colours, skin) is not None]
            agreed = [box for box in found if sum(_alike(box, other) for other in found) > 1]
            if agreed:
                found = agreed
                break
        if found:
            best = max(found, key=lambda box: _standing(box, front.shape))
            same = np.median([box for box in found if _alike(box, best)], axis=0)
            return _measured((float(same[0]), float(same[1]), float(same[2]), float(same[3])), colours, skin)
    return None


def _boxes(grey: Greys, name: str, enlarged: float, *, mirrored: bool) -> list[tuple[float, float, float, float]]:
    """What a cascade takes for faces: (left, top, width, height) in pixels of the picture, not of its copies."""
    height, width = grey.shape
    view = grey[:, ::-1] if mirrored else grey
    size = (round(width * enlarged), round(height * enlarged))
    larger = cv2.resize(np.ascontiguousarray(view), size, interpolation=cv2.INTER_CUBIC)
    least = max(24, round(0.045 * max(size)))
    boxes = _cascade(name).detectMultiScale(larger, 1.1, 4, 0, (least, least))
    found = np.asarray(boxes).reshape(-1, 4) / enlarged
    return [(float(width - x - w) if mirrored else float(x), float(y), float(w), float(h)) for x, y, w, h in found]


def _alike(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes are about the same face."""
    away = math.hypot(one[0] + one[2] / 2 - other[0] - other[2] / 2, one[1] + one[3] / 2 - other[1] - other[3] / 2)
    return away < 0.25 * one[2] and 0.7 < one[2] / other[2] < 1.4


def _standing(box: tuple[float, ...], shape: tuple[int, ...]) -> float:
    """How likely a face is the one who is to be dressed: large, in the middle, not low in the picture."""
    height, width = shape[:2]
    middle = (box[0] + box[2] / 2) / width
    return box[2] / width * (1 - 0.6 * abs(middle - 0.5)) * (1.2 - box[1] / height)


def _measured(box: tuple[float, float, float, float], colours: Floats, skin: Bools) -> tuple[Face, Bools] | None:
    """A cascade's box as a face with its skin; None when it holds too little skin."""
    left, top, wide, high = box
    height, width = skin.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    middle_x, middle_y = left + wide / 2, top + 0.54 * high
    oval = ((xs - middle_x) / (0.36 * wide)) ** 2 + ((ys - middle_y) / (0.48 * high)) ** 2 < 1
    if not oval.any() or (skin & oval).sum() < LEAST_SKIN * oval.sum():
        return None
    # the hue of its middle tells the face from a hat, hair and wood that have colours skin can have
    core = skin & (((xs - middle_x) / (0.24 * wide)) ** 2 + ((ys - middle_y) / (0.3 * high)) ** 2 < 1)
    if core.sum() < 12:
        return None
    hue = np.median(colours[core], axis=0)
    away = np.abs(colours - hue) @ floats([0.25, 1, 1])
    like = skin & (away < 17) & (np.abs(xs - middle_x) < 0.52 * wide) & (ys > top + 0.42 * high)
    rows = like[round(top + 0.42 * high) : round(top + 0.8 * high)].sum(axis=1)
    across = 1.14 * float(np.clip(np.percentile(rows, 80), 0.5 * wide, 0.78 * wide)) if len(rows) else 0.75 * wide
    columns = np.flatnonzero(like.sum(axis=0) > 0.1 * high)
    centre = float(np.median(columns)) if len(columns) else middle_x
    centre = float(np.clip(centre, middle_x - 0.1 * wide, middle_x + 0.1 * wide))
    chin = min(height - 1.0, top + 0.2 * high + across * 1.08)
    face = Face(centre, across, float(chin - 1.2 * across), float(chin))
    oval = ((xs - face.x) / (0.34 * wide)) ** 2 + ((ys - middle_y) / (0.42 * high)) ** 2 < 1
    return face, filled(bools(oval & skin & (away < 17)))


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
