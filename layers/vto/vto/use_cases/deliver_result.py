"""The published path of a result: its manifest appeared in S3, so its owner is to be told."""

from dataclasses import dataclass

from vto.domain.job import Status
from vto.errors import NotifierUnavailableError
from vto.ports import Jobs
from vto.use_cases.publish_job import PublishJob


@dataclass(frozen=True, slots=True)
class DeliverResult:
    """Publishes the job of a manifest."""

    jobs: Jobs
    publish_job: PublishJob

    def __call__(self, job_id: str) -> int:
        """Tell the job's owner.

        Returns:
            How many sockets were told something new.

        Raises:
            NotifierUnavailableError: Not now: the job is not completed yet, or a socket could not be told.
        """
        job = self.jobs.get(job_id)
        if job is None or job.erased_at is not None:
            return 0
        if job.status is not Status.COMPLETED:
            # status comes before the manifest, so this is an old manifest of a job that is run again, or a late read
            raise NotifierUnavailableError(f"job {job_id} is {job.status.value}, not completed yet")
        return self.publish_job.tell(job)
