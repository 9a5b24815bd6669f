"""Executions run, end and are announced as on AWS."""

import json
import re
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.enable_socket

ZULU = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def history(probe, execution):
    return probe.client("stepfunctions").get_execution_history(executionArn=execution)["events"]


def test_an_execution_walks_through_wait_of_zero_seconds_and_a_timeout_path(probe):
    ended = probe.run("plain")
    assert ended["status"] == "SUCCEEDED"
    assert ended["output"] == '"done"'  # a string is JSON, as on AWS


def test_times_of_the_context_object_end_in_z(probe):
    execution = probe.start("times")
    probe.ended(execution)
    passed = next(e for e in history(probe, execution) if e["type"] == "PassStateExited")
    times = json.loads(passed["stateExitedEventDetails"]["output"])["times"]
    assert re.fullmatch(ZULU, times["entered"])
    assert re.fullmatch(ZULU, times["started"])
    assert re.fullmatch(ZULU, probe.note("times")["claimed_at"])


def test_a_condition_that_does_not_hold_is_caught_by_its_name(probe):
    probe.client("dynamodb").put_item(
        TableName=probe.endpoints.tables["items"], Item={"id": {"S": "taken"}, "claimed_by": {"S": "another"}}
    )
    ended = probe.run("taken")
    assert ended["status"] == "SUCCEEDED"
    failure = json.loads(ended["output"])["failure"]
    assert failure["Error"] == "DynamoDB.ConditionalCheckFailedException"


def test_retry_by_class_with_jitter_counts_attempts(probe):
    execution = probe.start("retried", case="throttle twice")
    assert probe.ended(execution)["status"] == "SUCCEEDED"
    calls = [e for e in history(probe, execution) if e["type"] == "TaskScheduled"]
    assert len(calls) == 1 + 3  # the claim, and three times the function


def test_catch_by_class_keeps_error_and_cause(probe):
    ended = probe.run("refused", case="refuse")
    assert ended["status"] == "SUCCEEDED"
    failure = json.loads(ended["output"])["failure"]
    assert failure["Error"] == "InvalidRequestError"
    assert json.loads(failure["Cause"])["errorMessage"] == "product_id: unknown"


def test_error_path_names_why_an_execution_failed(probe):
    ended = probe.run("failed", case="throttle")
    assert (ended["status"], ended["error"]) == ("FAILED", "ModelThrottledError")
    assert json.loads(ended["cause"])["errorType"] == "ModelThrottledError"


def test_a_function_that_times_out_fails_the_task_as_on_aws(probe):
    ended = probe.run("slow-function", case="slow")
    assert ended["error"] == "Sandbox.Timedout"


def test_a_task_that_outlives_its_timeout_path_fails(probe):
    ended = probe.run("slow-task", case="slow", timeout=1)
    assert ended["error"] == "States.Timeout"


def test_the_same_start_twice_is_one_execution_and_another_input_is_refused(probe):
    first = probe.start("same", seconds=1)
    assert probe.start("same", seconds=1) == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        probe.start("same", seconds=2)


def test_a_history_comes_in_pages_in_either_order_and_without_data_when_asked(probe):
    execution = probe.run("paged")["executionArn"]
    client = probe.client("stepfunctions")
    whole = history(probe, execution)
    pages = list(
        client.get_paginator("get_execution_history").paginate(
            executionArn=execution, reverseOrder=True, includeExecutionData=False, PaginationConfig={"PageSize": 3}
        )
    )
    assert [len(page["events"]) for page in pages[:-1]] == [3] * (len(pages) - 1)
    assert [event["id"] for page in pages for event in page["events"]] == [event["id"] for event in whole][::-1]
    details = [page["events"][0] for page in pages]
    assert '"input"' in json.dumps(whole, default=str)
    assert '"input"' not in json.dumps(details, default=str)


def test_an_execution_without_a_name_gets_one(probe):
    machine = probe.endpoints.state_machine_arn
    started = probe.client("stepfunctions").start_execution(stateMachineArn=machine, input="{}")
    assert not started["executionArn"].endswith(":None")


def test_stopping_ends_an_execution_at_once_with_its_reason(probe):
    execution = probe.start("stopped", case="wait")
    probe.noted("stopped")
    probe.client("stepfunctions").stop_execution(executionArn=execution, error="Operator", cause="by hand")
    ended = probe.client("stepfunctions").describe_execution(executionArn=execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Operator", "by hand")


def test_the_history_of_a_stopped_execution_ends_with_the_stop(probe):
    execution = probe.start("stopped-history", seconds=1)
    probe.client("stepfunctions").stop_execution(executionArn=execution, error="Operator", cause="enough")
    first = history(probe, execution)
    assert first[-1]["type"] == "ExecutionAborted"
    assert first[-1]["executionAbortedEventDetails"] == {"error": "Operator", "cause": "enough"}
    probe.ended(probe.start("after-the-stopped", seconds=2))  # the stopped one's wait is over by then
    assert history(probe, execution) == first


@pytest.mark.parametrize(("case", "status"), [("throttle", "FAILED"), ("stop", "ABORTED")])
def test_the_end_of_an_execution_reaches_the_rule_of_eventbridge(probe, case, status):
    name = f"announced-{status.lower()}"
    execution = probe.start(name, case="wait" if case == "stop" else case, seconds=5 if case == "stop" else 0)
    if case == "stop":
        probe.client("stepfunctions").stop_execution(executionArn=execution)
    event = json.loads(probe.noted(f"ended {name}")["event"])
    assert (event["source"], event["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert event["resources"] == [execution]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    detail = event["detail"]
    assert (detail["status"], detail["executionArn"], detail["name"]) == (status, execution, name)
    assert detail["stateMachineArn"] == probe.endpoints.state_machine_arn
    assert json.loads(detail["input"])["id"] == name
    assert detail["output"] is None
    assert detail["startDate"] <= detail["stopDate"]


def test_a_success_is_not_what_the_rule_asked_for(probe):
    probe.run("quiet")
    probe.run("loud", case="throttle")
    probe.noted("ended loud")
    assert probe.note("ended quiet") is None


def as_function(probe, service, function):
    """Return a client of a service that is signed as a function."""
    name = probe.stack.function_name(function)
    role = probe.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    keys = probe.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")["Credentials"]
    return probe.endpoints.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_nobody_but_the_stack_itself_publishes_events_of_aws(probe):
    with pytest.raises(ClientError, match="AccessDenied"):
        as_function(probe, "events", "WorkFunction").put_events(
            Entries=[{"Source": "aws.states", "DetailType": "x", "Detail": "{}"}]
        )


def test_starting_needs_the_permission_to_start(probe):
    machine = probe.endpoints.state_machine_arn
    with pytest.raises(ClientError, match="states:StartExecution"):
        as_function(probe, "stepfunctions", "WorkFunction").start_execution(stateMachineArn=machine)


def test_tasks_have_the_permissions_of_the_machines_role_and_no_more(probe):
    machine = probe.client("stepfunctions").describe_state_machine(stateMachineArn=probe.endpoints.state_machine_arn)
    role, iam = machine["roleArn"].rsplit("/", 1)[-1], probe.client("iam")
    policies = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    for name in policies:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        ended = probe.run("denied")
    finally:
        for name, document in policies.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    assert ended["status"] == "FAILED"
    assert "AccessDenied" in ended["error"]


@contextmanager
def changed(probe, definition):
    """Give the machine another definition for a while."""
    states, machine = probe.client("stepfunctions"), probe.endpoints.state_machine_arn
    before = states.describe_state_machine(stateMachineArn=machine)["definition"]
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    try:
        yield
    finally:
        states.update_state_machine(stateMachineArn=machine, definition=before)


def test_a_changed_machine_counts_from_the_next_start(probe):
    with changed(probe, {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "Result": 7, "End": True}}}):
        assert probe.run("changed")["output"] == "7"
    assert probe.run("changed-back")["output"] == '"done"'


def test_a_machine_that_outlives_its_timeout_is_announced_as_timed_out(probe):
    slow = {"Type": "Wait", "Seconds": 30, "End": True}
    with changed(probe, {"StartAt": "Slow", "TimeoutSeconds": 1, "States": {"Slow": slow}}):
        ended = probe.run("machine-timeout")
    assert ended["status"] == "TIMED_OUT"
    assert ended["stopDate"] > ended["startDate"]
    assert probe.noted("ended machine-timeout")["status"] == "TIMED_OUT"
