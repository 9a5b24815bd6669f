"""The calls of AWS's TestState, as far as they can be checked without AWS: well formed, and about every edge."""

from functools import cache
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from asl.aws_test_state import Check, checks, differences
from asl.machine import Machine
from tests.workflow.mock_file import played
from tests.workflow.test_engine import failing, run, task
from tests.workflow.world import definition, definition_of

MACHINE = Machine(definition_of())


@cache
def every_check() -> tuple[Check, ...]:
    return tuple(checks(run for _, run in played()))


def test_every_call_keeps_the_model_of_the_api() -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
    shape = client.meta.service_model.operation_model("TestState").input_shape

    for check in every_check():
        report = ParamValidator().validate(check.asked(definition()), shape)
        assert not report.has_errors(), f"{check.name}: {report.generate_report()}"
        assert len(check.request["input"]) <= 262_144


def test_the_calls_are_about_every_edge_and_every_retry_but_those_of_wait_states() -> None:
    asked: set[tuple[str, str, str | None]] = set()
    for check in every_check():
        details = check.expected.get("inspectionData", {}).get("errorDetails", {})
        field = "Next"
        if "catchIndex" in details:
            field = f"Catch[{details['catchIndex']}]"
        if "retryIndex" in details:
            field = f"Retry[{details['retryIndex']}]"
        asked.add((check.request["stateName"], field, check.expected.get("nextState")))
    for edge in MACHINE.edges():
        kind = MACHINE.states[edge.source]["Type"]
        if kind == "Task":
            assert (edge.source, edge.field, edge.target) in asked
        elif kind == "Choice":
            assert (edge.source, "Next", edge.target) in asked
    for retry in MACHINE.retries():
        if retry.max_attempts:
            assert (retry.state, retry.field, None) in asked


def test_states_that_take_no_mock_get_none() -> None:
    for check in every_check():
        assert ("mock" in check.request) == (check.request["stateName"] in MACHINE.tasks)


def test_names_of_checks_are_unique_and_not_too_many_to_pay_for() -> None:
    names = [check.name for check in every_check()]

    assert len(set(names)) == len(names)
    assert len(names) < 500


RETRY = {"ErrorEquals": ["NamedError"], "MaxAttempts": 1}
OTHER = {"ErrorEquals": ["OtherError"], "MaxAttempts": 2}
ASK = {
    "Ask": task(Retry=[RETRY, OTHER], Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Lost"}]),
    "Lost": {"Type": "Fail", "Error": "Lost"},
}


def test_each_attempt_is_asked_with_the_count_of_its_own_rule() -> None:
    found = checks([run(failing("OtherError", "NamedError", "OtherError", "NamedError"), ASK)])

    told = [
        (check.name, check.request.get("stateConfiguration"), check.expected.get("inspectionData"))
        for check in found
        if check.request["stateName"] == "Ask"
    ]
    assert told == [
        ("Ask: OtherError, attempt 1", {"retrierRetryCount": 0}, {"errorDetails": {"retryIndex": 1}}),
        ("Ask: NamedError, attempt 1", {"retrierRetryCount": 0}, {"errorDetails": {"retryIndex": 0}}),
        ("Ask: OtherError, attempt 2", {"retrierRetryCount": 1}, {"errorDetails": {"retryIndex": 1}}),
        ("Ask: NamedError, attempt 2", {"retrierRetryCount": 1}, {"errorDetails": {"catchIndex": 0}}),
    ]
    assert [check.expected for check in found if check.request["stateName"] == "Lost"] == [
        {"status": "FAILED", "error": "Lost"}
    ]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"status": "SUCCEEDED", "nextState": "B", "output": "{}"}, []),
        ({"status": "FAILED", "nextState": "B"}, ["status is 'FAILED', not 'SUCCEEDED'"]),
        ({"status": "SUCCEEDED"}, ["nextState is None, not 'B'"]),
    ],
)
def test_an_answer_that_is_not_as_expected_is_told_field_by_field(answer: dict[str, Any], found: list[str]) -> None:
    assert differences(answer, {"status": "SUCCEEDED", "nextState": "B"}) == found


def test_a_difference_inside_is_told_with_its_path() -> None:
    expected = {"inspectionData": {"errorDetails": {"catchIndex": 1}}}

    assert differences({}, expected) == ["inspectionData.errorDetails.catchIndex is None, not 1"]
