"""A job has ended: the shop's own server is to hear of it, if the shop wants that."""

from dataclasses import dataclass

from vto.domain.webhooks import End
from vto.ports import EndedJobs, Jobs


@dataclass(frozen=True, slots=True)
class AnnounceEnd:
    """Puts a job's end into the queue from which the shop's server is told; nowhere without a queue."""

    jobs: Jobs
    ended_jobs: EndedJobs | None

    def __call__(self, job_id: str) -> bool:
        """Announce the end of a job, if it has one; twice is harmless.

        Returns:
            Whether there was one to announce.

        Raises:
            StorageUnavailableError: The queue, or the table, did not answer: the caller has to come again.
        """
        if self.ended_jobs is None:
            return False
        job = self.jobs.get(job_id)
        if job is None or job.erased_at is not None or not job.status.is_terminal:
            return False  # one that was put back meanwhile is told of when it ends again
        self.ended_jobs.send(End(job.id, job.version))
        return True
