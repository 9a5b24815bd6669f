"""The cases of the mock file are run and compared; here moto's engine stands in for Step Functions Local."""

import json
import sys
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from asl.engine import Engine
from asl.run import Run
from asl.step_functions_local import Expected, run_cases
from tests.workflow import sfn_local
from tests.workflow.cases import CASES
from tests.workflow.mock_file import expected
from tests.workflow.test_engine import Clock
from tests.workflow.test_mock_file import TEST_CASES, mocks, nobody
from tests.workflow.world import MACHINE, definition
from vto.domain.job import execution_input

DOCUMENT = execution_input("479db467-ea13-5b91-b847-791ff4ad1228")


class StandIn:
    """The API of Step Functions Local: an execution of ``arn#TestCase`` runs with that case's mocks."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.looked_at: dict[str, int] = {}

    def create_state_machine(self, **asked: str) -> dict[str, Any]:
        self.engine = Engine(asked["definition"], Clock(), nobody, asked["name"])
        return {"stateMachineArn": f"arn:aws:states:us-east-1:123456789012:stateMachine:{asked['name']}"}

    def start_execution(self, **asked: str) -> dict[str, Any]:
        case = asked["stateMachineArn"].rpartition("#")[2]
        run = self.engine.execute(asked["name"], json.loads(asked["input"]), mocks(case))
        self.runs[run.arn] = run
        return {"executionArn": run.arn}

    def describe_execution(self, **asked: str) -> dict[str, Any]:
        execution = asked["executionArn"]
        looks = self.looked_at[execution] = self.looked_at.get(execution, 0) + 1
        run = self.runs[execution]
        return {"status": "RUNNING" if looks == 1 else run.status, **({"error": run.error} if run.error else {})}

    def get_execution_history(self, **asked: Any) -> dict[str, Any]:
        """Two events a page."""
        first = int(asked.get("nextToken", "0"))
        events = [
            event
            for state in self.runs[asked["executionArn"]].path
            for event in ({"stateEnteredEventDetails": {"name": state}}, {"type": "TaskSucceeded"})
        ]
        more = {"nextToken": str(first + 2)} if first + 2 < len(events) else {}
        return {"events": events[first : first + 2], **more}


def test_every_case_of_the_file_goes_its_way() -> None:
    waits: list[float] = []

    problems = run_cases(
        StandIn(), MACHINE, definition(), DOCUMENT, expected(), within=len(TEST_CASES), sleep=waits.append
    )

    assert problems == []
    assert len(waits) == len(TEST_CASES)  # each was running at the first look


def test_what_is_expected_comes_from_the_cases() -> None:
    by_name = {case.name: case for case in CASES}

    assert expected().keys() == TEST_CASES.keys()
    for name, one in expected().items():
        assert one.path == list(by_name[name].path)
        assert (one.status == "FAILED") == (by_name[name].error is not None)


def test_a_case_that_goes_another_way_or_never_ends_is_told_in_one_line() -> None:
    happy = expected()["HappyPath"]
    wrong = {
        "HappyPath": replace(happy, path=happy.path[:-1]),
        "EqualResultIsReused": replace(expected()["EqualResultIsReused"], status="FAILED", error="KeyError"),
    }

    problems = run_cases(StandIn(), MACHINE, definition(), DOCUMENT, wrong, within=9, sleep=lambda _: None)

    assert problems == [
        f"HappyPath: went {' → '.join(happy.path)}, not {' → '.join(happy.path[:-1])}",
        "EqualResultIsReused: ended SUCCEEDED, not FAILED KeyError",
    ]


def test_a_case_that_is_still_running_after_its_time_is_told() -> None:
    class Slow(StandIn):
        def describe_execution(self, **_: str) -> dict[str, Any]:
            return {"status": "RUNNING"}

    ticks = count()
    one: dict[str, Expected] = {"HappyPath": expected()["HappyPath"]}

    problems = run_cases(Slow(), MACHINE, definition(), DOCUMENT, one, within=5, sleep=lambda _: next(ticks) and None)

    assert problems == ["HappyPath: ended RUNNING, not SUCCEEDED"]
    assert next(ticks) == 5


def test_where_the_tool_is_not_to_be_had_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SFN_LOCAL_JAR", "nowhere.jar")
    monkeypatch.setattr(sys, "argv", ["sfn_local", "jar"])

    assert sfn_local.main() == 1

    assert "SFN_LOCAL_JAR must be the path of StepFunctionsLocal.jar" in capsys.readouterr().err


def test_an_engine_that_is_not_aws_tool_is_refused_not_replaced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sfn_local", "moto"])

    with pytest.raises(SystemExit):
        sfn_local.main()

    assert "invalid choice: 'moto'" in capsys.readouterr().err
    assert '-m tests.workflow.sfn_local "$(SFN_ENGINE)"' in (sfn_local.ROOT / "Makefile").read_text()


def test_what_the_tool_refuses_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> list[str]:
        raise ClientError({"Error": {"Code": "InvalidDefinition", "Message": "no"}}, "CreateStateMachine")

    monkeypatch.setattr(sys, "argv", ["sfn_local"])
    monkeypatch.setattr(sfn_local, "running", lambda *_: nullcontext("http://127.0.0.1:1"))
    monkeypatch.setattr(sfn_local, "run_cases", refuse)

    assert sfn_local.main() == 1

    assert capsys.readouterr().err.startswith("✗ An error occurred (InvalidDefinition)")
