"""AWS itself finds nothing wrong with the machine, and each state does there what it does in the harness."""

import os
from functools import cache
from typing import Any

import pytest

from asl.aws_test_state import Check, checks, differences
from tests.workflow.cases import CASES
from tests.workflow.mock_file import play
from tests.workflow.world import definition


@cache
def every_check() -> list[Check]:
    """What the cases of the workflow tests show, as calls of TestState."""
    return checks(play(case)[1] for case in CASES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each check; the cases are only played where the tests will run."""
    if "check" in metafunc.fixturenames:
        cases = [pytest.param(None, id="every check")]  # skipped: see conftest.py
        if os.environ.get("VTO_CLOUD") == "1":
            cases = [pytest.param(check, id=check.name) for check in every_check()]
        metafunc.parametrize("check", cases)


def test_aws_finds_nothing_wrong_with_the_definition(step_functions: Any) -> None:
    answer = step_functions.validate_state_machine_definition(
        definition=definition(), type="STANDARD", severity="WARNING", maxResults=100
    )

    assert (answer["result"], answer["diagnostics"]) == ("OK", [])


def test_a_state_does_on_aws_what_it_does_in_the_harness(step_functions: Any, check: Check) -> None:
    answer = step_functions.test_state(**check.asked(definition()))

    assert differences(answer, check.expected) == []
