"""``make bench``: run the benchmarks, keep their figures, and say what they came to.

Each runs in a process of its own, one after another. Its figures replace ``docs/figures/NAME.json``; ``make docs``
makes tables and plots of them, and ``git diff docs`` shows what is different now.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import BENCHMARKS
from benchmarks.processes import machine

FIGURES = Path(__file__).parents[1] / "docs" / "figures"


def run(name: str) -> None:
    """Measure in this process, and keep the figures."""
    on = machine()
    began = time.monotonic()
    figures = importlib.import_module(f"benchmarks.{name}").measure()
    on["took_s"] = round(time.monotonic() - began)
    text = json.dumps({**figures, "measured": on}, indent=2, ensure_ascii=False)
    (FIGURES / f"{name}.json").write_text(text + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run some benchmarks or all; 1 if one of them failed, after the others have run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(BENCHMARKS)}; nothing for all")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; there are: {', '.join(BENCHMARKS)}")
    failed = []
    for name in chosen.names or BENCHMARKS:
        if chosen.here:
            run(name)
            continue
        sys.stdout.write(f"{name}: {BENCHMARKS[name]}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "benchmarks", "--here", name]
        log = Path("out") / "bench" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as file:  # the handlers write their metrics to the output
            done = subprocess.run(command, stdout=file, stderr=file, env=os.environ, check=False)  # noqa: S603
        if done.returncode:
            failed.append(name)
            sys.stdout.write("".join(log.read_text().splitlines(keepends=True)[-20:]))
            sys.stdout.write(f"{name} failed; all that it said: {log}\n\n")
            continue
        sys.stdout.write(importlib.import_module(f"benchmarks.{name}").report(figures_of(name)) + "\n\n")
    if failed:
        sys.stdout.write(f"FAILED: {', '.join(failed)}\n")
    return 1 if failed else 0


def figures_of(name: str) -> dict[str, object]:
    """What a benchmark came to when it last ran."""
    figures: dict[str, object] = json.loads((FIGURES / f"{name}.json").read_text())
    return figures


if __name__ == "__main__":
    sys.exit(main())
