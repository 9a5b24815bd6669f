"""How many unfinished jobs a user may have: counted before a job is written, whoever else comes, or dies, then."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.template.reading import (
    FUNCTION,
    actions,
    function_timeout,
    read_template,
    references,
    resources,
    statements,
)
from tests.integration.conftest import at_the_same_time
from tests.unit.vto.world import ALICE, BOB, new_job
from vto.adapters.dynamodb import items
from vto.adapters.dynamodb.jobs import ADMISSION_RACES, DynamoJobs
from vto.adapters.dynamodb.unfinished import GONE_AFTER
from vto.domain import times
from vto.domain.erasure import SKEW_SECONDS
from vto.domain.pacing import Lane
from vto.errors import InternalError, StorageUnavailableError
from vto.ports import NoRoomError
from vto.testing import NOON


class Client:
    """A client that serves one request at a time, as DynamoDB serves one item; counts them, and lets some fail."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.Lock()
        self.asked: list[str] = []
        self.fails: dict[str, list[ClientError]] = {}

    def __getattr__(self, name: str) -> Any:
        return self.asking(name, getattr(self._client, name))

    def asking(self, name: str, real: Any) -> Any:
        def ask(**options: Any) -> Any:
            with self._lock:
                self.asked.append(name)
                if self.fails.get(name):
                    raise self.fails[name].pop(0)
                return real(**options)

        return ask


@pytest.fixture
def controls(table: Callable[[str], Any]) -> Any:
    return table("controls")


@pytest.fixture
def rows(table: Callable[[str], Any]) -> Any:
    return table("jobs")


@pytest.fixture
def client(rows: Any) -> Client:
    return Client(rows.meta.client)


@pytest.fixture
def jobs(rows: Any, controls: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> DynamoJobs:
    monkeypatch.setattr(items, "time", SimpleNamespace(sleep=lambda seconds: None))
    seen = SimpleNamespace(
        name=rows.name,
        meta=SimpleNamespace(client=client),
        get_item=rows.get_item,
        put_item=client.asking("put_item", rows.put_item),
        update_item=rows.update_item,
        delete_item=rows.delete_item,
    )
    return DynamoJobs(seen, controls)


def create(jobs: DynamoJobs, name: str, at_most: int = 3, **changes: Any) -> str:
    try:
        return "new" if jobs.create(new_job(name, **changes), at_most=at_most) else "known"
    except NoRoomError:
        return "refused"


def counted(controls: Any, user_id: str = ALICE) -> set[str]:
    item = controls.get_item(Key={"control_id": f"open#{user_id}"}).get("Item", {})
    return set(item.get("jobs", set()))


def end(jobs: DynamoJobs, name: str) -> None:
    job = jobs.get(name)
    assert job is not None
    jobs.save(job.fail(InternalError(), NOON), expected_version=job.version)


HALF_A_MINUTE = NOON + timedelta(seconds=31)


def test_a_job_is_counted_and_stored(jobs: DynamoJobs, controls: Any) -> None:
    assert create(jobs, "one") == "new"
    assert jobs.get("one") == new_job("one")
    assert counted(controls) == {"one"}
    ttl = controls.get_item(Key={"control_id": f"open#{ALICE}"})["Item"]["ttl"]
    assert ttl == times.epoch(NOON, days=1)


def test_one_more_than_may_be_is_neither_stored_nor_counted(jobs: DynamoJobs, controls: Any) -> None:
    assert [create(jobs, name) for name in ("one", "two", "three", "four")] == ["new", "new", "new", "refused"]
    assert jobs.get("four") is None
    assert counted(controls) == {"one", "two", "three"}
    assert create(jobs, "five", user_id=BOB) == "new"
    assert create(jobs, "six", lane=Lane.BATCH) == "new"


def test_a_job_that_is_there_is_known_whether_there_is_room_or_not(jobs: DynamoJobs) -> None:
    assert [create(jobs, name) for name in ("one", "one", "two", "three", "two")] == [
        "new", "known", "new", "new", "known",
    ]  # fmt: skip


def test_what_has_ended_or_was_erased_is_forgotten_when_somebody_finds_no_room(
    jobs: DynamoJobs, rows: Any, controls: Any, client: Client
) -> None:
    for name in ("one", "two", "three"):
        create(jobs, name)
    assert client.asked == ["update_item", "put_item"] * 3
    end(jobs, "one")
    rows.delete_item(Key={"id": "two"})
    assert counted(controls) == {"one", "two", "three"}  # nothing was written when they ended
    came = [create(jobs, name, now=HALF_A_MINUTE) for name in ("four", "five", "six")]
    assert came == ["new", "new", "refused"]
    assert counted(controls) == {"three", "four", "five"}


def test_a_job_that_is_removed_with_its_row_takes_no_room_not_even_for_half_a_minute(
    jobs: DynamoJobs, controls: Any
) -> None:
    for name, lane in (("one", Lane.SHOPPER), ("two", Lane.SHOPPER), ("bulk", Lane.BATCH)):
        create(jobs, name, lane=lane)
        job = jobs.get(name)
        assert job is not None
        jobs.delete(name)  # not marked: it stays
        assert jobs.get(name) == job
        jobs.save(job.erase(NOON), expected_version=1)
        jobs.delete(name)
        jobs.delete(name)
    assert (counted(controls), counted(controls, f"{ALICE}#batch")) == (set(), set())
    assert [create(jobs, name) for name in ("three", "four", "five", "six")] == ["new", "new", "new", "refused"]


def test_a_job_that_nobody_counts_any_more_leaves_nothing_when_it_is_removed(
    jobs: DynamoJobs, rows: Any, controls: Any
) -> None:
    create(jobs, "one")
    controls.delete_item(Key={"control_id": f"open#{ALICE}"})
    job = jobs.get("one")
    assert job is not None
    jobs.save(job.erase(NOON), expected_version=1)
    jobs.delete("one")
    assert (rows.scan()["Items"], controls.scan()["Items"]) == ([], [])


def test_whoever_counts_a_job_has_written_its_row_or_is_over_before_anybody_forgets_it() -> None:
    template = read_template()
    writes_jobs = {
        name
        for name, properties in resources(template, FUNCTION)
        for one in statements(properties)
        if "dynamodb:PutItem" in actions(one) and "JobsTable" in references(one)
    }
    assert writes_jobs >= {"ApiFunction", "MessageFunction"}
    longest = max(function_timeout(template, name) for name in writes_jobs)
    assert longest + SKEW_SECONDS < GONE_AFTER.total_seconds()


def count_only(jobs: DynamoJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a function die between its job's count and its row."""

    def dies(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs._table, "put_item", dies)
        with pytest.raises(KeyboardInterrupt):
            create(jobs, "one", at_most=1)


def test_a_job_that_was_counted_by_somebody_who_died_takes_room_for_half_a_minute_only(
    jobs: DynamoJobs, controls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_only(jobs, monkeypatch)
    assert (jobs.get("one"), counted(controls)) == (None, {"one"})
    assert create(jobs, "two", at_most=1) == "refused"  # the row may still come
    assert create(jobs, "two", at_most=1, now=HALF_A_MINUTE) == "new"
    assert counted(controls) == {"two"}


def test_a_request_whose_job_was_counted_only_is_let_in_when_it_comes_again(
    jobs: DynamoJobs, controls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_only(jobs, monkeypatch)
    assert create(jobs, "one", at_most=1) == "new"
    assert counted(controls) == {"one"}


def test_a_job_that_is_counted_again_while_somebody_forgets_it_stays_counted(
    jobs: DynamoJobs, controls: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_only(jobs, monkeypatch)
    real, came = client._client.batch_get_item, []

    def meanwhile(**options: Any) -> Any:
        if not came:
            came.append(create(jobs, "one", at_most=1, now=HALF_A_MINUTE))
        return answer

    answer = real(RequestItems={jobs._table.name: {"Keys": [{"id": "one"}]}})  # it is not there yet
    client._client = SimpleNamespace(
        get_item=client._client.get_item,
        update_item=client._client.update_item,
        batch_get_item=lambda **options: answer,
    )
    client._lock = threading.RLock()
    client._client.batch_get_item = meanwhile
    assert create(jobs, "two", at_most=1, now=HALF_A_MINUTE) == "refused"
    assert (came, counted(controls)) == (["new"], {"one"})


def test_a_cancelled_job_counts_until_its_instant_has_passed(jobs: DynamoJobs) -> None:
    create(jobs, "one", at_most=1)
    job = jobs.get("one")
    assert job is not None
    jobs.save(job, expected_version=1)
    later = times.after(NOON, 60)
    job = replace(job.fail(InternalError(), NOON), slot_at=later, revision=1)
    jobs.save(job, expected_version=1)
    assert create(jobs, "two", at_most=1) == "refused"
    assert create(jobs, "two", at_most=1, now=times.from_iso(later)) == "new"


def test_what_dynamodb_does_not_answer_counts_as_unfinished(jobs: DynamoJobs, client: Client, rows: Any) -> None:
    create(jobs, "one", at_most=1)
    end(jobs, "one")
    unanswered = {"Responses": {}, "UnprocessedKeys": {rows.name: {"Keys": [{"id": "one"}]}}}
    client._client = SimpleNamespace(
        get_item=client._client.get_item,
        batch_get_item=lambda **options: unanswered,
        update_item=client._client.update_item,
    )
    assert create(jobs, "two", at_most=1) == "refused"


def test_of_many_jobs_others_are_looked_at_by_each_who_comes(jobs: DynamoJobs, controls: Any, rows: Any) -> None:
    key = {"control_id": f"open#{ALICE}#batch"}
    controls.put_item(Item={**key, "jobs": {f"{number:03}" for number in range(300)}})
    assert create(jobs, "149+", at_most=300, lane=Lane.BATCH) == "new"
    left = set(controls.get_item(Key=key)["Item"]["jobs"])
    assert left == {f"{number:03}" for number in range(300) if not 150 <= number < 250} | {"149+"}


def test_of_a_hundred_that_come_at_once_as_many_as_may_are_let_in_and_none_is_lost(
    jobs: DynamoJobs, rows: Any, controls: Any
) -> None:
    came = at_the_same_time(100, lambda number: create(jobs, f"job-{number}", at_most=10))
    assert (came.count("new"), came.count("refused")) == (10, 90)
    stored = {item["id"] for item in rows.scan()["Items"]}
    assert stored == counted(controls) == {f"job-{number}" for number, one in enumerate(came) if one == "new"}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "UpdateItem")


def test_an_item_that_a_transaction_of_the_version_before_holds_is_waited_for(
    jobs: DynamoJobs, controls: Any, client: Client
) -> None:
    client.fails["update_item"] = [refused("TransactionConflictException")] * 3
    assert create(jobs, "one", at_most=1) == "new"
    end(jobs, "one")
    client.fails["update_item"] = [refused("TransactionConflictException")] * 3
    assert create(jobs, "two", at_most=1) == "new"
    assert counted(controls) == {"two"}


@pytest.mark.parametrize("failing", ["update_item", "put_item"])
def test_a_table_that_does_not_answer_is_said_to_be_unavailable(jobs: DynamoJobs, client: Client, failing: str) -> None:
    client.fails[failing] = [refused("InternalServerError")]
    with pytest.raises(StorageUnavailableError):
        jobs.create(new_job("one"), at_most=3)
    assert jobs.get("one") is None


def test_whoever_finds_room_made_and_taken_every_time_comes_again_later(jobs: DynamoJobs, client: Client) -> None:
    create(jobs, "one", at_most=1)
    end(jobs, "one")
    client.fails["update_item"] = [refused("ConditionalCheckFailedException")] * (2 * ADMISSION_RACES)
    with pytest.raises(StorageUnavailableError, match="others of its user"):
        jobs.create(new_job("two"), at_most=1)
