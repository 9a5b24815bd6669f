"""HEIC, as iPhones store photos: taken where its decoder is shipped, an extra that a shop adds (docs/deploying.md).

The decoder, pillow-heif, comes in wheels under the GPL, for a format with patents: nobody gets it who did not ask.
"""

import re
from importlib import import_module
from typing import Any

from PIL import Image

from vto.errors import PictureRejectedError, Violation

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")
PLAIN_PRIMARIES = (1, 2, 5, 6)  # BT.709 as sRGB, "unspecified", and BT.601, which nobody can tell from them
HDR_TRANSFERS = (16, 18)  # PQ and HLG

_SIZE = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.DOTALL)
_OVERLAY = re.compile(rb"infe[\x02\x03].{3}.{4}(?:.{2})?iovl", re.DOTALL)


def is_heic(content: bytes) -> bool:
    """Whether a file says of itself that it is a HEIC picture."""
    return content[4:8] == b"ftyp" and content[8:12] in BRANDS


class Heic:
    """An opened HEIC; its pixels are decoded when the first rows are asked for.

    The decoder turns it upright as the container says, so that its EXIF orientation means nothing any more. Rows are
    taken from the decoder's own memory: a Pillow image of all of them would need as much again.

    Args:
        content: The file.

    Raises:
        PictureRejectedError: No decoder is shipped, or the file's header asks for more than a photo does.
        ValueError: The file is damaged; the decoder has more classes for it (``DAMAGE`` in ``pillow.py``).
    """

    def __init__(self, content: bytes) -> None:
        library = _library()
        if _OVERLAY.search(content):  # a thousand pictures of full size, one on the other, fit into a few kilobytes
            raise _refused("is put together from several pictures")
        self._file: Any = library.open_heif(content, convert_hdr_to_8bit=True, remove_stride=False)
        self.size: tuple[int, int] = self._file.size
        self.profile: bytes | None = self._file.info.get("icc_profile")
        self._ensure_tiles_fit()
        self._ensure_colours_are_known()
        # the decoder holds each part to the size that is declared for it
        parts = (int.from_bytes(width) * int.from_bytes(height) for width, height in _SIZE.findall(content))
        self.pixels = max(self.size[0] * self.size[1], *parts)

    @property
    def decoding_bytes(self) -> float:
        """How many bytes per pixel decoding takes, measured: as phones write it, deeper or with alpha, and all else."""
        chroma, mode = self._file.info.get("chroma"), self._file.mode
        if mode == "L" or (mode == "RGB" and chroma == 420 and self._file.info["bit_depth"] == 8):
            return 4.9
        return 8 if chroma == 420 else 16

    def rows(self, top: int, bottom: int) -> Image.Image:
        """The rows from ``top`` to above ``bottom``."""
        pixels, stride, mode = memoryview(self._file.data), self._file.stride, self._file.mode
        if self._file.size != self.size:
            raise ValueError("its pixels are of another size than its header says")
        size = self.size[0], bottom - top
        return Image.frombytes(mode, size, pixels[top * stride : bottom * stride], "raw", mode, stride)

    def _ensure_tiles_fit(self) -> None:
        """Tiles reach beyond the picture by less than one of them; else there are some that nobody sees."""
        tiling = self._file.info.get("tiling")
        if tiling and any(
            (tiling[many] - 1) * tiling[tile] >= tiling[whole]
            for many, tile, whole in (
                ("num_columns", "tile_width", "image_width"),
                ("num_rows", "tile_height", "image_height"),
            )
        ):
            raise _refused("is put together from more tiles than it shows")

    def _ensure_colours_are_known(self) -> None:
        """A profile says how colours are converted; without one, only those are taken that need no conversion."""
        told = self._file.info.get("nclx_profile")
        if self.profile or not told:
            return
        if told["color_primaries"] not in PLAIN_PRIMARIES or told["transfer_characteristics"] in HDR_TRANSFERS:
            raise _refused("has a wide range of colours and no profile that tells how to convert them")


def _library() -> Any:
    try:
        library = import_module("pillow_heif")
    except ModuleNotFoundError as missing:
        problem = "is a HEIC photo, which this shop does not read"
        remedy = "save it as a JPEG; a shop that ships the decoder reads it (docs/deploying.md)"
        raise PictureRejectedError(problem, [Violation("picture", problem, remedy)]) from missing
    library.options.DECODE_THREADS = 1  # each would have a part of the picture in memory
    library.options.THUMBNAILS = library.options.DEPTH_IMAGES = library.options.AUX_IMAGES = False
    return library


def _refused(problem: str) -> PictureRejectedError:
    return PictureRejectedError(problem, [Violation("picture", problem, "save it as a JPEG")])
