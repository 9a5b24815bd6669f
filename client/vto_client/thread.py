"""The world of a program that waits: httpx and websockets, whose steps wait for themselves."""

import inspect
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Literal

import httpx
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from vto_client.asking import host_of
from vto_client.ports import LARGEST_FRAME, TIMEOUT, Call, Socket, SocketClosedError, TokenSource


class Thread:
    """The world of a program that waits; several of its threads may use it at once.

    Args:
        token: An access token, or what gives one.
        is_in_reach: Whether the stack runs on this machine: then no proxy is asked.
        transport: Stands in for the network, in tests.
        sleep: Waits; takes seconds.
        now: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        token: TokenSource,
        *,
        is_in_reach: bool = False,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._is_in_reach, self._sleep, self._now = token, is_in_reach, sleep, now
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT, trust_env=not is_in_reach)

    async def send(self, call: Call) -> httpx.Response:
        """Send a request."""
        return self._http.request(**call.options())

    async def token(self, anew: bool) -> str:
        """An access token."""
        if isinstance(self._source, str):
            return self._source
        given = self._source(anew)
        if inspect.isawaitable(given):
            raise TypeError("token: Vto takes a function that is not async; AsyncVto takes both")
        return str(given)

    async def open(self, address: str) -> Socket:
        """Open a live socket."""
        proxy: Literal[True] | None = None if self._is_in_reach else True
        try:
            return ThreadSocket(connect(address, proxy=proxy, max_size=LARGEST_FRAME))
        except (OSError, TimeoutError, WebSocketException) as error:
            raise SocketClosedError(f"{host_of(address)}: {type(error).__name__}") from None  # the ticket is not told

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._sleep(seconds)

    def now(self) -> float:
        """Seconds."""
        return self._now()

    async def close(self) -> None:
        """Let go of all connections."""
        self._http.close()


class ThreadSocket:
    """A live socket of a thread."""

    def __init__(self, opening: AbstractContextManager[ClientConnection]) -> None:
        self._open = ExitStack()
        self._socket = self._open.enter_context(opening)

    async def send(self, text: str) -> None:
        """Say something."""
        try:
            self._socket.send(text)
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from error

    async def receive(self, seconds: float) -> str | None:
        """The next frame, or None."""
        try:
            return str(self._socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from error

    async def close(self) -> None:
        """Close it."""
        self._open.close()
