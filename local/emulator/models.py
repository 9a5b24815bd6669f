"""Gap: MiniStack answers Bedrock's InvokeModel with a line of text, also for models that make pictures.

InvokeModel is forwarded to the canvas endpoint, after MiniStack has checked `bedrock:InvokeModel` on the model's
ARN. Status, body and error type come back unchanged. When the endpoint does not answer, neither does Bedrock:
503 `ServiceUnavailableException`.
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import ministack.services.bedrock_runtime as bedrock

from local.patching import expect_source

_ANSWER_HEADERS = frozenset({"content-type", "x-amzn-errortype", "x-amzn-requestid", "retry-after"})

LONGEST_ANSWER = 330.0
"""Seconds; above the longest timeout of a client (`invoke_model` runs 310 s at most)."""


def _forward(endpoint: str, model: str, headers: dict[str, str], body: bytes) -> Any:
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() in ("content-type", "accept") or name.lower().startswith("x-amzn-bedrock")
    }
    url = f"{endpoint}/model/{urllib.parse.quote(model, safe='')}/invoke"
    request = urllib.request.Request(url, data=body, headers=kept)
    try:
        with urllib.request.urlopen(request, timeout=LONGEST_ANSWER) as response:
            status, answer, content = response.status, response.headers, response.read()
    except urllib.error.HTTPError as refused:
        status, answer, content = refused.code, refused.headers, refused.read()
    except OSError as gone:
        problem = {"message": f"the canvas endpoint does not answer: {gone}"}
        kind = {"Content-Type": "application/json", "x-amzn-ErrorType": "ServiceUnavailableException"}
        return 503, kind, json.dumps(problem).encode()
    return status, {k: v for k, v in answer.items() if k.lower() in _ANSWER_HEADERS}, content


def install() -> None:
    """Forward InvokeModel to the canvas endpoint named by VTO_LOCAL_MODELS, if there is one."""
    expect_source(bedrock.handle_request, "_invoke_model, unquote(m.group(1)), headers, body")
    endpoint = os.environ.get("VTO_LOCAL_MODELS", "").rstrip("/")
    if endpoint:

        def invoke(model: str, headers: dict[str, str], body: bytes) -> Any:
            return _forward(endpoint, model, headers, body)

        bedrock._invoke_model = invoke
