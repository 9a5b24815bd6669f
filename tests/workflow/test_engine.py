"""The harness itself, on small machines: what it writes down, and what of it would be wrong without its shims."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asl import shims
from asl.engine import Engine
from asl.run import Call, Run, ServiceError

RETRY = {"IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2.0, "MaxDelaySeconds": 3, "JitterStrategy": "FULL"}


class Clock:
    """Time that moves only when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class NamedError(Exception):
    """An error with a name of its own."""


def task(**fields: Any) -> dict[str, Any]:
    """A Task that calls a function and ends the execution, unless told otherwise."""
    ends = {} if "Next" in fields else {"End": True}
    call = {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"}}
    return {"Type": "Task", **call, **ends, **fields}


def run(world: Callable[[Call], Any], states: dict[str, Any], **fields: Any) -> Run:
    """Execute a machine that starts in its first state."""
    definition = json.dumps({"StartAt": next(iter(states)), "States": states, **fields})
    return Engine(definition, Clock(), world).execute("test", {"n": 1})


def failing(*outcomes: str) -> Callable[[Call], Any]:
    """A function that fails with one name after the other, and then answers."""
    left = list(outcomes)

    def serve(_: Call) -> Any:
        if left and (name := left.pop(0)):
            raise ServiceError(name) if "." in name else type(name, (Exception,), {})("as planned")
        return {"answer": 42}

    return serve


# --- what is written down --------------------------------------------------------------------------------------------


def test_a_function_gets_the_payload_and_its_answer_becomes_the_result() -> None:
    calls: list[Call] = []

    done = run(lambda call: calls.append(call) or {"answer": 42}, {"Ask": task(OutputPath="$.Payload")})

    assert [(call.state, call.service, call.target, call.payload) for call in calls] == [
        ("Ask", "lambda", "f", {"n": 1})
    ]
    assert (done.status, done.output) == ("SUCCEEDED", {"answer": 42})


def test_a_tables_call_gets_all_parameters() -> None:
    calls: list[Call] = []
    put = {
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": "t", "Item": {"id": {"S": "1"}}},
    }

    run(calls.append, {"Keep": task(**put)}).assert_status("SUCCEEDED")

    assert [(call.service, call.target, call.payload["Item"]) for call in calls] == [
        ("dynamodb", "t", {"id": {"S": "1"}})
    ]


def test_the_class_of_an_exception_is_what_error_equals_sees() -> None:
    done = run(
        failing("NamedError"),
        {"Ask": task(Catch=[{"ErrorEquals": ["NamedError"], "Next": "Named"}]), "Named": {"Type": "Succeed"}},
    )

    done.assert_path("Ask", "Named").assert_caught("Ask", "NamedError", into="Named").assert_status("SUCCEEDED")


def test_waits_grow_by_the_backoff_up_to_their_limit_and_take_no_time() -> None:
    rule = {**RETRY, "ErrorEquals": ["NamedError"], "MaxAttempts": 4}

    done = run(failing(*["NamedError"] * 4), {"Ask": task(Retry=[rule])})

    done.assert_attempts("Ask", *["NamedError"] * 4, "ok", waits=[1, 2, 3, 3])
    assert done.seconds_waited == 9
    assert done.transitions == 5


def test_each_rule_counts_its_own_attempts() -> None:
    rules = [{**RETRY, "ErrorEquals": [name], "MaxAttempts": 1} for name in ("OneError", "OtherError")]

    done = run(failing("OneError", "OtherError", "OneError"), {"Ask": task(Retry=rules)})

    done.assert_attempts("Ask", "OneError", "OtherError", "OneError").assert_status("FAILED", "OneError")
    assert [(attempt.retry and attempt.retry.field, attempt.exhausted) for attempt in done.visits[0].attempts] == [
        ("Retry[0]", False),
        ("Retry[1]", False),
        ("Retry[0]", True),
    ]


def test_a_choice_inside_a_choice_is_not_taken_for_the_choice() -> None:
    choices = [
        {"Variable": "$.n", "NumericEquals": 2, "Next": "Two"},
        {"And": [{"Variable": "$.n", "IsPresent": True}, {"Variable": "$.n", "NumericEquals": 1}], "Next": "One"},
    ]
    ends = {name: {"Type": "Succeed"} for name in ("One", "Two", "Other")}

    done = run(failing(), {"Which?": {"Type": "Choice", "Choices": choices, "Default": "Other"}, **ends})

    done.assert_path("Which?", "One")
    assert done.visits[0].left_by is not None
    assert done.visits[0].left_by.field == "Choices[1]"


@pytest.mark.parametrize(
    "name", ["Lambda.Unknown", "Sandbox.Timedout", "States.Timeout", "DynamoDB.ThrottlingException"]
)
def test_what_a_service_reports_keeps_its_name(name: str) -> None:
    done = run(failing(name), A_TABLES_TASK if name.startswith("DynamoDB") else {"Ask": task()})

    assert done.outcomes("Ask") == [name]
    done.assert_status("FAILED", name)


def test_an_execution_that_outlives_the_machine_is_timed_out() -> None:
    states = {"Wait": {"Type": "Wait", "Seconds": 61, "Next": "Ask"}, "Ask": task()}

    done = run(failing(), states, TimeoutSeconds=60)

    done.assert_status("TIMED_OUT")
    assert done.attempts("Ask") == 0


def test_a_task_may_run_another_execution_meanwhile() -> None:
    definition = json.dumps({"StartAt": "Ask", "States": {"Ask": task()}})
    inner: list[Run] = []

    def serve(call: Call) -> Any:
        if call.payload == {"n": 1}:
            inner.append(engine.execute("inner", {"n": 2}))
        return {}

    engine = Engine(definition, Clock(), serve)

    outer = engine.execute("outer", {"n": 1})

    assert [one.visits[0].document for one in (outer, *inner)] == [{"n": 1}, {"n": 2}]
    assert [one.path for one in (outer, *inner)] == [["Ask"], ["Ask"]]


def test_an_expectation_that_does_not_hold_tells_the_whole_story() -> None:
    done = run(failing("NamedError"), {"Ask": task(Retry=[{**RETRY, "ErrorEquals": ["NamedError"]}])})

    with pytest.raises(
        AssertionError, match=r"(?s)expected Ask to end in .*Ask: NamedError \(again after 1 s\), ok.*SUCCEEDED"
    ):
        done.assert_attempts("Ask", "ok")


CAUGHT = {
    "Ask": task(Catch=[{"ErrorEquals": ["NamedError"], "Next": "Lost"}]),
    "Lost": {"Type": "Fail", "Error": "Lost"},
}


@pytest.mark.parametrize(
    "expect",
    [
        lambda done: done.assert_path("Ask"),
        lambda done: done.assert_end("Ask"),
        lambda done: done.assert_attempts("Ask", "ok"),
        lambda done: done.assert_attempts("Ask", "NamedError", waits=[1]),
        lambda done: done.assert_caught("Ask", "OtherError", "Lost"),
        lambda done: done.assert_caught("Ask", "NamedError", "Done"),
        lambda done: done.assert_status("SUCCEEDED"),
        lambda done: done.assert_status("FAILED", "NamedError"),
    ],
)
def test_every_expectation_can_fail(expect: Callable[[Run], Run]) -> None:
    done = run(failing("NamedError"), CAUGHT)
    done.assert_path("Ask", "Lost").assert_end("Lost").assert_attempts("Ask", "NamedError", waits=[])
    done.assert_caught("Ask", "NamedError", "Lost").assert_status("FAILED", "Lost")

    with pytest.raises(AssertionError, match="but it went like this"):
        expect(done)


# --- the corrections: each test fails on the day upstream no longer needs the shim -----------------------------------


def run_without(monkeypatch: pytest.MonkeyPatch, correction: str, *arguments: Any) -> Run:
    """Execute a machine with one correction left out."""
    monkeypatch.setattr(shims, correction, lambda *_: nullcontext())
    return run(*arguments)


MISSING_FIELD = {
    "Ask": task(ResultSelector={"x.$": "$.Payload.x"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "End"}])
}
MISSING_FIELD["End"] = {"Type": "Succeed"}


def test_nothing_catches_a_runtime_error_of_the_machine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    run(failing(), MISSING_FIELD).assert_path("Ask").assert_status("FAILED", "States.Runtime")

    without = run_without(monkeypatch, "uncatchable_errors", failing(), MISSING_FIELD)
    assert without.end == "End", "moto no longer lets States.ALL catch States.Runtime: uncatchable_errors can go"


PASSED_ON = {"Ask": task(Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Fail"}])}
PASSED_ON["Fail"] = {"Type": "Fail", "ErrorPath": "$.failure.Error"}


def test_a_fail_state_passes_any_name_on(monkeypatch: pytest.MonkeyPatch) -> None:
    run(failing("States.Timeout"), PASSED_ON).assert_status("FAILED", "States.Timeout")

    without = run_without(monkeypatch, "fail_with_any_name", failing("States.Timeout"), PASSED_ON)
    assert without.error == "States.Runtime", "moto's Fail state takes any name: fail_with_any_name can go"


ENTERED = {"When": {"Type": "Pass", "Parameters": {"at.$": "$$.State.EnteredTime"}, "End": True}}


def test_the_time_of_entering_a_state_is_written_as_aws_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(failing(), ENTERED).output == {"at": "2026-11-21T12:00:00.000Z"}

    without = run_without(monkeypatch, "entered_time", failing(), ENTERED)
    assert not without.output["at"].endswith("Z"), "moto writes Z: only the clock has to be replaced"


A_TABLES_TASK = {
    "Ask": task(Resource="arn:aws:states:::dynamodb:getItem", Parameters={"TableName": "t", "Key": {"id": {"S": "1"}}})
}


def test_a_timeout_of_a_tables_call_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    run(failing("States.Timeout"), A_TABLES_TASK).assert_status("FAILED", "States.Timeout")

    without = run_without(monkeypatch, "errors_of_tables", failing("States.Timeout"), A_TABLES_TASK)
    assert without.error == "DynamoDB.AmazonDynamoDBException", "moto knows timeouts: errors_of_tables can go"


def test_nothing_stays_replaced_after_a_run() -> None:
    before = shims.CommonStateField.__dict__["_eval_body"], shims.states.__dict__["StateData"]

    run(failing(), ENTERED)

    assert (shims.CommonStateField.__dict__["_eval_body"], shims.states.__dict__["StateData"]) == before


def test_a_hook_that_upstream_moved_is_named_at_once() -> None:
    with pytest.raises(KeyError, match="gone"), shims.replaced(shims.states, "gone", None):
        pass
