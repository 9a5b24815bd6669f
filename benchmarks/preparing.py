"""Prepares one picture in a process of its own, which imports nothing else: what it takes, or how good it becomes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.processes import peak_mib


def _way(name: str) -> Callable[[bytes, int], bytes]:
    if name == "floor":
        return _floor()
    if name == "ours":
        from vto.adapters.pillow import PillowTools  # noqa: PLC0415
        from vto.domain.pictures import Tier  # noqa: PLC0415

        return lambda content, side: PillowTools().prepare(content, Tier(side)).content
    from benchmarks.baseline.prepare import prepare  # noqa: PLC0415

    return prepare


def _floor() -> Callable[[bytes, int], bytes]:
    import numpy as np  # noqa: PLC0415
    import simplejpeg  # noqa: PLC0415

    def run(content: bytes, side: int) -> bytes:
        high, wide, *_ = simplejpeg.decode_jpeg_header(content)
        share = min(1.0, (side * side / (high * wide)) ** 0.5)
        high, wide = int(high * share), int(wide * share)
        least: dict[str, Any] = {"min_height": high, "min_width": wide, "min_factor": 1}
        pixels = simplejpeg.decode_jpeg(content, "RGB", fastdct=True, fastupsample=True, **least)
        enough = np.ascontiguousarray(pixels[:high, :wide])
        made: bytes = simplejpeg.encode_jpeg(enough, 95, colorsubsampling="444", fastdct=True)
        return made

    return run


def once(way: str, path: str, side: str, warm: str) -> dict[str, float]:
    """Prepare one picture in this process."""
    work, content = _way(way), Path(path).read_bytes()
    work(Path(warm).read_bytes(), int(side))
    began = process_time()
    work(content, int(side))
    return {"cpu_ms": 1000 * (process_time() - began), "peak_mib": peak_mib()}


def psnr(way: str, path: str, side: str) -> float:
    """How near to full Lanczos a way comes, in dB."""
    import io  # noqa: PLC0415

    import numpy as np  # noqa: PLC0415
    from PIL import Image, ImageOps  # noqa: PLC0415

    content = Path(path).read_bytes()
    made = Image.open(io.BytesIO(_way(way)(content, int(side))))
    whole = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    wanted = np.asarray(whole.resize(made.size, Image.Resampling.LANCZOS)).astype(np.float32)
    difference = float(np.mean((np.asarray(made).astype(np.float32) - wanted) ** 2, dtype=np.float64))
    return round(10 * float(np.log10(255**2 / difference)), 2)


if __name__ == "__main__":
    task, *given = sys.argv[1:]
    tasks: dict[str, Callable[..., object]] = {"once": once, "psnr": psnr}
    sys.stdout.write(json.dumps(tasks[task](*given)) + "\n")
