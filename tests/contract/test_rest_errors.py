"""Whatever goes wrong at the HTTP API, a client reads the one form of errors."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.deployed import environment, handler, replace_builders, use_environment
from vto import bootstrap
from vto.adapters.rest import STATUS_OF
from vto.errors import InternalError, NotFoundError

WHO = "ada@example.com"

type Ask = Callable[[str, str], tuple[int, dict[str, Any]]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    use_environment(monkeypatch, environment("api"))

    def ask(method: str, path: str) -> tuple[int, dict[str, Any]]:
        context = {"http": {"method": method, "path": path}, "stage": "$default"}
        answer = handler("api")({"version": "2.0", "rawPath": path, "headers": {}, "requestContext": context})
        assert answer["headers"]["Content-Type"] == "application/json"
        return answer["statusCode"], json.loads(answer["body"])

    return ask


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/"),
        ("DELETE", "/products"),
        ("POST", "/health"),
        ("GET", "/try-ons/a/b"),
        ("PUT", "/%"),
    ],
)
def test_a_path_or_a_method_that_nobody_serves_is_refused_in_our_form(ask: Ask, method: str, path: str) -> None:
    status, error = ask(method, path)

    assert status == STATUS_OF[NotFoundError] == 404
    assert error.keys() == {"code", "message", "details", "retryable"}
    assert (error["code"], error["retryable"]) == ("not_found", False)
    [detail] = error["details"]
    assert detail["path"] == "(the route)"
    assert "nowhere" not in json.dumps(error)


def test_what_nobody_foresaw_is_told_in_our_form_without_what_went_wrong(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def config(self) -> None:
            raise KeyError(WHO)

    replace_builders(monkeypatch, browse=Broken())

    status, error = ask("GET", "/config")

    assert (status, error) == (503, InternalError().public())
    assert [one.levelname for one in caplog.records if one.message == "unexpected error"] == ["ERROR"]
    bootstrap.reset()
