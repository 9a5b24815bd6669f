"""The life of a job: versions only grow, an end is final, and only its own execution may work on it."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import EXECUTION, new_job
from vto.domain import times
from vto.domain.job import TOO_FAR_FOR, Job, Stage, Status, StoredImage, execution_input
from vto.errors import (
    AlreadyClaimedError,
    CancelledError,
    ContentBlockedError,
    InvalidRequestError,
    JobClosedError,
    ModelTimeoutError,
    Violation,
)
from vto.testing import NOON

IMAGE = StoredImage("s3://r/results/job-1/0.png", "digest", 800, 1200)
OTHER = "arn:execution:second"


def entered(job: Job, stage: Stage, execution: str = EXECUTION, seconds: float = 60, **changes: Any) -> Job:
    return job.enter(stage, execution_arn=execution, now=NOON, lease_seconds=seconds, **changes)


def completed(job: Job) -> Job:
    return job.complete(images=(IMAGE,), mask_s3_url=None, engine="preview", now=NOON)


def test_a_new_job_is_version_1_created_and_open_with_a_lease_of_a_minute() -> None:
    job = new_job()
    assert (job.version, job.status, job.stage, job.open) == (1, Status.CREATED, None, "yes")
    assert job.lease_until == "2026-11-21T12:01:00.000Z"


def test_a_job_expires_with_the_retention() -> None:
    assert new_job(retention_days=30).ttl == times.epoch(NOON) + 30 * 24 * 3600


def test_a_job_remembers_its_seed_and_how_many_pictures_were_wanted() -> None:
    parameters = {"imageGenerationConfig": {"numberOfImages": 3, "seed": 0}}
    job = new_job(parameters=parameters)
    assert (job.seed, job.requested_images) == (0, 3)


def test_claiming_makes_it_processing_in_the_stage_of_the_first_step() -> None:
    job = new_job().claimed(EXECUTION, NOON, 90)
    assert (job.status, job.stage, job.version) == (Status.PROCESSING, Stage.VALIDATING, 2)
    assert job.lease_until == "2026-11-21T12:01:30.000Z"


def test_who_has_claimed_a_job_may_claim_it_again_which_extends_its_lease_only() -> None:
    job = new_job().claimed(EXECUTION, NOON)
    again = job.claimed(EXECUTION, NOON + timedelta(minutes=1))
    assert again == replace(job, lease_until="2026-11-21T12:02:00.000Z")


def test_a_job_that_another_execution_has_or_that_ended_before_any_had_it_is_claimed_already() -> None:
    taken, ended = new_job().claimed(EXECUTION, NOON), new_job().fail(CancelledError(), NOON)
    for job in (taken, ended, taken.fail(ModelTimeoutError(), NOON)):
        with pytest.raises(AlreadyClaimedError):
            job.claimed(OTHER, NOON)


@pytest.mark.parametrize("stage", [Stage.QUEUED, Stage.GENERATING, Stage.STORING, None])
def test_a_claim_that_comes_late_sets_a_job_back_to_nothing(stage: Stage | None) -> None:
    taken = new_job().claimed(EXECUTION, NOON)
    further = entered(taken, stage) if stage else taken.fail(ModelTimeoutError(), NOON)
    with pytest.raises(JobClosedError) as late:
        further.claimed(EXECUTION, NOON)
    assert type(late.value) is JobClosedError


def test_a_job_that_was_put_back_waits_for_its_new_execution_whatever_comes_late_of_the_old_one() -> None:
    again = new_job().claimed(EXECUTION, NOON).fail(ModelTimeoutError(), NOON).put_back(NOON)
    with pytest.raises(AlreadyClaimedError):
        again.claimed(EXECUTION, NOON)
    assert again.claimed(f"arn:execution:{again.id}-{again.version}", NOON).status is Status.PROCESSING


def test_each_stage_is_one_version_and_a_repeated_step_is_none() -> None:
    job = new_job().claimed(EXECUTION, NOON)
    queued = entered(job, Stage.QUEUED)
    again = entered(queued, Stage.QUEUED, seconds=500)
    assert (queued.version, again.version) == (3, 3)
    assert again.timeline == queued.timeline
    assert (again.lease_until or "") > (queued.lease_until or "")


def test_the_seconds_of_each_stage_are_those_between_its_changes_and_returns_are_added_up() -> None:
    now = NOON
    job = new_job(now=now).claimed(EXECUTION, now + timedelta(seconds=1))
    for second, stage in ((2, Stage.QUEUED), (5, Stage.GENERATING), (7.25, Stage.QUEUED), (8.25, Stage.GENERATING)):
        job = job.enter(stage, execution_arn=EXECUTION, now=now + timedelta(seconds=second), lease_seconds=60)
    failed = job.fail(ModelTimeoutError(), now + timedelta(seconds=10))
    assert failed.seconds_by_stage == {"created": 1.0, "validating": 1.0, "queued": 4.0, "generating": 4.0}


def test_the_time_between_an_ending_and_a_rerun_is_in_no_stage() -> None:
    failed = new_job().claimed(EXECUTION, NOON).fail(ModelTimeoutError(), NOON)
    again = failed._changed(Status.CREATED, NOON + timedelta(days=1))
    rerun = f"arn:execution:{again.id}-{again.version}"
    assert again.claimed(rerun, NOON + timedelta(days=1, seconds=2)).seconds_by_stage == {
        "created": 2.0,
        "validating": 0.0,
    }


def test_a_step_may_change_other_attributes_with_it() -> None:
    job = entered(new_job().claimed(EXECUTION, NOON), Stage.QUEUED, eta_seconds=12)
    assert job.eta_seconds == 12


def test_a_completed_job_is_closed_and_names_its_first_picture() -> None:
    job = completed(new_job().claimed(EXECUTION, NOON))
    assert (job.status, job.stage, job.open, job.lease_until) == (Status.COMPLETED, None, None, None)
    assert (job.result_s3_url, job.eta_seconds) == (IMAGE.s3_url, None)


def test_a_failed_job_is_closed_and_says_why_in_words_for_its_owner() -> None:
    error = InvalidRequestError("secret detail", [Violation("model_id", "is gone", "choose another")])
    job = new_job().fail(error, NOON)
    assert (job.status, job.open, job.lease_until) == (Status.ERROR, None, None)
    assert (job.error_code, job.error_message) == ("invalid_request", InvalidRequestError.message)
    assert job.error_details == ({"path": "model_id", "problem": "is gone", "remedy": "choose another"},)
    assert "secret" not in repr(job)


@pytest.mark.parametrize("end", [completed, lambda job: job.fail(ContentBlockedError(), NOON)])
def test_an_end_is_final(end: Any) -> None:
    job = end(new_job().claimed(EXECUTION, NOON))
    with pytest.raises(JobClosedError):
        job.fail(ModelTimeoutError(), NOON)
    with pytest.raises(JobClosedError):
        entered(job, Stage.QUEUED)


def test_only_the_execution_that_claimed_a_job_may_work_on_it() -> None:
    job = new_job().claimed(EXECUTION, NOON)
    with pytest.raises(JobClosedError):
        entered(job, Stage.QUEUED, execution=OTHER)


def test_a_job_that_nobody_claimed_cannot_be_worked_on() -> None:
    with pytest.raises(JobClosedError):
        entered(new_job(), Stage.VALIDATING)


steps = st.lists(st.sampled_from(["claim", *Stage, "complete", "fail"]), max_size=12)


def step(job: Job, what: str) -> Job:
    match what:
        case "claim":
            return job.claimed(EXECUTION, NOON) if job.status is Status.CREATED else job
        case "complete":
            job.ensure_worked_on_by(EXECUTION)
            return completed(job)
        case "fail":
            return job.fail(ModelTimeoutError(), NOON)
        case _:
            return entered(job, Stage(what))


@given(steps)
def test_after_any_steps_the_version_counts_the_timeline_and_there_is_at_most_one_end(taken: list[str]) -> None:
    job = new_job()
    for what in taken:
        before = job
        try:
            job = step(job, what)
        except JobClosedError:
            assert before.status is not Status.PROCESSING or before.stage in TOO_FAR_FOR[Stage(what)]
        assert job.version == len(job.timeline)
        assert job.timeline[: before.version] == before.timeline
        assert job.version - before.version in (0, 1)
    ends = [change for change in job.timeline if change.status.is_terminal]
    assert len(ends) <= 1
    assert not ends or job.timeline[-1] is ends[0]
    assert (job.open is None) == job.status.is_terminal
    assert (job.lease_until is None) == job.status.is_terminal
    assert (job.timeline[-1].status, job.timeline[-1].stage) == (job.status, job.stage)


def test_a_snapshot_says_where_the_job_is_and_how_it_came_there() -> None:
    job = entered(new_job().claimed(EXECUTION, NOON), Stage.QUEUED, eta_seconds=9)
    view = job.public()
    assert view["seq"] == 3
    assert (view["status"], view["stage"], view["eta_seconds"]) == ("processing", "queued", 9)
    assert [one["stage"] for one in view["stages"]] == [None, "validating", "queued"]


def test_an_earlier_version_looks_as_it_did_then() -> None:
    job = completed(entered(new_job().claimed(EXECUTION, NOON), Stage.GENERATING))
    view = job.public(2)
    assert (view["seq"], view["status"], view["stage"]) == (2, "processing", "validating")
    assert len(view["stages"]) == 2
    assert "engine" not in view
    assert view["eta_seconds"] is None


def test_a_snapshot_shows_no_address_no_execution_and_nobodys_id_but_the_things_asked_for() -> None:
    job = replace(
        completed(new_job(connection_id="socket-1").claimed(EXECUTION, NOON)), cache_key="key", mask_s3_url="s3://r/m"
    )
    assert not any(word in repr(job.public()) for word in ("s3://", "arn:", "socket-1", "alice", "key'"))


def test_the_snapshot_of_a_failed_job_has_the_error_in_its_one_form() -> None:
    error = new_job().fail(ModelTimeoutError("internals"), NOON).public()["error"]
    assert error == {
        "code": "model_timeout",
        "message": ModelTimeoutError.message,
        "details": [],
        "retryable": True,
        "job_id": "job-1",
    }


def test_an_error_code_of_a_newer_version_of_this_code_can_still_be_shown() -> None:
    job = replace(new_job().fail(ModelTimeoutError(), NOON), error_code="eaten_by_the_dog")
    assert job.public()["error"]["retryable"] is False


def test_an_execution_starts_with_a_blank_form_for_its_job() -> None:
    form = execution_input("job-1")
    assert (form["job_id"], form["generation"], form["failure"]) == ("job-1", None, None)
    assert form["validation"] == {"twin_waits": 0}
    assert form["slot"] == {"round": 0, "throttled": 0, "failed_engines": []}


# What an operator's rerun leaves of a failed job. A new field has to be put into one of the two.
KEPT_BY_A_RERUN = {
    *("id", "user_id", "request_id", "request_fingerprint", "product_id", "model_id", "parameters", "created_at"),
    *("product_picture_s3_url", "model_picture_s3_url", "connection_id", "requested_images", "seed_is_pinned"),
    *("warnings", "cache_key", "source_pixels", "body_bytes", "ttl", "revision"),
    *(
        "version",
        "timeline",
        "updated_at",
        "attempts",
        "ledger",
        "seed",
    ),  # the history goes on; a call chooses its own seed
}


def test_a_job_that_is_put_back_keeps_its_history_and_nothing_that_its_last_execution_counted() -> None:
    job = new_job().claimed(EXECUTION, NOON)
    job = entered(job, Stage.QUEUED, slot_round=3, slot_at="x", eta_seconds=9, failed_engines=("preview",), notice="n")
    job = entered(job, Stage.GENERATING, engine="preview").call(4, "preview", 0, NOON)
    job = replace(job, blocked_calls=1, cache_key="key", images=(), result_s3_url=None)
    failed = job.fail(ContentBlockedError("no"), NOON)

    later = NOON + timedelta(days=1)
    again = failed.put_back(later)

    fresh = new_job()
    for field in fields(Job):
        value = getattr(again, field.name)
        if field.name not in KEPT_BY_A_RERUN | {"lease_until"}:
            assert value == getattr(fresh, field.name), field.name
        elif field.name not in ("version", "timeline", "updated_at", "lease_until"):
            assert value == getattr(failed, field.name), field.name
    assert again.version == failed.version + 1 == len(again.timeline)
    assert again.waiting_since == times.to_iso(later)
    assert again.lease_until == times.after(later, 60)
    assert again.attempts == 1


@pytest.mark.parametrize("status", ["created", "processing", "completed"])
def test_only_a_job_that_has_failed_can_be_put_back(status: str) -> None:
    job = {"created": new_job(), "processing": new_job().claimed(EXECUTION, NOON)}.get(status)
    with pytest.raises(JobClosedError, match=f"is {status}"):
        (job or completed(entered(new_job().claimed(EXECUTION, NOON), Stage.STORING))).put_back(NOON)
