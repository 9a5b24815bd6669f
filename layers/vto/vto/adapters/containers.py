"""Looks at how a picture's file is put together, before a decoder does: what costs minutes is refused in milliseconds.

Decoders walk over whatever stands in a file. A few hundred kilobytes can be a JPEG whose pixels are drawn a thousand
times over, or millions of empty parts that a parser reads one by one, for as long as the function may run and with its
neighbours in the batch.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vto.errors import PictureRejectedError, Violation

# Cameras write some dozen parts, the longest metadata some hundred. Libraries write pixels in parts of 4 KB and more.
MAX_SEGMENTS = 1_000
MAX_CHUNKS = 20_000
MAX_STRAY_BYTES = 1_000  # between the parts of a JPEG, where nothing should be
MAX_SCANS = 32  # a progressive JPEG has about ten; with four inks, all separate, eighteen

_NEXT_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # neither a byte of pixels, nor filling, nor a restart
_START, _END, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
_STREAMED_FRAMES = (0xC0, 0xC1)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # those are tables and an extension
_PNG, _RIFF, _WEBP, _JPEG = b"\x89PNG\r\n\x1a\n", b"RIFF", b"WEBP", b"\xff\xd8"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a picture's file is put together.

    Args:
        sample_bytes: The bytes per pixel that a decoder keeps besides the picture: a JPEG that comes in passes, or with
            its colours one after the other, is kept whole as coefficients; 0 where nothing is kept.
    """

    sample_bytes: float = 0


def look_at(content: bytes) -> Layout:
    """Walk over the parts of a JPEG, PNG or WebP; anything else, and a file that is cut off, is a decoder's business.

    Raises:
        PictureRejectedError: The file has more parts or passes than any picture needs.
    """
    if content.startswith(_JPEG):
        return _jpeg(content)
    if content.startswith(_PNG):
        _count(_chunks(content, start=8, length_first=True, around=12))
    elif content.startswith(_RIFF) and content[8:12] == _WEBP:
        _count(_chunks(content, start=12, length_first=False, around=8))
    return Layout()


def _count(parts: Iterator[int]) -> None:
    for number, _ in enumerate(parts):
        if number >= MAX_CHUNKS:
            raise _refused(f"is made of more than {MAX_CHUNKS} parts")


def _chunks(content: bytes, *, start: int, length_first: bool, around: int) -> Iterator[int]:
    """The offsets of a PNG's or a WebP's chunks: a name and a length, in this order or the other, then the data."""
    at, end = start, len(content) - 8
    while at <= end:
        yield at
        if length_first:
            at += around + int.from_bytes(content[at : at + 4])
        else:
            length = int.from_bytes(content[at + 4 : at + 8], "little")
            at += around + length + length % 2


def _jpeg(content: bytes) -> Layout:
    at, segments, stray, scans, sample_bytes = 2, 0, 0, 0, 0.0
    streamed, components = False, 0
    while found := _NEXT_MARKER.search(content, at):
        marker = found[1][0]
        if not scans:
            segments, stray = segments + 1, stray + found.start() - at
            if segments > MAX_SEGMENTS or stray > MAX_STRAY_BYTES:
                raise _refused(f"is made of more than {MAX_SEGMENTS} parts, or has bytes between them")
        if marker == _END:
            break
        at = found.end()
        if marker in (0x01, _START):
            continue
        length = int.from_bytes(content[at : at + 2])
        if marker in _FRAMES and not components:
            streamed, (components, sample_bytes) = marker in _STREAMED_FRAMES, _samples(content[at : at + length])
        if marker == _START_OF_SCAN:
            scans += 1
            streamed = streamed and content[at + 2 : at + 3] == bytes([components])
            if scans > MAX_SCANS:
                raise _refused(f"is stored in more than {MAX_SCANS} passes")
        at += max(length, 2)
    return Layout(0 if streamed else sample_bytes)


def _samples(frame: bytes) -> tuple[int, float]:
    """How many components a JPEG's frame has, and how many bytes its coefficients take per pixel."""
    factors = [(one >> 4, one & 15) for one in frame[9::3]]
    widest, highest = max((h for h, _ in factors), default=1), max((v for _, v in factors), default=1)
    return len(factors), 2 * sum(h * v for h, v in factors) / max(1, widest * highest)


def _refused(problem: str) -> PictureRejectedError:
    remedy = "save it anew as a JPEG, PNG or WebP"
    return PictureRejectedError(problem, [Violation("picture", problem, remedy)])
