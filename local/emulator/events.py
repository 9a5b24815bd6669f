"""Gaps of EventBridge: nobody may publish `aws.states`, and a failing target is not called again.

The state machines run outside MiniStack (`local.engine`), so their status changes must be published by the engine.
PutEvents refuses `aws.*` sources, here too, except from the stack's own root key. A Lambda target is an
asynchronous invocation, which Lambda tries twice more; MiniStack calls it once.
"""

import json
import os
from typing import Any

import ministack.services.eventbridge as bus
import ministack.services.lambda_svc as functions

from local.patching import expect_source


def _signed_by_root(headers: dict[str, str]) -> bool:
    authorization = next((value for key, value in headers.items() if key.lower() == "authorization"), "")
    return f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/" in authorization


def install() -> None:
    """Let the engine publish status changes, and retry Lambda targets."""
    stock = bus.handle_request
    expect_source(stock, '"PutEvents": _put_events')
    expect_source(bus._put_events, "allow_aws_source", "NotAuthorizedForSourceException")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if headers.get("x-amz-target") == "AWSEvents.PutEvents" and _signed_by_root(headers):
            bus._ensure_default_bus()
            return bus._put_events(json.loads(body), allow_aws_source=True)
        return await stock(method, path, headers, body, query)

    bus.handle_request = handle

    expect_source(bus._dispatch_to_lambda, "target=lambda_svc._execute_function_with_config_scope")

    def dispatch(arn: str, payload: str) -> None:
        function, config, name = functions._get_func_record_for_ref(arn)
        if not function or not config:
            bus.logger.warning("EventBridge: function %s not found", name)
            return
        functions.invoke_async_with_retry(functions._execution_record_for_config(function, config), json.loads(payload))

    bus._dispatch_to_lambda = dispatch
