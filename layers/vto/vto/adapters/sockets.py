"""Live sockets through API Gateway's management API."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from vto.adapters.aws_errors import code_of
from vto.domain.frames import MAX_FRAME_BYTES, encoded
from vto.errors import NotifierUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

GONE = ("GoneException", "410")


class ApiGatewaySockets:
    """The ``Notifier`` port on API Gateway."""

    def __init__(self, client: "ApiGatewayManagementApiClient") -> None:
        self._client = client

    def send(self, connection_id: str, frame: Mapping[str, Any]) -> bool:
        """Push a frame; False when the client is gone; raises NotifierUnavailableError."""
        data = encoded(frame)
        if len(data) > MAX_FRAME_BYTES:
            raise AssertionError(f"a frame of {len(data)} bytes would close the socket")
        return self._call(lambda: self._client.post_to_connection(ConnectionId=connection_id, Data=data))

    def close(self, connection_id: str) -> None:
        """End a socket; no error when it is gone; raises NotifierUnavailableError."""
        self._call(lambda: self._client.delete_connection(ConnectionId=connection_id))

    def _call(self, call: Callable[[], object]) -> bool:
        """Whether the client was there."""
        try:
            call()
        except ClientError as error:
            if code_of(error) in GONE:
                return False
            raise NotifierUnavailableError(code_of(error)) from error
        except BotoCoreError as error:
            raise NotifierUnavailableError(type(error).__name__) from error
        return True
