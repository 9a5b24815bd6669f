"""A created job gets its execution: directly from the request, from the table's stream, or from the sweep."""

from dataclasses import dataclass

from vto.domain.job import Status
from vto.ports import Jobs, Workflow


@dataclass(frozen=True, slots=True)
class StartTryOn:
    """Starts the state machine under the job's id, so that however often it is asked there is one execution."""

    workflow: Workflow

    def __call__(self, job_id: str) -> bool:
        """Start the job's execution.

        Returns:
            False when it had been started before, which is as good.

        Raises:
            StorageUnavailableError: Step Functions did not take the request: it has to come again.
        """
        return self.workflow.start(job_id)


@dataclass(frozen=True, slots=True)
class StartCreated:
    """Starts what the table's stream says was created, unless it has gone on since, or is being given a result.

    The stream is about as quick as the copies: an execution that it started would end as one too many, or make the job
    wait for its way through the machine.
    """

    jobs: Jobs
    start_try_on: StartTryOn

    def __call__(self, job_id: str) -> bool:
        """Start the job's execution, if it still waits for one.

        Returns:
            False when it does not, or had been started before.

        Raises:
            StorageUnavailableError: DynamoDB or Step Functions did not answer: it has to come again.
        """
        job = self.jobs.get(job_id)
        waits = job is not None and job.status is Status.CREATED and not job.is_promised
        return waits and self.start_try_on(job_id)
