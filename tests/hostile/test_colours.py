"""Colours come out as they were meant, whatever they were written in: measured as people see differences (ΔE 2000)."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.hostile import corpus
from vto.adapters.pillow import PillowTools

type Colours = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

SIZE = 360, 360
PATCHES = [  # the fields of the ColorChecker, a chart that photographers use, in sRGB
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
]  # fmt: skip


def chart() -> Image.Image:
    """Fields of 60 pixels, in six columns and as many rows as fit."""
    image = Image.new("RGB", SIZE)
    for number in range(36):
        box = (number % 6 * 60, number // 6 * 60, number % 6 * 60 + 60, number // 6 * 60 + 60)
        image.paste(PATCHES[number % 24], box)
    return image


def lab(rgb: Colours) -> Colours:
    """CIE Lab (D65) of sRGB, 0 to 255. Source: IEC 61966-2-1 and CIE 15."""
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def delta_e(one: Colours, other: Colours) -> Colours:
    """CIEDE2000 of Lab values. Source: Sharma, Wu, Dalal, 2005, https://hajim.rochester.edu/ece/sites/gsharma/ciede2000/"""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    far = np.abs(h1 - h2) > 180
    hue = np.where(grey, h1 + h2, (h1 + h2 + np.where(far, np.where(h1 + h2 < 360, 360, -360), 0)) / 2)
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = 1 - 0.17 * np.cos(np.radians(hue - 30)) + 0.24 * np.cos(np.radians(2 * hue))
    t += 0.32 * np.cos(np.radians(3 * hue + 6)) - 0.20 * np.cos(np.radians(4 * hue - 63))
    sl = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    rc = 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    rt = -np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))) * rc
    return np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh))


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [  # of the pairs that its authors publish to test with
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (50.0, 3.2592, 0.335), 1.0),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ],
)
def test_differences_are_measured_as_published(one: list[float], other: list[float], difference: float) -> None:
    assert delta_e(np.array(one), np.array(other)) == pytest.approx(difference, abs=1e-4)


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile of these tags."""
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 78,
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        **tags,
    }
    table, body, offset = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02400000, kind, space, pcs)
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + xyz(0.9642, 1.0, 0.8249)[8:]
    return header.ljust(128, b"\0") + table + body


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def rgb_profile(red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...]) -> bytes:
    """An RGB profile with a gamma of 2.2; primaries as XYZ under D50."""
    primaries = {b"rXYZ": xyz(*red), b"gXYZ": xyz(*green), b"bXYZ": xyz(*blue)}
    return profile(b"RGB ", primaries | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(2.2)))


DISPLAY_P3 = rgb_profile((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB = rgb_profile((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
GREY_18 = profile(b"GRAY", {b"kTRC": gamma(1.8)})


def press() -> bytes:
    """A CMYK profile with the colours of the sixteen overprints, in Lab, and straight lines between them."""
    inks = [np.array(one) for one in ((55, -37, -50), (48, 74, -3), (89, -5, 93), (16, 0, 0))]
    paper, fields = np.array((95, 0, -2)), b""
    for number in range(16):
        share = [number >> 3 & 1, number >> 2 & 1, number >> 1 & 1, number & 1]
        colour = paper.astype(float)
        for used, ink in zip(share, inks, strict=True):
            colour = np.where(used, [colour[0] * ink[0] / 95, colour[1] + ink[1], colour[2] + ink[2]], colour)
        encoded = [colour[0] * 2.55, *np.clip(colour[1:] * (0.4 if share[3] else 1) + 128, 0, 255)]
        fields += bytes(round(float(one)) for one in encoded)
    identity = b"".join(struct.pack(">i", round(one * 65536)) for one in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    straight = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + straight * 4 + fields + straight * 3
    return profile(b"CMYK", {b"A2B0": table}, pcs=b"Lab ")


def as_meant(image: Image.Image, icc: bytes | None = None) -> Image.Image:
    """The reference: all pixels at full size through the profile, on white, without anything of ours."""
    if icc:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        assert converted is not None
        return converted
    return image.convert("RGB")


def sixteen_bits(image: Image.Image) -> bytes:
    """An RGB picture as a PNG of sixteen bits."""
    wide = np.asarray(image).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    header = corpus.chunk(b"IHDR", struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0))
    return corpus.PNG + header + corpus.chunk(b"IDAT", zlib.compress(rows, 1)) + corpus.chunk(b"IEND", b"")


def half_there() -> Image.Image:
    """The chart, growing transparent to the right."""
    image = chart().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(SIZE).transpose(Image.Transpose.ROTATE_90))
    return image


def on_white(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image).astype(float)
    share = pixels[..., 3:] / 255
    return Image.fromarray(np.round(pixels[..., :3] * share + 255 * (1 - share)).astype(np.uint8))


def with_profile(icc: bytes, mode: str = "RGB", kind: str = "PNG") -> tuple[bytes, Image.Image]:
    image = chart().convert(mode)
    return corpus.saved(image, kind, icc_profile=icc, **({"quality": 98} if kind == "JPEG" else {})), as_meant(
        image, icc
    )


def plain(image: Image.Image, kind: str = "PNG", **options: object) -> tuple[bytes, Image.Image]:
    return corpus.saved(image, kind, **options), as_meant(image)


MODES: dict[str, Callable[[], tuple[bytes, Image.Image]]] = {
    "sRGB": lambda: plain(chart()),
    "sRGB as a JPEG": lambda: plain(chart(), "JPEG", quality=95),
    "Display P3": lambda: with_profile(DISPLAY_P3),
    "Display P3 as a JPEG": lambda: with_profile(DISPLAY_P3, kind="JPEG"),
    "Adobe RGB": lambda: with_profile(ADOBE_RGB),
    "grey": lambda: plain(chart().convert("L")),
    "grey with a profile": lambda: with_profile(GREY_18, "L"),
    "sixteen bits of grey": lambda: (
        corpus.saved(Image.fromarray(np.asarray(chart().convert("L")).astype(np.uint16) * 257)),
        as_meant(chart().convert("L")),
    ),
    "sixteen bits of RGB": lambda: (sixteen_bits(chart()), chart()),
    "a palette": lambda: plain(chart().quantize(64)),
    "half transparent": lambda: (corpus.saved(half_there()), on_white(half_there())),
    "half transparent grey": lambda: (
        corpus.saved(half_there().convert("LA")),
        on_white(half_there().convert("LA").convert("RGBA")),
    ),
    "CMYK": lambda: plain(chart().convert("CMYK"), "JPEG", quality=98),
    "CMYK with a profile": lambda: with_profile(press(), "CMYK", "JPEG"),
    "WebP": lambda: plain(chart(), "WEBP", lossless=True),
    "Display P3 as a WebP": lambda: (
        corpus.saved(chart(), "WEBP", lossless=True, icc_profile=DISPLAY_P3),
        as_meant(chart(), DISPLAY_P3),
    ),
}


def fields(image: Image.Image) -> Colours:
    """The pixels without those at the edges of fields, which JPEG smears."""
    pixels = np.asarray(image.convert("RGB")).astype(float)
    inside = [at for at in range(SIZE[0]) if 8 <= at % 60 < 52]
    return pixels[np.ix_(inside, inside)]


@pytest.mark.parametrize("name", MODES)
def test_colours_come_out_as_they_were_meant(name: str) -> None:
    upload, meant = MODES[name]()
    made = Image.open(io.BytesIO(PillowTools().prepare(upload).content))
    assert made.size == SIZE
    assert float(delta_e(lab(fields(made)), lab(fields(meant))).mean()) <= 2


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB", "grey with a profile", "CMYK with a profile"])
def test_a_profile_that_is_dropped_would_be_noticed(name: str) -> None:
    upload, meant = MODES[name]()
    naive = Image.open(io.BytesIO(upload)).convert("RGB")
    assert float(delta_e(lab(fields(naive)), lab(fields(meant))).mean()) > 2
