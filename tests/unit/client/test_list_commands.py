"""`vto watch`, `vto history`, `vto catalogue list` and `vto doctor` as they are typed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from tests.unit.client.service import JOB, LINK, TOKEN, URL, Service, answer, completed, failed, job, refusal
from vto_client import Vto, connect
from vto_client import stack as stacks
from vto_client.cli import app
from vto_client.doctor import command as doctor
from vto_client.doctor.site import FAIL, OK, UNKNOWN, WARN, Finding, Site, UnknownError
from vto_client.ports import TokenSource
from vto_client.problems import CommandError
from vto_client.thread import Thread

LOOK = f"GET /try-ons/{JOB}"

type Typed = Callable[..., Result]


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def vto(service: Service, monkeypatch: pytest.MonkeyPatch) -> Typed:
    def made(url: str, token: TokenSource, socket_url: str | None) -> Vto:
        assert socket_url == "wss://live.example.com"
        world = Thread(token, transport=httpx.MockTransport(service), sleep=service.passes, now=lambda: service.time)
        return Vto(url, token, world=world)

    monkeypatch.setattr(connect, "Vto", made)
    for name, value in (("TOKEN", TOKEN), ("API_URL", URL), ("SOCKET_URL", "wss://live.example.com")):
        monkeypatch.setenv(f"VTO_{name}", value)
    return lambda *words: CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


# --- watch ------------------------------------------------------------------------------------------------------------


def test_a_try_on_is_watched_to_its_end_and_its_pictures_saved(vto: Typed, service: Service, tmp_path: Path) -> None:
    service.says(LOOK, job(2, "processing", "validating"), completed())
    service.says("GET /0.png", httpx.Response(200, content=b"png"))
    ran = vto("watch", JOB, "--out", str(tmp_path / "new"))
    assert ran.exit_code == 0, ran.output
    assert "checking the pictures" in ran.stderr
    assert [one.name for one in (tmp_path / "new").iterdir()] == [f"{JOB}-1.png"]


@pytest.mark.parametrize(
    ("said", "outcome", "code"),
    [
        (completed(), "completed", 0),
        (failed("model_timeout"), "failed", 1),
        (failed("content_blocked"), "refused", 3),
        (refusal(404, "not_found"), "refused", 3),
        (answer(401, {}), "not_signed_in", 4),
        (httpx.ConnectError("away"), "unknown", 5),
    ],
)
def test_what_became_of_it_is_told_to_scripts(vto: Typed, service: Service, said: Any, outcome: str, code: int) -> None:
    service.says(LOOK, said)
    ran = vto("watch", JOB, "--json")
    document = json.loads(ran.stdout)
    assert (document["outcome"], ran.exit_code) == (outcome, code)
    assert document["idempotency_key"] is None


def test_one_that_does_not_end_in_time_says_how_to_look_again(vto: Typed, service: Service) -> None:
    service.says(LOOK, job(2, "processing", "queued"))
    ran = vto("watch", JOB, "--wait", "10")
    assert ran.exit_code == 5
    assert f"vto watch {JOB} follows it" in ran.stderr


# --- lists ------------------------------------------------------------------------------------------------------------

PRODUCTS = [
    {"product_id": f"shirt-{n}", "name": f"Shirt {n}", "category": "tops", "garment_class": None} for n in range(3)
]


def test_products_are_listed_up_to_a_limit_and_more_are_said(vto: Typed, service: Service) -> None:
    service.says("GET /products", {"products": PRODUCTS, "next": None})
    ran = vto("catalogue", "list", "--category", "tops", "--search", "shirt", "--limit", "2")
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["product", "shirt-0", "shirt-1"]
    assert "2 products; there are more: --limit" in ran.stderr
    assert dict(service.asked[0].url.params) == {"category": "tops", "search": "shirt"}
    whole = json.loads(vto("catalogue", "list", "--json").stdout)
    assert whole == {"v": 1, "products": PRODUCTS, "is_complete": True}


def test_what_a_shop_wrote_is_shown_as_it_is_and_not_as_markup(vto: Typed, service: Service) -> None:
    name = "Shirt [/b] [red]new[/red] :heart:"
    product = {"product_id": "shirt", "category": "tops", "garment_class": None, "name": name}
    service.says("GET /products", {"products": [product], "next": None})
    ran = vto("catalogue", "list")
    assert ran.exit_code == 0, ran.exception
    assert name in ran.stdout


def test_an_empty_catalogue_is_told_and_no_failure(vto: Typed, service: Service) -> None:
    service.says("GET /products", {"products": [], "next": None})
    ran = vto("catalogue", "list")
    assert (ran.exit_code, ran.stdout) == (0, "")
    assert "no product" in ran.stderr


def test_history_says_what_became_of_each(vto: Typed, service: Service) -> None:
    service.says(
        "GET /try-ons", {"try_ons": [job(3, "processing", "queued"), failed("expired"), completed()], "next": None}
    )
    ran = vto("history")
    assert [line.split()[3] for line in ran.stdout.splitlines()[1:]] == ["queued", "expired", "completed"]
    document = json.loads(vto("history", "--limit", "1", "--json").stdout)
    assert (len(document["try_ons"]), document["is_complete"]) == (1, False)
    assert LINK not in ran.output


@pytest.mark.parametrize(
    ("said", "code", "says"),
    [
        (refusal(400, "invalid_request", {"path": "limit", "problem": "is 0", "remedy": "send 1"}), 1, "is 0: send 1"),
        (answer(401, {}), 4, "VTO_TOKEN"),
        (httpx.ConnectError("away"), 5, "check VTO_API_URL"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_had_ends_with_a_code_and_one_line(
    vto: Typed, service: Service, said: Any, code: int, says: str
) -> None:
    service.says("GET /products", said).says("GET /try-ons", said)
    for words in (("catalogue", "list"), ("history",)):
        ran = vto(*words)
        assert isinstance(ran.exception, CommandError)
        assert ran.exception.exit_code == code
        assert says in str(ran.exception)


# --- doctor -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "words", "code"),
    [
        ((OK,), (), 0),
        ((OK, WARN), (), 0),
        ((OK, WARN), ("--strict",), 3),
        ((OK, UNKNOWN), ("--strict",), 0),
        ((WARN, FAIL), (), 3),
    ],
)
def test_what_doctor_finds_decides_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], words: tuple[str, ...], code: int
) -> None:
    def check(site: Site) -> Iterator[Finding]:
        for state in states:
            if state == UNKNOWN:
                raise UnknownError("the permission s3:X is missing", "ask for it")
            yield Finding("stack", state, f"it is {state}", "" if state == OK else "do this")

    monkeypatch.setattr(stacks, "clients", lambda region: (lambda service: None, "eu-central-1"))
    monkeypatch.setattr(doctor, "find", lambda stack, clients, region: Site(clients, stack, region))
    monkeypatch.setattr(doctor, "CHECKS", {"stack": check})
    ran = CliRunner().invoke(app, ["doctor", *words])
    assert ran.exit_code == code
    assert ran.stdout.count("→") == sum(state != OK for state in states)
    document = json.loads(CliRunner().invoke(app, ["doctor", "--json", *words]).stdout)
    assert [one["state"] for one in document["findings"]] == list(states)
    assert {state: document[state] for state in states} == dict.fromkeys(states, 1)
    assert document["region"] == "eu-central-1"
