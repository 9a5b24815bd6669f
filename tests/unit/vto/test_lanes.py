"""Shoppers before batch jobs: who gets which instant of an engine, and who comes again."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import BLANK_SLOT, EXECUTION, World
from vto.domain.engines import PROFILES
from vto.domain.job import Stage
from vto.domain.pacing import MAX_QUEUE_SECONDS, Counter, Lane, back_off, come_back_after, interval, patience
from vto.errors import ExpiredError, JobClosedError, NotYourTurnError, QueueFullError
from vto.testing import NOON, FakeControls
from vto.use_cases.taking_turns import place

PACE = 60
HOUR = timedelta(hours=1)
CAUGHT = {"Error": "NotYourTurnError", "Cause": "{}"}


def place_of(controls: FakeControls, lane: Lane, now: datetime = NOON, **named: Any) -> tuple[datetime | None, bool]:
    return place(controls, lane, "preview", PACE, now, **{"latest": now + HOUR, "had_turn": False, "tries": 0} | named)


def reserve(world: World, slot: dict[str, Any] | None = None, job_id: str = "job-1") -> dict[str, Any]:
    return world.reserve_slot(job_id, EXECUTION, slot or BLANK_SLOT, CAUGHT if slot else None)


def call(world: World, slot: dict[str, Any], job_id: str = "job-1", retry: int = 0) -> dict[str, Any]:
    made = {"source": "s3://a/b", "reference": "s3://a/c", "mask": None, "cache_key": "key"}
    return world.invoke_model(job_id, EXECUTION, made, slot, retry)


def busy(world: World, seconds: float) -> None:
    """Shoppers have taken all instants of so many seconds, and the batch lane has just had its share."""
    now = world.clock.now()
    world.controls.slots["preview"] = now + timedelta(seconds=seconds - 1)
    world.controls.shares["preview"] = now


# --- the rules --------------------------------------------------------------------------------------------------------


def test_a_batch_job_has_the_idle_engine_at_once() -> None:
    assert place_of(FakeControls(), Lane.BATCH) == (NOON, False)


def test_batch_jobs_that_come_together_get_turns_one_interval_apart() -> None:
    controls = FakeControls()
    moments = [place_of(controls, Lane.BATCH) for _ in range(5)]
    assert moments == [(NOON + timedelta(seconds=number), number > 0) for number in range(5)]
    assert controls.slots == {"preview": NOON}  # a turn takes nothing from shoppers


def test_a_shopper_goes_before_all_batch_jobs_that_wait() -> None:
    controls = FakeControls()
    for _ in range(500):
        place_of(controls, Lane.BATCH)
    assert place_of(controls, Lane.SHOPPER) == (NOON + timedelta(seconds=1), False)


@pytest.mark.parametrize(("ahead", "gets_it"), [(0.0, True), (2.0, True), (2.1, False), (60.0, False)])
def test_at_its_turn_a_batch_job_takes_an_instant_that_is_near(ahead: float, gets_it: bool) -> None:
    controls = FakeControls(shares={"preview": NOON})
    controls.slots["preview"] = NOON + timedelta(seconds=ahead) - interval(PACE)
    moment, is_turn = place_of(controls, Lane.BATCH, had_turn=True, tries=1)
    assert moment is not None
    assert is_turn is not gets_it
    assert (moment == NOON + timedelta(seconds=ahead)) is gets_it


def test_while_shoppers_fill_the_engine_one_of_ten_instants_is_a_batch_jobs() -> None:
    controls, now, taken = FakeControls(), NOON, 0
    for _ in range(600):
        controls.slots["preview"] = now + timedelta(seconds=100)
        _, is_turn = place_of(controls, Lane.BATCH, now, had_turn=True, tries=9)
        taken += not is_turn
        now += interval(PACE)
    assert taken == 60


def test_who_is_turned_away_again_and_again_comes_less_and_less_often() -> None:
    controls, moments = FakeControls(shares={"preview": NOON}), []
    controls.slots["preview"] = NOON + timedelta(minutes=9)
    for tries in range(1, 8):
        controls.turns.clear()
        moment, _ = place_of(controls, Lane.BATCH, had_turn=True, tries=tries)
        moments.append(((moment or NOON) - NOON).total_seconds())
    assert moments == [1, 2, 4, 8, 10, 10, 10]
    assert back_off(0) == timedelta()


def test_no_turn_is_given_after_the_longest_wait() -> None:
    controls = FakeControls(turns={"preview": NOON + HOUR})
    assert place_of(controls, Lane.BATCH)[0] is None


@given(
    comers=st.lists(
        st.tuples(st.floats(0, 5), st.sampled_from(Lane), st.booleans(), st.integers(0, 9)), min_size=1, max_size=60
    )
)
def test_whoever_comes_in_whatever_order_no_two_instants_are_closer_than_the_rate_allows(
    comers: list[tuple[float, Lane, bool, int]],
) -> None:
    controls, now, instants = FakeControls(), NOON, []
    for seconds, lane, had_turn, tries in comers:
        now += timedelta(seconds=seconds)
        moment, is_turn = place_of(controls, lane, now, had_turn=had_turn, tries=tries)
        assert moment is not None
        assert moment >= now
        if not is_turn:
            instants.append(moment)
    assert all(after - before >= interval(PACE) for before, after in pairwise(instants))


def test_patience_is_an_interval_but_two_seconds_at_least() -> None:
    assert (patience(100), patience(6)) == (timedelta(seconds=2), timedelta(seconds=10))


def test_whoever_comes_back_when_told_finds_half_a_queue() -> None:
    assert come_back_after(timedelta(minutes=15), Lane.SHOPPER) == 450
    assert come_back_after(timedelta(minutes=8), Lane.SHOPPER) == 60


# --- the steps --------------------------------------------------------------------------------------------------------


def test_a_batch_job_is_told_that_it_waits_for_a_turn(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now() + timedelta(seconds=9)
    world.claimed_job(lane=Lane.BATCH)
    answer, job = reserve(world), world.jobs.rows["job-1"]
    assert (answer["wait_seconds"], answer["turn"]) == (10, True)
    assert (job.turn, job.stage, job.eta_seconds) == (True, Stage.QUEUED, 10 + PROFILES["preview"].usual_seconds)


def test_a_retry_of_reserve_slot_keeps_the_turn(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now()
    world.claimed_job(lane=Lane.BATCH)
    assert reserve(world) == reserve(world)
    assert world.controls.turns["preview"] == world.clock.now() + timedelta(seconds=1)


def test_at_its_turn_a_batch_job_calls_the_idle_engine_without_another_step(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now()
    world.claimed_job(lane=Lane.BATCH)
    slot = reserve(world)
    world.clock.advance(slot["wait_seconds"])
    call(world, slot)
    job = world.jobs.rows["job-1"]
    assert (job.stage, job.turn, len(world.engine.requests)) == (Stage.GENERATING, False, 1)
    assert world.controls.slots["preview"] == world.clock.now()


def test_at_its_turn_a_batch_job_waits_a_moment_for_an_instant(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now()
    world.claimed_job(lane=Lane.BATCH)
    slot = reserve(world)
    world.clock.advance(1)
    world.controls.slots["preview"] = world.clock.now() - timedelta(seconds=0.4)
    call(world, slot)
    assert world.clock.now() == NOON + timedelta(seconds=1.6)


def test_a_batch_job_that_finds_shoppers_goes_back_uncounted_and_calls_nothing(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now()
    world.claimed_job(lane=Lane.BATCH)
    slot = reserve(world)
    world.clock.advance(1)
    busy(world, 5)
    with pytest.raises(NotYourTurnError):
        call(world, slot)
    job = world.jobs.rows["job-1"]
    assert (job.stage, job.attempts, world.engine.requests) == (Stage.QUEUED, 0, [])
    again = reserve(world, slot)
    assert (again["round"], again["throttled"], again["failed_engines"], again["turn"]) == (2, 0, [], True)


def test_the_retry_of_a_call_needs_no_second_instant(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now()
    world.claimed_job(lane=Lane.BATCH)
    slot = reserve(world)
    world.clock.advance(1)
    call(world, slot)
    taken = dict(world.controls.slots)
    call(world, slot, retry=1)
    assert world.controls.slots == taken


def test_a_turn_at_another_engine_counts_for_nothing_at_this_one(world: World) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    world.controls.turns = dict.fromkeys(world.engine_order, world.clock.now())
    world.claimed_job(lane=Lane.BATCH)
    slot = reserve(world)
    assert slot["engine"] == "nova_canvas"
    world.clock.advance(1)
    world.controls.paused.add("nova_canvas")
    busy(world, 5)
    again = reserve(world, slot)
    assert (again["engine"], again["turn"]) == ("preview", True)


def test_a_job_that_was_cancelled_takes_no_instant(world: World) -> None:
    world.claimed_job()
    world.cancel_try_on("job-1", "alice")
    with pytest.raises(JobClosedError):
        reserve(world)
    assert world.controls.slots == {}


def test_a_batch_job_may_wait_for_an_hour_and_no_longer(world: World) -> None:
    world.claimed_job(lane=Lane.BATCH)
    world.clock.advance(MAX_QUEUE_SECONDS[Lane.BATCH])
    assert reserve(world)["turn"] is False
    world.claimed_job("job-2", lane=Lane.BATCH)
    world.clock.advance(MAX_QUEUE_SECONDS[Lane.BATCH] + 1)
    with pytest.raises(ExpiredError):
        reserve(world, job_id="job-2")


def test_a_batch_job_whose_turn_would_come_too_late_is_refused(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now() + HOUR
    world.claimed_job(lane=Lane.BATCH)
    with pytest.raises(QueueFullError):
        reserve(world)


@pytest.mark.parametrize(("late", "expires"), [(59, False), (61, True)])
def test_a_slot_that_is_used_too_late_is_not_used(world: World, late: float, expires: bool) -> None:
    world.claimed_job()
    world.controls.slots["preview"] = world.clock.now() + timedelta(minutes=14)
    slot = reserve(world)
    world.clock.advance(MAX_QUEUE_SECONDS[Lane.SHOPPER] + late)
    if expires:
        with pytest.raises(ExpiredError):
            call(world, slot)
        assert world.engine.requests == []
    else:
        call(world, slot)
        assert len(world.engine.requests) == 1


def test_each_engine_has_its_own_counters() -> None:
    controls = FakeControls()
    for counter in Counter:
        for engine in ("preview", "nova_canvas"):
            taken = controls.take_slot(engine, PACE, NOON, latest=NOON, counter=counter)
            assert taken == NOON
