"""Asking for a try-on: what fails after the job is accepted is left to the table's stream."""

from typing import Any

import pytest

from tests.unit.vto.world import ALICE, World
from vto.errors import InvalidRequestError, StorageUnavailableError

REQUEST: dict[str, Any] = {"request_id": "r-1", "product_id": "blue-shirt", "model_id": "stock-anna"}


def test_a_new_job_is_acknowledged_on_its_socket_first_and_then_started(
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
    assert told_before_start == [1]
    assert world.workflow.started == [job.id]


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
