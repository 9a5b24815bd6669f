"""Sockets are told before they end: by a ping in their last minutes, and before a deployment by an operator's order."""

from typing import Any

import pytest

from tests.unit.vto.world import ALICE, World
from vto.domain import times
from vto.domain.farewell import NOTICE_SECONDS, SOCKET_SECONDS, Reason, bye, ends_at
from vto.errors import InvalidRequestError
from vto.ports import Connection
from vto.testing import NOON
from vto.use_cases import say_bye
from vto.use_cases.say_bye import SayBye

EPOCH = times.epoch(NOON)
DEPLOY = {"type": "bye", "reason": "deploy", "reconnect_in_seconds": 30}


@pytest.fixture
def world() -> World:
    return World()


def told(world: World, seconds: Any = 30) -> dict[str, Any]:
    order = SayBye(world.connections, world.notifier, world.operations, world.clock, world.report)
    return order(seconds)


def crowd(world: World, count: int) -> list[str]:
    names = [f"socket-{n:03}" for n in range(count)]
    opened = times.after(world.clock.now(), -60)
    for name in names:
        world.connections.add(Connection(name, ALICE, opened, EPOCH + SOCKET_SECONDS))
    return names


# --- by an order ------------------------------------------------------------------------------------------------------


def test_every_live_socket_is_told_once(world: World) -> None:
    names = crowd(world, 250)
    assert told(world) == {"told": 250, "gone": 0, "failed": 0, "is_complete": True}
    assert world.notifier.sent == {name: [DEPLOY] for name in names}
    assert world.notifier.closed == [], "its client closes it, once it has another"


def test_sockets_that_are_over_or_gone_are_not_counted_as_told_and_the_gone_are_forgotten(world: World) -> None:
    crowd(world, 3)
    world.connections.add(Connection("socket-old", ALICE, times.after(NOON, -7200), EPOCH))
    world.notifier.gone.add("socket-001")
    world.notifier.broken.add("socket-002")
    assert told(world) == {"told": 1, "gone": 1, "failed": 1, "is_complete": True}
    assert sorted(world.connections.rows) == ["socket-000", "socket-002", "socket-old"]
    assert len(world.reports) == 1


def test_who_has_come_back_since_the_order_was_given_is_not_sent_away_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(say_bye, "PAGE", 2)
    crowd(world, 4)
    slow(world, 15)
    assert told(world) == {"told": 3, "gone": 0, "failed": 0, "is_complete": False}
    world.connections.add(Connection("socket-zzz", ALICE, times.to_iso(world.clock.now()), EPOCH + SOCKET_SECONDS))
    assert told(world) == {"told": 1, "gone": 0, "failed": 0, "is_complete": True}
    assert "socket-zzz" not in world.notifier.sent
    world.clock.advance(1)
    told(world)
    told(world)
    assert world.notifier.sent["socket-zzz"] == [DEPLOY], "an order after that is a new one"


def test_an_order_that_died_goes_on_where_it_was_and_leaves_nobody_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(say_bye, "PAGE", 10)
    names = crowd(world, 35)
    world.notifier.send = failing_after(world.notifier.send, 17)  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        told(world)
    assert told(world)["told"] == 25, "from the page that it died in"
    assert sorted(world.notifier.sent) == names


def test_an_order_that_died_long_ago_is_not_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(say_bye, "PAGE", 2)
    crowd(world, 4)
    slow(world, 25)
    assert told(world)["is_complete"] is False
    world.clock.advance(say_bye.RESUME_SECONDS)
    assert told(world)["told"] == 2
    assert told(world)["told"] == 2
    assert [len(frames) for frames in world.notifier.sent.values()] == [2, 2, 1, 1]
    assert world.operations.places == {}


@pytest.mark.parametrize("seconds", [None, 0, -1, 601, 1.5, "30", True, [30]])
def test_a_wait_that_is_none_is_refused_and_nobody_told(world: World, seconds: Any) -> None:
    crowd(world, 1)
    with pytest.raises(InvalidRequestError) as refused:
        told(world, seconds)
    (found,) = refused.value.violations
    assert (found.path, found.remedy) == ("reconnect_in_seconds", "send a whole number from 1 to 600")
    assert world.notifier.sent == {}


def slow(world: World, seconds: float) -> None:
    """Let each push take this long."""
    send = world.notifier.send

    def slowly(*call: Any) -> bool:
        world.clock.advance(seconds)
        return send(*call)

    world.notifier.send = slowly  # type: ignore[method-assign]


def failing_after(send: Any, count: int) -> Any:
    left = iter(range(count))

    def fails(*call: Any) -> Any:
        nonlocal left
        if next(left, None) is None:
            left = iter(range(1000))
            raise ZeroDivisionError
        return send(*call)

    return fails


# --- by a ping --------------------------------------------------------------------------------------------------------


def ping(world: World, *, opened_at: int | None, session_until: int) -> list[dict[str, Any]]:
    world.connect("c-1", ALICE)
    assert world.answer_message('{"action":"ping"}', world.connections.rows["c-1"], session_until, opened_at) == "ping"
    frames = world.notifier.sent["c-1"]
    assert frames[0] == {"type": "pong"}
    return frames[1:]


@pytest.mark.parametrize("left", [NOTICE_SECONDS, 1])
def test_a_ping_in_the_last_ten_minutes_of_two_hours_is_told_so(world: World, left: int) -> None:
    opened_at = EPOCH - SOCKET_SECONDS + left
    assert ping(world, opened_at=opened_at, session_until=EPOCH + 9000) == [bye(Reason.MAXIMUM_AGE, 1)]


@pytest.mark.parametrize("opened_at", [EPOCH - 3000, None])
def test_a_ping_in_the_last_ten_minutes_of_a_token_is_told_so(world: World, opened_at: int | None) -> None:
    assert ping(world, opened_at=opened_at, session_until=EPOCH + NOTICE_SECONDS) == [bye(Reason.SESSION, 1)]


def test_a_ping_before_that_is_answered_with_a_pong_alone(world: World) -> None:
    opened_at = EPOCH - SOCKET_SECONDS + NOTICE_SECONDS + 1
    assert ping(world, opened_at=opened_at, session_until=EPOCH + NOTICE_SECONDS + 1) == []


def test_a_socket_ends_with_what_comes_first() -> None:
    assert ends_at(EPOCH, EPOCH + SOCKET_SECONDS + 1) == (EPOCH + SOCKET_SECONDS, Reason.MAXIMUM_AGE)
    assert ends_at(EPOCH, EPOCH + SOCKET_SECONDS - 1) == (EPOCH + SOCKET_SECONDS - 1, Reason.SESSION)
    assert ends_at(None, EPOCH) == (EPOCH, Reason.SESSION)
