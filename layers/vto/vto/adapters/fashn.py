"""The engine ``fashn_api``: the hosted try-on of FASHN, asked over HTTPS and polled until it is done.

Sources: https://docs.fashn.ai/api-overview/api-fundamentals and the pages that ``vto.domain.fashn`` names.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError

from vto.adapters.exchange import keep, read_pictures
from vto.adapters.secrets import SecretKey
from vto.domain import fashn
from vto.errors import (
    BadModelOutputError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    VtoError,
)
from vto.ports import Clock, Generation, Pictures, TryOnRequest

API = "https://api.fashn.ai"
OUTPUTS = ("https://cdn.fashn.ai/",)  # with the slash that ends the host's name
POLL_SECONDS = 1.5  # six predictions at once, their default limit, stay below 50 questions in ten seconds
MAX_ANSWER_BYTES = 48 * 1024 * 1024  # four pictures in base64
MAX_PICTURE_BYTES = 12 * 1024 * 1024
CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0  # one question more than the deadline allows still fits in the task
PREDICTION = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class FashnApi:
    """The ``Engine`` port on the hosted service.

    Args:
        key: Its API key.
        pictures: Where pictures are read and kept.
        clock: Time.
        http: Connections; nothing is repeated in secret, and no redirect followed.
        deadline_seconds: When to give up, counted from the request.
        api: Where the service is.
        outputs: Beginnings of the addresses that a picture may be fetched from.
    """

    key: SecretKey
    pictures: Pictures
    clock: Clock
    http: urllib3.PoolManager
    deadline_seconds: float
    api: str = API
    outputs: tuple[str, ...] = OUTPUTS

    def generate(self, request: TryOnRequest) -> Generation:
        """Make the pictures; raises the Model…, ContentBlocked, BadModelOutput errors and refusals of a picture."""
        begun = self.clock.now()
        source, reference, *_ = read_pictures(request, self.pictures)
        prediction = self._run(fashn.run_request(source, reference, request.parameters))
        while (found := self._status(prediction)) is None:
            self._ensure_time_is_left(begun, prediction)
            self.clock.sleep(POLL_SECONDS)
        images = []
        for output in found:
            self._ensure_time_is_left(begun, prediction)
            images.append(self._picture(output))
        kept, _ = keep(request.output, self.pictures, images)
        wanted = request.parameters["imageGenerationConfig"]["numberOfImages"]
        warning = f"{len(images)} of {wanted} pictures came" if len(images) < wanted else None
        return Generation(kept, None, warning)

    def _ensure_time_is_left(self, begun: datetime, prediction: str) -> None:
        if (self.clock.now() - begun).total_seconds() > self.deadline_seconds:
            raise ModelTimeoutError(f"prediction {prediction} is not done after {self.deadline_seconds} s")

    def _run(self, body: dict[str, Any]) -> str:
        try:
            status, document = self._call("POST", "/v1/run", json.dumps(body).encode())
        except (ConnectTimeoutError, NewConnectionError, ProxyError, SSLError) as error:
            raise ModelUnavailableError(type(error).__name__) from error
        except HTTPError as error:
            # the request was sent, so the service may be at work, and may bill it
            raise ModelTimeoutError(f"the answer was lost: {type(error).__name__}") from error
        if status != 200:
            raise fashn.refusal(status, document)
        prediction = document.get("id") if isinstance(document, dict) else None
        if not isinstance(prediction, str) or not PREDICTION.fullmatch(prediction):
            raise BadModelOutputError("the service answered without the id of a prediction")
        return prediction

    def _status(self, prediction: str) -> list[str] | None:
        """The outputs; None while there are none, also when this one question was not answered."""
        try:
            status, document = self._call("GET", f"/v1/status/{prediction}")
        except HTTPError:
            return None
        if status == 200:
            return fashn.outputs(document)
        error = fashn.refusal(status, document)
        if isinstance(error, ModelThrottledError) or status >= 500:
            return None
        raise _after_the_start(error)

    def _call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Ask with the key, and once more with a new one where the old one is no longer accepted."""
        status, content = self._send(method, self.api + path, body, self.key.get())
        if status == 401 and self.key.renewed():
            status, content = self._send(method, self.api + path, body, self.key.get())
        try:
            return status, json.loads(content)
        except (ValueError, RecursionError):
            return status, None

    def _send(
        self, method: str, url: str, body: bytes | None = None, key: str | None = None, limit: int = MAX_ANSWER_BYTES
    ) -> tuple[int, bytes]:
        headers = {"Accept": "application/json, image/png"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if body:
            headers["Content-Type"] = "application/json"
        answer = self.http.request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            content = answer.read(limit + 1)
        finally:
            answer.close()
        if len(content) > limit:
            raise BadModelOutputError(f"an answer of more than {limit} bytes")
        return answer.status, content

    def _picture(self, output: str) -> bytes:
        content = fashn.from_data_uri(output)
        if content is not None:
            return content
        if not output.startswith(self.outputs):
            raise BadModelOutputError("an output lies at an address that is not the service's")
        try:
            status, content = self._send("GET", output, limit=MAX_PICTURE_BYTES)
        except HTTPError as error:
            raise ModelTimeoutError(f"an output could not be fetched: {type(error).__name__}") from error
        if status != 200:
            raise BadModelOutputError(f"an output could not be fetched: {status}")
        return content


def _after_the_start(error: VtoError) -> VtoError:
    """A refusal while we wait is not one of the request: what was begun may be billed."""
    return ModelTimeoutError(f"the prediction was lost: {error.detail}")
