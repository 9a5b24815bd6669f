"""``python -m canvas``: serves the endpoint until it is told to stop."""

import argparse
import asyncio
import json
import logging
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from canvas.engines import ENGINES
from canvas.server import Endpoint


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message and the record's ``fields``; never a picture."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Protocol(H11Protocol):
    """uvicorn's protocol that lets the application reach its connection, so that a fault can drop it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = self.app_state | {"transport": transport}


class Server(uvicorn.Server):
    """A server that writes its port to a file once it listens."""

    def __init__(self, config: uvicorn.Config, port: int, port_file: Path | None) -> None:
        super().__init__(config)
        self._port = port
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._port_file:
            # renamed into place, so that a reader never sees half a number
            part = self._port_file.with_name(self._port_file.name + ".part")
            part.write_text(f"{self._port}\n", encoding="ascii")
            part.replace(self._port_file)
        logging.getLogger("canvas").info("listening", extra={"fields": {"port": self._port}})


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m canvas", description="Serve virtual try-on over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8080, help="port; 0 takes a free one (default: 8080)")
    parser.add_argument("--port-file", type=Path, help="file that gets the port as soon as the server listens")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="preview")
    parser.add_argument("--parallel", type=int, default=2, help="pictures drawn at once (default: 2)")
    parser.add_argument(
        "--retired", action="append", default=[], metavar="MODEL_ID", help="model id that answers as retired"
    )
    parser.add_argument("--faults", action="store_true", help="let tests plan faults at /_faults")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serves until SIGTERM or Ctrl-C; calls in flight are answered first.

    Returns:
        0 after a clean stop, 1 when the port cannot be had.
    """
    options = arguments(argv)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    listener = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        fields: dict[str, Any] = {"host": options.host, "port": options.port, "reason": str(error)}
        logging.getLogger("canvas").error("cannot listen", extra={"fields": fields})  # noqa: TRY400 - no trace: said in full
        return 1
    endpoint = Endpoint(
        ENGINES[options.engine], retired=options.retired, faults=options.faults, parallel=options.parallel
    )
    config = uvicorn.Config(
        endpoint.app(), http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
        log_level="warning", timeout_graceful_shutdown=30, server_header=False,
    )  # fmt: skip
    server = Server(config, listener.getsockname()[1], options.port_file)
    # uvicorn stops gracefully and then raises the signal again for its parent; a clean stop shall exit with 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
