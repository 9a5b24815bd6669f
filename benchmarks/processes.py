"""Work in fresh processes, by processor time: on a machine with other work the clock on the wall says little."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Spent:
    """What a process came to.

    Args:
        cpu_ms: Processor time of the process and its children, user and system, from its start to its end.
        told: What it printed last, read as JSON; None if it printed nothing.
    """

    cpu_ms: float
    told: Any


def fresh(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Spent:
    """Run a command of ours in a process of its own, and count what it took.

    Raises:
        subprocess.CalledProcessError: It ended badly; what it said stands in the error's notes.
    """
    started = subprocess.Popen(  # noqa: S603 - a command of ours
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=dict(environment) if environment is not None else with_paths(),
    )
    before = _of_children()
    with started:
        out, err = started.communicate()
    if started.returncode:
        failed = subprocess.CalledProcessError(started.returncode, started.args, out, err)
        failed.add_note(err[-2000:])
        raise failed
    lines = out.strip().splitlines()
    return Spent(round(1000 * (_of_children() - before), 1), json.loads(lines[-1]) if lines else None)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def with_paths(**more: str) -> dict[str, str]:
    """This process's environment with its import paths, one thread for numpy, and what is wanted besides."""
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def peak_mib() -> float:
    """The most memory that this process has had, in MiB.

    Not ``ru_maxrss``: that one begins with what the parent had when it forked.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise OSError("/proc/self/status names no VmHWM: measure on Linux")


def median(values: Sequence[float], digits: int = 1) -> float:
    """The middle of some values, rounded."""
    return round(statistics.median(values), digits)


def machine() -> dict[str, Any]:
    """What was measured on, and how busy it was with other things just then."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "CPU part"))
    ]
    return {
        "day": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }
