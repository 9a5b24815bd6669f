"""Batches of events: what is in them, and which of them have to come again."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vto import telemetry
from vto.domain.job import Status
from vto.domain.removal import Removal
from vto.domain.storage import S3Url, key_from_event
from vto.domain.webhooks import End
from vto.errors import VtoError


@dataclass(frozen=True, slots=True)
class Written:
    """One object that S3 says was written; ``sequencer`` orders the events of one key, ``time`` those of several."""

    url: S3Url
    sequencer: str
    time: str


# What an entry carries is read when it is served: a message that cannot be read then fails alone.
type Entries[T] = Iterator[tuple[str, Iterable[T]]]


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of a job.

    Args:
        job_id: Which.
        is_news: False where it shows that the version is the same: its owner could not be told anything.
        may_have_ended: False where the record shows that the job did not end by it.
        may_be_given: False where it shows that no finished result was given to it.
    """

    job_id: str
    is_news: bool
    may_have_ended: bool
    may_be_given: bool = False


def stream_changes(event: dict[str, Any]) -> Entries[Changed]:
    """The change of each record of the jobs table's stream, by the record's sequence number.

    A record that an operator has had read again comes without its images: whoever wants to know looks at the row.
    """
    for record in event["Records"]:
        change = record["dynamodb"]
        old, new = (change.get(name, {}) for name in ("OldImage", "NewImage"))
        before, after = (image.get("status", {}).get("S") for image in (old, new))
        is_news = "version" not in new or new["version"] != old.get("version")
        may_have_ended = after is None or (after != before and Status(after).is_terminal)
        may_be_given = after is None or (before, after) == (Status.CREATED, Status.COMPLETED)
        yield change["SequenceNumber"], [Changed(change["Keys"]["id"]["S"], is_news, may_have_ended, may_be_given)]


def ended_jobs(event: dict[str, Any]) -> Entries[End]:
    """Of which end each message is, by the message's id."""
    for message in event["Records"]:
        yield message["messageId"], _end(message["body"])


def _end(body: str) -> Iterator[End]:
    document = json.loads(body)
    yield End(str(document["job_id"]), int(document["seq"]))


def stream_job_ids(event: dict[str, Any]) -> Entries[str]:
    """The job of each record of the jobs table's stream, by the record's sequence number."""
    for record in event["Records"]:
        yield record["dynamodb"]["SequenceNumber"], [record["dynamodb"]["Keys"]["id"]["S"]]


def s3_objects(event: dict[str, Any]) -> Entries[Written]:
    """The objects that each SQS message reports, by the message's id; S3's test message reports none."""
    for message in event["Records"]:
        yield message["messageId"], _written(message["body"])


def erasures(event: dict[str, Any]) -> Entries[str | Removal]:
    """Whom, or which one thing, each message of the erasures' queue is about, by the message's id."""
    for message in event["Records"]:
        yield message["messageId"], _erasure(message["body"])


def _erasure(body: str) -> Iterator[str | Removal]:
    wish = json.loads(body)
    # a message about one thing must never be read as one about a person, not even by the code of before
    yield Removal(**wish["remove"]) if "remove" in wish else wish["user_id"]


def _written(body: str) -> Iterator[Written]:
    for record in json.loads(body).get("Records", []):
        yield Written(
            S3Url(record["s3"]["bucket"]["name"], key_from_event(record["s3"]["object"]["key"])),
            record["s3"]["object"].get("sequencer") or record["eventTime"],
            record["eventTime"],
        )


class ComesAgain(Exception):  # noqa: N818 - nothing is wrong: there is more to do later
    """Raised by who serves an entry to have it come again."""


def with_partial_failures[T](entries: Entries[T], serve: Callable[[T], object]) -> dict[str, Any]:
    """Serve each entry by itself and name those that have to come again.

    Args:
        entries: Batch item identifiers with what they carry.
        serve: Serves one; an error of any kind makes its entry come again.

    Returns:
        ``{"batchItemFailures": [{"itemIdentifier": …}, …]}``, as Lambda wants it with ``ReportBatchItemFailures``.
        Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    failures = []
    for identifier, carried in entries:
        try:
            for one in carried:
                serve(one)
        except ComesAgain:
            failures.append({"itemIdentifier": identifier})
        except VtoError as error:
            telemetry.report("comes again", error)
            failures.append({"itemIdentifier": identifier})
        except Exception as error:  # noqa: BLE001 - one bad record must not take its neighbours along
            telemetry.unexpected("comes again", error)
            failures.append({"itemIdentifier": identifier})
    return {"batchItemFailures": failures}
