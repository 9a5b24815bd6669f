"""Every state against every error name that can reach it: the job ends once, in words that fit, and the client is told.

That each job has ended in exactly one terminal status, and that its owner heard of it exactly once, is what the fixture
``world`` checks after every test of this folder.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

import pytest

from asl.machine import Machine
from asl.run import Run
from tests.workflow.cases import NO_ROOM, SERVICES
from tests.workflow.interpreted import ensure_same_way
from tests.workflow.world import AnswerLost, Outcome, World, definition_of
from vto import errors
from vto.domain.job import Status
from vto.errors import ContentBlockedError, FailureError, RefusalError

MACHINE = Machine(definition_of())
FUNCTION_ERRORS = (*SERVICES, NO_ROOM)
BUG = KeyError("a bug")
LOOP = "Reserve Slot"
AFTER_A_REFUSAL = ("Record Failure", "Notify Failure")
ENDINGS = {"Refused": (RefusalError,), "Failed": (FailureError,)}


def outcomes() -> Iterator[tuple[str, Outcome]]:
    """What a call of a function may come to, by what the test is called."""
    yield from ((name, cls("as planned")) for name, cls in errors.all_errors().items())
    yield from ((name, name) for name in FUNCTION_ERRORS)
    yield from ((f"{name} after it ran", AnswerLost(name)) for name in FUNCTION_ERRORS if name != NO_ROOM)
    yield "a bug", BUG


def may_come_again(state: str, name: str) -> bool:
    """Whether a step that comes to this is done again: where it is not, once is always."""
    task, error = MACHINE.tasks[state], name.removesuffix(" after it ran")

    def first(rules: str) -> dict[str, Any] | None:
        found = (one for one in task.get(rules, []) if {error, "States.ALL"} & set(one["ErrorEquals"]))
        return next(found, None)

    catcher = first("Catch")
    return first("Retry") is not None or catcher is None or catcher["Next"] != "Record Failure"


def ends_in_a_loop(state: str, name: str) -> bool:
    """Whether a step that always comes to this is gone back to until the machine's own time is up."""
    catches = MACHINE.tasks[state].get("Catch", [])
    return state == "Invoke Model" and any(name in one["ErrorEquals"] and one["Next"] == LOOP for one in catches)


def times_of(state: str, name: str) -> Iterator[str]:
    """How often a step comes to this: of the ways into one loop, one is gone for hours, the others for ten rounds."""
    yield "once"
    if may_come_again(state, name):
        yield "ten times" if ends_in_a_loop(state, name) and name != "NoEngineError" else "always"


PLANS: dict[str, Callable[[Outcome], Iterable[Outcome]]] = {
    "once": lambda outcome: [outcome],
    "ten times": lambda outcome: [outcome] * 10,
    "always": repeat,
}
CALLS = [
    pytest.param(state, outcome, times, id=f"{state}: {name}, {times}")
    for state in MACHINE.tasks
    for name, outcome in outcomes()
    for times in times_of(state, name)
]


@pytest.mark.parametrize(("state", "outcome", "times"), CALLS)
def test_whatever_a_step_comes_to_the_job_ends_once_and_its_owner_hears_of_it(
    world: World, state: str, outcome: Outcome, times: str
) -> None:
    def tell(world: World) -> Run:
        if state in AFTER_A_REFUSAL:
            world.model.outcomes = [ContentBlockedError()]
        return world.run(**{state.lower().replace(" ", "_"): PLANS[times](outcome)})

    run = tell(world)

    ensure_same_way(world, tell)
    assert state in run.path
    if run.status != "TIMED_OUT":  # where a loop goes on for ever, because the step that bounds it never runs
        assert MACHINE.states[run.end]["Type"] in ("Succeed", "Fail") or run.end == "Notify Client"
        assert run.status == ("FAILED" if run.end == "Failed" else "SUCCEEDED")
    world.script.clear()
    if run.end == "Job Closed" and not world.job().status.is_terminal:
        world.close()  # the step said that somebody else ends the job: they do
    if run.end == "Already Claimed" and world.job().status is Status.CREATED:
        world.run(world.job(), name="somebody-else")
    world.settle()
    if run.end in ENDINGS and state != "Record Failure":  # which cannot know what it wrote before its answer was lost
        kinds = {cls.code: cls for cls in errors.all_errors().values()}
        assert issubclass(kinds[world.job().error_code or ""], ENDINGS[run.end])
    assert world.model_calls <= 2
