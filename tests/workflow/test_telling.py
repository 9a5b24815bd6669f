"""Telling the owner at once is speed only: whatever happens to it, the stream of the table tells what was not told."""

import pytest

from tests.workflow.world import SOCKET, World
from vto.errors import ContentBlockedError


@pytest.fixture(params=["Notify Client", "Notify Failure"])
def state(request: pytest.FixtureRequest, world: World) -> str:
    """The state that tells: of a finished job, or of one that is about to be refused."""
    if request.param == "Notify Failure":
        world.model.outcomes = [ContentBlockedError()]
    return str(request.param)


def step(state: str) -> str:
    """The state's name as `World.run` takes it."""
    return state.lower().replace(" ", "_")


def test_a_socket_that_cannot_be_reached_is_told_by_the_stream_afterwards(world: World, state: str) -> None:
    run = world.run(**{step(state): [lambda _: world.notifier.broken.add(SOCKET)]})

    run.assert_attempts(state, *["NotifierUnavailableError"] * 4, waits=[1, 2, 4])
    assert world.notifier.seqs(SOCKET) == [1]
    world.notifier.broken.clear()
    world.settle()
    assert world.notifier.seqs(SOCKET) == list(range(1, world.job().version + 1))


def test_a_client_that_has_left_is_no_error(world: World, state: str) -> None:
    run = world.run(**{step(state): [lambda _: world.notifier.gone.add(SOCKET)]})

    run.assert_attempts(state, "ok")
    assert world.connections.rows == {}
