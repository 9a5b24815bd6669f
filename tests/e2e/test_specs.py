"""The running stack against the documents of its interfaces: a fuzzer that reads OpenAPI; sockets that are told bye."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scripts import specs
from tests.e2e.conftest import World
from tests.specs import checking

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
API = schemathesis.openapi.from_path(str(specs.OPENAPI))
OPERATIONS = {operation.label: operation for operation in (one.ok() for one in API.get_all_operations())}
BODIES = {"json": "json", "data": "content"}  # what requests and httpx call them
EXAMPLES = 6  # of each operation, right ones and wrong ones; some thousand requests find nothing more
NOT_TWICE = ("DELETE /me",)
HARMLESS = ("GET ", "POST /try-ons")  # for these, every other example names things that there are


@pytest.fixture(scope="module")
def real(_world: World) -> Iterator[dict[str, Any]]:
    """A member of staff with a job of their own: whose requests get as far as possible."""
    login = _world.stack.sign_in("staff@example.com", groups=("admin",))
    with httpx.Client(
        base_url=_world.endpoints.api_url,
        headers={"Authorization": f"Bearer {login.access_token}"},
        timeout=30,
        trust_env=False,
    ) as http:
        job = http.post("/try-ons", json=_world.request()).json()
        things = {"product_id": _world.garment, "model_id": _world.person, "job_id": job["id"]}
        yield {"http": http, "things": things}


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_to_whatever_is_asked_is_documented(world: World, real: dict[str, Any], label: str) -> None:
    count = 1 if label in NOT_TWICE else EXAMPLES
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        _fuzz(label, mode, count, real)


def _fuzz(label: str, mode: GenerationMode, count: int, real: dict[str, Any]) -> None:
    operation = OPERATIONS[label]
    body = (operation.definition.raw.get("requestBody") or {}).get("content")
    if mode is GenerationMode.NEGATIVE and not (body or operation.path_parameters or operation.query):
        return  # there is nothing that could be wrong

    @seed(20261121)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), is_real=st.booleans())
    def ask(case: Case, is_real: bool) -> None:
        if is_real and label.startswith(HARMLESS):
            _name_what_there_is(case, real["things"])
        answer = _ask(case, real["http"])
        case.validate_response(answer, checks=CHECKS)
        document = case.body if isinstance(case.body, dict) else None
        path = (
            answer.request.url.raw_path.decode().partition("?")[0].removeprefix(real["http"].base_url.path.rstrip("/"))
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        found = checking.answer_problems(case.method, path, answer.status_code, headers, answer.text, document)
        assert found == []

    ask()


def _name_what_there_is(case: Case, things: dict[str, str]) -> None:
    for holder in (case.path_parameters, case.body):
        if isinstance(holder, dict):
            holder.update({name: one for name, one in things.items() if name in holder})


def _ask(case: Case, http: httpx.Client) -> httpx.Response:
    options = case.as_transport_kwargs(base_url=str(http.base_url))
    headers = {**dict(options.get("headers") or {}), "Authorization": http.headers["Authorization"]}
    return http.request(
        options["method"],
        options["url"],
        headers=headers,
        params=options.get("params"),
        **{to: options[name] for name, to in BODIES.items() if options.get(name) is not None},
    )


def test_both_devices_of_a_shopper_are_told_bye_and_their_sockets_go_on_until_they_have_others(world: World) -> None:
    with world.shopper("ada") as phone, world.shopper("ada") as laptop:
        for device in (phone, laptop):
            device.connect()
        answer = world.invoke("operate", {"order": "say_bye", "reconnect_in_seconds": 30})
        assert (answer["told"] >= len((phone, laptop)), answer["failed"], answer["is_complete"]) == (True, 0, True)
        for device in (phone, laptop):
            assert device.receive(timeout=20) == {"type": "bye", "reason": "deploy", "reconnect_in_seconds": 30}
            device.send({"action": "ping"})
            assert device.receive(timeout=20) == {"type": "pong"}
        phone.disconnect()
        phone.connect()
        phone.send({"action": "ping"})
        assert phone.receive(timeout=20) == {"type": "pong"}
    assert world.row("controls", control_id="place#say_bye") is None
