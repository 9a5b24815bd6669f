"""Processor time of preparing uploads: what is refused from its header, and files of nearly 25 MB, on one core.

``python -m benchmarks.uploads`` prints a row for each picture of the tests' corpus of bombs and for the heaviest files
that are accepted, each in a process of its own. The aims are 0.05 s for a refusal and 3 s for a picture of 25 MB.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from tests.hostile import corpus

MEASURED = """
import json, sys, time
from pathlib import Path
from vto.adapters.pillow import PillowTools
from vto.domain.pictures import Tier
from vto.errors import PictureRejectedError
import PIL.JpegImagePlugin, PIL.PngImagePlugin, PIL.WebPImagePlugin
content, tier = Path(sys.argv[1]).read_bytes(), Tier(int(sys.argv[2]))
tools = PillowTools()
try:
    tools.prepare(Path(sys.argv[3]).read_bytes())  # loads what is loaded once for each container
except PictureRejectedError:
    pass
began = time.process_time()
try:
    tools.prepare(content, tier)
    said = "prepared"
except PictureRejectedError as refused:
    said = refused.violations[0].problem
print(json.dumps([time.process_time() - began, said]))
"""


def noise(size: tuple[int, int], kind: str, **options: Any) -> Callable[[], bytes]:
    """A picture with as much in it as a file of 25 MB takes."""
    return lambda: corpus.saved(Image.effect_noise(size, 12).convert("RGB"), kind, **options)


HEAVY: dict[str, Callable[[], bytes]] = {
    "12 megapixels of a camera": noise((4000, 3000), "JPEG", quality=92),
    "48 megapixels of a camera": noise((8000, 6000), "JPEG", quality=90),
    "59 megapixels of a baseline JPEG": noise((8800, 6700), "JPEG", quality=92),
    "59 megapixels of a progressive JPEG": noise((8800, 6700), "JPEG", quality=88, progressive=True),
    "40 megapixels of a progressive JPEG with all its colours": noise(
        (7300, 5400), "JPEG", quality=90, progressive=True, subsampling=0
    ),
    "a JPEG that draws 30 megapixels 24 times over": lambda: corpus.repeated_scans((6000, 5000), 22),
    "8 megapixels of a PNG, all noise": noise((3300, 2400), "PNG"),
    "60 megapixels of a PNG with transparency": lambda: corpus.png_of_zeros(7000, 8500, 8, 6),
    "60 megapixels of a PNG with sixteen bits": lambda: corpus.png_of_zeros(7000, 8500, 16, 6),
    "15 megapixels of a WebP": noise((4400, 3400), "WEBP", quality=95),
}


def measured(content: bytes, side: int, folder: Path) -> tuple[float, str]:
    """Seconds of processor time, and what came of it."""
    (folder / "picture").write_bytes(content)
    (folder / "warm").write_bytes(corpus.good(0))
    files = str(folder / "picture"), str(side), str(folder / "warm")
    command = [sys.executable, "-W", "ignore", "-c", MEASURED, *files]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - ours
    seconds, said = json.loads(run.stdout)
    return seconds, said


def main() -> None:
    """Print a table."""
    write = sys.stdout.write
    write("| Picture | MB | s at 1024 | s at 2048 | What becomes of it |\n|---|---:|---:|---:|---|\n")
    with TemporaryDirectory() as folder:
        for name, made in {**corpus.BOMBS, **HEAVY}.items():
            content = made()
            (first, said), (second, _) = (measured(content, side, Path(folder)) for side in (1024, 2048))
            write(f"| {name} | {len(content) / 1e6:.1f} | {first:.3f} | {second:.3f} | {said} |\n")


if __name__ == "__main__":
    main()
