"""Gap: MiniStack sends the text of a failed function to the HTTP client, with status 502.

An HTTP API answers 500 `{"message":"Internal Server Error"}` (and 503 when the function is throttled), so that
nothing of the function's inside reaches a client.
"""

import json
from typing import Any

import ministack.services.lambda_svc as functions

from local.patching import expect_source


def install() -> None:
    """Answer a client as an HTTP API does when its function fails."""
    stock = functions.lambda_execute_result_to_api_proxy_response
    expect_source(stock, '"statusCode": 502', '"body": payload')

    def respond(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        if not result.get("error"):
            answer: tuple[dict[str, Any] | None, str | None] = stock(result)
            return answer
        throttled = bool(result.get("throttle"))
        message = "Service Unavailable" if throttled else "Internal Server Error"
        return {
            "statusCode": 503 if throttled else 500,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps({"message": message}),
        }, None

    functions.lambda_execute_result_to_api_proxy_response = respond
