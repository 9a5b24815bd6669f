"""One probe stack for all tests of the local stack; it is small and deploys in about two seconds."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from local.stack import LocalStack

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).parent / "probe" / "template.yaml"


class Probe:
    """A running probe stack with the few questions that the tests ask."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack, self.endpoints = stack, stack.endpoints
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return self._clients.setdefault(service, self.stack.client(service))

    def invoke(self, function: str, event: object = None) -> tuple[str | None, Any]:
        """Return (function error, answer) of a function of the probe."""
        answer = self.client("lambda").invoke(
            FunctionName=self.stack.function_name(function), Payload=json.dumps(event or {})
        )
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def start(self, name: str, *, case: str = "ok", seconds: int = 0, timeout: int = 20) -> str:
        """Start the machine and return the execution's ARN."""
        given = {"id": name, "case": case, "seconds": seconds, "timeout": timeout}
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=self.endpoints.state_machine_arn, name=name, input=json.dumps(given)
        )
        return str(answer["executionArn"])

    def ended(self, execution: str, timeout: float = 20) -> dict[str, Any]:
        """Wait until an execution has ended and describe it."""

        def described() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return eventually(described, timeout)

    def run(self, name: str, **given: Any) -> dict[str, Any]:
        return self.ended(self.start(name, **given))

    def note(self, key: str) -> dict[str, str] | None:
        """Return what a function of the probe noted under a key."""
        found = self.client("dynamodb").get_item(TableName=self.endpoints.tables["items"], Key={"id": {"S": key}})
        return {name: value["S"] for name, value in found["Item"].items()} if "Item" in found else None

    def noted(self, key: str, timeout: float = 10) -> dict[str, str]:
        return eventually(lambda: self.note(key), timeout)


def eventually[T](ask: Callable[[], T | None], timeout: float = 10) -> T:
    """Return the first answer that is not None."""
    deadline = time.monotonic() + timeout
    while True:
        answer = ask()
        if answer is not None:
            return answer
        assert time.monotonic() < deadline, f"nothing within {timeout} s"
        time.sleep(0.05)


class Canvas(http.server.BaseHTTPRequestHandler):
    """Stands in for the canvas endpoint: says what it was asked."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = "refuse" in asked
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", "application/json")
        if refused:
            self.send_header("x-amzn-ErrorType", "ValidationException")
        self.end_headers()
        self.wfile.write(json.dumps({"path": self.path, "asked": asked, "message": asked.get("refuse")}).encode())

    def log_message(self, *_):
        """Keep quiet."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what waits for a minute to pass last, when most of the minute has passed already."""
    items.sort(key=lambda item: "every_minute" in item.name)


@pytest.fixture(scope="session")
def canvas() -> Iterator[str]:
    pytest_socket.enable_socket()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Canvas)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def probe(canvas) -> Iterator[Probe]:
    pytest_socket.enable_socket()  # the fixture outlives the test whose marker allowed sockets
    with LocalStack(ROOT, name="probe", template=PROBE, canvas=canvas) as stack:
        yield Probe(stack)
        pytest_socket.enable_socket()
