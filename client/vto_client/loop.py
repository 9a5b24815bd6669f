"""The world of a program that uses asyncio: httpx and websockets, as coroutines."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Literal, cast

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from vto_client.asking import host_of
from vto_client.ports import LARGEST_FRAME, TIMEOUT, Call, Socket, SocketClosedError, TokenSource


class Loop:
    """The world of a program that uses asyncio.

    Args:
        token: An access token, or what gives one.
        is_in_reach: Whether the stack runs on this machine: then no proxy is asked.
        transport: Stands in for the network, in tests.
    """

    def __init__(
        self, token: TokenSource, *, is_in_reach: bool = False, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._source, self._is_in_reach = token, is_in_reach
        self._http = httpx.AsyncClient(transport=transport, timeout=TIMEOUT, trust_env=not is_in_reach)

    async def send(self, call: Call) -> httpx.Response:
        """Send a request."""
        return await self._http.request(**call.options())

    async def token(self, anew: bool) -> str:
        """An access token; a function that is not async may sign in, so it runs in a thread."""
        if isinstance(self._source, str):
            return self._source
        if inspect.iscoroutinefunction(self._source) or inspect.iscoroutinefunction(type(self._source).__call__):
            return await cast(Awaitable[str], self._source(anew))
        given = await asyncio.to_thread(cast(Callable[[bool], str | Awaitable[str]], self._source), anew)
        return given if isinstance(given, str) else await given  # as of a lambda that calls an async function

    async def open(self, address: str) -> Socket:
        """Open a live socket."""
        proxy: Literal[True] | None = None if self._is_in_reach else True
        try:
            return LoopSocket(await connect(address, proxy=proxy, max_size=LARGEST_FRAME))
        except (OSError, TimeoutError, WebSocketException) as error:
            raise SocketClosedError(f"{host_of(address)}: {type(error).__name__}") from None  # the ticket is not told

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def now(self) -> float:
        """Seconds."""
        return time.monotonic()

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.aclose()


class LoopSocket:
    """A live socket of asyncio."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        """Say something."""
        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from error

    async def receive(self, seconds: float) -> str | None:
        """The next frame, or None."""
        try:
            return str(await asyncio.wait_for(self._socket.recv(), seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise SocketClosedError(str(error)) from error

    async def close(self) -> None:
        """Close it."""
        await self._socket.close()
