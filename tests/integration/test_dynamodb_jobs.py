"""``vto-jobs``: conditional writes, the sparse index of unfinished jobs, pages, and exact numbers."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.vto.world import ALICE, BOB, EXECUTION, new_job
from vto.adapters.dynamodb.jobs import DynamoJobs, job_to_item
from vto.domain import times
from vto.domain.job import OPEN, Job, Stage, Status, StoredImage
from vto.domain.notices import Notice
from vto.domain.parameters import canonical
from vto.errors import InvalidRequestError, ModelTimeoutError, StorageUnavailableError, Violation
from vto.ports import VersionConflictError
from vto.testing import NOON

IMAGE = StoredImage("s3://r/results/job-1/0.png", "digest", 800, 1200)


@pytest.fixture
def rows(table: Callable[[str], Any]) -> Any:
    return table("jobs")


@pytest.fixture
def jobs(rows: Any) -> DynamoJobs:
    return DynamoJobs(rows)


def raw(rows: Any, job_id: str = "job-1") -> dict[str, Any]:
    return dict(rows.get_item(Key={"id": job_id})["Item"])


def claimed(job: Job) -> Job:
    return job.claimed(EXECUTION, NOON)


def completed(job: Job) -> Job:
    return claimed(job).complete(images=(IMAGE,), mask_s3_url="s3://r/m.png", engine="preview", now=NOON)


EVERY_STATE = [
    new_job(),
    new_job(connection_id="socket-1"),
    claimed(new_job()),
    claimed(new_job()).enter(
        Stage.QUEUED, execution_arn=EXECUTION, now=NOON, lease_seconds=5, eta_seconds=7, slot_round=1, slot_at="x"
    ),
    completed(new_job()),
    new_job().fail(InvalidRequestError("x", [Violation("model_id", "is gone", "")]), NOON),
    new_job().fail(InvalidRequestError("x", [Violation("model_id", "is gone", "choose another")]), NOON),
    claimed(new_job(seed_is_pinned=False, warnings=[Notice("code", "Message.", "parameters.maskType")]))
    .call(1, "nova_canvas", 40_000, NOON)
    .heard(1, NOON, is_blocked=True)
    .reserving("fashn_api", 75_000, NOON),
    new_job(parameters=canonical({"maskType": "GARMENT", "imageGenerationConfig": {"cfgScale": 1.1, "seed": 0}})),
]


@pytest.mark.parametrize("job", EVERY_STATE, ids=lambda job: f"{job.status}-{job.stage}")
def test_a_job_comes_back_as_it_was_stored(jobs: DynamoJobs, job: Job) -> None:
    assert jobs.create(job)
    found = jobs.get(job.id)
    assert found == job
    assert found is not None
    assert found.ttl == job.ttl
    assert found.parameters == job.parameters
    assert [type(one) for one in found.parameters["imageGenerationConfig"].values()] == [
        type(one) for one in job.parameters["imageGenerationConfig"].values()
    ]


def test_numbers_are_numbers_in_the_table_and_fractions_are_exact(jobs: DynamoJobs, rows: Any) -> None:
    jobs.create(new_job())
    config = raw(rows)["parameters"]["imageGenerationConfig"]
    assert config == {"numberOfImages": 1, "quality": "standard", "cfgScale": Decimal("6.5"), "seed": 12}


def test_a_row_has_the_attributes_of_the_published_table(jobs: DynamoJobs, rows: Any) -> None:
    jobs.create(new_job(connection_id="socket-1"))
    jobs.save(replace(completed(new_job(connection_id="socket-1"))), expected_version=1)
    published = {
        "id", "model_id", "product_id", "model_picture_s3_url", "product_picture_s3_url", "result_s3_url", "status",
        "parameters", "connection_id", "created_at", "updated_at",
    }  # fmt: skip
    assert published <= raw(rows).keys()


def test_an_unknown_job_is_none(jobs: DynamoJobs) -> None:
    assert jobs.get("nobody") is None


def test_a_job_is_created_once(jobs: DynamoJobs) -> None:
    assert jobs.create(new_job())
    assert not jobs.create(new_job(user_id=BOB))
    found = jobs.get("job-1")
    assert found is not None
    assert found.user_id == ALICE


def test_a_change_is_stored_only_on_the_version_it_was_decided_on(jobs: DynamoJobs) -> None:
    jobs.create(new_job())
    jobs.save(claimed(new_job()), expected_version=1)
    with pytest.raises(VersionConflictError):
        jobs.save(new_job().fail(ModelTimeoutError(), NOON), expected_version=1)
    found = jobs.get("job-1")
    assert found is not None
    assert found.status is Status.PROCESSING


def test_an_erased_job_is_not_brought_back_by_a_late_change(jobs: DynamoJobs) -> None:
    with pytest.raises(VersionConflictError):
        jobs.save(claimed(new_job()), expected_version=1)
    assert jobs.get("job-1") is None


def test_attributes_of_a_newer_version_of_this_code_survive_a_change(jobs: DynamoJobs, rows: Any) -> None:
    rows.put_item(Item={**job_to_item(new_job()), "mood": "sunny", "later": {"a": [1]}})
    found = jobs.get("job-1")
    assert found == new_job()
    jobs.save(claimed(new_job()), expected_version=1)
    assert (raw(rows)["mood"], raw(rows)["later"]) == ("sunny", {"a": [1]})


def test_a_row_of_an_older_version_of_this_code_is_read_with_defaults(jobs: DynamoJobs, rows: Any) -> None:
    older = {name: value for name, value in job_to_item(new_job()).items() if name not in ("attempts", "slot_round")}
    rows.put_item(Item=older)
    found = jobs.get("job-1")
    assert found is not None
    assert (found.attempts, found.slot_round) == (0, 0)


def test_a_finished_job_leaves_the_index_of_unfinished_ones(jobs: DynamoJobs, rows: Any) -> None:
    jobs.create(new_job())
    jobs.save(completed(new_job()), expected_version=1)
    assert not {"open", "lease_until", "eta_seconds", "stage"} & raw(rows).keys()
    assert jobs.overdue(NOON + timedelta(days=1), limit=9) == ([], None)


def test_overdue_jobs_come_the_longest_overdue_first_and_jobs_within_their_lease_not_at_all(jobs: DynamoJobs) -> None:
    for number, seconds in enumerate((30, 10, 20, 500)):
        jobs.create(new_job(f"job-{number}", now=NOON + timedelta(seconds=seconds)))
    late = NOON + timedelta(seconds=200)
    assert [job.id for job in jobs.overdue(late, limit=9)[0]] == ["job-1", "job-2", "job-0"]
    seen, cursor = [], None
    for _ in range(3):
        (job,), cursor = jobs.overdue(late, limit=1, cursor=cursor)
        seen.append(job.id)
    assert seen == ["job-1", "job-2", "job-0"]
    assert jobs.overdue(late, limit=1, cursor=cursor) == ([], None)


def test_a_users_jobs_come_the_newest_first_in_pages_and_are_nobody_elses(jobs: DynamoJobs) -> None:
    for number in range(5):
        jobs.create(new_job(f"mine-{number}", now=NOON + timedelta(seconds=number)))
    jobs.create(new_job("theirs", user_id=BOB))
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page, cursor = jobs.of_user(ALICE, limit=2, cursor=cursor)
        seen += [job.id for job in page]
        pages += 1
    assert seen == ["mine-4", "mine-3", "mine-2", "mine-1", "mine-0"]
    assert pages == 3


def test_a_row_carries_what_its_job_has_cost_which_is_nothing_where_nobody_was_called(
    jobs: DynamoJobs, rows: Any
) -> None:
    jobs.create(new_job())
    assert raw(rows)["cost_usd"] == 0
    called = claimed(new_job()).call(1, "nova_canvas", 40_000, NOON)
    jobs.save(called.settled(NOON, arrived=1), expected_version=1)
    assert raw(rows)["cost_usd"] == Decimal("0.04")


def test_what_calls_cost_that_an_earlier_version_made_is_not_guessed() -> None:
    assert "cost_usd" not in job_to_item(replace(new_job(), attempts=1))


class Lagging:
    """A table whose indexes are late: they still hold what they held before, and what was removed."""

    def __init__(self, table: Any, **page: Any) -> None:
        self._table, self._page = table, page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def query(self, **_: Any) -> Any:
        return self._page


def test_a_job_that_is_not_overdue_any_more_is_not_swept_because_the_index_is_late(rows: Any) -> None:
    late, entry = NOON + timedelta(seconds=200), {"open": OPEN, "lease_until": times.to_iso(NOON)}
    jobs = DynamoJobs(Lagging(rows, Items=[{"id": name, **entry} for name in ("ended", "given-time", "gone", "late")]))
    jobs.create(new_job("ended"))
    jobs.save(completed(new_job("ended")), expected_version=1)
    jobs.create(new_job("given-time", now=late))
    jobs.create(new_job("late"))

    assert [one.id for one in jobs.overdue(late, limit=9)[0]] == ["late"]


def test_rows_that_dynamodb_keeps_back_are_asked_for_again_and_given_up_at_last(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, asked = DynamoJobs(rows), list[Any]()
    for name in ("a", "b"):
        jobs.create(new_job(name))
    whole = rows.meta.client.batch_get_item

    def one_at_a_time(RequestItems: Any) -> Any:  # noqa: N803 - botocore's own
        ((name, wanted),) = RequestItems.items()
        asked.append(wanted["Keys"])
        first, *rest = wanted["Keys"]
        left = {"UnprocessedKeys": {name: {**wanted, "Keys": rest}}} if rest else {}
        return {**whole(RequestItems={name: {**wanted, "Keys": [first]}}), **left}

    monkeypatch.setattr(rows.meta.client, "batch_get_item", one_at_a_time)
    assert {one.id for one in jobs.of_user(ALICE, limit=9)[0]} == {"a", "b"}
    assert [len(keys) for keys in asked] == [2, 1]

    monkeypatch.setattr(
        rows.meta.client,
        "batch_get_item",
        lambda RequestItems: {"Responses": {}, "UnprocessedKeys": RequestItems},  # noqa: N803 - botocore's own
    )
    with pytest.raises(StorageUnavailableError, match=rf"kept 2 row\(s\) of {rows.name} back"):
        jobs.of_user(ALICE, limit=9)


@pytest.mark.parametrize("cursor", ["x", "bm90IGpzb24=", "W10=", "e30=", "bnVsbA==", "eyJpZCI6IHt9fQ==", "ä"])
def test_a_cursor_that_is_none_of_ours_is_refused(jobs: DynamoJobs, cursor: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        jobs.of_user(ALICE, limit=2, cursor=cursor)
    assert refused.value.violations[0].path == "cursor"


def cursor(**key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


THEIRS = {"user_id": BOB, "id": "theirs", "created_at": "2026-11-21T12:00:00.000Z"}


@pytest.mark.parametrize(
    "forged",
    [
        cursor(**THEIRS),
        cursor(user_id=BOB),
        cursor(user_id=ALICE, id="theirs"),
        cursor(**{**THEIRS, "user_id": ALICE, "more": "x"}),
        cursor(**{**THEIRS, "user_id": ALICE, "created_at": ""}),
        cursor(**{**THEIRS, "user_id": ALICE, "created_at": {"S": "2026"}}),
        cursor(product_id="blue-shirt"),
        cursor(**{**THEIRS, "user_id": [ALICE]}),
    ],
)
def test_a_cursor_for_anothers_jobs_or_of_another_list_is_refused(jobs: DynamoJobs, forged: str) -> None:
    jobs.create(new_job("theirs", user_id=BOB))
    with pytest.raises(InvalidRequestError):
        jobs.of_user(ALICE, limit=2, cursor=forged)


def test_a_cursor_that_names_anothers_job_as_ones_own_shows_ones_own_jobs_only(jobs: DynamoJobs) -> None:
    jobs.create(new_job("theirs", user_id=BOB))
    jobs.create(new_job("mine"))
    page, _ = jobs.of_user(ALICE, limit=2, cursor=cursor(**{**THEIRS, "user_id": ALICE, "created_at": "2030"}))
    assert [job.id for job in page] == ["mine"]


def test_an_id_that_no_table_could_hold_is_nobodys(jobs: DynamoJobs) -> None:
    assert jobs.get("ü" * 1025) is None


class BrokenTable:
    """A table that fails in one way whatever it is asked."""

    name = "vto-jobs"

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**options: Any) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow"}}, "GetItem"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetItem"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
    ids=["throttled", "denied", "unreachable"],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda jobs: jobs.create(new_job()),
        lambda jobs: jobs.get("job-1"),
        lambda jobs: jobs.save(new_job(), expected_version=1),
        lambda jobs: jobs.of_user(ALICE, limit=1),
        lambda jobs: jobs.overdue(NOON, limit=1),
    ],
    ids=["create", "get", "save", "of_user", "overdue"],
)
def test_whatever_dynamodb_cannot_do_is_one_error_that_the_workflow_retries(
    error: Exception, call: Callable[[DynamoJobs], Any]
) -> None:
    broken: Any = BrokenTable(error)
    with pytest.raises(StorageUnavailableError):
        call(DynamoJobs(broken))
