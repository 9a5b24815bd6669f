"""Pictures that nobody should send, made anew for each run: bombs, polyglots, damage, animations; nothing is stored."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

KINDS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 70}, "PNG": {}, "WEBP": {"method": 0}}
PNG = b"\x89PNG\r\n\x1a\n"
PAYLOAD = b"<script>alert('payload')</script>"  # must be in no output
ON_ITS_SIDE = struct.pack(">6sHHIHHHI4sI", b"Exif\0\0", 0x4D4D, 42, 8, 1, 0x0112, 3, 1, b"\0\x06\0\0", 0)


def drawn(width: int = 320, height: int = 330, seed: int = 0) -> Image.Image:
    """A small picture with something on it, another one for each seed."""
    chance = random.Random(seed)
    image = Image.new("RGB", (width, height), "white")
    for _ in range(8):
        left, top = chance.randrange(width), chance.randrange(height)
        colour = tuple(chance.randrange(256) for _ in range(3))
        ImageDraw.Draw(image).ellipse((left - 60, top - 60, left + 60, top + 60), fill=colour)
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **{**KINDS.get(kind, {}), **options})
    return out.getvalue()


@cache
def good(seed: int, kind: str = "JPEG") -> bytes:
    """A picture that is fine."""
    return saved(drawn(seed=seed), kind)


# --- bombs ----------------------------------------------------------------------------------------------------------


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of_zeros(width: int, height: int, bits: int, colour: int) -> bytes:
    """A sound PNG of that size, all its pixels zero, as small as deflate makes it.

    Args:
        width: Pixels in a row.
        height: Rows.
        bits: Of each sample.
        colour: PNG's number of the colour type: 0 is grey, 2 is RGB, 4 and 6 the same with transparency.
    """
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    total = height * (1 + (width * samples * bits + 7) // 8)
    block, packer = bytes(1 << 20), zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # the same wherever it stands
    whole, rest = divmod(total - len(block), len(block))
    body = b"\x78\xda" + first + again * whole + packer.compress(bytes(rest)) + packer.flush()
    body += struct.pack(">I", (total % 65521) << 16 | 1)  # Adler-32 of zeros
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return PNG + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def repeated_scans(size: tuple[int, int], times: int) -> bytes:
    """A sound progressive JPEG that draws its last pass again and again, for less than 100 bytes each."""
    whole = saved(Image.new("L", size), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * times + whole[-2:]


def separate_scans(size: tuple[int, int]) -> bytes:
    """A JPEG that says baseline, and has one colour after the other, so that a decoder keeps all of it."""
    grey = saved(Image.new("L", size), "JPEG", quality=50)
    frame, tables = grey.index(b"\xff\xc0"), grey[2 : grey.index(b"\xff\xc0")]
    scan = grey[grey.index(b"\xff\xda") : -2]
    huffman = grey[frame + 2 + int.from_bytes(grey[frame + 2 : frame + 4]) : grey.index(b"\xff\xda")]
    three = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, size[1], size[0], 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    scans = b"".join(scan[:5] + bytes([number]) + scan[6:] for number in (1, 2, 3))
    return b"\xff\xd8" + tables + three + huffman + scans + b"\xff\xd9"


def riff(*chunks: tuple[bytes, bytes], repeat: tuple[bytes, int] = (b"", 0)) -> bytes:
    """A WebP container."""
    body = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    body += (repeat[0] + b"\0\0\0\0") * repeat[1]
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


BOMBS = {
    "900 megapixels of one bit in 109 KB": lambda: png_of_zeros(30_000, 30_000, 1, 0),
    "144 megapixels of RGB in 445 KB": lambda: png_of_zeros(12_000, 12_000, 8, 2),
    "just over the limit": lambda: png_of_zeros(7_800, 7_700, 8, 0),
    "4 gigapixels promised": lambda: (
        PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 65_535, 65_535, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
    ),
    "a JPEG drawn a thousand times over": lambda: repeated_scans((4_000, 3_000), 1_000),
    "a JPEG of four million empty parts": lambda: good(0)[:2] + b"\xff\xe9\0\2" * 4_000_000 + good(0)[2:],
    "a JPEG with EXIF in a hundred thousand pieces": lambda: (
        good(0)[:2] + b"\xff\xe1\0\x09Exif\0\0x" * 100_000 + good(0)[2:]
    ),
    "a JPEG with eight megabytes between its parts": lambda: good(0)[:20] + b"x" * 8_000_000 + good(0)[20:],
    "a PNG of a million empty chunks": lambda: (
        good(0, "PNG")[:33] + chunk(b"zzZz", b"") * 1_000_000 + good(0, "PNG")[33:]
    ),
    "a WebP of two million empty chunks": lambda: riff(
        (b"VP8X", b"\0" * 4 + b"\x3f\x01\0\x49\x01\0"), (b"VP8 ", good(0, "WEBP")[20:]), repeat=(b"zzzz", 2_000_000)
    ),
    "sixty megapixels as a WebP": lambda: riff((b"VP8L", b"\x2f" + struct.pack("<I", 7_999 | 7_499 << 14))),
    "sixty megapixels of one colour after the other": lambda: separate_scans((7_800, 7_600)),
}


# --- what only looks like a picture, and what is more than one ------------------------------------------------------


def zipped() -> bytes:
    """An archive with a payload, such as a JAR."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("payload.html", PAYLOAD)
    return out.getvalue()


def polyglots() -> dict[str, tuple[bytes, bool]]:
    """Thirty files that all claim to be ``.jpg``, by what they are; whether there is a sound picture in them."""
    html, svg = b"<html>" + PAYLOAD + b"</html>", b"<svg xmlns='http://www.w3.org/2000/svg'>" + PAYLOAD + b"</svg>"
    pdf, php = b"%PDF-1.7\n" + PAYLOAD + b"\n%%EOF", b"<?php system($_GET[0]); ?>" + PAYLOAD
    trailers = {"HTML": html, "a ZIP": zipped(), "a PDF": pdf, "PHP": php, "SVG": svg}
    found = {f"{kind} and {name}": (good(1, kind) + rest, True) for kind in KINDS for name, rest in trailers.items()}
    jpeg, png = good(1), good(1, "PNG")
    comment = b"\xff\xfe" + struct.pack(">H", len(html) + 2) + html
    found["JPEG with HTML as its comment"] = (jpeg[:2] + comment + jpeg[2:], True)
    found["JPEG with HTML as its EXIF"] = (saved(drawn(), "JPEG", exif=b"Exif\0\0" + html), True)
    found["PNG with HTML as its text"] = (png[:33] + chunk(b"tEXt", b"Comment\0" + html) + png[33:], True)
    found["PNG with HTML as its profile"] = (saved(drawn(), "PNG", icc_profile=html), True)
    found["WebP with HTML as its XMP"] = (saved(drawn(), "WEBP", xmp=html), True)
    gif = saved(drawn(), "GIF")
    found |= {
        name: (content, False)
        for name, content in {
            "a GIF and a JAR": gif + zipped(),
            "a BMP and HTML": saved(drawn(), "BMP") + html,
            "a TIFF": saved(drawn(), "TIFF"),
            "HTML": html,
            "SVG": svg,
            "SVG with a prologue": b"<?xml version='1.0'?>" + svg,
            "a ZIP": zipped(),
            "a PDF with a JPEG in it": pdf + jpeg,
            "HTML before a PNG": html + png,
            "a HEIC": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + PAYLOAD,
        }.items()
    }
    return found


def animations() -> dict[str, bytes]:
    """Moving pictures."""
    more = [drawn(seed=seed) for seed in (1, 2)]
    return {
        "GIF": saved(drawn(), "GIF", save_all=True, append_images=more),
        "APNG": saved(drawn(), "PNG", save_all=True, append_images=more),
        "WebP": saved(drawn(), "WEBP", save_all=True, append_images=more),
    }


# --- damage ---------------------------------------------------------------------------------------------------------


@cache
def with_metadata(kind: str) -> bytes:
    """A small picture with metadata, which parsers stumble over more easily than over pixels."""
    return saved(drawn(), kind, exif=ON_ITS_SIDE, icc_profile=b"\0" * 200)


def truncations(kind: str, count: int) -> Iterator[bytes]:
    """A picture cut off at so many places, evenly."""
    whole = with_metadata(kind)
    return (whole[: len(whole) * number // count] for number in range(count))


def flips(kind: str, count: int) -> Iterator[bytes]:
    """A picture with another byte at so many places; half of them in front, where headers and metadata lie."""
    chance = random.Random(f"flips of {kind}")
    whole = with_metadata(kind)
    for _ in range(count):
        other = bytearray(whole)
        other[chance.randrange(chance.choice([min(1200, len(other)), len(other)]))] ^= chance.randrange(1, 256)
        yield bytes(other)


def bad_exif(kind: str, count: int) -> Iterator[bytes]:
    """A sound picture whose metadata is damaged, and under the checksums of a PNG too."""
    chance = random.Random(f"EXIF of {kind}")
    for _ in range(count):
        exif = bytearray(ON_ITS_SIDE)
        exif[chance.randrange(6, len(exif))] ^= chance.randrange(1, 256)
        yield saved(drawn(), kind, exif=bytes(exif[: chance.randrange(6, 2 * len(exif))]))
