"""Whatever a caller sends to the endpoint, no line of its log repeats it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .conftest import MODEL, Server

pytestmark = pytest.mark.enable_socket

MARK = "Zq7canary"
CANARY = f"the scar on my knee {MARK} ada@{MARK}.example.com /9j/4AAQ{MARK} \"{MARK}\" '{MARK}' {{}} %s\n"


def bodies(good: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Bodies with the canary in one place each."""
    yield from [("the whole", CANARY), ("a list", [CANARY]), ("an unknown field", good | {CANARY: CANARY})]
    yield "the task", good | {"taskType": CANARY}
    params, config = (
        good["virtualTryOnParams"],
        {"numberOfImages": 1, "quality": "standard", "cfgScale": 6.5, "seed": 1},
    )
    masks = {
        "GARMENT": {"garmentBasedMask": {"garmentClass": CANARY, "maskShape": CANARY}},
        "PROMPT": {"promptBasedMask": {"maskPrompt": CANARY, "maskShape": "DEFAULT"}},
        "IMAGE": {"imageBasedMask": {"maskImage": CANARY}},
    }
    for kind, mask in masks.items():
        others = {key: value for key, value in params.items() if not key.endswith("BasedMask")}
        yield kind, good | {"virtualTryOnParams": others | mask | {"maskType": kind}}
    for name in (*params, "returnMask", "mergeStyle", "maskExclusions", CANARY):
        yield name, good | {"virtualTryOnParams": params | {name: CANARY}}
    for name in (*config, CANARY):
        yield name, good | {"imageGenerationConfig": config | {name: CANARY}}


def test_no_line_of_the_log_repeats_what_a_caller_sent(
    endpoint: Server, request_body: Callable[..., dict[str, Any]]
) -> None:
    statuses = {}
    headers = {"authorization": f"Bearer {MARK}", "x-amzn-trace-id": MARK, "user-agent": MARK, "cookie": MARK}
    for name, body in bodies(request_body()):
        url = f"{endpoint.url}/model/{MODEL}/invoke"
        statuses[name] = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=30).status_code
    for path in (f"/model/{MARK}%40example.com/invoke", f"/{MARK}", f"/ping?{MARK}", f"/invocations?ticket={MARK}"):
        statuses[path] = httpx.post(endpoint.url + path, content=CANARY.encode(), headers=headers).status_code

    told = [line for line in endpoint.log.read_text("utf-8").splitlines() if MARK in line]

    assert len(statuses) > 20
    assert 400 in statuses.values()
    assert max(statuses.values()) < 500, statuses
    assert told == []
    assert json.loads(endpoint.log.read_text("utf-8").splitlines()[-1])["status"] >= 400
