"""AWS in memory (moto): the tables of the real template, two buckets, and credentials that open nothing."""

import io
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto import mock_aws

from vto import bootstrap

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
UPLOADS = "shop-uploads"
RESULTS = "shop-results"


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test may meet a real account, whatever the developer's environment holds."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bootstrap.reset()
    yield
    bootstrap.reset()


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS account."""
    with mock_aws():
        yield


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; what an intrinsic function would say does not matter here."""


_TemplateLoader.add_multi_constructor("!", lambda loader, suffix, node: f"!{suffix}")


def _tables_of_template() -> dict[str, dict[str, Any]]:
    template = yaml.load((ROOT / "template.yaml").read_text(), _TemplateLoader)
    return {
        name.removesuffix("Table").lower(): resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


TABLES = _tables_of_template()
WANTED = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


class OneAtATime:
    """A table that serves one request at a time, as DynamoDB does for one item; moto itself does not promise it."""

    def __init__(self, table: Any) -> None:
        self._table, self._lock = table, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._table, name)
        if not callable(attribute):
            return attribute

        def locked(**options: Any) -> Any:
            with self._lock:
                return attribute(**options)

        return locked


@cache
def _client(kind: str, service: str) -> Any:
    """One client for all tests: building it takes longer than using it, and moto answers it all the same."""
    config = Config(signature_version="s3v4") if service == "s3" else Config(retries={"total_max_attempts": 1})
    return getattr(boto3, kind)(service, config=config)


def create_table(name: str) -> Any:
    """One of the template's tables, empty: ``create_table("jobs")``."""
    resource = _client("resource", "dynamodb")
    definition = {key: TABLES[name][key] for key in WANTED if key in TABLES[name]}
    resource.create_table(TableName=f"vto-{name}", **definition)
    return OneAtATime(resource.Table(f"vto-{name}"))


@pytest.fixture
def table(aws: None) -> Callable[[str], Any]:
    """Creates one of the template's tables."""
    return create_table


@pytest.fixture
def s3(aws: None) -> Any:
    """S3 with the two buckets, signing as ``vto.bootstrap`` makes it sign."""
    client = _client("client", "s3")
    for bucket in (UPLOADS, RESULTS):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


def at_the_same_time(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Call from many threads that start together."""
    answers: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        answers[number] = call(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


class Wire:
    """Answers a client's requests in place of the service, as bytes on the wire, and counts them."""

    def __init__(self, client: Any) -> None:
        self.requests: list[Any] = []
        self.answers: list[Any] = []
        client.meta.events.register_first("before-send", self._answer)

    def will_say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer the next request with a response; header names may have underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, {"content-length": str(len(body)), **named}, body))

    def will_raise(self, error: Exception) -> None:
        """Let the next request die on its way."""
        self.answers.append(error)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return AWSResponse(request.url, status, headers, _Raw(body))


class _Raw(io.BytesIO):
    def stream(self, amount: int = 65_536) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk
