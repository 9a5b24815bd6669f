"""HTTP and socket APIs behave as API Gateway's."""

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.enable_socket


@pytest.fixture(scope="module")
def login(probe):
    return probe.stack.sign_in(groups=("admins",))


@pytest.fixture
def api(probe):
    with httpx.Client(base_url=probe.endpoints.api_url) as client:
        yield client


@pytest.fixture
def ask(probe):
    """Send one message on a socket and return the first frame that comes back."""

    def send(message: object, timeout: float = 5) -> object:
        with connect(f"{probe.endpoints.socket_url}?ticket=good") as socket:
            socket.send(json.dumps(message))
            return json.loads(socket.recv(timeout))

    return send


def test_a_route_of_the_template_wants_a_token(api):
    assert api.get("/me").status_code == 401
    assert api.get("/me", headers={"Authorization": "Bearer x.y.z"}).status_code == 401


def test_a_token_of_the_pool_opens_the_route_and_its_claims_reach_the_function(api, login):
    answer = api.get("/me", headers={"Authorization": f"Bearer {login.access_token}"})
    assert answer.status_code == 200
    claims = answer.json()["claims"]
    assert claims["sub"] == login.user_id
    assert "admins" in claims["cognito:groups"]


def test_a_tampered_token_is_refused(api, login):
    head, body, sign = login.access_token.split(".")
    forged = f"{head}.{body[:-2]}xx.{sign}"
    assert api.get("/me", headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_route_without_authorizer_is_public(api):
    assert api.get("/health").status_code == 200


def test_a_path_that_is_not_in_the_template_is_not_found(api):
    assert api.get("/nowhere").status_code == 404


@pytest.mark.parametrize("origin", ["http://localhost:8080", "http://localhost:9090"])
def test_preflight_of_an_allowed_origin_passes(api, origin):
    answer = api.options("/me", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-headers"] == "authorization"


def test_preflight_of_a_foreign_origin_is_refused(api):
    answer = api.options("/me", headers={"Origin": "http://evil", "Access-Control-Request-Method": "GET"})
    assert "access-control-allow-origin" not in answer.headers


def test_nothing_of_a_failed_function_reaches_the_http_client(api):
    answer = api.get("/boom/7")
    assert answer.status_code == 500
    assert answer.json() == {"message": "Internal Server Error"}


@pytest.mark.parametrize(("query", "status"), [("", 401), ("?ticket=bad", 403)])
def test_a_socket_without_a_good_ticket_is_refused(probe, query, status):
    with pytest.raises(InvalidStatus) as refused, connect(probe.endpoints.socket_url + query):
        pass
    assert refused.value.response.status_code == status


def test_a_function_posts_to_the_socket_and_knows_the_user_and_when_it_connected(ask):
    first = ask({"action": "post"})
    assert first["user"] == "u-1"
    assert first["connected_at"] > 1_700_000_000_000


def test_the_time_of_connection_stays_the_same_for_every_message(probe):
    with connect(f"{probe.endpoints.socket_url}?ticket=good") as socket:
        times = set()
        for _ in range(2):
            socket.send(json.dumps({"action": "post"}))
            times.add(json.loads(socket.recv(5))["connected_at"])
    assert len(times) == 1


def test_an_answer_is_not_sent_on_a_route_without_a_route_response(probe):
    with connect(f"{probe.endpoints.socket_url}?ticket=good") as socket:
        socket.send(json.dumps({"action": "unknown"}))
        socket.send(json.dumps({"action": "post"}))
        assert "user" in json.loads(socket.recv(5))  # the first frame is the second message's


def test_nothing_of_a_failed_function_reaches_the_socket(ask):
    frame = ask({"action": "boom"})
    assert frame["message"] == "Internal server error"
    assert set(frame) == {"message", "connectionId", "requestId"}


def test_a_socket_can_be_closed_and_is_gone_then(probe):
    stage = probe.endpoints.socket_url.replace("ws://", "http://")
    manager = probe.endpoints.client("apigatewaymanagementapi", endpoint_url=stage)
    with connect(f"{probe.endpoints.socket_url}?ticket=good") as socket:
        socket.send(json.dumps({"action": "boom"}))
        connection = json.loads(socket.recv(5))["connectionId"]
        with pytest.raises(manager.exceptions.PayloadTooLargeException):
            manager.post_to_connection(ConnectionId=connection, Data=b"x" * (128 * 1024 + 1))
        manager.delete_connection(ConnectionId=connection)
        with pytest.raises(ConnectionClosed):
            socket.recv(5)
    with pytest.raises(manager.exceptions.GoneException):
        manager.post_to_connection(ConnectionId=connection, Data=b"x")


def test_socket_calls_are_written_to_the_functions_log(probe, ask):
    ask({"action": "boom"})
    group = f"/aws/lambda/{probe.stack.function_name('SocketFunction')}"
    events = probe.client("logs").filter_log_events(logGroupName=group)["events"]
    assert any("a secret of the inside" in event["message"] for event in events)
