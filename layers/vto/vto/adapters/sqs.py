"""Queues: messages that could not be served now and come again soon, and messages that stand in for S3's own."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from vto import telemetry
from vto.adapters.aws_errors import as_storage_error
from vto.domain.storage import PRODUCTS, S3Url
from vto.errors import StorageUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef

SOON_SECONDS = 2
GROWTH = 3
LONGEST_SECONDS = 300


def wait_seconds(receives: int) -> int:
    """How long a message that has failed so often waits for its next try: 2, 6, 18, 54, 162, then 300 seconds.

    Soon at first, because most of what fails is over in seconds; then so slowly that a queue's few tries outlast an
    outage of minutes (template.yaml says how long, at each queue).
    """
    return int(min(SOON_SECONDS * GROWTH ** min(receives - 1, 10), LONGEST_SECONDS))


class RetryQueue:
    """Queues of one function, whose failed messages come again in seconds, and more slowly each time.

    Args:
        client: SQS.
        queue_urls: Their addresses.
        wait: Seconds until a message comes again that has failed so often.
    """

    def __init__(self, client: "SQSClient", *queue_urls: str, wait: Callable[[int], int] = wait_seconds) -> None:
        self._client, self._wait = client, wait
        self._queue_urls = {url.rpartition("/")[2]: url for url in queue_urls}

    def retry_soon(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Let the failed messages of a batch come again soon.

        Args:
            event: The batch as Lambda gave it.
            answer: What :func:`vto.adapters.batches.with_partial_failures` answered.
        """
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(i), "ReceiptHandle": message["receiptHandle"], "VisibilityTimeout": self._wait_of(message)}
            for i, message in enumerate(event["Records"])
            if message["messageId"] in failed
        ]
        if not entries:
            return
        queue = str(event["Records"][0].get("eventSourceARN", "")).rpartition(":")[2]  # one batch is of one queue
        url = self._queue_urls.get(queue, next(iter(self._queue_urls.values())))
        try:
            self._client.change_message_visibility_batch(QueueUrl=url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            # they come again by themselves, only later
            telemetry.report("messages come again late", StorageUnavailableError(type(error).__name__))

    def _wait_of(self, message: dict[str, Any]) -> int:
        """A message without a count is treated as one that came for the first time."""
        return self._wait(int(message.get("attributes", {}).get("ApproximateReceiveCount", "1")))


class ImportQueues:
    """The ``ImportQueue`` port: messages that read like those of S3, on the queues that S3 sends to."""

    def __init__(self, client: "SQSClient", products_url: str, models_url: str) -> None:
        self._client = client
        self._products_url, self._models_url = products_url, models_url

    def send(self, url: S3Url, sequencer: str, time: str) -> None:
        """Tell of an upload as S3 would have; raises StorageUnavailableError."""
        thing = {"key": quote_plus(url.key, safe="/"), "sequencer": sequencer}
        record = {
            "eventVersion": "2.1",
            "eventSource": "vto:reconcile_uploads",
            "eventName": "ObjectCreated:Reconciled",
            "eventTime": time,
            "s3": {"bucket": {"name": url.bucket}, "object": thing},
        }
        queue = self._products_url if url.key.startswith(PRODUCTS) else self._models_url
        with as_storage_error("send to the imports"):
            self._client.send_message(QueueUrl=queue, MessageBody=json.dumps({"Records": [record]}))
