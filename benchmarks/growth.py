"""Does a try-on cost the same, whether it is the tenth of the day or the three-thousandth, alone or one of fifty?

The whole system in one process under virtual time (``tests/simulation``): the real handlers and the real machine; the
services are in memory. Counted are calls of the ports, states of the machine and the processor time of it all, and what
the process holds when everything is over and the services' memory is gone: what containers would keep.
"""

import gc
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import mean, median
from types import CodeType
from typing import Any

from benchmarks.plot import lines
from benchmarks.processes import ROOT, fresh
from scripts.tables import table

JOBS = (10, 100, 1000, 3000)
AT_ONCE = (1, 10, 50)
BURSTS = 150
"""Jobs of each run with some at once."""
MANY = 1000
"""So many jobs are run once only."""
AS_OFTEN_AS = 100
"""Runs of fewer jobs are repeated until they are so many."""
BETWEEN = 400
"""Calls of ports from one look at how fast the machine is to the next."""
OURS = tuple(str(ROOT / part) for part in ("functions", "layers/vto/vto"))
WARM = 100
"""Jobs that come before it is measured: imports, schemas, and whatever else is done once for each container."""
APART_SECONDS = 2.0
ROUND_SECONDS = 60.0
"""Jobs that come at once come again after that."""
MOST_DRIFT = 0.10


def measure() -> dict[str, Any]:
    """The same work in different amounts, up and down again in one process: so a busy machine is busy for all."""
    told = fresh([sys.executable, "-m", "benchmarks.growth"]).told
    return {
        "about": (
            "The real handlers and the real state machine in one process, services in memory, time virtual: amounts in"
            f" turn, up and down again, after {WARM} jobs that are not counted. Functions of ours and calls of ports"
            " are counted, not timed. Processor time is that of the functions, the machine and the services in memory"
            " together; it is told in yardsticks, too: a piece of work that is always the same, done in between, since"
            " a machine with other work is slower at times. What is left are blocks of the interpreter's memory after"
            " the run, when the memory of the services is gone."
        ),
        **told,
    }


def report(figures: Mapping[str, Any]) -> str:
    """Two tables, and how far the dearest row is from the cheapest."""
    heads = (
        "functions of ours",
        "calls of ports",
        "states",
        "processor ms",
        "yardsticks",
        "threads more",
        "memory left",
    )

    def rows(of: str) -> list[tuple[str, ...]]:
        return [
            (
                f"{int(amount):,}",
                f"{made['functions_per_job']:,.0f}",
                f"{made['calls_per_job']:.2f}",
                f"{made['states_per_job']:.2f}",
                f"{made['cpu_ms_per_job']:.1f}",
                f"{made['yardsticks_per_job']:.1f}",
                f"{made['threads_more']}",
                f"{made['blocks_left']:,}",
            )
            for amount, made in figures[of].items()
        ]

    drifts = ", ".join(f"{what} {drift(figures, key):+.1%}" for what, key in DRIFTS.items())
    return "\n\n".join(
        (
            table("Jobs, one after another", *heads, rows=rows("number_of_jobs")),
            table("Jobs at once", *heads, rows=rows("jobs_at_once")),
            f"From {JOBS[0]} to {JOBS[-1]:,} jobs, per job: {drifts}.",
        )
    )


def plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """What one job takes over the number of jobs, each part of what it takes among the fewest."""
    some = figures["number_of_jobs"]
    series = {
        what: [round(100 * made[key] / some[str(JOBS[0])][key], 1) for made in some.values()]
        for what, key in DRIFTS.items()
    }
    drawn = lines("What one job takes", f"% of one job among {JOBS[0]}", JOBS, series, "jobs, one after another")
    return {"bench-growth.svg": drawn}


DRIFTS = {
    "functions of ours": "functions_per_job",
    "calls of ports": "calls_per_job",
    "states": "states_per_job",
    "processor time": "yardsticks_per_job",
}


def drift(figures: Mapping[str, Any], key: str) -> float:
    """By which part a figure of one job is larger among the most jobs than among the fewest."""
    some = figures["number_of_jobs"]
    return float(some[str(JOBS[-1])][key] / some[str(JOBS[0])][key]) - 1


def play() -> dict[str, Any]:
    """All amounts in this process, those of few jobs often."""
    run(WARM, 0)
    ups = [*((jobs, 0) for jobs in JOBS), *((BURSTS, many) for many in AT_ONCE)]
    made: dict[tuple[int, int], list[dict[str, Any]]] = {one: [] for one in ups}
    for jobs, at_once in [*ups, *ups[-2::-1]]:
        if jobs < MANY or not made[jobs, at_once]:
            made[jobs, at_once] += [watched(jobs, at_once) for _ in range(max(1, AS_OFTEN_AS // jobs))]
    return {
        "number_of_jobs": {str(jobs): _middle(made[jobs, 0]) for jobs in JOBS},
        "jobs_at_once": {str(many): _middle(made[BURSTS, many]) for many in AT_ONCE},
    }


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One of the runs, with the middle of the processor times and the most of what is left behind."""
    return {
        **runs[0],
        "cpu_ms_per_job": round(median(one["cpu_ms_per_job"] for one in runs), 2),
        "yardstick_ms": round(median(one["yardstick_ms"] for one in runs), 4),
        "yardsticks_per_job": round(median(one["cpu_ms_per_job"] / one["yardstick_ms"] for one in runs), 2),
        "blocks_left": max(one["blocks_left"] for one in runs),
        "runs": len(runs),
    }


def watched(jobs: int, at_once: int) -> dict[str, Any]:
    """One run, and what it leaves behind.

    Args:
        jobs: How many.
        at_once: How many come at the same moment; 0 for one after another.
    """
    gc.collect()
    threads, blocks = threading.active_count(), sys.getallocatedblocks()
    with _functions_of_ours() as entered:
        made = run(jobs, at_once)
    gc.collect()
    return {
        **made,
        "functions_per_job": round(entered.total() / jobs, 1),
        "threads_more": threading.active_count() - threads,
        "blocks_left": sys.getallocatedblocks() - blocks,
    }


@contextmanager
def _functions_of_ours() -> Iterator[Counter[str]]:
    """Counts how often a function of the product is entered; what is not the product's costs nothing."""
    entered: Counter[str] = Counter()
    tool, watch = sys.monitoring.PROFILER_ID, sys.monitoring

    def started(code: CodeType, _: int) -> Any:
        if not code.co_filename.startswith(OURS) or code.co_filename.endswith("testing.py"):
            return watch.DISABLE
        entered["all"] += 1
        return None

    watch.use_tool_id(tool, "growth")
    watch.register_callback(tool, watch.events.PY_START, started)
    watch.set_events(tool, watch.events.PY_START)
    try:
        yield entered
    finally:
        watch.set_events(tool, watch.events.NO_EVENTS)
        watch.register_callback(tool, watch.events.PY_START, None)
        watch.free_tool_id(tool)


def run(jobs: int, at_once: int) -> dict[str, Any]:
    """One simulation; nothing of it is left afterwards but what the code keeps for itself."""
    import pytest  # noqa: PLC0415 - the documents import this module for its report

    from tests.simulation.checker import problems  # noqa: PLC0415
    from tests.simulation.shopper import Habits, Shopper  # noqa: PLC0415
    from tests.simulation.simulation import Settings, Simulation  # noqa: PLC0415
    from vto import bootstrap  # noqa: PLC0415

    calls: Counter[str] = Counter()
    yardsticks: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        # a quota that nobody reaches: what waits in its queue is what benchmarks/quota.py measures
        simulation = Simulation(patch, seed=1, settings=Settings(requests_per_minute=60_000, horizon=10.0**7))
        decide = simulation.decide

        def counted(point: str, kinds: Any) -> Any:
            calls[point.partition(" ")[2]] += 1
            if calls.total() % BETWEEN == 0:
                yardsticks.append(_yardstick())
                gc.freeze()  # the services' memory is not ours to look through
            return decide(point, kinds)

        patch.setattr(simulation, "decide", counted)
        for number in range(jobs):
            arrives = number // at_once * ROUND_SECONDS if at_once else number * APART_SECONDS
            simulation.add(Shopper(simulation, f"user-{number}", [_wish(number)], Habits(arrives=arrives)))
        began = time.process_time()
        simulation.run()
        took = time.process_time() - began - sum(yardsticks)
        if broken := problems(simulation):
            raise AssertionError(broken[:5])
        outside = sorted(_outside_the_model(simulation))
        states = sum(len(one.execution.run.path) for one in simulation.executions.started.values())
        seconds = simulation.scheduler.seconds
    bootstrap.reset()
    gc.unfreeze()
    ports = sum(count for name, count in calls.items() if "." in name and not name.startswith("engine."))
    return {
        "jobs": jobs,
        "cpu_ms_per_job": round(1000 * took / jobs, 2),
        "yardstick_ms": round(1000 * mean(yardsticks), 4),
        "calls_per_job": round(ports / jobs, 3),
        "states_per_job": round(states / jobs, 3),
        "outside_model_virtual_ms_p50": round(1000 * median(outside)),
        "outside_model_virtual_ms_p95": round(1000 * outside[int(0.95 * (len(outside) - 1))]),
        "virtual_seconds": round(seconds),
    }


def _yardstick() -> float:
    """Seconds of processor time of a piece of work that is always the same: how fast the machine is just now."""
    began = time.process_time()
    for number in range(100):
        json.loads(json.dumps({"number": number, "names": ["of", "some", "length"], "more": {"deep": [1.5, None]}}))
    return time.process_time() - began


def _wish(number: int) -> dict[str, Any]:
    return {
        "request_id": f"wish-{number}",
        "product_id": f"product-{number % 40}",
        "model_id": f"stock-{number % 10}",
        "parameters": {
            "maskType": "GARMENT",
            "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
            "imageGenerationConfig": {"seed": number},
        },
    }


def _outside_the_model(simulation: Any) -> list[float]:
    """For each job: seconds from the request to the frame that says it is done, less those of its call."""
    called = {call.job_id: call.end - call.begin for call in simulation.ledger.calls}
    asked = {one.user_id: one.asked_at for one in simulation.shoppers}
    jobs = simulation.jobs.rows
    ended: dict[str, float] = {}
    for seen in simulation.seen:
        if seen.status == "completed":
            ended.setdefault(seen.job_id, seen.at)
    return [ended[job_id] - asked[job.user_id] - called[job_id] for job_id, job in jobs.items()]


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(play()) + "\n")
