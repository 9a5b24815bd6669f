"""The fakes that ship with the layer do what DynamoDB does: whatever is asked of both, both answer alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.integration.conftest import create_table
from tests.unit.vto.world import ALICE, BOB, EXECUTION, new_job, photo, shirt
from vto.adapters.dynamodb.catalogue import DynamoCatalogue
from vto.adapters.dynamodb.connections import DynamoConnections
from vto.adapters.dynamodb.controls import DynamoControls
from vto.adapters.dynamodb.guests import DynamoGuests
from vto.adapters.dynamodb.jobs import DynamoJobs
from vto.adapters.dynamodb.products import DynamoProducts
from vto.adapters.dynamodb.results import DynamoResults
from vto.domain import times
from vto.domain.budgets import Limits, guests_budget, shop_budget, user_budget
from vto.domain.catalogue import Kind, Readiness
from vto.domain.curating import ProductWords
from vto.domain.guests import Guest
from vto.domain.job import Job, Stage, StoredImage
from vto.domain.pacing import Counter, Lane
from vto.errors import (
    BudgetExhaustedError,
    JobClosedError,
    ModelTimeoutError,
    SignInRequiredError,
    SpendingStoppedError,
)
from vto.ports import CachedResult, Connection, NoRoomError, Ticket, VersionConflictError
from vto.testing import (
    NOON,
    FakeBudgets,
    FakeCatalogue,
    FakeConnections,
    FakeControls,
    FakeGuests,
    FakeJobs,
    FakeResults,
)
from vto.use_cases.changing_jobs import change_job

few = settings(max_examples=25)
moments = st.integers(0, 400).map(lambda seconds: NOON + timedelta(seconds=seconds))
ids = st.sampled_from(["one", "two"])
users = st.sampled_from([ALICE, BOB])


def answer(ask: Callable[[Any], Any], port: Any) -> Any:
    try:
        return ask(port)
    except VersionConflictError:
        return "conflict"
    except NoRoomError:
        return "no room"


def agree(asked: list[Callable[[Any], Any]], fake: Any, build: Callable[[], Any]) -> None:
    with mock_aws():
        real = build()
        for ask in asked:
            assert answer(ask, fake) == answer(ask, real)


# --- jobs ---


def changed(job: Job, how: str) -> Job:
    """One step further, where that is allowed."""
    image = StoredImage("s3://r/0.png", "digest", 1, 2)
    try:
        match how:
            case "claim":
                return job.claimed(EXECUTION, NOON)
            case "queue":
                return job.enter(Stage.QUEUED, execution_arn=EXECUTION, now=NOON, lease_seconds=200, eta_seconds=3)
            case "complete":
                return job.complete(images=(image,), mask_s3_url=None, engine="preview", now=NOON)
        return job.fail(ModelTimeoutError(), NOON)
    except JobClosedError:
        return job


def change(job_id: str, how: str, behind: int) -> Callable[[Any], Any]:
    def ask(jobs: Any) -> Any:
        job = jobs.get(job_id) or new_job(job_id)
        return jobs.save(changed(job, how), expected_version=job.version - behind)

    return ask


job_questions = st.one_of(
    st.builds(
        lambda name, user, now: lambda jobs: jobs.create(new_job(name, user_id=user, now=now)), ids, users, moments
    ),
    st.builds(
        lambda name, lane, now: lambda jobs: jobs.create(new_job(name, lane=lane, now=now), at_most=1),
        ids,
        st.sampled_from(Lane),
        moments,
    ),
    st.builds(lambda name: lambda jobs: jobs.get(name), ids),
    st.builds(change, ids, st.sampled_from(["claim", "queue", "complete", "fail"]), st.sampled_from([0, 0, 0, 1])),
    st.builds(lambda now: lambda jobs: sorted(job.id for job in jobs.overdue(now, limit=9)[0]), moments),
    st.builds(lambda user: lambda jobs: sorted(job.id for job in jobs.of_user(user, limit=9)[0]), users),
)


@few
@given(st.lists(job_questions, max_size=15))
def test_jobs(asked: list[Callable[[Any], Any]]) -> None:
    agree(asked, FakeJobs(), lambda: DynamoJobs(create_table("jobs"), create_table("controls")))


DAY = "2026-11-21"
BUDGETS = [shop_budget(DAY), guests_budget(DAY), user_budget(ALICE, DAY), user_budget(BOB, DAY)]
LIMITS = Limits(shop=5, user=3, guests=2)


def book(job_id: str, how: str, price: int) -> Callable[[Any], Any]:
    """Move money with a change of a job, if there is room; then say what stands where."""

    def step(job: Job) -> Job:
        match how:
            case "reserve":
                return job.reserving("nova_canvas", price, NOON)
            case "call":
                return job.call(1, "nova_canvas", price, NOON)
        return job.settled(NOON) if how == "settle" else job.heard(job.attempts, NOON, is_blocked=False)

    def ask(jobs: Any) -> Any:
        try:
            change_job(jobs, job_id, step, LIMITS)
        except (BudgetExhaustedError, SignInRequiredError, SpendingStoppedError) as error:
            return error.code
        except (JobClosedError, ModelTimeoutError) as error:
            return error.code
        return budgets_of(jobs).spent(BUDGETS)

    return ask


def throw_the_switch(jobs: Any) -> None:
    budgets = budgets_of(jobs)
    if isinstance(budgets, FakeBudgets):
        budgets.stopped = True
    else:
        budgets._table.put_item(Item={"control_id": "spending", "state": "stopped"})


def budgets_of(jobs: Any) -> Any:
    return jobs.budgets if isinstance(jobs, FakeJobs) else jobs._budgets


money_questions = st.one_of(
    *[
        st.builds(
            book,
            st.one_of(ids, st.just("guests")),
            st.sampled_from(["reserve", "call", "settle", "not billed"]),
            st.integers(1, 4),
        )
    ]
    * 8,
    st.just(throw_the_switch),
)


@settings(max_examples=15)
@given(st.lists(money_questions, max_size=12))
def test_budgets(asked: list[Callable[[Any], Any]]) -> None:
    created: list[Callable[[Any], Any]] = [
        lambda jobs: jobs.create(new_job("one")),
        lambda jobs: jobs.create(new_job("two", user_id=BOB)),
        lambda jobs: jobs.create(new_job("guests", user_id="guest#1")),
    ]

    def build() -> DynamoJobs:
        return DynamoJobs(create_table("jobs"), create_table("controls"))

    agree([*created, *asked], FakeJobs(), build)


# --- catalogue ---


def imported(name: str, sequencer: str, rejected: bool, own: bool, at: datetime) -> Callable[[Any], Any]:
    item = photo(name, ALICE, ttl=9) if own else shirt(name, source_time=times.to_iso(at))
    item = replace(item, source_sequencer=sequencer, sha256=sequencer, name=f"upload {sequencer}")
    if rejected:
        item = replace(
            item, readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None, sha256=None
        )
    return lambda catalogue: catalogue.record_import(item)


catalogue_questions = st.one_of(
    st.builds(imported, ids, st.sampled_from(["01", "02", "03"]), st.booleans(), st.booleans(), moments),
    st.builds(lambda kind, name: lambda catalogue: catalogue.get(kind, name), st.sampled_from(Kind), ids),
    st.just(lambda catalogue: sorted(item.item_id for item in catalogue.products(limit=9)[0])),
    st.builds(
        lambda user: lambda catalogue: sorted(item.item_id for item in catalogue.models_of(user, limit=9)),
        st.sampled_from([ALICE, BOB, None]),
    ),
    st.builds(
        lambda user: lambda catalogue: sorted(item.item_id for item in catalogue.photos_of(user, limit=9)[0]),
        st.sampled_from([ALICE, BOB]),
    ),
    st.builds(
        lambda name, user, new: lambda catalogue: catalogue.rename_photo(name, user, new, "later"),
        ids,
        st.sampled_from([ALICE, BOB]),
        st.sampled_from(["Summer", "Winter"]),
    ),
    st.builds(
        lambda name, user: lambda catalogue: catalogue.mark_erased(name, user, "later"),
        ids,
        st.sampled_from([ALICE, BOB]),
    ),
    st.builds(
        lambda name, user: lambda catalogue: catalogue.delete_photo(name, user), ids, st.sampled_from([ALICE, BOB])
    ),
)

words = st.builds(
    ProductWords,
    st.sampled_from(["A", "B"]),
    st.sampled_from(["shoes", "tops"]),
    st.just(""),
    st.sampled_from(["SHOES", None]),
)
product_questions = st.one_of(
    st.builds(lambda name, said, now: lambda products: products.put_product(name, said, now), ids, words, moments),
    st.builds(lambda name, now: lambda products: products.delete_product(name, now), ids, moments),
    st.builds(lambda name: lambda products: (products.product(name), products.deleted_until(name)), ids),
    st.builds(
        lambda category: (
            lambda products: sorted(
                item.item_id for item in products.products_behind(None, category=category, limit=9)[0]
            )
        ),
        st.sampled_from(["shoes", "upper_body", None]),
    ),
    st.just(lambda products: sorted(products.categories_behind(None)[0])),
)


class RealCatalogue(DynamoProducts, DynamoCatalogue):
    """Both repositories of the two tables."""

    def __init__(self) -> None:
        products = create_table("products")
        DynamoProducts.__init__(self, products)
        DynamoCatalogue.__init__(self, products, create_table("models"))


@few
@given(st.lists(st.one_of(catalogue_questions, product_questions), max_size=15))
def test_catalogue(asked: list[Callable[[Any], Any]]) -> None:
    agree(asked, FakeCatalogue(), RealCatalogue)


# --- guests ---

guest_questions = st.one_of(
    st.builds(
        lambda name, at: lambda guests: guests.remember(name, Guest(f"guest#{name}", at)), ids, st.integers(1, 9)
    ),
    st.builds(lambda name: lambda guests: guests.find(name), ids),
)


@few
@given(st.lists(guest_questions, max_size=8))
def test_guests(asked: list[Callable[[Any], Any]]) -> None:
    agree(asked, FakeGuests(), lambda: DynamoGuests(create_table("controls")))


# --- controls ---

engines = st.sampled_from(["preview", "nova_canvas"])
versions = st.integers(1, 4)
control_questions = st.one_of(
    st.builds(
        lambda name, now: lambda controls: controls.issue_ticket(Ticket(name, ALICE, times.epoch(now), 99)),
        ids,
        moments,
    ),
    st.builds(lambda name, now: lambda controls: controls.redeem_ticket(name, now), ids, moments),
    st.builds(
        lambda name, version, now: lambda controls: controls.claim_delivery("job", name, version, now),
        ids,
        versions,
        moments,
    ),
    st.builds(lambda name, version: lambda controls: controls.confirm_delivery("job", name, version), ids, versions),
    st.builds(lambda name: lambda controls: controls.release_delivery("job", name), ids),
    st.builds(
        lambda engine, now, latest, counter: (
            lambda controls: controls.take_slot(engine, 60, now, latest=latest, counter=counter)
        ),
        engines,
        moments,
        moments,
        st.sampled_from(Counter),
    ),
    st.builds(
        lambda engine, job, now: lambda controls: controls.door(engine, job, now),
        engines,
        ids,
        moments,
    ),
    st.builds(
        lambda engine, job, now: lambda controls: controls.knock(engine, job, now, trial_seconds=60),
        engines,
        ids,
        moments,
    ),
    st.builds(
        lambda engine, job, now: lambda controls: controls.leave_engine(engine, job, now),
        engines,
        ids,
        moments,
    ),
    st.builds(
        lambda engine, job, now, gone: lambda controls: controls.fail_engine(engine, job, now, gone=gone, reason="why"),
        engines,
        ids,
        moments,
        st.booleans(),
    ),
    st.builds(lambda engine: lambda controls: controls.close_engine(engine), engines),
)


@few
@given(st.lists(control_questions, max_size=20))
def test_controls(asked: list[Callable[[Any], Any]]) -> None:
    agree(asked, FakeControls(), lambda: DynamoControls(create_table("controls")))


# --- results and connections ---

result_questions = st.one_of(
    st.builds(lambda key, now: lambda results: results.get_ready(key, now), ids, moments),
    st.builds(
        lambda key, job, now: lambda results: results.claim(key, job, now, seconds=100),
        ids,
        st.sampled_from(["job-1", "job-2"]),
        moments,
    ),
    st.builds(
        lambda key, job, now, dead: lambda results: results.claim(key, job, now, seconds=100, instead_of=dead),
        ids,
        st.sampled_from(["job-1", "job-2"]),
        moments,
        st.sampled_from(["job-1", "job-2", None]),
    ),
    st.builds(
        lambda key, mask, now: (
            lambda results: results.put_ready(
                key, CachedResult("job-1", ("s3://r/0.png",), mask, "preview"), ttl=times.epoch(now)
            )
        ),
        ids,
        st.sampled_from([None, "s3://r/m.png"]),
        moments,
    ),
    st.builds(lambda key, job: lambda results: results.release(key, job), ids, st.sampled_from(["job-1", "job-2"])),
)


@few
@given(st.lists(result_questions, max_size=20))
def test_results(asked: list[Callable[[Any], Any]]) -> None:
    agree(asked, FakeResults(), lambda: DynamoResults(create_table("results")))


connection_questions = st.one_of(
    st.builds(lambda name, user: lambda rows: rows.add(Connection(name, user, "2026", 9)), ids, users),
    st.builds(lambda name: lambda rows: rows.get(name), ids),
    st.builds(lambda name, user: lambda rows: rows.remove(name, user), ids, users),
    st.builds(lambda user: lambda rows: sorted(one.connection_id for one in rows.of_user(user)), users),
)


@few
@given(st.lists(connection_questions, max_size=15))
def test_connections(asked: list[Callable[[Any], Any]]) -> None:
    agree(asked, FakeConnections(), lambda: DynamoConnections(create_table("connections")))
