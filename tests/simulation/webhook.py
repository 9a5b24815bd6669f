"""The shop's own server, and the queue of what it is to be told."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tests.simulation.faults import WRITE
from tests.simulation.queues import Queue
from vto.domain.webhooks import End, Reception
from vto.errors import StorageUnavailableError
from vto.ports import NotTakenError

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


class EndedJobs:
    """The ``ended_jobs`` port on a queue."""

    def __init__(self, simulation: "Simulation", queue: Queue) -> None:
        self._simulation, self._queue = simulation, queue

    def send(self, end: End) -> None:
        """Have an end told."""

        def put() -> None:
            self._queue.send({"job_id": end.job_id, "seq": end.seq}, self._simulation.latency())

        self._simulation.boundary.cross("ended_jobs.send", put, WRITE, StorageUnavailableError)


@dataclass(frozen=True, slots=True)
class Told:
    """One message that reached the shop's server."""

    at: float
    message_id: str
    body: bytes

    @property
    def job_id(self) -> str:
        """Of which job it tells."""
        return str(json.loads(self.body)["data"]["job_id"])


class ShopServer:
    """The ``shop_server`` port: takes what reaches it, but for a while in which it is down."""

    down_until = 0.0
    """Seconds from the beginning in which it takes nothing."""

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self.told: list[Told] = []

    def post(self, message_id: str, now: datetime, body: bytes) -> Reception:
        """Take a message, if it can be taken."""

        def take() -> Reception:
            seconds = self._simulation.scheduler.seconds
            if seconds < self.down_until:
                raise NotTakenError("answered 503")
            self.told.append(Told(seconds, message_id, body))
            return Reception.TAKEN

        taken: Reception = self._simulation.boundary.cross("shop_server.post", take, WRITE, NotTakenError)
        return taken
