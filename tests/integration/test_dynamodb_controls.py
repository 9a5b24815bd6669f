"""``vto-controls``, ``vto-connections`` and ``vto-results``: what several functions agree on at the same time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import at_the_same_time
from tests.unit.vto.world import ALICE, BOB
from vto.adapters.dynamodb.connections import DynamoConnections
from vto.adapters.dynamodb.controls import DynamoControls
from vto.adapters.dynamodb.results import DynamoResults
from vto.domain import times
from vto.domain.engines import Adaptation
from vto.domain.health import Door
from vto.domain.job import StoredImage
from vto.errors import StorageUnavailableError
from vto.ports import CachedResult, Connection, ResultClaim, Ticket
from vto.testing import NOON

LATER = NOON + timedelta(hours=1)
FAR = NOON + timedelta(days=1)


def seconds(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


@pytest.fixture
def rows(table: Callable[[str], Any]) -> Any:
    return table("controls")


@pytest.fixture
def controls(rows: Any) -> DynamoControls:
    return DynamoControls(rows)


@pytest.fixture
def asked(rows: Any) -> list[str]:
    """The requests that are made from now on."""
    made: list[str] = []
    rows.meta.client.meta.events.register("before-call", lambda model, **_: made.append(model.name))
    return made


# --- tickets ---

TICKET = Ticket("secret", ALICE, times.epoch(NOON) + 30, times.epoch(NOON) + 3600)


def test_a_ticket_is_good_once(controls: DynamoControls) -> None:
    controls.issue_ticket(TICKET)
    assert controls.redeem_ticket("secret", NOON) == TICKET
    assert controls.redeem_ticket("secret", NOON) is None


def test_of_several_who_redeem_one_ticket_at_the_same_time_one_gets_in(controls: DynamoControls) -> None:
    controls.issue_ticket(TICKET)
    answers = at_the_same_time(8, lambda number: controls.redeem_ticket("secret", NOON))
    assert sorted(answer is not None for answer in answers) == [False] * 7 + [True]


def test_an_expired_or_unknown_ticket_opens_nothing(controls: DynamoControls) -> None:
    controls.issue_ticket(TICKET)
    assert controls.redeem_ticket("guess", NOON) is None
    assert controls.redeem_ticket("secret", seconds(30)) is None
    assert controls.redeem_ticket("secret", NOON) is None


def test_no_other_item_of_the_table_can_be_used_as_a_ticket(controls: DynamoControls) -> None:
    controls.take_slot("preview", 60, NOON, latest=FAR)
    for guess in ("", "pace#preview", "../pace#preview"):
        assert controls.redeem_ticket(guess, NOON) is None
    assert controls.take_slot("preview", 60, NOON, latest=FAR) == seconds(1)


def test_dynamodb_is_told_when_a_ticket_may_be_forgotten(controls: DynamoControls, rows: Any) -> None:
    controls.issue_ticket(TICKET)
    (row,) = rows.scan()["Items"]
    assert row["ttl"] >= TICKET.expires_at


# --- slots ---


def test_an_idle_engine_is_free_now_and_then_one_interval_later(controls: DynamoControls) -> None:
    taken = [controls.take_slot("preview", 60, NOON, latest=FAR) for _ in range(3)]
    assert taken == [NOON, seconds(1), seconds(2)]
    assert controls.take_slot("preview", 60, LATER, latest=FAR) == LATER


def test_engines_have_slots_of_their_own(controls: DynamoControls) -> None:
    assert controls.take_slot("preview", 60, NOON, latest=FAR) == NOON
    assert controls.take_slot("nova_canvas", 60, NOON, latest=FAR) == NOON


def test_twenty_who_take_a_slot_at_the_same_time_get_twenty_that_are_an_interval_apart(
    controls: DynamoControls,
) -> None:
    taken = at_the_same_time(20, lambda number: controls.take_slot("preview", 100, NOON, latest=FAR))
    assert sorted(taken) == [NOON + number * timedelta(seconds=0.6) for number in range(20)]


def test_whoever_looks_at_the_next_slot_leaves_it_to_others(controls: DynamoControls) -> None:
    assert controls.next_slot("preview", 60, NOON) == NOON
    controls.take_slot("preview", 60, NOON, latest=FAR)
    assert [controls.next_slot("preview", 60, NOON) for _ in range(3)] == [seconds(1)] * 3
    assert controls.take_slot("preview", 60, NOON, latest=FAR) == seconds(1)


def test_a_slot_that_would_be_too_late_is_not_taken(controls: DynamoControls) -> None:
    for _ in range(3):
        controls.take_slot("preview", 60, NOON, latest=FAR)
    assert [controls.take_slot("preview", 60, NOON, latest=seconds(2)) for _ in range(5)] == [None] * 5
    assert controls.take_slot("preview", 60, NOON, latest=seconds(3)) == seconds(3)


def test_an_idle_engine_is_taken_with_one_request_and_one_that_is_not_with_two(
    controls: DynamoControls, asked: list[str]
) -> None:
    taken = [controls.take_slot("preview", 60, moment, latest=FAR) for moment in (NOON, NOON, seconds(1.5), seconds(3))]
    assert taken == [NOON, seconds(1), seconds(2), seconds(3)]
    assert asked == ["UpdateItem"] * (1 + 2 + 2 + 1)


def test_one_that_is_turned_away_has_written_nothing(controls: DynamoControls, rows: Any, asked: list[str]) -> None:
    controls.take_slot("preview", 60, NOON, latest=FAR)
    asked.clear()
    assert controls.take_slot("preview", 60, NOON, latest=seconds(0.9)) is None
    assert controls.take_slot("nova_canvas", 60, NOON, latest=seconds(-1)) is None
    assert asked == ["UpdateItem"]
    assert [one["last_taken"] for one in rows.scan()["Items"]] == [times.to_iso(NOON)]


def test_health_and_pause_are_looked_at_in_one_request(controls: DynamoControls, asked: list[str]) -> None:
    assert controls.knock("preview", "job", NOON, trial_seconds=9) is Door.CLOSED
    assert asked == ["BatchGetItem"]


def test_a_delivery_that_is_refused_says_why_without_another_request(
    controls: DynamoControls, asked: list[str]
) -> None:
    controls.claim_delivery("job", "phone", 3, NOON)
    controls.confirm_delivery("job", "phone", 3)
    controls.claim_delivery("job", "phone", 4, NOON)
    asked.clear()
    assert [controls.claim_delivery("job", "phone", version, NOON).busy for version in (3, 4)] == [False, True]
    assert asked == ["UpdateItem"] * 2


def test_whoever_loses_every_race_comes_again_later(controls: DynamoControls, rows: Any) -> None:
    class AlwaysBeaten:
        name = "vto-controls"

        def update_item(self, **options: Any) -> Any:
            controls.take_slot("preview", 60, NOON, latest=FAR)
            return rows.update_item(**options)

    beaten: Any = AlwaysBeaten()
    with pytest.raises(StorageUnavailableError, match="races"):
        DynamoControls(beaten).take_slot("preview", 60, NOON, latest=FAR)


# --- health ---

DOWN: dict[str, Any] = {"gone": False, "reason": "model_unavailable"}
GONE: dict[str, Any] = {"gone": True, "reason": "model_retired"}


def test_an_operator_pauses_an_engine_by_one_item(controls: DynamoControls, rows: Any) -> None:
    assert controls.door("preview", "job", NOON) is Door.CLOSED
    rows.put_item(Item={"control_id": "engine#preview", "state": "paused"})
    assert controls.door("preview", "job", NOON) is Door.OPEN
    assert controls.knock("preview", "job", NOON, trial_seconds=60) is Door.OPEN
    assert controls.door("nova_canvas", "job", NOON) is Door.CLOSED
    rows.put_item(Item={"control_id": "engine#preview", "state": "open"})
    assert controls.door("preview", "job", NOON) is Door.CLOSED


def test_an_engine_is_closed_until_a_failure_opens_it_and_again_when_it_answers(controls: DynamoControls) -> None:
    assert controls.fail_engine("preview", "a", NOON, **DOWN) is None
    assert controls.door("preview", "b", NOON) is Door.SHAKY
    assert controls.fail_engine("preview", "b", NOON, **DOWN) is None
    assert controls.fail_engine("preview", "a", NOON, **DOWN) == seconds(30)
    assert controls.knock("preview", "a", seconds(29), trial_seconds=60) is Door.OPEN
    assert controls.knock("nova_canvas", "a", NOON, trial_seconds=60) is Door.CLOSED
    controls.close_engine("preview")
    controls.close_engine("preview")
    assert controls.knock("preview", "a", seconds(29), trial_seconds=60) is Door.CLOSED


def test_of_many_jobs_one_tries_a_half_open_engine_and_may_ask_again(controls: DynamoControls) -> None:
    controls.fail_engine("preview", "a", NOON, **GONE)
    doors = at_the_same_time(
        8, lambda number: controls.knock("preview", f"job {number}", seconds(600), trial_seconds=60)
    )
    assert sorted(doors) == [Door.HALF_OPEN, *[Door.OPEN] * 7]
    trying = f"job {doors.index(Door.HALF_OPEN)}"
    assert controls.knock("preview", trying, seconds(601), trial_seconds=60) is Door.HALF_OPEN
    assert controls.door("preview", "another", seconds(602)) is Door.OPEN
    assert controls.door("preview", "another", seconds(661)) is Door.HALF_OPEN  # that one never told


def test_a_trial_that_did_not_come_to_pass_is_the_next_ones(controls: DynamoControls) -> None:
    controls.leave_engine("preview", "a", NOON)
    controls.fail_engine("preview", "a", NOON, **GONE)
    controls.knock("preview", "b", seconds(600), trial_seconds=60)
    controls.leave_engine("preview", "c", seconds(600))
    assert controls.door("preview", "c", seconds(600)) is Door.OPEN
    controls.leave_engine("preview", "b", seconds(600))
    assert controls.door("preview", "c", seconds(600)) is Door.HALF_OPEN


def test_many_jobs_that_fail_at_the_same_time_open_the_engine_once(controls: DynamoControls, rows: Any) -> None:
    told = at_the_same_time(8, lambda number: controls.fail_engine("preview", f"{number}", NOON, **GONE))
    assert [one for one in told if one] == [seconds(600)]
    (row,) = rows.scan()["Items"]
    assert (row["failures"], row["reason"], row["open_until"]) == (1, "model_retired", times.to_iso(seconds(600)))
    assert row["ttl"] > times.epoch(seconds(600))


def test_no_call_that_finds_it_down_is_forgotten_because_another_one_was_counted_meanwhile(
    controls: DynamoControls,
) -> None:
    at_the_same_time(3, lambda number: controls.fail_engine("preview", f"{number}", NOON, **DOWN))
    assert controls.door("preview", "job", NOON) is Door.OPEN


def test_whoever_is_beaten_to_the_trial_finds_the_engine_open_and_to_the_news_says_nothing(
    controls: DynamoControls, rows: Any
) -> None:
    class Beaten:
        name = "vto-controls"

        def __init__(self, before: Callable[[], Any]) -> None:
            self.before, self.meta = before, rows.meta

        def get_item(self, **options: Any) -> Any:
            return rows.get_item(**options)

        def put_item(self, **options: Any) -> Any:
            self.before()
            return rows.put_item(**options)

    first: Any = Beaten(lambda: controls.fail_engine("preview", "a", NOON, **GONE))
    assert DynamoControls(first).fail_engine("preview", "b", NOON, **DOWN) is None
    later = seconds(600)
    trial: Any = Beaten(lambda: controls.knock("preview", "a", later, trial_seconds=60))
    assert DynamoControls(trial).knock("preview", "b", later, trial_seconds=60) is Door.OPEN


def test_the_pause_of_an_operator_and_the_health_of_an_engine_are_items_of_their_own(
    controls: DynamoControls, rows: Any
) -> None:
    rows.put_item(Item={"control_id": "engine#preview", "state": "paused"})
    controls.fail_engine("preview", "a", NOON, **GONE)
    controls.close_engine("preview")
    assert controls.door("preview", "a", NOON) is Door.OPEN


def test_what_an_earlier_version_wrote_of_an_engine_is_read(controls: DynamoControls, rows: Any) -> None:
    before = {"failures": 2, "reason": "model_unavailable", "revision": 3, "open_until": times.to_iso(seconds(60))}
    rows.put_item(Item={"control_id": "health#preview", "probing_until": times.to_iso(seconds(90)), **before})
    assert controls.door("preview", "job", seconds(59)) is Door.OPEN
    assert controls.knock("preview", "job", seconds(60), trial_seconds=60) is Door.HALF_OPEN


# --- deliveries ---


def test_the_first_to_ask_pushes_and_the_second_hears_that_it_is_being_done(controls: DynamoControls) -> None:
    first = controls.claim_delivery("job", "phone", 3, NOON)
    second = controls.claim_delivery("job", "phone", 3, NOON)
    assert (first.granted, first.delivered) == (True, None)
    assert (second.granted, second.busy) == (False, True)


def test_of_several_who_ask_at_the_same_time_one_pushes(controls: DynamoControls) -> None:
    answers = at_the_same_time(8, lambda number: controls.claim_delivery("job", "phone", 3, NOON).granted)
    assert sum(answers) == 1


def test_what_was_delivered_is_not_delivered_again_nor_is_anything_older(controls: DynamoControls) -> None:
    controls.claim_delivery("job", "phone", 3, NOON)
    controls.confirm_delivery("job", "phone", 3)
    for version in (1, 3):
        claim = controls.claim_delivery("job", "phone", version, LATER)
        assert (claim.granted, claim.busy) == (False, False)


def test_the_next_version_is_granted_together_with_what_was_delivered_before(controls: DynamoControls) -> None:
    controls.claim_delivery("job", "phone", 3, NOON)
    controls.confirm_delivery("job", "phone", 3)
    claim = controls.claim_delivery("job", "phone", 6, NOON)
    assert (claim.granted, claim.delivered) == (True, 3)


def test_a_claim_given_back_or_left_behind_is_free_again(controls: DynamoControls) -> None:
    controls.claim_delivery("job", "phone", 3, NOON)
    controls.release_delivery("job", "phone")
    assert controls.claim_delivery("job", "phone", 3, NOON).granted
    assert not controls.claim_delivery("job", "phone", 3, seconds(4)).granted
    assert controls.claim_delivery("job", "phone", 3, seconds(6)).granted


def test_a_publisher_that_was_overtaken_does_not_turn_the_count_back(controls: DynamoControls) -> None:
    controls.claim_delivery("job", "phone", 3, NOON)
    controls.claim_delivery("job", "phone", 5, seconds(6))
    controls.confirm_delivery("job", "phone", 5)
    controls.confirm_delivery("job", "phone", 3)
    assert not controls.claim_delivery("job", "phone", 5, LATER).granted


def test_sockets_and_jobs_are_counted_apart(controls: DynamoControls) -> None:
    assert controls.claim_delivery("job", "phone", 3, NOON).granted
    assert controls.claim_delivery("job", "laptop", 3, NOON).granted
    assert controls.claim_delivery("other", "phone", 3, NOON).granted


# --- connections ---


@pytest.fixture
def connections(table: Callable[[str], Any]) -> DynamoConnections:
    return DynamoConnections(table("connections"))


def test_a_users_sockets_are_found_and_forgotten(connections: DynamoConnections) -> None:
    mine = [Connection(f"mine-{number}", ALICE, times.to_iso(seconds(number)), 99) for number in range(2)]
    for one in (*mine, Connection("theirs", BOB, times.to_iso(NOON), 99)):
        connections.add(one)
    assert connections.of_user(ALICE) == mine
    assert connections.get("theirs") == Connection("theirs", BOB, times.to_iso(NOON), 99)
    connections.remove("mine-0", ALICE)
    connections.remove("mine-0", ALICE)
    assert connections.of_user(ALICE) == mine[1:]
    assert connections.get("mine-0") is None


def test_all_sockets_are_found_in_pages_also_after_one_that_has_gone(connections: DynamoConnections) -> None:
    names = {f"c-{number}" for number in range(7)}
    for name in names:
        connections.add(Connection(name, ALICE, times.to_iso(NOON), 99))
    found, cursor = connections.page(limit=3, cursor=None)
    assert (len(found), cursor) == (3, found[-1].connection_id)
    connections.remove(found[-1].connection_id, ALICE)
    while cursor is not None:
        page, cursor = connections.page(limit=3, cursor=cursor)
        found += page
    assert sorted(one.connection_id for one in found) == sorted(names)


def test_a_connection_id_that_is_used_again_belongs_to_its_new_user(connections: DynamoConnections) -> None:
    connections.add(Connection("c", ALICE, times.to_iso(NOON), 99))
    connections.add(Connection("c", BOB, times.to_iso(LATER), 99))
    connections.remove("c", ALICE)
    assert connections.get("c") is not None
    assert connections.of_user(ALICE) == []
    assert [one.connection_id for one in connections.of_user(BOB)] == ["c"]


# --- results ---

TOLD = (Adaptation("images", "batch=1"),)
RESULT = CachedResult("job-1", ("s3://r/0.png", "s3://r/1.png"), "s3://r/mask.png", "preview", TOLD)
TTL = times.epoch(LATER)


@pytest.fixture
def results(table: Callable[[str], Any]) -> DynamoResults:
    return DynamoResults(table("results"))


def test_of_several_equal_jobs_that_come_together_one_makes_the_result(results: DynamoResults) -> None:
    answers = at_the_same_time(8, lambda number: results.claim("key", f"job-{number}", NOON, seconds=60))
    assert sum(one.granted for one in answers) == 1


def test_whoever_makes_a_result_may_ask_again_and_others_wait_until_the_claim_lapses(results: DynamoResults) -> None:
    assert results.claim("key", "job-1", NOON, seconds=60).granted
    assert results.claim("key", "job-1", NOON, seconds=60).granted
    assert not results.claim("key", "job-2", seconds(59), seconds=60).granted
    assert results.claim("key", "job-2", seconds(61), seconds=60).granted


def test_whoever_may_not_make_a_result_is_answered_who_does_or_the_result_itself(results: DynamoResults) -> None:
    results.claim("key", "job-1", NOON, seconds=60)
    assert results.claim("key", "job-2", NOON, seconds=60) == ResultClaim(granted=False, holder="job-1")
    results.put_ready("key", RESULT, ttl=TTL)
    assert results.claim("key", "job-2", NOON, seconds=60) == ResultClaim(granted=False, ready=RESULT)


def test_a_finished_result_is_found_until_it_expires_whether_or_not_dynamodb_has_deleted_it(
    results: DynamoResults,
) -> None:
    results.claim("key", "job-1", NOON, seconds=60)
    assert results.get_ready("key", NOON) is None
    results.put_ready("key", RESULT, ttl=TTL)
    assert results.get_ready("key", NOON) == RESULT
    assert results.get_ready("key", LATER) is None
    assert results.get_ready("other", NOON) is None


def test_a_result_without_a_mask_has_none_even_where_an_older_one_had(results: DynamoResults) -> None:
    results.put_ready("key", RESULT, ttl=TTL)
    stored = (StoredImage("s3://r/2.png", "digest", 800, 1200),)
    whole = CachedResult("job-1", ("s3://r/2.png",), None, "preview", (), stored, ("s3://r/2.webp",), "s3://r/p.json")
    results.put_ready("key", whole, ttl=TTL)
    assert results.get_ready("key", NOON) == whole
    results.put_ready("key", CachedResult("job-2", ("s3://r/2.png",), None, "preview"), ttl=TTL)
    assert results.get_ready("key", NOON) == CachedResult("job-2", ("s3://r/2.png",), None, "preview")


def test_a_finished_result_whose_pictures_are_gone_can_be_made_again(results: DynamoResults) -> None:
    results.put_ready("key", RESULT, ttl=TTL)
    assert not results.claim("key", "job-2", NOON, seconds=60).granted, "it became ready since we looked"
    assert results.claim("key", "job-2", NOON, seconds=60, gone=RESULT).granted
    assert results.get_ready("key", NOON) is None


def test_a_claim_is_released_by_its_own_job_only(results: DynamoResults) -> None:
    results.claim("key", "job-1", NOON, seconds=60)
    results.release("key", "job-2")
    assert not results.claim("key", "job-2", NOON, seconds=60).granted
    results.release("key", "job-1")
    assert results.claim("key", "job-2", NOON, seconds=60).granted


def test_a_finished_result_is_not_released(results: DynamoResults) -> None:
    results.put_ready("key", RESULT, ttl=TTL)
    results.release("key", "job-1")
    results.release("nothing", "job-1")
    assert results.get_ready("key", NOON) == RESULT
