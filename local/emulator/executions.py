"""Gap: MiniStack's own Step Functions engine is not faithful enough (see docs/local-stack.md).

Calls about executions are forwarded to `local.engine`, after MiniStack has checked signature and policy; machines
themselves stay in MiniStack, where CloudFormation makes them. Functions need no endpoint of their own for it.
"""

import asyncio
import json
import os
import urllib.error
import urllib.request
from typing import Any

import ministack.services.stepfunctions as machines

from local.patching import expect_source

FORWARDED = frozenset(
    {
        "StartExecution",
        "StopExecution",
        "DescribeExecution",
        "DescribeStateMachineForExecution",
        "ListExecutions",
        "GetExecutionHistory",
        "SendTaskSuccess",
        "SendTaskFailure",
        "SendTaskHeartbeat",
    }
)
_HEADERS = frozenset({"x-amz-target", "content-type", "authorization", "x-amz-date"})

Answer = tuple[int, dict[str, str], bytes]


def _forward(engine: str, headers: dict[str, str], body: bytes) -> Answer:
    """Send one call to the engine and return its answer, errors of the engine included."""
    kept = {name: value for name, value in headers.items() if name.lower() in _HEADERS}
    request = urllib.request.Request(engine, data=body, headers=kept)
    json_type = {"Content-Type": "application/x-amz-json-1.0"}
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json_type, response.read()
    except urllib.error.HTTPError as refused:
        extra = {name: value for name, value in refused.headers.items() if name.lower().startswith("x-amzn")}
        return refused.code, json_type | extra, refused.read()
    except OSError as gone:
        problem = {"__type": "ServiceUnavailable", "message": f"the local engine does not answer: {gone}"}
        return 503, json_type, json.dumps(problem).encode()


def install() -> None:
    """Forward calls about executions to the engine."""
    stock = machines.handle_request
    expect_source(stock, "x-amz-target")
    engine = os.environ.get("VTO_LOCAL_ENGINE", "")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if engine and headers.get("x-amz-target", "").rpartition(".")[2] in FORWARDED:
            return await asyncio.to_thread(_forward, engine, headers, body)
        return await stock(method, path, headers, body, query)

    machines.handle_request = handle
