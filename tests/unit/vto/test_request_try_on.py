"""Asking for a try-on: what fails after the job is accepted is left to the table's stream."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from tests.unit.vto.world import ALICE, EXECUTION, World
from vto.errors import InvalidRequestError, QueueFullError, StorageUnavailableError
from vto.testing import FakeAdmissions

REQUEST: dict[str, Any] = {"request_id": "r-1", "product_id": "blue-shirt", "model_id": "stock-anna"}


def test_a_new_job_is_started_first_and_then_acknowledged_on_its_socket(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_before_start: list[int] = []
    start = world.workflow.start

    def watched(job_id: str) -> bool:
        told_before_start.extend(world.notifier.seqs("socket-1"))
        return start(job_id)

    monkeypatch.setattr(world.workflow, "start", watched)
    socket = world.connect("socket-1")
    job, is_new = world.request_try_on(REQUEST, ALICE, socket, world.publish_job)
    assert is_new
    assert told_before_start == []
    assert world.workflow.started == [job.id]
    assert world.notifier.seqs("socket-1") == [1]


@pytest.mark.parametrize("tells", [True, False], ids=["and tells of it", "and tells nobody"])
def test_an_execution_that_is_quicker_than_the_acknowledgement_comes_after_it_and_nothing_comes_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, tells: bool
) -> None:
    start = world.workflow.start

    def quick(job_id: str) -> bool:
        started = start(job_id)
        assert world.jobs.claim(job_id, EXECUTION, world.clock.now())
        if tells:
            assert world.publish_job(job_id) == 2
        return started

    monkeypatch.setattr(world.workflow, "start", quick)
    world.connect("laptop")
    job, _ = world.request_try_on(REQUEST, ALICE, world.connect("socket-1"), world.publish_job)
    world.publish_job(job.id)
    told = [(frame["job"]["seq"], frame["job"]["status"]) for frame in world.notifier.sent["socket-1"]]
    assert told == [(1, "created"), (2, "processing")]
    assert world.notifier.seqs("laptop") == [2]


def test_a_function_that_dies_between_the_start_and_the_acknowledgement_leaves_both_to_whoever_tells_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.controls, "claim_delivery", Mock(side_effect=KeyboardInterrupt))
    socket = world.connect("socket-1")
    with pytest.raises(KeyboardInterrupt):
        world.request_try_on(REQUEST, ALICE, socket, world.publish_job)
    monkeypatch.undo()
    [job_id] = world.workflow.started
    assert world.jobs.claim(job_id, EXECUTION, world.clock.now())
    world.publish_job(job_id)
    assert world.notifier.seqs("socket-1") == [1, 2]


def test_the_socket_that_has_just_asked_is_answered_without_looking_up_whose_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = world.connect("socket-1")
    monkeypatch.setattr(world.connections, "get", Mock(side_effect=AssertionError("was read")))
    world.request_try_on(REQUEST, ALICE, socket, world.publish_job)
    assert world.notifier.seqs("socket-1") == [1]


def test_tables_that_do_not_answer_together_are_asked_one_by_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeAdmissions, "outlook", Mock(side_effect=StorageUnavailableError("results")))
    job, is_new = world.request_try_on(REQUEST, ALICE)
    assert (is_new, job.is_promised, world.workflow.started) == (True, False, [job.id])
    world.controls.slots["preview"] = world.clock.now() + timedelta(hours=1)
    with pytest.raises(QueueFullError):
        world.request_try_on({**REQUEST, "request_id": "r-2"}, ALICE)


def test_the_acknowledgement_carries_the_jobs_id_and_the_clients_own_request_id(world: World) -> None:
    job, _ = world.request_try_on(REQUEST, ALICE, world.connect("socket-1"), world.publish_job)
    (frame,) = world.notifier.sent["socket-1"]
    assert (frame["type"], frame["job"]["id"], frame["job"]["request_id"]) == ("job", job.id, "r-1")


def test_over_rest_there_is_no_socket_to_acknowledge(world: World) -> None:
    job, is_new = world.request_try_on(REQUEST, ALICE)
    assert is_new
    assert job.connection_id is None
    assert world.workflow.started == [job.id]


def test_with_the_direct_start_switched_off_the_job_waits_for_the_stream(world: World) -> None:
    world.start_directly = False
    job, is_new = world.request_try_on(REQUEST, ALICE)
    assert is_new
    assert world.workflow.started == []
    assert job.id in world.jobs.rows


def test_when_step_functions_fails_the_job_is_accepted_all_the_same(world: World) -> None:
    world.workflow.problem = StorageUnavailableError("step functions")
    job, is_new = world.request_try_on(REQUEST, ALICE)
    assert is_new
    assert world.jobs.rows[job.id].status == "created"
    assert [what for what, _ in world.reports] == ["direct start left to the stream"]


def test_when_the_socket_cannot_be_written_to_the_job_is_accepted_and_started(world: World) -> None:
    world.notifier.broken.add("socket-1")
    job, is_new = world.request_try_on(REQUEST, ALICE, world.connect("socket-1"), world.publish_job)
    assert is_new
    assert world.workflow.started == [job.id]
    assert [what for what, _ in world.reports] == ["acknowledgement left to the stream"]


def test_when_the_client_is_gone_the_job_is_accepted_and_started(world: World) -> None:
    world.notifier.gone.add("socket-1")
    job, is_new = world.request_try_on(REQUEST, ALICE, world.connect("socket-1"), world.publish_job)
    assert is_new
    assert world.workflow.started == [job.id]
    assert world.reports == []


def test_the_same_request_again_starts_and_acknowledges_nothing(world: World) -> None:
    socket = world.connect("socket-1")
    for _ in range(2):
        job, is_new = world.request_try_on(REQUEST, ALICE, socket, world.publish_job)
    assert not is_new
    assert world.workflow.started == [job.id]
    assert world.notifier.seqs("socket-1") == [1]


def test_a_refused_request_leaves_nothing_behind(world: World) -> None:
    with pytest.raises(InvalidRequestError):
        world.request_try_on({"product_id": "?"}, ALICE, world.connect("socket-1"), world.publish_job)
    assert (world.jobs.rows, world.workflow.started, world.notifier.sent) == ({}, [], {})
