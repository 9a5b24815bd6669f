"""Telling a job's owner: each version once to each of the owner's live sockets, and to nobody else."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import ALICE, BOB, EXECUTION, RESULTS, World
from vto.domain import times
from vto.domain.frames import MAX_FRAME_BYTES, encoded
from vto.domain.job import Job, Stage, Status
from vto.errors import ModelTimeoutError, NotifierUnavailableError, StorageUnavailableError
from vto.ports import Begin, Connection
from vto.use_cases.publish_job import LINK_SECONDS


def test_a_completed_job_comes_with_links_that_expire_and_without_addresses(world: World) -> None:
    world.connect("phone")
    world.completed_job()
    assert world.publish_job("job-1") == 1
    frame = world.notifier.sent["phone"][-1]
    assert frame["type"] == "job"
    (image,) = frame["job"]["images"]
    assert image["url"] == f"https://link/derived/job-1/0.webp?expires={LINK_SECONDS}"
    assert image["original_url"] == f"https://link/results/job-1/0.png?expires={LINK_SECONDS}"
    assert (image["width"], image["height"]) == (800, 1200)
    assert (image["content_type"], image["original_content_type"]) == ("image/webp", "image/png")
    assert frame["job"]["expires_at"] == times.after(world.clock.now(), LINK_SECONDS)
    assert frame["job"]["mask"] is None
    assert "s3://" not in str(frame)


def test_a_failed_job_comes_with_its_error_and_without_pictures(world: World) -> None:
    world.connect("phone")
    world.claimed_job()
    world.record_failure("job-1", EXECUTION, {"Error": ModelTimeoutError.__name__, "Cause": ""})
    world.publish_job("job-1")
    job = world.notifier.sent["phone"][-1]["job"]
    assert (job["status"], job["error"]["code"]) == ("error", "model_timeout")
    assert "images" not in job


def test_all_sockets_of_the_owner_are_told_and_no_others(world: World) -> None:
    for connection_id, user in (("phone", ALICE), ("laptop", ALICE), ("stranger", BOB)):
        world.connect(connection_id, user)
    world.claimed_job()
    assert world.publish_job("job-1") == 2
    assert set(world.notifier.sent) == {"phone", "laptop"}


def test_publishing_again_tells_nobody_anything(world: World) -> None:
    world.connect("phone")
    world.claimed_job()
    assert world.publish_job("job-1") == 1
    assert world.publish_job("job-1") == 0
    assert world.notifier.seqs("phone") == [2]


def test_versions_that_were_skipped_are_told_in_their_order(world: World) -> None:
    world.connect("phone")
    world.add_job()
    world.publish_job("job-1")
    world.jobs.claim("job-1", EXECUTION, world.clock.now())
    validation = world.validate_request("job-1", EXECUTION, 0)
    slot = world.reserve_slot("job-1", EXECUTION, {"round": 0, "throttled": 0, "failed_engines": []}, None)
    world.invoke_model("job-1", EXECUTION, validation, slot)
    world.publish_job("job-1")
    assert world.notifier.seqs("phone") == [1, 2, 3, 4]
    assert [frame["job"]["stage"] for frame in world.notifier.sent["phone"]] == [
        None,
        "validating",
        "queued",
        "generating",
    ]


def test_a_socket_opened_later_hears_the_newest_version_only(world: World) -> None:
    world.completed_job()
    world.connect("late")
    world.publish_job("job-1")
    assert world.notifier.seqs("late") == [6]


def test_only_the_last_of_several_versions_carries_the_pictures(world: World) -> None:
    world.connect("phone")
    world.add_job("job-1")
    world.publish_job("job-1")
    world.jobs.rows.clear()
    world.completed_job("job-1")
    world.publish_job("job-1")
    assert ["images" in frame["job"] for frame in world.notifier.sent["phone"]] == [False] * 5 + [True]


def test_a_client_that_is_gone_is_forgotten_and_is_no_error(world: World) -> None:
    world.connect("phone")
    world.notifier.gone.add("phone")
    world.claimed_job()
    assert world.publish_job("job-1") == 0
    assert world.connections.rows == {}


def test_a_socket_that_cannot_be_told_does_not_keep_the_others_waiting_and_is_tried_again(world: World) -> None:
    for name in ("broken", "phone"):
        world.connect(name)
    world.notifier.broken.add("broken")
    world.claimed_job()
    with pytest.raises(NotifierUnavailableError):
        world.publish_job("job-1")
    assert world.notifier.seqs("phone") == [2]
    world.notifier.broken.clear()
    assert world.publish_job("job-1") == 1
    assert (world.notifier.seqs("broken"), world.notifier.seqs("phone")) == ([2], [2])


def test_while_another_publisher_is_pushing_we_wait_for_it_and_then_have_nothing_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect("phone")
    job = world.claimed_job()
    world.controls.claim_delivery("job-1", "phone", job.version, world.clock.now())

    def other_publisher_finishes(seconds: float) -> None:
        world.controls.confirm_delivery("job-1", "phone", job.version)

    monkeypatch.setattr(world.clock, "sleep", other_publisher_finishes)
    assert world.publish_job("job-1") == 0
    assert world.notifier.sent == {}


def test_a_publisher_that_holds_a_socket_for_long_makes_us_come_again(world: World) -> None:
    world.connect("phone")
    job = world.claimed_job()
    world.controls.claim_delivery("job-1", "phone", job.version, world.clock.now())
    with pytest.raises(NotifierUnavailableError):
        world.publish_job("job-1")


def test_a_publisher_that_died_blocks_a_socket_for_seconds_only(world: World) -> None:
    world.connect("phone")
    job = world.claimed_job()
    world.controls.claim_delivery("job-1", "phone", job.version, world.clock.now())
    world.clock.advance(6)
    assert world.publish_job("job-1") == 1


def test_a_publisher_that_was_overtaken_does_not_turn_the_count_back(world: World) -> None:
    world.connect("phone")
    world.claimed_job()
    world.controls.claim_delivery("job-1", "phone", 2, world.clock.now())
    world.controls.confirm_delivery("job-1", "phone", 5)
    world.controls.confirm_delivery("job-1", "phone", 2)
    assert world.publish_job("job-1") == 0


def test_an_erased_job_is_nobodys_news(world: World) -> None:
    assert world.publish_job("no-such-job") == 0


def test_the_socket_that_asked_is_told_even_before_the_index_knows_it(world: World) -> None:
    world.connect("phone")
    world.connections.hidden.add("phone")
    world.claimed_job(connection_id="phone")
    assert world.publish_job("job-1") == 1


def test_a_job_that_no_socket_asked_for_is_looked_up_by_its_owner_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.connect("phone")
    world.claimed_job(connection_id=None)
    read: list[str] = []
    monkeypatch.setattr(world.connections, "get", read.append)
    assert world.publish_job("job-1") == 1
    assert read == ["phone"]


def test_a_connection_id_that_was_given_to_somebody_else_is_not_told(world: World) -> None:
    world.connect("socket-7", BOB)
    world.connections.hidden.add("socket-7")
    world.claimed_job(connection_id="socket-7", user_id=ALICE)
    assert world.publish_job("job-1") == 0
    assert world.notifier.sent == {}


def test_a_socket_that_the_index_still_shows_as_its_former_owners_is_not_told(world: World) -> None:
    world.connect("socket-7", ALICE)
    shown = world.connections.of_user(ALICE)
    world.connect("socket-7", BOB)
    world.connections.of_user = lambda user_id: shown  # type: ignore[method-assign]
    world.claimed_job(connection_id=None, user_id=ALICE)
    assert world.publish_job("job-1") == 0
    assert (world.notifier.sent, world.controls.sending) == ({}, {})


@pytest.mark.parametrize("hidden", [False, True])
def test_a_socket_whose_time_is_over_is_not_told_although_its_row_is_still_there(world: World, hidden: bool) -> None:
    world.connections.add(Connection("old", ALICE, "", times.epoch(world.clock.now())))
    world.connections.hidden.update({"old"} if hidden else set())
    world.claimed_job(connection_id="old")
    assert world.publish_job("job-1") == 0
    assert world.notifier.sent == {}


events = st.lists(
    st.sampled_from(["stage", "publish", "publish", "connect", "break", "mend", "fail", "die"]), max_size=25
)


@given(events)
def test_whatever_happens_each_version_reaches_a_socket_once_and_in_order_and_the_last_one_always(
    happening: list[str],
) -> None:
    world = World()
    world.connect("phone")
    world.connect("stranger", BOB)
    world.claimed_job()
    stages = iter(list(Stage) * 10)

    def publish() -> None:
        try:
            world.publish_job("job-1")
        except NotifierUnavailableError:
            assert world.notifier.broken

    for what in happening:
        job = world.jobs.rows["job-1"]
        match what:
            case "stage" if job.status is Status.PROCESSING:
                entered = job.enter(next(stages), execution_arn=EXECUTION, now=world.clock.now(), lease_seconds=60)
                world.jobs.save(entered, expected_version=job.version)
            case "publish":
                publish()
            case "connect":
                world.connect("laptop")
            case "break":
                world.notifier.broken.add("phone")
            case "mend":
                world.notifier.broken.clear()
            case "fail":
                world.record_failure("job-1", EXECUTION, {"Error": "ModelTimeoutError", "Cause": ""})
    world.notifier.broken.clear()
    publish()
    final = world.jobs.rows["job-1"].version
    for socket in set(world.notifier.sent):
        seqs = world.notifier.seqs(socket)
        assert seqs == list(range(seqs[0], final + 1))
    assert "phone" in world.notifier.sent
    assert "stranger" not in world.notifier.sent


# --- the delivery queue's way to the same use case ---


def test_a_manifest_delivers_its_completed_job(world: World) -> None:
    world.connect("phone")
    world.completed_job()
    assert world.deliver_result("job-1") == 1
    assert world.notifier.sent["phone"][-1]["job"]["status"] == "completed"


def test_after_the_result_was_delivered_the_second_way_finds_nothing_to_do(world: World) -> None:
    world.connect("phone")
    world.completed_job()
    world.publish_job("job-1")
    assert world.deliver_result("job-1") == 0
    assert len(world.notifier.sent["phone"]) == 1


def test_a_manifest_that_overtakes_its_jobs_status_comes_again(world: World) -> None:
    world.claimed_job()
    with pytest.raises(NotifierUnavailableError):
        world.deliver_result("job-1")


def test_the_manifest_of_an_erased_job_is_dropped(world: World) -> None:
    assert world.deliver_result("no-such-job") == 0


PRESIGNED = 2000  # bytes of a link signed with a session token


def five_pictures(world: World, monkeypatch: pytest.MonkeyPatch, preview_bytes: int) -> dict[str, Any]:
    """The frame of a job with five pictures and a mask, with links as long as they are on AWS."""
    long = "x" * (PRESIGNED - 60)
    monkeypatch.setattr(world.pictures, "link", lambda url, *, seconds: f"https://link/{url.key}?{long}")
    world.tools.preview = b"p" * preview_bytes
    world.engine.outcomes = [5]
    job = world.completed_job()
    frame: dict[str, Any] = world.frames.of(replace(job, mask_s3_url=f"s3://{RESULTS}/mask.png"))()
    assert len(encoded(frame)) <= MAX_FRAME_BYTES
    return frame


def test_previews_of_five_pictures_travel_in_a_frame_as_far_as_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = five_pictures(world, monkeypatch, 2_500)["job"]["images"]
    assert [("preview" in one) for one in images] == [True, True, False, False, False]
    assert base64.b64decode(images[0]["preview"].removeprefix("data:image/webp;base64,")) == b"p" * 2_500


def test_a_frame_without_room_for_any_preview_has_its_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    images = five_pictures(world, monkeypatch, 20_000)["job"]["images"]
    assert len(images) == 5
    assert not any("preview" in one for one in images)


def test_only_the_finished_versions_frame_has_a_preview_and_nothing_that_is_stored_has_one(world: World) -> None:
    world.connect("phone")
    world.add_job()
    world.publish_job("job-1")
    job = world.completed_job("job-2", request_id="2")
    world.publish_job("job-2")
    frame = world.frames.of(job)
    assert "preview" in frame()["job"]["images"][0]
    assert all("images" not in frame(seq)["job"] for seq in range(1, job.version))
    assert "data:" not in str(world.snapshots(job))  # of REST: histories, exports
    assert "data:" not in repr((world.jobs.rows, world.results.ready, world.controls))


def test_previews_are_read_once_for_all_sockets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("phone", "laptop", "tablet"):
        world.connect(name)
    world.completed_job()
    read: list[str] = []
    real = world.pictures.read
    monkeypatch.setattr(world.pictures, "read", lambda url: read.append(url.key) or real(url))
    assert world.publish_job("job-1") == 3
    assert read == ["derived/job-1/previews.json"]


def gone(world: World, job: Job) -> Job:
    del world.pictures.objects[job.previews_s3_url or ""]
    return job


def unreadable(world: World, job: Job) -> Job:
    world.pictures.objects[job.previews_s3_url or ""] = b"<html>"
    return job


def of_before(world: World, job: Job) -> Job:
    return replace(job, shown_s3_urls=(), previews_s3_url=None)


@pytest.mark.parametrize("without", [gone, unreadable, of_before])
def test_a_job_whose_previews_are_not_there_is_told_without(world: World, without: Callable[[World, Job], Job]) -> None:
    world.connect("phone")
    job = without(world, world.completed_job())
    world.jobs.rows[job.id] = job
    assert world.publish_job("job-1") == 1
    [image] = world.notifier.sent["phone"][-1]["job"]["images"]
    assert "preview" not in image
    assert image["original_url"] == f"https://link/results/job-1/0.png?expires={LINK_SECONDS}"
    assert (image["url"] == image["original_url"]) == (without is of_before)


def test_storage_that_does_not_answer_keeps_nobody_waiting_for_a_preview(world: World) -> None:
    world.connect("phone")
    world.completed_job()
    world.pictures.read = lambda url: (_ for _ in ()).throw(StorageUnavailableError("down"))  # type: ignore[method-assign]
    assert world.publish_job("job-1") == 1


def test_what_arrived_before_a_push_failed_is_not_pushed_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.connect("phone")
    world.add_job()
    world.publish_job("job-1")
    world.jobs.claim("job-1", EXECUTION, world.clock.now())
    validation = world.validate_request("job-1", EXECUTION, 0)
    world.reserve_slot("job-1", EXECUTION, {"round": 0, "throttled": 0, "failed_engines": []}, None)
    assert validation["reuse"] == "none"
    send = world.notifier.send

    def breaks_at_three(connection_id: str, frame: Any) -> bool:
        if frame["job"]["seq"] == 3:
            raise NotifierUnavailableError("broken on purpose")
        return send(connection_id, frame)

    monkeypatch.setattr(world.notifier, "send", breaks_at_three)
    with pytest.raises(NotifierUnavailableError):
        world.publish_job("job-1")
    monkeypatch.setattr(world.notifier, "send", send)
    world.publish_job("job-1")

    assert world.notifier.seqs("phone") == [1, 2, 3]


def test_what_the_quickest_way_needs_is_begun_together_and_what_the_others_need_when_they_need_it(world: World) -> None:
    """Notify Client is waited for; the stream and the queue mostly find that all is told."""
    begun: list[str] = []

    @contextmanager
    def noted() -> Iterator[Begin]:
        def begin(call: Any) -> Any:
            begun.append(call.func.__name__)
            answer = call()
            return lambda: answer

        yield begin

    world.connect("phone")
    world.completed_job()
    publish = replace(world.publish_job, meanwhile=noted)
    assert (publish("job-1", is_first=True), begun) == (1, ["previews", "get"])
    assert "preview" in world.notifier.sent["phone"][-1]["job"]["images"][0]
    begun.clear()
    assert (publish("job-1"), begun) == (0, [])


def test_whose_a_socket_is_is_read_again_after_a_wait_for_another_publisher(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def at_once() -> Iterator[Begin]:
        yield lambda call: partial(lambda answer: answer, call())

    world.connect("socket-7")
    job = world.claimed_job(user_id=ALICE)
    world.controls.claim_delivery("job-1", "socket-7", job.version, world.clock.now())

    def given_to_somebody_else(seconds: float) -> None:
        world.connect("socket-7", BOB)
        world.controls.release_delivery("job-1", "socket-7")

    monkeypatch.setattr(world.clock, "sleep", given_to_somebody_else)
    assert replace(world.publish_job, meanwhile=at_once)("job-1", is_first=True) == 0
    assert world.notifier.sent == {}


@pytest.mark.parametrize("told", [5, 6])
def test_an_end_that_was_told_is_looked_at_and_not_claimed(
    world: World, monkeypatch: pytest.MonkeyPatch, told: int
) -> None:
    world.connect("phone")
    world.completed_job()
    world.controls.confirm_delivery("job-1", "phone", told)
    claims: list[int] = []
    claim = world.controls.claim_delivery
    monkeypatch.setattr(world.controls, "claim_delivery", lambda *asked: claims.append(asked[2]) or claim(*asked))
    assert world.publish_job("job-1") == world.deliver_result("job-1") + (told == 5) == (told == 5)
    assert claims == ([6] if told == 5 else [])
