"""What a picture may take of the function's memory, measured in processes of their own."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from tests.hostile import corpus
from tests.hostile.shop import FULL

only_in_full = pytest.mark.skipif(not FULL, reason="seconds for each picture: make fuzz")
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak")

# Imports what the function does, then takes each picture in a process of its own. The peak is that of a whole process:
# Python, the SDK's clients, the upload, what a decoder keeps, and what is made of it; a fork does not count pages of
# libraries that it shares, so they are added.
MEASURED = """
import json, os, sys
from pathlib import Path
if sys.argv[1] == "function":
    import boto3
    import vto.bootstrap, vto.telemetry
    for name in ("s3", "dynamodb"):
        boto3.client(name, region_name="us-east-1")
    boto3.resource("dynamodb", region_name="us-east-1")
from vto.adapters.pillow import PillowTools
from vto.domain.pictures import Tier
from vto.errors import PictureRejectedError
import PIL.JpegImagePlugin, PIL.PngImagePlugin, PIL.WebPImagePlugin

def status(name):
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name)]
    return int(line.split()[1]) // 1024

def take(use, path, before):
    shared = before - status("VmRSS")
    content = Path(path).read_bytes()
    try:
        if use == "mask":
            PillowTools().prepare_mask(content, 924, 1122)
        else:
            PillowTools().prepare(content, Tier(1024 if use == "photo of a phone" else 2048))
        said = ""
    except PictureRejectedError as refused:
        said = refused.violations[0].problem
    print(json.dumps([status("VmHWM") + shared, said]), flush=True)

for path in sys.argv[3:]:
    before = status("VmRSS")
    if (child := os.fork()) == 0:
        take(sys.argv[2], path, before)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    assert ended == 0, (path, ended)
"""


def peaks(around: str, use: str, *paths: Path) -> list[tuple[int, str]]:
    """The most memory in MB that a process takes for each picture, and what it is rejected for.

    Args:
        around: "function" with all that the function imports, "nothing" for Python and Pillow alone.
        use: "photo", "photo of a phone" (in the tier that is the default) or "mask".
        paths: The pictures.
    """
    command = [sys.executable, "-W", "ignore", "-c", MEASURED, around, use, *map(str, paths)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return [tuple(json.loads(line)) for line in run.stdout.splitlines()]


def drawn(mode: str, size: tuple[int, int], kind: str, **options: Any) -> bytes:
    """A file of few bytes that is very many pixels."""
    image = Image.new(mode, size, 1 if mode == "P" else "white")
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 255, 255])
    image.paste(0 if mode == "P" else "black", (100, 100, size[0] // 2, size[1] // 2))
    return corpus.saved(image, kind, **options)


SIXTY, FORTY, THIRTY, FIFTEEN = (7000, 8500), (5700, 7000), (4940, 5999), (3500, 4250)
LARGEST: dict[str, Callable[[], bytes]] = {
    "60 megapixels of RGBA": lambda: corpus.png_of_zeros(*SIXTY, 8, 6),
    "40 megapixels of one colour after the other": lambda: corpus.separate_scans(FORTY),
    "15 megapixels of a WebP": lambda: drawn("RGBA", FIFTEEN, "WEBP", lossless=True),
}
if FULL:
    LARGEST |= {
        "60 megapixels of grey with transparency": lambda: corpus.png_of_zeros(*SIXTY, 8, 4),
        "60 megapixels of one bit": lambda: corpus.png_of_zeros(*SIXTY, 1, 0),
        "60 megapixels of sixteen bits of grey": lambda: corpus.png_of_zeros(*SIXTY, 16, 0),
        "60 megapixels of sixteen bits of RGBA": lambda: corpus.png_of_zeros(*SIXTY, 16, 6),
        "60 megapixels of a palette with a transparent colour": lambda: drawn("P", SIXTY, "PNG", transparency=1),
        "60 megapixels of a baseline JPEG": lambda: drawn("RGB", SIXTY, "JPEG", subsampling=0),
        "60 megapixels of a progressive JPEG": lambda: drawn("RGB", SIXTY, "JPEG", progressive=True, subsampling=2),
        "40 megapixels of a progressive JPEG with all its colours": lambda: drawn(
            "RGB", FORTY, "JPEG", progressive=True, subsampling=0
        ),
        "30 megapixels of a progressive JPEG with four inks": lambda: drawn("CMYK", THIRTY, "JPEG", progressive=True),
    }
A_FULL_UPLOAD = 25  # MB, which these files do not have


def written(folder: Path, pictures: dict[str, Callable[[], bytes]]) -> list[Path]:
    for number, made in enumerate(pictures.values()):
        (folder / str(number)).write_bytes(made())
    return [folder / str(number) for number in range(len(pictures))]


def test_the_largest_photos_are_prepared_within_512_megabytes(tmp_path: Path) -> None:
    found = dict(zip(LARGEST, peaks("function", "photo", *written(tmp_path, LARGEST)), strict=True))
    assert {name: said for name, (_, said) in found.items() if said} == {}
    assert {name: peak for name, (peak, _) in found.items() if peak + A_FULL_UPLOAD > 512} == {}


@only_in_full
def test_the_largest_masks_are_prepared_within_512_megabytes(tmp_path: Path) -> None:
    found = dict(zip(LARGEST, peaks("function", "mask", *written(tmp_path, LARGEST)), strict=True))
    # some are of one colour, which is seen when all of the work is done
    assert {name: said for name, (_, said) in found.items() if said and "area" not in said} == {}
    assert {name: peak for name, (peak, _) in found.items() if peak + A_FULL_UPLOAD > 512} == {}


@pytest.mark.parametrize("size", [(4032, 3024), (5712, 4284), (8064, 6048)])
def test_a_phones_jpeg_is_prepared_within_64_megabytes(size: tuple[int, int], tmp_path: Path) -> None:
    ((peak, said),) = peaks("nothing", "photo of a phone", *written(tmp_path, {"": lambda: drawn("RGB", size, "JPEG")}))
    a_full_file = size[0] * size[1] * 1.6 / 8e6  # MB, as a camera's has
    assert (said, peak + a_full_file <= 64) == ("", True), peak


def heic(size: tuple[int, int], mode: str = "RGB", **options: Any) -> bytes:
    """A HEIC of few bytes, in tiles unless told otherwise."""
    out = io.BytesIO()
    plain: dict[str, Any] = {"quality": 30, "tile_size": 512, "enc_params": {"preset": "ultrafast"}}
    pillow_heif.from_pillow(Image.new(mode, size, "red")).save(out, **(plain | options))
    return out.getvalue()


def test_the_rows_of_a_heic_are_not_in_memory_twice(tmp_path: Path) -> None:
    ((peak, said),) = peaks("nothing", "photo of a phone", *written(tmp_path, {"": lambda: heic((3000, 2000))}))
    assert (said, peak < 85) == ("", True), peak  # a picture of Pillow's beside the decoder's would be 24 more


@only_in_full
@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((8064, 6048), {}),
        ((8064, 6048), {"tile_size": 0}),
        ((6000, 4990), {"mode": "RGBA"}),
        ((3800, 3900), {"chroma": 444}),
    ],
    ids=str,
)
def test_the_largest_heics_are_prepared_within_512_megabytes(
    size: tuple[int, int], options: dict[str, Any], tmp_path: Path
) -> None:
    ((peak, said),) = peaks("function", "photo", *written(tmp_path, {"": lambda: heic(size, **options)}))
    assert (said, peak + A_FULL_UPLOAD <= 512) == ("", True), peak


def test_a_bomb_is_refused_from_its_header_within_64_megabytes(tmp_path: Path) -> None:
    found = dict(zip(corpus.BOMBS, peaks("nothing", "photo", *written(tmp_path, corpus.BOMBS)), strict=True))
    assert [name for name, (_, said) in found.items() if not said] == []
    assert {name: peak for name, (peak, _) in found.items() if peak > 64} == {}


@only_in_full
def test_a_process_that_takes_more_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unguarded = MEASURED.replace("def take", "import vto.adapters.pillow as p\np.BAND_PIXELS = 10**9\ndef take")
    monkeypatch.setattr(sys.modules[__name__], "MEASURED", unguarded)
    ((peak, _),) = peaks("function", "photo", *written(tmp_path, {"": LARGEST["60 megapixels of RGBA"]}))
    assert peak > 512  # as it was when all of a picture was converted at once
