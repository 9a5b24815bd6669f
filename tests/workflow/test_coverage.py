"""Edge coverage: what was not taken is named, and fails the run."""

import json
from pathlib import Path

import pytest
from moto.stepfunctions.parser.mocking.mock_config import MockedResponseReturn, MockTestCase, StateMockedResponses

from asl.coverage import Coverage
from asl.engine import Engine
from asl.machine import Edge, Machine, Retry
from tests.workflow.test_engine import RETRY, Clock, failing, task

pytest_plugins = ["pytester"]

DEFINITION = {
    "StartAt": "Ask",
    "States": {
        "Ask": task(
            Retry=[{**RETRY, "ErrorEquals": ["NamedError"]}],
            Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Lost"}],
            Next="Which?",
        ),
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Done"}],
            "Default": "Lost",
        },
        "Done": {"Type": "Succeed"},
        "Lost": {"Type": "Fail"},
    },
}
DEFINITION["States"]["Ask"]["ResultPath"] = None


def covered(*stories: tuple[str, ...]) -> Coverage:
    """The coverage of one test per story: how the calls of Ask end."""
    coverage = Coverage(Machine(DEFINITION))
    for number, outcomes in enumerate(stories):
        run = Engine(json.dumps(DEFINITION), Clock(), failing(*outcomes)).execute("test", {"n": number + 1})
        coverage.add(run, f"test_{number}")
    return coverage


def test_what_no_test_took_is_named() -> None:
    coverage = covered(())

    assert [str(part) for part in coverage.missing] == [
        "Lost",
        "Ask —Catch[0]→ Lost",
        "Which? —Default→ Lost",
        "Ask Retry[0] (NamedError) ×2",
    ]
    assert coverage.percent == pytest.approx(100 * 5 / 9)
    assert coverage.summary() == "3 of 4 states, 2 of 4 edges, 0 of 1 retries, each until used up; 1 tests"


def test_a_retry_that_was_not_used_up_does_not_count() -> None:
    again = next(Machine(DEFINITION).retries())

    assert again in covered(("NamedError", "NamedError")).missing
    assert again in covered(("NamedError", "OtherError")).missing
    assert again not in covered(("NamedError", "NamedError", "NamedError")).missing


def test_the_test_that_is_named_is_the_one_that_ran_least() -> None:
    coverage = covered(())
    for _ in range(2):
        coverage.add(Engine(json.dumps(DEFINITION), Clock(), failing()).execute("test", {"n": 1}), "test")

    assert all(line.endswith("2  test_0") for line in coverage.lines() if "NOT TAKEN" not in line)


def test_two_ways_to_the_same_state_count_each_for_itself() -> None:
    coverage = covered(("OtherError",), ())

    takers = {str(part): tests for part, tests in coverage.takers.items() if isinstance(part, Edge)}
    assert takers["Ask —Catch[0]→ Lost"] == ["test_0"]
    assert takers["Which? —Default→ Lost"] == ["test_1"]


def test_a_run_of_another_machine_does_not_count() -> None:
    other = {**DEFINITION, "States": {**DEFINITION["States"], "Done": {"Type": "Fail"}, "New": {"Type": "Succeed"}}}
    coverage = Coverage(Machine(DEFINITION))

    coverage.add(Engine(json.dumps(other), Clock(), failing()).execute("test", {"n": 1}), "test_other")

    assert len(coverage.missing) == len(coverage.takers)


def test_a_run_with_mocks_does_not_count() -> None:
    coverage = Coverage(Machine(DEFINITION))
    answer = MockedResponseReturn(0, 0, {"StatusCode": 200, "Payload": {}})
    mocks = MockTestCase("machine", "Answered", [StateMockedResponses("Ask", "Answer", [answer])])

    run = Engine(json.dumps(DEFINITION), Clock(), failing()).execute("test", {"n": 1}, mocks)
    coverage.add(run, "test_mocked")

    assert run.path == ["Ask", "Which?", "Done"]
    assert len(coverage.missing) == len(coverage.takers)


def test_everything_taken_is_a_hundred_percent() -> None:
    coverage = covered((), ("NamedError",) * 3, ())

    assert (coverage.missing, coverage.percent) == ([], 100)
    assert any(isinstance(part, Retry) for part in coverage.takers)


SUITE = """
import json
from asl.engine import Engine
from tests.workflow.test_coverage import DEFINITION
from tests.workflow.test_engine import Clock, failing

def run(number, *outcomes):
    Engine(json.dumps(DEFINITION), Clock(), failing(*outcomes)).execute("test", {"n": number})

def test_happy():
    run(1)
"""
REST = """
def test_the_rest():
    run(1, "NamedError", "NamedError", "NamedError")
    run(2)
"""


@pytest.mark.parametrize(
    ("tests", "passes", "processes"),
    [(SUITE, False, ()), (SUITE + REST, True, ()), (SUITE + REST, True, ("--numprocesses", "2"))],
    ids=["some of it", "all of it", "all of it in two processes"],
)
def test_a_suite_that_leaves_something_out_fails_although_its_tests_pass(
    pytester: pytest.Pytester, tests: str, passes: bool, processes: tuple[str, ...]
) -> None:
    pytester.makefile(".json", machine=json.dumps(DEFINITION))
    pytester.makepyfile(tests)
    report = Path("out/report.txt")

    result = pytester.runpytest_inprocess(
        "-p", "asl.plugin", "--asl-coverage", "machine.json", "--asl-report", str(report), *processes
    )

    result.assert_outcomes(passed=2 if passes else 1)
    assert (result.ret == pytest.ExitCode.OK) is passes
    result.stdout.fnmatch_lines(["*Which?*test_happy*"])
    if not passes:
        result.stdout.fnmatch_lines(["*Default → Lost*NOT TAKEN", "*the build fails*"])
    assert "test_happy" in (pytester.path / report).read_text()


def test_a_machine_that_is_not_there_is_said_at_once(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("-p", "asl.plugin", "--asl-coverage", "nowhere.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*there is no file nowhere.json*"])
