"""What is repaired after the fact: results without a manifest, uploads without an event, dead letters, twice."""

import json
from functools import partial
from typing import Any

import pytest

from tests.simulation.checker import problems
from tests.simulation.exhaustive import PAID, WISH, tell
from tests.simulation.faults import Fault, Quiet, Scripted, Seeded
from tests.simulation.lambdas import Outcome
from tests.simulation.shopper import Habits, Shopper
from tests.simulation.simulation import Settings, Simulation
from tests.simulation.stream import Record, StreamMapping
from tests.simulation.workload import arrive
from vto.domain.catalogue import Kind, Readiness
from vto.domain.job import Status
from vto.domain.storage import MANIFEST, result_key


def without_manifests(simulation: Simulation) -> list[str]:
    """The jobs that are completed and whose manifest is not there."""
    completed = [job.id for job in simulation.jobs.rows.values() if job.status is Status.COMPLETED]
    keys = {url.split("/", 3)[3] for url in simulation.pictures.objects}
    return [f"job {one} has no manifest" for one in completed if result_key(one, MANIFEST) not in keys]


def killed_between_the_status_and_the_manifest() -> list[str]:
    """Store Result dies when it has completed the job, and its execution is aborted in the same moment."""
    writes = [n for n, (name, _) in enumerate(tell({}).points) if "store_result" in name and "pictures.write" in name]
    with pytest.MonkeyPatch.context() as patch:
        plan = Scripted({writes[-1]: Fault.CRASH_BEFORE})
        simulation = Simulation(patch, seed=1, plan=plan, settings=PAID)

        def abort() -> None:
            for one in simulation.executions.started.values():
                simulation.executions.kill(one, "ABORTED", "")

        plan.on_fault = abort
        simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
        simulation.run()
        (job,) = simulation.jobs.rows.values()
        found = [*problems(simulation), *without_manifests(simulation)]
        if job.status is not Status.COMPLETED or not simulation.faults:
            found.append("the exam itself is wrong: nobody died between the two")
        return found


def no_event_of_an_upload_ever_comes() -> list[str]:
    """S3 tells of none of thirty uploads; one pass finds them all, and the next finds nothing."""
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(patch, plan=Quiet())
        simulation.uploads_queue.is_on = False
        photos = [simulation.upload(f"user-{n}", f"photo {n}".encode()) for n in range(30)]
        simulation.run(20 * 60)
        simulation.uploads_queue.is_on = True
        answers: list[Outcome] = []
        for _ in range(2):
            simulation.lambdas.invoke("reconcile_uploads", {}, answers.append)
            simulation.run(120)
        rows = [simulation.catalogue.get(Kind.MODEL, one) for one in photos]
        ready = [row for row in rows if row is not None and row.readiness is Readiness.READY]
        found = problems(simulation)
        if len(ready) != len(photos):
            found.append(f"{len(photos) - len(ready)} uploads are not registered")
        if [one.answer["reconciled"] for one in answers] != [len(photos), 0]:
            found.append(f"reconciled {[one.answer for one in answers]}")
        return found


def every_dead_letter_is_redriven_twice() -> list[str]:
    """A day so bad that letters die of every kind; each is handed twice to the function that failed on it.

    Messages are tried for so long that none of them dies: so all there were are sent twice again.
    """
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(patch, seed=6, plan=Seeded(6, 0.35), settings=Settings(horizon=4 * 3600))
        arrive(simulation, 120, 6)
        simulation.run()
        simulation.plan = Quiet()
        before = _counts(simulation)
        dead = _redriven_twice(simulation)
        simulation.run(1200)
        found = [*problems(simulation), *without_manifests(simulation)]
        if min(dead.values()) == 0:
            found.append(f"the exam itself is wrong: letters died only of {dead}")
        if _counts(simulation) != before:
            found.append(f"jobs, executions and calls were {before}, and are {_counts(simulation)}")
        return found


def _counts(simulation: Simulation) -> tuple[int, int, int]:
    return len(simulation.jobs.rows), len(simulation.executions.started), len(simulation.ledger.calls)


def _redriven_twice(simulation: Simulation) -> dict[str, int]:
    """Hand on every letter twice, as the use case does; how many there were of each kind."""
    messages = [(one, list(one.sent)) for one in (simulation.results_queue, simulation.uploads_queue)]
    for _ in range(2):
        for queue, bodies in messages:
            for body in bodies:
                queue.send(json.loads(body), 0.0)
        for mapping, function in ((simulation.created, "start_try_on"), (simulation.changed, "publish_job")):
            for record in mapping.dead_letters:
                _invoke(simulation, function, {"Records": [_event(mapping, record)]})
        for event in simulation.rule.dead_letters:
            _invoke(simulation, "record_failure", event)
    return {
        **{f"messages of {n}": len(bodies) for n, (_, bodies) in enumerate(messages)},
        "records of new jobs": len(simulation.created.dead_letters),
        "records of changes": len(simulation.changed.dead_letters),
        "events": len(simulation.rule.dead_letters),
    }


def _event(mapping: StreamMapping, record: Record) -> dict[str, Any]:
    change = {"SequenceNumber": str(record.number), "Keys": {"id": {"S": record.job_id}}}
    return {"eventName": mapping.event_name, "dynamodb": change}


def _invoke(simulation: Simulation, function: str, event: dict[str, Any]) -> None:
    simulation.scheduler.after(0.0, partial(simulation.lambdas.invoke, function, event, lambda outcome: None))
