"""Who is let in: so many unfinished jobs for each shopper, a queue that is not too long, a lane for the shop itself."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BOB, EXECUTION, World, new_job
from vto.domain import times
from vto.domain.job import Job
from vto.domain.pacing import ADMITTED_BEFORE_SECONDS, MAX_QUEUE_SECONDS, Lane
from vto.errors import CancelledError, InternalError, InvalidRequestError, QueueFullError, TooManyJobsError
from vto.ports import NoRoomError
from vto.testing import FakeJobs

LONGEST = timedelta(seconds=MAX_QUEUE_SECONDS[Lane.SHOPPER] - ADMITTED_BEFORE_SECONDS)
REQUEST: dict[str, Any] = {"product_id": "blue-shirt", "model_id": "stock-anna"}


def ask(world: World, request_id: str = "r-1", user_id: str = ALICE, *, is_admin: bool = False, **more: Any) -> Job:
    request = {**REQUEST, "request_id": request_id, **more}
    return world.create_try_on(request, user_id=user_id, is_admin=is_admin)[0]


def fill(world: World) -> None:
    for number in range(world.max_jobs):
        ask(world, f"r-{number}")


def end(job: Job, world: World) -> None:
    world.jobs.save(job.fail(InternalError(), world.clock.now()), expected_version=job.version)


# --- the cap ----------------------------------------------------------------------------------------------------------


def test_one_more_than_may_be_unfinished_is_refused_and_nothing_is_created(world: World) -> None:
    fill(world)
    with pytest.raises(TooManyJobsError) as refused:
        ask(world, "one-more")
    told = refused.value.public()
    assert (told["code"], told["retryable"], told["retry_after_seconds"]) == ("too_many_jobs", True, 15)
    assert len(world.jobs.rows) == world.max_jobs


def test_the_cap_is_each_shoppers_own(world: World) -> None:
    fill(world)
    assert ask(world, "r-1", BOB).user_id == BOB


def test_the_same_request_again_is_answered_with_its_job_though_there_is_no_room(world: World) -> None:
    fill(world)
    job, is_new, _ = world.create_try_on({**REQUEST, "request_id": "r-3"}, user_id=ALICE)
    assert (job.request_id, is_new) == ("r-3", False)


def test_a_job_that_has_ended_makes_room_for_one(world: World) -> None:
    fill(world)
    end(next(iter(world.jobs.rows.values())), world)
    ask(world, "one-more")
    with pytest.raises(TooManyJobsError):
        ask(world, "two-more")


def test_a_job_that_was_erased_makes_room_too(world: World) -> None:
    fill(world)
    world.jobs.rows.popitem()
    with pytest.raises(TooManyJobsError):  # for all that is known here its row may still be on its way
        ask(world, "one-more")
    world.clock.advance(31)
    assert ask(world, "one-more")


def test_whoever_asks_and_cancels_in_turns_takes_no_instants_away_from_others(world: World) -> None:
    world.max_jobs = 1
    world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=59)
    job = ask(world)
    world.jobs.claim(job.id, EXECUTION, world.clock.now())
    world.reserve_slot(job.id, EXECUTION, {"round": 0, "throttled": 0, "failed_engines": []}, None)
    assert world.cancel_try_on(job.id, ALICE).error_code == CancelledError.code
    with pytest.raises(TooManyJobsError):
        ask(world, "again")
    world.clock.advance(61)
    assert ask(world, "again")


def test_a_job_that_is_cancelled_before_it_has_an_instant_makes_room_at_once(world: World) -> None:
    world.max_jobs = 1
    world.cancel_try_on(ask(world).id, ALICE)
    assert ask(world, "again")


def test_the_shops_own_work_does_not_count_against_a_member_of_staff(world: World) -> None:
    fill(world)
    assert ask(world, "bulk", is_admin=True, lane="batch").lane is Lane.BATCH


def at_once(count: int, call: Callable[[int], None]) -> None:
    """Call from many threads that start together."""
    barrier = Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        call(number)

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_a_hundred_that_come_at_once_as_many_as_may_are_let_in_and_none_is_lost() -> None:
    jobs, came = FakeJobs(), list[str]()

    def create(number: int) -> None:
        try:
            came.append("new" if jobs.create(new_job(f"job-{number}"), at_most=10) else "known")
        except NoRoomError:
            came.append("refused")

    at_once(100, create)
    assert (came.count("new"), came.count("refused"), len(jobs.rows)) == (10, 90, 10)


# --- the queue --------------------------------------------------------------------------------------------------------


def queue(world: World, wait: timedelta, engine: str = "preview") -> None:
    """The engine's next instant lies so far away."""
    world.controls.slots[engine] = world.clock.now() + wait - timedelta(seconds=1)


def test_behind_too_long_a_queue_nobody_is_let_in_and_all_are_told_when_to_come_back(world: World) -> None:
    queue(world, timedelta(minutes=15))
    with pytest.raises(QueueFullError) as refused:
        ask(world)
    told = refused.value.public()
    assert (told["retry_after_seconds"], told["retryable"]) == (450, True)
    assert told["message"].endswith("Please come back in 8 minutes.")
    assert world.jobs.changes == []
    assert world.controls.slots["preview"] == world.clock.now() + timedelta(minutes=15, seconds=-1)


def test_a_queue_that_is_just_short_enough_lets_in(world: World) -> None:
    queue(world, LONGEST)
    assert ask(world)
    queue(world, LONGEST + timedelta(seconds=1))
    with pytest.raises(QueueFullError):
        ask(world, "later")


def test_the_same_request_again_is_answered_behind_any_queue(world: World) -> None:
    first = ask(world)
    queue(world, timedelta(hours=1))
    assert ask(world).id == first.id


def test_a_finished_result_needs_no_queue(world: World) -> None:
    world.completed_job()
    queue(world, timedelta(hours=1))
    assert ask(world, "the-same")
    with pytest.raises(QueueFullError):
        ask(world, "another", parameters={"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "FULL_BODY"}})


def test_an_engine_out_of_service_lets_the_next_ones_queue_decide(world: World) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    queue(world, timedelta(hours=1), "nova_canvas")
    world.controls.paused.add("nova_canvas")
    assert ask(world)
    queue(world, timedelta(hours=1))
    with pytest.raises(QueueFullError):
        ask(world, "later")


def test_while_spending_is_stopped_the_queue_of_an_engine_that_costs_money_is_in_nobodys_way(world: World) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    world.jobs.budgets.stopped = True
    queue(world, timedelta(hours=1), "nova_canvas")
    assert ask(world)
    queue(world, timedelta(hours=1))
    with pytest.raises(QueueFullError, match="preview"):
        ask(world, "later")
    world.engine_order = ["nova_canvas"]
    assert ask(world, "told-the-switch"), "and not the queue"


def test_while_every_engine_is_out_of_service_jobs_are_let_in_to_wait(world: World) -> None:
    queue(world, timedelta(hours=1))
    world.controls.paused.add("preview")
    assert ask(world)


def test_the_shops_own_work_may_wait_longer_than_a_shopper(world: World) -> None:
    queue(world, timedelta(minutes=16))
    assert ask(world, is_admin=True, lane="batch")
    world.controls.turns["preview"] = world.clock.now() + timedelta(hours=1)
    with pytest.raises(QueueFullError):
        ask(world, "later", is_admin=True, lane="batch")


def test_a_minute_is_a_minute() -> None:
    assert QueueFullError(retry_after_seconds=60).public()["message"].endswith("come back in a minute.")
    assert QueueFullError().public()["message"].endswith("come back in a few minutes.")


# --- the lane ---------------------------------------------------------------------------------------------------------


def test_without_a_lane_a_job_is_a_shoppers(world: World) -> None:
    assert ask(world).lane is Lane.SHOPPER
    assert ask(world, lane="shopper").request_id == "r-1"


def test_only_the_shop_may_use_the_batch_lane_and_others_are_told_which_field_to_change(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(world, lane="batch")
    (told,) = refused.value.violations
    assert told.path == "lane"
    assert "POST /try-ons as a member of the group admin" in told.remedy
    assert world.jobs.changes == []


def test_a_lane_that_there_is_not_is_told_with_those_that_there_are(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(world, is_admin=True, lane="fast")
    assert [(one.path, one.problem) for one in refused.value.violations] == [
        ("lane", "must be one of shopper, batch"),
    ]


def test_the_lane_belongs_to_what_makes_two_requests_the_same(world: World) -> None:
    ask(world, is_admin=True, lane="batch")
    with pytest.raises(Exception, match="used for a different try-on"):
        ask(world, is_admin=True)


def test_a_dry_run_in_the_batch_lane_tells_the_wait_for_a_turn(world: World) -> None:
    world.controls.turns["preview"] = world.clock.now() + timedelta(seconds=99)
    request = {**REQUEST, "lane": "batch", "dry_run": True}
    assert world.plan_try_on(request, ALICE, is_admin=True)["eta_seconds"] == 100 + 4
    with pytest.raises(InvalidRequestError):
        world.plan_try_on(request, ALICE)


def test_a_batch_job_says_so_in_its_row(world: World) -> None:
    job = ask(world, is_admin=True, lane="batch")
    assert job.latest_call == times.from_iso(job.created_at) + timedelta(hours=1)
