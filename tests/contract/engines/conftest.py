"""Starts the endpoint with engines that need something: a stand-in, or this folder."""

import os
from pathlib import Path

from canvas.fashn.loading import FILES
from tests.contract.canvas.conftest import ROOT, Server, start

PAINTER = "tests.contract.engines.painter"


def start_fashn(folder: Path, *options: str, **environment: str) -> Server:
    """The endpoint with weights that are none; ``environment`` steers the stand-in."""
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"weights")
    paths = os.pathsep.join(str(ROOT / place) for place in ("canvas", "tests/stand_ins"))
    settings = {"PYTHONPATH": paths, "CANVAS_FASHN_WEIGHTS": str(folder), "CANVAS_ENGINE": "fashn"}
    return start(folder, *options, environment=settings | environment)


def start_painter(folder: Path, *options: str) -> Server:
    """The endpoint with the suite's own right engine."""
    places = os.pathsep.join(str(place) for place in (ROOT, ROOT / "canvas"))
    return start(folder, *options, "--engine", "painter", module=PAINTER, environment={"PYTHONPATH": places})
