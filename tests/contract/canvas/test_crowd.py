"""Callers who are too many, too slow, or gone; against an engine of ours in a server in this process."""

import asyncio
import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn
from PIL import Image

from canvas import connection
from canvas.__main__ import main
from canvas.capabilities import Capabilities
from canvas.connection import Protocol
from canvas.engine import Drawn
from canvas.request import TryOn
from canvas.server import Endpoint, Settings
from tests.contract.canvas.running import BODY, Running, until

pytestmark = pytest.mark.enable_socket


class Slow:
    """Draws when it is told to."""

    capabilities = Capabilities("slow", "1")
    parallel = None
    loads = False

    def __init__(self) -> None:
        self.go = threading.Event()
        self.drawn = 0

    def start(self) -> None: ...

    def draw(self, task: TryOn) -> Drawn:
        self.go.wait(20)
        self.drawn += 1
        return Drawn((task.source,))


class Large(Slow):
    """Draws pictures that compress to nothing less."""

    def draw(self, task: TryOn) -> Drawn:
        noise = Image.effect_noise((1400, 1400), 200)
        return Drawn((Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)]),))


def answer_on(caller: socket.socket) -> bytes:
    """What comes on a connection until it is closed or silent; empty when it was cut off."""
    caller.settimeout(10)
    try:
        return caller.recv(65536)
    except ConnectionResetError:
        return b""


@contextmanager
def serving(engine: Slow | None = None, **settings: Any) -> Iterator[Running]:
    engine = engine or Slow()
    running = Running(engine, Settings(**({"parallel": 1} | settings)))
    try:
        yield running
    finally:
        engine.go.set()
        running.stop()


def test_callers_beyond_the_line_are_told_so_before_their_bodies_are_looked_at() -> None:
    with serving(waiting=1) as running, ExitStack() as callers:
        for _ in range(2):
            callers.enter_context(running.call())
        until(lambda: running.figure("canvas_drawing") == running.figure("canvas_waiting") == 1)
        with running.call(body=b"x" * 3_000_000) as third:
            assert answer_on(third).startswith(b"HTTP/1.1 429")
        assert running.figure("canvas_inside") == 2


def test_a_body_that_still_comes_holds_a_place_so_that_memory_is_bounded() -> None:
    with serving(waiting=0) as running, socket.create_connection(("127.0.0.1", running.port)) as slow:
        slow.sendall(b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{")
        until(lambda: running.figure("canvas_inside") == 1)
        with running.call() as second:
            assert answer_on(second).startswith(b"HTTP/1.1 429")


def test_who_goes_while_waiting_is_not_drawn_and_counts_as_499() -> None:
    with serving() as running:
        with running.call() as first:
            until(lambda: running.figure("canvas_drawing") == 1)
            for _ in range(3):
                running.call().close()
            gone = 'canvas_requests_total{status="499",error_type="ClientClosedRequest"}'
            until(lambda: running.figure(gone) == 3)
            assert running.figure("canvas_waiting") == 0
            running.engine.go.set()
            assert answer_on(first).startswith(b"HTTP/1.1 200")
        assert running.engine.drawn == 1
        until(lambda: running.figure("canvas_requests_in_flight") == 0)


def test_who_goes_before_the_body_is_whole_counts_as_499_too() -> None:
    with serving() as running:
        running.call(head=b"x-more: 1\r\n", body=b"").close()
        with socket.create_connection(("127.0.0.1", running.port)) as half:
            half.sendall(b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
            until(lambda: running.figure("canvas_inside") == 1)
        gone = 'canvas_requests_total{status="499",error_type="ClientClosedRequest"}'
        until(lambda: running.figure(gone) >= 1)
        assert running.figure("canvas_inside") == 0


def test_an_endpoint_whose_places_are_all_held_beyond_their_time_says_so_at_ping_until_one_is_free() -> None:
    with serving(timeout_seconds=0.2) as running:
        with running.call() as caller:
            assert answer_on(caller).startswith(b"HTTP/1.1 408")
        until(lambda: running.ping()["code"] == 503)
        assert running.ping()["status"] == "stuck"
        running.engine.go.set()
        until(lambda: running.ping() == {"code": 200, "status": "ok"})


def test_reading_that_does_not_end_is_seen_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr("canvas.server.read_request", lambda _: go.wait(20))
    with serving(timeout_seconds=0.2) as running:
        with running.call() as caller:
            assert answer_on(caller).startswith(b"HTTP/1.1 408")
        assert running.figure("canvas_reading") == 1
        assert running.ping()["status"] == "stuck"
        assert running.endpoint.abandon()
        go.set()


@pytest.mark.parametrize(
    "sent", [b"", b"POST /invocations HTTP/1.1\r\nhost", b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\nGET"]
)
def test_a_connection_without_a_whole_head_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "patience", 0.2)
    with serving() as running, socket.create_connection(("127.0.0.1", running.port)) as silent:
        silent.sendall(sent)
        silent.settimeout(10)
        with suppress(ConnectionResetError):
            while silent.recv(65536):
                pass


def test_a_call_that_takes_longer_than_that_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "patience", 0.1)
    with serving() as running, running.call() as caller:
        until(lambda: running.figure("canvas_drawing") == 1)
        time.sleep(0.3)
        running.engine.go.set()
        assert answer_on(caller).startswith(b"HTTP/1.1 200")


def test_an_answer_that_nobody_reads_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "AT_THE_END", 0.2)
    with serving(Large()) as running, running.call():
        until(lambda: running.figure('canvas_requests_total{status="200",error_type=""}') == 1)
        running.server.should_exit = True
        running.thread.join(15)  # the grace is 600 s
        assert not running.thread.is_alive()


def test_a_signal_before_the_server_listens_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = uvicorn.Server.run

    def run(server: uvicorn.Server, **more: Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        original(server, **more)

    async def serve_on(*_: Any) -> None:
        raise AssertionError("it went on")

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr(uvicorn.Server, "main_loop", serve_on)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    root, level = list(logging.root.handlers), logging.root.level
    try:
        assert main(["--port", "0"]) == 0
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        logging.root.handlers[:] = root
        logging.root.setLevel(level)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/invocations/", 404), ("POST", "/model/x/invoke/", 404), ("POST", "/model//invoke", 404),
        ("GET", "/invocations", 405), ("POST", "/ping", 405),
    ],
)  # fmt: skip
def test_what_is_nearly_a_route_is_refused_in_aws_s_form(method: str, path: str, status: int) -> None:
    app = Endpoint(Slow()).app()

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.request(method, path)

    answer = asyncio.run(ask())
    assert answer.status_code == status
    assert answer.headers["x-amzn-errortype"].endswith("Exception")
    assert ("allow" in answer.headers) == (status == 405)


def test_half_a_character_and_a_long_model_id_are_answered_counted_and_not_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    body = json.dumps({"\ud800": 1} | json.loads(BODY)).encode()
    with serving() as running:
        url = f"http://127.0.0.1:{running.port}/model/{'m' * 5000}/invoke"
        answer = httpx.post(url, content=body)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
        assert "\\ud800" in answer.json()["message"]
        assert running.figure("canvas_requests_in_flight") == 0
    (line,) = [record for record in caplog.records if record.message == "invoke"]
    fields: Any = line
    assert fields.fields["model_id"] == "(no model id)"  # what cannot be one may be anything
    assert "ud800" not in json.dumps(fields.fields)
