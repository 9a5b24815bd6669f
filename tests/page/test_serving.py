"""The page beside the local stack: its files, a configuration that is made, and the headers of a good host."""

import http.client
import json
from collections.abc import Iterator

import pytest

from local.page import config_of, origins, serving
from local.processes import free_ports
from local.stack import Endpoints
from scripts.page_config import page_config

pytestmark = pytest.mark.enable_socket

STACK = Endpoints(
    name="vto",
    aws="http://127.0.0.1:4566",
    access_key="",
    secret_key="",
    region="us-east-1",
    canvas="",
    api_url="http://127.0.0.1:4566/_aws/execute-api/a",
    socket_url="ws://127.0.0.1:4566/_aws/execute-api/s/live",
    user_pool_id="us-east-1_p",
    client_id="c",
    state_machine_arn="",
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    (found,) = free_ports(1)
    with serving(STACK, found) as address:
        assert address == f"http://127.0.0.1:{found}/"
        yield found


def answer(port: int, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    got = connection.getresponse()
    content = got.read()
    connection.close()
    return got.status, got.headers, content


def test_it_is_the_page_with_the_headers_of_a_strict_host(port: int) -> None:
    status, headers, content = answer(port, "/")
    assert status == 200
    assert b'<main id="main"' in content
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http://127.0.0.1:4566" in policy
    assert "ws://127.0.0.1:4566" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "javascript" in (answer(port, "/vto-client.js")[1]["Content-Type"] or "")


def test_the_configuration_has_what_that_of_a_deployed_stack_has(port: int) -> None:
    status, _, content = answer(port, "/config.json?anything")
    assert status == 200
    assert json.loads(content) == config_of(STACK)
    outputs = dict.fromkeys(("ApiUrl", "SocketUrl", "UserPoolId", "UserPoolClientId"), "x")
    assert config_of(STACK).keys() == {*page_config(outputs, "us-east-1"), "cognitoUrl"}


@pytest.mark.parametrize("path", ["/../template.yaml", "/%2e%2e/template.yaml", "/nothing.js"])
def test_nothing_beside_the_page_is_served(port: int, path: str) -> None:
    assert answer(port, path)[0] == 404


def test_the_origins_are_what_the_template_takes() -> None:
    assert origins(8080) == "http://127.0.0.1:8080,http://localhost:8080"
