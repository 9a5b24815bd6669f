"""WebSocket route ``$disconnect``: forgets a socket; API Gateway sends this as best it can, so a TTL helps."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.connections)


@observed("disconnect")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Forget the socket, unless this comes so late that its id is another user's by now."""
    request = event["requestContext"]
    bootstrap.connections().remove(request["connectionId"], request["authorizer"]["user_id"])
    return {"statusCode": 200}
