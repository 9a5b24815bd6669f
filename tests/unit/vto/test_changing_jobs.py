"""Every change of a job is made under its version."""

from dataclasses import replace

import pytest

from tests.unit.vto.world import World
from vto.domain.job import Job
from vto.errors import JobClosedError, StorageUnavailableError
from vto.testing import NOON
from vto.use_cases.changing_jobs import ATTEMPTS, change_job


def rivals(world: World, count: int) -> None:
    """Let somebody else change the job just before each of the next ``count`` saves."""
    left = [count]

    def interfere(job: Job) -> None:
        if left[0]:
            left[0] -= 1
            current = world.jobs.rows[job.id]
            world.jobs.rows[job.id] = replace(
                current, version=current.version + 1, attempts=current.attempts + 1, timeline=current.timeline * 2
            )

    world.jobs.before_save = interfere


def test_when_another_writer_is_faster_the_change_is_decided_anew_on_what_they_wrote(world: World) -> None:
    world.add_job()
    rivals(world, ATTEMPTS - 1)
    changed = change_job(world.jobs, "job-1", lambda job: replace(job, eta_seconds=job.attempts))
    assert (changed.attempts, changed.eta_seconds) == (ATTEMPTS - 1, ATTEMPTS - 1)


def test_a_job_that_is_known_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    known = world.add_job()
    monkeypatch.setattr(world.jobs, "get", lambda _: pytest.fail("it was read"))
    first = change_job(world.jobs, "job-1", lambda job: replace(job, eta_seconds=5), known=known)
    change_job(world.jobs, "job-1", lambda job: replace(job, attempts=2), known=first)
    assert (world.jobs.rows["job-1"].eta_seconds, world.jobs.rows["job-1"].attempts) == (5, 2)


def test_what_was_known_is_read_anew_once_somebody_has_written_since(world: World) -> None:
    known = world.add_job()
    rivals(world, 1)
    changed = change_job(world.jobs, "job-1", lambda job: replace(job, eta_seconds=job.attempts), known=known)
    assert (changed.attempts, changed.eta_seconds) == (1, 1)


def test_a_job_that_changes_all_the_time_is_given_up_for_a_while(world: World) -> None:
    world.add_job()
    rivals(world, ATTEMPTS)
    with pytest.raises(StorageUnavailableError):
        change_job(world.jobs, "job-1", lambda job: replace(job, eta_seconds=5))


def test_a_job_that_ends_meanwhile_is_not_changed(world: World) -> None:
    world.claimed_job()

    def end(job: Job) -> None:
        world.jobs.before_save = None
        world.jobs.rows[job.id] = world.jobs.rows[job.id].fail(StorageUnavailableError(), NOON)

    world.jobs.before_save = end

    def change(job: Job) -> Job:
        job.ensure_worked_on_by(job.execution_arn or "")
        return replace(job, eta_seconds=5)

    with pytest.raises(JobClosedError):
        change_job(world.jobs, "job-1", change)
    assert world.jobs.rows["job-1"].eta_seconds is None


def test_an_erased_job_is_a_closed_one(world: World) -> None:
    with pytest.raises(JobClosedError):
        change_job(world.jobs, "nobody", lambda job: job)
