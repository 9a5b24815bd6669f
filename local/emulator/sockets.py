"""Gap: routes of a WebSocket API run beside the Lambda service instead of through it.

MiniStack takes one worker per function and calls it directly: messages queue behind one another, no concurrency
limit, no log group, and a raised exception's text goes to the client. Besides, a handler's `body` is sent on a
route that has no route response, and `connectedAt` changes with every event.

Every socket event goes through the same dispatcher as `Invoke` here. A failing handler closes the handshake with
502 (as `statusCode`) or sends `{"message":"Internal server error",…}`; answers are sent on routes with a route
response only; frames above 128 KB to a connection are refused with 413.
"""

import json
from typing import Any

import ministack.core.lambda_runtime as runtime
import ministack.services.apigateway as gateway
import ministack.services.lambda_svc as functions

from local.patching import expect_source

LARGEST_MESSAGE = 128 * 1024
"""Bytes that PostToConnection takes (API Gateway quotas for WebSocket APIs)."""

_connected_at: dict[str, int] = {}


def _answers_client(context: dict[str, Any]) -> bool:
    """Whether the route of an event has a route response, without which API Gateway drops the handler's body."""
    api_id = context["apiId"]
    responses = gateway._route_responses.get(api_id, {})
    return any(
        route.get("routeKey") == context["routeKey"] and responses.get(route_id)
        for route_id, route in gateway._routes.get(api_id, {}).items()
    )


class _ThroughLambda:
    """Stands in for a worker and hands the event to the Lambda service."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self._name, self._config = name, config

    def invoke(self, event: dict[str, Any], _request_id: str) -> dict[str, Any]:
        context = event["requestContext"]
        connection = context["connectionId"]
        context["messageDirection"] = "IN"
        context["connectedAt"] = _connected_at.setdefault(connection, context["connectedAt"])
        if context["eventType"] == "DISCONNECT":
            _connected_at.pop(connection, None)
        record = functions._execution_record_for_config(functions._functions[self._name], self._config)
        result = functions._execute_function(record, event)
        if result.get("error"):
            return {"status": "ok", "result": self._failure(context)}
        answer = result.get("body")
        if isinstance(answer, dict) and not _answers_client(context):
            answer = {key: value for key, value in answer.items() if key != "body"}
        return {"status": "ok", "result": answer if isinstance(answer, dict) else {"statusCode": 200}}

    @staticmethod
    def _failure(context: dict[str, Any]) -> dict[str, Any]:
        if context["eventType"] != "MESSAGE":
            return {"statusCode": 502}
        text = {
            "message": "Internal server error",
            "connectionId": context["connectionId"],
            "requestId": context["requestId"],
        }
        return {"statusCode": 500, "body": json.dumps(text)}


def install() -> None:
    """Run socket events through the Lambda service and keep API Gateway's limits."""
    expect_source(
        gateway._invoke_ws_lambda,
        "from ministack.core.lambda_runtime import get_or_create_worker",
        "worker.invoke(event, message_id)",
        'return {"statusCode": 500, "body": result.get("error", "")}',
    )

    def lease(name: str, config: dict[str, Any], _code: bytes, qualifier: str = "$LATEST") -> _ThroughLambda:
        del qualifier  # `config` is that version's already
        return _ThroughLambda(name, config)

    runtime.get_or_create_worker = lease

    stock = gateway.handle_connections_api
    expect_source(stock, 'if method == "POST"')

    async def connections(method: str, *call: Any) -> Any:
        *_, body, _headers = call
        if method == "POST" and len(body) > LARGEST_MESSAGE:
            error = {"x-amzn-ErrorType": "PayloadTooLargeException", "Content-Type": "application/json"}
            return 413, error, b'{"message":"Message too long"}'
        return await stock(method, *call)

    gateway.handle_connections_api = connections
