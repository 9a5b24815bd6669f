"""Lets containers reach one port of this machine's loopback, on one address and for as long as it is needed."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from local.processes import StackError

CHUNK = 65536


class _Forward(socketserver.BaseRequestHandler):
    """One connection: bytes both ways until either side has had enough."""

    target: int

    def handle(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as there:
            back = threading.Thread(target=_pump, args=(there, self.request), daemon=True)
            back.start()
            _pump(self.request, there)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def forwarding(address: str, port: int) -> Iterator[int]:
    """Listen on a free port of an address and pass every connection on to a port of 127.0.0.1.

    Args:
        address: Of this machine, such as that of Docker's bridge; nobody else can connect to that one.
        port: Where to.

    Raises:
        StackError: The address is not this machine's.
    """
    handler = type("Handler", (_Forward,), {"target": port})
    try:
        server = _Server((address, 0), handler)
    except OSError as problem:
        raise StackError(
            f"cannot listen on {address}, the address at which containers find this machine ({problem.strerror}); "
            "with a rootless or remote engine use `make emulate`, which needs no Docker"
        ) from None
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
