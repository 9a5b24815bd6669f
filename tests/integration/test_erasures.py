"""Erasures in DynamoDB, S3 with its versions, and the queue between; the fakes answer alike."""

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import UPLOADS, create_table
from tests.unit.vto.world import ALICE, BOB, new_job, photo
from vto.adapters.dynamodb.catalogue import DynamoCatalogue
from vto.adapters.dynamodb.controls import DynamoControls
from vto.adapters.dynamodb.erasures import DynamoErasures
from vto.adapters.dynamodb.jobs import DynamoJobs
from vto.adapters.dynamodb.operations import DynamoOperations
from vto.adapters.dynamodb.results import DynamoResults
from vto.adapters.erasure_queue import ErasureQueue
from vto.adapters.s3_versions import S3Versions
from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.consent import Consent
from vto.domain.storage import S3Url
from vto.errors import StorageUnavailableError
from vto.ports import CachedResult, ObjectVersion, Ticket
from vto.testing import NOON, FakeErasures, FakePictures

BEFORE, LATER = times.to_iso(NOON), NOON + timedelta(seconds=60)
PREFIX = S3Url(UPLOADS, "models/users/alice/")


def story(erasures: Any) -> list[Any]:
    """Everything that can be asked of erasures, in an order that matters."""
    first = erasures.request(ALICE, "r1", NOON, before=BEFORE)
    again = erasures.request(ALICE, "r2", LATER, before=times.to_iso(LATER))
    backwards = erasures.request(ALICE, "r3", NOON, before=BEFORE)
    taken = [erasures.take(ALICE, NOON, until=times.after(NOON, 150)), erasures.take(ALICE, LATER, until="later")]
    erasures.leave(ALICE, {"jobs": 9}, taken_until="somebody else's")
    for _ in range(2):  # an SDK that asks again
        erasures.leave(ALICE, {"jobs": 2, "photos": 0, "objects": 3}, taken_until=times.after(NOON, 150))
    free = erasures.take(ALICE, LATER, until=times.after(LATER, 150))
    erasures.leave(ALICE, {}, taken_until=times.after(LATER, 150))
    known = erasures.of_user(ALICE)
    too_early = erasures.finish(first, LATER)
    not_yet = erasures.receipt("r1", ALICE)
    done = [erasures.finish(known, LATER), erasures.finish(known, LATER)]
    receipts = [erasures.receipt(*asked) for asked in (("r1", ALICE), ("r1", BOB), ("r2", ALICE), ("", ALICE))]
    counts = [dict(one.removed) if one else None for one in receipts]
    counts = [one and {kind: count for kind, count in one.items() if count} for one in counts]
    nobody = [erasures.of_user(BOB), erasures.take(BOB, NOON, until="x"), erasures.of_user(ALICE)]
    return [first.before, again.receipt, again.before, backwards.before, taken, free, too_early, not_yet, done,
            [one and one.done_at for one in receipts], counts, nobody]  # fmt: skip


def test_an_erasure_is_asked_for_worked_on_and_done_in_dynamodb_as_in_memory(aws: None) -> None:
    told = story(DynamoErasures(create_table("controls")))
    assert told == story(FakeErasures())
    assert told[4:9] == [[True, False], True, False, None, [True, True]]
    assert told[10] == [{"jobs": 2, "objects": 3}, None, None, None]


def test_a_receipt_does_not_say_whose_it_is_and_goes_after_its_time(aws: None) -> None:
    table = create_table("controls")
    erasures = DynamoErasures(table)
    erasures.finish(erasures.request(ALICE, "r1", NOON, before=BEFORE), NOON)
    (item,) = table.scan()["Items"]
    assert item["control_id"] == "receipt#r1"
    assert ALICE not in str(item)
    assert int(item["ttl"]) == times.epoch(NOON, days=90)


TODAYS = f"budget#user#{ALICE}#2026-11-21"  # nobody gets a new budget by having everything erased


def test_the_place_at_which_a_comparison_of_uploads_stopped_is_forgotten_where_it_names_somebody(aws: None) -> None:
    table = create_table("controls")
    operations = DynamoOperations(table)
    operations.keep_place("uploads", f"models/users/{ALICE}/0d9e.jpg")
    operations.keep_place("others", f"models/users/{ALICE}-too/0d9e.jpg")
    operations.keep_place("rows", "hat")
    controls = DynamoControls(table)
    assert controls.forget(user_id=ALICE, before=BEFORE, job_ids=frozenset(), with_limits=False) == 1
    assert [operations.place(work) for work in ("uploads", "others", "rows")] == [
        None, f"models/users/{ALICE}-too/0d9e.jpg", "hat"
    ]  # fmt: skip


def test_what_controls_keep_of_somebody_is_forgotten_and_nothing_else(aws: None) -> None:
    table = create_table("controls")
    controls = DynamoControls(table)
    controls.issue_ticket(Ticket("old", ALICE, times.epoch(NOON) + 30, 0))
    controls.issue_ticket(Ticket("new", ALICE, times.epoch(NOON) + 31, 0))
    controls.issue_ticket(Ticket("bobs", BOB, times.epoch(NOON) + 30, 0))
    for name in ("delivered#job-1#s", "delivered#job-12#s", f"open#{ALICE}", f"budget#user#{ALICE}#2026-11-20"):
        table.put_item(Item={"control_id": name})
    for name in (f"erase#{ALICE}", "receipt#alice", "pace#preview", "pace#alice", f"open#{BOB}", "spending", TODAYS):
        table.put_item(Item={"control_id": name})

    def left() -> set[str]:
        return {str(item["control_id"]) for item in table.scan()["Items"]}

    everything = left()
    jobs = frozenset({"job-1"})
    assert controls.forget(user_id=None, before=BEFORE, job_ids=jobs, with_limits=True) == 1
    assert everything - left() == {"delivered#job-1#s"}
    assert controls.forget(user_id=ALICE, before=BEFORE, job_ids=frozenset(), with_limits=False) == 2
    yesterdays = f"budget#user#{ALICE}#2026-11-20"
    assert everything - left() == {"delivered#job-1#s", "ticket#old", yesterdays}
    assert controls.forget(user_id=ALICE, before=BEFORE, job_ids=frozenset(), with_limits=True) == 1
    kept = {TODAYS, "ticket#new", "ticket#bobs", "delivered#job-12#s", f"erase#{ALICE}", "receipt#alice", "spending"}
    assert left() == kept | {"pace#preview", "pace#alice", f"open#{BOB}"}


def test_a_long_table_is_read_to_its_end(aws: None) -> None:
    table = create_table("controls")
    for number in range(300):
        table.put_item(Item={"control_id": f"delivered#{number:03}#s", "padding": "x" * 8000})
    jobs = frozenset(f"{number:03}" for number in range(0, 300, 3))
    assert DynamoControls(table).forget(user_id=None, before=BEFORE, job_ids=jobs, with_limits=False) == 100


def test_only_a_marked_job_a_photo_of_its_owner_and_a_result_of_its_job_are_removed(aws: None) -> None:
    jobs = DynamoJobs(create_table("jobs"))
    jobs.create(new_job())
    jobs.delete("job-1")
    job = jobs.get("job-1")
    assert job is not None
    jobs.save(job.erase(NOON), expected_version=1)
    jobs.delete("job-1")
    jobs.delete("job-1")
    assert jobs.get("job-1") is None

    models = create_table("models")
    catalogue = DynamoCatalogue(create_table("products"), models)
    mine = photo("me", ALICE, consent=Consent("1", BEFORE), source_sequencer="1")
    catalogue.record_import(mine)
    read = catalogue.get(Kind.MODEL, "me")
    assert read is not None
    assert (read.consent, read.consented_at) == (Consent("1", BEFORE), BEFORE)
    catalogue.delete_photo("me", BOB)
    assert catalogue.get(Kind.MODEL, "me") is not None
    catalogue.delete_photo("me", ALICE)
    assert catalogue.get(Kind.MODEL, "me") is None

    results = DynamoResults(create_table("results"))
    results.put_ready("key", CachedResult("job-1", ("s3://b/k",), None, "preview"), ttl=2**31)
    results.claim("other", "job-1", NOON, seconds=60)
    assert [results.withdraw("key", "job-2"), results.withdraw("key", "job-1"), results.withdraw("key", "job-1")] == [
        False,
        True,
        False,
    ]
    assert results.withdraw("other", "job-1") is True


@pytest.fixture
def versioned(s3: Any) -> Any:
    s3.put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_every_version_and_marker_below_a_prefix_is_found_and_removed_for_good(versioned: Any) -> None:
    consent = Consent("1", BEFORE).metadata()
    for key in ("a.jpg", "a.jpg", "b.jpg"):
        versioned.put_object(Bucket=UPLOADS, Key=f"{PREFIX.key}{key}", Body=b"x", Metadata=consent)
    versioned.delete_object(Bucket=UPLOADS, Key=f"{PREFIX.key}b.jpg")
    versioned.put_object(Bucket=UPLOADS, Key="models/users/alicia/c.jpg", Body=b"x")
    port = S3Versions(versioned)

    found = port.below(PREFIX)
    assert [(one.url.key[-5:], one.is_marker) for one in sorted(found, key=lambda one: (one.url.key, one.is_marker))
    ] == [
        ("a.jpg", False), ("a.jpg", False), ("b.jpg", False), ("b.jpg", True)
    ]  # fmt: skip
    assert {json.dumps(port.metadata_of(one)) for one in found if not one.is_marker} == {json.dumps(consent)}
    assert [port.metadata_of(one) for one in found if one.is_marker] == [{}]
    port.remove(found)
    port.remove(found)
    assert port.below(PREFIX) == []
    assert port.metadata_of(found[0]) == {}
    assert len(port.below(S3Url(UPLOADS, "models/users/"))) == 1
    fake = FakePictures()
    fake.put(f"s3://{UPLOADS}/{PREFIX.key}a.jpg", b"x", **consent)
    assert fake.metadata_of(fake.below(PREFIX)[0]) == consent


def test_a_version_that_s3_does_not_remove_is_an_error(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")

    monkeypatch.setattr(s3, "delete_object", refuse)
    with pytest.raises(StorageUnavailableError, match="AccessDenied"):
        S3Versions(s3).remove([ObjectVersion(PREFIX, "v", BEFORE)])


def test_what_is_not_done_stays_in_the_queue_and_comes_again_more_and_more_slowly(aws: None) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="erasures", Attributes={"VisibilityTimeout": "720"})["QueueUrl"]
    queue = ErasureQueue(sqs, url)
    queue.send(ALICE)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"user_id": ALICE}
    record = {"messageId": "m", "receiptHandle": message["ReceiptHandle"]}
    asked: list[int] = []
    sqs.change_message_visibility = lambda **named: asked.append(named["VisibilityTimeout"])  # type: ignore[method-assign]
    for receives in (1, 2, 3, 9):
        event = {"Records": [{**record, "attributes": {"ApproximateReceiveCount": str(receives)}}]}
        queue.come_again(event, {"batchItemFailures": [{"itemIdentifier": "m"}]})
        queue.come_again(event, {"batchItemFailures": []})
    assert asked == [15, 60, 240, 300]


def test_a_queue_that_does_not_answer_takes_no_erasure(aws: None) -> None:
    with pytest.raises(StorageUnavailableError):
        ErasureQueue(boto3.client("sqs"), "https://sqs.eu-central-1.amazonaws.com/123456789012/none").send(ALICE)
