"""What a result weighs on its way to the shopper, and what it takes to make it lighter: PNG, JPEG and WebP, by method.

The picture is drawn from noise of several sizes, like a photo;
times are of the processor, the median of several runs, and mean little but beside each other.
"""

import io
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageChops, ImageStat

from scripts.tables import table
from vto.adapters import renditions

SIDES = (1024, 2048)
RUNS = 5
SHOWN = {"bytes": 0, "encode_ms": 0, "ms_at_10_mbit": 0, "rms_error": 2}
"""What the table tells of each form, with so many digits."""
LINK_MBIT = 10
FORMS: dict[str, tuple[str, dict[str, int]]] = {
    "PNG, as engines answer": ("PNG", {}),
    "JPEG, quality 90": ("JPEG", {"quality": 90}),
    **{f"WebP, quality 85, method {one}": ("WEBP", {"quality": 85, "method": one}) for one in range(5)},
}


def photo(side: int) -> Image.Image:
    """Something with as much in it as a photo: large forms, and finer ones upon them."""
    made = Image.new("RGB", (side, side), "gray")
    for grain, share in ((8, 0.6), (32, 0.3), (128, 0.15), (512, 0.1)):
        layers = [Image.effect_noise((grain, grain), 70).resize((side, side), Image.Resampling.BICUBIC) for _ in "RGB"]
        made = Image.blend(made, Image.merge("RGB", layers), share)
    return made


def encoded(image: Image.Image, kind: str, options: dict[str, int]) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def measure() -> dict[str, Any]:
    """Every form of a picture of each tier.

    Returns:
        By tier and form: ``bytes``, ``encode_ms``, ``ms_at_10_mbit`` (encoding and sending together) and ``rms_error``,
        how far its pixels are from the drawn ones; ``preview_bytes``; and ``about``.
    """
    figures: dict[str, Any] = {
        "about": (
            "A picture with as much in it as a photo, as an engine answers it and as it is shown: bytes, processor time"
            f" of encoding (median of {RUNS} in one process), both together over a link of {LINK_MBIT} Mbit/s, and how"
            " far its pixels are from the drawn ones (of 255, root mean square). What shoppers are shown is"
            f" {next(name for name in FORMS if name.startswith('WebP'))}."
        )
    }
    for side in SIDES:
        drawn = photo(side)
        rows = {name: _row(drawn, kind, options) for name, (kind, options) in FORMS.items()}
        preview = renditions.shown_and_preview(drawn)[1] or b""
        figures[f"{side}x{side}"] = {"forms": rows, "preview_bytes": len(preview)}
    return figures


def _row(drawn: Image.Image, kind: str, options: dict[str, int]) -> dict[str, float]:
    taken, content = [], b""
    for _ in range(1 if kind == "PNG" else RUNS):
        began = time.process_time()
        content = encoded(drawn, kind, options)
        taken.append((time.process_time() - began) * 1000)
    milliseconds = statistics.median(taken)
    apart = ImageStat.Stat(ImageChops.difference(drawn, Image.open(io.BytesIO(content)).convert("RGB")))
    return {
        "bytes": len(content),
        "encode_ms": round(milliseconds, 1),
        # an engine's PNG comes encoded
        "ms_at_10_mbit": round((0 if kind == "PNG" else milliseconds) + len(content) * 8 / LINK_MBIT / 1000, 1),
        "rms_error": round(statistics.fmean(apart.rms), 2),
    }


def report(figures: Mapping[str, Any]) -> str:
    """A table for each tier."""
    tables = []
    for size, one in ((size, one) for size, one in figures.items() if isinstance(one, dict) and "forms" in one):
        rows = [
            (name, *(f"{row[key]:,.{digits}f}" for key, digits in SHOWN.items())) for name, row in one["forms"].items()
        ]
        rows.append((f"preview, {renditions.PREVIEW_SIDE} pixels", f"{one['preview_bytes']:,}", "", "", ""))
        tables.append(table(size, "bytes", "ms to encode", f"ms with {LINK_MBIT} Mbit/s", "error", rows=rows))
    return "\n\n".join(tables)


if __name__ == "__main__":
    sys.stdout.write(report(measure()) + "\n")
