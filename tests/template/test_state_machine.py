"""Rules of the state machine that no other tool knows; each is shown to fail on a machine that breaks it."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_all
from statelint.linter import Linter

from vto.errors import all_errors

ROOT = Path(__file__).parents[2]
ASL = ROOT / "statemachines" / "try_on.asl.json"
SERVICE_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "DynamoDB.ConditionalCheckFailedException",
    "States.ALL",
    "States.Timeout",
}

type Machine = dict[str, Any]


@pytest.fixture
def machine() -> Machine:
    loaded: Machine = json.loads(ASL.read_text())
    return loaded


def _edges(state: dict[str, Any]) -> Iterator[str]:
    yield from (target for target in (state.get("Next"), state.get("Default")) if target)
    yield from (one["Next"] for one in (*state.get("Catch", []), *state.get("Choices", [])))


def unknown_targets(machine: Machine) -> list[str]:
    """Edges into nothing, and states that no edge reaches."""
    states = machine["States"]
    named = {machine["StartAt"], *(target for state in states.values() for target in _edges(state))}
    return [f"{name} is not a state" for name in sorted(named - states.keys())] + [
        f"{name} is never reached" for name in sorted(states.keys() - named)
    ]


def unguarded_tasks(machine: Machine) -> list[str]:
    """Tasks that could hang, or fail without anybody recording it."""
    problems = []
    for name, state in machine["States"].items():
        if state["Type"] != "Task":
            continue
        if not ({"TimeoutSeconds", "TimeoutSecondsPath"} & state.keys()):
            problems.append(f"{name} has no timeout: it could hang for as long as the machine runs")
        if not any("States.ALL" in catch["ErrorEquals"] for catch in state.get("Catch", [])):
            problems.append(f"{name} does not catch States.ALL: an error would end without being recorded")
        problems += [
            f"{name} retries {retry['ErrorEquals']} without MaxDelaySeconds and JitterStrategy"
            for retry in state.get("Retry", [])
            if retry.get("MaxAttempts") != 0 and not (retry.get("MaxDelaySeconds") and retry.get("JitterStrategy"))
        ]
    return problems


def unknown_errors(machine: Machine) -> list[str]:
    """Names in ErrorEquals that nothing raises."""
    known = SERVICE_ERRORS | all_errors().keys()
    return [
        f"{name} names {error}, which is neither in errors.py nor a listed service error"
        for name, state in machine["States"].items()
        for rule in (*state.get("Retry", []), *state.get("Catch", []))
        for error in rule["ErrorEquals"]
        if error not in known
    ]


def unreadable_states(machine: Machine) -> list[str]:
    """States that the person on call could not read."""
    return [f"{name} has no Comment" for name, state in machine["States"].items() if not state.get("Comment")] + [
        f"{name} has more than 40 characters" for name in machine["States"] if len(name) > 40
    ]


RULES = (unknown_targets, unguarded_tasks, unknown_errors, unreadable_states)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_state_machine_keeps_the_rule(machine: Machine, rule: Callable[[Machine], list[str]]) -> None:
    assert rule(machine) == []


def _set(path: str, value: Any) -> Callable[[Machine], None]:
    def change(machine: Machine) -> None:
        *parents, last = path.split("/")
        place: Any = machine["States"]
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if value is None:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value

    return change


@pytest.mark.parametrize(
    ("rule", "breaks", "says"),
    [
        (unknown_targets, _set("Store Result/Next", "Notfy Client"), "Notfy Client is not a state"),
        (unknown_targets, _set("Store Result/Next", "Notfy Client"), "Notify Client is never reached"),
        (unguarded_tasks, _set("Store Result/TimeoutSeconds", None), "Store Result has no timeout"),
        (unguarded_tasks, _set("Store Result/Catch", []), "Store Result does not catch States.ALL"),
        (unguarded_tasks, _set("Store Result/Retry/0/JitterStrategy", None), "without MaxDelaySeconds"),
        (unknown_errors, _set("Invoke Model/Retry/0/ErrorEquals", ["ModelTiredError"]), "ModelTiredError"),
        (unreadable_states, _set("Wait For Slot/Comment", None), "Wait For Slot has no Comment"),
    ],
)
def test_a_broken_machine_is_named_with_its_state(
    machine: Machine, rule: Callable[[Machine], list[str]], breaks: Callable[[Machine], None], says: str
) -> None:
    broken = deepcopy(machine)
    breaks(broken)

    assert says in "\n".join(rule(broken))


def test_statelint_finds_nothing(machine: Machine, tmp_path: Path) -> None:
    assert Linter.validate(str(ASL)) == []
    del machine["States"]["Job Completed"]
    broken = tmp_path / "broken.asl.json"
    broken.write_text(json.dumps(machine))
    assert Linter.validate(str(broken)) != [], "the tool itself still works"


def test_cloudformations_schema_of_a_state_machine_finds_nothing(machine: Machine) -> None:
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": "arn:aws:iam::123456789012:role/try-on",
                    "Definition": machine,
                    "DefinitionSubstitutions": {"JobsTable": "jobs"},
                },
            }
        }
    }
    assert [str(match) for match in lint_all(json.dumps(template)) if match.rule.id.startswith("E3")] == []
