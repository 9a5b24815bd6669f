"""Telling the shop's own server over real connections: what is sent, what counts as taken, and what is never done."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError
from moto import mock_aws
from standardwebhooks import Webhook

from tests.contract.deployed import (
    ROOT,
    WITH_A_WEBHOOK,
    environment,
    handler,
    replace_builders,
    resources,
    use_environment,
)
from tests.stand_ins.serving import Asked, Said, serving
from tests.unit.vto.world import World
from vto import bootstrap
from vto.adapters import webhook
from vto.adapters.secrets import SecretKey
from vto.adapters.sqs import RetryQueue
from vto.adapters.webhook import EndedJobsQueue, HttpShopServer
from vto.domain.webhooks import End, Reception, wait_seconds
from vto.errors import StorageUnavailableError
from vto.ports import NotTakenError

pytestmark = pytest.mark.enable_socket

KEY, NEXT = "whsec_" + "a" * 44, "whsec_" + "b" * 44
BODY = b'{"type":"try_on.completed"}'


class Secrets:
    """Secrets Manager with one secret; a value that is an exception is raised."""

    def __init__(self, *values: Any) -> None:
        self.values = [*values]

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803 - botocore's name
        value = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if isinstance(value, Exception):
            raise value
        return {"SecretString": value}


@contextmanager
def shop(*answers: Said, secrets: Secrets | None = None) -> Iterator[tuple[HttpShopServer, list[Asked]]]:
    """A server that gives these answers, one after the other, and what it was asked."""
    asked: list[Asked] = []

    def answer(one: Asked) -> Said:
        asked.append(one)
        return answers[min(len(asked), len(answers)) - 1]

    with serving(answer) as address:
        key = SecretKey(secrets or Secrets(KEY), "secret")
        yield HttpShopServer(urllib3.PoolManager(), f"{address}/ended?shop=1", key), asked


def post(server: HttpShopServer) -> Reception:
    return server.post("job-1-6", datetime.now(UTC), BODY)


def test_a_receiver_with_the_official_library_accepts_what_is_sent() -> None:
    with shop(Said(204, b"")) as (server, asked):
        assert post(server) is Reception.TAKEN
    (one,) = asked
    assert (one.method, one.path, one.headers["Content-Type"]) == ("POST", "/ended?shop=1", "application/json")
    assert Webhook(KEY).verify(one.body, dict(one.headers)) == {"type": "try_on.completed"}
    assert KEY.removeprefix("whsec_") not in str(dict(one.headers))


def test_a_redirect_is_not_followed_and_takes_nothing() -> None:
    moved = Said(307, b"", {"Location": "/elsewhere"})
    with (
        shop(moved, Said(204, b"")) as (server, asked),
        pytest.raises(NotTakenError, match="redirects are not followed"),
    ):
        post(server)
    assert [one.path for one in asked] == ["/ended?shop=1"]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_error_of_the_server_is_told_with_its_status_and_without_its_words(status: int) -> None:
    with shop(Said(status, b"ada@example.com is unknown")) as (server, _), pytest.raises(NotTakenError) as problem:
        post(server)
    assert str(problem.value) == f"answered {status}"


def test_a_server_that_wants_to_hear_no_more_is_believed() -> None:
    with shop(Said(410, b"")) as (server, _):
        assert post(server) is Reception.GONE


def test_a_server_that_does_not_answer_is_waited_for_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "READ_SECONDS", 0.05)
    done = threading.Event()

    def slow(_: Asked) -> Said:
        done.wait(5)
        return Said(204, b"")

    with serving(slow) as address:
        server = HttpShopServer(urllib3.PoolManager(), address, SecretKey(Secrets(KEY), "secret"))
        with pytest.raises(NotTakenError, match="no answer: ReadTimeoutError"):
            post(server)
        done.set()


def test_a_server_that_is_not_there_is_told_later() -> None:
    with serving(lambda _: Said(204, b"")) as address:
        pass
    server = HttpShopServer(urllib3.PoolManager(), address, SecretKey(Secrets(KEY), "secret"))
    with pytest.raises(NotTakenError, match="no answer: NewConnectionError"):
        post(server)


def test_a_signature_that_is_doubted_is_made_again_with_the_secret_as_it_is_now() -> None:
    with shop(Said(401, b""), Said(204, b""), secrets=Secrets(KEY, NEXT)) as (server, asked):
        assert post(server) is Reception.TAKEN
    assert Webhook(NEXT).verify(asked[-1].body, dict(asked[-1].headers))


def test_a_signature_that_is_doubted_under_the_same_secret_is_not_sent_twice_at_once() -> None:
    with shop(Said(401, b"")) as (server, asked), pytest.raises(NotTakenError, match="answered 401"):
        post(server)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("not base64!", "cannot be signed: a key of the secret is no base64"),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue"), "cannot be signed: the secret"),
        (ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue"), "cannot be signed: the secret"),
    ],
)
def test_without_a_secret_nothing_is_sent_and_a_mended_one_is_found_by_the_next_attempt(broken: Any, said: str) -> None:
    with shop(Said(204, b""), secrets=Secrets(broken, KEY)) as (server, asked):
        with pytest.raises(NotTakenError, match=said):
            post(server)
        assert asked == []
        assert post(server) is Reception.TAKEN


def test_an_address_in_the_clear_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="https://"):
        HttpShopServer(urllib3.PoolManager(), "http://shop.example/", SecretKey(Secrets(KEY), "secret"))


def test_the_queue_keeps_the_names_of_an_end_and_nothing_else() -> None:
    with mock_aws():
        sqs = boto3.client("sqs", region_name="us-east-1")
        url = sqs.create_queue(QueueName="webhook")["QueueUrl"]
        EndedJobsQueue(sqs, url).send(End("job-1", 6))
        (one,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert json.loads(one["Body"]) == {"job_id": "job-1", "seq": 6}
        sqs.delete_queue(QueueUrl=url)
        with pytest.raises(StorageUnavailableError, match="announce the end"):
            EndedJobsQueue(sqs, url).send(End("job-1", 6))


class Waits:
    """SQS, as far as it shows messages again."""

    def __init__(self) -> None:
        self.seconds: list[int] = []

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        self.seconds += [one["VisibilityTimeout"] for one in Entries]


def test_a_server_that_fails_twice_is_told_a_third_time_after_waits_that_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    world, waits, answers = World(), Waits(), []
    world.completed_job()
    end = End("job-1", world.jobs.rows["job-1"].version)
    message = json.loads((ROOT / "events/call_webhook/accepted.json").read_text())["Records"][0]
    message["body"] = json.dumps({"job_id": end.job_id, "seq": end.seq})
    use_environment(monkeypatch, environment("call_webhook", **WITH_A_WEBHOOK))
    with shop(Said(500, b""), Said(502, b""), Said(200, b"ok")) as (server, asked):
        queue = RetryQueue(waits, "queue", wait=wait_seconds)  # type: ignore[arg-type]
        replace_builders(monkeypatch, clock=world.clock, jobs=world.jobs, shop_server=server, webhook_queue=queue)
        for receives in ("1", "2", "3"):
            message["attributes"]["ApproximateReceiveCount"] = receives
            answers.append(handler("call_webhook")({"Records": [message]})["batchItemFailures"])
    bootstrap.reset()

    again = [{"itemIdentifier": message["messageId"]}]
    assert answers == [again, again, []]
    assert waits.seconds == [5, 30]
    assert [one.headers["webhook-id"] for one in asked] == [end.message_id] * 3
    assert len({one.body for one in asked}) == 1


@contextmanager
def trickling(done: threading.Event) -> Iterator[str]:
    """The address of a server whose answer comes byte by byte, and has no end until then."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not done.wait(0.01):
                connection.sendall(b"a")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        done.set()
        thread.join()
        listening.close()


def test_a_server_whose_answer_trickles_is_left_after_seconds_though_no_read_of_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "TOTAL_SECONDS", 0.2)
    done = threading.Event()
    with trickling(done) as address:
        server = HttpShopServer(urllib3.PoolManager(), address, SecretKey(Secrets(KEY), "secret"))
        with pytest.raises(NotTakenError, match="no answer: it takes longer than"):
            post(server)
        assert not done.is_set(), "it was not the server that came to an end"


def test_a_batch_whose_messages_all_take_as_long_as_they_may_fits_into_the_functions_time() -> None:
    (mapping,) = (one for one in resources("AWS::Lambda::EventSourceMapping").values() if "WebhookQueue" in str(one))
    function = resources("AWS::Serverless::Function")["CallWebhookFunction"]
    assert mapping["BatchSize"] * webhook.TOTAL_SECONDS < function["Timeout"]
