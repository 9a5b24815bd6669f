"""One job, and every fault at every point of its way; then every pair of faults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.simulation.checker import problems
from tests.simulation.faults import Fault, Scripted
from tests.simulation.shopper import Habits, Shopper
from tests.simulation.simulation import Settings, Simulation
from vto.domain.job import Status
from vto.domain.storage import MANIFEST, result_key

PAID = Settings(engines=("nova_canvas",))
"""An engine that costs money: its way crosses the budgets too."""
WISH = {"request_id": "wish", "product_id": "product-1", "model_id": "stock-1"}
ENDS_THE_JOB = (Fault.KILL, Fault.BREAK)
"""What no retry helps against: the execution is gone, or what was paid for is no picture."""


@dataclass(frozen=True)
class Told:
    """What came of one story.

    Args:
        points: What was crossed, with what might have happened there.
        problems: The promises that were broken.
        simulation: The run itself.
    """

    points: list[tuple[str, tuple[Fault, ...]]]
    problems: list[str]
    simulation: Simulation


def tell(faults: Mapping[int, Fault], settings: Settings | None = None) -> Told:
    """One shopper wants one thing; faults at the points with these numbers."""
    with pytest.MonkeyPatch.context() as patch:
        plan = Scripted(dict(faults))
        simulation = Simulation(patch, seed=1, plan=plan, settings=settings or PAID)
        simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
        simulation.run()
        found = problems(simulation, had_faults=bool(faults))
        return Told([(name, tuple(kinds)) for name, kinds in plan.points], found, simulation)


def choices(told: Told, first: int = 0) -> Iterator[tuple[int, Fault]]:
    """Every fault that was possible from one point on."""
    for number, (_, kinds) in enumerate(told.points):
        if number >= first:
            for kind in kinds:
                yield number, kind


def left_behind(told: Told, faults: Mapping[int, Fault]) -> list[str]:
    """What one fault must not leave behind: besides the promises, everything has to come out as without it."""
    simulation = told.simulation
    found = list(told.problems)
    (job,) = simulation.jobs.rows.values()
    may_fail = any(fault in ENDS_THE_JOB for fault in faults.values())
    if job.status is not Status.COMPLETED and not may_fail:
        found.append(f"the job ended in {job.error_code}")
    if simulation.results.claims:
        found.append("the claim on the cache key was left behind: equal requests wait for nobody")
    if job.status is Status.COMPLETED:
        if not any(url.endswith(result_key(job.id, MANIFEST)) for url in simulation.pictures.objects):
            found.append("there is no manifest: the published path of the result is dead")
        if job.keeps_its_seed and not simulation.results.ready:
            found.append("the result is not offered to equal requests")
    dead = [*simulation.created.dead_letters, *simulation.results_queue.dead_letters, *simulation.rule.dead_letters]
    if dead:
        found.append(f"dead letters: {dead}")
    return found
