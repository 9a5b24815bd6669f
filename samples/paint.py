"""A small painter: smooth outlines, soft light on them, folds, seams, textures; supersampled, deterministic.

Coordinates are pixels of the finished picture, y downwards. A colour is (red, green, blue), 0 to 255.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.floating[Any]]
Colour = tuple[float, float, float]
Point = tuple[float, float]
Box = tuple[int, int, int, int]

SAMPLES: Final = 2  # the picture is painted at twice its size
MASK_SAMPLES: Final = 2  # and outlines at twice that again
STEPS: Final = 14  # points of a curve between two given points


class Corner(tuple[float, float]):
    """A point at which an outline turns sharply instead of smoothly."""

    __slots__ = ()

    def __new__(cls, x: float, y: float) -> "Corner":
        return super().__new__(cls, (x, y))


def curve(points: Sequence[Point], *, closed: bool = False) -> list[Point]:
    """A smooth (Catmull-Rom) line through the points; it turns sharply only at a ``Corner``."""
    if closed:
        first = next((index for index, point in enumerate(points) if isinstance(point, Corner)), None)
        if first is None:
            ring = [points[-1], *points, points[0], points[1]]
            return [where for index in range(1, len(points) + 1) for where in _piece(*ring[index - 1 : index + 3])]
        points = [*points[first:], *points[: first + 1]]
    line: list[Point] = []
    part: list[Point] = [points[0]]
    for point in points[1:]:
        part.append(point)
        if isinstance(point, Corner):
            line += _through(part)
            part = [point]
    return line + (_through(part) if len(part) > 1 else [part[0]])


def _through(points: Sequence[Point]) -> list[Point]:
    line = [points[0], *points, points[-1]]
    found = [where for index in range(1, len(points)) for where in _piece(*line[index - 1 : index + 3])]
    return [*found, points[-1]]


def _piece(before: Point, start: Point, end: Point, after: Point) -> list[Point]:
    found = []
    for step in range(STEPS):
        t = step / STEPS
        weights = (-t + 2 * t * t - t**3, 2 - 5 * t * t + 3 * t**3, t + 4 * t * t - 3 * t**3, -t * t + t**3)
        four = (before, start, end, after)
        found.append(
            (
                sum(w * p[0] for w, p in zip(weights, four, strict=True)) / 2,
                sum(w * p[1] for w, p in zip(weights, four, strict=True)) / 2,
            )
        )
    return found


def mirrored(points: Iterable[Point], axis: float) -> list[Point]:
    """The points on the other side of the vertical line x = axis, in reverse order."""
    return [type(p)(2 * axis - p[0], p[1]) if isinstance(p, Corner) else (2 * axis - p[0], p[1]) for p in points][::-1]


def both_sides(points: Sequence[Point], axis: float) -> list[Point]:
    """A closed symmetric outline from its right half, given from top to bottom."""
    return [*points, *mirrored(points, axis)]


def blurred(values: Pixels, radius: float) -> Pixels:
    """The values (0 to 1) after a Gaussian blur; radius in finished pixels."""
    wide = radius * SAMPLES
    factor = max(1, int(wide // 6))  # a wide blur needs no fine grid
    picture = Image.fromarray((np.clip(values, 0, 1) * 65535).astype(np.float32) / 257).convert("L")
    if factor > 1:
        small = picture.resize((-(-picture.width // factor), -(-picture.height // factor)), Image.Resampling.BOX)
        soft = small.filter(ImageFilter.GaussianBlur(wide / factor))
        picture = soft.resize(picture.size, Image.Resampling.BICUBIC)
    else:
        picture = picture.filter(ImageFilter.GaussianBlur(wide))
    return _f32(np.asarray(picture) / 255)


def _f32(values: object) -> Pixels:
    return np.asarray(values, np.float32)


@dataclass(frozen=True, slots=True)
class Shape:
    """Coverage (0 to 1) of an area; ``box`` is its place in the supersampled picture."""

    cover: Pixels
    box: Box

    def within(self, other: "Shape") -> "Shape":
        """This shape where the other is."""
        return Shape(self.cover * other.at(self.box), self.box)

    def without(self, other: "Shape") -> "Shape":
        """This shape where the other is not."""
        return Shape(self.cover * (1 - other.at(self.box)), self.box)

    def joined(self, other: "Shape") -> "Shape":
        """The area of either."""
        box = (
            min(self.box[0], other.box[0]),
            min(self.box[1], other.box[1]),
            max(self.box[2], other.box[2]),
            max(self.box[3], other.box[3]),
        )
        return Shape(np.maximum(self.at(box), other.at(box)), box)

    def at(self, box: Box) -> Pixels:
        """The coverage over another box, 0 outside this one."""
        found = np.zeros((box[3] - box[1], box[2] - box[0]), np.float32)
        left, top = max(box[0], self.box[0]), max(box[1], self.box[1])
        right, bottom = min(box[2], self.box[2]), min(box[3], self.box[3])
        if left < right and top < bottom:
            found[top - box[1] : bottom - box[1], left - box[0] : right - box[0]] = self.cover[
                top - self.box[1] : bottom - self.box[1], left - self.box[0] : right - self.box[0]
            ]
        return found

    def volume(self, radius: float, strength: float, angle: float = 235.0) -> Pixels:
        """Light on a rounded body: brighter towards the lamp, darker away from it.

        Args:
            radius: How far the rounding reaches in from the edge, in pixels.
            strength: Greatest change of brightness (0.2 = 20 %).
            angle: Where the light comes from, in degrees clockwise from the right; 235 is upper left.
        """
        soft = blurred(self.cover, radius)
        rise_y, rise_x = np.gradient(soft)
        reach = radius * SAMPLES * 1.6
        toward = (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
        light = -(rise_x * toward[0] + rise_y * toward[1]) * reach
        return _f32(np.clip(light, -1, 1) * strength)

    def rim(self, radius: float, strength: float) -> Pixels:
        """Darkening towards the edge, as on a soft thing that turns away from the eye."""
        return (-(np.clip(1 - blurred(self.cover, radius), 0, 0.6) / 0.6) * strength).astype(np.float32)


class Painter:
    """A picture being painted.

    Args:
        width: Of the finished picture.
        height: Of the finished picture.
        ground: Its first colour.
    """

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.width, self.height = width, height
        self.pixels: Pixels = np.empty((height * SAMPLES, width * SAMPLES, 3), np.float32)
        self.pixels[:] = ground

    def area(self, points: Sequence[Point], *, smooth: bool = True) -> Shape:
        """The area inside an outline."""
        line = curve(points, closed=True) if smooth else list(points)
        return self._drawn(line, lambda draw, path: draw.polygon(path, fill=255))

    def line(self, points: Sequence[Point], width: float, *, smooth: bool = True) -> Shape:
        """The area of a stroke with round ends; width in pixels."""
        line = curve(points) if smooth and len(points) > 2 else list(points)
        size = width * SAMPLES * MASK_SAMPLES

        def draw_it(draw: ImageDraw.ImageDraw, path: list[Point]) -> None:
            draw.line(path, fill=255, width=max(1, round(size)), joint="curve")
            for x, y in (path[0], path[-1]):
                draw.ellipse((x - size / 2, y - size / 2, x + size / 2, y + size / 2), fill=255)

        return self._drawn(line, draw_it, width)

    def limb(self, points: Sequence[Point], widths: Sequence[float]) -> Shape:
        """A stroke whose width changes from point to point (an arm, a strap)."""
        ways = curve(points)
        along = np.linspace(0, len(widths) - 1, len(ways))
        sizes = np.interp(along, range(len(widths)), widths)
        left: list[Point] = []
        right: list[Point] = []
        for index, (x, y) in enumerate(ways):
            before, after = ways[max(0, index - 1)], ways[min(len(ways) - 1, index + 1)]
            dx, dy = after[0] - before[0], after[1] - before[1]
            length = math.hypot(dx, dy) or 1.0
            nx, ny = -dy / length * sizes[index] / 2, dx / length * sizes[index] / 2
            left.append((x + nx, y + ny))
            right.append((x - nx, y - ny))
        return self.area([*left, *right[::-1]], smooth=False)

    def finger(self, points: Sequence[Point], widths: Sequence[float]) -> Shape:
        """A limb with round ends."""
        ends = zip((points[0], points[-1]), (widths[0], widths[-1]), strict=True)
        shape = self.limb(points, widths)
        for (x, y), width in ends:
            shape = shape.joined(self.ellipse(x, y, width / 2, width / 2))
        return shape

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> Shape:
        """An ellipse around (x, y)."""
        turns = [index * math.tau / 60 for index in range(60)]
        return self.area([(x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns], smooth=False)

    def rect(self, left: float, top: float, right: float, bottom: float) -> Shape:
        """An upright rectangle."""
        return self.area([(left, top), (right, top), (right, bottom), (left, bottom)], smooth=False)

    def rounded(self, left: float, top: float, right: float, bottom: float, radius: float) -> Shape:
        """An upright rectangle with round corners."""
        corners = (
            (right - radius, top + radius, -90),
            (right - radius, bottom - radius, 0),
            (left + radius, bottom - radius, 90),
            (left + radius, top + radius, 180),
        )
        line = [
            (x + radius * math.cos(math.radians(start + turn)), y + radius * math.sin(math.radians(start + turn)))
            for x, y, start in corners
            for turn in range(0, 91, 10)
        ]
        return self.area(line, smooth=False)

    def _drawn(
        self, line: list[Point], draw_it: Callable[[ImageDraw.ImageDraw, list[Point]], None], margin: float = 0
    ) -> Shape:
        k = SAMPLES
        edge = margin / 2 + 3
        box = (
            max(0, math.floor((min(p[0] for p in line) - edge) * k)),
            max(0, math.floor((min(p[1] for p in line) - edge) * k)),
            min(self.width * k, math.ceil((max(p[0] for p in line) + edge) * k)),
            min(self.height * k, math.ceil((max(p[1] for p in line) + edge) * k)),
        )
        m = MASK_SAMPLES
        size = (max(1, box[2] - box[0]), max(1, box[3] - box[1]))
        picture = Image.new("L", (size[0] * m, size[1] * m), 0)
        path = [((x * k - box[0]) * m, (y * k - box[1]) * m) for x, y in line]
        draw_it(ImageDraw.Draw(picture), path)
        small = picture.resize(size, Image.Resampling.BOX)
        return Shape(np.asarray(small, np.float32) / 255, (box[0], box[1], box[0] + size[0], box[1] + size[1]))

    def grown(self, shape: Shape, margin: float) -> Shape:
        """The same shape on a box with room around it, for blurs that reach out of it."""
        room = math.ceil(margin * SAMPLES)
        box = (
            max(0, shape.box[0] - room),
            max(0, shape.box[1] - room),
            min(self.width * SAMPLES, shape.box[2] + room),
            min(self.height * SAMPLES, shape.box[3] + room),
        )
        return Shape(shape.at(box), box)

    def soft(self, shape: Shape, radius: float) -> Shape:
        """The shape with a blurred edge."""
        wide = self.grown(shape, radius * 3)
        return Shape(blurred(wide.cover, radius), wide.box)

    def fill(self, shape: Shape, colour: Colour | Pixels, *lights: Pixels, opacity: float = 1.0) -> None:
        """Paints a colour (or pixels of the shape's box) through the shape; each light changes its brightness."""
        left, top, right, bottom = shape.box
        here = self.pixels[top:bottom, left:right]
        paint = np.broadcast_to(np.asarray(colour, np.float32), here.shape)
        if lights:
            light = np.sum(lights, axis=0, dtype=np.float32)[..., None]
            # light adds a little white besides scaling, so that dark cloth still shows its folds
            paint = paint * (1 + light) + np.clip(light, 0, None) * 26
        here += (paint - here) * (shape.cover * opacity)[..., None]

    def shade(self, shape: Shape, strength: float, radius: float = 0.0, *, inside: Shape | None = None) -> None:
        """Darkens (strength > 0) or lightens (strength < 0) what is there, with a soft edge of ``radius`` pixels."""
        area = self.soft(shape, radius) if radius else shape
        if inside is not None:
            area = area.within(inside)
        left, top, right, bottom = area.box
        here = self.pixels[top:bottom, left:right]
        amount = (area.cover * abs(strength))[..., None]
        if strength >= 0:
            here *= 1 - amount
        else:
            here += (255 - here) * amount

    def shadow(self, shape: Shape, dx: float, dy: float, radius: float, strength: float) -> None:
        """A soft shadow that the shape throws on what is painted so far."""
        k = SAMPLES
        moved = Shape(
            shape.cover,
            (
                shape.box[0] + round(dx * k),
                shape.box[1] + round(dy * k),
                shape.box[2] + round(dx * k),
                shape.box[3] + round(dy * k),
            ),
        )
        self.shade(moved, strength, radius)

    def fold(self, inside: Shape, points: Sequence[Point], width: float, strength: float) -> None:
        """A fold of cloth: a soft dark valley with a soft light ridge beside it, tapering at both ends."""
        sizes = [width * 0.2, width, width * 0.8, width * 0.15]
        valley = self.limb(points, sizes)
        ridge = self.limb([(x - width * 0.9, y - width * 0.25) for x, y in points], sizes)
        self.shade(valley, strength, width * 0.55, inside=inside)
        self.shade(ridge, -strength * 0.45, width * 0.55, inside=inside)

    def seam(self, inside: Shape, points: Sequence[Point], strength: float = 0.22, width: float = 1.3) -> None:
        """A sewn line: thin and dark with a light edge."""
        self.shade(self.line(points, width), strength, 0.5, inside=inside)
        self.shade(self.line([(x + width, y + width) for x, y in points], width), -strength * 0.4, 0.6, inside=inside)

    def stitches(self, inside: Shape, points: Sequence[Point], colour: Colour, width: float = 1.4) -> None:
        """A dashed line of thread."""
        ways = curve(points) if len(points) > 2 else list(points)
        steps = [0.0]
        for (ax, ay), (bx, by) in pairwise(ways):
            steps.append(steps[-1] + math.hypot(bx - ax, by - ay))
        dash, gap = 5.0, 3.2
        start = 0.0
        while start < steps[-1]:
            ends = [start, min(start + dash, steps[-1])]
            xs = np.interp(ends, steps, [p[0] for p in ways])
            ys = np.interp(ends, steps, [p[1] for p in ways])
            thread = self.line([(xs[0], ys[0]), (xs[1], ys[1])], width, smooth=False).within(inside)
            self.fill(thread, colour, opacity=0.85)
            start += dash + gap

    def grain(self, inside: Shape, seed: int, size: float, strength: float) -> None:
        """Cloth's fine unevenness: noise of about ``size`` pixels changes the brightness by ``strength``."""
        left, top, right, bottom = inside.box
        noise = texture(right - left, bottom - top, seed, size)
        self.pixels[top:bottom, left:right] *= 1 + noise[..., None] * strength * inside.cover[..., None]

    def coordinates(self, shape: Shape) -> tuple[Pixels, Pixels]:
        """x and y, in finished pixels, of every sample of the shape's box."""
        left, top, right, bottom = shape.box
        ys, xs = np.mgrid[top:bottom, left:right].astype(np.float32) / SAMPLES
        return xs, ys

    def finished(self, seed: int = 1) -> Image.Image:
        """The picture at its own size, with a trace of noise that hides banding."""
        fine = np.clip(self.pixels, 0, 255).astype(np.uint8)
        small = Image.fromarray(fine).resize((self.width, self.height), Image.Resampling.BOX)
        noise = np.random.default_rng(seed).normal(0, 0.9, (self.height, self.width, 1))
        return Image.fromarray(np.clip(np.asarray(small, np.float32) + noise, 0, 255).astype(np.uint8))


def texture(width: int, height: int, seed: int, size: float) -> Pixels:
    """Smooth noise of about -1 to 1; ``size`` is the width of a grain in finished pixels."""
    step = max(1.0, size * SAMPLES)
    coarse = np.random.default_rng(seed).random((math.ceil(height / step) + 3, math.ceil(width / step) + 3))
    picture = Image.fromarray((coarse * 255).astype(np.uint8))
    wide = picture.resize((math.ceil(picture.width * step), math.ceil(picture.height * step)), Image.Resampling.BICUBIC)
    return np.asarray(wide, np.float32)[:height, :width] / 127.5 - 1
