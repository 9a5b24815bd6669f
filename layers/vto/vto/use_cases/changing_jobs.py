"""The one way a job is changed: read, decide, write if nobody else did, else again."""

from collections.abc import Callable
from dataclasses import replace

from vto.domain.budgets import NOTHING, Limits, booking
from vto.domain.job import Job
from vto.errors import JobClosedError, StorageUnavailableError
from vto.ports import Jobs, VersionConflictError

ATTEMPTS = 5


def change_job(
    jobs: Jobs, job_id: str, change: Callable[[Job], Job], limits: Limits = NOTHING, *, known: Job | None = None
) -> Job:
    """Change a job under its version, and the budgets with it where its ledger changes: both or neither.

    Args:
        jobs: The table.
        job_id: Which job.
        change: Decides the new state from the current one; called again when another writer was faster.
        limits: What may be spent; nothing, where all that a change does is to give money back.
        known: The job as the caller has just read or written it, which saves reading it; where somebody has written
            since, it is read after all.

    Returns:
        The job as stored.

    Raises:
        JobClosedError: There is no such job (it was erased), or ``change`` says so.
        StorageUnavailableError: Other writers were faster every time.
        BudgetExhaustedError: A budget has not enough left for the call that the change is about to make.
        SignInRequiredError: The guests' budget has not.
        SpendingStoppedError: Calls that cost money are stopped.
    """
    for _ in range(ATTEMPTS):
        job = known or read_job(jobs, job_id)
        known = None
        changed = change(job)
        money = booking(job.user_id, job.ledger, changed.ledger, limits)
        try:
            if money is None:
                jobs.save(changed, expected_version=job.version)
            else:
                jobs.save(changed, expected_version=job.version, booking=money)
        except VersionConflictError:
            known = read_job(jobs, job_id)
            if money is not None and known == changed and known.revision == changed.revision + 1:
                # our own write, whose answer was lost: the SDK asked again and met itself; a call counts once
                return known
            continue
        return replace(changed, revision=changed.revision + 1)
    raise StorageUnavailableError(f"job {job_id} changed under us {ATTEMPTS} times")


def read_job(jobs: Jobs, job_id: str) -> Job:
    """A job that must be there.

    Raises:
        JobClosedError: It is not (it was erased).
    """
    job = jobs.get(job_id)
    if job is None or job.erased_at is not None:
        raise JobClosedError(f"there is no job {job_id}")
    return job
