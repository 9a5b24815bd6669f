"""Messages that could not be served now come again in seconds, and not after the queue's long visibility timeout."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from vto.adapters.sqs import SOON_SECONDS, RetryQueue, wait_seconds

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/results"
BATCH: dict[str, Any] = {
    "Records": [{"messageId": f"m{n}", "receiptHandle": f"handle-{n}", "body": "{}"} for n in range(3)]
}


def failing(*identifiers: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": one} for one in identifiers]}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vto")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "vto")
    with Stubber(boto3.client("sqs")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_only_the_messages_that_failed_come_again_soon(stub: Stubber) -> None:
    entries = [{"Id": str(n), "ReceiptHandle": f"handle-{n}", "VisibilityTimeout": SOON_SECONDS} for n in (0, 2)]
    answer = {"Successful": [{"Id": "0"}, {"Id": "2"}], "Failed": []}
    stub.add_response("change_message_visibility_batch", answer, {"QueueUrl": QUEUE, "Entries": entries})
    RetryQueue(stub.client, QUEUE).retry_soon(BATCH, failing("m2", "m0"))


def test_when_none_failed_the_queue_is_not_asked(stub: Stubber) -> None:
    RetryQueue(stub.client, QUEUE).retry_soon(BATCH, failing())


def test_when_the_queue_cannot_be_asked_the_messages_come_again_later(stub: Stubber) -> None:
    stub.add_client_error("change_message_visibility_batch", "RequestThrottled")
    RetryQueue(stub.client, QUEUE).retry_soon(BATCH, failing("m1"))


def test_when_the_queue_is_out_of_reach_the_messages_come_again_later() -> None:
    class Unreachable:
        def change_message_visibility_batch(self, **options: Any) -> None:
            raise EndpointConnectionError(endpoint_url=QUEUE)

    client: Any = Unreachable()
    RetryQueue(client, QUEUE).retry_soon(BATCH, failing("m1"))


def test_a_message_waits_longer_the_more_often_it_has_failed(stub: Stubber) -> None:
    assert [wait_seconds(receives) for receives in range(1, 9)] == [2, 6, 18, 54, 162, 300, 300, 300]
    assert wait_seconds(10**9) == 300
    for receives in (1, 4):
        batch = {"Records": [{**BATCH["Records"][0], "attributes": {"ApproximateReceiveCount": str(receives)}}]}
        entries = [{"Id": "0", "ReceiptHandle": "handle-0", "VisibilityTimeout": wait_seconds(receives)}]
        answer = {"Successful": [{"Id": "0"}], "Failed": []}
        stub.add_response("change_message_visibility_batch", answer, {"QueueUrl": QUEUE, "Entries": entries})
        RetryQueue(stub.client, QUEUE).retry_soon(batch, failing("m0"))


def test_of_two_queues_the_one_is_asked_that_the_batch_came_from(stub: Stubber) -> None:
    other = QUEUE.replace("results", "others")
    batch = {"Records": [{**BATCH["Records"][0], "eventSourceARN": "arn:aws:sqs:eu-central-1:1:others"}]}
    entries = [{"Id": "0", "ReceiptHandle": "handle-0", "VisibilityTimeout": SOON_SECONDS}]
    answer = {"Successful": [{"Id": "0"}], "Failed": []}
    stub.add_response("change_message_visibility_batch", answer, {"QueueUrl": other, "Entries": entries})
    RetryQueue(stub.client, QUEUE, other).retry_soon(batch, failing("m0"))
