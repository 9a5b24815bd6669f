"""Money: set aside by Reserve Slot, spent by Invoke Model, given back by whoever ends a job; never beyond a budget."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BLANK_SLOT, BOB, EXECUTION, World
from vto.domain.budgets import Limits, shop_budget, user_budget
from vto.domain.health import Health
from vto.domain.job import Job
from vto.domain.ledger import micro_usd
from vto.errors import (
    BudgetExhaustedError,
    ModelAccessDeniedError,
    ModelFailedError,
    ModelThrottledError,
    ModelTimeoutError,
    ResultsBlockedError,
    SpendingStoppedError,
    VtoError,
)
from vto.ports import CachedResult
from vto.testing import NOON

DAY = "2026-11-21"
PRICE = micro_usd(0.04)


@pytest.fixture
def world(world: World) -> World:
    world.engine_order = ["nova_canvas"]
    return world


def held(world: World, user: str = ALICE) -> tuple[int, int]:
    """Calls' worth of money on the shop's budget of the day and on a user's."""
    budgets = world.jobs.budgets.held
    return budgets.get(shop_budget(DAY), 0) // PRICE, budgets.get(user_budget(user, DAY), 0) // PRICE


def states(world: World) -> list[str]:
    return [str(one.state) for one in world.jobs.rows["job-1"].ledger]


def validated(world: World, job_id: str = "job-1", **changes: Any) -> dict[str, Any]:
    world.claimed_job(job_id, **changes)
    return world.validate_request(job_id, EXECUTION, 0)


def reserved(world: World, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    validation = validated(world, **changes)
    return validation, world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)


def invoke(world: World, parts: tuple[dict[str, Any], dict[str, Any]], retry: int = 0) -> dict[str, Any]:
    return world.invoke_model("job-1", EXECUTION, *parts, retry=retry)


def test_a_try_on_holds_its_price_from_its_slot_to_its_end(world: World) -> None:
    parts = reserved(world)
    assert (held(world), states(world)) == ((1, 1), ["reserved"])
    generation = invoke(world, parts)
    assert (held(world), states(world)) == ((1, 1), ["sent"])
    world.store_result("job-1", EXECUTION, parts[0], generation)
    assert (held(world), states(world)) == ((1, 1), ["ok"])
    assert world.endings[-1].cost_usd == 0.04


def test_the_happy_path_writes_the_job_as_often_as_with_an_engine_that_costs_nothing(world: World) -> None:
    world.completed_job()
    paid = world.jobs.rows["job-1"].revision
    world.engine_order = ["preview"]
    world.completed_job("job-2", user_id=BOB)
    assert world.jobs.rows["job-2"].revision == paid


def test_the_preview_stands_in_the_ledger_and_on_no_budget(world: World) -> None:
    world.engine_order = ["preview"]
    world.completed_job()
    assert (held(world), states(world)) == ((0, 0), ["ok"])
    assert world.jobs.budgets.held == {}


@pytest.mark.parametrize(
    ("problem", "state", "kept"),
    [
        (ModelThrottledError("busy"), "failed", 0),
        (ModelAccessDeniedError("no"), "failed", 0),
        (ModelTimeoutError("slow"), "sent", 1),
        (ModelFailedError("broke"), "sent", 1),
        (ResultsBlockedError("all"), "unknown", 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, VtoError) else None,
)
def test_money_comes_back_at_once_for_what_was_surely_not_billed(
    world: World, problem: VtoError, state: str, kept: int
) -> None:
    parts = reserved(world)
    world.engine.outcomes = [problem]
    with pytest.raises(type(problem)):
        invoke(world, parts)
    assert (states(world), held(world)) == ([state], (kept, kept))
    world.record_failure("job-1", EXECUTION, {"Error": type(problem).__name__, "Cause": "{}"})
    assert held(world) == (kept, kept)


def end_by_an_error(world: World) -> None:
    world.record_failure("job-1", EXECUTION, {"Error": "ExpiredError", "Cause": "{}"})


def end_by_the_sweep(world: World) -> None:
    world.clock.advance(10_000)
    world.sweep_jobs()


def equal_job_was_faster(world: World) -> None:
    validation, slot = world.validation, world.slot  # type: ignore[attr-defined]
    url = "s3://shop-results/results/other/0.png"
    world.pictures.put(url, b"made")
    world.results.put_ready(validation["cache_key"], CachedResult("other", (url,), None, "nova_canvas"), ttl=2**33)
    generation = world.invoke_model("job-1", EXECUTION, validation, slot)
    world.store_result("job-1", EXECUTION, validation, generation)


def engine_was_given_up(world: World) -> None:
    world.engine_order = ["preview"]
    slot = world.slot  # type: ignore[attr-defined]
    world.reserve_slot("job-1", EXECUTION, slot, {"Error": "ModelRetiredError", "Cause": "{}"})


def engines_are_paused(world: World) -> None:
    world.controls.paused.add("nova_canvas")
    slot = world.slot  # type: ignore[attr-defined]
    with pytest.raises(VtoError):
        world.reserve_slot("job-1", EXECUTION, slot, {"Error": "NoEngineError", "Cause": "{}"})


@pytest.mark.parametrize(
    "end", [end_by_an_error, end_by_the_sweep, equal_job_was_faster, engine_was_given_up, engines_are_paused]
)
def test_money_that_was_set_aside_and_not_needed_comes_back(world: World, end: Callable[[World], None]) -> None:
    world.validation, world.slot = reserved(world)  # type: ignore[attr-defined]
    assert held(world) == (1, 1)
    end(world)
    assert held(world) == (0, 0)
    assert "ok" not in states(world)


def test_a_slot_reserved_twice_sets_its_money_aside_once(world: World) -> None:
    reserved(world)
    world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    assert held(world) == (1, 1)


def test_the_second_call_of_a_slot_is_paid_too_and_the_first_counts_as_billed(world: World) -> None:
    parts = reserved(world)
    world.engine.outcomes = [ModelTimeoutError("slow")]
    with pytest.raises(ModelTimeoutError):
        invoke(world, parts)
    generation = invoke(world, parts, retry=1)
    assert (held(world), states(world)) == ((2, 2), ["unknown", "sent"])
    world.store_result("job-1", EXECUTION, parts[0], generation)
    assert (states(world), world.jobs.rows["job-1"].cost_usd) == (["unknown", "ok"], 0.08)


# --- budgets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "used"), [(Limits(PRICE, 10**9), [100.0, 100.0]), (Limits(10**9, PRICE), [0.0, 0.0])]
)
def test_whoever_comes_when_a_budget_is_used_up_is_refused_and_takes_no_slot(
    world: World, limits: Limits, used: list[float]
) -> None:
    world.limits = limits
    reserved(world)
    slots = dict(world.controls.slots)
    validated(world, "job-2", model_id="stock-anna", product_id="blue-shirt", request_id="2")
    world.results.claims.clear()
    with pytest.raises(BudgetExhaustedError, match="budget#"):
        world.reserve_slot("job-2", EXECUTION, BLANK_SLOT, None)
    assert world.controls.slots == slots
    assert world.budget_used == used  # the alarm of the shop's budget is not for one user's
    refused = BudgetExhaustedError("budget#shop#2026-11-21 of 40000")
    assert "shop" not in str(refused.public())
    assert refused.retryable


def test_a_new_day_has_new_budgets(world: World) -> None:
    world.limits = Limits(PRICE, PRICE)
    reserved(world)
    world.clock.moment = NOON + timedelta(hours=12)
    validated(world, "job-2")
    assert world.reserve_slot("job-2", EXECUTION, BLANK_SLOT, None)["engine"] == "nova_canvas"


def test_a_second_call_that_no_budget_has_room_for_is_not_made(world: World) -> None:
    world.limits = Limits(PRICE, PRICE)
    parts = reserved(world)
    world.engine.outcomes = [ModelTimeoutError("slow")]
    with pytest.raises(ModelTimeoutError):
        invoke(world, parts)
    world.controls.health["nova_canvas"] = Health(failures=3, open_until=world.clock.now())
    with pytest.raises(BudgetExhaustedError):
        invoke(world, parts, retry=1)
    assert len(world.engine.requests) == 1
    assert world.controls.health["nova_canvas"].trial is None  # it was to try the engine: another may
    world.record_failure("job-1", EXECUTION, {"Error": "BudgetExhaustedError", "Cause": "{}"})
    assert (held(world), states(world)) == ((1, 1), ["unknown"])


def test_an_engine_without_a_price_costs_what_the_shop_says(world: World) -> None:
    world.engine_order, world.price_per_image = ["sagemaker"], 0.01
    reserved(world)
    assert world.jobs.budgets.held[shop_budget(DAY)] == micro_usd(0.01)


def test_of_100_racing_threads_one_gets_the_last_call_of_the_day(world: World) -> None:
    world.limits = Limits(shop=PRICE, user=10**9)
    for number in range(100):
        validated(world, f"job-{number}", user_id=f"user-{number}", product_id="blue-shirt")
        world.results.claims.clear()
    barrier, answers, room = threading.Barrier(100, timeout=60), [], type(world.spending).ensure_room

    def together(*arguments: Any) -> None:
        room(*arguments)  # all find room before any has taken it
        barrier.wait()

    def race(number: int) -> None:
        try:
            answers.append(world.reserve_slot(f"job-{number}", EXECUTION, BLANK_SLOT, None)["engine"])
        except BudgetExhaustedError as error:
            answers.append(error.code)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.spending), "ensure_room", together)
        threads = [threading.Thread(target=race, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == ["budget_exhausted"] * 99 + ["nova_canvas"]
    assert world.jobs.budgets.held[shop_budget(DAY)] == PRICE


# --- the switch -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_parameter", [True, False])
def test_while_spending_is_stopped_nobody_is_called_that_costs_money(world: World, by_parameter: bool) -> None:
    parts = reserved(world)
    stop(world, by_parameter=by_parameter)
    with pytest.raises(SpendingStoppedError):
        invoke(world, parts)
    with pytest.raises(SpendingStoppedError):
        world.reserve_slot("job-1", EXECUTION, parts[1], {"Error": "SpendingStoppedError", "Cause": "{}"})
    assert world.engine.requests == []
    world.record_failure("job-1", EXECUTION, {"Error": "SpendingStoppedError", "Cause": "{}"})
    assert held(world) == (0, 0)


@pytest.mark.parametrize("by_parameter", [True, False])
def test_while_spending_is_stopped_the_preview_goes_on_and_finished_results_are_used_again(
    world: World, by_parameter: bool
) -> None:
    world.completed_job()
    stop(world, by_parameter=by_parameter)
    assert validated(world, "job-2")["reuse"] == "ready"
    world.engine_order = ["nova_canvas", "preview"]
    slot = world.reserve_slot("job-2", EXECUTION, BLANK_SLOT, None)
    assert (slot["engine"], slot["failed_engines"]) == ("preview", [])
    world.invoke_model("job-2", EXECUTION, {**validated(world, "job-3"), "cache_key": "another"}, slot)
    assert len(world.engine.requests) == 2


def stop(world: World, *, by_parameter: bool) -> None:
    if by_parameter:
        world.limits = Limits(10**9, 10**9, may_spend=False)
    else:
        world.jobs.budgets.stopped = True


def test_spending_that_is_stopped_while_a_slot_is_taken_leaves_the_job_to_the_preview(world: World) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    validation = validated(world)

    def stop_now(_: Job) -> None:
        world.jobs.before_save = None
        stop(world, by_parameter=False)

    world.jobs.before_save = stop_now
    slot = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    with pytest.raises(SpendingStoppedError):  # what was set aside is no call yet
        world.invoke_model("job-1", EXECUTION, validation, slot)
    slot = world.reserve_slot("job-1", EXECUTION, slot, {"Error": "SpendingStoppedError", "Cause": "{}"})
    assert slot["engine"] == "preview"
    assert (held(world), world.engine.requests) == ((0, 0), [])
