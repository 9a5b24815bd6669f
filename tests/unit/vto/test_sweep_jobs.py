"""The safety net: no unfinished job is forgotten."""

import pytest

from tests.unit.vto.world import EXECUTION, World
from vto.domain import times
from vto.domain.job import Status
from vto.errors import StorageUnavailableError
from vto.use_cases.sweep_jobs import Sweep


def test_a_job_within_its_lease_is_left_alone(world: World) -> None:
    world.add_job()
    world.clock.advance(59)
    assert world.sweep_jobs() == Sweep()
    assert world.workflow.started == []


def test_a_job_that_nobody_started_is_started_not_failed(world: World) -> None:
    world.add_job()
    world.clock.advance(61)
    assert world.sweep_jobs() == Sweep(started=1)
    assert world.workflow.started == ["job-1"]
    assert world.status_of() is Status.CREATED


def test_a_job_that_was_started_but_not_yet_claimed_gets_more_time(world: World) -> None:
    world.add_job()
    world.workflow.start("job-1")
    world.workflow.running.add(world.workflow.execution_of("job-1"))
    world.clock.advance(61)
    assert world.sweep_jobs() == Sweep(left_running=1)
    assert world.sweep_jobs() == Sweep()


def test_a_job_whose_name_is_burnt_by_an_ended_execution_is_started_once_more_and_then_ended(world: World) -> None:
    world.add_job()
    world.workflow.start("job-1")
    world.clock.advance(61)
    assert world.sweep_jobs() == Sweep(started=1)
    assert world.workflow.started == ["job-1", "job-1-1"]
    world.workflow.running.add("arn:execution:job-1-1")
    assert world.sweep_jobs() == Sweep(left_running=1)
    world.workflow.running.clear()
    world.clock.advance(61)
    assert world.sweep_jobs() == Sweep(ended=1)
    assert world.jobs.rows["job-1"].error_code == "execution_lost"


def test_a_running_execution_keeps_its_job_without_a_new_version(world: World) -> None:
    before = world.claimed_job()
    world.workflow.running.add(EXECUTION)
    world.clock.advance(1000)
    assert world.sweep_jobs() == Sweep(left_running=1)
    job = world.jobs.rows["job-1"]
    assert (job.version, job.status) == (before.version, Status.PROCESSING)
    assert times.from_iso(job.lease_until or "") > world.clock.now()


def test_a_claimed_job_whose_execution_is_gone_comes_to_an_honest_end(world: World) -> None:
    world.claimed_job()
    world.clock.advance(1000)
    assert world.sweep_jobs() == Sweep(ended=1)
    assert world.status_of() is Status.ERROR
    assert world.sweep_jobs() == Sweep()


def test_finished_jobs_are_not_looked_at(world: World) -> None:
    world.completed_job("job-1")
    world.claimed_job("job-2")
    world.record_failure.lost("job-2", EXECUTION, "gone")
    world.clock.advance(10_000)
    assert world.sweep_jobs() == Sweep()


def test_one_job_that_cannot_be_repaired_does_not_keep_the_others_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("job-1", "job-2", "job-3"):
        world.add_job(name)
    start = world.workflow.start

    def sometimes(job_id: str) -> bool:
        if job_id == "job-2":
            raise StorageUnavailableError
        return start(job_id)

    monkeypatch.setattr(world.workflow, "start", sometimes)
    world.clock.advance(61)
    assert world.sweep_jobs() == Sweep(started=2, failed=1)


def test_sweeping_twice_at_once_does_no_harm(world: World) -> None:
    world.add_job()
    world.clock.advance(61)
    world.sweep_jobs()
    world.workflow.running.add(world.workflow.execution_of("job-1"))
    world.sweep_jobs()
    assert world.workflow.started == ["job-1"]
    assert world.status_of() is Status.CREATED


def test_a_job_that_completes_while_it_is_swept_stays_completed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.generated_job()
    world.clock.advance(10_000)

    def finishes_meanwhile(execution_arn: str) -> bool:
        world.store_result("job-1", EXECUTION, *parts)
        return False

    monkeypatch.setattr(world.workflow, "is_running", finishes_meanwhile)
    world.sweep_jobs()
    assert world.status_of() is Status.COMPLETED


def test_a_job_that_completes_while_its_lease_is_extended_stays_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = world.generated_job()
    world.clock.advance(10_000)

    def finishes_meanwhile(execution_arn: str) -> bool:
        world.store_result("job-1", EXECUTION, *parts)
        return True

    monkeypatch.setattr(world.workflow, "is_running", finishes_meanwhile)
    world.sweep_jobs()
    job = world.jobs.rows["job-1"]
    assert (job.status, job.open, job.lease_until) == (Status.COMPLETED, None, None)


def test_a_job_that_cannot_be_swept_does_not_keep_the_sweep_from_the_others(world: World) -> None:
    world.add_job("job-1")
    world.add_job("job-2")
    world.clock.advance(61)
    start = world.workflow.start
    world.workflow.start = lambda job_id, rerun=0: 1 / 0 if job_id == "job-1" else start(job_id, rerun)  # type: ignore
    assert world.sweep_jobs() == Sweep(started=1, failed=1)
