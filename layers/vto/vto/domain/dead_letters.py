"""What lies in the dead-letter queues: what each letter says of the work that was given up, and who does it again.

Sources of the forms:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html (a stream's: only where the records are),
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (a function's destination),
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html (a rule's: the event, its target beside it)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Contents(StrEnum):
    """What the letters of a queue are."""

    MESSAGES = "messages"
    """What its source queue carried: it goes back there."""
    RECORDS = "records"
    """Where in the jobs table's stream the records lie that a function failed on."""
    EVENTS = "events"
    """Events that could not be handed over to a function, or that it failed on."""


QUEUES: Mapping[str, Contents] = {
    "product_uploads": Contents.MESSAGES,
    "model_uploads": Contents.MESSAGES,
    "results": Contents.MESSAGES,
    "erasures": Contents.MESSAGES,
    "webhook": Contents.MESSAGES,
    "start_try_on": Contents.RECORDS,
    "publish_job": Contents.RECORDS,
    "events": Contents.EVENTS,
}
"""The dead-letter queues; one of records is named after the function that failed on them. A stack without a webhook has
none of that name, which is then always empty."""


class UnreadableLetterError(Exception):
    """A letter has none of the known forms: nobody can say what is to be done again."""


@dataclass(frozen=True, slots=True)
class Records:
    """A run of records in a shard of the stream."""

    shard: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function's name as it is deployed, and the event that it was to be given."""

    function: str
    event: Mapping[str, Any]


def records_of(body: str) -> Records:
    """Where the records of a stream's letter lie.

    Raises:
        UnreadableLetterError: It is none.
    """
    try:
        batch = json.loads(body)["DDBStreamBatchInfo"]
        return Records(str(batch["shardId"]), str(batch["startSequenceNumber"]), str(batch["endSequenceNumber"]))
    except (ValueError, TypeError, KeyError) as problem:
        raise UnreadableLetterError("is no letter of a stream") from problem


def call_of(body: str, attributes: Mapping[str, str]) -> Call:
    """The call that a letter of a rule, or of a function's destination, stands for.

    Raises:
        UnreadableLetterError: It is none.
    """
    try:
        document = json.loads(body)
        if "requestPayload" in document:
            return Call(_name(document["requestContext"]["functionArn"]), dict(document["requestPayload"]))
        return Call(_name(attributes["TARGET_ARN"]), dict(document))
    except (ValueError, TypeError, KeyError) as problem:
        raise UnreadableLetterError("is neither a rule's nor a function's letter") from problem


def _name(arn: str) -> str:
    """``vto-sweep_jobs`` from ``arn:aws:lambda:us-east-1:123456789012:function:vto-sweep_jobs:$LATEST``."""
    parts = arn.split(":")
    return parts[parts.index("function") + 1] if "function" in parts else arn
