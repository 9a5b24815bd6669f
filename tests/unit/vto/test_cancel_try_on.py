"""A shopper changes their mind."""

from typing import Any

import pytest

from tests.unit.vto.test_answer_message import say
from tests.unit.vto.world import ALICE, BLANK_SLOT, BOB, EXECUTION, World
from vto.domain.job import Job, Stage, Status
from vto.errors import JobClosedError, NotFoundError, TooLateError
from vto.use_cases.invoke_model import InvokeModel


def bring_to(world: World, where: str) -> None:
    """A job of Alice's, so far on its way."""
    world.add_job()
    if where == "created":
        return
    world.jobs.claim("job-1", EXECUTION, world.clock.now())
    validation = world.validate_request("job-1", EXECUTION, 0)
    if where == "validating":
        return
    slot = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    if where == "queued":
        return
    made = world.invoke_model("job-1", EXECUTION, validation, slot)
    if where == "generating":
        return
    world.store_result("job-1", EXECUTION, validation, made)


@pytest.mark.parametrize("where", ["created", "validating", "queued"])
def test_a_job_that_only_waits_is_cancelled_with_a_sentence_for_its_owner(world: World, where: str) -> None:
    bring_to(world, where)
    job = world.cancel_try_on("job-1", ALICE)
    assert (job.status, job.error_code, job.open, job.lease_until) == (Status.ERROR, "cancelled", None, None)
    assert job.public()["error"] == {
        "code": "cancelled",
        "message": "You cancelled this try-on.",
        "details": [],
        "retryable": False,
        "job_id": "job-1",
    }
    assert world.jobs.rows["job-1"] == job
    assert world.endings == [job]
    assert world.engine.requests == []


@pytest.mark.parametrize("where", ["created", "queued"])
def test_cancelling_again_is_answered_the_same_and_counted_once(world: World, where: str) -> None:
    bring_to(world, where)
    first = world.cancel_try_on("job-1", ALICE)
    world.clock.advance(9)
    assert world.cancel_try_on("job-1", ALICE) == first
    assert world.endings == [first]


@pytest.mark.parametrize(("where", "said"), [("generating", "generating"), ("completed", "completed")])
def test_a_job_that_is_being_made_or_has_ended_cannot_be_cancelled(world: World, where: str, said: str) -> None:
    bring_to(world, where)
    before = world.jobs.rows["job-1"]
    with pytest.raises(TooLateError) as refused:
        world.cancel_try_on("job-1", ALICE)
    (told,) = refused.value.violations
    assert (told.path, told.problem) == ("job_id", f"is {said} already")
    assert world.jobs.rows["job-1"] is before


def test_a_job_that_failed_otherwise_cannot_be_cancelled(world: World) -> None:
    bring_to(world, "queued")
    world.record_failure("job-1", EXECUTION, {"Error": "InternalError", "Cause": ""})
    with pytest.raises(TooLateError):
        world.cancel_try_on("job-1", ALICE)


@pytest.mark.parametrize(("job_id", "user"), [("job-1", BOB), ("job-9", ALICE), ("", ALICE), ("x" * 5000, ALICE)])
def test_another_ones_job_is_answered_like_one_that_is_not_there(world: World, job_id: str, user: str) -> None:
    bring_to(world, "queued")
    with pytest.raises(NotFoundError) as refused:
        world.cancel_try_on(job_id, user)
    assert refused.value.violations[0].problem == "is none of your try-ons"
    assert world.jobs.rows["job-1"].status is Status.PROCESSING


def test_a_twin_goes_on_at_once(world: World) -> None:
    bring_to(world, "queued")
    world.claimed_job("twin", "arn:twin", request_id="r-2")
    assert world.validate_request("twin", "arn:twin", 0)["reuse"] == "twin"
    world.cancel_try_on("job-1", ALICE)
    assert world.validate_request("twin", "arn:twin", 1)["reuse"] == "none"


@pytest.mark.parametrize("first", ["cancel", "call"])
def test_a_cancel_and_the_first_write_of_the_call_exclude_each_other(world: World, first: str) -> None:
    """Both have read the job as it stands in the queue; whoever writes second has to look again."""
    bring_to(world, "queued")
    validation = {"source": "s3://a/b", "reference": "s3://a/c", "mask": None, "cache_key": "key"}
    slot = {"engine": "preview", "round": 1}

    def cancel() -> Job:
        return world.cancel_try_on("job-1", ALICE)

    def call() -> Any:
        return InvokeModel.__call__(world.invoke_model, "job-1", EXECUTION, validation, slot)

    winner, loser, error = (cancel, call, JobClosedError) if first == "cancel" else (call, cancel, TooLateError)

    def overtake(_: Job) -> None:
        world.jobs.before_save = None
        winner()

    world.jobs.before_save = overtake
    with pytest.raises(error):
        loser()
    job = world.jobs.rows["job-1"]
    assert (job.error_code == "cancelled") is (first == "cancel")
    assert len(world.engine.requests) == (0 if first == "cancel" else 1)
    assert job.stage is (None if first == "cancel" else Stage.GENERATING)


# --- over the socket --------------------------------------------------------------------------------------------------


def test_over_the_socket_the_answer_is_the_jobs_snapshot(world: World) -> None:
    bring_to(world, "queued")
    answered, (frame,) = say(world, {"action": "cancelTryOn", "job_id": "job-1"})
    assert answered == "cancelTryOn"
    assert (frame["type"], frame["job"]["error"]["code"]) == ("job", "cancelled")


def test_over_the_socket_too_late_is_an_error_frame(world: World) -> None:
    bring_to(world, "generating")
    answered, (frame,) = say(
        world,
        {
            "action": "cancelTryOn",
            "job_id": "job-1",
        },
    )
    assert (answered, frame["error"]["code"]) == ("too_late", "too_late")


def test_over_the_socket_the_job_must_be_named(world: World) -> None:
    _, (frame,) = say(world, {"action": "cancelTryOn"})
    assert frame["error"]["details"][0]["path"] == "job_id"
