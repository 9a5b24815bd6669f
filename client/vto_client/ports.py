"""What the client needs of the world: written once, served by threads or by asyncio."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)  # API Gateway gives an answer up after 30 s
LARGEST_FRAME: Final = 128 * 1024
"""Bytes; API Gateway's own limit of a message."""

type TokenSource = str | Callable[[bool], str] | Callable[[bool], Awaitable[str]]
"""An access token, or what gives one: called with True when the last one was not accepted."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, as data."""

    method: str
    url: str
    headers: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    file: tuple[str, bytes, str] | None = None
    follow: bool = False

    def options(self) -> dict[str, Any]:
        """The request as httpx takes it."""
        named = {"headers": self.headers, "params": self.query, "json": self.body, "data": self.form}
        files = {"files": {"file": self.file}} if self.file else {}
        given = {name: value for name, value in named.items() if value is not None}
        return {"method": self.method, "url": self.url, "follow_redirects": self.follow, **given, **files}


class SocketClosedError(Exception):
    """The live socket is gone, or could not be opened."""


class Socket(Protocol):
    """A live socket."""

    async def send(self, text: str) -> None:
        """Say something; raises SocketClosedError."""

    async def receive(self, seconds: float) -> str | None:
        """The next frame; None when none came in time; raises SocketClosedError."""

    async def close(self) -> None:
        """Close it; never fails."""


class World(Protocol):
    """The network, and time."""

    async def send(self, call: Call) -> httpx.Response:
        """Send a request; raises httpx.HTTPError."""

    async def token(self, anew: bool) -> str:
        """An access token; another one than the last, if `anew`."""

    async def open(self, address: str) -> Socket:
        """Open a live socket; raises SocketClosedError."""

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""

    async def close(self) -> None:
        """Let go of all connections."""
