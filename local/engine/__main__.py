"""`python -m local.engine`: the engine on 127.0.0.1, port VTO_LOCAL_PORT, until SIGTERM."""

import logging
import os
import signal
import sys
from typing import Any

from cheroot.wsgi import Server
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.engine import clients, history, machines, memory, outcomes

THREADS = 16
"""Calls answered at the same time; each takes a few milliseconds."""


def main() -> None:
    """Serve Step Functions' execution calls."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    for shim in (clients, memory, outcomes, history):
        shim.install()
    if not os.environ.get("VTO_LOCAL_OWN_MACHINES"):  # else machines are made here, and not taken from MiniStack
        machines.install()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = DomainDispatcherApplication(create_backend_app)
    address = ("127.0.0.1", int(os.environ["VTO_LOCAL_PORT"]))
    server = Server(address, application, numthreads=THREADS, request_queue_size=256)

    def leave(*_: Any) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    server.safe_start()


if __name__ == "__main__":
    main()
