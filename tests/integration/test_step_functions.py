"""Executions of the state machine: one for each job, however often it is started."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from tests.integration.conftest import REGION
from vto.adapters.step_functions import StepFunctions
from vto.domain.job import execution_input
from vto.errors import StorageUnavailableError

MACHINE = f"arn:aws:states:{REGION}:123456789012:stateMachine:vto-try-on"
EXECUTION = f"arn:aws:states:{REGION}:123456789012:execution:vto-try-on:job-1"


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("stepfunctions")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def workflow(stub: Stubber) -> StepFunctions:
    return StepFunctions(stub.client, MACHINE)


def started(stub: Stubber) -> None:
    wanted = {"stateMachineArn": MACHINE, "name": "job-1", "input": json.dumps(execution_input("job-1"))}
    stub.add_response("start_execution", {"executionArn": EXECUTION, "startDate": 0}, wanted)


def test_an_execution_is_named_after_its_job_and_gets_the_blank_form(stub: Stubber, workflow: StepFunctions) -> None:
    started(stub)
    assert workflow.start("job-1") is True


def test_a_second_start_finds_the_first(stub: Stubber, workflow: StepFunctions) -> None:
    stub.add_client_error("start_execution", "ExecutionAlreadyExists")
    assert workflow.start("job-1") is False


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "StateMachineDoesNotExist"])
def test_a_start_that_was_not_taken_has_to_come_again(stub: Stubber, workflow: StepFunctions, code: str) -> None:
    stub.add_client_error("start_execution", code)
    with pytest.raises(StorageUnavailableError, match=code):
        workflow.start("job-1")


def test_the_name_of_a_jobs_execution_is_known_without_asking(workflow: StepFunctions) -> None:
    assert workflow.execution_of("job-1") == EXECUTION


@pytest.mark.parametrize(
    ("status", "running"),
    [("RUNNING", True), ("SUCCEEDED", False), ("FAILED", False), ("TIMED_OUT", False), ("ABORTED", False)],
)
def test_an_execution_works_on_its_job_only_while_it_runs(
    stub: Stubber, workflow: StepFunctions, status: str, running: bool
) -> None:
    answer = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": 0}
    stub.add_response("describe_execution", answer, {"executionArn": EXECUTION})
    assert workflow.is_running(EXECUTION) is running


def test_an_execution_that_nobody_knows_does_not_run(stub: Stubber, workflow: StepFunctions) -> None:
    stub.add_client_error("describe_execution", "ExecutionDoesNotExist")
    assert workflow.is_running(EXECUTION) is False


def test_when_we_cannot_ask_we_do_not_say_that_it_is_gone(stub: Stubber, workflow: StepFunctions) -> None:
    stub.add_client_error("describe_execution", "ThrottlingException")
    with pytest.raises(StorageUnavailableError):
        workflow.is_running(EXECUTION)


def test_a_service_out_of_reach_has_to_be_asked_again() -> None:
    class Unreachable:
        def start_execution(self, **options: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://states")

    client: Any = Unreachable()
    with pytest.raises(StorageUnavailableError, match="EndpointConnectionError"):
        StepFunctions(client, MACHINE).start("job-1")


def test_the_service_itself_accepts_what_we_send(aws: None) -> None:
    client = boto3.client("stepfunctions")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    role = "arn:aws:iam::123456789012:role/machine"
    machine = client.create_state_machine(name="vto-try-on", definition=json.dumps(definition), roleArn=role)
    workflow = StepFunctions(client, machine["stateMachineArn"])
    assert workflow.start("job-1") is True
    described = client.describe_execution(executionArn=workflow.execution_of("job-1"))
    assert json.loads(described["input"]) == execution_input("job-1")
    assert workflow.is_running(workflow.execution_of("job-1"))
