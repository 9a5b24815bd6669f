"""An endpoint that serves from a thread of this process, for engines that a test wants to hold by the hand."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import uvicorn

from canvas.connection import Protocol, Server
from canvas.engine import Engine
from canvas.server import Endpoint, Settings
from conformance.case import garment
from conformance.run import written

BODY = written(garment())


class Running:
    """An endpoint that serves from a thread of this process."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine: Any = engine
        self.endpoint = Endpoint(engine, settings)
        self.endpoint.start()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            self.endpoint.app(),
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=600,
        )
        self.server = Server(config, self.endpoint, self.port, None)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        until(lambda: self.server.started)

    def figure(self, name: str) -> float:
        lines = httpx.get(f"http://127.0.0.1:{self.port}/metrics").text.splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " ")), 0.0)

    def ping(self) -> dict[str, Any]:
        answer = httpx.get(f"http://127.0.0.1:{self.port}/ping")
        return {"code": answer.status_code} | answer.json()

    def call(self, head: bytes = b"", body: bytes = BODY) -> socket.socket:
        """A connection on which a whole request was sent, and nothing read."""
        caller = socket.create_connection(("127.0.0.1", self.port), 20)
        lines = b"POST /invocations HTTP/1.1\r\nhost: x\r\n" + head
        caller.sendall(lines + b"content-length: %d\r\n\r\n" % len(body) + body)
        return caller

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)
        self.endpoint.abandon()


def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")
