"""What a client sends over its socket, and what it hears back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import ALICE, BOB, World
from vto.domain.frames import MAX_FRAME_BYTES
from vto.errors import NotifierUnavailableError, StorageUnavailableError
from vto.testing import NOON

SESSION_UNTIL = int(NOON.timestamp()) + 3600

TRY_ON: dict[str, Any] = {
    "action": "tryOn",
    "request_id": "r-1",
    "product_id": "blue-shirt",
    "model_id": "stock-anna",
}


def say(world: World, message: Any, user_id: str = ALICE) -> tuple[str, list[dict[str, Any]]]:
    """Send a frame (text as it is, anything else as JSON); what was answered, and what the socket heard."""
    connection_id = f"socket-of-{user_id}"
    connection = world.connections.get(connection_id) or world.connect(connection_id, user_id)
    before = len(world.notifier.sent.get(connection_id, []))
    answered = world.answer_message(
        message if isinstance(message, str) else json.dumps(message), connection, SESSION_UNTIL
    )
    return answered, world.notifier.sent.get(connection_id, [])[before:]


def test_a_try_on_is_answered_with_the_first_snapshot_of_its_job(world: World) -> None:
    answered, (frame,) = say(world, TRY_ON)
    assert answered == "tryOn"
    assert (frame["type"], frame["job"]["status"], frame["job"]["seq"]) == ("job", "created", 1)
    assert frame["job"]["request_id"] == "r-1"


def test_the_same_try_on_again_is_answered_with_where_the_job_is_now(world: World) -> None:
    say(world, TRY_ON)
    (job_id,) = world.jobs.rows
    world.jobs.claim(job_id, "arn:execution:x", world.clock.now())
    _, (frame,) = say(world, TRY_ON)
    assert (frame["job"]["id"], frame["job"]["seq"]) == (job_id, 2)
    assert len(world.jobs.rows) == 1


def test_a_refusal_names_the_request_and_everything_that_is_wrong_with_it(world: World) -> None:
    answered, (frame,) = say(world, {**TRY_ON, "product_id": "?", "model_id": "?"})
    assert answered == "invalid_request"
    assert (frame["type"], frame["request_id"], frame["error"]["code"]) == ("error", "r-1", "invalid_request")
    assert [one["path"] for one in frame["error"]["details"]] == ["product_id", "model_id"]
    assert world.jobs.rows == {}
    assert [what for what, _ in world.reports] == ["refused"]


def test_a_ping_is_answered_with_a_pong(world: World) -> None:
    assert say(world, {"action": "ping"}) == ("ping", [{"type": "pong"}])


def test_watching_a_job_answers_with_its_current_snapshot_every_time(world: World) -> None:
    world.completed_job()
    for _ in range(2):
        answered, (frame,) = say(world, {"action": "watchJob", "job_id": "job-1"})
        assert answered == "watchJob"
        assert (frame["job"]["status"], len(frame["job"]["images"])) == ("completed", 1)


def test_someone_elses_job_is_answered_exactly_like_one_that_does_not_exist(world: World) -> None:
    world.completed_job()
    _, (theirs,) = say(world, {"action": "watchJob", "job_id": "job-1"}, BOB)
    _, (nobodys,) = say(world, {"action": "watchJob", "job_id": "job-2"}, BOB)
    assert theirs == nobodys
    assert theirs["error"]["code"] == "not_found"


def test_watching_without_saying_what_is_refused_with_the_field(world: World) -> None:
    _, (frame,) = say(world, {"action": "watchJob"})
    (one,) = frame["error"]["details"]
    assert (one["path"], one["problem"]) == ("job_id", "is missing")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("tryOn", "is not JSON"),
        ("[" * 30_000, "is not JSON"),
        ("null", "must be a JSON object"),
        ("[]", "must be a JSON object"),
        ('"ping"', "must be a JSON object"),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(world: World, body: str, problem: str) -> None:
    answered, (frame,) = say(world, body)
    assert answered == "invalid_request"
    (told,) = frame["error"]["details"]
    assert (told["path"], told["problem"]) == ("(the whole request)", problem)
    assert '{"action": "ping"}' in told["remedy"]
    assert "request_id" not in frame


@pytest.mark.parametrize("action", [{"action": "buy"}, {"action": None}, {"action": ["tryOn"]}, {}])
def test_an_unknown_action_is_told_the_known_ones(world: World, action: dict[str, Any]) -> None:
    _, (frame,) = say(world, {**action, "request_id": "r-9"})
    assert frame["request_id"] == "r-9"
    (told,) = frame["error"]["details"]
    assert (told["path"], told["remedy"]) == ("action", "send one of tryOn, watchJob, cancelTryOn, ping")


def test_a_frame_that_is_too_large_is_refused_whatever_it_says(world: World) -> None:
    _, (frame,) = say(world, json.dumps({**TRY_ON, "note": "ä" * (MAX_FRAME_BYTES // 6)}, ensure_ascii=True))
    (told,) = frame["error"]["details"]
    assert told["problem"] == "must be at most 32 KB"
    assert "addresses of uploads" in told["remedy"]


def test_a_frame_of_exactly_the_limit_is_served(world: World) -> None:
    body = '{"action": "ping"}'.ljust(MAX_FRAME_BYTES)
    assert say(world, body)[0] == "ping"
    assert say(world, body + " ")[0] == "invalid_request"


def test_a_frame_is_measured_in_bytes_not_in_letters(world: World) -> None:
    body = json.dumps({"action": "ping", "note": "ä" * (MAX_FRAME_BYTES * 2 // 3)}, ensure_ascii=False)
    assert len(body) < MAX_FRAME_BYTES
    assert say(world, body)[0] == "invalid_request"


def test_a_very_long_request_id_is_not_echoed_in_full(world: World) -> None:
    _, (frame,) = say(world, {**TRY_ON, "request_id": "x" * 5000})
    assert len(frame["request_id"]) == 64


def test_a_failure_of_ours_is_said_without_its_internals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(job: Any, **_: Any) -> bool:
        raise StorageUnavailableError("create job: ProvisionedThroughputExceededException")

    monkeypatch.setattr(world.jobs, "create", fail)
    answered, (frame,) = say(world, TRY_ON)
    assert answered == "storage_unavailable"
    assert frame["error"]["retryable"] is True
    assert "Throughput" not in json.dumps(frame)


def test_an_accepted_try_on_is_never_answered_with_an_error(world: World) -> None:
    world.workflow.problem = StorageUnavailableError("step functions")
    answered, (frame,) = say(world, TRY_ON)
    assert (answered, frame["type"]) == ("tryOn", "job")


def test_a_socket_that_cannot_be_answered_makes_the_call_fail(world: World) -> None:
    connection = world.connect("phone")
    world.notifier.broken.add("phone")
    with pytest.raises(NotifierUnavailableError):
        world.answer_message('{"action": "ping"}', connection, SESSION_UNTIL)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["action", "request_id", "product_id", "model_id", "model_picture_s3_url", "parameters", "x"])
frames = st.text(max_size=60) | st.dictionaries(
    fields,
    json_values | st.sampled_from(["tryOn", "watchJob", "cancelTryOn", "ping", "blue-shirt", "stock-anna"]),
    max_size=6,
).map(json.dumps)


@given(frames)
def test_every_frame_whatsoever_gets_exactly_one_answer(body: str) -> None:
    world = World()
    _, heard = say(world, body)
    assert len(heard) == 1
    assert heard[0]["type"] in ("pong", "job", "error")
    assert (heard[0]["type"] == "job") == bool(world.jobs.rows)


def test_after_its_token_expired_a_socket_is_refused_and_closed(world: World) -> None:
    connection = world.connect("late", ALICE)
    for frame in (TRY_ON, {"action": "watchJob", "job_id": "job-1"}, {"action": "ping"}):
        assert world.answer_message(json.dumps(frame), connection, int(NOON.timestamp())) == "not_authorized"
    assert world.jobs.rows == {}
    assert world.notifier.closed == ["late"] * 3
    assert {frame["error"]["code"] for frame in world.notifier.sent["late"]} == {"not_authorized"}
