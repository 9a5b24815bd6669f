"""API Gateway's sockets: who is connected, and what travels over each; the ``Notifier`` port."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

QUARANTINE_SECONDS = 120.0
"""A connection id is not given away again within this time. AWS's are random, so this is hostile enough."""
PUBLISHER_SECONDS = 16.0
"""Nor while somebody who has read its old row may still be about to write: no publisher lives for longer."""


@dataclass
class Socket:
    """One live socket.

    Args:
        connection_id: Its name.
        user_id: Whose it is.
        receive: Takes a frame on the other end.
        since: When it was opened.
    """

    connection_id: str
    user_id: str
    receive: Callable[[Mapping[str, Any]], None]
    since: float


@dataclass(frozen=True, slots=True)
class Pushed:
    """One snapshot on the wire, whether or not it arrived."""

    at: float
    connection_id: str
    user_id: str
    since: float
    job_id: str
    seq: int
    status: str
    stage: str | None
    by: str
    """The function that pushed it."""


class Gateway:
    """All sockets."""

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self.sockets: dict[str, Socket] = {}
        self.pushed: list[Pushed] = []
        self.drop_next = False
        self.largest = 0
        self._free: list[tuple[float, str]] = []
        self._count = 0

    def new_id(self) -> str:
        """An id for a socket that wants to open; one that was used before, if there is any."""
        now, read_at = self._simulation.scheduler.seconds, self._simulation.connections.read_at
        for place, (free_at, name) in enumerate(self._free):
            if free_at > now:
                break
            if read_at.get(name, -PUBLISHER_SECONDS) + PUBLISHER_SECONDS <= now:
                del self._free[place]
                return name
        self._count += 1
        return f"socket-{self._count}"

    def give_back(self, connection_id: str) -> None:
        """An id may be used again, after a while."""
        self._free.append((self._simulation.scheduler.seconds + QUARANTINE_SECONDS, connection_id))

    def open(self, socket: Socket) -> None:
        """A socket is open."""
        self.sockets[socket.connection_id] = socket

    def drop(self, connection_id: str) -> None:
        """A socket dies; nobody says so."""
        if self.sockets.pop(connection_id, None) is not None:
            self.give_back(connection_id)

    def is_open(self, connection_id: str) -> bool:
        """Whether it lives."""
        return connection_id in self.sockets

    # --- the port

    def send(self, connection_id: str, frame: Mapping[str, Any]) -> bool:
        """Push a frame; False when nobody is there."""
        is_dropped, self.drop_next = self.drop_next, False
        socket = self.sockets.get(connection_id)
        if socket is None:
            return False
        text = json.dumps(frame)
        self.largest = max(self.largest, len(text))
        job = frame.get("job")
        now = self._simulation.scheduler.seconds
        if job is not None:
            told = (job["id"], job["seq"], job["status"], job["stage"])
            by = getattr(getcurrent(), "name", "").partition("#")[0]
            self.pushed.append(Pushed(now, connection_id, socket.user_id, socket.since, *told, by))
        if is_dropped:
            self.drop(connection_id)
            return True  # it was taken, and is lost on the way
        self._simulation.scheduler.after(self._simulation.latency(), lambda: self._arrive(socket, connection_id, frame))
        return True

    def close(self, connection_id: str) -> None:
        """End a socket."""
        self.drop(connection_id)

    def _arrive(self, socket: Socket, connection_id: str, frame: Mapping[str, Any]) -> None:
        if self.sockets.get(connection_id) is socket:
            socket.receive(frame)
