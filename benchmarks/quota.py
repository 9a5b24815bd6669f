"""Pacing under load, in virtual time: bursts beyond the quota, and floods beside ordinary shoppers.

``make bench-quota`` plays the real handlers and the real state machine on the simulation's parts, against an engine
that throttles like a token bucket of its quota, prints the figures and writes ``out/quota.json``. It ends with 1 if a
bound is broken. ``cp out/quota.json docs/figures/`` and ``make docs`` put them into ``docs/guarantees.md``.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from statistics import mean, quantiles
from typing import Any

import pytest

from tests.simulation.checker import problems
from tests.simulation.engine import SimulatedEngine
from tests.simulation.shopper import Habits, Shopper
from tests.simulation.simulation import Settings, Simulation
from vto.domain import times
from vto.domain.job import Job, Stage, Status
from vto.errors import ExpiredError, ModelThrottledError, QueueFullError, TooManyJobsError
from vto.ports import Generation, TryOnRequest
from vto.testing import NOON

OUT = Path(__file__).parents[1] / "out" / "quota.json"
QUOTA = 100
BUCKET_SECONDS = 6.0
"""How much of its quota the engine lets through at once: a tenth of a minute's, and two calls at least."""
FLOODER = "flooder"
COME_BACK = {cls.code for cls in (QueueFullError, TooManyJobsError)} | {"QueueFullError", "TooManyJobsError"}
MOST_THROTTLED = 0.05
LEAST_USED = 0.95
MOST_WAIT_BESIDE_A_FLOOD = 30.0


def bucket(per_second: float) -> float:
    """How many calls the engine lets through at once."""
    return max(2.0, BUCKET_SECONDS * per_second)


@dataclass(frozen=True)
class Load:
    """Who comes.

    Args:
        name: Words for the table.
        shoppers: Ordinary shoppers, each with one wish.
        within: Seconds in which they come.
        batch: Jobs of the shop's own in the batch lane, all at once.
        account: Wishes of one account that asks for as many at once as it can.
        beside: Whether ordinary shoppers must hardly notice the rest.
    """

    name: str
    shoppers: int
    within: float
    batch: int = 0
    account: int = 0
    beside: bool = False


LOADS = (
    Load("burst of 3 times the quota", 300, 60),
    Load("burst of 10 times the quota", 1000, 60),
    Load("burst of 20 times the quota", 2000, 60),
    Load("500 batch jobs alone", 0, 0, batch=500),
    Load("200 shoppers beside 500 batch jobs", 200, 300, batch=500, beside=True),
    Load("200 shoppers beside one account with 500 wishes", 200, 300, account=500, beside=True),
    Load("600 shoppers, one and a half times the quota, beside 100 batch jobs", 600, 240, batch=100),
)


@dataclass
class MeteredEngine(SimulatedEngine):
    """Lets its quota through and throttles the rest."""

    per_second: float = QUOTA / 60
    tokens: float = 0.0
    filled_at: float = 0.0
    throttled: int = 0

    def generate(self, request: TryOnRequest) -> Generation:
        """Make one picture, if there is a token left."""
        now = self.simulation.scheduler.seconds
        self.tokens = min(bucket(self.per_second), self.tokens + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.tokens < 1:
            self.throttled += 1
            raise ModelThrottledError("the bucket is empty")
        self.tokens -= 1
        return super().generate(request)


@dataclass
class Waits:
    """Seconds from the request until the engine was called."""

    jobs: int = 0
    p50: float = 0.0
    p95: float = 0.0
    longest: float = 0.0

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Waits":
        """The figures of these."""
        if not seconds:
            return cls()
        cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [*seconds] * 99
        return cls(len(seconds), round(cuts[49], 1), round(cuts[94], 1), round(max(seconds), 1))


@dataclass
class Figures:
    """What a load came to.

    Args:
        requests: Wishes there were.
        completed: Of them, those with a picture in the end.
        refusals: Answers that named a time to come back after; most came back.
        lost: Wishes that are neither completed nor told to come back.
        gave_up: Wishes that were told to come back, and are not completed.
        calls: Calls that the engine let through.
        throttled_per_job: Calls that it throttled, for each job.
        quota_used: Part of the quota used in the longest time in which jobs stood in the queue.
        shoppers: How long ordinary shoppers waited, from their first request on.
        flood: How long the rest waited.
        states_per_job: States of the machine entered for each job: what Step Functions bills.
        broken: Promises and bounds that did not hold.
    """

    requests: int
    completed: int
    refusals: int
    lost: int
    gave_up: int
    calls: int
    throttled_per_job: float
    quota_used: float
    shoppers: Waits
    flood: Waits
    states_per_job: dict[str, float]
    broken: list[str] = field(default_factory=list)


def play(load: Load, quota: int = QUOTA, seed: int = 1) -> Figures:
    """Let a load come, and see what becomes of it."""
    with pytest.MonkeyPatch.context() as patch:
        settings = Settings(requests_per_minute=quota, horizon=3 * 60 * 60)
        simulation = Simulation(patch, seed=seed, settings=settings)
        engine = MeteredEngine(simulation, "preview", simulation.ledger, per_second=quota / 60)
        engine.tokens = bucket(engine.per_second)
        simulation.engines["preview"] = engine
        _arrive(simulation, load, Random(f"load {seed}"))  # noqa: S311 - a load, no secret
        simulation.run()
        made = _figures(simulation, engine, load, quota)
        made.broken = [*problems(simulation), *_broken(made, load)]
    return made


def _arrive(simulation: Simulation, load: Load, random: Random) -> None:
    for number in range(load.shoppers):
        habits = Habits(arrives=random.uniform(0, load.within))
        simulation.add(Shopper(simulation, f"user-{number}", [_wish(f"wish-{number}", number)], habits))
    staff, customer = Habits(over_rest=True, for_the_shop=True), Habits(over_rest=True)
    for total, habits in ((load.batch, staff), (load.account, customer)):
        for worker in range(min(total, 20)):
            wishes = [_wish(f"flood-{n}", 10_000 + n) for n in range(worker, total, 20)]
            simulation.add(Shopper(simulation, FLOODER, wishes, habits))


def _wish(request_id: str, seed: int) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "product_id": f"product-{seed % 40}",
        "model_id": f"stock-{seed % 10}",
        "parameters": {
            "maskType": "GARMENT",
            "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
            "imageGenerationConfig": {"seed": seed},
        },
    }


def _figures(simulation: Simulation, engine: MeteredEngine, load: Load, quota: int) -> Figures:
    jobs = list(simulation.jobs.rows.values())
    floods = [one for one in jobs if one.user_id == FLOODER]
    ordinary = [one for one in jobs if one.user_id != FLOODER]
    wishes = load.shoppers + load.batch + load.account
    completed = sum(one.status is Status.COMPLETED for one in jobs)
    told_to_come_back = sum(len(one.given_up) for one in simulation.shoppers)
    told_to_come_back += sum(one.error_code in (QueueFullError.code, ExpiredError.code) for one in jobs)
    refusals = sum((one.first.refusals for one in simulation.shoppers), Counter())
    calls = [call.begin for call in simulation.ledger.calls]
    return Figures(
        wishes,
        completed,
        sum(refusals[name] for name in COME_BACK),
        wishes - completed - told_to_come_back,
        told_to_come_back,
        len(calls),
        round(engine.throttled / max(len(jobs), 1), 4),
        _used(jobs, calls, quota),
        Waits.of(_waits(simulation, ordinary)),
        Waits.of(_waits(simulation, floods)),
        {
            name: round(mean(len(simulation.executions.started[one.id].execution.run.path) for one in some), 2)
            for name, some in (("shoppers", ordinary), ("flood", floods))
            if some
        },
    )


def _used(jobs: Sequence[Job], calls: Sequence[float], quota: int) -> float:
    """The part of the quota that was used while jobs stood in the queue: those moments, put together."""
    stood = sorted((_at(job, Stage.QUEUED), _at(job, Stage.GENERATING)) for job in jobs if _called(job))
    stretches: list[list[float]] = []
    for begin, end in stood:
        if stretches and begin <= stretches[-1][1]:
            stretches[-1][1] = max(stretches[-1][1], end)
        else:
            stretches.append([begin, end])
    longest = max(stretches, key=lambda one: one[1] - one[0])
    made = sum(longest[0] < call <= longest[1] for call in calls)
    return round(made / ((longest[1] - longest[0]) * quota / 60), 4)


def _waits(simulation: Simulation, jobs: Iterable[Job]) -> list[float]:
    asked = {one.user_id: one.asked_at for one in simulation.shoppers if one.user_id != FLOODER}
    return [_at(job, Stage.GENERATING) - (asked.get(job.user_id) or _created(job)) for job in jobs if _called(job)]


def _created(job: Job) -> float:
    return (times.from_iso(job.created_at) - NOON).total_seconds()


def _at(job: Job, stage: Stage) -> float:
    """When the job first came to a stage, in seconds."""
    return next((times.from_iso(one.at) - NOON).total_seconds() for one in job.timeline if one.stage is stage)


def _called(job: Job) -> bool:
    return any(one.stage is Stage.GENERATING for one in job.timeline)


def _broken(made: Figures, load: Load) -> Iterator[str]:
    if made.lost:
        yield f"{load.name}: {made.lost} requests are lost"
    if made.throttled_per_job > MOST_THROTTLED:
        yield f"{load.name}: {made.throttled_per_job} throttled calls for each job"
    if made.quota_used < LEAST_USED:
        yield f"{load.name}: {made.quota_used:.0%} of the quota were used"
    if load.beside and made.shoppers.p95 > MOST_WAIT_BESIDE_A_FLOOD:
        yield f"{load.name}: ordinary shoppers waited {made.shoppers.p95} s (95 of 100)"


def _told(made: Figures) -> str:
    """The figures of one load in a line; all of them stand in the file."""
    waits = f"; shoppers wait {made.shoppers.p50:.0f} s, 95 of 100 at most {made.shoppers.p95:.0f} s"
    return (
        f"{made.completed} of {made.requests} completed, {made.lost} lost, {made.refusals} turned away, "
        f"{made.throttled_per_job:g} throttled calls per job, {made.quota_used:.1%} of the quota used"
        f"{waits if made.shoppers.jobs else ''}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all loads, print a line for each, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quota", description="Pacing under load.")
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args(arguments).seed
    document: dict[str, Mapping[str, Any]] = {}
    broken = []
    for load in LOADS:
        made = play(load, seed=seed)
        broken += made.broken
        document[load.name] = asdict(made)
        sys.stdout.write(f"{load.name}: {_told(made)}\n")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"quota": QUOTA, "seed": seed, "loads": document}, indent=2) + "\n")
    sys.stdout.writelines(f"BROKEN {one}\n" for one in broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
