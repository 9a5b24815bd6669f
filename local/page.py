"""The page of `web/` on loopback, beside a running stack: its files as any static host would serve them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from local.processes import free_ports, listening
from local.stack import Endpoints
from scripts.page_config import headers, policy

WEB = Path(__file__).parent.parent / "web"
USUAL_PORT = 8080
"""Where the page is, if nobody else is there: also the default of the template's `AllowedOrigins`."""


def page_port() -> int:
    """A port for the page: the usual one, or a free one."""
    return free_ports(1)[0] if listening(USUAL_PORT) else USUAL_PORT


def origins(port: int) -> str:
    """The value of `AllowedOrigins` for a page on a port of this machine."""
    return f"http://127.0.0.1:{port},http://localhost:{port}"


def config_of(endpoints: Endpoints) -> dict[str, str]:
    """The page's config.json for a local stack."""
    return {
        "apiUrl": endpoints.api_url,
        "socketUrl": endpoints.socket_url,
        "userPoolId": endpoints.user_pool_id,
        "userPoolClientId": endpoints.client_id,
        "region": endpoints.region,
        "cognitoUrl": f"{endpoints.aws}/",
    }


class _Files(SimpleHTTPRequestHandler):
    """Files of a folder, and the configuration, which is made and not a file."""

    def __init__(self, *args: Any, config: dict[str, str], sent: dict[str, str], **options: Any) -> None:
        self._config, self._sent = json.dumps(config).encode(), sent
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/config.json":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self._config)))
        self.end_headers()
        self.wfile.write(self._config)
        return None

    def end_headers(self) -> None:
        for name, value in self._sent.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class says so)
        """Say nothing: the terminal is the stack's."""


@contextmanager
def serving(endpoints: Endpoints, port: int, folder: Path = WEB) -> Iterator[str]:
    """Serve the page for as long as the block runs.

    Args:
        endpoints: The stack that it talks to, deployed with `origins` of this port.
        port: Of 127.0.0.1.
        folder: Its files.

    Yields:
        Its address.
    """
    socket = endpoints.aws.replace("http://", "ws://")
    sent = headers(policy(endpoints.aws, endpoints.aws.replace("127.0.0.1", "localhost"), socket, shops="'self'"))
    handler = partial(_Files, directory=str(folder), config=config_of(endpoints), sent=sent)
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.shutdown()
