"""Connections: who is slow or silent does not hold one, and who stops the server is not kept waiting by them."""

import asyncio
import logging
import socket
from pathlib import Path
from typing import ClassVar, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from canvas.server import Endpoint

AT_THE_END: Final = 2.0  # seconds without progress that a reader has when the server stops


class Protocol(H11Protocol):
    """uvicorn's protocol, with a limit for each time in which the application is not at work on a request.

    uvicorn has one for idle connections only. Here a connection is closed as well when a request's head does not come
    whole, when what follows an early answer does not end, or when an answer is not read, each for ``patience`` seconds.
    While the application reads a body or answers, its own time counts. The application can reach its connection in
    ``request.state.transport``, so that a fault can drop it.
    """

    patience: ClassVar[float] = 20.0
    _watch: asyncio.TimerHandle | None = None
    _ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = self.app_state | {"transport": transport}
        self._wait(self.patience)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self._is_answering():
            self._stop_waiting()

    def on_response_complete(self) -> None:
        self._wait(AT_THE_END if self._ending else self.patience)
        super().on_response_complete()

    def shutdown(self) -> None:
        self._ending = True
        super().shutdown()
        if not self._is_answering():
            self._wait(AT_THE_END)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _stop_waiting(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        unread = self.transport.get_write_buffer_size()
        self._watch = self.loop.call_later(seconds, self._give_up, seconds, unread)

    def _give_up(self, seconds: float, unread: int) -> None:
        left = self.transport.get_write_buffer_size()
        if 0 < left < unread:
            self._wait(seconds)  # it is being read, if slowly
        else:
            self.transport.abort()


class Server(uvicorn.Server):
    """A server that writes its port to a file once it listens."""

    def __init__(self, config: uvicorn.Config, endpoint: Endpoint, port: int, port_file: Path | None) -> None:
        super().__init__(config)
        self._endpoint = endpoint
        self._port = port
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._port_file:
            # renamed into place, so that a reader never sees half a number
            part = self._port_file.with_name(self._port_file.name + ".part")
            part.write_text(f"{self._port}\n", encoding="ascii")
            part.replace(self._port_file)
        logging.getLogger("canvas").info("listening", extra={"fields": {"port": self._port}})

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._endpoint.stop()
        await super().shutdown(sockets)
