"""The interpreter of the simulation knows the part of the States Language that we use, and says so about the rest.

That it goes the same way as moto's engine is shown by ``test_cases.py`` and ``test_every_error.py``, story by story.
"""

import json
from copy import deepcopy
from typing import Any

import pytest

from asl.documents import MAX_PAYLOAD_BYTES
from asl.engine import Engine
from asl.interpreter import Ask, Interpreter, Pause, SteppedEngine, TaskError
from asl.machine import Machine
from asl.run import Call, ServiceError
from asl.subset import UnsupportedError
from tests.workflow.world import definition_of
from vto.testing import FakeClock

CALL = {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload.$": "$"}}


def machine(**states: Any) -> dict[str, Any]:
    """A machine that starts in its first state."""
    return {"StartAt": next(iter(states)), "States": states}


def task(**fields: Any) -> dict[str, Any]:
    """A Task that calls a function and ends the execution, unless told otherwise."""
    return {"Type": "Task", **CALL, **({} if "Next" in fields else {"End": True}), **fields}


def test_our_machine_is_within_the_subset() -> None:
    Interpreter(Machine(definition_of()), FakeClock().now)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("Assign",), {"a": 1}, "Validate Request: Assign"),
        (("HeartbeatSeconds",), 5, "Validate Request: HeartbeatSeconds"),
        (("Type",), "Parallel", "type Parallel"),
        (("Resource",), "arn:aws:states:::sqs:sendMessage", "the resource"),
        (("ResultPath",), "$.a[0]", r"the path \$.a\[0]"),
        (("Parameters", "Id.$"), "States.UUID()", "the path States.UUID"),
        (("Retry", 1, "JitterStrategy"), "HALF", "JitterStrategy HALF"),
        (("Retry", 1, "ErrorEquals"), ["States.TaskFailed"], "States.TaskFailed"),
        (("Catch", 0, "Output"), {}, "Validate Request.Catch: Output"),
    ],
)
def test_what_the_interpreter_does_not_know_it_refuses_by_name(path: tuple[Any, ...], value: Any, named: str) -> None:
    definition = deepcopy(definition_of())
    at = definition["States"]["Validate Request"]
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value

    with pytest.raises(UnsupportedError, match=named):
        Interpreter(Machine(definition), FakeClock().now)


def test_a_query_language_other_than_jsonpath_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="JSONPath"):
        Interpreter(Machine({**machine(Done={"Type": "Succeed"}), "QueryLanguage": "JSONata"}), FakeClock().now)


SMALL = {
    "a result replaces the input, or a part of it, or nothing": machine(
        Ask=task(ResultSelector={"n.$": "$.Payload.n"}, ResultPath="$.a.b", Next="Again"),
        Again=task(ResultPath=None, Next="Last"),
        Last=task(OutputPath="$.Payload"),
    ),
    "a pass makes a document": machine(
        Make={"Type": "Pass", "Parameters": {"x.$": "$.n", "y": [1, 2]}, "ResultPath": "$.made", "Next": "Fix"},
        Fix={"Type": "Pass", "Result": "fixed", "ResultPath": "$.fixed", "End": True},
    ),
    "a choice compares": machine(
        Which={
            "Type": "Choice",
            "Choices": [
                {"Not": {"Variable": "$.n", "NumericEquals": 1}, "Next": "Wrong"},
                {"Or": [{"Variable": "$.n", "NumericGreaterThan": 0}], "Next": "Right"},
            ],
        },
        Wrong={"Type": "Fail", "Error": "Wrong"},
        Right={"Type": "Succeed", "OutputPath": "$.n"},
    ),
    "a fail names its error": machine(Stop={"Type": "Fail", "Error": "Stopped", "Cause": "because"}),
    "an error that nothing catches fails the execution": machine(
        Ask={**task(), "Parameters": {"FunctionName": "broken", "Payload": {}}}
    ),
    "a caught error goes where it is put": machine(
        Ask={
            **task(Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Done"}]),
            "Parameters": {"FunctionName": "broken", "Payload": {}},
        },
        Done={"Type": "Succeed", "OutputPath": "$.failure.Error"},
    ),
}


@pytest.mark.parametrize("definition", SMALL.values(), ids=SMALL)
def test_small_machines_end_as_on_motos_engine(definition: dict[str, Any]) -> None:
    def world(call: Call) -> Any:
        if call.target == "broken":
            raise ServiceError("Lambda.Unknown")
        return {"n": 42}

    def ends(runner: type[Engine] | type[SteppedEngine]) -> tuple[Any, ...]:
        run = runner(json.dumps(definition), FakeClock(), world).execute("test", {"n": 1})
        return run.path, run.status, run.error, run.output if run.status == "SUCCEEDED" else None

    assert ends(SteppedEngine) == ends(Engine)


def test_a_step_is_given_its_time_and_told_what_came_of_it() -> None:
    retry = {"ErrorEquals": ["Busy"], "IntervalSeconds": 3, "MaxDelaySeconds": 10, "JitterStrategy": "FULL"}
    definition = machine(
        Rest={"Type": "Wait", "Seconds": 7, "Next": "Ask"}, Ask=task(TimeoutSeconds=20, Retry=[retry], ResultPath=None)
    )
    execution = Interpreter(Machine(definition), FakeClock().now, lambda most: most / 2).begin("one", {"n": 1})
    steps = execution.steps()

    assert next(steps) == Pause(7)
    assert steps.send(None) == Ask(Call("Ask", "lambda", "f", {"n": 1}), 20)
    assert steps.throw(TaskError("Busy")) == Pause(1.5)
    assert steps.send(None) == Ask(Call("Ask", "lambda", "f", {"n": 1}), 20)
    with pytest.raises(StopIteration):
        steps.send({"n": 2})
    assert (execution.run.status, execution.run.output) == ("SUCCEEDED", {"n": 1})


def test_an_answer_beyond_256_kib_ends_the_execution_whatever_it_catches() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    definition = json.dumps(machine(Ask=task(Catch=catch), Done={"Type": "Succeed"}))

    run = SteppedEngine(definition, FakeClock(), lambda call: "x" * MAX_PAYLOAD_BYTES).execute("big", {})

    run.assert_path("Ask").assert_status("FAILED", "States.DataLimitExceeded")


def test_a_path_that_leads_nowhere_ends_the_execution() -> None:
    definition = json.dumps(machine(Ask=task(ResultSelector={"n.$": "$.Payload.n"})))

    SteppedEngine(definition, FakeClock(), lambda call: {}).execute("lost", {}).assert_status(
        "FAILED", "States.Runtime"
    )


def test_the_machines_own_timeout_ends_it_in_the_middle_of_a_wait_or_a_call() -> None:
    clock = FakeClock()
    rest = {**machine(Rest={"Type": "Wait", "Seconds": 100, "End": True}), "TimeoutSeconds": 60}

    SteppedEngine(json.dumps(rest), clock, lambda call: {}).execute("slow", {}).assert_status("TIMED_OUT")

    ask = {**machine(Ask=task(TimeoutSeconds=300)), "TimeoutSeconds": 60}
    execution = Interpreter(Machine(ask), clock.now).begin("stuck", {})
    steps = execution.steps()
    assert next(steps) == Ask(Call("Ask", "lambda", "f", {}), 60)
    with pytest.raises(StopIteration):
        steps.throw(TaskError("States.Timeout"))
    execution.run.assert_status("TIMED_OUT")
