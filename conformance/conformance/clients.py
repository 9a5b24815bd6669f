"""How a request reaches an engine: over HTTP in either wire form, or through boto3."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

DEFAULT_MODEL: Final = "amazon.nova-canvas-v1:0"
TIMEOUT: Final = 310.0  # seconds; AWS advises at least 300 for pictures
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
JSON: Final = "application/json"


class BadAnswerError(Exception):
    """The answer cannot even be read, or is not in the contract's form."""


@dataclass(frozen=True)
class Answer:
    """A 200 answer: its body as it came, and its headers in lower case."""

    body: bytes
    headers: Mapping[str, str]

    @cached_property
    def document(self) -> Any:
        """The body as JSON; raises BadAnswerError."""
        return parsed(self.body)

    @property
    def adapted(self) -> str:
        """What the engine says it did otherwise than asked."""
        return self.headers.get("x-vto-adapted", "")


class RefusalError(Exception):
    """Another status than 200: ``status``, ``error_type`` as AWS names it, ``message``."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(f"{status} {error_type}: {message[:300]}")
        self.status, self.error_type, self.message = status, error_type, message


class LostError(Exception):
    """The connection ended without an answer."""


class Client(Protocol):
    """What the cases are run through."""

    def invoke(self, body: bytes) -> Answer:
        """Asks for pictures; raises RefusalError, LostError or BadAnswerError."""


class HttpClient:
    """An endpoint in Bedrock's wire form, or with ``sagemaker`` in that of a SageMaker container."""

    def __init__(self, endpoint: str, model_id: str = DEFAULT_MODEL, *, sagemaker: bool = False) -> None:
        path = "/invocations" if sagemaker else f"/model/{quote(model_id, safe='')}/invoke"
        self._url = endpoint.rstrip("/") + path
        self._open = opener(endpoint)

    def invoke(self, body: bytes) -> Answer:
        """Posts the body."""
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
        try:
            return self._sent(request)
        except (OSError, HTTPException) as error:
            raise LostError(str(error)) from error

    def _sent(self, request: urllib.request.Request) -> Answer:
        try:
            with self._open.open(request, timeout=TIMEOUT) as response:
                _ensure_json(response.status, response.headers.get_content_type())
                return Answer(response.read(), {name.lower(): value for name, value in response.headers.items()})
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None


class BedrockClient:
    """boto3's ``bedrock-runtime``: AWS itself, or an endpoint that speaks like it, with boto3's own credentials."""

    def __init__(
        self, model_id: str = DEFAULT_MODEL, *, client: Any = None, endpoint: str = "", region: str = ""
    ) -> None:
        self._client = client or _bedrock(endpoint, region)
        self._model_id = model_id

    def invoke(self, body: bytes) -> Answer:
        """Calls InvokeModel, once."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only who uses it needs boto3

        try:
            response = self._client.invoke_model(
                modelId=self._model_id, body=body, contentType="application/json", accept="application/json"
            )
            _ensure_json(200, str(response["contentType"]).partition(";")[0].strip())
            return Answer(response["body"].read(), dict(response["ResponseMetadata"]["HTTPHeaders"]))
        except ClientError as error:
            said, about = error.response["Error"], error.response["ResponseMetadata"]
            raise RefusalError(about["HTTPStatusCode"], str(said["Code"]), str(said.get("Message") or "")) from error
        except BotoCoreError as error:
            raise LostError(str(error)) from error


class Controls:
    """What our canvas endpoint lets a test do besides: read its capabilities, plan faults."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._open = opener(endpoint)

    def capabilities(self) -> dict[str, Any] | None:
        """``GET /capabilities``; None where there is no such thing. Raises OSError where nobody listens."""
        try:
            with self._open.open(f"{self._endpoint}/capabilities", timeout=30) as response:
                document = parsed(response.read())
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except BadAnswerError:
            return None
        return document if isinstance(document, dict) else None

    def plan(self, kind: str) -> None:
        """The next call goes wrong in this way; raises LostError when the engine takes no such order."""
        self._send("POST", json.dumps({"faults": [{"kind": kind, "seconds": 0.2 if kind == "slow" else 0}]}).encode())

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._send("DELETE", None)

    def _send(self, method: str, body: bytes | None) -> None:
        request = urllib.request.Request(f"{self._endpoint}/_faults", body, method=method)  # noqa: S310
        try:
            with self._open.open(request, timeout=30):
                pass
        except (OSError, HTTPException) as error:
            raise LostError(f"{method} /_faults: {error}") from error


def opener(endpoint: str) -> urllib.request.OpenerDirector:
    """What opens an endpoint's addresses; a proxy is not asked for this machine."""
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{endpoint!r} is no http:// or https:// address")
    proxies = [urllib.request.ProxyHandler({})] if parts.hostname in LOOPBACK else []
    return urllib.request.build_opener(*proxies)


def _bedrock(endpoint: str, region: str) -> Any:
    try:
        import boto3  # noqa: PLC0415 - only who uses it needs boto3
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError:
        raise ValueError("--client boto3 needs boto3: python3 -m pip install boto3") from None
    once = Config(retries={"total_max_attempts": 1}, read_timeout=TIMEOUT)
    try:
        session = boto3.session.Session(region_name=region or None)
        if session.get_credentials() is None:
            raise ValueError("there are no AWS credentials: `aws configure`, `aws sso login`, or set AWS_PROFILE")
        return session.client("bedrock-runtime", endpoint_url=endpoint or None, config=once)
    except BotoCoreError as error:
        raise ValueError(str(error)) from error


def parsed(body: bytes) -> Any:
    """A body as JSON; raises BadAnswerError."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAnswerError(f"the body is no JSON ({type(error).__name__}): {body[:80]!r}") from None


def _ensure_json(status: int, content_type: str) -> None:
    if content_type != JSON:
        raise BadAnswerError(f"{status} came as {content_type}, not as {JSON}")


def _refusal(error: urllib.error.HTTPError) -> RefusalError:
    """An error in AWS's form: its type in a header, its words in a JSON object; raises BadAnswerError for any other."""
    body = error.read()
    _ensure_json(error.code, error.headers.get_content_type())
    document = parsed(body)
    message = document.get("message") if isinstance(document, dict) else None
    if not isinstance(message, str):
        raise BadAnswerError(f"{error.code} came without a message: {body[:80]!r}")
    # AWS may add a namespace after a colon
    return RefusalError(error.code, (error.headers.get("x-amzn-ErrorType") or "").partition(":")[0], message)
