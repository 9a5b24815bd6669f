"""State "Reserve Slot": which engine takes the job, and when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from tests.unit.vto.world import BLANK_SLOT, EXECUTION, World
from vto.domain import times
from vto.domain.engines import PROFILES
from vto.domain.health import Door
from vto.domain.job import Stage
from vto.domain.pacing import MAX_QUEUE_SECONDS as MOST
from vto.domain.pacing import Lane
from vto.domain.parameters import canonical
from vto.errors import (
    ExpiredError,
    InvalidRequestError,
    JobClosedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelUnavailableError,
    NoEngineError,
    QueueFullError,
    StorageUnavailableError,
)
from vto.use_cases.reserve_slot import MAX_THROTTLED, MEASURED

MAX_QUEUE_SECONDS = MOST[Lane.SHOPPER]
TWO = ["nova_canvas", "preview"]


def failure(error: type[Exception]) -> dict[str, str]:
    return {"Error": error.__name__, "Cause": "{}"}


def reserve(
    world: World, slot: dict[str, Any] | None = None, failed: type[Exception] | None = None, job_id: str = "job-1"
) -> dict[str, Any]:
    return world.reserve_slot(job_id, EXECUTION, slot or BLANK_SLOT, failure(failed) if failed else None)


def test_an_idle_engine_takes_the_job_at_once(world: World) -> None:
    world.claimed_job()
    assert reserve(world) == {
        "round": 1,
        "throttled": 0,
        "failed_engines": [],
        "engine": "preview",
        "wait_seconds": 0,
        "turn": False,
        "timeout_seconds": PROFILES["preview"].timeout_seconds,
    }


def test_the_job_is_queued_with_its_engine_its_slot_and_an_honest_estimate(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=9)
    world.claimed_job()
    answer = reserve(world)
    job = world.jobs.rows["job-1"]
    assert (job.stage, job.engine, answer["wait_seconds"]) == (Stage.QUEUED, "preview", 10)
    assert job.slot_at == times.after(world.clock.now(), 10)
    assert job.eta_seconds == 10 + PROFILES["preview"].usual_seconds


def test_the_lease_outlasts_the_wait(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=600)
    world.claimed_job()
    wait = reserve(world)["wait_seconds"]
    lease = times.from_iso(world.jobs.rows["job-1"].lease_until or "")
    assert lease > world.clock.now() + timedelta(seconds=wait + 60)


def test_jobs_that_come_together_get_slots_one_interval_apart(world: World) -> None:
    for number in range(5):
        world.claimed_job(f"job-{number}")
    assert [reserve(world, job_id=f"job-{number}")["wait_seconds"] for number in range(5)] == [0, 1, 2, 3, 4]


def test_a_part_of_a_second_is_waited_in_full(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() - timedelta(seconds=0.7)
    world.claimed_job()
    assert reserve(world)["wait_seconds"] == 1


def test_a_retry_of_the_step_keeps_the_slot_it_has(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=9)
    world.claimed_job()
    first = reserve(world)
    taken = dict(world.controls.slots)
    world.clock.advance(4)
    again = reserve(world)
    assert world.controls.slots == taken
    assert again == {**first, "wait_seconds": first["wait_seconds"] - 4}
    assert world.jobs.rows["job-1"].version == 3


def test_a_throttled_call_comes_back_for_a_new_slot_and_is_counted(world: World) -> None:
    world.claimed_job()
    first = reserve(world)
    second = reserve(world, first, ModelThrottledError)
    assert (second["round"], second["throttled"], second["failed_engines"]) == (2, 1, [])
    assert second["engine"] == "preview"


def test_each_throttle_is_answered_with_twice_the_back_off(world: World) -> None:
    world.claimed_job()
    slot = reserve(world)
    waits = []
    for _ in range(MAX_THROTTLED):
        world.clock.advance(100)
        slot = reserve(world, slot, ModelThrottledError)
        waits.append(slot["wait_seconds"])
    assert waits == [1, 2, 4]


def test_after_three_throttles_the_fourth_ends_the_job(world: World) -> None:
    world.claimed_job()
    slot = {**BLANK_SLOT, "round": 4, "throttled": MAX_THROTTLED, "engine": "preview"}
    with pytest.raises(ModelThrottledError):
        reserve(world, slot, ModelThrottledError)


def test_each_round_is_seen_by_the_shopper_as_waiting_again(world: World) -> None:
    world.engine.outcomes = [ModelThrottledError("slow down")]
    world.claimed_job()
    validation = world.validate_request("job-1", EXECUTION, 0)
    slot = reserve(world)
    with pytest.raises(ModelThrottledError):
        world.invoke_model("job-1", EXECUTION, validation, slot)
    reserve(world, slot, ModelThrottledError)
    stages = [change.stage for change in world.jobs.rows["job-1"].timeline]
    assert stages == [None, Stage.VALIDATING, Stage.QUEUED, Stage.GENERATING, Stage.QUEUED]


@pytest.mark.parametrize("error", [ModelUnavailableError, ModelRetiredError])
def test_when_an_engine_fails_the_next_one_in_order_takes_the_job(world: World, error: type[Exception]) -> None:
    world.engine_order = TWO
    world.claimed_job()
    first = reserve(world)
    second = reserve(world, first, error)
    assert (first["engine"], second["engine"], second["failed_engines"]) == ("nova_canvas", "preview", ["nova_canvas"])
    assert second["timeout_seconds"] == PROFILES["preview"].timeout_seconds
    assert second["throttled"] == 0
    job = world.jobs.rows["job-1"]
    assert (job.engine, job.failed_engines) == ("preview", ("nova_canvas",))


@pytest.mark.parametrize("error", [ModelUnavailableError, ModelRetiredError])
def test_when_all_engines_have_failed_on_a_job_it_waits_for_whichever_returns_first(
    world: World, error: type[ModelUnavailableError]
) -> None:
    world.engine_order = TWO
    world.claimed_job()
    second = reserve(world, reserve(world), ModelUnavailableError)
    for engine, moment in (("nova_canvas", 0), ("preview", 30)):
        now = world.clock.now() + timedelta(seconds=moment)
        world.controls.fail_engine(engine, "job", now, gone=True, reason=error.code)
    with pytest.raises(NoEngineError):
        reserve(world, second, error)

    world.clock.advance(600)
    third = reserve(world, second, error)

    assert (third["engine"], third["failed_engines"], third["throttled"]) == ("nova_canvas", [], 0)


def test_a_job_that_found_its_engine_closed_to_it_comes_back_without_a_mark_against_the_engine(world: World) -> None:
    world.engine_order = TWO
    world.claimed_job()
    again = reserve(world, reserve(world), NoEngineError)
    assert (again["engine"], again["failed_engines"], again["throttled"]) == ("nova_canvas", [], 0)


def test_an_engine_that_throttles_once_too_often_has_failed_on_this_job(world: World) -> None:
    world.engine_order = TWO
    world.claimed_job()
    slot = reserve(world)
    for _ in range(4):
        slot = reserve(world, slot, ModelThrottledError)
    assert (slot["engine"], slot["failed_engines"], slot["throttled"]) == ("preview", ["nova_canvas"], 0)
    for _ in range(3):
        slot = reserve(world, slot, ModelThrottledError)
    with pytest.raises(ModelThrottledError):
        reserve(world, slot, ModelThrottledError)


def test_a_trial_is_the_jobs_own_when_the_step_is_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.claimed_job()
    world.controls.fail_engine("preview", "job", world.clock.now(), gone=True, reason="model_retired")
    world.clock.advance(600)
    with monkeypatch.context() as patched:
        patched.setattr(world.controls, "take_slot", Mock(side_effect=StorageUnavailableError))
        with pytest.raises(StorageUnavailableError):
            reserve(world)
    assert reserve(world)["engine"] == "preview"


def test_a_trial_of_an_engine_without_a_free_slot_is_left_to_others(world: World) -> None:
    world.claimed_job()
    world.controls.fail_engine("preview", "job", world.clock.now(), gone=True, reason="model_retired")
    world.clock.advance(600)
    world.controls.slots["preview"] = world.clock.now() + timedelta(minutes=15)
    with pytest.raises(QueueFullError):
        reserve(world)
    assert world.controls.door("preview", "another", world.clock.now()) is Door.HALF_OPEN


def test_a_paused_engine_is_passed_over(world: World) -> None:
    world.engine_order = TWO
    world.controls.paused.add("nova_canvas")
    world.claimed_job()
    assert reserve(world)["engine"] == "preview"


def test_while_all_engines_are_paused_the_job_keeps_its_place_and_is_not_swept(world: World) -> None:
    world.controls.paused.add("preview")
    world.claimed_job()
    with pytest.raises(NoEngineError):
        reserve(world)
    job = world.jobs.rows["job-1"]
    assert job.stage is Stage.QUEUED
    assert world.jobs.overdue(world.clock.now() + timedelta(seconds=60), limit=9) == ([], None)
    assert world.controls.slots == {}


def test_when_an_engine_comes_back_the_waiting_job_is_taken(world: World) -> None:
    world.controls.paused.add("preview")
    world.claimed_job()
    with pytest.raises(NoEngineError):
        reserve(world)
    world.controls.paused.clear()
    world.clock.advance(30)
    assert reserve(world)["failed_engines"] == []


def test_a_job_whose_engine_failed_waits_for_a_paused_one_and_never_tries_the_failed_one_again(world: World) -> None:
    world.engine_order = TWO
    world.controls.paused.add("preview")
    world.claimed_job()
    before = reserve(world)
    with pytest.raises(NoEngineError):
        reserve(world, before, ModelUnavailableError)
    assert world.jobs.rows["job-1"].failed_engines == ("nova_canvas",)
    world.controls.paused.clear()

    assert reserve(world, before, ModelUnavailableError)["engine"] == "preview"


def test_a_job_that_has_waited_for_a_quarter_of_an_hour_expires(world: World) -> None:
    world.controls.paused.add("preview")
    world.claimed_job()
    world.clock.advance(MAX_QUEUE_SECONDS + 1)
    with pytest.raises(ExpiredError):
        reserve(world)


def test_a_queue_longer_than_anybody_may_be_kept_waiting_is_full(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=MAX_QUEUE_SECONDS)
    world.claimed_job()
    with pytest.raises(QueueFullError):
        reserve(world)


def test_whoever_is_turned_away_does_not_make_the_queue_longer(world: World) -> None:
    end = world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=MAX_QUEUE_SECONDS)
    for number in range(50):
        world.claimed_job(f"job-{number}")
        with pytest.raises(QueueFullError):
            reserve(world, job_id=f"job-{number}")
    assert world.controls.slots["preview"] == end
    world.clock.advance(10)
    world.claimed_job("later")
    assert reserve(world, job_id="later")["wait_seconds"] == MAX_QUEUE_SECONDS - 9


def test_a_closed_job_is_not_given_an_engine(world: World) -> None:
    world.claimed_job()
    world.record_failure.lost("job-1", EXECUTION, "swept")
    with pytest.raises(JobClosedError):
        reserve(world)


# --- capabilities ---

PROMPT = canonical({"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}})


def test_an_engine_that_cannot_do_what_is_asked_is_passed_over_for_this_job_only(world: World) -> None:
    world.engine_order = ["fashn_api", "preview"]
    world.claimed_job(parameters=PROMPT)
    world.claimed_job("job-2")
    assert reserve(world)["engine"] == "preview"
    assert reserve(world, job_id="job-2")["engine"] == "fashn_api"


def test_what_the_engine_will_do_otherwise_stands_on_the_job_before_it_is_called(world: World) -> None:
    world.engine_order = ["fashn_api", "preview"]
    world.claimed_job()
    reserve(world)
    told = world.jobs.rows["job-1"].public()["adaptations"]
    assert [one["path"] for one in told] == ["parameters.mergeStyle", "images"]


def test_the_next_engine_has_adaptations_of_its_own(world: World) -> None:
    world.engine_order = ["fashn_api", "preview"]
    world.claimed_job()
    reserve(world, reserve(world), ModelUnavailableError)
    [told] = world.jobs.rows["job-1"].public()["adaptations"]
    assert told == {
        "path": "images",
        "change": "a preview drawing that shows the idea; not a photograph, and not how it will fit",
    }


def test_a_job_that_no_engine_can_do_any_more_is_refused_with_the_field(world: World) -> None:
    world.engine_order = ["fashn_api"]
    world.claimed_job(parameters=PROMPT)
    with pytest.raises(InvalidRequestError) as caught:
        reserve(world)
    assert [one.path for one in caught.value.violations] == ["parameters.maskType"]
    assert world.controls.slots == {}


# --- what the shopper is told while no engine is there ---


def test_who_waits_for_an_engine_is_told_so_without_an_estimate_and_told_again_when_it_goes_on(world: World) -> None:
    world.engine_order = TWO
    world.claimed_job()
    validation = world.validate_request("job-1", EXECUTION, 0)
    before = reserve(world)
    world.invoke_model("job-1", EXECUTION, validation, before)
    world.controls.paused.update(TWO)

    for _ in range(3):
        with pytest.raises(NoEngineError):
            reserve(world, before, ModelUnavailableError)
    waiting = world.jobs.rows["job-1"]
    world.controls.paused.clear()
    reserve(world, before, ModelUnavailableError)
    going_on = world.jobs.rows["job-1"]

    assert waiting.public()["notice"] == NoEngineError.message
    assert (waiting.eta_seconds, waiting.engine, waiting.public()["adaptations"]) == (None, None, [])
    assert (going_on.notice, going_on.eta_seconds) == (None, PROFILES["preview"].usual_seconds)
    assert going_on.version == waiting.version + 1  # told once that it waits, and once that it goes on
    assert going_on.public(waiting.version)["notice"] is None


def test_a_worker_that_comes_when_the_call_is_being_made_takes_no_slot(world: World) -> None:
    world.claimed_job()
    validation = world.validate_request("job-1", EXECUTION, 0)
    world.invoke_model("job-1", EXECUTION, validation, reserve(world))
    slots = dict(world.controls.slots)
    with pytest.raises(JobClosedError, match="late"):
        reserve(world)
    assert (world.controls.slots, world.jobs.rows["job-1"].stage) == (slots, Stage.GENERATING)


def test_a_worker_of_an_earlier_round_does_not_take_the_job_back_to_it(world: World) -> None:
    world.claimed_job()
    validation = world.validate_request("job-1", EXECUTION, 0)
    first = reserve(world)
    world.invoke_model("job-1", EXECUTION, validation, first)
    reserve(world, first, ModelThrottledError)
    with pytest.raises(JobClosedError, match="late"):
        reserve(world)
    assert world.jobs.rows["job-1"].slot_round == 2


# --- a job that needs no call ---


@pytest.mark.parametrize("reuse", ["ready", "twin"])
def test_who_uses_an_equal_result_takes_nothing_and_is_not_written(world: World, reuse: str) -> None:
    before = world.claimed_job()
    answer = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None, {"reuse": reuse})
    assert answer == {**BLANK_SLOT, "engine": None, "wait_seconds": 0, "turn": False, "timeout_seconds": 0}
    assert world.jobs.rows["job-1"] is before
    assert world.controls.slots == {}


def test_after_waiting_for_a_twin_in_vain_the_slot_is_taken_as_by_anybody(world: World) -> None:
    world.claimed_job()
    waited = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None, {"reuse": "twin"})
    assert world.reserve_slot("job-1", EXECUTION, waited, None, {"reuse": "none"})["round"] == 1


def test_what_validate_request_measured_becomes_part_of_the_job_also_when_somebody_writes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.claimed_job()
    measured = {"source_pixels": 960_000, "body_bytes": 1_234, "price_tier": 1024}
    take = world.controls.take_slot

    def raced(*arguments: Any, **named: Any) -> Any:
        job = world.jobs.rows["job-1"]
        world.jobs.save(replace(job, consented_at="2026-11-01T00:00:00.000Z"), expected_version=job.version)
        return take(*arguments, **named)

    monkeypatch.setattr(world.controls, "take_slot", raced)
    world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None, {"reuse": "none", "measured": measured})
    job = world.jobs.rows["job-1"]
    assert {name: getattr(job, name) for name in MEASURED} == measured
    assert (job.stage, job.consented_at) == (Stage.QUEUED, "2026-11-01T00:00:00.000Z")


def test_what_is_measured_already_stays_where_a_machine_of_before_hands_nothing_on(world: World) -> None:
    world.claimed_job()
    world.validate_request("job-1", EXECUTION, 0)
    before = world.jobs.rows["job-1"]
    world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    after = world.jobs.rows["job-1"]
    assert [getattr(after, name) for name in MEASURED] == [getattr(before, name) for name in MEASURED]
