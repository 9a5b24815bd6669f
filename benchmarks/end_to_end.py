"""A shopper's whole way on the local stack: where the time goes beside the model, and what comes of more at once.

The stack is real but for AWS: the template, the handlers as ``sam build`` makes them, the state machine, sockets. The
model is a stand-in that answers at once, so everything that is measured is overhead. The published hops are the same
stack with its direct hops off: only the table's stream starts a job, only S3 and SQS bring its result.
"""

import os
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.plot import bars
from benchmarks.processes import ROOT, median
from scripts.tables import table

BLOCKS, JOBS_OF_A_BLOCK = 2, 5
AT_ONCE = {1: 10, 10: 30, 50: 60}
"""So many jobs for so many clients, each of whom asks again when the picture is there."""
USERS = 10
PHASES = {
    "until the job is claimed": ("created", "validating"),
    "validating": ("validating", "queued"),
    "queued": ("queued", "generating"),
    "generating (the model answers at once)": ("generating", "storing"),
    "storing": ("storing", "completed"),
}
FUNCTION = "ministack-lambda-"
"""In the command of a process that the emulator runs a function in."""
TICKS: int = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, Any]:
    """One stack for everything: both ways in turns, then more and more at once."""
    from benchmarks.steps import drawing  # noqa: PLC0415
    from local.stack import LocalStack  # noqa: PLC0415 - the documents import this module for its report
    from tests.e2e.conftest import ShopServer, World  # noqa: PLC0415
    from tests.stand_ins.serving import said, serving  # noqa: PLC0415

    answer = said(200, {"images": [drawing()]})
    own: dict[str, Any] = {"engine": "nova_canvas", "parameters": {"RequestsPerMinute": "6000"}}
    with serving(lambda _: answer) as model, LocalStack(ROOT, name="bench", canvas=model, **own) as stack:
        world = World(stack, ShopServer())
        shoppers = [stack.sign_in(f"shopper-{number}@example.com") for number in range(USERS)]
        _some(world, 3)
        ways: dict[str, list[dict[str, Any]]] = {"ours": [], "published": []}
        for _ in range(BLOCKS):
            ways["ours"] += _some(world, JOBS_OF_A_BLOCK)
            with _published_hops(world):
                ways["published"] += _some(world, JOBS_OF_A_BLOCK + 1)[1:]
            _some(world, 1)  # its functions begin anew when their environment changes
        _load(world, shoppers, USERS, USERS)  # as many processes begin as will be needed
        warm = _processes()
        at_once = {str(many): _load(world, shoppers, many, jobs) for many, jobs in AT_ONCE.items()}
        memory = _grown(warm, _processes())
    return {
        "about": (
            "The local stack with a model that answers at once, seen by clients with a socket, in seconds of the clock:"
            " emulators of AWS on this machine's cores, which take most of the time, so only the comparison says"
            " something. Published hops: the same stack, started by the stream alone and delivered by S3 and SQS alone"
            " (which take milliseconds here, and 1.5 s on AWS: see above). Processor time and memory are those of all"
            " processes of the stack together, of which each function has at most four."
        ),
        "ways": {name: _phases(jobs) for name, jobs in ways.items()},
        "at_once": at_once,
        "memory": {"jobs": sum(AT_ONCE.values()), **memory},
    }


def _grown(before: dict[int, dict[str, Any]], after: dict[int, dict[str, Any]]) -> dict[str, float]:
    """How the processes of functions that were there before have grown."""
    grown = [after[pid]["mib"] - one["mib"] for pid, one in before.items() if one["function"] and pid in after]
    more = [after[pid]["threads"] - one["threads"] for pid, one in before.items() if one["function"] and pid in after]
    return {
        "processes": len(grown),
        "median_mib_more": median(grown, 2),
        "most_mib_more": round(max(grown), 2),
        "most_threads_more": max(more),
    }


@contextmanager
def _published_hops(world: Any) -> Iterator[None]:
    with ExitStack() as off:
        off.enter_context(world.environment("MessageFunction", DIRECT_START="off"))
        off.enter_context(world.environment("NotifyClientFunction", DIRECT_NOTIFY="off"))
        off.enter_context(world.without_events("PublishJobFunction"))
        yield


def _some(world: Any, many: int) -> list[dict[str, Any]]:
    """So many try-ons one after another, each with the client's own seconds."""
    with world.shopper("ada") as shopper:
        shopper.connect()
        return [_one(world, shopper) for _ in range(many)]


def _one(world: Any, shopper: Any) -> dict[str, Any]:
    began, first = time.monotonic(), []
    job = shopper.try_on(**world.request(), on_snapshot=lambda _: first.append(time.monotonic() - began))
    if job["status"] != "completed":
        raise AssertionError(f"a try-on of the benchmark failed: {job.get('error')}")
    return {"job": job, "first_s": first[0], "total_s": time.monotonic() - began}


def _phases(jobs: list[dict[str, Any]]) -> dict[str, float]:
    from vto.domain import times  # noqa: PLC0415

    def seconds(job: Mapping[str, Any], phase: tuple[str, str]) -> float:
        at = {one["stage"] or one["status"]: times.from_iso(one["at"]) for one in job["stages"]}
        return (at[phase[1]] - at[phase[0]]).total_seconds()

    figures = {f"{name}_s": median([seconds(one["job"], phase) for one in jobs], 3) for name, phase in PHASES.items()}
    inside = [seconds(one["job"], ("created", "completed")) for one in jobs]
    return {
        "jobs": len(jobs),
        "first_answer_s": median([one["first_s"] for one in jobs], 3),
        **figures,
        "the way there and back_s": median([one["total_s"] - s for one, s in zip(jobs, inside, strict=True)], 3),
        "total_s": median([one["total_s"] for one in jobs], 3),
        "slowest_s": round(max(one["total_s"] for one in jobs), 3),
    }


def _load(world: Any, logins: list[Any], many: int, jobs: int) -> dict[str, float]:
    """So many clients, each asking again when it has its picture, until there were so many jobs."""
    from local.shopper import Shopper  # noqa: PLC0415

    left, lock, took = jobs, threading.Lock(), []

    def client(number: int) -> None:
        nonlocal left
        with Shopper(world.endpoints, logins[number % USERS].access_token) as shopper:
            shopper.connect()
            while True:
                with lock:
                    if not left:
                        return
                    left -= 1
                took.append(_one(world, shopper)["total_s"])

    before, began = _processes(), time.monotonic()
    with ThreadPoolExecutor(many) as pool:
        for done in [pool.submit(client, number) for number in range(many)]:
            done.result()
    seconds, after = time.monotonic() - began, _processes()
    cpu = sum(one["cpu_s"] - before.get(pid, {"cpu_s": 0.0})["cpu_s"] for pid, one in after.items())
    return {
        "jobs": jobs,
        "jobs_per_s": round(jobs / seconds, 2),
        "p50_s": median(took, 2),
        "p95_s": round(statistics.quantiles(took, n=20, method="inclusive")[18], 2),
        "cpu_ms_per_job": round(1000 * cpu / jobs),
        "function_processes": len(functions := [one for one in after.values() if one["function"]]),
        "threads_of_a_function": max(one["threads"] for one in functions),
        "largest_function_mib": max(one["mib"] for one in functions),
    }


def report(figures: Mapping[str, Any]) -> str:
    """Both ways phase by phase, then more and more clients, then memory."""
    ours, published = (figures["ways"][name] for name in ("ours", "published"))
    phases = [
        (key.removesuffix("_s").replace("_", " "), f"{ours[key]:.2f}", f"{published[key]:.2f}")
        for key in ours
        if key != "jobs"
    ]
    loads = [
        (
            many,
            f"{made['jobs']}",
            f"{made['jobs_per_s']:.2f}",
            f"{made['p50_s']:.1f} / {made['p95_s']:.1f}",
            f"{made['cpu_ms_per_job']:,}",
            f"{made['function_processes']}",
            f"{made['threads_of_a_function']}",
            f"{made['largest_function_mib']:.0f}",
        )
        for many, made in figures["at_once"].items()
    ]
    heads = ("jobs", "jobs a second", "s p50 / p95", "processor ms a job", "processes of functions", "threads", "MiB")
    memory = figures["memory"]
    return "\n\n".join(
        (
            table("Seconds of one try-on (median)", "ours", "published hops", rows=phases),
            table("Clients at once", *heads, rows=loads),
            f"After {memory['jobs']} jobs each of the {memory['processes']} processes of functions that were there"
            f" before has {memory['median_mib_more']:+.1f} MiB in the middle, {memory['most_mib_more']:+.1f} at most,"
            f" and {memory['most_threads_more']} threads more. Threads and MiB of the table are those of the largest"
            " function.",
        )
    )


def plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """How long clients wait when there are more of them than processors."""
    some = figures["at_once"]
    series = {"p50": [one["p50_s"] for one in some.values()], "p95": [one["p95_s"] for one in some.values()]}
    labels = [f"{many} at once, {one['jobs_per_s']:.1f} jobs a second" for many, one in some.items()]
    return {"bench-end-to-end.svg": bars("One try-on on the local stack", "s", labels, series)}


def _processes() -> dict[int, dict[str, Any]]:
    """All processes below this one: processor time so far, threads, memory."""
    parents: dict[int, tuple[int, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(folder.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS
    found: dict[int, dict[str, Any]] = {}
    generation = {os.getpid()}
    while generation := {pid for pid, (parent, _) in parents.items() if parent in generation}:
        for pid in generation:
            try:
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                command = Path(f"/proc/{pid}/cmdline").read_text()
            except OSError:
                continue
            found[pid] = {
                "cpu_s": parents[pid][1],
                "threads": int(told["Threads"]),
                "mib": round(int(told["VmRSS"].split()[0]) / 1024, 1),
                "function": FUNCTION in command,
            }
    return found
