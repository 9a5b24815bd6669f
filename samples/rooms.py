"""A living room with a sofa and a lamp, and a sofa and a lamp as products to put in their places."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image

from samples.garments import GROUND
from samples.paint import Colour, Corner, Painter, Point, Shape, mirrored, texture

ROOM: Final = (1152, 864)


def draw_room() -> Image.Image:
    """A bright living room, 1152 x 864."""
    paint = Painter(*ROOM, (220, 214, 204))
    _walls(paint)
    _window(paint)
    _picture(paint)
    _rug(paint)
    _sofa(paint, 600.0, 640.0, 1.0, (158, 160, 164), (206, 170, 112))
    _lamp(paint, 1010.0, 690.0, 1.0, (64, 62, 62), (236, 224, 198), glow=True)
    _plant(paint)
    _table(paint)
    return paint.finished(101)


def draw_sofa() -> Image.Image:
    """An emerald velvet sofa on a light ground."""
    paint = Painter(1152, 768, GROUND)
    paint.shade(paint.ellipse(576, 640, 440, 26), 0.30, 18)
    _sofa(paint, 576.0, 606.0, 1.45, (34, 104, 84), (212, 132, 82))
    return paint.finished(111)


def draw_lamp() -> Image.Image:
    """A brass floor lamp with a terracotta shade on a light ground."""
    paint = Painter(640, 1152, GROUND)
    paint.shade(paint.ellipse(330, 1082, 120, 16), 0.30, 12)
    _lamp(paint, 320.0, 1070.0, 2.2, (186, 148, 84), (196, 104, 74), glow=False)
    return paint.finished(121)


def _walls(paint: Painter) -> None:
    wall = paint.rect(0, 0, 1152, 600)
    xs, ys = paint.coordinates(wall)
    light = 0.16 * np.exp(-(((xs - 330) / 420) ** 2 + ((ys - 330) / 380) ** 2)) - 0.07 * (xs / 1152)
    paint.fill(wall, (214, 206, 194), light.astype(np.float32))
    floor = paint.rect(0, 596, 1152, 864)
    xs, ys = paint.coordinates(floor)
    left, top, right, bottom = floor.box
    depth = (ys - 596) / 268
    board = np.floor((xs - 576) / (60 + 120 * depth) + 40)
    tone = (np.sin(board * 12.9898) * 43758.5453) % 1.0
    grain = texture(right - left, (bottom - top), 102, 30) * 0.03
    seams = (((xs - 576) / (60 + 120 * depth) + 40) % 1.0) < 0.022
    light = -0.10 + tone * 0.16 + grain - seams * 0.22 + 0.10 * np.exp(-(((xs - 330) / 330) ** 2)) - 0.08 * (1 - depth)
    paint.fill(floor, (176, 132, 92), light.astype(np.float32))
    skirting = paint.rect(0, 578, 1152, 600)
    paint.shade(paint.rect(0, 598, 1152, 612), 0.26, 5)
    paint.fill(skirting, (240, 237, 230))
    paint.shade(paint.rect(0, 576, 1152, 579), 0.22, 1)


def _window(paint: Painter) -> None:
    frame = paint.rect(96, 70, 356, 430)
    paint.shadow(frame, 5, 8, 10, 0.2)
    paint.fill(frame, (246, 244, 239))
    glass = paint.rect(112, 86, 340, 414)
    xs, ys = paint.coordinates(glass)
    sky = np.stack([190 + ys * 0.12, 216 + ys * 0.07, 238 + 0 * ys], axis=-1).astype(np.float32)
    paint.fill(glass, sky)
    for x, y, size, tone in ((150, 400, 70, 0), (230, 420, 86, 1), (310, 396, 64, 0)):
        crown = paint.ellipse(x, y, size, size * 0.9).within(glass)
        paint.fill(crown, (142, 170, 128) if tone else (124, 156, 120), crown.volume(20, 0.2), opacity=0.9)
    paint.fill(paint.ellipse(190, 160, 60, 16).within(glass), (250, 252, 253), opacity=0.8)
    paint.fill(paint.ellipse(226, 148, 46, 14).within(glass), (250, 252, 253), opacity=0.8)
    for bar in (paint.rect(221, 86, 231, 414), paint.rect(112, 244, 340, 254)):
        paint.fill(bar, (246, 244, 239), bar.volume(3, 0.1))
    paint.shade(paint.rect(112, 86, 340, 94), 0.2, 3, inside=glass)
    sill = paint.rect(80, 428, 372, 446)
    paint.shadow(sill, 3, 7, 6, 0.28)
    paint.fill(sill, (248, 246, 241), sill.volume(4, 0.1))
    for side, edge in ((-1, 60.0), (1, 392.0)):
        curtain = paint.area(
            [
                Corner(edge - 40, 46),
                Corner(edge + 40, 46),
                (edge + 34, 300),
                Corner(edge + 42, 580),
                Corner(edge - 42, 580),
                (edge - 34, 300),
            ]
        )
        paint.shadow(curtain, 4, 4, 8, 0.18)
        xs, _ = paint.coordinates(curtain)
        waves = (0.10 * np.sin((xs - edge) * 0.36 + side)).astype(np.float32)
        paint.fill(curtain, (226, 216, 200), waves, curtain.rim(6, 0.08))
    rod = paint.line([(10, 46), (446, 46)], 7)
    paint.fill(rod, (90, 74, 60), rod.volume(3, 0.4))


def _picture(paint: Painter) -> None:
    frame = paint.rect(520, 110, 760, 290)
    paint.shadow(frame, 4, 8, 8, 0.3)
    paint.fill(frame, (70, 58, 50), frame.volume(4, 0.3))
    paper = paint.rect(532, 122, 748, 278)
    paint.fill(paper, (238, 232, 222))
    sun = paint.ellipse(686, 180, 26, 26).within(paper)
    paint.fill(sun, (222, 146, 92))
    for shift, colour in ((0, (150, 172, 168)), (22, (104, 138, 140)), (44, (62, 100, 108))):
        hill = paint.area(
            [
                Corner(532, 300),
                Corner(532, 236 + shift),
                (590, 206 + shift),
                (650, 232 + shift),
                (700, 214 + shift),
                Corner(748, 238 + shift),
                Corner(748, 300),
            ]
        )
        paint.fill(hill.within(paint.rect(544, 134, 736, 266)), colour)


def _rug(paint: Painter) -> None:
    rug = paint.ellipse(600, 742, 420, 84)
    paint.shadow(rug, 0, 4, 4, 0.26)
    paint.fill(rug, (222, 212, 196), rug.rim(6, 0.12))
    for scale, colour in (
        (0.9, (180, 116, 88)),
        (0.84, (222, 212, 196)),
        (0.66, (126, 146, 142)),
        (0.62, (222, 212, 196)),
    ):
        paint.fill(paint.ellipse(600, 742, 420 * scale, 84 * scale), colour)
    paint.grain(rug, 103, 1.6, 0.06)


def _cushion(paint: Painter, shape: Shape, colour: Colour, radius: float) -> None:
    paint.shadow(shape, 0, radius * 0.2, radius * 0.3, 0.24)
    paint.fill(
        shape, colour, shape.volume(radius, 0.16), shape.volume(radius * 0.3, 0.14), shape.rim(radius * 0.4, 0.2)
    )


def _sofa(paint: Painter, x: float, floor: float, k: float, cloth: Colour, pillow: Colour) -> None:
    """A three-seat sofa standing on y = floor, its middle at x; k scales it (1 = 520 pixels wide)."""

    def soft(left: float, top: float, right: float, bottom: float, r: float) -> Shape:
        return paint.rounded(x + left * k, floor + top * k, x + right * k, floor + bottom * k, r * k)

    paint.shade(paint.ellipse(x, floor + 26 * k, 280 * k, 16 * k), 0.42, 9 * k)
    for side in (-1, 1):
        for leg_x in (238, 70):
            foot = x + side * leg_x * k
            leg = paint.area(
                [
                    Corner(foot - 7 * k, floor - 4 * k),
                    Corner(foot + 7 * k, floor - 4 * k),
                    Corner(foot + 4 * k, floor + 28 * k),
                    Corner(foot - 4 * k, floor + 28 * k),
                ]
            )
            paint.fill(leg, (104, 72, 48), leg.volume(4 * k, 0.3))
    _cushion(paint, soft(-232, -196, 232, -40, 26), cloth, 26 * k)
    for left, right in ((-222, -76), (-73, 73), (76, 222)):
        back = soft(left, -186, right, -62, 22)
        _cushion(paint, back, cloth, 24 * k)
        sag = ((left + 30, -90), (left + 60, -80), (right - 60, -80), (right - 30, -90))
        paint.fold(back, [(x + dx * k, floor + dy * k) for dx, dy in sag], 8 * k, 0.14)
    base = soft(-250, -50, 250, 6, 10)
    _cushion(paint, base, cloth, 14 * k)
    for left, right in ((-222, -76), (-73, 73), (76, 222)):
        _cushion(paint, soft(left, -88, right, -38, 14), cloth, 16 * k)
    for side in (-1, 1):
        arm = soft(-262, -132, -206, 6, 22) if side < 0 else soft(206, -132, 262, 6, 22)
        _cushion(paint, arm, cloth, 22 * k)
    for px, lean in ((-160, 8), (168, -10)):
        points = (
            (-42, -150 + lean),
            (0, -144),
            (42, -150 - lean),
            (37, -106),
            (44, -62 - lean * 0.3),
            (0, -66),
            (-44, -62 + lean * 0.3),
            (-37, -106),
        )
        square = paint.area(
            [
                (Corner if index % 2 == 0 else _plain)(x + (px + dx) * k, floor + dy * k)
                for index, (dx, dy) in enumerate(points)
            ]
        )
        _cushion(paint, square, pillow, 18 * k)


def _plain(x: float, y: float) -> Point:
    return x, y


def _lamp(paint: Painter, x: float, floor: float, k: float, metal: Colour, shade_colour: Colour, *, glow: bool) -> None:
    """A floor lamp standing on y = floor; k scales it (1 = 440 pixels high)."""
    foot = paint.ellipse(x, floor, 46 * k, 9 * k)
    paint.shadow(foot, 2, 4 * k, 5 * k, 0.36)
    paint.fill(foot, metal, foot.volume(6 * k, 0.4))
    pole = paint.rect(x - 3.2 * k, floor - 330 * k, x + 3.2 * k, floor - 2 * k)
    paint.fill(pole, metal, pole.volume(2.6 * k, 0.5))
    if glow:
        halo = paint.soft(paint.ellipse(x, floor - 370 * k, 120, 110), 46)
        paint.fill(halo, (255, 238, 200), opacity=0.55)
    half = [Corner(x + 40 * k, floor - 440 * k), Corner(x + 66 * k, floor - 322 * k), (x, floor - 314 * k)]
    shape = paint.area([*half, *mirrored(half[:-1], x)])
    xs, ys = paint.coordinates(shape)
    warm = (0.12 * np.exp(-(((xs - x) / (40 * k)) ** 2 + ((ys - floor + 365 * k) / (44 * k)) ** 2))).astype(np.float32)
    paint.fill(shape, shade_colour, shape.volume(24 * k, 0.16), warm, shape.rim(6 * k, 0.1))
    rim = paint.ellipse(x, floor - 440 * k, 40 * k, 5 * k)
    paint.fill(rim, tuple(part * 0.82 for part in shade_colour), rim.volume(3 * k, -0.2))  # type: ignore[arg-type]
    paint.seam(shape, [(x - 64 * k, floor - 330 * k), (x, floor - 322 * k), (x + 64 * k, floor - 330 * k)], 0.16)


def _plant(paint: Painter) -> None:
    pot = paint.area([Corner(150, 590), Corner(226, 590), Corner(214, 676), (188, 682), Corner(162, 676)])
    paint.shade(paint.ellipse(190, 680, 50, 9), 0.4, 6)
    dice = np.random.default_rng(104)
    for index in range(16):
        lean = (index - 7.5) * 13 + float(dice.uniform(-6, 6))
        high = 130 + 46 * float(dice.uniform(0.2, 1)) - abs(lean) * 0.5
        leaf = paint.limb(
            [(188, 596), (188 + lean * 0.5, 596 - high * 0.6), (188 + lean * 1.2, 596 - high)], [3, 20, 18, 2]
        )
        paint.shadow(leaf, 3, 4, 4, 0.16)
        tone = float(dice.uniform(0.85, 1.15))
        paint.fill(leaf, (72 * tone, 118 * tone, 78 * tone), leaf.volume(6, 0.3))
    paint.fill(pot, (226, 220, 210), pot.volume(18, 0.2), pot.rim(6, 0.1))


def _table(paint: Painter) -> None:
    paint.shade(paint.ellipse(604, 806, 140, 16), 0.34, 9)
    for x in (500, 604, 706):
        leg = paint.line([(x, 742), (x + (x - 603) * 0.12, 806)], 8)
        paint.fill(leg, (86, 62, 44), leg.volume(3, 0.3))
    edge = paint.ellipse(603, 746, 150, 26)
    paint.fill(edge, (108, 78, 54), edge.volume(6, 0.2))
    top = paint.ellipse(603, 739, 150, 26)
    paint.fill(top, (166, 124, 86), top.volume(14, 0.1))
    paint.grain(top, 105, 8, 0.05)
    book = paint.area([Corner(540, 732), Corner(620, 726), Corner(632, 742), Corner(548, 749)])
    paint.shadow(book, 2, 5, 4, 0.3)
    paint.fill(book, (72, 100, 122), book.volume(5, 0.2))
    cup = paint.area([Corner(658, 716), Corner(690, 716), (688, 738), (674, 744), (660, 738)])
    paint.shadow(cup, 4, 6, 4, 0.3)
    paint.fill(cup, (238, 234, 228), cup.volume(7, 0.2))
    paint.fill(paint.ellipse(674, 716, 15.5, 4.4), (112, 76, 52))


DRAWINGS: Final[dict[str, Callable[[], Image.Image]]] = {
    "living-room": draw_room,
    "emerald-sofa": draw_sofa,
    "terracotta-lamp": draw_lamp,
}
