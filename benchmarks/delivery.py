"""What a result weighs on its way to the shopper, and what it takes to make it lighter: PNG, JPEG and WebP, by method.

``python -m benchmarks.delivery`` prints a table. The picture is drawn from noise of several sizes, like a photo;
times are of the processor, the median of several runs, and mean little but beside each other.
"""

import io
import statistics
import sys
import time
from typing import Any

from PIL import Image, ImageChops, ImageStat

from vto.adapters import renditions

SIDES = (1024, 2048)
RUNS = 7
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
    figures: dict[str, Any] = {"about": "one core, processor time, median of several runs in one process"}
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


def main() -> None:
    """Print a table."""
    write = sys.stdout.write
    for size, one in ((size, one) for size, one in measure().items() if size != "about"):
        write(f"| {size} | KB | ms to encode | ms with 10 Mbit/s | error |\n|---|---:|---:|---:|---:|\n")
        for name, row in one["forms"].items():
            size_kb = row["bytes"] / 1000
            write(f"| {name} | {size_kb:.0f} | {row['encode_ms']} | {row['ms_at_10_mbit']} | {row['rms_error']} |\n")
        write(f"| preview, {renditions.PREVIEW_SIDE} pixels | {one['preview_bytes'] / 1000:.1f} | | | |\n\n")


if __name__ == "__main__":
    main()
