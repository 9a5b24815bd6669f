"""A failed job is run again by an operator: put back under its condition, and given an execution of its own."""

from dataclasses import dataclass
from typing import Any

from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.job import Job, Status
from vto.domain.storage import S3Url
from vto.errors import (
    CancelledError,
    InvalidRequestError,
    JobClosedError,
    NotFoundError,
    RefusalError,
    StorageUnavailableError,
    Violation,
)
from vto.ports import Catalogue, Clock, Jobs, Pictures, Workflow
from vto.use_cases.changing_jobs import change_job, read_job
from vto.use_cases.checking_pictures import UPLOAD_MASK, Finding, missing, of_row, refusal, stored

INSTEAD = "nothing to do: its shopper can ask for another try-on"
REMEDY = {
    Status.COMPLETED: INSTEAD,
    Status.CREATED: "wait: it is about to start",
    Status.PROCESSING: "wait for its end",
}


@dataclass(frozen=True, slots=True)
class RerunJob:
    """Puts a job in ``error`` back to ``created`` and starts it as ``{job_id}-{version}``."""

    jobs: Jobs
    catalogue: Catalogue
    pictures: Pictures
    workflow: Workflow
    clock: Clock

    def __call__(self, job_id: str) -> dict[str, Any]:
        """Run a job again. Of two operators who ask at once, one does.

        Returns:
            ``job_id``, ``version`` (as it was put back), ``execution``, and ``is_started``: False when its execution
            could not be started now; then the sweep starts it.

        Raises:
            NotFoundError: There is no such job (any more).
            InvalidRequestError: It has not failed, or its owner cancelled it.
            PictureMissingError: A picture that it needs is gone. What else is wrong with them is another refusal.
            StorageUnavailableError: DynamoDB or S3 did not answer: nothing was changed.
        """
        try:
            job = read_job(self.jobs, job_id)
            self._ensure_failed(job)
            self._ensure_pictures(job)
            again = change_job(self.jobs, job_id, self._put_back)
        except JobClosedError as gone:
            found = [Violation("job_id", "is no job: it was never there, has expired, or was erased", "check the id")]
            raise NotFoundError(f"job {job_id}", found) from gone
        started = self._start(again)
        execution = self.workflow.execution_of(job_id, rerun=again.version)
        return {"job_id": job_id, "version": again.version, "execution": execution, "is_started": started}

    def _put_back(self, job: Job) -> Job:
        self._ensure_failed(job)
        return job.put_back(self.clock.now())

    def _start(self, job: Job) -> bool:
        try:
            self.workflow.start(job.id, rerun=job.version)
        except StorageUnavailableError:  # the row says what is to be done, and the sweep does it
            return False
        return True

    def _ensure_failed(self, job: Job) -> None:
        if job.status is not Status.ERROR:
            problem = f"is {job.status.value}: only a job in error can be run again"
            raise InvalidRequestError(f"job {job.id}", [Violation("job_id", problem, REMEDY[job.status])])
        if job.error_code == CancelledError.code:
            problem = "was cancelled by its owner: nobody waits for it, and it would be paid for"
            raise InvalidRequestError(f"job {job.id}", [Violation("job_id", problem, INSTEAD)])

    def _ensure_pictures(self, job: Job) -> None:
        found = [*self._picture(Kind.PRODUCT, job.product_id, job), *self._picture(Kind.MODEL, job.model_id, job)]
        if drawn := job.parameters.get("imageBasedMask"):
            address = S3Url.parse(drawn["maskImage"])
            found += stored("parameters.imageBasedMask.maskImage", address, self.pictures, UPLOAD_MASK)[1]
        if found:
            raise refusal(job.id, found)

    def _picture(self, kind: Kind, item_id: str, job: Job) -> list[Finding]:
        path = f"{kind}_id"
        item = self.catalogue.get(kind, item_id)
        if item is None or not item.is_visible_to(job.user_id) or item.is_past(times.epoch(self.clock.now())):
            return [missing(path, "is no longer in the catalogue", INSTEAD)]
        if found := of_row(path, item):
            return found
        return stored(path, S3Url.parse(item.prepared_s3_url or ""), self.pictures, INSTEAD)[1]


def rerun_all(rerun_job: RerunJob, job_ids: list[str]) -> list[dict[str, Any]]:
    """Run several jobs again; what is wrong with one says nothing of the others.

    Returns:
        What :class:`RerunJob` answered, or ``job_id`` and ``error``, for each.
    """
    answers: list[dict[str, Any]] = []
    for job_id in job_ids:
        try:
            answers.append(rerun_job(job_id))
        except RefusalError as error:
            answers.append({"job_id": job_id, "error": error.public()})
    return answers
