"""Batches of events: what is in them, and which of them have to come again."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vto import telemetry
from vto.domain.storage import S3Url, key_from_event
from vto.errors import VtoError


@dataclass(frozen=True, slots=True)
class Written:
    """One object that S3 says was written; ``sequencer`` orders the events of one key, ``time`` those of several."""

    url: S3Url
    sequencer: str
    time: str


# What an entry carries is read when it is served: a message that cannot be read then fails alone.
type Entries[T] = Iterator[tuple[str, Iterable[T]]]


def s3_objects(event: dict[str, Any]) -> Entries[Written]:
    """The objects that each SQS message reports, by the message's id; S3's test message reports none."""
    for message in event["Records"]:
        yield message["messageId"], _written(message["body"])


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
