"""WebSocket routes ``tryOn``, ``watchJob``, ``cancelTryOn``, ``ping``, ``$default``: whatever a client says over it."""

from typing import Any

from vto import bootstrap
from vto.ports import Connection
from vto.telemetry import count, observed

bootstrap.prepare(bootstrap.answer_message)


@observed("message")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one frame; the answer goes over the socket itself, errors included."""
    request = event["requestContext"]
    authorizer = request["authorizer"]
    connection = Connection(request["connectionId"], authorizer["user_id"])
    opened_at = request["connectedAt"] // 1000 if "connectedAt" in request else None
    answered = bootstrap.answer_message()(
        event.get("body") or "", connection, int(authorizer["session_until"]), opened_at
    )
    count(f"message.{answered}")
    return {"statusCode": 200}
