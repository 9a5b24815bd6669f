"""The program in client/README.md runs as it stands there, and its tables name what there is."""

import inspect
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import vto_client
from scripts.facts import ROOT
from tests.unit.client.service import JOB, LINK, PLAN, TOKEN, URL, Service, answer, completed, job
from vto_client.thread import Thread

README = (ROOT / "client" / "README.md").read_text()
PHOTO = b"\xff\xd8\xff photo"


def test_its_program_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = {"url": "https://uploads.example.com/", "fields": {}, "upload_id": "u", "s3_url": "s3://b/k"}
    service = (
        Service()
        .says("GET /products", {"products": [{"product_id": "shirt"}], "next": None})
        .says("GET /config", {"consent": {"policy_version": "7"}})
        .says("POST /uploads", form)
        .says("POST /", httpx.Response(204))
        .says("POST /uploads/u/complete", {"state": "ready", "model": {"model_id": "anna"}})
        .says("POST /try-ons", PLAN, answer(202, job(1, "created")))
        .says("POST /socket-tickets", httpx.ConnectError("no socket"))
        .says(f"GET /try-ons/{JOB}", completed())
        .says(f"GET /try-ons/{JOB}/result", answer(303, None, Location=LINK))
        .says("GET /0.png", httpx.Response(200, content=b"the picture"))
        .says(f"DELETE /try-ons/{JOB}", httpx.Response(204))
        .says("DELETE /models/anna", httpx.Response(204))
    )

    class Offline(vto_client.Vto):
        def __init__(self, url: str, token: Any, *, socket_url: str) -> None:
            assert isinstance(token, vto_client.SignIn)
            world = Thread(
                TOKEN, transport=httpx.MockTransport(service), sleep=service.passes, now=lambda: service.time
            )
            super().__init__(url, token, socket_url=socket_url, world=world)

    monkeypatch.setattr(vto_client, "Vto", Offline)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.jpg").write_bytes(PHOTO)
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    given = {"API_URL": URL, "SOCKET_URL": "wss://live.example.com", "PHOTO": "me.jpg", "PASSWORD": "p", "USER": "u",
             "POOL_ID": "eu-central-1_A", "CLIENT_ID": "c"}  # fmt: skip
    exec(compile(program, "client/README.md", "exec"), given)
    assert (tmp_path / "result.png").read_bytes() == b"the picture"
    assert "completed None" in capsys.readouterr().out
    assert [one.headers["Idempotency-Key"] for one in service.asked if "Idempotency-Key" in one.headers] == ["order-17"]


def test_its_tables_name_all_methods_and_errors() -> None:
    table = README.partition("| What | |")[2].partition("\n\n")[0]
    methods = {name for name, one in inspect.getmembers(vto_client.Vto, inspect.isfunction) if name[0] != "_"}
    assert set(re.findall(r"`(\w+)`", table)) - {"admin"} == methods - {"close"}
    errors = README.partition("| Error | |")[2]
    named = {name for name in vto_client.__all__ if name.endswith("Error")}
    assert named == set(re.findall(r"`(\w+Error)`", errors))
