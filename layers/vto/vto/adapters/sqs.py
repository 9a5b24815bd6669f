"""Messages that could not be served now and should not wait for the queue's long visibility timeout."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vto import telemetry
from vto.errors import StorageUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef

SOON_SECONDS = 2


class RetryQueue:
    """A queue whose failed messages come again in seconds."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def retry_soon(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Let the failed messages of a batch come again soon.

        Args:
            event: The batch as Lambda gave it.
            answer: What :func:`vto.adapters.batches.with_partial_failures` answered.
        """
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(i), "ReceiptHandle": message["receiptHandle"], "VisibilityTimeout": SOON_SECONDS}
            for i, message in enumerate(event["Records"])
            if message["messageId"] in failed
        ]
        if not entries:
            return
        try:
            self._client.change_message_visibility_batch(QueueUrl=self._queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            # they come again by themselves, only later
            telemetry.report("messages come again late", StorageUnavailableError(type(error).__name__))
