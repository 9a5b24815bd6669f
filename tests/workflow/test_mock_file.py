"""The mock file of Step Functions Local says what the harness saw; another reader of the format takes the same ways."""

import json
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.mocking.mock_config import MockTestCase, _mock_test_case_from_raw

from asl.engine import Engine
from asl.machine import Machine
from asl.mock_config import fits, mock_config
from asl.run import Call, Run
from tests.workflow import mock_file
from tests.workflow.cases import CASES, Case
from tests.workflow.test_engine import Clock, failing, run, task
from tests.workflow.world import MACHINE, definition, definition_of
from vto.domain.job import execution_input

FILE: dict[str, Any] = json.loads(mock_file.FILE.read_text())
TEST_CASES: dict[str, dict[str, str]] = FILE["StateMachines"][MACHINE]["TestCases"]
RESPONSES: dict[str, dict[str, Any]] = FILE["MockedResponses"]


def test_the_file_is_what_the_cases_say_today() -> None:
    assert mock_file.FILE.read_text() == mock_file.written(), "run `make docs`"


def test_every_case_is_in_the_file_unless_the_format_cannot_tell_it() -> None:
    left_out = {case.name for case in CASES} - TEST_CASES.keys()
    for case, went in mock_file.played():
        tasks = [state for state in went.path if state in went.machine.tasks]
        comes_back, waits = len(set(tasks)) < len(tasks), went.seconds_waited > 60
        engines_own = any(outcome.startswith("States.") for _, outcome in went.calls)
        assert (case.name in left_out) == (comes_back or waits or engines_own)
    assert len(TEST_CASES) > 90


def test_every_mocked_state_is_a_task_of_the_machine_and_every_response_is_used() -> None:
    tasks = Machine(definition_of()).tasks
    used = {response for states in TEST_CASES.values() for response in states.values()}
    assert {state for states in TEST_CASES.values() for state in states} == set(tasks)
    assert used == RESPONSES.keys()


def test_attempts_are_numbered_without_gaps_and_answers_are_of_the_documented_form() -> None:
    for response in RESPONSES.values():
        expected = 0
        for numbers, answer in response.items():
            first, _, last = numbers.partition("-")
            assert int(first) == expected
            expected = int(last or first) + 1
            [(kind, content)] = answer.items()
            assert kind in ("Return", "Throw")
            assert isinstance(content, dict)
            assert kind == "Return" or content.keys() == {"Error", "Cause"}


@cache
def mocks(name: str) -> MockTestCase:
    """A case of the file as moto's copy of LocalStack's reader understands it."""

    def answers(response: dict[str, Any]) -> dict[str, SimpleNamespace]:
        read = {}
        for numbers, answer in response.items():
            returned, thrown = answer.get("Return"), answer.get("Throw")
            read[numbers] = SimpleNamespace(
                Return=SimpleNamespace(model_dump=lambda returned=returned: returned) if returned else None,
                Throw=SimpleNamespace(**thrown) if thrown else None,
            )
        return read

    test_cases = {case: SimpleNamespace(root=states) for case, states in TEST_CASES.items()}
    raw = SimpleNamespace(
        StateMachines={MACHINE: SimpleNamespace(TestCases=test_cases)},
        MockedResponses={response: answers(numbered) for response, numbered in RESPONSES.items()},
    )
    return _mock_test_case_from_raw(MACHINE, name, raw)


def nobody(call: Call) -> Any:
    """A world that must not be called."""
    raise AssertionError(f"{call.state} is mocked")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if case.name in TEST_CASES])
def test_a_case_of_the_file_takes_the_same_way_with_nothing_but_its_mocks(case: Case) -> None:
    engine = Engine(definition(), Clock(), nobody, MACHINE)

    went = engine.execute(case.name, execution_input("479db467-ea13-5b91-b847-791ff4ad1228"), mocks(case.name))

    went.assert_path(*case.path).assert_status("FAILED" if case.error else "SUCCEEDED", case.error)
    for state, waits in case.waits.items():
        assert went.waited(state) == list(waits)


# --- on a small machine ----------------------------------------------------------------------------------------------


def went(*outcomes: str) -> Run:
    """A Task that is tried again up to four times."""
    retry = {"ErrorEquals": ["NamedError", "Lambda.Unknown"], "MaxAttempts": 4, "MaxDelaySeconds": 1}
    return run(failing(*outcomes), {"Ask it": task(Retry=[retry])})


def test_equal_answers_in_a_row_are_a_range_and_equal_responses_stand_once() -> None:
    config = mock_config("m", {"A": went("NamedError", "NamedError", "Lambda.Unknown"), "B": went(), "C": went()})

    assert config["StateMachines"]["m"]["TestCases"] == {
        "A": {"Ask it": "AskitNamedErrorLambdaUnknownOk"},
        "B": {"Ask it": "AskitOk"},
        "C": {"Ask it": "AskitOk"},
    }
    report = json.dumps({"errorMessage": "as planned", "errorType": "NamedError", "stackTrace": []})
    assert config["MockedResponses"]["AskitNamedErrorLambdaUnknownOk"] == {
        "0-1": {"Throw": {"Error": "NamedError", "Cause": report}},
        "2": {"Throw": {"Error": "Lambda.Unknown", "Cause": "the service said so"}},
        "3": {"Return": {"StatusCode": 200, "Payload": {"answer": 42}}},
    }


def test_a_run_that_waits_too_long_or_has_an_error_of_the_engine_does_not_fit() -> None:
    assert fits(went("NamedError"), longest_wait=1)
    assert not fits(went("States.Timeout"), longest_wait=1)
    assert not fits(went("NamedError", "NamedError"), longest_wait=1)
