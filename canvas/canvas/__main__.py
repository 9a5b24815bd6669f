"""``python -m canvas``: serves the endpoint until it is told to stop."""

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import uvicorn

from canvas.connection import Protocol, Server
from canvas.engines import ENGINES
from canvas.logs import JsonLines
from canvas.server import Endpoint, Settings

GRACE: Final = 25  # seconds for calls in flight; SageMaker kills a container 30 s after SIGTERM
ALL_ADDRESSES: Final = "0.0.0.0"  # noqa: S104 - a container is reached from outside, or it is of no use


def arguments(argv: list[str] | None = None, environment: Mapping[str, str] = os.environ) -> argparse.Namespace:
    """The command line; every option can come from ``CANVAS_…`` in the environment, which SageMaker lets one set.

    ``serve`` is how SageMaker starts a container; it means: listen on all addresses.
    """
    parser = argparse.ArgumentParser(prog="python -m canvas", description="Serve virtual try-on over HTTP.")
    parser.add_argument("serve", nargs="?", choices=["serve"], help="as in a container: listen on all addresses")

    def option(name: str, **more: Any) -> None:
        variable = "CANVAS" + name.removeprefix("-").replace("-", "_").upper()
        if variable in environment:
            more["default"] = environment[variable]
        parser.add_argument(name, **(more | {"help": f"{more['help']}; {variable}"}))

    option("--host", default=None, help="address to listen on (default: this machine only; with serve: all)")
    option("--port", type=int, default=8080, help="port; 0 takes a free one (default: 8080)")
    option("--port-file", type=Path, default=None, help="file that gets the port as soon as the server listens")
    option("--engine", choices=sorted(ENGINES), default="preview", help="what draws the pictures (default: preview)")
    option("--parallel", type=int, default=2, help="requests drawn at once (default: 2); fashn draws one")
    option("--waiting", type=int, default=32, help="further calls that may wait for a place (default: 32)")
    option("--wait", type=float, default=30.0, help="seconds that each may wait before it gets 429 (default: 30)")
    option("--timeout", type=float, default=300.0, help="seconds after which a call gets 408 (default: 300)")
    option("--grace", type=int, default=GRACE, help=f"seconds for calls in flight at the end (default: {GRACE})")
    parser.add_argument(
        "--retired", action="append", default=[], metavar="MODEL_ID", help="model id that answers as retired"
    )
    parser.add_argument("--faults", action="store_true", help="let tests plan faults at /_faults")
    options = parser.parse_args(argv)
    if options.engine not in ENGINES:  # argparse does not check a default
        parser.error(f"there is no engine {options.engine!r}; there are {', '.join(sorted(ENGINES))}")
    if options.parallel < 1 or options.waiting < 0 or options.wait < 0 or options.timeout <= 0:
        parser.error("--parallel and --timeout must be above 0, --waiting and --wait not below")
    options.host = options.host or (ALL_ADDRESSES if options.serve else "127.0.0.1")
    return options


def main(argv: list[str] | None = None) -> int:
    """Serves until SIGTERM or Ctrl-C; calls in flight are answered first.

    Returns:
        0 after a clean stop, 1 when the port cannot be had.
    """
    options = arguments(argv)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    listener = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        fields: dict[str, Any] = {"host": options.host, "port": options.port, "reason": str(error)}
        logging.getLogger("canvas").error("cannot listen", extra={"fields": fields})  # noqa: TRY400 - no trace: said in full
        return 1
    settings = Settings(
        parallel=options.parallel, waiting=options.waiting, wait_seconds=options.wait,
        timeout_seconds=options.timeout, retired=frozenset(options.retired), faults=options.faults,
    )  # fmt: skip
    endpoint = Endpoint(ENGINES[options.engine](), settings)
    config = uvicorn.Config(
        endpoint.app(), http=Protocol, ws="none", lifespan="off", log_config=None, access_log=False,
        log_level="warning", timeout_graceful_shutdown=options.grace, server_header=False,
    )  # fmt: skip
    server = Server(config, endpoint, listener.getsockname()[1], options.port_file)

    def leave(*_: object) -> None:
        server.should_exit = True

    # before uvicorn's own handlers are there, and again after it: it raises the signal anew for its parent when it has
    # stopped, and a clean stop shall exit with 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    endpoint.start()
    server.run(sockets=[listener])
    if endpoint.abandon():
        # work outlived the grace; a thread cannot be stopped, and waiting for it would only end in SIGKILL
        logging.getLogger("canvas").warning("stopped while a picture was being read or drawn")
        logging.shutdown()
        os._exit(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
