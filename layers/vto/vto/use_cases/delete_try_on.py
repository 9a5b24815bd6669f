"""A shopper deletes one of their try-ons: it is theirs no longer at once, and the eraser removes what lies anywhere."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from vto.domain.job import Job
from vto.domain.log_text import shown_id
from vto.domain.removal import Removal
from vto.errors import JobClosedError, NotFoundError, TooLateError, Violation
from vto.ports import Clock, ErasureRequests, Jobs, Results
from vto.use_cases.cancel_try_on import TOO_LATE
from vto.use_cases.changing_jobs import change_job


@dataclass(frozen=True, slots=True)
class DeleteTryOn:
    """Takes the wish, and hides the try-on; one that only waits is ended by that."""

    jobs: Jobs
    results: Results
    requests: ErasureRequests
    clock: Clock
    ended: Callable[[Job], None]

    def __call__(self, job_id: str, user_id: str) -> None:
        """Delete a try-on.

        Args:
            job_id: Which one.
            user_id: Who asks.

        Raises:
            NotFoundError: It is none of theirs, or it was deleted before.
            TooLateError: Its pictures are being made: it can be deleted when it has ended, in seconds.
            StorageUnavailableError: It is not known to be deleted: ask again. Once the wish is stored, it goes.
        """
        job = self.jobs.get(job_id)
        if job is None or job.user_id != user_id or job.erased_at is not None:
            raise no_try_on(job_id)
        if not job.status.is_terminal and job.stage in TOO_LATE:
            remedy = "watch it, and delete it when it has ended, in seconds"
            problem = f"is {job.stage.value} already: it can be neither cancelled nor deleted meanwhile"
            raise TooLateError(f"job {job_id} is {job.stage.value}", [Violation("job_id", problem, remedy)])
        # The wish first: whoever takes it up does the rest, should we not live to mark the row. From here on the
        # try-on goes, also if it has just come to where it would have been refused.
        self.requests.remove(Removal(user_id, job_id=job_id))
        with suppress(JobClosedError):  # the eraser was faster
            marked = change_job(self.jobs, job_id, lambda job: job.erase(self.clock.now()))
            if marked.cache_key:
                self.results.release(marked.cache_key, job_id)  # an equal job need not wait for it any longer
            if not job.status.is_terminal:
                self.ended(marked)


def no_try_on(job_id: str) -> NotFoundError:
    """What is said of a try-on that is not there and of one that is somebody else's: the same."""
    found = [Violation("job_id", "is none of your try-ons", "choose one of GET /try-ons")]
    return NotFoundError(shown_id(job_id), found)
