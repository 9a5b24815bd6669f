"""Queues, the functions that read them, and S3's events, which come through them.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.contract.deployed import resources, template
from tests.simulation.faults import DELIVERY, WRITE, Fault
from tests.simulation.lambdas import Outcome
from vto.adapters.erasure_queue import pause
from vto.adapters.sqs import wait_seconds
from vto.domain import times
from vto.domain.removal import Removal
from vto.domain.storage import S3Url
from vto.errors import StorageUnavailableError
from vto.testing import NOON

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


@dataclass
class Message:
    """One message, and how often it was received."""

    number: int
    body: str
    receives: int = 0
    visible_at: float = 0.0
    is_deleted: bool = False


class Queue:
    """A queue with its dead letters and the function that reads it; also the ``retry_soon`` port."""

    def __init__(
        self,
        simulation: "Simulation",
        resource: str,
        mapping: str,
        function: str,
        wait: Callable[[int], float] = wait_seconds,
    ) -> None:
        found = resources("AWS::SQS::Queue")[resource]
        self._simulation, self._function, self._wait = simulation, function, wait
        self._visibility, self._receives = found["VisibilityTimeout"], found["RedrivePolicy"]["maxReceiveCount"]
        self._size = template()["Resources"][mapping]["Properties"]["BatchSize"]
        self._messages: dict[int, Message] = {}
        self._count = 0
        self.sent: list[str] = []
        """The bodies of all messages there ever were."""
        self.is_on = True
        """Whether what is sent arrives."""
        self.dead_letters: list[Message] = []

    @property
    def waiting(self) -> int:
        """How many messages are not served yet."""
        return len(self._messages)

    def send(self, body: Mapping[str, Any], seconds: float) -> None:
        """Put a message in, seconds from now."""
        if not self.is_on:
            return
        self._count += 1
        one = Message(self._count, json.dumps(body))
        self._messages[one.number] = one
        self.sent.append(one.body)
        self._show(one, seconds)

    def retry_soon(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Let the failed messages of a batch come again, the later the more often they have failed."""
        failed = [int(one["itemIdentifier"]) for one in answer["batchItemFailures"]]
        if not failed:
            return

        def show() -> None:
            for number in failed:
                if number in self._messages:
                    self._show(self._messages[number], self._wait(self._messages[number].receives))

        with suppress(StorageUnavailableError):  # then they come again by themselves, later
            self._simulation.boundary.cross(f"{self._function}.retry_soon", show, WRITE, StorageUnavailableError)

    def show_again(self, number: int, pause: Callable[[int], float]) -> None:
        """Let a message come again after a while that depends on how often it came."""
        if number in self._messages:
            self._show(self._messages[number], pause(self._messages[number].receives))

    def _show(self, one: Message, seconds: float) -> None:
        one.visible_at = self._simulation.scheduler.seconds + seconds
        self._simulation.scheduler.after(seconds, self._poll)

    def _poll(self) -> None:
        now = self._simulation.scheduler.seconds
        batch = [one for one in self._messages.values() if one.visible_at <= now][: self._size]
        for one in batch:
            one.receives += 1
            self._show(one, self._visibility)
            if one.receives > self._receives:
                self.dead_letters.append(self._messages.pop(one.number))
        batch = [one for one in batch if one.number in self._messages]
        if not batch:
            return
        fault = self._simulation.decide(f"queue→{self._function}", DELIVERY)
        if fault is Fault.FAIL_BEFORE:
            return  # received and never served: visible again later
        records = [{"messageId": str(o.number), "receiptHandle": str(o.number), "body": o.body} for o in batch]
        delay = self._simulation.plan.seconds(1, 60) if fault is Fault.DELAY else 0.0
        done = partial(self._done, batch, fault)
        self._simulation.lambdas.invoke(self._function, {"Records": records}, done, seconds=delay)
        if fault is Fault.DUPLICATE:
            self._simulation.lambdas.invoke(self._function, {"Records": records}, done)

    def _done(self, batch: list[Message], fault: Fault | None, outcome: Outcome) -> None:
        if outcome.error is not None or fault is Fault.FAIL_AFTER:
            return  # nothing is deleted: visible again later
        failed = {int(one["itemIdentifier"]) for one in outcome.answer["batchItemFailures"]}
        for one in batch:
            if one.number not in failed:
                self._messages.pop(one.number, None)


class SentUploads:
    """The ``import_queue`` port on a queue."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def send(self, url: S3Url, sequencer: str, time: str) -> None:
        """Tell of an upload as S3 would have."""
        thing = {"key": url.key, "sequencer": sequencer}
        record = {"eventTime": time, "s3": {"bucket": {"name": url.bucket}, "object": thing}}
        self._queue.send({"Records": [record]}, 0.0)


class ErasureQueue:
    """The port of both ends of the queue of erasures."""

    def __init__(self, simulation: "Simulation", resource: str, mapping: str, function: str) -> None:
        self._simulation, self._queue = simulation, Queue(simulation, resource, mapping, function)
        self.seconds = 0.0
        """How long a new message takes beyond the usual."""

    @property
    def waiting(self) -> int:
        """How many erasures are not done."""
        return self._queue.waiting

    @property
    def dead_letters(self) -> list[Message]:
        """Those that were given up."""
        return self._queue.dead_letters

    def come_again(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Let what is not done come again after a while that grows."""
        open_ones = [int(one["itemIdentifier"]) for one in answer["batchItemFailures"]]

        def show() -> None:
            for number in open_ones:
                self._queue.show_again(number, pause)

        if open_ones:
            with suppress(StorageUnavailableError):  # then they come again by themselves, later
                self._simulation.boundary.cross("erasure_queue.come_again", show, WRITE, StorageUnavailableError)

    def send(self, user_id: str) -> None:
        """Have somebody's erasure worked on."""
        self._send({"user_id": user_id})

    def remove(self, removal: Removal) -> None:
        """Have one photo or try-on removed."""
        self._send({"remove": asdict(removal)})

    def _send(self, wish: dict[str, Any]) -> None:
        def put() -> None:
            self._queue.send(wish, self._simulation.latency() + self.seconds)

        self._simulation.boundary.cross("erasure_queue.send", put, WRITE, StorageUnavailableError)


def object_created(url: str, sequencer: int, seconds: float) -> dict[str, Any]:
    """S3's event about a new object."""
    address = S3Url.parse(url)
    when = times.after(NOON, seconds)
    thing = {"key": address.key, "sequencer": f"{sequencer:016X}"}
    return {"Records": [{"eventTime": when, "s3": {"bucket": {"name": address.bucket}, "object": thing}}]}
