"""Telling the owner at once is speed only: whatever happens to it, the job ends as it would."""

from itertools import repeat

import pytest

from tests.workflow.world import SOCKET, Outcome, World
from vto.errors import ContentBlockedError, NotifierUnavailableError, StorageUnavailableError

ENDINGS = {"Notify Client": "Job Completed", "Notify Failure": "Refused"}
PROBLEMS = [
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.Timeout",
    NotifierUnavailableError(),
    StorageUnavailableError(),
]


@pytest.fixture(params=ENDINGS)
def state(request: pytest.FixtureRequest, world: World) -> str:
    """The state that tells: of a finished job, or of one that is about to be refused."""
    if request.param == "Notify Failure":
        world.model.outcomes = [ContentBlockedError()]
    return str(request.param)


def step(state: str) -> str:
    """The state's name as `World.run` takes it."""
    return state.lower().replace(" ", "_")


@pytest.mark.parametrize("problem", PROBLEMS, ids=repr)
def test_a_job_ends_as_it_would_although_its_owner_cannot_be_told_now(
    world: World, state: str, problem: Outcome
) -> None:
    run = world.run(**{step(state): repeat(problem)})

    assert run.end == ENDINGS[state]
    assert run.attempts(state) == 4
    assert run.waited(state) == [1, 2, 4]


def test_a_bug_in_telling_is_not_tried_again_and_changes_nothing(world: World, state: str) -> None:
    run = world.run(**{step(state): repeat(KeyError("a bug"))})

    assert run.end == ENDINGS[state]
    assert run.attempts(state) == 1


def test_a_socket_that_cannot_be_reached_is_told_by_the_stream_afterwards(world: World, state: str) -> None:
    run = world.run(**{step(state): [lambda: world.notifier.broken.add(SOCKET)]})

    assert run.outcomes(state) == ["NotifierUnavailableError"] * 4
    assert world.notifier.seqs(SOCKET) == [1]
    world.notifier.broken.clear()
    world.settle()
    assert world.notifier.seqs(SOCKET) == list(range(1, world.job().version + 1))


def test_a_client_that_has_left_is_no_error(world: World, state: str) -> None:
    run = world.run(**{step(state): [lambda: world.notifier.gone.add(SOCKET)]})

    assert run.outcomes(state) == ["ok"]
    assert world.connections.rows == {}
