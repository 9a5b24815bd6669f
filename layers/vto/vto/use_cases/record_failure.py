"""State "Record Failure": whatever was caught becomes the job's one ending, in words its owner can use."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from vto.domain.job import Job, Stage, Status
from vto.domain.log_text import error_name, without_values
from vto.errors import (
    ExecutionLostError,
    InternalError,
    JobClosedError,
    ModelTimeoutError,
    RefusalError,
    VtoError,
    all_errors,
)
from vto.ports import Clock, Jobs, Results
from vto.use_cases.changing_jobs import change_job, read_job
from vto.use_cases.finish_result import FinishResult

# What the services around a function report when it did not end by itself: it may be running still.
# Not among them: Lambda.TooManyRequestsException, the only one after which surely nothing has run.
CUT_OFF = frozenset(
    {
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.Unknown",
        "Sandbox.Timedout",
        "Runtime.ExitError",
        "States.Timeout",
    }
)


@dataclass(frozen=True, slots=True)
class RecordFailure:
    """Ends a job with an error, once."""

    jobs: Jobs
    results: Results
    clock: Clock
    report: Callable[[str, VtoError], None]
    ended: Callable[[Job], None]
    finish_result: FinishResult

    def __call__(
        self,
        job_id: str,
        execution_arn: str,
        failure: Mapping[str, Any],
        generation: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Record what a state was caught with.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            failure: ``{"Error", "Cause"}`` as Step Functions gives it.
            generation: What Invoke Model answered, if it did: then it was not the model that failed.

        Returns:
            ``outcome`` (``"refused"``, ``"failed"``, or ``"closed"`` when the job had ended otherwise or belongs to
            another execution) and ``error_code``. The same answer when it is asked again. A result that this
            execution left without its manifest has one then.

        Raises:
            StorageUnavailableError: S3 or DynamoDB did not answer: it has to be asked again.
        """

        def fail(job: Job) -> Job:
            if job.status is Status.ERROR and job.execution_arn in (None, execution_arn):
                return job  # an earlier attempt of this very step wrote the end, and its answer was lost
            # a job that was never claimed is ours to end too: what failed may be the step that claims it
            if job.status is not Status.CREATED or job.waits_for_another_than(execution_arn):
                job.ensure_worked_on_by(execution_arn)
            error = error_of(failure, None if generation else job.stage)
            if isinstance(error, JobClosedError):
                raise error  # whoever raised it must change nothing
            if type(error).__name__ != failure.get("Error"):
                self.report(f"job {job.id} ends", error)  # nobody else knows: our own errors were told where they rose
            return job.fail(error, self.clock.now())

        return self._end(job_id, execution_arn, fail)

    def lost(self, job_id: str, execution_arn: str, reason: str) -> dict[str, Any]:
        """Record that an execution ended or vanished without recording anything itself.

        Args:
            job_id: Which job.
            execution_arn: The execution that is gone.
            reason: What is known of it, for people who operate the system.
        """

        def fail(job: Job) -> Job:
            if job.execution_arn not in (None, execution_arn) or job.waits_for_another_than(execution_arn):
                raise JobClosedError(f"job {job.id} belongs to {job.execution_arn}")
            if job.error_code == ExecutionLostError.code:
                return job  # told twice, or our own write whose answer was lost: what comes after it may be missing
            error = ExecutionLostError(reason)
            ended = job.fail(error, self.clock.now())
            self.report(f"job {job.id} ends", error)
            return ended

        return self._end(job_id, execution_arn, fail)

    def _end(self, job_id: str, execution_arn: str, fail: Callable[[Job], Job]) -> dict[str, Any]:
        try:
            job = change_job(self.jobs, job_id, fail)
        except JobClosedError:
            self._finish(job_id, execution_arn)
            return {"outcome": "closed", "error_code": None}
        self.ended(job)
        if job.cache_key:
            self.results.release(job.cache_key, job_id)  # an equal job need not wait for us any longer
        refusals = {cls.code for cls in all_errors().values() if issubclass(cls, RefusalError)}
        return {"outcome": "refused" if job.error_code in refusals else "failed", "error_code": job.error_code}

    def _finish(self, job_id: str, execution_arn: str) -> None:
        """Finish what this execution completed; for a job that is being erased nothing is written any more."""
        with suppress(JobClosedError):
            done = read_job(self.jobs, job_id)
            if done.status is Status.COMPLETED and done.execution_arn == execution_arn:
                self.finish_result(done)


def error_of(failure: Mapping[str, Any], stage: Stage | None) -> VtoError:
    """The error of ours behind what Step Functions caught.

    Args:
        failure: ``{"Error", "Cause"}``; the cause of a function's error is JSON with ``errorMessage``.
        stage: Where the job was; None when that does not explain the failure.
    """
    name, cause = str(failure.get("Error", "")), str(failure.get("Cause", ""))
    message = _message(cause)
    known = all_errors().get(name)
    if known is not None:
        return known.from_message(message)
    if stage is Stage.GENERATING and name in CUT_OFF:
        return ModelTimeoutError(f"{name}: {without_values(message)}")  # the call may be billed
    return InternalError(f"{error_name(name)}: {without_values(message)}")


def _message(cause: str) -> str:
    try:
        document = json.loads(cause)
    except ValueError:
        return cause[:500]
    return str(document.get("errorMessage", ""))[:4000] if isinstance(document, Mapping) else cause[:500]
