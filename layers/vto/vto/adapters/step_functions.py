"""Executions of the state machine."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.domain.job import execution_input

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctions:
    """The ``Workflow`` port on Step Functions."""

    def __init__(self, client: "SFNClient", state_machine_arn: str) -> None:
        self._client = client
        self._machine = state_machine_arn

    def start(self, job_id: str, rerun: int = 0) -> bool:
        """Start the job's execution (or, under a name of its own, its nth rerun); False when it was started before.

        The execution is named after the job: Step Functions keeps a name for 90 days, so a second start of the same
        job finds the first one (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
        """
        with as_storage_error(f"start job {job_id}"):
            try:
                self._client.start_execution(
                    stateMachineArn=self._machine, name=_name(job_id, rerun), input=json.dumps(execution_input(job_id))
                )
            except ClientError as error:
                if code_of(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True

    def execution_of(self, job_id: str, rerun: int = 0) -> str:
        """The ARN of the execution that :meth:`start` gives a job."""
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{_name(job_id, rerun)}"

    def is_running(self, execution_arn: str) -> bool:
        """Whether an execution still works on its job."""
        with as_storage_error(f"describe {execution_arn}"):
            try:
                return self._client.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return False
                raise


def _name(job_id: str, rerun: int) -> str:
    return f"{job_id}-{rerun}" if rerun else job_id
