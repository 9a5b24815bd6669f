"""Reads an answer: its pictures, its mask, and measures of them."""

import base64
import binascii
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from conformance.clients import Answer, BadAnswerError

type Pixels = NDArray[np.int16]
type Area = NDArray[np.bool_]

MOST_PIXELS: Final = 4096 * 4096  # of a picture that comes back: beyond any source, and still no danger to memory
LONGEST_TEXT: Final = 600  # characters
KEPT_DECODED: Final = 48  # pictures; several checks and cases look at one answer
BIT_DEPTH: Final = 24  # its place in a PNG: 8 bytes signature, 8 of the first chunk's head, width, height


def pictures(answer: Answer) -> list[Image.Image]:
    """The answer's pictures, RGB; raises BadAnswerError."""
    return [opened(text).convert("RGB") for text in _field(answer, "images", list)]


def edited(answer: Answer) -> Area:
    """Where the returned mask is black; raises BadAnswerError."""
    return np.asarray(opened(_field(answer, "maskImage", str)).convert("L")) < 128


def _field(answer: Answer, name: str, kind: type) -> Any:
    value = answer.document.get(name) if isinstance(answer.document, dict) else None
    if not isinstance(value, kind):
        raise BadAnswerError(f"{name} is not there, or no {kind.__name__}")
    return value


def main_part(area: Area) -> Area:
    """The rows in a row that hold most of an area: an engine may label its pictures in a strip of their own."""
    filled = np.concatenate([[False], area.any(axis=1), [False]]).astype(np.int8)
    starts, ends = np.flatnonzero(np.diff(filled) == 1), np.flatnonzero(np.diff(filled) == -1)
    if not starts.size:
        return area
    start, end = max(zip(starts, ends, strict=True), key=lambda run: int(area[run[0] : run[1]].sum()))
    part = np.zeros_like(area)
    part[start:end] = area[start:end]
    return part


def opened(text: Any) -> Image.Image:
    """A PNG from its base64 text; raises BadAnswerError."""
    if not isinstance(text, str):
        raise BadAnswerError(f"a picture is {type(text).__name__}, not base64 text")
    return _decoded(text)


@lru_cache(KEPT_DECODED)
def _decoded(text: str) -> Image.Image:
    try:
        raw = base64.b64decode(text, validate=True)
        with Image.open(io.BytesIO(raw)) as image:
            if image.format != "PNG":
                raise BadAnswerError(f"a picture is {image.format}, not PNG")
            if raw[BIT_DEPTH] > 8:  # Pillow would quietly make 8 of the 16
                raise BadAnswerError(f"a picture has {raw[BIT_DEPTH]} bits a channel, not 8")
            if image.width * image.height > MOST_PIXELS:
                raise BadAnswerError(f"a picture says that it is {image.width}×{image.height}")
            image.load()
            return image
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadAnswerError(f"a picture is none: {error}") from error


def is_plain(image: Image.Image) -> bool:
    """Whether a picture is RGB, with an alpha channel only if all is opaque."""
    if image.mode == "RGBA":
        return bool(image.getchannel("A").getextrema() == (255, 255))
    return image.mode == "RGB" and not image.has_transparency_data


def notes(image: Image.Image) -> Iterator[str]:
    """All that stands in a picture besides its pixels, texts unpacked; ``GPS`` when it says where it was taken."""
    for name, value in image.info.items():
        yield f"{name} {value.decode('latin-1') if isinstance(value, bytes) else value}"
    exif = image.getexif()
    yield from (str(value) for value in exif.values())
    if exif.get_ifd(ExifTags.IFD.GPSInfo):
        yield "GPS"


def plain(text: str) -> str:
    """A text that every terminal and every file takes, whatever an answer brought into it."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text[:LONGEST_TEXT])


def pixels(image: Image.Image) -> Pixels:
    """A picture's values, wide enough to subtract."""
    return np.asarray(image).astype(np.int16)


def centre(area: Area) -> float:
    """The row of an area's main part's centre, as a share of the height."""
    rows = np.flatnonzero(main_part(area))
    return float(rows.mean() / area.size) if rows.size else 0.0
