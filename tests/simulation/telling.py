"""The shop's own server is told of each end at least once, whatever fails on the way; of what is erased, never."""

import json
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.simulation.erasing import erase
from tests.simulation.faults import Plan, Quiet, Seeded
from tests.simulation.simulation import Settings, Simulation
from tests.simulation.webhook import ShopServer
from tests.simulation.workload import arrive
from vto.domain.webhooks import End

DAYS = 2 * 24 * 60 * 60.0
DOWN = 20.0
"""Seconds in which the shop's server takes nothing while somebody has everything erased, so that most is told later."""
LAST_ATTEMPT = 10.0
"""Seconds from the reading of a row to the end of the call that tells of it."""


def day(seed: int, rate: float, jobs: int, down: float = 0.0) -> list[str]:
    """Play a day on which the shop's server is down for so many seconds from the beginning; what is wrong after it."""
    with pytest.MonkeyPatch.context() as patch:
        plan: Plan = Seeded(seed, rate) if rate else Quiet()
        settings = Settings(direct=seed % 2 == 0, horizon=DAYS, has_webhook=True)
        simulation = Simulation(patch, seed=seed, plan=plan, settings=settings)
        simulation.shop_server.down_until = down
        arrive(simulation, jobs, seed)
        simulation.run()
        found = [*_told(simulation)]
        if not rate and not down and len(simulation.shop_server.told) != len(simulation.jobs.rows):
            found.append(f"webhook: {len(simulation.shop_server.told)} messages of {len(simulation.jobs.rows)} ends")
        return found


def erasure(seed: int) -> list[str]:
    """Play a run of somebody who has everything erased; what was told of them afterwards, and what was not before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShopServer, "down_until", DOWN)
        run = erase(seed, has_webhook=True)
    erased: dict[str, float] = {}
    for at, _, job in run.simulation.writes:
        if job.erased_at is not None:
            erased.setdefault(job.id, at)
    late = [
        f"webhook: the shop was told of job {one.job_id} at {one.at:.3f} s, erased at {erased[one.job_id]:.3f} s"
        for one in run.simulation.shop_server.told
        if one.at > erased.get(one.job_id, one.at) + LAST_ATTEMPT
    ]
    return [*late, *_told(run.simulation)]


def _told(simulation: Simulation) -> Iterator[str]:
    """Nothing is lost: what was not taken lies where an operator finds it."""
    by_id: dict[str, set[bytes]] = defaultdict(set)
    for one in simulation.shop_server.told:
        by_id[one.message_id].add(one.body)
    given_up = {one.job_id for one in simulation.changed.dead_letters}
    given_up |= {json.loads(one.body)["job_id"] for one in simulation.webhook_queue.dead_letters}
    for job in simulation.jobs.rows.values():
        if not job.status.is_terminal or job.erased_at is not None:
            continue
        bodies = by_id.pop(End(job.id, job.version).message_id, set())
        if not bodies and job.id not in given_up:
            yield f"webhook: the shop was never told that job {job.id} is {job.status}"
        if len(bodies) > 1:
            yield f"webhook: job {job.id} was told of in {len(bodies)} ways under one id"
        if any(json.loads(body)["data"]["status"] != job.status for body in bodies):
            yield f"webhook: job {job.id} is {job.status}, and the shop was told another thing"
    known = {*simulation.jobs.rows} - {job.id for job in simulation.jobs.rows.values() if job.erased_at}
    for message_id in by_id:
        if message_id.rpartition("-")[0] in known:
            yield f"webhook: message {message_id} tells of no end"
