"""Telling the shop's own server that jobs have ended: the queue that keeps each end until it is told, and the call."""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.exceptions import HTTPError

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.batches import Entries
from vto.adapters.secrets import SecretKey
from vto.domain import times, webhooks
from vto.domain.webhooks import End, Reception
from vto.errors import ModelAccessDeniedError, ModelUnavailableError
from vto.ports import NotTakenError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS, READ_SECONDS = 2.0, 4.0  # of each of the server's addresses, and of each piece of its answer
TOTAL_SECONDS = 8.0  # of all that: five messages one after the other fit into the function's time


class EndedJobsQueue:
    """The ``EndedJobs`` port on SQS."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, end: End) -> None:
        """Have an end told; raises StorageUnavailableError."""
        body = json.dumps({"job_id": end.job_id, "seq": end.seq})
        with as_storage_error("announce the end of a job"):
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)


def ended_jobs(event: dict[str, Any]) -> Entries[End]:
    """Of which end each message is, by the message's id."""
    for message in event["Records"]:
        yield message["messageId"], _end(message["body"])


def _end(body: str) -> Iterator[End]:
    document = json.loads(body)
    yield End(str(document["job_id"]), int(document["seq"]))


class HttpShopServer:
    """The ``ShopServer`` port over HTTP: one attempt for each call, no redirect followed, no answer read.

    Args:
        http: Connections.
        url: Where the shop wants to be told.
        secret: Signs what is told.

    Raises:
        ValueError: What is told must not go to such an address.
    """

    def __init__(self, http: urllib3.PoolManager, url: str, secret: SecretKey) -> None:
        if not webhooks.is_allowed(url):
            raise ValueError("WebhookUrl must begin with https://: what is told of shoppers goes nowhere in the clear")
        self._http, self._url, self._secret = http, url, secret

    def post(self, message_id: str, now: datetime, body: bytes) -> Reception:
        """Send a signed message; once more if it was doubted and the secret has changed; raises NotTakenError.

        A name that is looked up for long, one address after the other that nobody answers at, an answer that trickles:
        no limit of a socket ends these. Whoever takes so long is left to a thread that nobody waits for, or all
        messages of the batch would fail with the function, and be dead letters within the hour.
        """
        answer: Future[Reception] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._post(message_id, now, body))
            except BaseException as problem:  # noqa: BLE001 - raised again by who waits
                answer.set_exception(problem)

        Thread(target=ask, daemon=True).start()
        try:
            return answer.result(TOTAL_SECONDS)
        except TimeoutError as problem:
            raise NotTakenError(f"no answer: it takes longer than {TOTAL_SECONDS:g} seconds") from problem

    def _post(self, message_id: str, now: datetime, body: bytes) -> Reception:
        try:
            status = self._send(message_id, now, body)
            if webhooks.reception(status) is Reception.DOUBTED and self._secret.renewed():
                status = self._send(message_id, now, body)
        except (ModelAccessDeniedError, ModelUnavailableError) as error:
            raise NotTakenError(f"cannot be signed: {error.detail}") from error
        except HTTPError as error:
            raise NotTakenError(f"no answer: {type(error).__name__}") from error
        found = webhooks.reception(status)
        if found not in (Reception.TAKEN, Reception.GONE):
            hint = ", and redirects are not followed" if 300 <= status < 400 else ""
            raise NotTakenError(f"answered {status}{hint}")
        return found

    def _send(self, message_id: str, now: datetime, body: bytes) -> int:
        try:
            proof = webhooks.headers(message_id, times.epoch(now), body, self._secret.get())
        except ValueError as problem:
            self._secret.forget()  # whoever mends it need not wait for another container
            raise NotTakenError(f"cannot be signed: {problem}") from problem
        answer = self._http.request(
            "POST",
            self._url,
            body=body,
            headers={"Content-Type": "application/json", "User-Agent": "vto", **proof},
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        answer.close()
        return answer.status
