"""One run from a seed, from the first shopper to the last figure."""

import pytest

from tests.simulation.checker import problems
from tests.simulation.device import Device
from tests.simulation.faults import Quiet, Seeded
from tests.simulation.figures import Figures, figures
from tests.simulation.simulation import Settings, Simulation
from tests.simulation.workload import arrive

RETURNS_KNOWING = 2.0
"""Seconds within which a client that comes back knows how its job ended."""


def settings_of(seed: int, *, is_traced: bool = False) -> Settings:
    """What is deployed, by turns: one engine or two, with the direct hops or without, clocks that agree or not."""
    engines = ("preview",) if seed % 2 else ("nova_canvas", "preview")
    return Settings(engines=engines, direct=seed % 5 != 0, skew=0.0 if seed % 3 else 2.0, is_traced=is_traced)


def play(seed: int, rate: float, jobs: int, *, is_traced: bool = False) -> tuple[Simulation, Figures]:
    """Run a seed.

    Args:
        seed: Decides everything: who comes, what they want, how long things take, what goes wrong.
        rate: How often something goes wrong at each crossing; 0 for never.
        jobs: How many requests come.
        is_traced: Whether every crossing is written into ``log``.
    """
    with pytest.MonkeyPatch.context() as patch:
        plan = Seeded(seed, rate) if rate else Quiet()
        simulation = Simulation(patch, seed=seed, plan=plan, settings=settings_of(seed, is_traced=is_traced))
        arrive(simulation, jobs, seed)
        simulation.run()
        made = figures(simulation, problems(simulation, had_faults=bool(rate)))
        _come_back(simulation, made)
    return simulation, made


def _come_back(simulation: Simulation, made: Figures) -> None:
    """Afterwards, when nothing goes wrong any more, everybody opens a new socket and asks for what they knew of."""
    simulation.plan = Quiet()
    waiting: set[str] = set()

    def return_and_ask(device: Device, jobs: list[str]) -> None:
        device.connect()
        began = simulation.scheduler.seconds
        for job_id in jobs:
            device.send({"action": "watchJob", "job_id": job_id})
        while not all(job_id in device.ended for job_id in jobs):
            simulation.scheduler.sleep(0.05)
        took = simulation.scheduler.seconds - began
        waiting.discard(device.name)
        made.longest_seconds_until_a_returning_client_knows = max(
            made.longest_seconds_until_a_returning_client_knows, round(took, 2)
        )
        if took > RETURNS_KNOWING:
            made.problems.append(f"I6: {device.user_id} came back and knew after {took:.1f} s")

    for shopper in simulation.shoppers:
        jobs = [one for one in shopper.first.job_of.values() if simulation.jobs.rows[one].status.is_terminal]
        if jobs and not shopper.habits.over_rest:
            device = Device(simulation, shopper.user_id, f"{shopper.user_id}/back")
            waiting.add(device.name)
            simulation.scheduler.spawn(lambda device=device, jobs=jobs: return_and_ask(device, jobs))
    simulation.scheduler.run(simulation.scheduler.seconds + 60, lambda: not waiting)
    made.problems += [f"I6: {name} came back and was not told within a minute" for name in sorted(waiting)]
