"""The queue of erasures: a message stays in it until its erasure is done."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vto import telemetry
from vto.adapters.aws_errors import as_storage_error
from vto.adapters.batches import Entries
from vto.domain.removal import Removal
from vto.errors import StorageUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FIRST_SECONDS = 15
LONGEST_SECONDS = 300


def pause(receives: int) -> int:
    """Seconds until an erasure that was looked at so often is looked at again: 15, 60, 240, then 300.

    Example:
        >>> [pause(n) for n in (1, 2, 3, 4, 50)]
        [15, 60, 240, 300, 300]
    """
    return LONGEST_SECONDS if receives > 3 else FIRST_SECONDS * (1, 4, 16)[receives - 1]


class ErasureQueue:
    """Both ends of the queue."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, user_id: str) -> None:
        """Have somebody's erasure worked on; raises StorageUnavailableError."""
        self._send({"user_id": user_id})

    def remove(self, removal: Removal) -> None:
        """Have one photo or try-on removed; raises StorageUnavailableError."""
        self._send({"remove": asdict(removal)})

    def _send(self, wish: dict[str, Any]) -> None:
        with as_storage_error("ask for an erasure"):
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(wish))

    def come_again(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Let what is not done come again after a while that grows.

        Args:
            event: The batch as Lambda gave it.
            answer: What :func:`vto.adapters.batches.with_partial_failures` answered.
        """
        open_ones = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for message in event["Records"]:
            if message["messageId"] not in open_ones:
                continue
            receives = int(message.get("attributes", {}).get("ApproximateReceiveCount", "1"))
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._queue_url, ReceiptHandle=message["receiptHandle"], VisibilityTimeout=pause(receives)
                )
            except (ClientError, BotoCoreError) as error:
                # it comes again by itself, only later
                telemetry.report("an erasure comes again late", StorageUnavailableError(type(error).__name__))


def erasures(event: dict[str, Any]) -> Entries[str | Removal]:
    """Whom, or which one thing, each message of the erasures' queue is about, by the message's id."""
    for message in event["Records"]:
        yield message["messageId"], _erasure(message["body"])


def _erasure(body: str) -> Iterator[str | Removal]:
    wish = json.loads(body)
    # a message about one thing must never be read as one about a person, not even by the code of before
    yield Removal(**wish["remove"]) if "remove" in wish else wish["user_id"]
