"""Batches of events: one bad record among good ones comes again alone."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from vto.adapters.batches import Written, s3_objects, with_partial_failures
from vto.adapters.job_stream import Changed, stream_changes, stream_job_ids
from vto.domain.storage import S3Url
from vto.errors import StorageUnavailableError

NONE_FAILED: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vto")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "vto")


def record(key: str, sequencer: str | None = "0055AED6DCD90281E5") -> dict[str, Any]:
    """One record as S3 writes it."""
    s3_object = {"key": quote_plus(key, safe="/"), "size": 9, **({"sequencer": sequencer} if sequencer else {})}
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-21T12:00:00.000Z",
        "s3": {"bucket": {"name": "uploads"}, "object": s3_object},
    }


def messages(*bodies: Any) -> dict[str, Any]:
    """An SQS batch; its messages are called m0, m1, …"""
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body if isinstance(body, str) else json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def upload(*keys: str) -> dict[str, Any]:
    return {"Records": [record(key) for key in keys]}


def served(event: dict[str, Any], fails: str = "") -> tuple[list[str], dict[str, Any]]:
    """Serve a batch; which keys were served, and what was answered."""
    keys: list[str] = []

    def serve(written: Written) -> None:
        if written.url.key == fails:
            raise StorageUnavailableError("not now")
        keys.append(written.url.key)

    return keys, with_partial_failures(s3_objects(event), serve)


def test_every_object_of_every_message_is_served() -> None:
    keys, answer = served(messages(upload("products/a.jpg", "products/b.jpg"), upload("products/c.jpg")))
    assert keys == ["products/a.jpg", "products/b.jpg", "products/c.jpg"]
    assert answer == NONE_FAILED


@pytest.mark.parametrize("name", ["blue shirt", "a+b", "100%", "Größe", "👕", "a%2Bb", "a=b&c"])
def test_keys_are_what_was_uploaded_however_s3_writes_them(name: str) -> None:
    keys, _ = served(messages(upload(f"products/{name}.jpg")))
    assert keys == [f"products/{name}.jpg"]


def test_an_event_carries_its_bucket_and_its_order() -> None:
    (entry,) = s3_objects(messages(upload("products/a.jpg")))
    assert list(entry[1]) == [
        Written(S3Url("uploads", "products/a.jpg"), "0055AED6DCD90281E5", "2026-11-21T12:00:00.000Z")
    ]


def test_an_event_without_a_sequencer_is_ordered_by_its_time() -> None:
    (entry,) = s3_objects(messages({"Records": [record("products/a.jpg", None)]}))
    assert next(iter(entry[1])).sequencer == "2026-11-21T12:00:00.000Z"


def test_s3s_test_message_is_nothing_to_do() -> None:
    keys, answer = served(messages({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"}))
    assert (keys, answer) == ([], NONE_FAILED)


def test_a_record_that_cannot_be_served_comes_again_alone() -> None:
    event = messages(upload("a"), upload("b"), upload("c"))
    keys, answer = served(event, fails="b")
    assert keys == ["a", "c"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


@pytest.mark.parametrize(
    "poison",
    ["not json", "", "null", "[]", '{"Records": [{}]}', '{"Records": [{"s3": {}}]}', '{"Records": 7}'],
)
def test_a_message_that_cannot_be_read_comes_again_alone(poison: str) -> None:
    keys, answer = served(messages(upload("a"), poison, upload("c")))
    assert keys == ["a", "c"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_a_bug_met_by_one_record_does_not_take_its_neighbours_along() -> None:
    def serve(written: Written) -> None:
        if written.url.key == "a":
            raise ZeroDivisionError

    answer = with_partial_failures(s3_objects(messages(upload("a"), upload("b"))), serve)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_streams_records_are_named_by_their_sequence_number() -> None:
    event = {
        "Records": [
            {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": str(n), "Keys": {"id": {"S": f"job-{n}"}}}}
            for n in (100, 200, 300)
        ]
    }
    seen: list[str] = []

    def serve(job_id: str) -> None:
        if job_id == "job-200":
            raise StorageUnavailableError("not now")
        seen.append(job_id)

    answer = with_partial_failures(stream_job_ids(event), serve)
    assert seen == ["job-100", "job-300"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "200"}]}


def changed(old: dict[str, Any], new: dict[str, Any]) -> Changed:
    """What a record of the jobs table's stream is read as."""
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    record = {"SequenceNumber": "1", "Keys": {"id": {"S": "job-1"}}, **images}
    [(_, [found])] = [(number, list(some)) for number, some in stream_changes({"Records": [{"dynamodb": record}]})]
    return found


def row(status: str, version: int, **more: str) -> dict[str, Any]:
    return {"status": {"S": status}, "version": {"N": str(version)}, **{name: {"S": one} for name, one in more.items()}}


@pytest.mark.parametrize(
    ("old", "new", "is_news"),
    [
        (row("processing", 2), row("processing", 3), True),
        (row("processing", 5), row("completed", 6), True),
        (row("processing", 3, lease_until="1"), row("processing", 3, lease_until="2"), False),
        (row("completed", 6), row("completed", 6, erased_at="now"), False),
        (row("error", 6), row("created", 7), True),
        ({}, {}, True),  # an operator has it read again, and the record is bare
        ({}, row("created", 1), True),
        ({"status": {"S": "processing"}}, {"status": {"S": "processing"}}, True),  # nobody can say
    ],
)
def test_a_change_that_leaves_the_version_as_it_is_is_nobodys_news(
    old: dict[str, Any], new: dict[str, Any], is_news: bool
) -> None:
    found = changed(old, new)
    assert found.is_news is is_news
    assert is_news or not (found.may_have_ended or found.may_be_given)
