"""`vto erase` as it is typed: asked once more, followed to its receipt, and how it ends."""

import json
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from tests.unit.client.service import TOKEN, URL
from vto_client import connect
from vto_client.blocking import Vto
from vto_client.cli import app
from vto_client.erase import command
from vto_client.erase.command import Clock, run
from vto_client.ports import TokenSource
from vto_client.problems import CommandError
from vto_client.thread import Thread

RECEIPT = "6a1f0c9be24d4f7d8f35b0a97c21d4e6"
REMOVED = {"jobs": 3, "photos": 1, "objects": 9, "cached_results": 1, "sockets": 1, "control_items": 2}


def erasure(state: str) -> dict[str, Any]:
    done_at = "2026-11-21T12:30:00.000Z" if state == "done" else None
    requested_at = "2026-11-21T12:00:00.000Z"
    return {
        "receipt": RECEIPT, "state": state, "requested_at": requested_at, "done_at": done_at, "removed": REMOVED
    }  # fmt: skip


class Shop:
    """Answers in turn, the last answer again and again; notes what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked, self.seconds = list(answers), list[str](), 0.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, document = answer if isinstance(answer, tuple) else (200, answer)
        return httpx.Response(status, json=document)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep)

    def vto(self, url: str = URL, token: TokenSource = TOKEN, socket_url: str | None = None) -> Vto:
        return Vto(url, token, world=Thread(token, transport=httpx.MockTransport(self), sleep=self.sleep))


def typed(shop: Shop, monkeypatch: pytest.MonkeyPatch, *arguments: str, terminal: bool = False) -> Result:
    monkeypatch.setattr(connect, "Vto", shop.vto)
    monkeypatch.setattr(command, "Clock", lambda: shop.clock)
    monkeypatch.setattr(command.sys.stdin, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("VTO_TOKEN", TOKEN)
    monkeypatch.setenv("VTO_API_URL", URL)
    return CliRunner().invoke(app, ["erase", *arguments])


def test_it_is_followed_to_its_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop((202, erasure("erasing")), erasure("erasing"), erasure("done"))
    told = typed(shop, monkeypatch, "--yes")
    assert told.exit_code == 0
    assert shop.asked == ["DELETE /me", *[f"GET /me/erasures/{RECEIPT}"] * 2]
    assert f"✓ Erased at 2026-11-21T12:30:00.000Z. Receipt {RECEIPT}" in told.stdout
    assert "3 jobs, 1 photos, 9 objects, 1 cached results, 1 sockets, 2 control items" in told.stdout


def test_without_a_terminal_it_has_to_be_said_with_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(erasure("done"))
    refused = typed(shop, monkeypatch)
    assert isinstance(refused.exception, CommandError)
    assert (refused.exception.exit_code, shop.asked) == (2, [])
    assert "--yes" in str(refused.exception)


def test_json_is_the_receipt_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    told = typed(Shop((202, erasure("erasing")), erasure("done")), monkeypatch, "--yes", "--json")
    assert json.loads(told.stdout) == erasure("done")


def test_it_is_accepted_and_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop((202, erasure("erasing")))
    told = typed(shop, monkeypatch, "--yes", "--wait", "0", "--json")
    assert (told.exit_code, shop.asked) == (0, ["DELETE /me"])


def test_one_that_is_not_done_in_time_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop((202, erasure("erasing")))
    assert typed(shop, monkeypatch, "--yes", "--wait", "60").exit_code == 5
    assert shop.seconds <= 60


def test_an_earlier_one_is_only_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(erasure("done"))
    assert typed(shop, monkeypatch, "--receipt", RECEIPT).exit_code == 0
    assert shop.asked == [f"GET /me/erasures/{RECEIPT}"]


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ((401, {"message": "Unauthorized"}), 4, "does not accept the access token"),
        (httpx.ReadTimeout("slow"), 5, "keeps its receipt"),
        (
            (404, {"code": "not_found", "message": "There is nothing here.", "details": [
                {"path": "receipt", "problem": "is none of your erasures", "remedy": "send the receipt"}]}),
            1,
            "is none of your erasures: send the receipt",
        ),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_an_exit_code_and_a_remedy(answer: Any, code: int, says: str) -> None:
    shop = Shop(answer)
    with pytest.raises(CommandError, match=says) as problem, shop.vto() as vto:
        run(vto, None, 60, shop.clock, lambda text: None)
    assert problem.value.exit_code == code


def test_a_question_that_is_answered_with_no_erases_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.typer, "confirm", lambda *args, **named: False)
    monkeypatch.setattr(command.sys.stdin, "isatty", lambda: True, raising=False)
    with pytest.raises(CommandError, match="nothing was erased"):
        command._confirm()


def test_a_receipt_under_way_says_so() -> None:
    with Console(record=True, width=120) as out:
        command.show(erasure("erasing"), out)
    assert "… Being erased." in out.export_text()
