"""Live sockets through API Gateway's management API."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vto.adapters.aws_errors import code_of
from vto.errors import NotifierUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

MAX_FRAME_BYTES = 32 * 1024  # API Gateway closes a socket (1009) on a larger frame


class ApiGatewaySockets:
    """The ``Notifier`` port on API Gateway."""

    def __init__(self, client: "ApiGatewayManagementApiClient") -> None:
        self._client = client

    def send(self, connection_id: str, frame: Mapping[str, Any]) -> bool:
        """Push a frame; False when the client is gone; raises NotifierUnavailableError."""
        data = json.dumps(frame, separators=(",", ":")).encode()
        if len(data) > MAX_FRAME_BYTES:
            raise AssertionError(f"a frame of {len(data)} bytes would close the socket")
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=data)
        except ClientError as error:
            if code_of(error) in ("GoneException", "410"):
                return False
            raise NotifierUnavailableError(f"push: {code_of(error)}") from error
        except BotoCoreError as error:
            raise NotifierUnavailableError(f"push: {type(error).__name__}") from error
        return True
