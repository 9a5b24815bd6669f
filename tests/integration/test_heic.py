"""HEIC, where its decoder is there: an upright sRGB picture like any other, or a reason; where it is not, a remedy."""

import io
import random
import re
import struct
import sys
from pathlib import Path
from typing import Any

import PIL
import pillow_heif
import pytest
from PIL import Image

from tests.hostile.residue import residue
from tests.hostile.test_colours import DISPLAY_P3
from tests.integration.test_pillow import (
    BLUE,
    GREEN,
    RED,
    TOOLS,
    YELLOW,
    alike,
    corners_of,
    four_corners,
    opened,
    rejected,
    saved,
    shows_four_corners,
)
from vto.adapters.pillow import DECODING_LIMIT
from vto.errors import PictureRejectedError

ROOT = Path(__file__).parents[2]
QUICK = {"preset": "ultrafast"}


def heic(image: Image.Image, *, exif: bytes | None = None, thumbnail: int | None = None, **options: Any) -> bytes:
    """A picture as a HEIC file; what its EXIF says of the orientation, its container says too."""
    file = pillow_heif.from_pillow(image)
    file.info.update(exif=exif, thumbnails=[thumbnail] if thumbnail else [])
    out = io.BytesIO()
    file.save(out, **{"quality": 90, "enc_params": dict(QUICK), **options})
    return out.getvalue()


def prepared(content: bytes) -> Image.Image:
    ready = TOOLS.prepare(content)
    assert residue(ready.content) == []
    assert (ready.width, ready.height) == opened(ready.content).size
    return opened(ready.content)


GOOD = heic(four_corners(), tile_size=256)


def test_a_heic_becomes_an_srgb_jpeg_that_shows_the_same() -> None:
    image = prepared(heic(four_corners()))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (480, 640))
    assert shows_four_corners(image)


def test_a_heic_of_tiles_is_made_smaller_with_its_aspect_kept() -> None:
    image = prepared(heic(four_corners(2000, 3000), tile_size=512))
    assert image.size == (836, 1254)
    assert shows_four_corners(image)


@pytest.mark.parametrize(
    ("orientation", "corners"),
    [(3, (YELLOW, BLUE, GREEN, RED)), (6, (BLUE, RED, YELLOW, GREEN)), (8, (GREEN, YELLOW, RED, BLUE))],
)
def test_a_heic_is_turned_as_its_container_says_and_not_once_more_by_its_exif(
    orientation: int, corners: tuple[tuple[int, ...], ...]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = heic(four_corners(), exif=exif.tobytes(), tile_size=256)
    assert b"irot" in content
    image = prepared(content)
    assert image.size == ((480, 640) if orientation == 3 else (640, 480))
    assert all(alike(seen, wanted) for seen, wanted in zip(corners_of(image), corners, strict=True))


def test_a_heic_of_grey_or_of_ten_bits_shows_the_same() -> None:
    assert alike(corners_of(prepared(heic(Image.new("L", (400, 400), 120))))[0], (120, 120, 120), 3)
    deep = four_corners(400, 400).tobytes()
    values = struct.pack(f"<{len(deep)}H", *(value * 257 for value in deep))
    out = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (400, 400), values).save(out, quality=90, enc_params=dict(QUICK))
    assert pillow_heif.open_heif(out.getvalue()).info["bit_depth"] == 10
    assert shows_four_corners(prepared(out.getvalue()))


def test_what_is_transparent_in_a_heic_lies_on_white() -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((200, 30, 30, 255), (200, 0, 400, 400))
    left, right, *_ = corners_of(prepared(heic(image, quality=-1, chroma=444)))
    assert alike(left, (255, 255, 255))
    assert alike(right, (200, 30, 30))


def test_a_phones_wide_colours_in_a_heic_are_converted() -> None:
    image = Image.new("RGB", (400, 400), (200, 60, 60))
    as_png = opened(TOOLS.prepare(saved(image, icc_profile=DISPLAY_P3)).content)
    image.info["icc_profile"] = DISPLAY_P3
    assert alike(corners_of(prepared(heic(image)))[0], corners_of(as_png)[0], 3)


@pytest.mark.parametrize(("field", "value"), [("color_primaries", 12), ("transfer_characteristics", 16)])
def test_wide_colours_without_a_profile_are_refused_instead_of_shown_wrong(field: str, value: int) -> None:
    content = bytearray(heic(four_corners()))
    at = content.index(b"colrnclx") + 8 + (0 if field == "color_primaries" else 2)
    content[at : at + 2] = value.to_bytes(2)
    assert rejected(bytes(content)) == "has a wide range of colours and no profile that tells how to convert them"


def test_without_its_decoder_a_heic_is_refused_and_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.prepare(GOOD)
    (violation,) = caught.value.violations
    assert violation.problem == "is a HEIC photo, which this shop does not read"
    assert violation.remedy == "save it as a JPEG; a shop that ships the decoder reads it (docs/deploying.md)"


def test_a_mask_may_be_no_heic() -> None:
    with pytest.raises(PictureRejectedError, match="not a JPEG, PNG or WebP"):
        TOOLS.prepare_mask(GOOD, 480, 640)


# --- what nobody should send ---


def with_sizes(content: bytes, old: tuple[int, int], new: tuple[int, int]) -> bytes:
    """The file with another size declared for those of its parts that have this one."""
    before, after = (b"ispe\0\0\0\0" + struct.pack(">II", *size) for size in (old, new))
    assert before in content
    return content.replace(before, after)


@pytest.mark.parametrize(
    ("chroma", "size", "limit"), [(420, (8100, 6100), 48), (444, (4000, 4000), 15), (420, (9000, 7000), 60)]
)
def test_a_heic_with_too_many_pixels_is_refused_by_its_header(chroma: int, size: tuple[int, int], limit: int) -> None:
    content = heic(four_corners(400, 400), chroma=chroma, tile_size=0)
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.prepare(with_sizes(content, (400, 400), size))
    assert f"at most {limit} megapixels" in caught.value.violations[0].problem


def test_a_heic_whose_pixels_are_of_another_size_than_it_says_is_refused_as_damaged() -> None:
    content = heic(four_corners(1200, 1200), tile_size=0)
    assert "damaged" in rejected(with_sizes(content, (1200, 1200), (400, 400)))


def test_a_part_that_is_larger_than_any_photo_is_refused_by_its_header() -> None:
    content = heic(four_corners(), thumbnail=128)
    assert shows_four_corners(prepared(content))
    assert "megapixels" in rejected(with_sizes(content, (96, 128), (16_000, 16_000)))


def test_pictures_on_top_of_each_other_are_refused_by_their_header() -> None:
    assert "several pictures" in rejected(GOOD.replace(b"grid", b"iovl"))


def test_tiles_that_nobody_sees_are_refused_by_their_header() -> None:
    small = with_sizes(GOOD, (480, 640), (200, 640))
    content = small.replace(struct.pack(">HH", 480, 640), struct.pack(">HH", 200, 640))  # what the grid itself says
    assert "more tiles than it shows" in rejected(content)


def test_a_heic_cut_off_or_changed_anywhere_is_prepared_or_refused_with_a_reason() -> None:
    chance = random.Random("changes of a HEIC")
    broken = [GOOD[: len(GOOD) * number // 12] for number in range(1, 12)]
    for _ in range(40):
        content = bytearray(GOOD)
        content[chance.randrange(chance.choice([1200, len(GOOD)]))] ^= chance.randrange(1, 256)
        broken.append(bytes(content))
    reasons = [reason for content in broken if (reason := refusal(content))]
    assert len(reasons) >= 11


def refusal(content: bytes) -> str | None:
    """What a picture is refused for; None for one that is prepared."""
    try:
        prepared(content)
    except PictureRejectedError as error:
        return error.violations[0].problem
    return None


# --- how a shop adds it ---


def test_the_documented_line_adds_the_decoder_that_is_tested_here_to_what_has_pillow() -> None:
    text = (ROOT / "docs" / "deploying.md").read_text()
    section = text.partition("\n## HEIC photos\n")[2].partition("\n## ")[0]
    (file,) = re.findall(r"one line to `([^`]+)`", section)
    (line,) = re.findall(r"```\n([^`]+)\n```", section)
    assert f"pillow=={PIL.__version__}" in (ROOT / file).read_text().split()
    assert line == f"pillow-heif=={pillow_heif.__version__}"
    assert line.replace("-", "_") in (ROOT / "requirements" / "dev.txt").read_text().split()


def test_the_documented_limits_of_a_heic_are_those_that_hold() -> None:
    text = (ROOT / "docs" / "deploying.md").read_text()
    limits = [DECODING_LIMIT // (each * 1_000_000) for each in (4.9, 8, 16)]
    assert limits == [48, 30, 15]
    assert "up to 48 megapixels as phones write it" in " ".join(text.split())
    assert "the limit is 30 or 15 megapixels" in " ".join(text.split())
