"""A shopper changes their mind: a job that only waits is ended, before anything is spent on it."""

from collections.abc import Callable
from dataclasses import dataclass

from vto.domain.job import Job, Stage
from vto.errors import CancelledError, JobClosedError, NotFoundError, TooLateError, Violation
from vto.ports import Clock, Jobs, Results
from vto.use_cases.changing_jobs import change_job

TOO_LATE = (Stage.GENERATING, Stage.STORING)


@dataclass(frozen=True, slots=True)
class CancelTryOn:
    """Ends a job that is created, validating or queued; its execution finds it closed and ends quietly."""

    jobs: Jobs
    results: Results
    clock: Clock
    ended: Callable[[Job], None]

    def __call__(self, job_id: str, user_id: str) -> Job:
        """Cancel a try-on.

        Args:
            job_id: Which job.
            user_id: Who asks.

        Returns:
            The job as it is now; the same when it is asked again.

        Raises:
            NotFoundError: It is none of theirs.
            TooLateError: Its pictures are being made, or it has ended otherwise.
        """

        is_new = False

        def cancel(job: Job) -> Job:
            nonlocal is_new
            is_new = job.error_code != CancelledError.code
            if job.user_id != user_id:
                raise _not_found(job_id)
            if not is_new:
                return job
            if job.status.is_terminal or job.stage in TOO_LATE:
                remedy = "watch it: it ends by itself" if not job.status.is_terminal else "leave it"
                where = (job.stage or job.status).value
                raise TooLateError(f"job {job_id} is {where}", [Violation("job_id", f"is {where} already", remedy)])
            return job.fail(CancelledError("by its owner"), self.clock.now())

        try:
            job = change_job(self.jobs, job_id, cancel)
        except JobClosedError as gone:
            raise _not_found(job_id) from gone
        if job.cache_key:
            self.results.release(job.cache_key, job_id)  # an equal job need not wait for us any longer
        if is_new:  # a client may ask again and again: the job has ended once
            self.ended(job)
        return job


def _not_found(job_id: str) -> NotFoundError:
    return NotFoundError(job_id, [Violation("job_id", "is none of your try-ons", "choose one of GET /try-ons")])
