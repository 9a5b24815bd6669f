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


def overdue_jobs(world: World, number: int) -> None:
    for n in range(number):
        world.add_job(f"job-{n:04}")
    world.clock.advance(61)


def test_a_backlog_of_a_thousand_is_started_in_two_sweeps_a_minute_apart(world: World) -> None:
    overdue_jobs(world, 1000)
    start = world.workflow.start

    def slow(job_id: str, rerun: int = 0) -> bool:
        world.clock.advance(0.06)  # what StartExecution and the update take, in seconds
        world.workflow.running.add(world.workflow.execution_of(job_id))
        return start(job_id, rerun)

    world.workflow.start = slow  # type: ignore[method-assign]
    first = world.sweep_jobs()
    assert first.cut_short == 1
    assert 600 < first.started < 1000
    world.clock.advance(20)
    # as their executions claim them, whose leases lie ahead
    for job in list(world.jobs.rows.values()):
        if job.id in world.workflow.started:
            world.jobs.claim(job.id, world.workflow.execution_of(job.id), world.clock.now())
    second = world.sweep_jobs()
    assert second.started == 1000 - first.started
    assert sorted(world.workflow.started) == sorted(world.jobs.rows), "each once"


def test_jobs_that_cannot_be_repaired_do_not_keep_those_behind_them_waiting_however_many_they_are(world: World) -> None:
    overdue_jobs(world, 250)
    start = world.workflow.start

    def only_the_last(job_id: str, rerun: int = 0) -> bool:
        if job_id != "job-0249":
            raise StorageUnavailableError
        return start(job_id, rerun)

    world.workflow.start = only_the_last  # type: ignore[method-assign]
    assert world.sweep_jobs() == Sweep(started=1, failed=249)


def test_a_sweep_that_was_killed_halfway_leaves_the_rest_to_the_next(world: World) -> None:
    class KilledError(BaseException):
        pass

    overdue_jobs(world, 5)
    start = world.workflow.start

    def dies(job_id: str, rerun: int = 0) -> bool:
        if job_id == "job-0003":
            raise KilledError
        return start(job_id, rerun)

    world.workflow.start = dies  # type: ignore[method-assign]
    with pytest.raises(KilledError):
        world.sweep_jobs()
    assert world.operations.last_run("sweep_jobs") is None
    world.workflow.start = start  # type: ignore[method-assign]
    world.workflow.running |= {world.workflow.execution_of(job_id) for job_id in world.workflow.started}
    assert world.sweep_jobs() == Sweep(started=2, left_running=3)
    assert len(world.workflow.started) == len(set(world.workflow.started)) == 5


def test_a_sweep_says_when_it_came_to_its_end_and_what_it_did(world: World) -> None:
    overdue_jobs(world, 2)
    world.sweep_jobs()
    run = world.operations.last_run("sweep_jobs")
    assert run is not None
    assert (run["at"], run["did"]["started"]) == (times.to_iso(world.clock.now()), 2)


def test_a_sweep_that_cannot_be_noted_has_been_done_all_the_same(world: World) -> None:
    def down(*_: object) -> None:
        raise StorageUnavailableError

    overdue_jobs(world, 1)
    world.operations.note_run = down  # type: ignore[method-assign]
    assert world.sweep_jobs() == Sweep(started=1)
