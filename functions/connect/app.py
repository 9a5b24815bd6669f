"""WebSocket route ``$connect``: remembers an authorized socket."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.open_socket)


@observed("connect")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Register the socket under its owner; a failure here refuses the connection, so that none goes unregistered."""
    request = event["requestContext"]
    authorizer = request["authorizer"]
    bootstrap.open_socket()(request["connectionId"], authorizer["user_id"], int(authorizer["session_until"]))
    return {"statusCode": 200}
