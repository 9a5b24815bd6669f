"""Pictures as pixels: whatever people upload becomes an upright sRGB picture without a past, or a reason."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageStat

from vto.adapters.pillow import PillowTools
from vto.domain.pictures import LOWER_TIER, Tier
from vto.errors import PictureRejectedError

TOOLS = PillowTools()
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 60), (40, 60, 190), (220, 200, 40)
CORNERS = (RED, GREEN, BLUE, YELLOW)


def four_corners(width: int = 480, height: int = 640) -> Image.Image:
    """A picture that shows how it lies: red top left, green top right, blue bottom left, yellow bottom right."""
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(CORNERS):
        left, top = (number % 2) * width // 2, (number // 2) * height // 2
        draw.rectangle((left, top, left + width // 2, top + height // 2), fill=colour)
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def prepared(image: Image.Image, kind: str = "PNG", **options: Any) -> Image.Image:
    return opened(TOOLS.prepare(saved(image, kind, **options)).content)


def corners_of(image: Image.Image) -> list[tuple[int, ...]]:
    width, height = image.size
    places = [(width // 4, height // 4), (3 * width // 4, height // 4)]
    places += [(width // 4, 3 * height // 4), (3 * width // 4, 3 * height // 4)]
    return [tuple(image.convert("RGB").getpixel(place)) for place in places]  # type: ignore[arg-type]


def alike(one: tuple[int, ...], other: tuple[int, ...], tolerance: int = 8) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def shows_four_corners(image: Image.Image, tolerance: int = 8) -> bool:
    return all(alike(seen, wanted, tolerance) for seen, wanted in zip(corners_of(image), CORNERS, strict=True))


def rejected(content: bytes) -> str:
    """The one problem that a picture is rejected for."""
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.prepare(content)
    (violation,) = caught.value.violations
    assert violation.path == "picture"
    return violation.problem


# --- what comes out ---


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_accepted_type_becomes_an_srgb_jpeg_that_shows_the_same(kind: str) -> None:
    options: dict[str, Any] = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}}[kind]
    picture = TOOLS.prepare(saved(four_corners(), kind, **options))
    image = opened(picture.content)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (480, 640))
    assert (picture.width, picture.height) == image.size
    assert shows_four_corners(image)


def test_the_same_upload_always_becomes_the_same_bytes_and_another_one_others() -> None:
    first, again = (TOOLS.prepare(saved(four_corners())) for _ in range(2))
    assert first == again
    assert TOOLS.prepare(saved(four_corners(500, 640))).sha256 != first.sha256


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (1024, 1024), (2048, 2048), (400, 1600), (5000, 1251)])
def test_a_large_picture_is_made_smaller_with_its_aspect_kept(size: tuple[int, int]) -> None:
    image = prepared(four_corners(*size), "JPEG")
    assert LOWER_TIER.holds(image.width, image.height)
    assert min(image.size) >= 320
    assert abs(image.width * size[1] - image.height * size[0]) <= max(size)
    assert shows_four_corners(image)


# --- orientation ---

STORED_AS = {  # EXIF orientation: how a camera stores the picture that it wants to be seen upright
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_a_photo_is_turned_upright_whichever_way_the_camera_was_held(orientation: int, kind: str) -> None:
    how = STORED_AS[orientation]
    stored = four_corners() if how is None else four_corners().transpose(how)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = prepared(stored, kind, exif=exif)
    assert image.size == (480, 640)
    assert shows_four_corners(image)
    assert dict(image.getexif()) == {}


def test_an_orientation_that_does_not_exist_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 42
    assert shows_four_corners(prepared(four_corners(), "JPEG", exif=exif))


def tiff(kind: int, count: int, value: bytes) -> bytes:
    """EXIF with one entry: an orientation of any type, right or wrong."""
    return b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHI4s", 0x0112, kind, count, value) + b"\0\0\0\0"


ON_ITS_SIDE = tiff(3, 1, b"\0\x06\0\0")
UNREADABLE = {
    "ASCII": tiff(2, 2, b"6\0\0\0"),
    "UNDEFINED": tiff(7, 1, b"\x06\0\0\0"),
    "a fraction": ON_ITS_SIDE[:14] + struct.pack(">HHHIIIII", 1, 0x0112, 5, 1, 26, 0, 6, 1),
    "a fraction behind the end": tiff(5, 1, b"\0\0\x0f\0"),
    "a double behind the end": tiff(12, 1, b"\0\0\x0f\0"),
    "a type that does not exist": tiff(99, 1, b"\0\x06\0\0"),
    "zero": tiff(3, 1, b"\0\0\0\0"),
    "negative": tiff(9, 1, b"\xff\xff\xff\xff"),
    "no byte order": b"Exif\0\0??\0*\0\0\0\x08",
    "cut off in the header": ON_ITS_SIDE[:9],
    "cut off before the directory": ON_ITS_SIDE[:14],
    "cut off in the directory's length": ON_ITS_SIDE[:15],
    "cut off in the entry": ON_ITS_SIDE[:22],
    "a directory behind the end": ON_ITS_SIDE[:10] + b"\xff\xff\xff\xff" + ON_ITS_SIDE[14:],
}


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata, as it should
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", UNREADABLE.values(), ids=UNREADABLE)
def test_a_photo_whose_orientation_cannot_be_read_counts_as_upright(exif: bytes, kind: str) -> None:
    image = prepared(four_corners(), kind, exif=exif)
    assert image.size == (480, 640)
    assert shows_four_corners(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_that_those_unreadable_ones_are_made_of_is_a_good_one(kind: str) -> None:
    assert prepared(four_corners(), kind, exif=ON_ITS_SIDE).size == (640, 480)


# --- colours ---


def test_grey_stays_grey() -> None:
    seen = corners_of(prepared(Image.new("L", (400, 400), 120)))[0]
    assert alike(seen, (120, 120, 120), 2)


def test_sixteen_bits_of_grey_are_scaled_and_not_cut_off() -> None:
    image = Image.new("I;16", (400, 400), 120 * 256)
    assert alike(corners_of(prepared(image))[0], (120, 120, 120), 2)


def test_black_and_white_line_art_is_accepted() -> None:
    image = Image.new("1", (400, 400), 1)
    assert alike(corners_of(prepared(image))[0], (255, 255, 255), 2)


def test_a_palette_is_resolved() -> None:
    image = four_corners().quantize(16)
    assert image.mode == "P"
    assert shows_four_corners(prepared(image), 12)


def test_printing_colours_become_screen_colours() -> None:
    image = prepared(four_corners().convert("CMYK"), "JPEG", quality=95)
    assert image.mode == "RGB"
    assert shows_four_corners(image, 12)


SEE_THROUGH: dict[str, Callable[[], bytes]] = {
    "RGBA": lambda: saved(Image.new("RGBA", (400, 400), (0, 0, 0, 0))),
    "LA": lambda: saved(Image.new("LA", (400, 400), (0, 0))),
    "P with a transparent colour": lambda: saved(Image.new("P", (400, 400), 0), transparency=0),
    "RGB with a transparent colour": lambda: saved(Image.new("RGB", (400, 400), "black"), transparency=(0, 0, 0)),
    "L with a transparent colour": lambda: saved(Image.new("L", (400, 400), 0), transparency=0),
    "WebP": lambda: saved(Image.new("RGBA", (400, 400), (0, 0, 0, 0)), "WEBP", lossless=True),
}


@pytest.mark.parametrize("content", SEE_THROUGH.values(), ids=SEE_THROUGH)
def test_what_is_transparent_lies_on_white_and_what_hides_under_it_does_not_show(
    content: Callable[[], bytes],
) -> None:
    image = opened(TOOLS.prepare(content()).content)
    assert image.mode == "RGB"
    assert alike(corners_of(image)[0], (255, 255, 255), 2)


def test_what_is_half_transparent_is_mixed_with_white() -> None:
    image = Image.new("RGBA", (400, 400), (200, 0, 0, 128))
    assert alike(corners_of(prepared(image))[0], (227, 127, 127), 4)


def wide_gamut_profile() -> bytes:
    """An RGB profile with Display P3's primaries, white point and a gamma of 2.2, as phones write theirs."""

    def number(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(number(value) for value in values)

    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 9) + b"wide RGB\0" + b"\0" * 78,
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz(0.95045, 1.0, 1.08905),
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        **{name: b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) for name in (b"rTRC", b"gTRC", b"bTRC")},
    }
    table, body, offset = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + number(0.9642) + number(1.0) + number(0.8249)
    return header.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_phones_wide_colours_are_converted_and_not_merely_relabelled(kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "RGBA"):
        mode = "RGB"
    image = Image.new(mode, (400, 400), (200, 60, 60))
    options: dict[str, Any] = {"JPEG": {"quality": 98}, "PNG": {}, "WEBP": {"lossless": True}}[kind]
    result = prepared(image, kind, icc_profile=wide_gamut_profile(), **options)
    source = ImageCms.ImageCmsProfile(io.BytesIO(wide_gamut_profile()))
    expected = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), (200, 60, 60)), source, ImageCms.createProfile("sRGB")
    )
    assert expected is not None
    red, green, _ = corners_of(result)[0]
    assert alike(corners_of(result)[0], tuple(expected.getpixel((0, 0))), 4)  # type: ignore[arg-type]
    assert red > 208  # a red of Display P3 is stronger than the same numbers in sRGB
    assert green < 56
    assert "icc_profile" not in result.info


@pytest.mark.parametrize("profile", [b"", b"not a profile", wide_gamut_profile()[:200], b"\0" * 500])
def test_a_broken_profile_is_no_reason_to_refuse_a_photo(profile: bytes) -> None:
    assert shows_four_corners(prepared(four_corners(), "JPEG", quality=95, icc_profile=profile))


def test_a_profile_that_does_not_fit_the_colours_is_no_reason_to_refuse_a_photo() -> None:
    image = prepared(Image.new("L", (400, 400), 120), "PNG", icc_profile=wide_gamut_profile())
    assert alike(corners_of(image)[0], (120, 120, 120), 2)


# --- nothing of the past survives ---

SECRETS = (b"GPS", b"Canon", b"Secret", b"http://ns.adobe.com/xap", b"Photoshop", b"<?xpacket")


def with_a_past(kind: str) -> bytes:
    """A picture that tells where, when and by whom it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    xmp = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">Secret</x:xmpmeta>'
    options: dict[str, Any] = {"exif": exif, "icc_profile": wide_gamut_profile()}
    if kind == "JPEG":
        options |= {"xmp": xmp, "comment": b"Secret"}
    if kind == "WEBP":
        options |= {"xmp": xmp}
    if kind == "PNG":
        from PIL import PngImagePlugin

        text = PngImagePlugin.PngInfo()
        text.add_text("Author", "Secret Canon")
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options |= {"pnginfo": text}
    return saved(four_corners(), kind, **options) + b"Secret trailer: <script>"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_and_no_byte_behind_the_picture_survives(kind: str) -> None:
    upload = with_a_past(kind)
    assert b"Secret" in upload
    content = TOOLS.prepare(upload).content
    assert not [secret for secret in SECRETS if secret in content]
    image = opened(content)
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert dict(image.getexif()) == {}
    assert not {marker for marker in segments_of(content) if 0xE1 <= marker <= 0xEF or marker == 0xFE}


def segments_of(jpeg: bytes) -> list[int]:
    """The markers of a JPEG up to its pixels: 0xE0 is JFIF, 0xE1 to 0xEF and 0xFE hold metadata."""
    markers, at = [], 2
    while jpeg[at + 1] != 0xDA:
        markers.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return markers


# --- what is refused ---


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"this is a text named photo.jpg",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><body>hello</body></html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\x00" * 5000,
        saved(four_corners(), "GIF"),
        saved(four_corners(), "BMP"),
        saved(four_corners(), "TIFF"),
        saved(four_corners(), "ICO", sizes=[(64, 64)]),
        saved(four_corners(), "PPM"),
    ],
    ids=["empty", "text", "svg", "html", "pdf", "zip", "zeros", "gif", "bmp", "tiff", "ico", "ppm"],
)
def test_what_is_no_jpeg_png_or_webp_is_refused_as_such_whatever_its_name(content: bytes) -> None:
    assert "is not a JPEG, PNG or WebP picture" in rejected(content)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_an_animation_is_refused(kind: str) -> None:
    content = saved(four_corners(), kind, save_all=True, append_images=[Image.new("RGB", (480, 640), "white")])
    assert rejected(content) == "is animated"


def test_the_first_picture_of_a_phones_double_picture_is_used() -> None:
    content = saved(four_corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (480, 640), "white")])
    assert shows_four_corners(opened(TOOLS.prepare(content).content))


@pytest.mark.parametrize(
    ("size", "said"),
    [((100, 100), "at least 320"), ((319, 640), "at least 320"), ((400, 1700), "four times"), ((6000, 320), "four")],
)
def test_a_picture_that_is_too_small_or_too_narrow_is_refused_with_its_size(size: tuple[int, int], said: str) -> None:
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.prepare(saved(Image.new("RGB", size)))
    problems = [one.problem for one in caught.value.violations]
    assert any(said in problem and f"{size[0]}×{size[1]}" in problem for problem in problems)


def test_a_narrow_picture_lying_on_its_side_is_measured_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.prepare(saved(Image.new("RGB", (1700, 400)), "JPEG", exif=exif))
    assert "400×1700" in caught.value.violations[0].problem


def png_of(width: int, height: int, bits: int = 1, colour: int = 0) -> bytes:
    """A PNG whose header promises far more than it holds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


def test_a_picture_that_promises_more_than_it_holds_is_refused_as_damaged() -> None:
    assert "damaged" in rejected(png_of(1000, 1000, 8, 2))


GOOD = {
    kind: saved(four_corners(), kind, **options)
    for kind, options in (("JPEG", {"quality": 90}), ("PNG", {}), ("WEBP", {"quality": 90}))
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_picture_cut_off_anywhere_is_refused_with_a_reason(kind: str) -> None:
    whole = GOOD[kind]
    for part in range(20):
        problem = rejected(whole[: len(whole) * part // 20])
        assert "is not a JPEG, PNG or WebP picture" in problem or "damaged or cut off" in problem
    assert "damaged or cut off" in rejected(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    "problem",
    [struct.error, zlib.error, TypeError, KeyError, IndexError, OverflowError, AttributeError, MemoryError, OSError],
)
def test_whatever_a_decoder_stumbles_over_is_a_damaged_picture_with_its_name_for_operators(
    monkeypatch: pytest.MonkeyPatch, problem: type[Exception]
) -> None:
    def stumble(image: Image.Image, *_: Any, **__: Any) -> None:
        raise problem("deep in a parser")

    monkeypatch.setattr(Image.Image, "resize", stumble)
    content = saved(four_corners())
    for use in (TOOLS.prepare, lambda one: TOOLS.prepare_mask(one, 480, 640)):
        with pytest.raises(PictureRejectedError, match=problem.__name__) as caught:
            use(content)
        assert caught.value.violations[0].problem == "is damaged or cut off"


# --- masks ---


def mask_of(*drawn: tuple[int, int, int, int], size: tuple[int, int] = (480, 640)) -> Image.Image:
    """A white sheet with black rectangles."""
    image = Image.new("RGB", size, "white")
    for box in drawn:
        ImageDraw.Draw(image).rectangle(box, fill="black")
    return image


def prepared_mask(image: Image.Image, kind: str = "PNG", width: int = 480, height: int = 640) -> Image.Image:
    return opened(TOOLS.prepare_mask(saved(image, kind), width, height))


def rejected_mask(content: bytes, width: int = 480, height: int = 640) -> str:
    """The one problem that a mask is rejected for."""
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.prepare_mask(content, width, height)
    (violation,) = caught.value.violations
    return violation.problem


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_mask_becomes_pure_black_and_white_of_the_photos_size(kind: str) -> None:
    mask = prepared_mask(mask_of((100, 100, 300, 400)), kind)
    assert (mask.format, mask.mode, mask.size) == ("PNG", "RGB", (480, 640))
    assert {colour for _, colour in mask.getcolors(10) or []} == {(0, 0, 0), (255, 255, 255)}
    assert mask.getpixel((200, 200)) == (0, 0, 0)
    assert mask.getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize("size", [(240, 320), (960, 1280), (482, 640)])
def test_a_mask_of_the_photos_shape_is_fitted_to_its_size_without_greys(size: tuple[int, int]) -> None:
    mask = prepared_mask(mask_of((0, 0, size[0] // 2, size[1] // 2), size=size))
    assert mask.size == (480, 640)
    assert len(mask.getcolors(10) or []) == 2


def test_greys_of_a_soft_brush_fall_on_one_side_or_the_other() -> None:
    image = mask_of((0, 0, 200, 639))
    ImageDraw.Draw(image).rectangle((300, 0, 350, 639), fill=(100, 100, 100))
    ImageDraw.Draw(image).rectangle((400, 0, 450, 639), fill=(200, 200, 200))
    mask = prepared_mask(image)
    assert mask.getpixel((320, 300)) == (0, 0, 0)
    assert mask.getpixel((420, 300)) == (255, 255, 255)


def test_what_is_transparent_on_a_mask_is_kept() -> None:
    image = Image.new("RGBA", (480, 640), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((100, 100, 200, 200), fill=(0, 0, 0, 255))
    mask = prepared_mask(image)
    assert mask.getpixel((150, 150)) == (0, 0, 0)
    assert mask.getpixel((300, 300)) == (255, 255, 255)


def test_a_mask_of_another_shape_is_refused_with_both_sizes() -> None:
    with pytest.raises(PictureRejectedError) as caught:
        prepared_mask(mask_of((0, 0, 50, 50), size=(640, 480)))
    assert "640×480" in caught.value.violations[0].problem
    assert "480×640" in caught.value.violations[0].problem


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_a_mask_is_turned_upright_as_its_photo_was(orientation: int, kind: str) -> None:
    upright, how = mask_of((0, 0, 100, 200)), STORED_AS[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(upright if how is None else upright.transpose(how), kind, exif=exif)
    mask = opened(TOOLS.prepare_mask(content, 240, 320))
    assert mask.size == (240, 320)
    assert mask.getpixel((25, 50)) == (0, 0, 0)
    assert {mask.getpixel(place) for place in ((215, 50), (25, 270), (215, 270))} == {(255, 255, 255)}


def test_a_mask_that_would_fit_only_as_it_is_stored_is_refused_with_its_size_upright() -> None:
    content = saved(mask_of((0, 0, 50, 50)), "JPEG", exif=ON_ITS_SIDE)
    assert rejected_mask(content).startswith("is 640×480 pixels")


def test_a_mask_of_another_shape_is_refused_before_a_pixel_is_decoded() -> None:
    assert rejected_mask(png_of(5000, 1000)).startswith("is 5000×1000 pixels")  # although its pixels are damaged
    assert rejected_mask(png_of(3000, 4000)).startswith("is damaged")


MASK_MODES: dict[str, tuple[str, Any, Any, dict[str, Any]]] = {  # mode, white, black, how it is saved
    "1 bit": ("1", 1, 0, {}),
    "palette": ("P", 1, 0, {}),
    "palette with a transparent colour": ("P", 1, 0, {"transparency": 1}),
    "grey with alpha": ("LA", (0, 0), (0, 255), {}),
    "grey with a transparent tone": ("L", 7, 0, {"transparency": 7}),
    "16 bits of grey": ("I;16", 65535, 0, {}),
    "alpha": ("RGBA", (0, 0, 0, 0), (0, 0, 0, 255), {}),
}


@pytest.mark.parametrize(("mode", "white", "black", "options"), MASK_MODES.values(), ids=MASK_MODES)
@pytest.mark.parametrize("scale", [1, 2])
def test_a_mask_of_any_mode_says_the_same(
    mode: str, white: Any, black: Any, options: dict[str, Any], scale: int
) -> None:
    image = Image.new(mode, (480 * scale, 640 * scale), white)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255] if not options else [0, 0, 0, 9, 9, 9])
    image.paste(black, (0, 0, 200 * scale, 100 * scale))
    mask = opened(TOOLS.prepare_mask(saved(image, **options), 480, 640))
    assert sorted(mask.getcolors(10) or []) == [(20_000, (0, 0, 0)), (287_200, (255, 255, 255))]


def test_a_mask_on_which_nothing_is_black_is_refused_with_what_to_do() -> None:
    with pytest.raises(PictureRejectedError) as caught:
        prepared_mask(mask_of())
    assert "paint black" in caught.value.violations[0].remedy


def test_a_mask_that_is_no_picture_is_refused() -> None:
    with pytest.raises(PictureRejectedError):
        TOOLS.prepare_mask(b"text", 480, 640)
    with pytest.raises(PictureRejectedError):
        TOOLS.prepare_mask(saved(mask_of((0, 0, 50, 50)))[:100], 480, 640)


# --- what an engine made ---


def test_a_picture_that_decodes_whole_has_a_size() -> None:
    made = TOOLS.rendition(saved(four_corners()))
    assert (made.width, made.height) == (480, 640)


def opened_webp(content: bytes | None) -> Image.Image:
    image = Image.open(io.BytesIO(content or b""))
    assert image.format == "WEBP"
    return image


def test_what_is_shown_is_the_same_picture_as_webp_and_the_preview_a_small_one() -> None:
    engines = saved(four_corners())
    made = TOOLS.rendition(engines)
    shown, preview = opened_webp(made.shown), opened_webp(made.preview)
    assert shown.size == (480, 640)
    assert preview.size == (192, 256)
    for image in (shown, preview):
        apart = ImageChops.difference(image.convert("RGB"), four_corners().resize(image.size))
        assert max(ImageStat.Stat(apart).mean) < 6
        assert not image.getexif()
        assert "icc_profile" not in image.info


def test_what_is_shown_of_a_picture_in_other_colours_has_the_same_colours_on_any_screen() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    made = TOOLS.rendition(saved(four_corners(), "PNG", icc_profile=profile.tobytes()))
    assert opened_webp(made.shown).mode == "RGB"  # a profile that does not fit is left out, not a reason to fail


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA", "I;16"])
def test_a_picture_of_any_mode_can_be_shown(mode: str) -> None:
    grey = four_corners().convert("L")
    image = grey.convert("I").point(lambda value: value * 256).convert("I;16") if mode == "I;16" else grey.convert(mode)
    assert opened_webp(TOOLS.rendition(saved(image, "PNG")).shown).size == (480, 640)


def test_a_picture_that_is_too_long_for_a_webp_is_kept_and_shown_as_it_is() -> None:
    made = TOOLS.rendition(saved(Image.new("RGB", (16_400, 20), "teal"), "PNG"))
    assert (made.width, made.height, made.shown, made.preview) == (16_400, 20, None, None)


@pytest.mark.parametrize("content", [b"", b"text", GOOD["PNG"][:-200], GOOD["JPEG"][:-200], png_of(30_000, 30_000)])
def test_a_picture_that_does_not_decode_whole_is_none(content: bytes) -> None:
    with pytest.raises(PictureRejectedError):
        TOOLS.rendition(content)


def test_shrinking_averages_and_does_not_alias() -> None:
    """Fine stripes become an even grey: a resampling that skips pixels would show bands."""
    stripes = Image.new("L", (4000, 4000), 0)
    draw = ImageDraw.Draw(stripes)
    for x in range(0, 4000, 2):
        draw.line((x, 0, x, 3999), fill=255)
    deviation = ImageStat.Stat(prepared(stripes).convert("L").crop((50, 50, 900, 900))).stddev[0]
    assert deviation < 8


@pytest.mark.parametrize(
    ("tier", "size"),
    [
        (Tier(), (886, 1182)),
        (Tier(by_side=True), (768, 1024)),
        (Tier(2048), (1773, 2364)),
        (Tier(2048, by_side=True), (1536, 2048)),
    ],
    ids=str,
)
def test_a_photo_is_prepared_in_the_price_tier_that_is_set(tier: Tier, size: tuple[int, int]) -> None:
    ready = TOOLS.prepare(saved(Image.new("RGB", (2400, 3200), "red")), tier)
    assert (ready.width, ready.height) == size


@pytest.mark.parametrize(("colour", "lacks"), [("black", "has no white area"), ("white", "has no black area")])
def test_a_mask_of_one_colour_is_refused_and_told_what_it_lacks(colour: str, lacks: str) -> None:
    assert lacks in rejected_mask(saved(Image.new("L", (480, 640), colour)))


# --- pictures that somebody else prepared ---


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def refused_as_it_is(content: bytes) -> str:
    """Why a picture that nobody prepared cannot go to an engine."""
    with pytest.raises(PictureRejectedError) as caught:
        TOOLS.measure(content)
    (violation,) = caught.value.violations
    assert violation.remedy
    return violation.problem


def test_a_picture_as_engines_take_it_is_measured() -> None:
    for content in (saved(four_corners(), "JPEG"), saved(four_corners()), saved(four_corners().convert("RGBA"))):
        assert TOOLS.measure(content) == (480, 640)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (saved(four_corners(), "WEBP"), "WEBP"),
        (saved(four_corners().convert("L")), "mode L"),
        (saved(four_corners().convert("CMYK"), "JPEG"), "mode CMYK"),
        (saved(Image.new("RGBA", (400, 400), (0, 0, 0, 254))), "transparent"),
        (saved(four_corners(), "JPEG", exif=turned(6)), "EXIF"),
        (saved(four_corners(), "JPEG")[:3000], "damaged"),
        (b"GIF89a", "is not a JPEG"),
    ],
)
def test_a_picture_as_engines_do_not_take_it_is_refused_with_what_is_wrong(content: bytes, said: str) -> None:
    assert said in refused_as_it_is(content)
