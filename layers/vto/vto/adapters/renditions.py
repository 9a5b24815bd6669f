"""What shoppers are shown of an engine's picture: the same as WebP, and a small one that travels in a message."""

import io

from PIL import Image

QUALITY, METHOD = 85, 0  # a more thorough method takes longer than the bytes that it saves take on their way
PREVIEW_SIDE, PREVIEW_QUALITY, PREVIEW_METHOD = 256, 60, 4


def shown_and_preview(image: Image.Image) -> tuple[bytes | None, bytes | None]:
    """Both forms of a picture in sRGB; None for each where the format cannot hold it (it ends at 16,383 pixels)."""
    small = image.copy()
    # by whole pixels first: smoothing all of them takes ten times as long, and is not seen at this size
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=1.0)
    try:
        return _webp(image, QUALITY, METHOD), _webp(small, PREVIEW_QUALITY, PREVIEW_METHOD)
    except (OSError, ValueError):
        return None, None


def _webp(image: Image.Image, quality: int, method: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=quality, method=method, exif=b"", icc_profile=b"")
    return out.getvalue()
