"""Live sockets through API Gateway's management API."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from vto.adapters.sockets import ApiGatewaySockets
from vto.domain.frames import MAX_FRAME_BYTES
from vto.errors import NotifierUnavailableError

ERROR = {"code": "internal", "message": "Größe 👕", "details": [], "retryable": True}
FRAME = {"type": "error", "error": ERROR}
EMPTY = len(json.dumps({"type": "error", "error": {**ERROR, "message": ""}}, separators=(",", ":")))


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(boto3.client("apigatewaymanagementapi", endpoint_url="https://sockets.example/live")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def sockets(stub: Stubber) -> ApiGatewaySockets:
    return ApiGatewaySockets(stub.client)


def test_a_frame_arrives_as_json(stub: Stubber, sockets: ApiGatewaySockets) -> None:
    data = json.dumps(FRAME, separators=(",", ":")).encode()
    stub.add_response("post_to_connection", {}, {"ConnectionId": "c-1", "Data": data})
    assert sockets.send("c-1", FRAME) is True
    assert json.loads(data) == FRAME


def test_a_client_that_is_gone_is_an_answer_and_no_error(stub: Stubber, sockets: ApiGatewaySockets) -> None:
    stub.add_client_error("post_to_connection", "GoneException", http_status_code=410)
    assert sockets.send("c-1", FRAME) is False


@pytest.mark.parametrize(
    "code", ["LimitExceededException", "ForbiddenException", "InternalServerError", "PayloadTooLargeException"]
)
def test_everything_else_has_to_be_tried_again(stub: Stubber, sockets: ApiGatewaySockets, code: str) -> None:
    stub.add_client_error("post_to_connection", code)
    with pytest.raises(NotifierUnavailableError, match=code):
        sockets.send("c-1", FRAME)


def test_a_gateway_out_of_reach_has_to_be_tried_again() -> None:
    class Unreachable:
        def post_to_connection(self, **options: Any) -> None:
            raise ConnectTimeoutError(endpoint_url="https://sockets.example")

    client: Any = Unreachable()
    with pytest.raises(NotifierUnavailableError, match="ConnectTimeoutError"):
        ApiGatewaySockets(client).send("c-1", FRAME)


def test_a_frame_of_exactly_the_limit_is_sent(stub: Stubber, sockets: ApiGatewaySockets) -> None:
    stub.add_response("post_to_connection", {})
    assert sockets.send("c-1", {**FRAME, "error": {**ERROR, "message": "x" * (MAX_FRAME_BYTES - EMPTY)}}) is True


def test_a_frame_that_would_close_the_socket_is_not_sent(sockets: ApiGatewaySockets) -> None:
    with pytest.raises(AssertionError, match="would close the socket"):
        sockets.send("c-1", {**FRAME, "error": {**ERROR, "message": "x" * (MAX_FRAME_BYTES - EMPTY + 1)}})
