"""What operators' orders reach for: dead letters in SQS, functions of the stack, and the stream of ``vto-jobs``."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.errors import StorageUnavailableError
from vto.ports import Letter

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

HIDDEN_SECONDS = 120
WAIT_SECONDS = 1  # asks all of SQS's servers, where a short poll asks some
NO_LONGER_THERE = ("TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException")
PAGES = 20


class SqsDeadLetters:
    """The ``DeadLetters`` port; queues and where their letters came from by name. One that is not there is empty."""

    def __init__(self, client: "SQSClient", dead: Mapping[str, str], sources: Mapping[str, str]) -> None:
        self._client, self._dead, self._sources = client, dead, sources

    def count(self, queue: str) -> int:
        """About how many letters there are, those included that somebody has just received."""
        if queue not in self._dead:
            return 0
        with as_storage_error(f"count dead letters of {queue}"):
            told = self._client.get_queue_attributes(
                QueueUrl=self._dead[queue],
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )["Attributes"]
        return sum(map(int, told.values()))

    def receive(self, queue: str) -> list[Letter]:
        """Some letters, hidden from everybody else for two minutes; none when there are no more."""
        if queue not in self._dead:
            return []
        with as_storage_error(f"receive dead letters of {queue}"):
            answer = self._client.receive_message(
                QueueUrl=self._dead[queue],
                MaxNumberOfMessages=10,
                VisibilityTimeout=HIDDEN_SECONDS,
                MessageAttributeNames=["All"],
                WaitTimeSeconds=WAIT_SECONDS,
            )
        return [
            Letter(
                one["ReceiptHandle"],
                one["Body"],
                {name: value.get("StringValue", "") for name, value in one.get("MessageAttributes", {}).items()},
            )
            for one in answer.get("Messages", [])
        ]

    def send_back(self, queue: str, letter: Letter) -> None:
        """Put a letter into the queue that it came from, again."""
        with as_storage_error(f"send back to {queue}"):
            self._client.send_message(QueueUrl=self._sources[queue], MessageBody=letter.body)

    def remove(self, queue: str, letter: Letter) -> None:
        """Forget a letter."""
        with as_storage_error(f"remove dead letter of {queue}"):
            self._client.delete_message(QueueUrl=self._dead[queue], ReceiptHandle=letter.receipt)


class LambdaFunctions:
    """The ``Functions`` port: the functions of one stack, which are all named after it."""

    def __init__(self, client: "LambdaClient", stack: str) -> None:
        self._client, self._stack = client, stack

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """Run a function and wait for its answer; raises StorageUnavailableError when it failed."""
        with as_storage_error(f"invoke {name}"):
            answer = self._client.invoke(
                FunctionName=f"{self._stack}-{name}",
                Payload=json.dumps(event).encode(),
                InvocationType="RequestResponse",
            )
            content = answer["Payload"].read()
        if "FunctionError" in answer:
            raise StorageUnavailableError(f"{name} failed: {content[:300].decode(errors='replace')}")
        return json.loads(content)


class JobChanges:
    """The ``Changes`` port on the stream of ``vto-jobs``, which keeps records for a day."""

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client, self._stream = client, stream_arn

    def between(self, shard: str, first: str, last: str, event: str) -> list[tuple[str, str]] | None:
        """Sequence numbers and jobs of a run of records of one kind; None when they are no longer there."""
        with as_storage_error("read the stream"):
            try:
                return self._read(shard, first, last, event) or None
            except ClientError as error:
                if code_of(error) in NO_LONGER_THERE:
                    return None
                raise

    def _read(self, shard: str, first: str, last: str, event: str) -> list[tuple[str, str]]:
        begin = self._client.get_shard_iterator(
            StreamArn=self._stream, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=first
        )
        iterator: str | None = begin.get("ShardIterator")
        found: list[tuple[str, str]] = []
        for _ in range(PAGES):
            if not iterator:
                break
            page = self._client.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                change = record["dynamodb"]
                if int(change["SequenceNumber"]) > int(last):
                    return found
                if record["eventName"] == event:
                    found.append((change["SequenceNumber"], str(change["Keys"]["id"]["S"])))
                if change["SequenceNumber"] == last:
                    return found
            iterator = page.get("NextShardIterator")
        return found
