"""The live socket for real: both clients against a server on this machine that tells, says bye, and drops."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.unit.client.service import JOB, TOKEN, URL, completed, job
from vto_client import AsyncVto, Vto
from vto_client.loop import Loop
from vto_client.thread import Thread

pytestmark = pytest.mark.enable_socket


@dataclass
class Live:
    """A socket API: the first socket breaks, the second is told bye, the third tells the end."""

    url: str = ""
    tickets: list[str] = field(default_factory=list)
    watched: list[Any] = field(default_factory=list)

    def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.tickets += parse_qs(urlsplit(socket.request.path).query)["ticket"]
        try:
            self.watched.append(json.loads(socket.recv(timeout=10)))
            if len(self.watched) == 1:
                socket.send(json.dumps({"type": "job", "job": job(2, "processing", "validating")}))
            elif len(self.watched) == 2:
                socket.send(json.dumps({"type": "bye", "reason": "deploy", "reconnect_in_seconds": 0.1}))
                socket.recv(timeout=10)
            else:
                socket.send(json.dumps({"type": "job", "job": completed(5)}))
                socket.recv(timeout=10)
        except (ConnectionClosed, TimeoutError):
            pass


@pytest.fixture
def live() -> Iterator[Live]:
    found = Live()
    with serve(found, "127.0.0.1", 0) as server:
        found.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join(10)


def api(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/socket-tickets":
        return httpx.Response(200, json={"ticket": "a ticket", "expires_in": 30})
    return httpx.Response(200, json=job(2, "processing", "validating"))


def heard(live: Live, seen: list[int]) -> None:
    assert seen == [1, 2, 5]
    assert live.tickets == ["a ticket"] * 3
    assert live.watched == [{"action": "watchJob", "job_id": JOB}] * 3


def test_a_program_that_waits_hears_the_end_whatever_becomes_of_its_sockets(live: Live) -> None:
    world = Thread(TOKEN, is_in_reach=True, transport=httpx.MockTransport(api))
    with Vto(URL, TOKEN, socket_url=live.url, world=world) as shop:
        heard(live, [one["seq"] for one in shop.watch(job(1, "created"), seconds=60)])  # type: ignore[arg-type]


def test_a_program_of_asyncio_does_too(live: Live) -> None:
    async def watch() -> list[int]:
        world = Loop(TOKEN, is_in_reach=True, transport=httpx.MockTransport(api))
        async with AsyncVto(URL, TOKEN, socket_url=live.url, world=world) as shop:
            return [one["seq"] async for one in shop.watch(job(1, "created"), seconds=60)]  # type: ignore[arg-type]

    heard(live, asyncio.run(watch()))


def test_where_nothing_listens_the_client_asks(live: Live) -> None:
    def ended(request: httpx.Request) -> httpx.Response:
        return api(request) if request.url.path == "/socket-tickets" else httpx.Response(200, json=completed(5))

    world = Thread(TOKEN, is_in_reach=True, transport=httpx.MockTransport(ended))
    with Vto(URL, TOKEN, socket_url="ws://127.0.0.1:9", world=world) as shop:
        assert shop.wait(job(1, "created"), seconds=60)["seq"] == 5  # type: ignore[arg-type]
    assert live.tickets == []
