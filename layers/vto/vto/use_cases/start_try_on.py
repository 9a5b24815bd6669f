"""A created job gets its execution: directly from the request, from the table's stream, or from the sweep."""

from dataclasses import dataclass

from vto.ports import Workflow


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
