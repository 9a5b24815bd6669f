"""Products as simple shapes on a plain ground, drawn in milliseconds: what they are must be plain, not pretty."""

from collections.abc import Mapping
from typing import Final

from PIL import Image, ImageDraw

type Point = tuple[float, float]
type Shape = tuple[tuple[int, int, int], tuple[Point, ...]]

GROUND: Final = (250, 250, 249)
SIZE: Final = 352  # pixels of a side; the contract takes no picture below 320
LARGER: Final = 3  # drawn so much larger first: smooth edges

GREEN, BLUE, TAN, ROSE = (40, 110, 70), (60, 84, 140), (186, 146, 94), (196, 70, 100)
RED, BROWN, TEAL, CLAY = (200, 40, 44), (84, 52, 36), (20, 120, 110), (196, 102, 66)


def _mirrored(*points: Point) -> tuple[Point, ...]:
    """An outline whose right half is its left half's mirror picture; shares of the picture."""
    return (*points, *((1 - x, y) for x, y in reversed(points)))


def _sleeved(x: float, y: float, hem: float) -> tuple[Point, ...]:
    """A top whose left sleeve ends at x, y."""
    return _mirrored((0.42, 0.1), (0.3, 0.14), (x, y), (x + 0.1, y + 0.06), (0.3, 0.36), (0.3, hem), (0.5, hem + 0.01))


def _pair(*points: Point) -> tuple[Shape, ...]:
    """One shoe on the left and one on the right."""
    return tuple((RED, tuple((x + shift, y) for x, y in points)) for shift in (0.0, 0.46))


SHAPES: Final[Mapping[str, tuple[Shape, ...]]] = {
    "shirt": (
        (BLUE, _sleeved(0.13, 0.3, 0.88)),
        *(((236, 232, 220), ((0.3, y), (0.7, y), (0.7, y + 0.05), (0.3, y + 0.05))) for y in (0.42, 0.56, 0.7)),
    ),
    "hoodie": (
        (GREEN, _sleeved(0.06, 0.72, 0.9)),
        ((26, 78, 50), _mirrored((0.5, 0.04), (0.4, 0.1), (0.42, 0.2), (0.5, 0.24))),
        ((32, 92, 60), _mirrored((0.38, 0.6), (0.34, 0.78), (0.5, 0.78))),
    ),
    "jacket": (
        ((70, 90, 130), _sleeved(0.07, 0.7, 0.86)),
        ((44, 60, 96), ((0.49, 0.1), (0.51, 0.1), (0.51, 0.86), (0.49, 0.86))),
        ((52, 70, 108), ((0.34, 0.36), (0.45, 0.36), (0.45, 0.48), (0.34, 0.48))),
    ),
    "chinos": ((TAN, _mirrored((0.36, 0.06), (0.3, 0.5), (0.3, 0.95), (0.45, 0.95), (0.5, 0.34))),),
    "skirt": ((ROSE, _mirrored((0.38, 0.12), (0.2, 0.88), (0.5, 0.9))),),
    "dress": (
        ((150, 50, 120), _mirrored((0.42, 0.05), (0.36, 0.06), (0.34, 0.2), (0.4, 0.42), (0.22, 0.94), (0.5, 0.95))),
        *(((240, 220, 90), _mirrored((0.44, y), (0.41, y + 0.02), (0.44, y + 0.04))) for y in (0.3, 0.5, 0.7)),
    ),
    "sneakers": _pair((0.12, 0.3), (0.26, 0.3), (0.34, 0.62), (0.3, 0.76), (0.1, 0.76), (0.08, 0.6)),
    "boots": tuple(
        (BROWN, tuple((x + shift, y) for x, y in ((0.14, 0.1), (0.3, 0.1), (0.3, 0.62), (0.4, 0.8), (0.1, 0.8))))
        for shift in (0.0, 0.46)
    ),
    "sofa": (
        (TEAL, ((0.08, 0.4), (0.92, 0.4), (0.96, 0.7), (0.9, 0.74), (0.1, 0.74), (0.04, 0.7))),
        ((14, 96, 88), ((0.18, 0.3), (0.82, 0.3), (0.82, 0.54), (0.18, 0.54))),
    ),
    "lamp": (
        (CLAY, ((0.38, 0.1), (0.62, 0.1), (0.72, 0.4), (0.28, 0.4))),
        ((60, 56, 52), ((0.48, 0.4), (0.52, 0.4), (0.52, 0.86), (0.64, 0.9), (0.36, 0.9), (0.48, 0.86))),
    ),
}


def drawn(name: str) -> Image.Image:
    """A product by its name, RGB; raises KeyError."""
    side = SIZE * LARGER
    picture = Image.new("RGB", (side, side), GROUND)
    draw = ImageDraw.Draw(picture)
    for colour, outline in SHAPES[name]:
        draw.polygon([(round(x * side), round(y * side)) for x, y in outline], fill=colour)
    return picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
