"""The HTTP API of a stack: requests with a token, answers as documents, errors in three kinds.

What a request is refused with (`ApiError`) is the service's own word; `TokenError` is about who calls; `LostError` says
that nobody knows whether the request arrived. All that is sent here may be sent again, and is when an answer is lost.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)  # API Gateway gives an answer up after 30 s
TRIES: Final = 3
PAUSE: Final = 0.5
"""Seconds before a request is sent again; doubled each time."""
BUSY: Final = frozenset({429, 500, 502, 503, 504})

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request, as the service says it."""

    path: str
    problem: str
    remedy: str = ""


def violations_of(document: Mapping[str, Any]) -> tuple[Violation, ...]:
    """All that an error document says is wrong with a request."""
    return tuple(
        Violation(str(one.get("path", "")), str(one.get("problem", "")), str(one.get("remedy", "")))
        for one in document.get("details") or []
        if isinstance(one, Mapping)
    )


class ApiError(Exception):
    """The service's no: its ``document``, and of that ``code``, ``message``, ``violations``, whether it may pass."""

    def __init__(self, document: Mapping[str, Any], status: int) -> None:
        self.document, self.status = dict(document), status
        self.code, self.message = str(document.get("code", "")), str(document.get("message", ""))
        self.retryable = document.get("retryable") is True
        self.violations = violations_of(document)
        super().__init__(f"{self.code}: {self.message}")


class TokenError(Exception):
    """The token is not accepted (any more)."""


class LostError(Exception):
    """No answer came, or none that is the service's; ``sent`` is whether the request may have arrived all the same."""

    def __init__(self, text: str, *, sent: bool = True) -> None:
        super().__init__(text)
        self.sent = sent


class Api:
    """One caller at one stack's API.

    Args:
        url: The stack's output ``ApiUrl``.
        token: An access token.
        transport: Stands in for the network, in tests.
        sleep: Waits; takes seconds.

    Raises:
        ValueError: The address is none that a token may be sent to.

    Example:
        with Api(url, token) as api:
            job = api.create({"product_id": "…", "model_id": "…"}, key="order-17")
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise ValueError(f"{url!r} is no https:// address; a token is sent over http:// to this machine only")
        self.url, self._sleep = url.rstrip("/"), sleep
        options: dict[str, Any] = {"transport": transport, "timeout": TIMEOUT, "trust_env": not local}
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, **options)
        self._files = httpx.Client(follow_redirects=True, **options)  # presigned links work without the token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._files.close()

    # --- try-ons ------------------------------------------------------------------------------------------------------

    def plan(self, request: Mapping[str, Any]) -> Document:
        """What a try-on would come to; nothing is made or spent.

        Args:
            request: ``product_id``, ``model_id``, ``parameters``: as ``try_on.schema.json`` says.

        Raises:
            ApiError: It would be refused.
            TokenError, LostError: See there.
        """
        return self._call("POST", "/try-ons", {**request, "dry_run": True})

    def create(self, request: Mapping[str, Any], key: str) -> Document:
        """Ask for a try-on; with the key of an earlier one, the same job is answered.

        Args:
            request: As for `plan`.
            key: The caller's own name for this request.

        Returns:
            The job's snapshot.

        Raises:
            ApiError: It is refused; nothing was created.
            TokenError, LostError: See there.
        """
        return self._call("POST", "/try-ons", dict(request), {"Idempotency-Key": key})

    def job(self, job_id: str) -> Document:
        """A job's current snapshot, with new links; raises as `create`."""
        return self._call("GET", f"/try-ons/{quote(job_id, safe='')}")

    # --- the catalogue ------------------------------------------------------------------------------------------------

    def products(self) -> list[Document]:
        """The first page of products; raises as `create`."""
        return list(self._call("GET", "/products")["products"])

    def models(self) -> list[Document]:
        """The caller's own photos and the stock models; raises as `create`."""
        return list(self._call("GET", "/models")["models"])

    # --- the caller themselves ----------------------------------------------------------------------------------------

    def erase_me(self) -> Document:
        """Have everything about the caller erased; raises as `create`.

        Returns:
            ``receipt``, ``state``, ``requested_at``, ``done_at``, ``removed``; the receipt of one that is under way.
        """
        return self._call("DELETE", "/me")

    def erasure(self, receipt: str) -> Document:
        """What became of an erasure of the caller; raises as `create`."""
        return self._call("GET", f"/me/erasures/{quote(receipt, safe='')}")

    # --- pictures -----------------------------------------------------------------------------------------------------

    def download(self, link: str) -> bytes:
        """The picture behind a link of a snapshot; raises LostError."""
        answer = self._send(lambda: self._files.get(link))
        if answer.status_code != httpx.codes.OK or not answer.content:
            raise LostError(f"the picture's link answers {answer.status_code}")  # the link itself is a key: not told
        return answer.content

    # --- one request --------------------------------------------------------------------------------------------------

    def _call(
        self, method: str, path: str, body: Document | None = None, headers: Mapping[str, str] | None = None
    ) -> Document:
        answer = self._send(lambda: self._http.request(method, self.url + path, json=body, headers=headers))
        document = _document(answer)
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise TokenError(f"{self.url} does not accept the access token")
        if answer.is_success and document is not None:
            return document
        if document is not None and "code" in document:
            raise ApiError(document, answer.status_code)
        said = (document or {}).get("message") or (document or {}).get("Message") or answer.reason_phrase
        raise LostError(f"{self.url} answers {answer.status_code} to {method} {path}: {said}")

    def _send(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send a request, again after a lost answer or when everybody is busy."""
        sent = False
        for attempt in range(TRIES):
            is_last = attempt == TRIES - 1
            try:
                answer = send()
            except httpx.HTTPError as error:
                sent = sent or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if is_last:
                    raise LostError(f"{self._host(error)} cannot be reached: {_why(error)}", sent=sent) from error
            else:
                if is_last or not _is_passing(answer):
                    return answer
                sent = True
            self._sleep(PAUSE * 2**attempt)
        raise AssertionError("the last attempt neither returned nor raised")

    def _host(self, error: httpx.HTTPError) -> str:
        try:
            return f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
        except RuntimeError:  # it failed before there was a request
            return self.url


def _document(answer: httpx.Response) -> Document | None:
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _is_passing(answer: httpx.Response) -> bool:
    """Whether the same request may fare better in a moment; not after a no of the service that says otherwise."""
    if answer.status_code not in BUSY:
        return False
    document = _document(answer) or {}
    is_ours = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and document.get("retryable") is True
    return "code" not in document or is_ours


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    return str(error) or type(error).__name__
