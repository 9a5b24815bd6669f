"""What does it cost to prepare a photo, once at its upload, and what is left to do at the try-on?

Beside ours: the obvious implementation (:mod:`benchmarks.baseline.prepare`), and as far as a JPEG can be the floor:
libjpeg-turbo decodes it at the smallest scale that is still large enough, and encodes as many pixels as we do. Each
preparation runs in a process of its own (:mod:`benchmarks.preparing`), after that of a small picture, as in a container
that is warm.
"""

import sys
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time, thread_time
from typing import Any

from benchmarks.plot import bars
from benchmarks.processes import fresh, median
from scripts.tables import table

ROUNDS = {1024: 7, 2048: 2}
"""Processes for each tier."""
SPECIAL_ROUNDS = 2
WAYS = {"floor": "floor", "ours": "ours", "published": "published design"}
MOST_OVER_FLOOR, MOST_MIB, MOST_LOSS_DB, MOST_HEIC_MIB = 2.2, 64, 0.6, 512
"""The aims for photos of 12, 24 and 48 megapixels in the lower tier."""
PREPARED_BYTES = 400_000
"""A picture of one megapixel as we prepare it, about."""


def measure() -> dict[str, Any]:
    """All of it: time, memory and quality of preparing, and what happens at the try-on."""
    with TemporaryDirectory() as folder:
        jpegs, heics = _made(Path(folder))
        warm = Path(folder) / "small.jpg"
        return {
            "about": (
                "Photographs that nobody took (benchmarks/photographs.py): JPEG of quality 88, 1.4 to 1.5 bits per"
                " pixel, on its side by its EXIF data. Processor time of one picture in a process of its own, after a"
                f" small one; medians of {ROUNDS[1024]} processes in turns (the upper tier and"
                f" other files: {SPECIAL_ROUNDS}). Memory is the most that"
                " the whole process had, Python and the upload included. Quality is measured against the picture that"
                " full Lanczos makes of all pixels, before it is encoded; the loss is the distance between what the"
                " published design comes to and what ours does, both encoded alike."
            ),
            "jpeg": {str(mp): _compared(path, warm) for mp, path in jpegs.items()},
            "special": {name: _alone("ours", path, 1024, warm) for name, path in heics.items()},
            "try_on": _try_on(next(iter(jpegs.values())).read_bytes()),
        }


def _made(folder: Path) -> tuple[dict[int, Path], dict[str, Path]]:
    """The files to be prepared, and a small one."""
    import io  # noqa: PLC0415 - the documents import this module

    import pillow_heif  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    from benchmarks.photographs import SIZES, jpeg, photograph  # noqa: PLC0415
    from tests.hostile.test_colours import DISPLAY_P3  # noqa: PLC0415

    def kept(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    kept("small.jpg", jpeg(Image.new("RGB", (500, 500), "red")))
    jpegs, special = {}, {}
    for megapixels, size in SIZES.items():
        image = photograph(size)
        jpegs[megapixels] = kept(f"{megapixels}.jpg", jpeg(image))
        if megapixels == 12:
            special["12 MP, colours of Display P3"] = kept("p3.jpg", jpeg(image, icc_profile=DISPLAY_P3))
            special["12 MP, progressive"] = kept("progressive.jpg", jpeg(image, progressive=True))
        if megapixels in (12, 48):
            out = io.BytesIO()
            heif = pillow_heif.from_pillow(image)
            heif.save(out, quality=50, tile_size=512, enc_params={"preset": "ultrafast"})
            special[f"{megapixels} MP, HEIC"] = kept(f"{megapixels}.heic", out.getvalue())
    return jpegs, special


def _compared(path: Path, warm: Path) -> dict[str, Any]:
    """One photo each way, in both tiers, in turns."""
    told: dict[tuple[int, str], list[Any]] = {}
    for side, way in ((side, way) for side, often in ROUNDS.items() for _ in range(often) for way in WAYS):
        told.setdefault((side, way), []).append(_once(way, path, side, warm))
    tiers: dict[str, Any] = {}
    for (side, way), runs in told.items():
        tier = tiers.setdefault(str(side), {})
        tier[f"{way}_cpu_ms"] = median([one["cpu_ms"] for one in runs])
        tier[f"{way}_peak_mib"] = median([one["peak_mib"] for one in runs])
    lower = tiers["1024"]
    for way in ("ours", "published"):
        command = [sys.executable, "-m", "benchmarks.preparing", "psnr", way, str(path), "1024"]
        lower[f"{way}_psnr_db"] = fresh(command).told
    lower["loss_db"] = round(lower["published_psnr_db"] - lower["ours_psnr_db"], 2)
    return {"mb": round(path.stat().st_size / 1e6, 1), **tiers}


def _alone(way: str, path: Path, side: int, warm: Path) -> dict[str, Any]:
    runs = [_once(way, path, side, warm) for _ in range(SPECIAL_ROUNDS)]
    return {
        "mb": round(path.stat().st_size / 1e6, 1),
        **{key: median([one[key] for one in runs]) for key in ("cpu_ms", "peak_mib")},
    }


def _once(way: str, path: Path, side: int, warm: Path) -> Any:
    return fresh([sys.executable, "-m", "benchmarks.preparing", "once", way, path, str(side), warm]).told


# --- at the try-on ----------------------------------------------------------------------------------------------------


def _try_on(photo: bytes) -> dict[str, Any]:
    """What making a request's body takes: of originals, of prepared pictures, and of prepared pictures in base64."""
    from benchmarks.baseline.prepare import request  # noqa: PLC0415
    from vto.domain.nova_canvas import request_body  # noqa: PLC0415
    from vto.domain.parameters import canonical, for_garment_class  # noqa: PLC0415

    parameters = canonical(for_garment_class("UPPER_BODY"))
    ready = (b"\xff\xd8\xff" + bytes(range(256)) * (PREPARED_BYTES // 256))[:PREPARED_BYTES]

    def spent(work: Callable[[], object], times: int) -> float:
        taken = []
        for _ in range(times):
            began = process_time()
            work()
            taken.append(1000 * (process_time() - began))
        return median(taken, 2)

    return {
        "prepared_bytes": len(ready),
        "published_cpu_ms": spent(lambda: request(lambda _: photo, "", "", parameters), 3),
        "ours_cpu_ms": spent(lambda: request_body(ready, ready, None, parameters), 30),
        "base64": _base64(ready),
    }


def _base64(ready: bytes) -> dict[str, float]:
    """A picture read by boto3 and encoded, beside one that lies in base64 already: of the thread that reads."""
    import base64  # noqa: PLC0415
    import threading  # noqa: PLC0415
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415

    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    stored = {"/b/plain": ready, "/b/base64": base64.b64encode(ready)}

    class Storage(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = stored[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106 - of a server in this process
        config=Config(s3={"addressing_style": "path"}),
    )

    def read(name: str) -> bytes:
        content: bytes = s3.get_object(Bucket="b", Key=name)["Body"].read()
        return content

    ways: dict[str, Callable[[], bytes]] = {
        "encode_at_the_call": lambda: base64.b64encode(read("plain")),
        "stored_as_base64": lambda: read("base64"),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    try:
        for _, (name, work) in product(range(60), ways.items()):
            began = thread_time()
            work()
            taken[name].append(1000 * (thread_time() - began))
    finally:
        server.shutdown()
        server.server_close()
    began = thread_time()
    for _ in range(100):
        base64.b64encode(ready)
    return {
        **{f"{name}_cpu_ms": median(values[10:], 2) for name, values in taken.items()},
        "encoding_alone_cpu_ms": round(10 * (thread_time() - began), 2),
        "more_bytes_to_read": len(stored["/b/base64"]) - len(ready),
    }


# --- what the page says -----------------------------------------------------------------------------------------------


def report(figures: Mapping[str, Any]) -> str:
    """A table for each tier, one of other files, and what is left at the try-on."""
    return "\n\n".join(
        (
            *(_tier(figures, side) for side in ROUNDS),
            table(
                "Other files, lower tier",
                *("MB", "ms", "MiB"),
                rows=[
                    (name, f"{one['mb']:.1f}", f"{one['cpu_ms']:.0f}", f"{one['peak_mib']:.0f}")
                    for name, one in figures["special"].items()
                ],
            ),
            _said_of_the_try_on(figures["try_on"]),
        )
    )


def _tier(figures: Mapping[str, Any], side: int) -> str:
    rows = []
    for megapixels, photo in figures["jpeg"].items():
        one = photo[str(side)]
        floor = one["floor_cpu_ms"]
        rows.append(
            (
                f"{megapixels} MP, {photo['mb']:.1f} MB",
                f"{floor:.0f}",
                f"{one['ours_cpu_ms']:.0f} ({one['ours_cpu_ms'] / floor:.1f}×)",
                f"{one['published_cpu_ms']:.0f} ({one['published_cpu_ms'] / floor:.1f}×)",
                f"{one['ours_peak_mib']:.0f}",
                f"{one['published_peak_mib']:.0f}",
                *((f"{one['ours_psnr_db']:.1f}", f"{one['loss_db']:.2f}") if "loss_db" in one else ()),
            )
        )
    heads = ["floor ms", "ours ms", "published ms", "ours MiB", "published MiB"]
    heads += ["ours dB", "dB lost"] if len(rows[0]) > len(heads) + 1 else []
    return table(f"JPEG, {side}² pixels", *heads, rows=rows)


def _said_of_the_try_on(one: Mapping[str, Any]) -> str:
    coded = one["base64"]
    return (
        f"At the try-on, making the body of a request takes {one['ours_cpu_ms']:.1f} ms of two prepared pictures, and"
        f" {one['published_cpu_ms']:,.0f} ms of two originals of 12 MP. Of one prepared picture, reading and encoding"
        f" it takes {coded['encode_at_the_call_cpu_ms']:.1f} ms ({coded['encoding_alone_cpu_ms']:.2f} of them for"
        f" encoding); reading it stored in base64, {coded['more_bytes_to_read'] / 1000:.0f} KB more, takes"
        f" {coded['stored_as_base64_cpu_ms']:.1f} ms on top of the longer way from S3:"
        " [why it is not stored so](decisions/0027-base64-is-made-at-the-call.md)."
    )


def plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """Time and memory of a photo in the lower tier."""
    photos = [photo["1024"] for photo in figures["jpeg"].values()]
    labels = [f"{megapixels} MP" for megapixels in figures["jpeg"]]

    def drawn(title: str, unit: str, key: str) -> str:
        return bars(title, unit, labels, {said: [one[f"{way}_{key}"] for one in photos] for way, said in WAYS.items()})

    return {
        "bench-pictures.svg": drawn("Preparing a photo", "ms of processor time", "cpu_ms"),
        "bench-pictures-memory.svg": drawn("Memory while a photo is prepared", "MiB", "peak_mib"),
    }
