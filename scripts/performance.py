"""The figures of ``make bench`` as tables and plots for ``docs/performance.md``."""

import importlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import BENCHMARKS
from scripts.facts import ROOT
from scripts.tables import table

FIGURES = ROOT / "docs" / "figures"
IMAGES = ROOT / "docs" / "images"


def figures_of(name: str) -> dict[str, Any]:
    """What a benchmark came to when it last ran."""
    figures: dict[str, Any] = json.loads((FIGURES / f"{name}.json").read_text())
    return figures


def report(name: str) -> str:
    """What a benchmark says of its figures, below how they were measured."""
    figures = figures_of(name)
    made: str = importlib.import_module(f"benchmarks.{name}").report(figures)
    return f"{figures['about']}\n\n{made}"


def machines() -> str:
    """On what each benchmark was run."""
    rows = [
        (
            f"[{name}](../benchmarks/{name}.py)",
            asks,
            f"{on['day']}, {on['took_s']} s",
            f"{on['cores']} × {on['processor']}, load {on['load_before']}",
            on["python"],
        )
        for name, asks in BENCHMARKS.items()
        for on in [figures_of(name)["measured"]]
    ]
    return table("Benchmark", "The question", "Run on", "Machine, and how busy it was before", "Python", rows=rows)


def plots() -> Mapping[Path, Callable[[], str]]:
    """The pictures that the page shows: their files, and how each is drawn."""
    return {
        IMAGES / file: partial(str, drawn)
        for name in BENCHMARKS
        if hasattr(module := importlib.import_module(f"benchmarks.{name}"), "plots")
        for file, drawn in module.plots(figures_of(name)).items()
    }
