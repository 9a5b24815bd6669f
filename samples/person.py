"""The sample person: standing in a studio, arms a little away from the body, in plain clothes."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image

from samples.paint import Corner, Painter, Point, Shape, both_sides, mirrored

WIDTH: Final = 768
HEIGHT: Final = 1152
AXIS: Final = 384.0

SKIN: Final = (222, 172, 140)
HAIR: Final = (74, 48, 36)
SHIRT: Final = (240, 240, 238)
TROUSERS: Final = (104, 110, 120)
SHOES: Final = (78, 58, 50)
LIPS: Final = (184, 96, 88)


def draw_person() -> Image.Image:
    """The whole picture, 768 x 1152."""
    paint = Painter(WIDTH, HEIGHT, (186, 184, 181))
    _studio(paint)
    _hair_behind(paint)
    _neck(paint)
    _shoes(paint)
    _trousers(paint)
    for side in (-1, 1):
        _arm(paint, side)
    _shirt(paint)
    _head(paint)
    return paint.finished(7)


def _at(side: int, points: Sequence[Point]) -> list[Point]:
    """Points given for the right half of the picture, on the side wanted."""
    return list(points) if side > 0 else mirrored(points, AXIS)


def _studio(paint: Painter) -> None:
    """A paper backdrop that curves into the floor, lit from the upper left."""
    everything = paint.rect(0, 0, WIDTH, HEIGHT)
    xs, ys = paint.coordinates(everything)
    glow = np.exp(-(((xs - 330) / 430) ** 2 + ((ys - 420) / 620) ** 2)) * 0.16
    floor = np.clip((ys - 960) / 130, 0, 1)
    light = glow - 0.05 - 0.07 * floor * floor * (3 - 2 * floor)
    paint.fill(everything, (186, 184, 181), light.astype(np.float32))
    ground = paint.ellipse(AXIS + 34, 1094, 190, 20)
    paint.shade(ground, 0.34, 18)
    for side in (-1, 1):
        paint.shade(paint.ellipse(AXIS + side * 58, 1096, 52, 9), 0.42, 6)


def _hair_behind(paint: Painter) -> None:
    half: list[Point] = [
        (384, 76),
        (420, 84),
        (445, 120),
        (449, 168),
        (447, 204),
        (438, 226),
        (424, 236),
        Corner(412, 234),
        (408, 214),
    ]
    back = paint.area(both_sides(half, AXIS))
    paint.fill(back, HAIR, back.volume(26, 0.30), back.rim(14, 0.3))


def _neck(paint: Painter) -> None:
    half: list[Point] = [Corner(410, 180), (411, 216), (420, 240), Corner(460, 262), Corner(384, 290)]
    neck = paint.area(both_sides(half, AXIS))
    paint.fill(neck, SKIN, neck.volume(16, 0.16), neck.rim(8, 0.10))
    paint.shade(paint.ellipse(388, 205, 40, 19), 0.30, 9, inside=neck)  # the chin's shadow
    for side in (-1, 1):
        paint.shade(paint.line([(AXIS + side * 6, 262), (AXIS + side * 30, 254)], 3), 0.12, 2.5, inside=neck)


def _arm(paint: Painter, side: int) -> None:
    way = _at(side, [(489, 300), (512, 392), (527, 470), (546, 560), (553, 602)])
    sizes = [46.0, 44, 40, 31, 25]
    arm = paint.limb(way, sizes if side > 0 else sizes[::-1])
    palm = paint.area(_at(side, [(541, 596), (565, 596), (573, 616), (576, 642), (566, 652), (546, 650), (541, 622)]))
    fingers = [
        paint.finger(_at(side, way), widths if side > 0 else widths[::-1])
        for way, widths in (
            ([(570, 636), (573, 656), (572, 676)], [10.0, 9, 7]),
            ([(546, 638), (545, 662), (549, 684)], [11.0, 10, 8]),
            ([(563, 640), (565, 666), (564, 688)], [10.0, 10, 8]),
            ([(554, 640), (555, 668), (557, 693)], [11.0, 10, 8]),
        )
    ]
    thumb_widths = [15.0, 13, 10, 8]
    thumb = paint.finger(
        _at(side, [(547, 604), (537, 626), (534, 646), (537, 659)]), thumb_widths if side > 0 else thumb_widths[::-1]
    )
    whole = arm.joined(palm)
    hand = palm
    for finger in fingers:
        hand = hand.joined(finger)
        whole = whole.joined(finger)
    paint.fill(whole, SKIN, whole.volume(13, 0.20), whole.rim(7, 0.13))
    for finger in fingers:
        paint.shade(finger, 0.05, 1.0, inside=whole)
        paint.fill(finger, SKIN, finger.volume(4, 0.16), finger.rim(3, 0.16), opacity=0.75)
        paint.fill(paint.soft(palm, 6).within(whole), SKIN, opacity=0.5)
    paint.shadow(thumb, 2 * side, 2, 2, 0.22)
    paint.fill(thumb, SKIN, thumb.volume(5, 0.18), thumb.rim(3, 0.12))
    paint.fill(paint.soft(paint.ellipse(_at(side, [(550, 606)])[0][0], 606, 7, 9), 3).within(whole), SKIN, opacity=0.8)
    for x in (549, 556, 563, 570):
        paint.shade(paint.ellipse(_at(side, [(x, 640)])[0][0], 640, 3, 2.2), 0.10, 1.6, inside=whole)
    elbow = paint.ellipse(_at(side, [(527, 474)])[0][0], 474, 13, 8)
    paint.shade(elbow, 0.10, 6, inside=whole)
    warm = paint.soft(hand, 8).within(whole)
    paint.fill(warm, (214, 140, 112), opacity=0.16)


def _shirt(paint: Painter) -> None:
    half: list[Point] = [
        Corner(426, 242),
        (462, 254),
        (494, 268),
        (514, 300),
        (528, 348),
        Corner(541, 394),
        (522, 405),
        Corner(494, 408),
        (483, 372),
        Corner(473, 348),
        (470, 400),
        (465, 470),
        (471, 530),
        Corner(479, 590),
        (432, 598),
        (384, 600),
    ]
    body = paint.area([*half, *mirrored(half[:-1], AXIS)])
    neckline = paint.ellipse(AXIS, 236, 43, 34)
    shirt = body.without(neckline)
    paint.shadow(shirt, 3, 7, 6, 0.26)
    paint.fill(shirt, SHIRT, shirt.volume(34, 0.13), shirt.volume(9, 0.07), shirt.rim(12, 0.10))
    for side in (-1, 1):
        sleeve = paint.area(
            _at(side, [(494, 268), (514, 300), (528, 348), (541, 394), (516, 408), (492, 408), (478, 352)])
        )
        paint.shade(paint.line(_at(side, [(490, 270), (480, 306), (474, 350)]), 2), 0.17, 1.6, inside=shirt)
        paint.shade(paint.line(_at(side, [(542, 384), (518, 396), (493, 398)]), 1.4), 0.16, 0.8, inside=shirt)
        paint.fold(shirt, _at(side, [(476, 352), (496, 346), (516, 330), (520, 318)]), 6, 0.13)
        paint.fold(shirt, _at(side, [(474, 356), (452, 372), (432, 376), (414, 372)]), 8, 0.12)
        paint.shade(sleeve, 0.03 if side > 0 else -0.02, 6, inside=shirt)
    folds: list[tuple[list[Point], float, float]] = [
        ([(462, 420), (440, 470), (430, 520), (436, 570)], 12, 0.10),
        ([(306, 430), (322, 480), (330, 530), (322, 586)], 12, 0.10),
        ([(400, 430), (392, 480), (400, 540), (394, 590)], 13, 0.06),
        ([(466, 480), (444, 492), (420, 500), (400, 498)], 8, 0.09),
        ([(303, 486), (322, 500), (346, 506), (366, 502)], 8, 0.08),
        ([(474, 548), (450, 556), (420, 560), (390, 556)], 8, 0.08),
        ([(420, 300), (406, 330), (400, 356), (404, 380)], 12, 0.05),
    ]
    for points, width, strength in folds:
        paint.fold(shirt, points, width, strength)
    paint.seam(shirt, [(288, 584), (336, 592), (384, 594), (432, 592), (480, 584)], 0.16)
    collar = paint.ellipse(AXIS, 236, 51, 43).without(neckline).within(body)
    paint.fill(collar, (232, 232, 230), collar.volume(4, 0.16))
    paint.shade(collar, 0.10, 1.6)
    paint.shade(paint.line([(342, 246), (358, 268), (384, 276), (410, 268), (426, 246)], 1.2), 0.22, 0.8, inside=shirt)
    paint.grain(shirt, 3, 1.3, 0.012)


def _trousers(paint: Painter) -> None:
    half: list[Point] = [
        Corner(474, 560),
        (482, 600),
        (486, 650),
        (480, 740),
        (470, 830),
        (464, 930),
        (460, 1000),
        Corner(458, 1054),
        (432, 1061),
        Corner(405, 1056),
        (404, 980),
        (402, 880),
        (398, 780),
        (393, 690),
        Corner(386, 646),
    ]
    trousers = paint.area([*half, *mirrored(half, AXIS)])
    paint.shadow(trousers, 3, 4, 6, 0.22)
    right = paint.area(half)
    left = paint.area(mirrored(half, AXIS))
    light = [shape.volume(20, 0.24) for shape in (right, left)]
    paint.fill(trousers, TROUSERS, trousers.rim(9, 0.16))
    for shape, bright in zip((left, right), light[::-1], strict=True):
        paint.fill(shape, TROUSERS, bright, shape.rim(9, 0.2))
    for side in (-1, 1):
        paint.seam(trousers, _at(side, [(477, 604), (462, 634), (458, 664)]), 0.3)
        crease: list[Point] = [(430, 690), (436, 800), (434, 920), (432, 1050)]
        paint.fold(trousers, _at(side, crease), 7, 0.13)
        paint.fold(trousers, _at(side, [(398, 664), (424, 676), (450, 676), (472, 668)]), 8, 0.14)
        paint.fold(trousers, _at(side, [(402, 820), (424, 832), (446, 832), (464, 824)]), 8, 0.14)
        paint.fold(trousers, _at(side, [(404, 846), (422, 852), (444, 850), (460, 846)]), 7, 0.10)
        paint.fold(trousers, _at(side, [(406, 1018), (424, 1028), (442, 1026), (456, 1020)]), 7, 0.16)
        paint.fold(trousers, _at(side, [(406, 1040), (424, 1046), (442, 1046), (456, 1042)]), 6, 0.12)
        paint.seam(trousers, _at(side, [(405, 1048), (432, 1053), (458, 1047)]), 0.2)
    paint.seam(trousers, [(384, 600), (388, 626), (386, 648)], 0.34)
    paint.shade(
        paint.area([(300, 588), (384, 604), (468, 588), (468, 606), (384, 620), (300, 606)]), 0.4, 8, inside=trousers
    )
    paint.grain(trousers, 4, 1.2, 0.03)


def _shoes(paint: Painter) -> None:
    for side in (-1, 1):
        upper = paint.area(
            _at(
                side,
                [
                    (410, 1030),
                    (456, 1030),
                    (463, 1056),
                    (472, 1078),
                    (468, 1092),
                    (440, 1097),
                    (412, 1093),
                    (405, 1078),
                    (407, 1054),
                ],
            )
        )
        sole = paint.area(
            _at(
                side,
                [
                    (406, 1080),
                    (440, 1086),
                    (473, 1080),
                    (475, 1094),
                    (466, 1100),
                    (440, 1102),
                    (412, 1100),
                    (403, 1094),
                ],
            )
        )
        paint.fill(sole, (228, 224, 216), sole.volume(5, 0.2))
        paint.fill(upper.without(paint.rect(0, 1089, WIDTH, HEIGHT)), SHOES, upper.volume(11, 0.36), upper.rim(7, 0.2))
        toe = _at(side, [(411, 1082), (424, 1072), (442, 1070), (458, 1072), (468, 1082)])
        paint.seam(upper, toe, 0.34)
        for row in range(3):
            y = 1050 + row * 8
            lace = paint.line(_at(side, [(422 - row, y), (437, y + 3), (452 + row, y)]), 2.3)
            paint.fill(lace.within(upper), (206, 200, 190))


def _head(paint: Painter) -> None:
    half: list[Point] = [(384, 92), (412, 98), (430, 122), (432, 152), (427, 180), (412, 203), (397, 214), (384, 216)]
    face = paint.area([*half, *mirrored(half[1:-1], AXIS)])
    paint.fill(face, SKIN, face.volume(20, 0.15), face.rim(10, 0.10))
    for side in (-1, 1):
        cheek = paint.ellipse(AXIS + side * 26, 178, 15, 10)
        paint.fill(paint.soft(cheek, 7).within(face), (226, 134, 116), opacity=0.26)
        paint.shade(paint.ellipse(AXIS + side * 19, 151, 14, 8), 0.12, 5, inside=face)
    # nose
    paint.shade(paint.line([(389, 152), (391, 166), (393, 176)], 4), 0.10, 3, inside=face)
    paint.shade(paint.line([(382, 150), (382, 174)], 4), -0.18, 3, inside=face)
    paint.shade(paint.ellipse(384, 181, 9, 3.2), 0.24, 2.4, inside=face)
    for side in (-1, 1):
        paint.shade(paint.ellipse(AXIS + side * 4.6, 180.5, 2.4, 1.5), 0.45, 0.8, inside=face)
    _mouth(paint, face)
    for side in (-1, 1):
        _eye(paint, face, side)
    _hair(paint, face)


def _mouth(paint: Painter, face: Shape) -> None:
    upper = paint.area(
        [
            Corner(365, 192.4),
            (376, 190.5),
            (384, 192),
            (392, 190.5),
            Corner(403, 192.4),
            (392, 196),
            (384, 196.4),
            (376, 196),
        ]
    )
    lower = paint.area(
        [Corner(366, 193), (376, 196), (384, 196.6), (392, 196), Corner(402, 193), (394, 201), (384, 203), (375, 201)]
    )
    paint.fill(upper, LIPS, upper.volume(3, 0.16), np.full(upper.cover.shape, -0.10, np.float32))
    paint.fill(lower, LIPS, lower.volume(4, 0.2))
    paint.shade(
        paint.line([(365, 192.4), (375, 196), (384, 197), (393, 196), (403, 192.4)], 1.1), 0.42, 0.5, inside=face
    )
    paint.shade(paint.ellipse(384, 199, 6, 1.4), -0.26, 1.4, inside=face)
    paint.shade(paint.ellipse(384, 207, 10, 2.4), 0.14, 2.4, inside=face)


def _eye(paint: Painter, face: Shape, side: int) -> None:
    x = AXIS + side * 19.5
    lid: list[Point] = [
        Corner(x - 11, 152.5),
        (x - 5, 147.4),
        (x + 2, 146.6),
        (x + 7, 149),
        Corner(x + 11, 152),
        (x + 4, 156),
        (x - 4, 156.4),
    ]
    white = paint.area(lid)
    paint.fill(white, (244, 240, 236), white.volume(3, 0.1))
    iris = paint.ellipse(x, 151.2, 4.9, 5.0).within(white)
    paint.fill(iris, (96, 66, 44), iris.volume(3, 0.3))
    paint.fill(paint.ellipse(x, 151.2, 2.3, 2.4).within(white), (24, 18, 16))
    paint.shade(paint.rect(x - 12, 145, x + 12, 149), 0.26, 1.5, inside=white)
    paint.fill(paint.ellipse(x - 1.8, 149.4, 1.1, 1.1), (255, 255, 255))
    lash = paint.limb([(x - 11.5, 152.5), (x - 5, 147.2), (x + 2, 146.2), (x + 11.5, 151.5)], [1.2, 2.2, 2.4, 1.4])
    paint.fill(lash, (50, 34, 28), opacity=0.9)
    paint.shade(paint.line([(x - 9, 144.4), (x, 142.4), (x + 9, 145)], 1.2), 0.22, 0.8, inside=face)
    inner, outer = (x - side * 11, x + side * 13)
    brow = paint.limb([(inner, 139.5), (x + side * 2, 135.4), (outer, 138.6)], [3.6, 4.4, 1.4])
    paint.fill(paint.soft(brow, 0.6), HAIR, opacity=0.85)


def _hair(paint: Painter, face: Shape) -> None:
    """A short cut parted on one side."""
    fringe = paint.area(
        [
            (340, 168),
            (334, 140),
            (340, 104),
            (362, 80),
            (392, 73),
            (422, 82),
            (440, 110),
            (441, 146),
            (436, 172),
            (430, 160),
            (428, 136),
            (420, 120),
            (404, 110),
            (388, 108),
            (374, 116),
            (356, 124),
            (344, 142),
        ]
    )
    paint.shadow(fringe.within(face), 1, 4, 4, 0.22)
    paint.fill(fringe, HAIR, fringe.volume(14, 0.42), fringe.rim(6, 0.24))
    strands = np.random.default_rng(11)
    for _ in range(46):
        start = float(strands.uniform(352, 424))
        lift = float(strands.uniform(0, 14))
        side = -1 if start < 392 else 1
        way: list[Point] = [
            (392 + (start - 392) * 0.35, 80 + lift * 0.3),
            (start, 88 + lift),
            (start + side * 16, 112 + lift),
            (start + side * 22, 146 + lift),
        ]
        strand = paint.line(way, 1.0)
        paint.shade(strand, float(strands.choice([0.26, -0.12])), 0.6, inside=fringe)
    paint.shade(paint.line([(352, 104), (374, 90), (398, 86), (420, 94)], 8), -0.13, 6, inside=fringe)
