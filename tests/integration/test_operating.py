"""Operators' tools on AWS: dead letters twice, the stream read again, orders that the rest of the stack obeys."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.unit.vto.world import UPLOADS, World, new_job
from vto.adapters import operating
from vto.adapters.batches import s3_objects
from vto.adapters.dynamodb import items
from vto.adapters.dynamodb.budgets import DynamoBudgets
from vto.adapters.dynamodb.controls import DynamoControls
from vto.adapters.dynamodb.jobs import DynamoJobs
from vto.adapters.dynamodb.operations import DynamoOperations
from vto.adapters.operating import JobChanges, LambdaFunctions, SqsDeadLetters
from vto.adapters.sqs import ImportQueues
from vto.domain import times
from vto.domain.catalogue import Kind, product_id_of
from vto.domain.health import Door
from vto.domain.storage import S3Url
from vto.errors import StorageUnavailableError
from vto.testing import NOON, FakeChanges, FakeFunctions, FakeOperations
from vto.use_cases.redrive_letters import RedriveLetters


@pytest.fixture
def sqs(aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(operating, "WAIT_SECONDS", 0)
    return boto3.client("sqs")


def queue(sqs: Any, name: str) -> str:
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url


def bodies(sqs: Any, url: str) -> list[str]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [one["Body"] for one in answer.get("Messages", [])]


# --- dead letters -----------------------------------------------------------------------------------------------------


def test_letters_go_back_and_are_gone_and_their_attributes_are_read(sqs: Any) -> None:
    dead, source = queue(sqs, "dead"), queue(sqs, "source")
    letters = SqsDeadLetters(sqs, {"results": dead}, {"results": source})
    for n in range(12):
        told = {"TARGET_ARN": {"StringValue": f"arn-{n}", "DataType": "String"}}
        sqs.send_message(QueueUrl=dead, MessageBody=f"body {n}", MessageAttributes=told)
    assert letters.count("results") == 12
    received = letters.receive("results")
    assert {one.attributes["TARGET_ARN"] for one in received} <= {f"arn-{n}" for n in range(12)}
    assert letters.count("results") == 12, "those that somebody holds count too"
    for one in received:
        letters.send_back("results", one)
        letters.remove("results", one)
    assert letters.count("results") == 12 - len(received)
    assert len(bodies(sqs, source)) == len(received)


def test_every_dead_upload_redriven_twice_makes_one_row_and_one_prepared_picture(sqs: Any) -> None:
    world = World()
    dead, source = queue(sqs, "dead"), queue(sqs, "source")
    sends = ImportQueues(sqs, dead, dead)  # what lies among the dead is what the source once held
    for n in range(3):
        url = S3Url(UPLOADS, f"products/tops/{n} a+b.jpg")
        world.pictures.put(str(url), b"bytes")
        for _ in range(2):
            sends.send(url, f"0{n}", times.to_iso(NOON))
    letters = SqsDeadLetters(sqs, {"product_uploads": dead}, {"product_uploads": source})
    redrive = RedriveLetters(letters, FakeFunctions(), FakeChanges(), world.clock, "vto", world.report)
    assert redrive("product_uploads")["redriven"] == 6
    assert redrive("product_uploads")["found"] == 0
    served = bodies(sqs, source)
    assert len(served) == 6
    for _, objects in s3_objects({"Records": [{"messageId": str(n), "body": one} for n, one in enumerate(served)]}):
        for one in objects:
            world.import_picture(one.url, one.sequencer, one.time)
    products = [item_id for kind, item_id in world.catalogue.rows if kind is Kind.PRODUCT and item_id != "blue-shirt"]
    assert sorted(products) == sorted(product_id_of(f"products/tops/{n} a+b.jpg") for n in range(3))
    assert len([url for url in world.pictures.objects if "/prepared/products/" in url]) == 1 + 3


def test_a_message_of_ours_reads_like_one_of_s3_and_goes_to_the_queue_of_its_kind(sqs: Any) -> None:
    products, models = queue(sqs, "products"), queue(sqs, "models")
    sends = ImportQueues(sqs, products, models)
    for key in ("products/a b+c%2F ä.jpg", "models/stock/1.jpg"):
        sends.send(S3Url(UPLOADS, key), "0055AE0", "2026-11-21T12:00:00.000Z")
    for url, key in ((products, "products/a b+c%2F ä.jpg"), (models, "models/stock/1.jpg")):
        (body,) = bodies(sqs, url)
        ((_, [written]),) = s3_objects({"Records": [{"messageId": "1", "body": body}]})
        assert (written.url, written.sequencer) == (S3Url(UPLOADS, key), "0055AE0")
        assert written.time == "2026-11-21T12:00:00.000Z"


def test_a_queue_that_does_not_answer_is_one_error(sqs: Any) -> None:
    letters = SqsDeadLetters(sqs, {"results": "https://sqs/no"}, {"results": "https://sqs/no"})
    for ask in (letters.count, letters.receive):
        with pytest.raises(StorageUnavailableError):
            ask("results")


# --- functions --------------------------------------------------------------------------------------------------------


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("lambda")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def asked(name: str, event: dict[str, Any]) -> dict[str, Any]:
    return {"FunctionName": name, "Payload": json.dumps(event).encode(), "InvocationType": "RequestResponse"}


def answered(text: str, **more: Any) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": _Body(text), **more}


class _Body:
    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> bytes:
        return self._text.encode()


def test_a_function_of_this_stack_is_run_and_its_answer_read(stub: Stubber) -> None:
    stub.add_response("invoke", answered('{"started": 1}'), asked("vto-sweep_jobs", {"a": 1}))
    assert LambdaFunctions(stub.client, "vto").invoke("sweep_jobs", {"a": 1}) == {"started": 1}


def test_a_function_that_failed_or_may_not_be_run_is_one_error(stub: Stubber) -> None:
    stub.add_response("invoke", answered('{"errorType": "X"}', FunctionError="Unhandled"))
    with pytest.raises(StorageUnavailableError, match="sweep_jobs failed"):
        LambdaFunctions(stub.client, "vto").invoke("sweep_jobs", {})
    stub.add_client_error("invoke", "AccessDeniedException")
    with pytest.raises(StorageUnavailableError, match="AccessDenied"):
        LambdaFunctions(stub.client, "vto").invoke("sweep_jobs", {})


# --- the stream -------------------------------------------------------------------------------------------------------


def test_the_records_that_a_letter_speaks_of_are_read_again_and_no_others(aws: None) -> None:
    dynamodb = boto3.client("dynamodb")
    table = dynamodb.create_table(
        TableName="vto-jobs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    jobs = DynamoJobs(boto3.resource("dynamodb").Table("vto-jobs"))
    for n in range(4):
        jobs.create(new_job(f"job-{n}"))
        jobs.save(new_job(f"job-{n}").claimed("arn", NOON), expected_version=1)
    streams = boto3.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=table["LatestStreamArn"])["StreamDescription"]["Shards"][0]["ShardId"]
    place = streams.get_shard_iterator(
        StreamArn=table["LatestStreamArn"], ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    records = streams.get_records(ShardIterator=place["ShardIterator"])["Records"]
    first, last = (records[n]["dynamodb"]["SequenceNumber"] for n in (2, 5))  # job-1 and job-2, each twice

    changes = JobChanges(streams, table["LatestStreamArn"])

    assert [job for _, job in changes.between(shard, first, last, "INSERT") or []] == ["job-1", "job-2"]
    assert [job for _, job in changes.between(shard, first, last, "MODIFY") or []] == ["job-1", "job-2"]


@pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_records_that_are_gone_are_none_and_any_other_trouble_is_an_error(code: str) -> None:
    with Stubber(boto3.client("dynamodbstreams")) as stub:
        changes = JobChanges(stub.client, "arn:aws:dynamodb:eu-central-1:123456789012:table/vto-jobs/stream/2026")
        stub.add_client_error("get_shard_iterator", code)
        assert changes.between("shardId-00000000000000000001", "1" * 21, "2" * 21, "INSERT") is None
        stub.add_client_error("get_shard_iterator", "InternalServerError")
        with pytest.raises(StorageUnavailableError):
            changes.between("shardId-00000000000000000001", "1" * 21, "2" * 21, "INSERT")


# --- orders -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(table: Callable[[str], Any]) -> Any:
    return table("controls")


def test_a_paused_engine_is_open_to_those_who_knock_until_it_is_resumed(rows: Any) -> None:
    operations, controls = DynamoOperations(rows), DynamoControls(rows)
    operations.pause("preview", NOON)
    operations.pause("preview", NOON)
    assert controls.door("preview", "job-1", NOON) is Door.OPEN
    assert operations.engine("preview", NOON).is_paused
    assert [operations.resume("preview"), operations.resume("preview")] == [True, False]
    assert controls.door("preview", "job-1", NOON) is Door.CLOSED


def test_an_engine_that_failed_is_told_with_its_reason_until_it_is_asked_again(rows: Any) -> None:
    operations, controls = DynamoOperations(rows), DynamoControls(rows)
    until = controls.fail_engine("preview", "job-1", NOON, gone=True, reason="model_retired")
    assert until is not None
    state = operations.engine("preview", NOON)
    assert (state.open_until, state.reason, state.is_paused) == (times.to_iso(until), "model_retired", False)
    assert operations.engine("preview", until + timedelta(seconds=1)).open_until is None


def test_spending_that_is_stopped_is_an_item_of_that_name_with_its_reason(rows: Any) -> None:
    operations = DynamoOperations(rows)
    assert operations.spending() is None
    operations.stop_spending("the bill", NOON)
    item = rows.get_item(Key={"control_id": "spending"})["Item"]
    assert item == {"control_id": "spending", "state": "stopped", "reason": "the bill", "at": times.to_iso(NOON)}
    assert operations.spending() == {"reason": "the bill", "at": times.to_iso(NOON)}
    assert [operations.resume_spending(), operations.resume_spending()] == [True, False]


def conflict(operation: str) -> ClientError:
    """What DynamoDB answers while a transaction has the item."""
    return ClientError({"Error": {"Code": "TransactionConflictException"}}, operation)  # type: ignore[arg-type]


@pytest.fixture
def busy(rows: Any, monkeypatch: pytest.MonkeyPatch) -> list[ClientError]:
    """What the next writes of ``vto-controls`` are answered with, in their order."""
    monkeypatch.setattr(items, "time", SimpleNamespace(sleep=lambda seconds: None))
    answers: list[ClientError] = []
    for name in ("put_item", "delete_item"):
        write = getattr(rows, name)

        def busily(write: Any = write, **options: Any) -> Any:
            if answers:
                raise answers.pop()
            return write(**options)

        monkeypatch.setattr(rows, name, busily)
    return answers


def test_spending_is_stopped_between_the_transactions_of_the_version_before(rows: Any, busy: list[ClientError]) -> None:
    operations = DynamoOperations(rows)
    busy += [conflict("PutItem")] * 5
    operations.stop_spending("the bill", NOON)
    assert DynamoBudgets(rows).is_stopped()
    busy += [conflict("DeleteItem")] * 5
    assert operations.resume_spending()
    assert not DynamoBudgets(rows).is_stopped()


def test_spending_that_cannot_be_stopped_is_told(rows: Any, busy: list[ClientError]) -> None:
    busy += [conflict("PutItem")] * items.WRITES
    with pytest.raises(StorageUnavailableError, match="stop spending: TransactionConflictException"):
        DynamoOperations(rows).stop_spending("the bill", NOON)


def test_the_fake_of_orders_answers_as_the_table_does(rows: Any) -> None:
    real, fake = DynamoOperations(rows), FakeOperations()
    for one in (real, fake):
        assert (one.place("work"), one.last_run("work"), one.resume("preview")) == (None, None, False)
        one.keep_place("work", "key")
        one.note_run("work", NOON, {"rows": 3, "is_complete": True})
        one.pause("preview", NOON)
        assert one.place("work") == "key"
        assert one.last_run("work") == {"at": times.to_iso(NOON), "did": {"rows": 3, "is_complete": True}}
        assert one.engine("preview", NOON).is_paused
        one.keep_place("work", None)
        assert one.place("work") is None
