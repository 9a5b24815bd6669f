"""One request to a stack's API: sent again when an answer is lost, and what its answer means."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from vto_client.errors import ApiError, LostError, TokenError
from vto_client.ports import Call, World

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
TRIES: Final = 3
PAUSE: Final = 0.5
"""Seconds before a request is sent again; doubled each time."""
BUSY: Final = frozenset({429, 500, 502, 503, 504})

type Document = dict[str, Any]


def is_local(url: str) -> bool:
    """Whether an address is one of this machine."""
    return urlsplit(url).hostname in LOOPBACK


def sound_address(url: str, *, plain: str, secret: str) -> str:
    """An address that a token may be sent to, without a slash at its end.

    Args:
        url: The address.
        plain: The scheme that has no encryption, ``http`` or ``ws``.
        secret: What is sent there, for the message.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(url)
    if parts.scheme == f"{plain}s" or (parts.scheme == plain and parts.hostname in LOOPBACK):
        return url.rstrip("/")
    raise ValueError(f"{url!r} is no {plain}s:// address; {secret} is sent over {plain}:// to this machine only")


class Asker:
    """Sends requests in somebody's name.

    Args:
        url: The API's address.
        world: The network.
        tries: How often a request is sent at most.
    """

    def __init__(self, url: str, world: World, tries: int = TRIES) -> None:
        self.url, self._world, self._tries = url, world, tries

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        is_public: bool = False,
    ) -> Document:
        """Send a request, and read its answer; an empty one is an empty document.

        Raises:
            ApiError: The service refused.
            TokenError: The token was not accepted, and neither was another.
            LostError: No answer came, or none of the service's.
        """
        answer, was_lost = await self.answer(method, path, body, headers=headers, query=query, is_public=is_public)
        return read(answer, self.url, f"{method} {path}", was_lost=was_lost)

    async def answer(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        is_public: bool = False,
    ) -> tuple[httpx.Response, bool]:
        """Send a request; its answer, and whether an earlier answer to it may have been lost."""
        given = {name: str(value) for name, value in (query or {}).items() if value is not None} or None
        bearer, was_lost = "", False
        for anew in (False, True):
            known, bearer = bearer, "" if is_public else await self._world.token(anew)
            if anew and bearer == known:
                break
            signed = {**(headers or {}), **({} if is_public else {"Authorization": f"Bearer {bearer}"})}
            answer, lost = await self.send(Call(method, self.url + path, signed, given, body))
            was_lost = was_lost or lost
            if answer.status_code != httpx.codes.UNAUTHORIZED or is_public:
                break
        return answer, was_lost

    async def send(self, call: Call) -> tuple[httpx.Response, bool]:
        """Send anything, again after a lost answer or when everybody is busy.

        Returns:
            The answer, and whether an earlier one may have been lost.
        """
        sent = False
        for attempt in range(self._tries):
            is_last = attempt == self._tries - 1
            try:
                answer = await self._world.send(call)
            except httpx.HTTPError as error:
                sent = sent or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if is_last:
                    raise LostError(f"{host_of(call.url)} cannot be reached: {_why(error)}", sent=sent) from error
            else:
                if is_last or not _is_passing(answer):
                    return answer, sent
                sent = sent or answer.status_code != httpx.codes.TOO_MANY_REQUESTS  # what is throttled did not run
            await self._world.sleep(PAUSE * 2**attempt)
        raise AssertionError("the last attempt neither returned nor raised")


def host_of(url: str) -> str:
    """An address without its path and query, which may be a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def read(answer: httpx.Response, url: str, request: str, *, was_lost: bool = False) -> Document:
    """What an answer says.

    Args:
        answer: As it came.
        url: The API's address, for messages.
        request: Method and path, for messages.
        was_lost: Whether an earlier answer to the same request may have been lost: what is to be deleted, and is not
            there, was deleted then.

    Raises:
        ApiError, TokenError, LostError: See there.
    """
    document = document_of(answer)
    status = answer.status_code
    if status == httpx.codes.UNAUTHORIZED or (status == httpx.codes.FORBIDDEN and "code" not in (document or {})):
        raise TokenError(f"{url} does not accept the access token")
    if status == httpx.codes.NO_CONTENT:
        return {}
    if answer.is_success and document is not None:
        return document
    if document is not None and "code" in document:
        if was_lost and request.startswith("DELETE ") and status == httpx.codes.NOT_FOUND:
            return {}
        raise ApiError(document, status)
    said = (document or {}).get("message") or (document or {}).get("Message") or answer.reason_phrase
    raise LostError(f"{url} answers {status} to {request}: {said}")


def document_of(answer: httpx.Response) -> Document | None:
    """An answer's JSON object; None when it has none."""
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _is_passing(answer: httpx.Response) -> bool:
    """Whether the same request may fare better in a moment; not after a no of the service that says otherwise."""
    if answer.status_code not in BUSY:
        return False
    document = document_of(answer) or {}
    is_ours = answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and document.get("retryable") is True
    return "code" not in document or is_ours


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    return str(error) or type(error).__name__
