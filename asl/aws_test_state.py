"""Turns runs into calls of AWS's TestState, each with the answer that AWS must give.

One state at a time runs on the real service, with the task's answer mocked:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from asl.machine import Machine
from asl.mock_config import cause
from asl.run import OK, Attempt, Run, Visit

MAX_CAUSE = 32_768
"""Characters that a mocked error's cause may have."""


@dataclass(frozen=True)
class Check:
    """One call of TestState.

    Args:
        name: What it is about: the state and what its call comes to.
        request: The arguments of boto3's ``test_state``; the definition is added by ``asked``.
        expected: The fields that the answer must have.
    """

    name: str
    request: dict[str, Any]
    expected: dict[str, Any]

    def asked(self, definition: str) -> dict[str, Any]:
        """The request with the definition of the whole machine."""
        return {"definition": definition, **self.request}


def checks(runs: Iterable[Run]) -> list[Check]:
    """The calls that show what the runs show, each once.

    Args:
        runs: Runs of one machine.

    Returns:
        A check for every Task's attempt, every Choice, and every end; Wait states are left out, since they would wait.
    """
    found: dict[str, Check] = {}
    for run in runs:
        for visit in run.visits:
            for check in _of_visit(run, visit):
                found.setdefault(check.name, check)
    return list(found.values())


def _of_visit(run: Run, visit: Visit) -> Iterator[Check]:
    kind = run.machine.states[visit.state]["Type"]
    base = {"stateName": visit.state, "input": json.dumps(visit.document), "inspectionLevel": "DEBUG"}
    target = visit.left_by.target if visit.left_by else None
    if kind == "Task":
        execution = {"Id": run.arn, "Input": run.input, "Name": run.arn.rpartition(":")[2]}
        state = {"EnteredTime": "2026-11-21T12:00:00.000Z", "Name": visit.state}
        base["context"] = json.dumps({"Execution": execution, "State": state})
        for index, attempt in enumerate(visit.attempts):
            yield _of_attempt(run.machine, visit, index, attempt, base)
    elif kind == "Choice" and visit.left_by:
        expected = {"status": "SUCCEEDED", "nextState": target}
        yield Check(f"{visit.state}: {visit.left_by.field} → {target}", base, expected)
    elif kind == "Succeed":
        yield Check(visit.state, base, {"status": "SUCCEEDED"})
    elif kind == "Fail":
        yield Check(f"{visit.state}: {run.error}", base, {"status": "FAILED", "error": run.error})


def _result(machine: Machine, state: str, attempt: Attempt) -> Any:
    if machine.states[state]["Resource"].endswith(":lambda:invoke"):
        return {"StatusCode": 200, "Payload": attempt.answer}
    return {"SdkHttpMetadata": {"HttpStatusCode": 200}}


def _of_attempt(machine: Machine, visit: Visit, index: int, attempt: Attempt, base: dict[str, Any]) -> Check:
    if attempt.outcome == OK:
        mock: dict[str, Any] = {"result": json.dumps(_result(machine, visit.state, attempt))}
        # AWS checks a mock against Lambda's own API, where a payload is a text; the task gives an object to the machine
        mock["fieldValidationMode"] = "NONE"
        expected: dict[str, Any] = {"status": "SUCCEEDED"}
        if visit.left_by:
            expected["nextState"] = visit.left_by.target
        shape = ", ".join(sorted(attempt.answer)) if isinstance(attempt.answer, dict) else ""
        return Check(f"{visit.state}: ok ({shape})", {**base, "mock": mock}, expected)
    before = sum(one.retry == attempt.retry for one in visit.attempts[:index] if attempt.retry)
    request = {**base, "mock": {"errorOutput": {"error": attempt.outcome, "cause": cause(attempt)[:MAX_CAUSE]}}}
    expected = {"error": attempt.outcome}
    if attempt.retry:
        request["stateConfiguration"] = {"retrierRetryCount": before}
    if attempt.retry and not attempt.exhausted:
        rule = int(attempt.retry.field[len("Retry[") : -1])
        expected |= {"status": "RETRIABLE", "inspectionData": {"errorDetails": {"retryIndex": rule}}}
    elif visit.left_by:
        rule = int(visit.left_by.field[len("Catch[") : -1])
        expected |= {"status": "CAUGHT_ERROR", "nextState": visit.left_by.target}
        expected["inspectionData"] = {"errorDetails": {"catchIndex": rule}}
    else:
        expected["status"] = "FAILED"
    return Check(f"{visit.state}: {attempt.outcome}, attempt {before + 1}", request, expected)


def differences(answer: dict[str, Any], expected: dict[str, Any], path: str = "") -> list[str]:
    """Where an answer of TestState lacks what is expected of it, one line each."""
    found = []
    for name, wanted in expected.items():
        is_there = answer.get(name)
        if isinstance(wanted, dict):
            found += differences(is_there or {}, wanted, f"{path}{name}.")
        elif is_there != wanted:
            found.append(f"{path}{name} is {is_there!r}, not {wanted!r}")
    return found
