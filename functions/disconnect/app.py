"""WebSocket route ``$disconnect``: forgets a socket; API Gateway sends this as best it can, so a TTL helps."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed


@observed("disconnect")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Forget the socket."""
    bootstrap.connections().remove(event["requestContext"]["connectionId"])
    return {"statusCode": 200}
