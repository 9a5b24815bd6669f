"""A request's pictures: from base64 to pixels, with every problem named and no more work than a picture is worth."""

import base64
import binascii
import io
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image, ImageOps

SHORTEST_SIDE: Final = 320
LONGEST_SIDE: Final = 4096
PIXELS_BELOW: Final = 4_194_304  # the documents say "less than"; a run at exactly this size is not to be relied on
NARROWEST: Final = 4  # 1:4 to 4:1

ORIENTATION: Final = 0x0112  # EXIF: 1 is upright, 2 to 8 are turned or mirrored
PNG_BIT_DEPTH: Final = 24  # its place in a PNG: 8 bytes signature, 8 of the first chunk's head, width, height
JPEG_TOLERANCE: Final = 16  # a JPEG mask of quality 100 still rings a little around its edges

# Each scan of a JPEG goes over all its pixels again, and each part of a file costs time of its own: so a small file can
# keep a decoder busy for minutes. Progressive JPEGs have about ten scans, JPEGs some dozens of segments, PNGs a chunk
# for every 8 kB.
MOST_SCANS: Final = 100
MOST_SEGMENTS: Final = 2_000
MOST_CHUNKS: Final = 20_000
JPEG_MARKER: Final = re.compile(
    rb"\xff([\x02-\xcf\xd8-\xfe])"
)  # not what stands within a scan: FF00, FF01, FFD0 to FFD7
START_OF_SCAN: Final = 0xDA
END_OF_IMAGE: Final = 0xD9
START_OF_IMAGE: Final = 0xD8


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the request: where it stands and what the rule is.

    ``logged`` is the text for the log where ``text`` repeats the caller's own words.
    """

    path: str
    text: str
    logged: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"

    def for_log(self) -> str:
        """Path and rule, without a word of the caller's."""
        return f"{self.path}: {self.logged or self.text}"


def photo(text: Any, path: str, problems: list[Problem], adapted: list[str]) -> Image.Image | None:
    """The RGB picture as people see it: the EXIF orientation is applied, because the PNG of the answer has none.

    Args:
        text: What the request holds there.
        path: Where that is, for the problems.
        problems: Gets what is wrong with it; the answer is None then.
        adapted: Gets what was done to it.
    """
    decoded = _decoded(text, path, problems)
    if decoded is None:
        return None
    picture = decoded[0]
    if picture.getexif().get(ORIENTATION, 1) in range(2, 9):
        picture = ImageOps.exif_transpose(picture)
        adapted.append(f"{path.rpartition('/')[2]}=turned upright by its EXIF orientation")
    picture = picture.convert("RGB")
    picture.info = {}  # places and cameras of the photo go no further
    return picture


def mask(text: Any, path: str, source: Image.Image | None, problems: list[Problem]) -> Image.Image | None:
    """The mask as L with 0 and 255 only, of the source's size; None with a problem noted."""
    decoded = _decoded(text, path, problems)
    if decoded is None:
        return None
    raw, format_ = decoded
    if source is not None and raw.size != source.size:
        width, height = source.size
        problems.append(
            Problem(path, f"is {raw.width}x{raw.height}; it must have the source picture's size {width}x{height}")
        )
    values = np.asarray(raw.convert("RGB"))
    slack = JPEG_TOLERANCE if format_ == "JPEG" else 0
    dark, light = (values <= slack).all(axis=2), (values >= 255 - slack).all(axis=2)
    if not np.all(dark | light):
        problems.append(Problem(path, "must hold pure black (edit) and pure white (keep) pixels only"))
        return None
    if not dark.any():
        problems.append(Problem(path, "has no black pixel, so nothing would be edited"))
        return None
    return Image.fromarray(np.where(light, 255, 0).astype(np.uint8))


def _decoded(text: Any, path: str, problems: list[Problem]) -> tuple[Image.Image, str] | None:
    """The opaque picture behind base64 text and its format, or None with a problem noted."""
    if not isinstance(text, str) or not text:
        return None  # the schema has named it
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        problems.append(Problem(path, "is not base64 (send the bytes only, without a data: prefix)"))
        return None
    if _is_overbuilt(raw):
        rule = f"{MOST_SCANS} scans or {MOST_SEGMENTS} segments (JPEG), {MOST_CHUNKS} chunks (PNG)"
        problems.append(Problem(path, f"is built of more than {rule}; save it anew"))
        return None
    try:
        with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG")) as picture:
            if not _fits(picture, path, problems):
                return None
            if picture.format == "PNG" and raw[PNG_BIT_DEPTH] > 8:  # Pillow would quietly make 8 of the 16
                problems.append(Problem(path, f"has {raw[PNG_BIT_DEPTH]} bits per channel; 8 are required"))
                return None
            picture.load()
            if _is_opaque(picture):
                return picture.copy(), str(picture.format)
            problems.append(Problem(path, "has transparent or translucent pixels; all must be opaque"))
    except Image.DecompressionBombError:
        problems.append(Problem(path, f"has too many pixels (fewer than {PIXELS_BELOW} are allowed)"))
    except Exception:  # noqa: BLE001 - a hostile file can make the decoder raise almost anything
        problems.append(Problem(path, "is not a readable PNG or JPEG picture"))
    return None


def _is_opaque(picture: Image.Image) -> bool:
    if not picture.has_transparency_data:
        return True
    return picture.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def _is_overbuilt(raw: bytes) -> bool:
    if raw.startswith(b"\xff\xd8"):
        return _is_overbuilt_jpeg(raw)
    chunks, at = 0, 8
    while at < len(raw) and chunks <= MOST_CHUNKS:
        at += 12 + int.from_bytes(raw[at : at + 4])
        chunks += 1
    return chunks > MOST_CHUNKS


def _is_overbuilt_jpeg(raw: bytes) -> bool:
    """Counts as libjpeg would: to the end of the picture, not into previews and films that lie in or behind it."""
    scans = segments = at = 0
    while (found := JPEG_MARKER.search(raw, at)) and raw[found.start(1)] != END_OF_IMAGE:
        marker, at = raw[found.start(1)], found.end()
        segments += 1
        scans += marker == START_OF_SCAN
        if scans > MOST_SCANS or segments > MOST_SEGMENTS:
            return True
        if marker != START_OF_IMAGE:
            at += max(2, int.from_bytes(raw[at : at + 2]))
    return False


def _fits(picture: Image.Image, path: str, problems: list[Problem]) -> bool:
    """Sizes and colour, from the header alone, before any pixel is decoded."""
    width, height = picture.size
    before = len(problems)
    if min(width, height) < SHORTEST_SIDE or max(width, height) > LONGEST_SIDE:
        problems.append(
            Problem(path, f"is {width}x{height}; each side must be {SHORTEST_SIDE} to {LONGEST_SIDE} pixels")
        )
    if width * height >= PIXELS_BELOW:
        problems.append(Problem(path, f"has {width * height} pixels; fewer than {PIXELS_BELOW} are allowed"))
    if max(width, height) > NARROWEST * min(width, height):
        problems.append(Problem(path, f"is {width}x{height}; the aspect ratio must be between 1:4 and 4:1"))
    if picture.mode not in {"RGB", "RGBA", "L", "LA", "P", "1"}:
        problems.append(Problem(path, f"has colour mode {picture.mode}; 8 bits per channel RGB is required"))
    return len(problems) == before
