"""Jobs and budgets are one transaction: racing threads never overspend, and each way of failing is told apart."""

import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.integration.conftest import Wire, at_the_same_time
from tests.unit.vto.world import ALICE, BOB, new_job
from vto.adapters.dynamodb.budgets import ATTEMPTS, NO_ROOM, DynamoBudgets
from vto.adapters.dynamodb.jobs import DynamoJobs
from vto.domain.budgets import Booking, Limits, Move, guests_budget, shop_budget, user_budget
from vto.domain.guests import is_guest
from vto.domain.job import Job
from vto.errors import BudgetExhaustedError, InternalError, SpendingStoppedError, StorageUnavailableError, VtoError
from vto.ports import VersionConflictError
from vto.testing import NOON
from vto.use_cases.changing_jobs import change_job

DAY = "2026-11-21"
PRICE = 40_000
RICH = Limits(shop=10**9, user=10**9)


@pytest.fixture
def controls(table: Callable[[str], Any]) -> Any:
    return table("controls")


@pytest.fixture
def jobs(table: Callable[[str], Any], controls: Any) -> DynamoJobs:
    return DynamoJobs(table("jobs"), controls)


def reserve(jobs: DynamoJobs, job_id: str, limits: Limits) -> Job:
    return change_job(jobs, job_id, lambda job: job.reserving("nova_canvas", PRICE, NOON), limits)


def on_budgets(controls: Any, user: str = ALICE) -> tuple[int, int]:
    """What stands on the shop's budget, and on a user's; guests have one together."""
    theirs = guests_budget(DAY) if is_guest(user) else user_budget(user, DAY)
    spent = DynamoBudgets(controls).spent([shop_budget(DAY), theirs])
    return spent[shop_budget(DAY)], spent[theirs]


@pytest.mark.parametrize(
    ("threads", "users", "limits", "kind", "refusal"),
    [
        (100, 100, Limits(shop=PRICE, user=10**9), "user-", "budget_exhausted"),
        (30, 1, Limits(shop=10**9, user=PRICE), "user-", "budget_exhausted"),
        (30, 30, Limits(shop=10**9, guests=PRICE), "guest#", "sign_in_required"),
    ],
    ids=["100 for the shop's", "30 for one user's", "30 guests for the guests'"],
)
def test_of_racing_threads_one_gets_the_last_call_of_the_day(
    jobs: DynamoJobs,
    controls: Any,
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    users: int,
    limits: Limits,
    kind: str,
    refusal: str,
) -> None:
    ask, one_at_a_time = BaseClient._make_api_call, threading.Lock()  # type: ignore[attr-defined]

    def locked(client: Any, operation: str, asked: dict[str, Any]) -> Any:
        with one_at_a_time:  # one request at a time, as for one item of DynamoDB; moto itself does not promise it
            return ask(client, operation, asked)

    monkeypatch.setattr(BaseClient, "_make_api_call", locked)
    for number in range(threads):
        jobs.create(new_job(f"job-{number}", user_id=f"{kind}{number % users}"))

    def race(number: int) -> str:
        try:
            return str(reserve(jobs, f"job-{number}", limits).ledger[0].state)
        except VtoError as error:
            return error.code

    answers = at_the_same_time(threads, race)
    assert sorted(answers) == sorted([refusal] * (threads - 1) + ["reserved"])
    [winner] = [number for number, answer in enumerate(answers) if answer == "reserved"]
    assert on_budgets(controls, f"{kind}{winner % users}") == (PRICE, PRICE)
    assert [bool(jobs.get(f"job-{number}").ledger) for number in range(threads)].count(True) == 1  # type: ignore[union-attr]


def test_money_that_was_set_aside_is_given_back_on_its_own_day_when_the_job_ends(
    jobs: DynamoJobs, controls: Any
) -> None:
    jobs.create(new_job())
    reserve(jobs, "job-1", RICH)
    assert on_budgets(controls) == (PRICE, PRICE)
    change_job(jobs, "job-1", lambda job: job.fail(StorageUnavailableError(), NOON.replace(day=23)))
    assert on_budgets(controls) == (0, 0)
    row = controls.get_item(Key={"control_id": shop_budget(DAY)})["Item"]
    assert row["ttl"] > NOON.timestamp() + 24 * 3600


def test_a_call_that_costs_more_than_a_whole_day_is_refused_though_nothing_has_been_spent(jobs: DynamoJobs) -> None:
    jobs.create(new_job())
    with pytest.raises(BudgetExhaustedError):
        reserve(jobs, "job-1", Limits(shop=PRICE - 1, user=10**9))


def call(jobs: DynamoJobs, job_id: str) -> Job:
    return change_job(jobs, job_id, lambda job: job.call(1, "nova_canvas", PRICE, NOON), RICH)


def test_while_the_switch_is_thrown_no_call_is_written_down_and_money_still_comes_back(
    jobs: DynamoJobs, controls: Any
) -> None:
    for job_id, user in (("job-1", ALICE), ("job-2", BOB)):
        jobs.create(new_job(job_id, user_id=user))
    reserve(jobs, "job-1", RICH)
    controls.put_item(Item={"control_id": "spending", "state": "stopped"})
    assert DynamoBudgets(controls).is_stopped()
    for job_id in ("job-1", "job-2"):  # the one holds its money already, the other needs some
        before = jobs.get(job_id)
        with pytest.raises(SpendingStoppedError):
            call(jobs, job_id)
        assert jobs.get(job_id) == before
    assert on_budgets(controls) == (PRICE, PRICE)
    change_job(jobs, "job-1", lambda job: job.fail(StorageUnavailableError(), NOON))
    assert on_budgets(controls) == (0, 0)
    controls.put_item(Item={"control_id": "spending", "state": "on"})
    call(jobs, "job-2")
    assert on_budgets(controls, BOB) == (PRICE, PRICE)


def test_a_call_whose_money_was_set_aside_is_one_plain_write_behind_one_look_at_the_switch(
    jobs: DynamoJobs, controls: Any
) -> None:
    jobs.create(new_job())
    reserve(jobs, "job-1", RICH)
    asked: list[str] = []
    controls.meta.client.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    call(jobs, "job-1")
    assert asked == ["GetItem", "GetItem", "UpdateItem"]


def test_a_call_whose_write_got_no_answer_and_is_sent_again_counts_once(jobs: DynamoJobs, controls: Any) -> None:
    class AsksTwice(DynamoJobs):
        def save(self, job: Job, **options: Any) -> None:
            super().save(job, **options)
            super().save(job, **options)  # as the SDK does, which did not hear of the first

    jobs.create(new_job())
    reserve(jobs, "job-1", RICH)
    made = call(AsksTwice(jobs._table, controls), "job-1")
    assert jobs.get("job-1") == made
    assert (made.attempts, made.billable_calls, len(made.ledger), on_budgets(controls)) == (1, 1, 1, (PRICE, PRICE))


def test_a_call_that_costs_nothing_is_written_without_a_transaction_and_whatever_is_stopped(
    table: Callable[[str], Any],
) -> None:
    jobs = DynamoJobs(table("jobs"))
    jobs.create(new_job())
    change_job(jobs, "job-1", lambda job: job.call(1, "preview", 0, NOON), Limits(may_spend=False))
    with pytest.raises(InternalError):
        reserve(jobs, "job-1", RICH)


def test_money_moves_only_with_the_version_that_was_read(jobs: DynamoJobs, controls: Any) -> None:
    jobs.create(new_job())
    booking = Booking((Move(shop_budget(DAY), PRICE, PRICE), Move(user_budget(ALICE, DAY), PRICE, PRICE)), spends=True)
    jobs.save(new_job(), expected_version=1, booking=booking)
    with pytest.raises(VersionConflictError):  # and the budgets are full besides
        jobs.save(new_job(), expected_version=1, booking=booking)
    assert on_budgets(controls) == (PRICE, PRICE)


# --- what a transaction may be cancelled with -------------------------------------------------------------------------


def cancelled(*reasons: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "TransactWriteItems")


MOVES = (Move(user_budget(ALICE, DAY), 1, 9), Move(shop_budget(DAY), 1, 9))


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        ((NO_ROOM, NO_ROOM, NO_ROOM), VersionConflictError),
        (("None", NO_ROOM, "None"), BudgetExhaustedError),
        (("TransactionConflict", "None", NO_ROOM), BudgetExhaustedError),
        (("ValidationError", "None", "None"), StorageUnavailableError),
        (("None",), StorageUnavailableError),
    ],
)
def test_reasons_of_a_cancelled_transaction_are_told_apart(reasons: tuple[str, ...], error: type[Exception]) -> None:
    budgets, asked = stub([cancelled(*reasons)])
    with pytest.raises(error):
        budgets.write("job-1", {}, Booking(MOVES, spends=True))
    assert len(asked) == 1


def test_a_transaction_that_met_another_is_sent_again_a_bounded_number_of_times_with_pauses() -> None:
    busy = cancelled("None", "None", "TransactionConflict")
    pauses: list[float] = []
    budgets, asked = stub([busy, busy, None], pauses.append)
    budgets.write("job-1", {}, Booking(MOVES, spends=True))
    assert (len(asked), len(pauses)) == (3, 2)
    budgets, asked = stub([busy] * 99, pauses.append)
    with pytest.raises(StorageUnavailableError):
        budgets.write("job-1", {}, Booking(MOVES, spends=True))
    assert len(asked) == ATTEMPTS
    assert sum(pauses) < 4  # the function waits for it


def test_a_call_that_waits_for_other_transactions_is_not_written_once_the_switch_is_thrown() -> None:
    busy = cancelled("None", "None", "TransactionConflict")
    budgets, asked = stub([busy, None], switch="stopped")
    with pytest.raises(SpendingStoppedError):
        budgets.write("job-1", {}, Booking(MOVES, spends=True))
    assert len(asked) == 1
    budgets, asked = stub([busy, None], switch="stopped")
    budgets.write("job-1", {}, Booking(MOVES, spends=False))  # money comes back whatever is stopped
    assert len(asked) == 2


def stub(
    answers: list[Exception | None], sleep: Callable[[float], None] = lambda _: None, switch: str = "on"
) -> tuple[DynamoBudgets, Any]:
    """Budgets over a DynamoDB that answers transactions with these, and whoever looks at the switch with its state."""
    asked: list[Any] = []

    def transact_write_items(**given: Any) -> None:
        asked.append(given)
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    table: Any = SimpleNamespace(
        name="vto-controls",
        meta=SimpleNamespace(client=SimpleNamespace(transact_write_items=transact_write_items)),
        get_item=lambda **_: {"Item": {"control_id": "spending", "state": switch}},
    )
    return DynamoBudgets(table, sleep), asked


def test_a_plain_write_that_meets_a_transaction_is_decided_anew(table: Callable[[str], Any]) -> None:
    rows = table("jobs")
    error = ClientError({"Error": {"Code": "TransactionConflictException", "Message": "busy"}}, "UpdateItem")

    def update_item(**_: Any) -> None:
        raise error

    broken: Any = SimpleNamespace(name="vto-jobs", get_item=rows.get_item, update_item=update_item)
    with pytest.raises(VersionConflictError):
        DynamoJobs(broken).save(new_job(), expected_version=1)


def test_a_transaction_whose_answer_was_lost_is_sent_again_with_the_same_token() -> None:
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"})
    resource = boto3.resource("dynamodb", region_name="eu-central-1", config=config)
    wire = Wire(resource.meta.client)
    wire.will_raise(ConnectionClosedError(endpoint_url="https://dynamodb"))
    wire.will_say(200, b"{}", content_type="application/x-amz-json-1.0")
    budgets = DynamoBudgets(resource.Table("vto-controls"))
    job = {"TableName": "vto-jobs", "Key": {"id": "job-1"}, "UpdateExpression": "REMOVE x"}
    budgets.write("job-1", job, Booking(MOVES, spends=True))
    tokens = [json.loads(request.body)["ClientRequestToken"] for request in wire.requests]
    assert len(tokens) == 2
    assert len(set(tokens)) == 1
