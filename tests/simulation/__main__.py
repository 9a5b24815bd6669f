"""``make sim``: plays many seeds, prints what came of them, and writes ``out/simulation.json``.

``python -m tests.simulation --seed 7 --rate 0.2`` replays one run, byte for byte, and writes down every crossing of it.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from tests.simulation import erasing
from tests.simulation.exhaustive import choices, left_behind, tell
from tests.simulation.faults import Fault
from tests.simulation.figures import ROWS, Figures
from tests.simulation.mutants import MUTANTS
from tests.simulation.play import play

OUT = Path(__file__).parents[2] / "out"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--jobs", type=int, default=500, help="requests in each run (500)")
    parser.add_argument("--seeds", type=int, default=20, help="runs for each rate (20)")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.05, 0.2], help="faults at each crossing")
    parser.add_argument("--seed", type=int, help="replay this seed only, and write every crossing to out/")
    parser.add_argument("--rate", type=float, default=0.05, help="the rate of the replayed run")
    parser.add_argument("--pairs", choices=["all", "some", "none"], default="some", help="pairs of faults on one job")
    parser.add_argument("--erasures", type=int, default=1000, help="runs in which somebody is erased (1000)")
    asked = parser.parse_args(arguments)
    OUT.mkdir(exist_ok=True)
    return _replay(asked) if asked.seed is not None else _all(asked)


def _replay(asked: argparse.Namespace) -> int:
    simulation, made = play(asked.seed, asked.rate, asked.jobs, is_traced=True)
    log = OUT / f"simulation-{asked.seed}.log"
    log.write_text("\n".join(simulation.log) + "\n")
    _print(f"{log.relative_to(OUT.parent)}: {len(simulation.log)} lines, digest {simulation.digest()}")
    _print("\n".join(made.problems) or "every promise was kept")
    return bool(made.problems)


def _all(asked: argparse.Namespace) -> int:
    began = time.monotonic()
    document: dict[str, object] = {"jobs_per_run": asked.jobs, "seeds": asked.seeds, "rates": {}}
    by_rate: dict[float, Figures] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for rate in asked.rates:
            runs = list(pool.map(_run, range(1, asked.seeds + 1), repeat(rate), repeat(asked.jobs)))
            by_rate[rate] = _sum(made for _, made in runs)
            for seed, made in runs:
                for problem in made.problems:
                    _print(f"seed {seed}, rate {rate}: {problem}")
        document["rates"] = {str(rate): made.document() for rate, made in by_rate.items()}
        exhaustive = _exhaustive(pool, asked.pairs)
        erasures = _erasures(pool, asked.erasures)
    document["exhaustive"] = exhaustive
    document["erasures"] = erasures
    document["planted_bugs_noticed"] = [mutant.name for mutant in MUTANTS]  # each by a test
    (OUT / "simulation.json").write_text(json.dumps(document, indent=2) + "\n")
    _table(by_rate)
    _print(
        f"one job: {exhaustive['points']} points, {exhaustive['singles']} single faults, {exhaustive['pairs']} pairs,"
        f" {exhaustive['broken']} of them broke a promise; {time.monotonic() - began:.0f} s in all"
    )
    _print(
        f"{erasures.get('runs', 0)} erasures between all else: {erasures.get('jobs', 0)} jobs and"
        f" {erasures.get('versions_removed', 0)} versions removed, {erasures['problems']} problems"
    )
    return any(made.problems for made in by_rate.values()) or bool(exhaustive["broken"] or erasures["problems"])


def _run(seed: int, rate: float, jobs: int) -> tuple[int, Figures]:
    return seed, play(seed, rate, jobs)[1]


def _sum(runs: Iterator[Figures]) -> Figures:
    total = Figures()
    for one in runs:
        total.add(one)
    return total


# --- somebody is erased -----------------------------------------------------------------------------------------------


def _erasures(pool: ProcessPoolExecutor, runs: int) -> dict[str, int]:
    counts = Counter[str]()
    found = 0
    for seed, problems, made in pool.map(erasing.tell, range(runs), chunksize=10):
        counts.update(made)
        found += len(problems)
        for problem in problems:
            _print(f"erasing, seed {seed}: {problem}")
    return {**counts, "problems": found}


# --- one job, every fault ---------------------------------------------------------------------------------------------


def _exhaustive(pool: ProcessPoolExecutor, pairs: str) -> dict[str, object]:
    base = tell({})
    singles = list(choices(base))
    every = {"all": 1, "some": 7, "none": 0}[pairs]
    told = list(pool.map(_after, singles, repeat(every), chunksize=4))
    broken = [problem for _, problems in told for problem in problems]
    for problem in broken[:20]:
        _print(problem)
    return {
        "points": len(base.points),
        "singles": len(singles),
        "pairs": sum(count for count, _ in told),
        "every_nth_pair": every,
        "broken": len(broken),
    }


def _after(first: tuple[int, Fault], every: int) -> tuple[int, list[str]]:
    """A single fault, and each second one (or every seventh) that can follow it."""
    number, fault = first
    single = tell({number: fault})
    broken = [f"{number} {fault}: {problem}" for problem in left_behind(single, {number: fault})]
    if not every:
        return 0, broken
    seconds = list(choices(single, number + 1))[number % every :: every]
    for second, other in seconds:
        both = tell({number: fault, second: other})
        broken += [f"{number} {fault} + {second} {other}: {problem}" for problem in both.problems]
    return len(seconds), broken


# --- what is printed --------------------------------------------------------------------------------------------------


def _table(by_rate: dict[float, Figures]) -> None:
    def line(name: str, values: list[object]) -> None:
        _print(f"{name:<52}" + "".join(f"{value!s:>14}" for value in values))

    line("", [f"{rate:.0%} faults" for rate in by_rate])
    line("jobs", [made.jobs for made in by_rate.values()])
    line("faults injected", [made.faults for made in by_rate.values()])
    for row in ROWS:
        line(row, [made.rows[row] for made in by_rate.values()])
    for name in (
        "model_calls_beyond_the_first",
        "calls_lost_to_faults",
        "most_billed_calls_of_a_job",
        "calls_that_overlap_at_the_engine",
        "started_by_the_sweep",
        "ended_by_the_sweep",
        "claims_left_behind",
        "told_by_push",
        "told_only_when_they_asked",
        "over_the_time_after_the_queue",
        "longest_seconds_beyond_a_lease",
        "longest_seconds_until_a_returning_client_knows",
    ):
        line(name.replace("_", " "), [getattr(made, name) for made in by_rate.values()])
    line("completed", [made.endings["completed"] for made in by_rate.values()])
    line("broken promises", [len(made.problems) for made in by_rate.values()])


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
