"""The sample garments and shoes, as flat-lay product pictures on a light ground."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PIL import Image

from samples.paint import Colour, Corner, Painter, Pixels, Point, Shape, mirrored, texture

GROUND: Final = (243, 241, 238)
AXIS: Final = 448.0
SIZE: Final = (896, 1024)
TALL: Final = (768, 1152)


def _ground(size: tuple[int, int]) -> Painter:
    paint = Painter(*size, GROUND)
    everything = paint.rect(0, 0, *size)
    xs, ys = paint.coordinates(everything)
    vignette = -0.035 * (((xs / size[0] - 0.45) ** 2 + (ys / size[1] - 0.45) ** 2) / 0.4)
    paint.fill(everything, GROUND, vignette.astype(np.float32))
    return paint


def _lay(paint: Painter, shape: Shape) -> None:
    """The shadow of a thing that lies on paper."""
    paint.shadow(shape, 5, 9, 12, 0.24)
    paint.shadow(shape, 2, 3, 3, 0.20)


def _on(side: int, points: Sequence[Point], axis: float = AXIS) -> list[Point]:
    return list(points) if side > 0 else mirrored(points, axis)


def draw_striped_tshirt() -> Image.Image:
    """A cream T-shirt with navy stripes."""
    paint = _ground(SIZE)
    half: list[Point] = [
        Corner(534, 150),
        (600, 170),
        (664, 196),
        (720, 268),
        Corner(788, 372),
        (748, 404),
        Corner(690, 436),
        (664, 392),
        Corner(650, 366),
        (648, 470),
        (648, 620),
        (652, 760),
        Corner(660, 872),
        (560, 884),
        (448, 886),
    ]
    body = paint.area([*half, *mirrored(half[:-1], AXIS)])
    neckline = paint.ellipse(AXIS, 138, 88, 64)
    shirt = body.without(neckline)
    _lay(paint, body)
    _inside(paint, AXIS, 142, 88, 26, (206, 206, 208))
    white, navy = (234, 227, 210), (38, 48, 86)
    xs, ys = paint.coordinates(shirt)
    sag = 10 * np.cos((xs - AXIS) / 230)
    sleeve_x = np.clip(np.abs(xs - AXIS) - 205, 0, None)
    rows = np.where(sleeve_x > 0, ys - sleeve_x * 0.72 + 4, ys + sag - 8) - 232
    stripe = np.clip(np.abs((rows % 56) - 28) - 15, -0.7, 0.7) / 1.4 + 0.5
    stripe = np.where(rows < 0, 1.0, stripe)[..., None].astype(np.float32)
    cloth = np.asarray(navy, np.float32) * (1 - stripe) + np.asarray(white, np.float32) * stripe
    paint.fill(shirt, cloth, shirt.volume(26, 0.12), shirt.volume(8, 0.08), shirt.rim(9, 0.10))
    for side in (-1, 1):
        paint.seam(shirt, _on(side, [(664, 196), (640, 250), (638, 312), (650, 366)]), 0.30)
        paint.seam(shirt, _on(side, [(778, 358), (738, 392), (682, 424)]), 0.24)
        paint.fold(shirt, _on(side, [(650, 372), (600, 400), (560, 412), (520, 410)]), 13, 0.13)
        paint.fold(shirt, _on(side, [(656, 366), (690, 340), (708, 306), (716, 280)]), 10, 0.13)
        paint.fold(shirt, _on(side, [(636, 600), (600, 680), (590, 760), (604, 850)]), 18, 0.10)
        paint.fold(shirt, _on(side, [(560, 470), (548, 540), (556, 620), (548, 690)]), 18, 0.06)
    paint.fold(shirt, [(452, 400), (440, 520), (452, 640), (444, 800)], 22, 0.06)
    paint.seam(shirt, [(238, 856), (340, 868), (448, 871), (556, 868), (658, 856)], 0.22)
    _collar(paint, body, neckline, AXIS, 138, (104, 80), white)
    paint.grain(shirt, 21, 1.4, 0.016)
    return paint.finished(21)


def _inside(paint: Painter, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
    """What shows of a garment's back through the neck opening."""
    hole = paint.ellipse(x, y, rx - 2, ry)
    paint.fill(hole, colour, hole.volume(14, 0.1), np.full(hole.cover.shape, -0.16, np.float32))
    paint.shade(paint.line([(x - rx + 6, y - 2), (x, y - ry + 6), (x + rx - 6, y - 2)], 9), 0.12, 2, inside=hole)
    tag = paint.rect(x - 15, y - ry + 14, x + 15, y - ry + 34)
    paint.fill(tag, (232, 230, 226), opacity=0.9)


def _collar(
    paint: Painter, body: Shape, neckline: Shape, x: float, y: float, size: tuple[float, float], colour: Colour
) -> None:
    """A ribbed band around the front of the neck opening."""
    band = paint.ellipse(x, y, *size).without(neckline).within(body)
    paint.fill(band, colour, band.volume(6, 0.2), np.full(band.cover.shape, -0.05, np.float32))
    for turn in range(8, 173, 5):
        a = math.radians(turn)
        inner = (x + (size[0] - 15) * math.cos(a), y + (size[1] - 15) * math.sin(a))
        outer = (x + (size[0] - 2) * math.cos(a), y + (size[1] - 2) * math.sin(a))
        paint.shade(paint.line([inner, outer], 1.4), 0.10, 0.5, inside=band)
    ring = [
        (x + size[0] * math.cos(math.radians(t)), y + size[1] * math.sin(math.radians(t))) for t in range(4, 177, 8)
    ]
    paint.seam(body, ring, 0.26)


def draw_hoodie() -> Image.Image:
    """A moss green hoodie with a pouch pocket."""
    paint = _ground((960, 1024))
    axis = 480.0
    green: Colour = (94, 118, 92)
    half: list[Point] = [
        Corner(566, 170),
        (630, 196),
        (690, 236),
        (738, 330),
        (774, 470),
        (806, 620),
        (826, 726),
        Corner(840, 800),
        (800, 822),
        Corner(744, 822),
        (728, 740),
        (706, 620),
        (688, 500),
        Corner(676, 410),
        (676, 540),
        (680, 700),
        (684, 800),
        Corner(682, 886),
        (600, 900),
        (480, 904),
    ]
    body = paint.area([*half, *mirrored(half[:-1], axis)])
    hood_half: list[Point] = [
        (480, 64),
        (540, 70),
        (592, 104),
        (606, 160),
        Corner(582, 214),
        (540, 262),
        Corner(480, 300),
    ]
    hood = paint.area([*hood_half, *mirrored(hood_half[1:-1], axis)])
    whole = body.joined(hood)
    _lay(paint, whole)
    paint.fill(body, green, body.volume(34, 0.20), body.volume(9, 0.14), body.rim(12, 0.18))
    for side in (-1, 1):

        def on(points: Sequence[Point], side: int = side) -> list[Point]:
            return _on(side, points, axis)

        paint.seam(body, on([(690, 236), (664, 300), (662, 360), (676, 410)]), 0.34, 1.6)
        paint.fold(body, on([(676, 420), (630, 452), (580, 464), (540, 460)]), 16, 0.17)
        paint.fold(body, on([(684, 420), (716, 396), (734, 364), (742, 340)]), 12, 0.18)
        paint.fold(body, on([(702, 560), (726, 576), (760, 570), (790, 552)]), 12, 0.20)
        paint.fold(body, on([(712, 610), (740, 620), (772, 612), (800, 598)]), 11, 0.16)
        paint.fold(body, on([(726, 690), (752, 700), (786, 694), (814, 684)]), 12, 0.18)
        paint.fold(body, on([(664, 520), (640, 600), (644, 700), (660, 790)]), 18, 0.13)
        cuff = paint.area(on([(824, 752), Corner(840, 800), (800, 822), Corner(744, 822), (734, 772), (782, 768)]))
        cuff = cuff.within(body)
        paint.fill(cuff, green, cuff.volume(12, 0.2), np.full(cuff.cover.shape, -0.06, np.float32))
        for step in range(16):
            t = step / 15
            top, bottom = (738 + 84 * t, 772 - 16 * t), (748 + 90 * t, 824 - 20 * t)
            paint.shade(paint.line(on([top, bottom]), 1.8), 0.16, 0.7, inside=cuff)
        paint.seam(body, on([(734, 772), (782, 770), (826, 754)]), 0.34)
    rib = paint.rect(200, 850, 760, 940).within(body)
    paint.fill(rib, green, rib.volume(14, 0.16), np.full(rib.cover.shape, -0.07, np.float32))
    for x in range(282, 684, 7):
        paint.shade(paint.line([(x, 853), (x, 902)], 1.8), 0.15, 0.7, inside=rib)
    paint.seam(body, [(278, 848), (480, 853), (682, 848)], 0.36, 1.6)
    pocket_half: list[Point] = [
        Corner(480, 640),
        Corner(560, 640),
        (584, 690),
        Corner(626, 760),
        Corner(628, 838),
        Corner(480, 842),
    ]
    pocket = paint.area([*pocket_half, *mirrored(pocket_half[1:-1], axis)])
    paint.shadow(pocket, 0, 2, 4, 0.22)
    paint.fill(pocket, green, pocket.volume(12, 0.10), pocket.rim(6, 0.06))
    for side in (-1, 1):
        paint.seam(pocket, _on(side, [(552, 646), (576, 694), (616, 762)], axis), 0.3)
        paint.shade(paint.line(_on(side, [(560, 640), (584, 690), (626, 760)], axis), 5), 0.34, 3)
        paint.stitches(pocket, _on(side, [(620, 766), (622, 834)], axis), (70, 92, 70), 1.2)
    paint.fold(body, [(486, 380), (474, 460), (488, 540), (478, 630)], 18, 0.07)
    _hood(paint, hood, axis, green)
    paint.grain(whole, 31, 1.8, 0.035)
    return paint.finished(31)


def _hood(paint: Painter, hood: Shape, axis: float, colour: Colour) -> None:
    paint.shadow(hood, 0, 6, 8, 0.30)
    paint.fill(hood, colour, hood.volume(26, 0.22), hood.rim(10, 0.16))
    opening_half: list[Point] = [(axis, 116), (axis + 54, 128), (axis + 76, 168), (axis + 58, 216), Corner(axis, 268)]
    opening = paint.area([*opening_half, *mirrored(opening_half[1:-1], axis)])
    paint.fill(opening, tuple(part * 0.66 for part in colour), opening.volume(20, -0.2), opening.rim(12, 0.25))  # type: ignore[arg-type]
    paint.seam(hood, [(axis, 66), (axis + 2, 90), (axis, 116)], 0.3)
    lining: list[Point] = [(axis - 40, 206), (axis, 240), (axis + 40, 206)]
    paint.shade(paint.line(lining, 12), 0.2, 5, inside=opening)
    for side in (-1, 1):
        paint.seam(
            hood,
            _on(side, [(axis + 4, 112), (axis + 64, 122), (axis + 88, 168), (axis + 68, 222), (axis + 2, 282)], axis),
            0.24,
        )
        eyelet = (axis + side * 34, 268)
        paint.fill(paint.ellipse(*eyelet, 6, 6), (196, 190, 176))
        paint.fill(paint.ellipse(*eyelet, 3, 3), (60, 66, 56))
        sway = side * 10
        cord = paint.line([eyelet, (eyelet[0] + sway, 330), (eyelet[0] + sway * 0.4, 400), (eyelet[0] + sway, 452)], 7)
        paint.shadow(cord, 3, 4, 4, 0.34)
        paint.fill(cord, (226, 222, 210), cord.volume(3, 0.25))
        tip = paint.line([(eyelet[0] + sway, 446), (eyelet[0] + sway * 1.1, 466)], 8)
        paint.fill(tip, (176, 172, 160), tip.volume(3, 0.3))


def draw_denim_jacket() -> Image.Image:
    """A blue denim jacket with copper buttons."""
    paint = _ground((960, 1024))
    axis = 480.0
    denim: Colour = (86, 116, 158)
    thread: Colour = (206, 160, 96)
    half: list[Point] = [
        Corner(552, 156),
        (624, 176),
        (694, 216),
        (742, 320),
        (778, 470),
        (808, 630),
        Corner(834, 806),
        (796, 822),
        Corner(744, 824),
        (726, 690),
        (702, 540),
        Corner(680, 408),
        (676, 540),
        (668, 680),
        Corner(666, 806),
        (580, 814),
        Corner(480, 816),
    ]
    body = paint.area([*half, *mirrored(half[:-1], axis)])
    neck = paint.area([Corner(408, 140), (440, 176), (480, 204), (520, 176), Corner(552, 140)])
    jacket = body.without(neck)
    _lay(paint, body)
    back = paint.area([Corner(404, 150), (480, 168), Corner(556, 150), (530, 190), (480, 210), (430, 190)])
    paint.fill(back, (66, 90, 126), back.rim(6, 0.2))
    left, top, right, bottom = jacket.box
    twill = texture(right - left, bottom - top, 41, 1.0)[..., None] * 12
    wash = texture(right - left, bottom - top, 42, 60.0)[..., None] * 9
    cloth = (np.asarray(denim, np.float32) + twill + wash).astype(np.float32)
    paint.fill(jacket, cloth, jacket.volume(30, 0.20), jacket.volume(8, 0.14), jacket.rim(10, 0.20))
    for side in (-1, 1):
        _jacket_side(paint, jacket, axis, side, denim, thread)
    paint.seam(jacket, [(480, 204), (482, 500), (480, 812)], 0.42, 1.8)
    for x in (468, 506):
        paint.stitches(jacket, [(x, 214), (x + 1, 500), (x, 768)], thread)
    band = paint.rect(200, 766, 760, 830).within(jacket).within(paint.rect(286, 700, 674, 830))
    paint.fill(band, denim, band.volume(8, 0.18), np.full(band.cover.shape, 0.02, np.float32), opacity=0.85)
    paint.seam(jacket, [(292, 764), (480, 772), (668, 764)], 0.4, 1.6)
    paint.stitches(jacket, [(294, 776), (480, 784), (666, 776)], thread)
    paint.stitches(jacket, [(294, 800), (480, 808), (666, 800)], thread)
    for y in (246, 340, 434, 528, 622, 716, 794):
        _button(paint, 487, y)
    _jacket_collar(paint, axis, thread)
    paint.grain(jacket, 43, 1.1, 0.05)
    return paint.finished(41)


def _jacket_side(paint: Painter, jacket: Shape, axis: float, side: int, denim: Colour, thread: Colour) -> None:
    def on(points: Sequence[Point]) -> list[Point]:
        return _on(side, points, axis)

    arm = [(694, 216), (660, 290), (660, 350), (680, 408)]
    paint.seam(jacket, on([*arm]), 0.42, 1.8)
    paint.stitches(jacket, on([(x - 9, y + 2) for x, y in arm]), thread)
    paint.seam(jacket, on([(498, 350), (580, 356), (662, 350)]), 0.36, 1.6)  # yoke
    paint.stitches(jacket, on([(498, 362), (580, 368), (664, 362)]), thread)
    for start, end in (((540, 366), (510, 762)), ((640, 366), (596, 762))):
        paint.seam(jacket, on([start, end]), 0.30, 1.6)
        paint.stitches(jacket, on([(start[0] + 7, start[1]), (end[0] + 7, end[1])]), thread)
    flap = paint.area(on([Corner(536, 372), Corner(640, 372), Corner(640, 410), Corner(588, 436), Corner(536, 410)]))
    pocket = paint.area(on([Corner(540, 392), Corner(636, 392), Corner(632, 494), Corner(588, 512), Corner(544, 494)]))
    paint.shade(pocket, 0.05, 1)
    paint.stitches(jacket, on([(546, 400), (549, 488), (588, 504), (627, 488), (630, 400)]), thread)
    paint.shadow(flap, 1, 4, 4, 0.34)
    paint.fill(flap, denim, flap.volume(7, 0.16), opacity=0.9)
    paint.stitches(flap, on([(542, 378), (542, 405), (588, 428), (634, 405), (634, 378)]), thread)
    _button(paint, on([(588, 414)])[0][0], 414)
    paint.fold(jacket, on([(696, 470), (724, 486), (760, 480), (778, 464)]), 11, 0.22)
    paint.fold(jacket, on([(706, 530), (732, 544), (764, 536), (788, 520)]), 12, 0.24)
    paint.fold(jacket, on([(716, 600), (744, 606), (774, 596), (800, 584)]), 10, 0.18)
    paint.fold(jacket, on([(684, 412), (716, 384), (734, 350), (740, 322)]), 12, 0.20)
    cuff = paint.area(on([(824, 762), Corner(834, 806), (796, 822), Corner(744, 824), (740, 780)])).within(jacket)
    paint.fill(cuff, denim, cuff.volume(8, 0.18), opacity=0.85)
    paint.seam(jacket, on([(738, 778), (784, 776), (826, 762)]), 0.4, 1.6)
    paint.stitches(jacket, on([(740, 788), (784, 786), (828, 772)]), thread)
    paint.stitches(jacket, on([(744, 814), (792, 812), (832, 796)]), thread)
    _button(paint, on([(756, 800)])[0][0], 800)


def _jacket_collar(paint: Painter, axis: float, thread: Colour) -> None:
    for side in (-1, 1):
        points = _on(
            side,
            [
                Corner(axis + 70, 138),
                (axis + 98, 166),
                Corner(axis + 124, 196),
                (axis + 96, 232),
                Corner(axis + 66, 262),
                (axis + 30, 228),
                Corner(axis + 1, 206),
                (axis + 40, 184),
            ],
            axis,
        )
        wing = paint.area(points)
        paint.shadow(wing, 2, 6, 6, 0.36)
        paint.fill(wing, (96, 126, 168), wing.volume(10, 0.2), wing.rim(6, 0.12))
        paint.stitches(wing, _on(side, [(axis + 112, 196), (axis + 66, 250), (axis + 12, 208)], axis), thread)
        paint.grain(wing, 44, 1.1, 0.06)
    stand = paint.area(
        [Corner(axis - 70, 138), (axis, 158), Corner(axis + 70, 138), (axis + 62, 166), (axis, 186), (axis - 62, 166)]
    )
    paint.fill(stand, (74, 100, 138), stand.volume(6, 0.2))
    paint.stitches(stand, [(axis - 58, 158), (axis, 177), (axis + 58, 158)], thread)


def _button(paint: Painter, x: float, y: float) -> None:
    disc = paint.ellipse(x, y, 8, 8)
    paint.shadow(disc, 1, 2, 2, 0.4)
    paint.fill(disc, (184, 126, 84), disc.volume(4, 0.4))
    paint.shade(paint.ellipse(x, y, 4.4, 4.4), 0.25, 1)
    paint.shade(paint.ellipse(x - 2.4, y - 2.6, 2, 1.6), -0.5, 1)


def draw_trousers() -> Image.Image:
    """Camel chinos."""
    paint = _ground(TALL)
    axis = 384.0
    camel: Colour = (186, 146, 100)
    half: list[Point] = [
        Corner(508, 96),
        (522, 150),
        (540, 240),
        (548, 330),
        (544, 480),
        (536, 640),
        (530, 800),
        (526, 940),
        Corner(524, 1062),
        (474, 1072),
        Corner(416, 1070),
        (414, 920),
        (410, 760),
        (404, 600),
        (396, 450),
        Corner(384, 374),
    ]
    whole = paint.area([*half, *mirrored(half[:-1], axis)])
    _lay(paint, whole)
    paint.fill(whole, camel, whole.volume(24, 0.2), whole.rim(9, 0.16))
    for side in (-1, 1):

        def on(points: Sequence[Point], side: int = side) -> list[Point]:
            return _on(side, points, axis)

        leg = paint.area(on([Corner(384, 340), *[p for p in half if p[1] > 330][:-1], Corner(384, 374)]))
        leg = leg.within(whole)
        paint.fill(leg, camel, leg.volume(24, 0.20), leg.rim(9, 0.15), opacity=0.8)
        paint.fold(whole, on([(466, 380), (470, 600), (470, 830), (468, 1060)]), 9, 0.14)
        paint.fold(whole, on([(400, 392), (440, 410), (486, 404), (528, 384)]), 12, 0.14)
        paint.fold(whole, on([(410, 648), (444, 668), (490, 668), (530, 650)]), 11, 0.12)
        paint.fold(whole, on([(414, 700), (446, 712), (484, 712), (526, 700)]), 10, 0.10)
        paint.fold(whole, on([(420, 990), (456, 1004), (492, 1004), (522, 992)]), 9, 0.12)
        paint.seam(whole, on([(516, 158), (494, 200), (524, 262)]), 0.32, 1.6)
        paint.stitches(whole, on([(508, 160), (486, 202), (518, 268)]), (158, 120, 80), 1.2)
        paint.seam(whole, on([(418, 1052), (474, 1056), (524, 1046)]), 0.24)
        for x in (430, 490):
            loop = paint.area(on([Corner(x, 92), Corner(x + 11, 92), Corner(x + 12, 152), Corner(x + 1, 152)]))
            paint.shadow(loop, 1, 2, 2, 0.3)
            paint.fill(loop, camel, loop.volume(4, 0.2))
    band = paint.area(
        [Corner(260, 96), (384, 108), Corner(508, 96), Corner(516, 142), (384, 154), Corner(252, 142)]
    ).within(whole)
    paint.shade(band, 0.06, 1)
    paint.seam(whole, [(252, 142), (384, 154), (516, 142)], 0.34, 1.6)
    inside = paint.area([Corner(262, 98), (384, 84), Corner(506, 98), (384, 112)])
    paint.fill(inside, (146, 112, 76), inside.volume(5, -0.2))
    paint.seam(whole, [(384, 110), (386, 240), (384, 372)], 0.4, 1.8)
    paint.stitches(whole, [(412, 156), (412, 250), (404, 300), (388, 326)], (158, 120, 80), 1.2)
    button = paint.ellipse(396, 130, 8, 8)
    paint.shadow(button, 1, 2, 2, 0.3)
    paint.fill(button, (110, 78, 50), button.volume(4, 0.3))
    paint.grain(whole, 51, 1.2, 0.03)
    return paint.finished(51)


def draw_skirt() -> Image.Image:
    """A rust pleated midi skirt."""
    paint = _ground(SIZE)
    rust: Colour = (176, 84, 58)
    half: list[Point] = [
        Corner(594, 150),
        Corner(600, 208),
        (638, 350),
        (668, 500),
        (694, 660),
        Corner(714, 806),
        (600, 828),
        (448, 834),
    ]
    whole = paint.area([*half, *mirrored(half[:-1], AXIS)])
    _lay(paint, whole)
    xs, ys = paint.coordinates(whole)
    spread = 152 + np.clip(ys - 208, 0, None) * (266 - 152) / (806 - 208)
    across = (xs - AXIS) / spread
    phase = (across * 8.0 + 0.5) % 1.0
    pleat = (np.where(phase < 0.78, (phase / 0.78 - 0.35) * 0.24, -0.34 + (phase - 0.78) * 1.2)).astype(np.float32)
    pleat *= np.clip((ys - 208) / 60, 0, 1).astype(np.float32)
    paint.fill(whole, rust, pleat, whole.volume(30, 0.16), whole.rim(9, 0.15))
    band = paint.area([Corner(302, 150), (448, 160), Corner(594, 150), Corner(601, 210), (448, 220), Corner(295, 210)])
    paint.shadow(band, 0, 4, 4, 0.26)
    paint.fill(band, rust, band.volume(12, 0.2), np.full(band.cover.shape, -0.04, np.float32))
    paint.seam(band, [(298, 204), (448, 214), (598, 204)], 0.26)
    inside = paint.area([Corner(304, 151), (448, 136), Corner(592, 151), (448, 163)])
    paint.fill(inside, (132, 60, 40), inside.volume(5, -0.2))
    paint.seam(whole, [(182, 794), (300, 812), (448, 818), (596, 812), (714, 794)], 0.24)
    paint.fold(whole, [(330, 400), (306, 520), (290, 660), (270, 790)], 18, 0.10)
    paint.fold(whole, [(560, 380), (586, 500), (598, 640), (630, 790)], 18, 0.10)
    paint.grain(whole, 61, 1.3, 0.03)
    return paint.finished(61)


def draw_dress() -> Image.Image:
    """A long teal dress with short sleeves, a belt and small flowers."""
    paint = _ground(TALL)
    axis = 384.0
    teal: Colour = (42, 104, 108)
    half: list[Point] = [
        Corner(440, 84),
        (474, 92),
        (508, 108),
        (540, 160),
        Corner(574, 232),
        (546, 254),
        Corner(506, 264),
        (496, 240),
        Corner(490, 216),
        (486, 290),
        (470, 350),
        Corner(466, 384),
        (496, 480),
        (536, 680),
        (568, 880),
        Corner(592, 1068),
        (490, 1090),
        (384, 1096),
    ]
    body = paint.area([*half, *mirrored(half[:-1], axis)])
    neck_half: list[Point] = [Corner(440, 70), (430, 116), (410, 156), Corner(384, 186)]
    neck = paint.area([*neck_half, *mirrored(neck_half[:-1], axis)])
    dress = body.without(neck)
    _lay(paint, dress)
    back = paint.area(
        [Corner(330, 84), (384, 102), Corner(438, 84), (428, 120), (416, 150), Corner(384, 190), (352, 150), (340, 120)]
    )
    paint.fill(back, (30, 78, 82), back.rim(8, 0.3))
    paint.fill(dress, _flowers(dress, teal), dress.volume(28, 0.18), dress.volume(8, 0.10), dress.rim(9, 0.16))
    for side in (-1, 1):

        def on(points: Sequence[Point], side: int = side) -> list[Point]:
            return _on(side, points, axis)

        paint.seam(dress, on([(508, 108), (486, 150), (482, 186), (490, 216)]), 0.34)
        paint.seam(dress, on([(568, 222), (542, 242), (504, 252)]), 0.28)
        paint.fold(dress, on([(488, 222), (456, 240), (430, 244), (408, 240)]), 10, 0.18)
        paint.fold(dress, on([(456, 400), (476, 560), (500, 760), (520, 1060)]), 15, 0.24)
        paint.fold(dress, on([(430, 400), (438, 560), (450, 760), (462, 1080)]), 13, 0.18)
        paint.fold(dress, on([(404, 404), (402, 580), (410, 780), (404, 1086)]), 14, 0.20)
        paint.fold(dress, on([(466, 392), (500, 540), (532, 760), (560, 1040)]), 12, 0.20)
        paint.fold(dress, on([(460, 340), (440, 354), (420, 360), (400, 360)]), 8, 0.15)
        edge = [(434, 92), (426, 118), (406, 158), (385, 188)]
        paint.seam(dress, on(edge), 0.36, 2)
    belt = paint.area(
        [Corner(300, 366), (384, 374), Corner(468, 366), Corner(468, 398), (384, 406), Corner(300, 398)]
    ).within(dress)
    paint.shadow(belt, 0, 3, 4, 0.36)
    paint.fill(belt, (28, 76, 80), belt.volume(7, 0.3))
    bow = paint.area(
        [
            (376, 384),
            (352, 370),
            (340, 384),
            (352, 400),
            (376, 392),
            (392, 392),
            (418, 402),
            (428, 386),
            (416, 370),
            (392, 384),
        ]
    )
    for tail in ([(382, 392), (372, 430), (360, 462)], [(388, 392), (398, 428), (404, 470)]):
        strip = paint.limb(tail, [6, 12, 15])
        paint.shadow(strip, 2, 3, 3, 0.3)
        paint.fill(strip, (30, 80, 84), strip.volume(4, 0.25))
    paint.shadow(bow, 1, 3, 3, 0.34)
    paint.fill(bow, (34, 88, 92), bow.volume(7, 0.34))
    paint.seam(dress, [(176, 1054), (280, 1074), (384, 1080), (488, 1074), (592, 1054)], 0.26)
    paint.grain(dress, 71, 1.3, 0.03)
    return paint.finished(71)


def _flowers(shape: Shape, ground: Colour) -> Pixels:
    """Cloth printed with small flowers, as pixels of the shape's box."""
    left, top, right, bottom = shape.box
    print_ = Painter((right - left + 1) // 2, (bottom - top + 1) // 2, ground)
    dice = np.random.default_rng(72)
    kinds: tuple[Colour, ...] = ((236, 214, 186), (226, 150, 118), (198, 220, 206))
    step = 34
    for row, y in enumerate(range(0, print_.height + step, step)):
        for x in range(0, print_.width + step, step):
            cx = x + (row % 2) * step / 2 + float(dice.uniform(-6, 6))
            cy = y + float(dice.uniform(-6, 6))
            petal = kinds[int(dice.integers(0, 3))]
            size = float(dice.uniform(2.6, 4.4))
            turn = float(dice.uniform(0, math.tau))
            for leaf in range(5):
                a = turn + leaf * math.tau / 5
                flower = print_.ellipse(cx + size * math.cos(a), cy + size * math.sin(a), size * 0.72, size * 0.72)
                if flower.cover.size:
                    print_.fill(flower, petal)
            print_.fill(print_.ellipse(cx, cy, size * 0.55, size * 0.55), (226, 178, 70))
    return print_.pixels[: bottom - top, : right - left]


def draw_sneakers() -> Image.Image:
    """A pair of red canvas sneakers seen from above, toes towards the eye."""
    paint = _ground((1024, 896))
    red: Colour = (196, 52, 50)
    for side in (-1, 1):
        _sneaker(paint, 512.0, side, red)
    return paint.finished(81)


def _sneaker(paint: Painter, axis: float, side: int, red: Colour) -> None:
    def on(points: Sequence[Point]) -> list[Point]:
        return _on(side, points, axis)

    sole = paint.area(
        on(
            [
                (560, 140),
                (640, 104),
                (732, 126),
                (760, 240),
                (776, 400),
                (808, 560),
                (806, 700),
                (738, 784),
                (646, 784),
                (572, 704),
                (556, 560),
                (552, 400),
                (548, 240),
            ]
        )
    )
    _lay(paint, sole)
    paint.fill(sole, (226, 219, 205), sole.volume(14, 0.2), sole.rim(8, 0.12))
    upper = paint.area(
        on(
            [
                (572, 160),
                (642, 122),
                (722, 142),
                (746, 250),
                (760, 400),
                (790, 560),
                (784, 684),
                (730, 752),
                (652, 752),
                (588, 690),
                (574, 560),
                (568, 400),
                (562, 250),
            ]
        )
    )
    paint.fill(upper, red, upper.volume(30, 0.26), upper.volume(9, 0.16), upper.rim(10, 0.22))
    cap = paint.area(
        on([(590, 640), (640, 604), (700, 596), (754, 610), (786, 650), (776, 704), (728, 752), (654, 752), (598, 700)])
    ).within(upper)
    paint.shadow(cap, 0, -2, 3, 0.3)
    paint.fill(cap, (240, 238, 232), cap.volume(24, 0.2), cap.rim(8, 0.1))
    opening = paint.area(
        on([(596, 190), (646, 160), (704, 178), (720, 250), (706, 320), (656, 342), (612, 330), (592, 260)])
    )
    paint.fill(opening, (236, 226, 214), opening.volume(16, -0.2), opening.rim(22, 0.5))
    paint.shade(opening, 0.16, 1)
    rim = paint.line(on([(596, 190), (646, 160), (704, 178), (720, 250), (706, 320)]), 9)
    paint.fill(rim, (176, 44, 44), rim.volume(4, 0.3))
    tongue = paint.area(
        on(
            [
                Corner(616, 300),
                (656, 286),
                Corner(700, 296),
                (716, 420),
                (722, 540),
                Corner(716, 606),
                (668, 602),
                Corner(632, 614),
                (622, 500),
            ]
        )
    )
    paint.shadow(tongue, 0, 2, 4, 0.3)
    paint.fill(tongue, (206, 62, 58), tongue.volume(12, 0.22), tongue.rim(6, 0.2))
    for row in range(6):
        y = 352 + row * 42
        lean = row * 3
        start, end = (606 + lean * 0.5, y), (724 + lean, y - 8)
        for x0, y0 in (start, end):
            ring = paint.ellipse(on([(x0, y0)])[0][0], y0, 7, 7)
            paint.fill(ring, (214, 212, 206), ring.volume(3, 0.4))
        lace = paint.line(on([start, ((start[0] + end[0]) / 2, y + 8), end]), 11)
        paint.shadow(lace, 1, 4, 3, 0.34)
        paint.fill(lace, (244, 242, 238), lace.volume(5, 0.28))
        if row < 5:
            cross = paint.line(on([start, (end[0] + 3, y + 34)]), 8)
            paint.fill(cross.within(tongue), (230, 228, 222), cross.volume(4, 0.2), opacity=0.9)
    paint.stitches(upper, on([(588, 360), (600, 480), (612, 610)]), (244, 226, 220))
    paint.stitches(upper, on([(742, 350), (752, 480), (764, 600)]), (244, 226, 220))
    paint.grain(upper, 82, 1.2, 0.03)


def draw_boots() -> Image.Image:
    """A pair of dark brown Chelsea boots, seen from the front."""
    paint = _ground((1024, 1024))
    brown: Colour = (96, 60, 40)
    for side in (-1, 1):
        _boot(paint, 512.0, side, brown)
    return paint.finished(91)


def _boot(paint: Painter, axis: float, side: int, brown: Colour) -> None:
    def on(points: Sequence[Point]) -> list[Point]:
        return _on(side, points, axis)

    sole = paint.area(
        on(
            [
                Corner(556, 836),
                (640, 850),
                Corner(772, 836),
                (784, 874),
                Corner(770, 900),
                (664, 908),
                Corner(558, 900),
                (548, 872),
            ]
        )
    )
    boot = paint.area(
        on(
            [
                Corner(578, 150),
                (646, 138),
                Corner(712, 150),
                (716, 320),
                (714, 480),
                (724, 590),
                (756, 690),
                (780, 790),
                (772, 862),
                (664, 878),
                (562, 866),
                (554, 790),
                (570, 680),
                (584, 580),
                (582, 400),
            ]
        )
    )
    _lay(paint, sole.joined(boot))
    paint.fill(sole, (48, 38, 34), sole.volume(8, 0.3))
    paint.fill(boot, brown, boot.volume(40, 0.42), boot.volume(12, 0.18), boot.rim(14, 0.26))
    opening = paint.area(on([Corner(580, 150), (646, 128), Corner(710, 150), (646, 172)]))
    paint.fill(opening, (52, 34, 26), opening.rim(8, 0.3))
    for x, bend in ((590, 6), (702, -6)):
        gore = paint.area(
            on([Corner(x - 14, 210), Corner(x + 14, 210), (x + 10 + bend, 380), (x + bend, 500), (x - 10 + bend, 380)])
        ).within(boot)
        paint.fill(gore, (40, 32, 30), gore.volume(6, 0.2))
        for line in range(-10, 11, 4):
            paint.shade(paint.line(on([(x + line, 214), (x + line * 0.4 + bend, 480)]), 1), 0.3, 0.5, inside=gore)
    tab = paint.area(on([Corner(634, 96), (648, 84), Corner(662, 96), Corner(660, 162), Corner(636, 162)]))
    paint.shadow(tab, 2, 3, 3, 0.3)
    paint.fill(tab, (120, 80, 54), tab.volume(5, 0.25))
    paint.fold(boot, on([(580, 560), (620, 596), (668, 604), (716, 576)]), 14, 0.30)
    paint.fold(boot, on([(576, 620), (620, 650), (676, 654), (730, 626)]), 12, 0.24)
    paint.fold(boot, on([(572, 690), (624, 712), (690, 712), (750, 690)]), 12, 0.18)
    paint.seam(boot, on([(568, 740), (606, 716), (664, 706), (724, 716), (766, 742)]), 0.4, 2)
    paint.shade(paint.ellipse(on([(640, 780)])[0][0], 780, 44, 22), -0.20, 16, inside=boot)
    paint.shade(paint.ellipse(on([(630, 360)])[0][0], 360, 14, 130), -0.12, 12, inside=boot)
    paint.stitches(boot, on([(560, 858), (664, 870), (770, 856)]), (170, 124, 84), 1.6)
    paint.grain(boot, 92, 2.2, 0.03)


DRAWINGS: Final[dict[str, Callable[[], Image.Image]]] = {
    "striped-t-shirt": draw_striped_tshirt,
    "green-hoodie": draw_hoodie,
    "denim-jacket": draw_denim_jacket,
    "camel-chinos": draw_trousers,
    "pleated-skirt": draw_skirt,
    "floral-dress": draw_dress,
    "red-sneakers": draw_sneakers,
    "chelsea-boots": draw_boots,
}
