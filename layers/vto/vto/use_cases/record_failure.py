"""State "Record Failure": whatever was caught becomes the job's one ending, in words its owner can use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vto.domain.job import Job, Stage, Status
from vto.errors import (
    ExecutionLostError,
    InternalError,
    JobClosedError,
    ModelTimeoutError,
    RefusalError,
    Violation,
    VtoError,
    all_errors,
)
from vto.ports import Clock, Jobs, Results
from vto.use_cases.changing_jobs import change_job

# What the services around a function report when it did not end by itself. Only this one is surely unbilled.
NOT_STARTED = "Lambda.TooManyRequestsException"


@dataclass(frozen=True, slots=True)
class RecordFailure:
    """Ends a job with an error, once."""

    jobs: Jobs
    results: Results
    clock: Clock

    def __call__(self, job_id: str, execution_arn: str, failure: Mapping[str, Any]) -> dict[str, Any]:
        """Record what a state was caught with.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            failure: ``{"Error", "Cause"}`` as Step Functions gives it.

        Returns:
            ``outcome`` (``"refused"``, ``"failed"``, or ``"closed"`` when the job had ended before or belongs to
            another execution) and ``error_code``.
        """
        error: VtoError = InternalError()

        def fail(job: Job) -> Job:
            nonlocal error
            # a job that was never claimed is ours to end too: Claim Job itself may be what failed
            if job.status is not Status.CREATED:
                job.ensure_worked_on_by(execution_arn)
            error = error_of(failure, job.stage)
            return job.fail(error, self.clock.now())

        return self._end(job_id, fail, lambda: error)

    def lost(self, job_id: str, execution_arn: str, reason: str) -> dict[str, Any]:
        """Record that an execution ended or vanished without recording anything itself.

        Args:
            job_id: Which job.
            execution_arn: The execution that is gone.
            reason: What is known of it, for people who operate the system.
        """
        error = ExecutionLostError(reason)

        def fail(job: Job) -> Job:
            if job.execution_arn not in (None, execution_arn):
                raise JobClosedError(f"job {job.id} belongs to {job.execution_arn}")
            return job.fail(error, self.clock.now())

        return self._end(job_id, fail, lambda: error)

    def _end(self, job_id: str, fail: Any, error: Any) -> dict[str, Any]:
        try:
            job = change_job(self.jobs, job_id, fail)
        except JobClosedError:
            return {"outcome": "closed", "error_code": None}
        if job.cache_key:
            self.results.release(job.cache_key, job_id)  # an equal job need not wait for us any longer
        outcome = "refused" if isinstance(error(), RefusalError) else "failed"
        return {"outcome": outcome, "error_code": job.error_code}


def error_of(failure: Mapping[str, Any], stage: Stage | None) -> VtoError:
    """The error of ours behind what Step Functions caught.

    Args:
        failure: ``{"Error", "Cause"}``; the cause of a function's error is JSON with ``errorMessage``.
        stage: Where the job was.
    """
    name, cause = str(failure.get("Error", "")), str(failure.get("Cause", ""))
    message = _message(cause)
    known = all_errors().get(name)
    if known is not None:
        return known(*_parts(message))
    if stage is Stage.GENERATING and name != NOT_STARTED:
        return ModelTimeoutError(f"{name}: {message}")  # the call may be running still, and may be billed
    return InternalError(f"{name}: {message}")


def _message(cause: str) -> str:
    try:
        document = json.loads(cause)
    except ValueError:
        return cause[:500]
    return str(document.get("errorMessage", ""))[:4000] if isinstance(document, Mapping) else cause[:500]


def _parts(message: str) -> tuple[str, list[Violation]]:
    """Detail and violations as ``VtoError`` wrote them into its message."""
    try:
        document = json.loads(message)
        return document["detail"], [Violation(one["path"], one["problem"]) for one in document["details"]]
    except (ValueError, TypeError, KeyError):
        return message, []
