"""Every case of the machine goes the way it says, and its client hears of it."""

import pytest

from asl.run import Run
from tests.workflow.cases import CASES, Case
from tests.workflow.interpreted import ensure_same_way
from tests.workflow.world import World
from vto import errors

# raised at the edge (REST, socket), or by something that no step of the machine is
ELSEWHERE = {
    "NotFoundError",
    "ForbiddenError",
    "NotAuthorizedError",
    "RequestConflictError",
    "TooManyJobsError",
    "TooLateError",
    "CancelledError",
    "ErasedError",
    "ExecutionLostError",
}


def _tell(world: World, case: Case) -> Run:
    job = case.ask(world)
    case.given(world)
    return world.run(job, **case.script)


@pytest.mark.parametrize(("case", "engines"), [pytest.param(case, case.engines, id=case.name) for case in CASES])
def test_the_case_goes_its_way(world: World, case: Case) -> None:
    run = _tell(world, case)

    run.assert_path(*case.path).assert_status("FAILED" if case.error else "SUCCEEDED", case.error)
    for state, outcomes in case.outcomes.items():
        run.assert_attempts(state, *outcomes)
    for state, waits in case.waits.items():
        assert run.waited(state) == list(waits)
    for state, error in case.caught:
        assert error in run.caught(state)
    ensure_same_way(world, lambda other: _tell(other, case))
    if case.name in ("TwinNeverReady", "CancelledWhileItWaitsForItsTwin"):
        world.run(world.job("twin"))  # the fixture wants every job to end
    world.settle()
    status = "completed" if case.told == "completed" else "error"
    assert world.told(world.job())[-1] == (status, None if case.told == "completed" else case.told)


def test_every_error_of_ours_has_a_case() -> None:
    named = {error for case in CASES for outcomes in case.outcomes.values() for error in outcomes}
    assert errors.all_errors().keys() - ELSEWHERE <= named


def test_names_of_cases_are_unique_and_fit_step_functions_local() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() for name in names)
