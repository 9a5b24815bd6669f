"""Lambda authorizer of the WebSocket API: a one-time ticket opens one socket."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.authorize_socket)


@observed("authorize_socket")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Allow or deny ``$connect``; what is in ``context`` reaches every later event of the socket."""
    ticket = bootstrap.authorize_socket()((event.get("queryStringParameters") or {}).get("ticket", ""))
    return {
        "principalId": ticket.user_id if ticket else "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if ticket else "Deny",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": {"user_id": ticket.user_id, "session_until": str(ticket.session_until)} if ticket else {},
    }
