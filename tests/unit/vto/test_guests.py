"""Somebody without an account: how they come in, how little is open to them, and who pays for it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BLANK_SLOT, BOB, EXECUTION, World, photo
from vto.domain import times
from vto.domain.budgets import guests_budget, shop_budget
from vto.domain.guests import SESSION_SECONDS, digest_of, is_guest
from vto.domain.job import Job, Status
from vto.domain.ledger import micro_usd
from vto.domain.pacing import Counter, Lane
from vto.errors import (
    BudgetExhaustedError,
    InvalidRequestError,
    RefusalError,
    SignInRequiredError,
    TooManyJobsError,
)
from vto.ports import Ticket
from vto.use_cases.sockets import TICKET_SECONDS, AuthorizeSocket
from vto.use_cases.taking_turns import place

GUEST, OTHER_GUEST = "guest#1", "guest#2"
REQUEST = {"product_id": "blue-shirt", "model_id": "stock-anna"}
DAY, PRICE = "2026-11-21", micro_usd(0.04)
PACE = 60.0


def ask(world: World, user_id: str = GUEST, request_id: str = "r-1", **more: Any) -> Job:
    return world.create_try_on({**REQUEST, "request_id": request_id, **more}, user_id=user_id)[0]


def refused(ask: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(RefusalError) as told:
        ask()
    return told.value.public()


# --- coming in --------------------------------------------------------------------------------------------------------


def test_a_guest_gets_a_ticket_of_their_own_that_opens_one_socket_until_the_guests_hour_is_over(world: World) -> None:
    welcome = world.welcome_guest({})
    now = times.epoch(world.clock.now())
    assert (welcome["expires_in"], welcome["guest_until"]) == (TICKET_SECONDS, now + SESSION_SECONDS)
    authorize = AuthorizeSocket(world.controls, world.clock)
    ticket, again = authorize(welcome["ticket"]), authorize(welcome["ticket"])
    assert ticket is not None
    assert is_guest(ticket.user_id)
    assert (ticket.session_until, again) == (now + SESSION_SECONDS, None)


def test_who_comes_back_with_their_secret_is_the_same_guest_and_has_no_more_time(world: World) -> None:
    first = world.welcome_guest({})
    world.clock.advance(SESSION_SECONDS - 2 * TICKET_SECONDS)
    second = world.welcome_guest({"guest": first["guest"]})
    assert (second["guest"], second["guest_until"]) == (first["guest"], first["guest_until"])
    tickets = [world.controls.tickets[one["ticket"]] for one in (first, second)]
    assert tickets[0].user_id == tickets[1].user_id
    assert tickets[0].ticket != tickets[1].ticket


def test_a_secret_that_is_unknown_or_whose_hour_is_over_makes_a_new_guest(world: World) -> None:
    first = world.welcome_guest({})
    guessed = world.welcome_guest({"guest": "a-guess"})
    world.clock.advance(SESSION_SECONDS)
    late = world.welcome_guest({"guest": first["guest"]})
    users = {world.controls.tickets[one["ticket"]].user_id for one in (first, guessed, late)}
    assert (len(users), len({one["guest"] for one in (first, guessed, late)})) == (3, 3)
    assert late["guest_until"] == times.epoch(world.clock.now(), seconds=SESSION_SECONDS)


def test_a_guests_secret_is_kept_as_a_digest_only(world: World) -> None:
    welcome = world.welcome_guest({})
    assert list(world.guests.rows) == [digest_of(welcome["guest"])]
    kept = repr((world.guests, world.controls, world.jobs))
    assert welcome["guest"] not in kept


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ([], "(the whole request)"),
        ({"guest": ""}, "guest"),
        ({"guest": 7}, "guest"),
        ({"guest": "x" * 129}, "guest"),
        ({"user_id": ALICE}, "user_id"),
    ],
)
def test_a_request_for_a_ticket_that_breaks_the_schema_is_refused_and_nobody_comes_in(
    world: World, request_: Any, path: str
) -> None:
    with pytest.raises(InvalidRequestError) as told:
        world.welcome_guest(request_)
    assert [one.path for one in told.value.violations] == [path]
    assert (world.guests.rows, world.controls.tickets) == ({}, {})


@pytest.mark.parametrize(("ticket", "user_id"), [("guest.forged", ALICE), ("forged", GUEST)])
def test_a_ticket_of_a_guests_kind_opens_no_shoppers_socket_and_the_other_way_round(
    world: World, ticket: str, user_id: str
) -> None:
    until = times.epoch(world.clock.now(), seconds=20)
    world.controls.issue_ticket(Ticket(ticket, user_id, until, until))
    assert AuthorizeSocket(world.controls, world.clock)(ticket) is None


# --- what is open -----------------------------------------------------------------------------------------------------


def test_a_guest_tries_on_with_a_stock_model_in_a_lane_of_their_own_and_the_row_goes_after_a_day(world: World) -> None:
    job = ask(world)
    assert (job.user_id, job.lane, job.status) == (GUEST, Lane.GUEST, Status.CREATED)
    assert job.ttl == times.epoch(world.clock.now(), days=1)
    assert ask(world, ALICE).ttl == times.epoch(world.clock.now(), days=30)


def test_no_private_photo_is_open_to_a_guest_not_even_one_that_a_row_says_is_theirs(world: World) -> None:
    world.stock(photo("alices", ALICE), photo("stray", GUEST))
    unknown = refused(lambda: ask(world, model_id="no-such"))
    for name in ("alices", "stray"):
        assert refused(lambda name=name: ask(world, model_id=name)) == unknown
        url = photo(name, ALICE if name == "alices" else GUEST).picture_s3_url
        by_url = {"product_id": "blue-shirt", "model_picture_s3_url": url}
        told = refused(lambda by_url=by_url: world.create_try_on(by_url, user_id=GUEST))
        assert [one["path"] for one in told["details"]] == ["model_picture_s3_url"]
    assert world.jobs.rows == {}


def test_a_guest_has_no_masks_and_is_told_what_to_do(world: World) -> None:
    for owner in (ALICE, GUEST):
        mask = {"maskImage": f"s3://shop-uploads/masks/users/{owner}/1.png"}
        parameters = {"maskType": "IMAGE", "imageBasedMask": mask}
        [detail] = refused(lambda parameters=parameters: ask(world, parameters=parameters))["details"]
        assert detail["path"] == "parameters.imageBasedMask.maskImage"
        assert "sign in" in detail["remedy"]


def test_a_guest_has_one_try_on_at_a_time_and_is_told_so(world: World) -> None:
    job = ask(world)
    told = refused(lambda: ask(world, request_id="r-2"))
    assert (told["code"], told["details"][0]["path"]) == (TooManyJobsError.code, "(guest)")
    assert ask(world).id == job.id, "the same request again is answered"
    assert ask(world, OTHER_GUEST)
    world.cancel_try_on(job.id, GUEST)
    assert ask(world, request_id="r-2")


def test_the_shops_own_lane_is_not_open_to_a_guest(world: World) -> None:
    assert [one["path"] for one in refused(lambda: ask(world, lane="batch"))["details"]] == ["lane"]


def test_an_equal_result_of_a_shopper_serves_a_guest_and_costs_nothing(world: World) -> None:
    world.engine_order = ["nova_canvas"]
    world.completed_job(user_id=ALICE)
    before = dict(world.jobs.budgets.held)
    world.claimed_job("job-2", user_id=GUEST, lane=Lane.GUEST)
    assert world.validate_request("job-2", EXECUTION, 0)["reuse"] == "ready"
    assert world.jobs.budgets.held == before


# --- switched off -----------------------------------------------------------------------------------------------------


def test_once_guests_are_switched_off_new_try_ons_are_refused_and_what_was_begun_ends(world: World) -> None:
    socket = world.connect("c-1", GUEST)
    until = times.epoch(world.clock.now(), seconds=600)
    frame = {"action": "tryOn", "request_id": "r-1", **REQUEST}
    world.answer_message(json.dumps(frame), socket, until)
    [job] = world.jobs.rows.values()
    world.lets_guests_in = False
    for more in ({"request_id": "r-2"}, {"request_id": "r-3", "dry_run": True}):
        assert world.answer_message(json.dumps({**frame, **more}), socket, until) == "sign_in_required"
    told = world.notifier.sent["c-1"][-1]["error"]
    assert (told["retryable"], told["details"][0]["path"]) == (True, "(guest)")
    assert "sign in" in told["details"][0]["remedy"]
    assert world.answer_message(json.dumps(frame), socket, until) == "tryOn", "what was accepted once is answered"
    assert world.notifier.closed == [], "the guest hears how the running one ends"
    world.jobs.claim(job.id, EXECUTION, world.clock.now())
    validation = world.validate_request(job.id, EXECUTION, 0)
    slot = world.reserve_slot(job.id, EXECUTION, BLANK_SLOT, None)
    generation = world.invoke_model(job.id, EXECUTION, validation, slot)
    world.store_result(job.id, EXECUTION, validation, generation)
    world.publish_job(job.id)
    last = world.notifier.sent["c-1"][-1]["job"]
    assert (last["status"], bool(last["images"])) == ("completed", True)
    assert ask(world, ALICE).lane is Lane.SHOPPER


# --- who pays ---------------------------------------------------------------------------------------------------------


def reserve(world: World, job_id: str, user_id: str) -> Any:
    lane = Lane.GUEST if is_guest(user_id) else Lane.SHOPPER
    world.claimed_job(job_id, user_id=user_id, lane=lane)
    world.validate_request(job_id, EXECUTION, 0)
    return world.reserve_slot(job_id, EXECUTION, BLANK_SLOT, None)


def test_all_guests_together_have_a_budget_and_when_it_is_used_up_they_are_asked_to_sign_in(world: World) -> None:
    world.engine_order = ["nova_canvas"]
    world.limits = type(world.limits)(shop=10 * PRICE, user=2 * PRICE, guests=2 * PRICE)
    reserve(world, "job-1", GUEST)
    reserve(world, "job-2", OTHER_GUEST)
    with pytest.raises(SignInRequiredError) as told:
        reserve(world, "job-3", "guest#3")
    failure = {"Error": "SignInRequiredError", "Cause": json.dumps({"errorMessage": str(told.value)})}
    assert world.record_failure("job-3", EXECUTION, failure)["outcome"] == "refused"
    job = world.jobs.rows["job-3"]
    assert job.error_code == "sign_in_required"
    assert "come back tomorrow" in job.error_details[0]["remedy"]
    assert world.jobs.budgets.held == {guests_budget(DAY): 2 * PRICE, shop_budget(DAY): 2 * PRICE}
    assert reserve(world, "job-4", BOB)["engine"] == "nova_canvas", "a shopper goes on"


def test_what_guests_spend_is_the_shops_too(world: World) -> None:
    world.engine_order = ["nova_canvas"]
    world.limits = type(world.limits)(shop=PRICE, user=PRICE, guests=9 * PRICE)
    reserve(world, "job-1", GUEST)
    with pytest.raises(BudgetExhaustedError):
        reserve(world, "job-2", BOB)


# --- the lane ---------------------------------------------------------------------------------------------------------


def test_a_guest_is_served_at_once_by_an_engine_that_nobody_waits_for(world: World) -> None:
    assert place_of(world) == (world.clock.now(), False)


def place_of(world: World, lane: Lane = Lane.GUEST, *, had_turn: bool = False, tries: int = 0) -> tuple[Any, bool]:
    now = world.clock.now()
    latest = now + timedelta(minutes=15)
    return place(world.controls, lane, "preview", PACE, now, latest=latest, had_turn=had_turn, tries=tries)


def test_guests_stand_behind_shoppers_and_a_flood_of_them_takes_no_shoppers_instant(world: World) -> None:
    now = world.clock.now()
    for _ in range(30):
        place_of(world)
    moment, is_turn = place_of(world, Lane.SHOPPER)
    assert (moment <= now + timedelta(seconds=3), is_turn) == (True, False)


def test_beside_shoppers_guests_have_a_share_that_the_shops_own_work_does_not_use_up(world: World) -> None:
    now = world.clock.now()
    world.controls.slots["preview"] = now + timedelta(seconds=60)  # shoppers stand there
    world.controls.shares["preview"] = now  # and the batch lane has just had its share
    world.controls.turns["preview"] = now + timedelta(minutes=30)
    assert place_of(world) == (now + timedelta(seconds=61), False)
    assert place_of(world)[1] is True, "the next guest waits for a turn"
    assert world.controls.next_slot("preview", PACE * 0.1, now, counter=Counter.GUEST_SHARE) > now
