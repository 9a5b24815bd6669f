"""Time, memory and package size of the preview engine, on one core.

``python -m benchmarks.preview`` draws the sample person (or ``--source``) with the sample products (or ``--reference``)
at about one megapixel, each class in a process of its own, and prints the processor time, the wall time and the largest
memory of each. ``--threads N`` gives numpy more than its one thread, 0 as many as it likes. ``--package`` prints what
the engine's layer and the shared layer weigh unzipped, for both processors.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

ROOT = Path(__file__).parents[1]
CASES = (
    ("UPPER_BODY", "green-hoodie.jpg"),
    ("SHORT_SLEEVE_SHIRT", "striped-t-shirt.jpg"),
    ("LOWER_BODY", "camel-chinos.jpg"),
    ("FULL_BODY", "floral-dress.jpg"),
    ("FOOTWEAR", "chelsea-boots.jpg"),
)
MEGAPIXEL = 1_000_000
PLATFORMS = {"arm64": "aarch64", "x86_64": "x86_64"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def scaled(picture: Image.Image, pixels: int) -> Image.Image:
    """The picture with about that many pixels."""
    factor = (pixels / (picture.width * picture.height)) ** 0.5
    return picture.resize((round(picture.width * factor), round(picture.height * factor)), Image.Resampling.LANCZOS)


def measure(garment_class: str, source: Path | None, reference: Path, pixels: int) -> dict[str, float]:
    """One picture in this process: import and drawing apart, seconds and mebibytes."""
    started = time.process_time()
    from canvas import preview  # noqa: PLC0415  # its import is part of what is measured

    imported = time.process_time() - started
    from samples.catalogue import sample  # noqa: PLC0415

    person = Image.open(source) if source else sample("standing-person.png").draw()
    product = Image.open(reference) if reference.exists() else sample(reference.name).draw()
    person, product = scaled(person.convert("RGB"), pixels), product.convert("RGB")
    parameters = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class}, "returnMask": True}
    cpu, wall = time.process_time(), time.perf_counter()
    preview.render(person, product, None, parameters)
    return {
        "import_s": round(imported, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "wall_s": round(time.perf_counter() - wall, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def unzipped(requirements: Path, processor: str) -> Iterator[tuple[str, int]]:
    """Name and unzipped bytes of each wheel that a function on this processor gets."""
    with TemporaryDirectory() as folder:
        platforms = [f"manylinux{tag}_{PLATFORMS[processor]}" for tag in ("2014", "_2_17", "_2_27", "_2_28", "_2_34")]
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--python-version", "3.13",
            "--dest", folder, *(part for one in platforms for part in ("--platform", one)), "-r", str(requirements),
        ]  # fmt: skip
        subprocess.run(command, check=True)  # noqa: S603
        for wheel in sorted(Path(folder).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                yield wheel.name.split("-")[0], sum(entry.file_size for entry in archive.infolist())


def package() -> None:
    """What render_preview carries with its layers."""
    for processor in PLATFORMS:
        total = 0
        for layer in ("canvas", "layers/vto"):
            for name, size in unzipped(ROOT / layer / "requirements.txt", processor):
                total += size
                sys.stdout.write(f"{processor:8} {name:28} {size / 1e6:7.1f} MB\n")
        sys.stdout.write(f"{processor:8} {'together':28} {total / 1e6:7.1f} MB\n")


def main() -> None:
    """Measures and prints one line a case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preview", description=str(__doc__).splitlines()[0])
    parser.add_argument("--source", type=Path, help="a photo instead of the sample person")
    parser.add_argument("--reference", type=Path, help="a product's picture instead of the samples")
    parser.add_argument("--pixels", type=int, default=MEGAPIXEL, help="size of the photo; 1 megapixel")
    parser.add_argument("--threads", type=int, default=1, help="numpy's threads; 0 for its own choice")
    parser.add_argument("--package", action="store_true", help="weigh the function's package")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.package:
        package()
        return
    if chosen.case:
        garment_class, file = chosen.case.split(",", 1)
        sys.stdout.write(json.dumps(measure(garment_class, chosen.source, Path(file), chosen.pixels)))
        return
    others = {name: value for name, value in os.environ.items() if name not in THREADS}
    environment = others | (dict.fromkeys(THREADS, str(chosen.threads)) if chosen.threads else {})
    for garment_class, file in CASES:
        case = f"{garment_class},{chosen.reference or file}"
        command = [sys.executable, "-m", "benchmarks.preview", "--pixels", str(chosen.pixels), "--case", case]
        command += ["--source", str(chosen.source)] if chosen.source else []
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603
        sys.stdout.write(f"{garment_class:20} {done.stdout}\n")


if __name__ == "__main__":
    main()
