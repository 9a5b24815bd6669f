"""The pictures of the cases: names to base64 text, and to what people see in them.

``@blank:640x320`` is a plain JPEG of that size. The person is 320×480, the smallest that engines must take. It and the
room are files, scaled from the sample catalogue's, so that every engine is asked the same; all else is drawn by code.
"""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from conformance.products import SHAPES, drawn

PERSON_SIZE: Final = (320, 480)
PLACES: Final = "35.6586N 139.7454E"  # stands in a picture's metadata and must not come back
TURNED_BY: Final = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


@cache
def text(name: str) -> str:
    """The base64 text of a picture by its name, without ``@``; raises KeyError."""
    if name.startswith("blank:"):
        width, height = (int(side) for side in name.removeprefix("blank:").split("x"))
        return _jpeg(Image.new("RGB", (width, height), (200, 196, 190)))
    if name in SHAPES:
        return _jpeg(drawn(name))
    return ENCODED[name]()


@cache
def seen(name: str) -> Image.Image:
    """The picture as people see it: decoded, upright, RGB."""
    with Image.open(io.BytesIO(base64.b64decode(text(name)))) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")


@cache
def person() -> Image.Image:
    """Somebody standing, in a T-shirt and trousers."""
    return _scene("person")


def _outfit() -> Image.Image:
    """A hoodie, trousers and shoes on one plain picture."""
    picture = np.full((720, 480, 3), 250, np.uint8)
    places = (("hoodie", (90, 10, 390, 340)), ("chinos", (140, 345, 340, 630)), ("sneakers", (150, 635, 330, 715)))
    for name, (left, top, right, bottom) in places:
        cut = np.asarray(drawn(name).resize((right - left, bottom - top)))
        thing = cut.min(axis=2) < 215  # the products' own grounds are nearly white
        picture[top:bottom, left:right][thing] = cut[thing]
    return Image.fromarray(picture)


def _worn() -> Image.Image:
    """Somebody who wears a green top, as on a shop's photo."""
    pixels = np.asarray(person()).astype(np.int16).copy()
    light = (pixels.min(axis=2) > 216) & (np.ptp(pixels, axis=2) < 24)
    light[:95] = light[260:] = False
    light[:, :90] = light[:, 230:] = False
    pixels[light] = pixels[light] * np.array([0.2, 0.55, 0.35])
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _scene(name: str) -> Image.Image:
    """A picture that is a file."""
    with (files("conformance") / "scenes" / f"{name}.png").open("rb") as file, Image.open(file) as picture:
        return picture.convert("RGB")


def _mask(*boxes: tuple[int, int, int, int], size: tuple[int, int] = PERSON_SIZE) -> Image.Image:
    mask = Image.new("L", size, 255)
    for box in boxes:
        mask.paste(0, box)
    return mask


def _encode(image: Image.Image, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def _png(image: Image.Image, **options: Any) -> str:
    return _encode(image, "PNG", **options)


def _jpeg(image: Image.Image, **options: Any) -> str:
    return _encode(image, "JPEG", **({"quality": 92} | options))


def _turned(orientation: int) -> str:
    """A JPEG whose pixels lie turned, with the EXIF orientation that puts them right."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _jpeg(person().transpose(TURNED_BY[orientation]), exif=exif)


def _with_places() -> str:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = PLACES
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (35.0, 39.0, 31.0)
    return _jpeg(person(), exif=exif, comment=PLACES)


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


FORMS: Final[dict[str, Callable[..., str]]] = {
    "jpeg": _jpeg,
    "progressive jpeg": lambda picture: _jpeg(picture, progressive=True),
    "grey png": lambda picture: _png(picture.convert("L")),
    "grey jpeg": lambda picture: _jpeg(picture.convert("L")),
    "palette png": lambda picture: _png(picture.quantize(128)),
    "opaque alpha png": lambda picture: _png(picture.convert("RGBA")),
    "png with profile": lambda picture: _png(picture, icc_profile=_profile()),
    "animated png": lambda picture: _png(picture, save_all=True, append_images=[picture.rotate(180)]),
}
"""Ways to write one picture that must be taken."""


def _padded(picture: Image.Image, size: tuple[int, int]) -> str:
    ground: Any = picture.getpixel((0, 0))
    return _png(ImageOps.pad(picture, size, color=ground))


def _translucent(alpha: int, box: tuple[int, int, int, int] | None = None) -> Image.Image:
    picture = person().convert("RGBA")
    channel = Image.new("L", PERSON_SIZE, 255)
    channel.paste(alpha, box or (0, 0, *PERSON_SIZE))
    picture.putalpha(channel)
    return picture


def _png_of(bits: int, colour_type: int) -> str:
    """A PNG that Pillow does not write: 16 bits per channel, RGB (2) or grey (0)."""
    values = np.asarray(person() if colour_type == 2 else person().convert("L")).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    head = struct.pack(">IIBBBBB", *PERSON_SIZE, bits, colour_type, 0, 0, 0)
    return base64.b64encode(_chunks((b"IHDR", head), (b"IDAT", zlib.compress(rows, 3)), (b"IEND", b""))).decode()


def _chunks(*parts: tuple[bytes, bytes]) -> bytes:
    written = b"\x89PNG\r\n\x1a\n"
    for kind, data in parts:
        written += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return written


def _bomb() -> str:
    """A few bytes that say they are 60,000 × 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return base64.b64encode(_chunks((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))).decode()


def _cut_short(encoded: str) -> str:
    raw = base64.b64decode(encoded)
    return base64.b64encode(raw[: len(raw) // 2]).decode()


def _noisy(size: tuple[int, int]) -> Image.Image:
    dice = np.random.default_rng(1)
    return Image.fromarray(dice.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def _grey_pixel() -> Image.Image:
    mask = _mask((110, 100, 210, 240))
    mask.putpixel((5, 5), 128)
    return mask


def _coloured() -> Image.Image:
    mask = _mask((110, 100, 210, 240)).convert("RGB")
    mask.paste((255, 0, 0), (0, 0, 20, 20))
    return mask


def _on_glass() -> Image.Image:
    """Opaque black strokes on nothing, as a drawing program writes them."""
    mask = Image.new("RGBA", PERSON_SIZE, (0, 0, 0, 0))
    mask.paste((0, 0, 0, 255), TORSO)
    return mask


def _invisible() -> Image.Image:
    """Black and white where they should be, and nothing of it to be seen."""
    mask = _mask(TORSO).convert("LA")
    mask.putalpha(0)
    return mask


TORSO: Final = (100, 95, 220, 250)
LEGS: Final = (100, 245, 220, 450)

ENCODED: Final[dict[str, Callable[[], str]]] = {
    "person": lambda: _png(person()),
    "worn": lambda: _jpeg(_worn()),
    "outfit": lambda: _jpeg(_outfit()),
    "room": lambda: _png(_scene("room")),
    "large person": lambda: _jpeg(person().resize((2047, 2048))),
    "long product": lambda: _jpeg(ImageOps.pad(drawn("shirt"), (4095, 1024), color=(250, 250, 250))),
    # ways to write one picture that must be taken
    "jpeg turned by 3": lambda: _turned(3),
    "jpeg turned by 6": lambda: _turned(6),
    "jpeg turned by 8": lambda: _turned(8),
    "jpeg with places": _with_places,
    **{form: partial(lambda write: write(person()), write) for form, write in FORMS.items()},
    **{f"{form} of a shirt": partial(lambda write: write(drawn("shirt")), write) for form, write in FORMS.items()},
    # of the smallest size, the narrowest and the widest shape
    "small person": lambda: _padded(person(), (320, 320)),
    "narrow person": lambda: _padded(person(), (320, 1280)),
    "wide person": lambda: _padded(person(), (1280, 320)),
    "narrow shirt": lambda: _padded(drawn("shirt"), (320, 1280)),
    "wide shirt": lambda: _padded(drawn("shirt"), (1280, 320)),
    # and that must not
    "translucent png": lambda: _png(_translucent(254, (10, 10, 12, 12))),
    "transparent png": lambda: _png(_translucent(0, (0, 0, 160, 480))),
    "grey png with alpha": lambda: _png(_translucent(120).convert("LA")),
    "palette png with a transparent colour": lambda: _png(person().quantize(64), transparency=0),
    "16 bit png": lambda: _png_of(16, 2),
    "grey 16 bit png": lambda: _png_of(16, 0),
    "cmyk jpeg": lambda: _jpeg(person().convert("CMYK")),
    "webp": lambda: _encode(person(), "WEBP"),
    "gif": lambda: _encode(person(), "GIF"),
    "bmp": lambda: _encode(person(), "BMP"),
    "tiff": lambda: _encode(person(), "TIFF"),
    "half a png": lambda: _cut_short(_png(_noisy((320, 320)))),
    "half a jpeg": lambda: _cut_short(_jpeg(_noisy((320, 320)))),
    "bomb": _bomb,
    "plain text": lambda: base64.b64encode(b"this is no picture").decode(),
    "svg": lambda: base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="640"/>').decode(),
    # texts that are no base64, or more than it
    "data address": lambda: "data:image/png;base64," + text("person"),
    "base64 in lines": lambda: base64.encodebytes(base64.b64decode(text("person"))).decode(),
    "base64 for addresses": lambda: base64.urlsafe_b64encode(base64.b64decode(text("person"))).decode(),
    "base64 without its end": lambda: text("person").rstrip("=")[:-1],
    "address": lambda: "https://example.com/person.png",
    "s3 address": lambda: "s3://bucket/models/person.png",
    "words": lambda: "not base64 at all!",
    # masks
    "torso": lambda: _png(_mask(TORSO)),
    "legs": lambda: _png(_mask(LEGS)),
    "figure": lambda: _png(_mask((90, 90, 230, 460))),
    "two patches": lambda: _png(_mask(TORSO, (110, 420, 150, 460))),
    "all black": lambda: _png(_mask((0, 0, *PERSON_SIZE))),
    "all white": lambda: _png(_mask()),
    "one bit mask": lambda: _png(_mask(TORSO).convert("1")),
    "rgb mask": lambda: _png(_mask(TORSO).convert("RGB")),
    "opaque rgba mask": lambda: _png(_mask(TORSO).convert("RGBA")),
    "jpeg mask": lambda: _jpeg(_mask((96, 96, 216, 248)), quality=100, subsampling=0),
    "coarse jpeg mask": lambda: _jpeg(_mask((101, 99, 213, 247)), quality=40),
    "mask of another size": lambda: _png(_mask((100, 95, 220, 250), size=(320, 481))),
    "mask lying": lambda: _png(_mask((95, 100, 250, 220), size=(480, 320))),
    "mask with a grey pixel": lambda: _png(_grey_pixel()),
    "coloured mask": lambda: _png(_coloured()),
    "mask on glass": lambda: _png(_on_glass()),
    "invisible mask": lambda: _png(_invisible()),
    "soft mask": lambda: _png(_mask(TORSO).resize((160, 240)).resize(PERSON_SIZE, Image.Resampling.BILINEAR)),
}  # fmt: skip
