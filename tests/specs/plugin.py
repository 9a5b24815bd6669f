"""Looks at every frame and every HTTP answer of every test, and makes red the test in which one breaks the documents.

Frames: what the service sends to sockets, in memory or through API Gateway's client; what it hears and does not refuse;
what the end-to-end tests' shopper hears, and what the client for Python shops says. Answers: all that the functions
behind the HTTP API give, and what they take.
"""

import functools
import json
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from local.shopper import Shopper
from tests.simulation.gateway import Gateway
from tests.specs import checking
from vto.adapters.sockets import ApiGatewaySockets
from vto.testing import FakeNotifier
from vto.use_cases.answer_message import ACTIONS, AnswerMessage
from vto_client.live import Watch

MOST_TOLD = 10
_found: list[str] = []


def see_sent(frame: Any) -> None:
    """A frame that the service sends."""
    _found.extend(f"sent {_short(frame)}: {one}" for one in checking.frame_problems(frame, is_from_client=False))


def see_taken(frame: Any) -> None:
    """A frame of a client that the service has not refused."""
    _found.extend(f"taken {_short(frame)}: {one}" for one in checking.frame_problems(frame, is_from_client=True))


def see_answer(event: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """An answer of a function behind the HTTP API to an event of it."""
    http = event["requestContext"]["http"]
    headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
    try:
        request = json.loads(event["body"]) if isinstance(event.get("body"), str) else None
    except ValueError:
        request = None
    if '"path": "(the route)"' in (answer.get("body") or ""):
        return  # a function was asked for a route of another one; tests/contract/test_specs.py knows all routes
    path, method = event.get("rawPath") or http["path"], http["method"]
    problems = checking.answer_problems(method, path, answer["statusCode"], headers, answer.get("body"), request)
    _found.extend(problems)


def _short(frame: Any) -> str:
    return json.dumps(frame, default=str)[:120]


def _wrap(owner: type, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    stock = getattr(owner, name)
    setattr(owner, name, functools.wraps(stock)(wrapper(stock)))
    _undo.append(lambda: setattr(owner, name, stock))


_undo: list[Callable[[], None]] = []


def _sending(stock: Callable[..., Any]) -> Callable[..., Any]:
    def send(self: Any, connection_id: str, frame: Mapping[str, Any]) -> Any:
        see_sent(frame)
        return stock(self, connection_id, frame)

    return send


def _answering(stock: Callable[..., str]) -> Callable[..., str]:
    def answer(self: Any, body: str, *more: Any) -> str:
        said = stock(self, body, *more)
        if said in ACTIONS:
            see_taken(json.loads(body))
        return said

    return answer


def _receiving(stock: Callable[..., Any]) -> Callable[..., Any]:
    def receive(self: Any, *more: Any, **options: Any) -> Any:
        frame = stock(self, *more, **options)
        if frame is not None:
            see_sent(frame)
        return frame

    return receive


def _saying(stock: Callable[..., Any]) -> Callable[..., Any]:
    def say(self: Any, frame: Any) -> Any:
        see_taken(frame)
        return stock(self, frame)

    return say


def _resolving(stock: Callable[..., Any]) -> Callable[..., Any]:
    def resolve(self: Any, event: Any, context: Any) -> Any:
        answer = stock(self, event, context)
        see_answer(event if isinstance(event, Mapping) else event.raw_event, answer)
        return answer

    return resolve


class SpecsKept:
    """The plugin."""

    def pytest_configure(self) -> None:
        """Begin to look."""
        for owner in (FakeNotifier, Gateway, ApiGatewaySockets):
            _wrap(owner, "send", _sending)
        _wrap(AnswerMessage, "__call__", _answering)
        _wrap(Shopper, "receive", _receiving)
        _wrap(Watch, "_say", _saying)
        _wrap(APIGatewayHttpResolver, "resolve", _resolving)

    def pytest_unconfigure(self) -> None:
        """Look no more."""
        while _undo:
            _undo.pop()()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Make red what broke a document."""
        report = yield
        if _found:
            before = f"{report.longreprtext}\n\n" if report.failed else ""
            report.outcome, report.longrepr = "failed", before + _said(taken())
            vars(report).pop("wasxfail", None)
        return report


def taken() -> list[str]:
    """What was found since this was last asked."""
    found = list(dict.fromkeys(_found))
    _found.clear()
    return found


def _said(found: list[str]) -> str:
    more = f"\n… and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return (
        "A frame or an answer is not as docs/asyncapi.yaml or docs/openapi.yaml says (tests/specs/checking.py):"
        + "".join(f"\n  {one}" for one in found[:MOST_TOLD])
        + more
    )
