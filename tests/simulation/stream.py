"""The table's stream: event source mappings that bring its changes to functions, with the template's figures.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""

import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.contract.deployed import template
from tests.simulation.faults import DELIVERY, Fault
from tests.simulation.lambdas import Outcome

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

SHARDS = 4
BACK_OFF = 0.5
"""Seconds before a batch comes again, twice as long each time."""


@dataclass(frozen=True, slots=True)
class Record:
    """One change of one row."""

    number: int
    job_id: str
    at: float
    before: str = ""
    after: str = ""
    """The row's status, before and after; empty where that is not of interest."""
    versions: tuple[int, int] = (0, 0)
    """The row's version, before and after."""

    def event(self, name: str) -> dict[str, Any]:
        """The record as a function is told it."""
        images = {"OldImage": (self.before, self.versions[0]), "NewImage": (self.after, self.versions[1])}
        return {
            "eventName": name,
            "dynamodb": {
                "SequenceNumber": str(self.number),
                "Keys": {"id": {"S": self.job_id}},
                **{
                    image: {"status": {"S": status}, "version": {"N": str(version)}}
                    for image, (status, version) in images.items()
                    if status
                },
            },
        }


@dataclass
class Shard:
    """Records in the order in which they were written; the batch being worked on is at the front of ``work``."""

    queue: deque[Record] = field(default_factory=deque)
    work: deque[tuple[list[Record], int]] = field(default_factory=deque)
    is_busy: bool = False


class StreamMapping:
    """One event source mapping: in order for each key, at least once, and not for ever."""

    def __init__(self, simulation: "Simulation", resource: str, function: str) -> None:
        found = template()["Resources"][resource]["Properties"]
        self._simulation, self._function = simulation, function
        self.event_name = json.loads(found["FilterCriteria"]["Filters"][0]["Pattern"])["eventName"][0]
        self._size, self._attempts = found["BatchSize"], found["MaximumRetryAttempts"]
        self._age, self._bisects = found["MaximumRecordAgeInSeconds"], found["BisectBatchOnFunctionError"]
        self._shards = [Shard() for _ in range(SHARDS)]
        self.dead_letters: list[Record] = []
        self.is_on = True
        self.waiting = 0

    def add(
        self, number: int, job_id: str, before: str = "", after: str = "", versions: tuple[int, int] = (0, 0)
    ) -> None:
        """A row was written, and its status and its version went from one to the other."""
        if not self.is_on:
            return
        shard = self._shards[zlib.crc32(job_id.encode()) % SHARDS]
        shard.queue.append(Record(number, job_id, self._simulation.scheduler.seconds, before, after, versions))
        self.waiting += 1
        self._simulation.scheduler.after(self._simulation.plan_latency(0.05, 0.25), partial(self._next, shard))

    def _next(self, shard: Shard) -> None:
        if shard.is_busy:
            return
        if not shard.work:
            if not shard.queue:
                return
            batch = [shard.queue.popleft() for _ in range(min(self._size, len(shard.queue)))]
            shard.work.append((batch, 0))
        batch, attempts = shard.work.popleft()
        batch = self._young(batch)
        if not batch:
            self._next(shard)
            return
        shard.is_busy = True
        simulation = self._simulation
        fault = simulation.decide(f"stream→{self._function}", DELIVERY)
        if fault is Fault.FAIL_BEFORE:  # Lambda has no room: the batch keeps its place, no attempt is used up
            self._again(shard, batch, attempts)
            return
        event = {"Records": [one.event(self.event_name) for one in batch]}
        delay = simulation.plan.seconds(1, 20) if fault is Fault.DELAY else 0.0
        simulation.lambdas.invoke(
            self._function, event, partial(self._done, shard, batch, attempts, fault), seconds=delay
        )

    def _done(self, shard: Shard, batch: list[Record], attempts: int, fault: Fault | None, outcome: Outcome) -> None:
        if fault is Fault.FAIL_AFTER or (fault is Fault.DUPLICATE and outcome.error is None):
            self._again(shard, batch, attempts + 1)  # the checkpoint was lost
            return
        if outcome.error is not None:
            if self._bisects and len(batch) > 1:
                half = len(batch) // 2
                shard.work.appendleft((batch[half:], attempts))
                self._again(shard, batch[:half], attempts)
            else:
                self._again(shard, batch, attempts + 1)
            return
        failed = {int(one["itemIdentifier"]) for one in outcome.answer["batchItemFailures"]}
        first = next((i for i, one in enumerate(batch) if one.number in failed), len(batch))
        self.waiting -= first
        if first < len(batch):
            self._again(shard, batch[first:], attempts + 1)
            return
        shard.is_busy = False
        self._next(shard)

    def _again(self, shard: Shard, batch: list[Record], attempts: int) -> None:
        if attempts > self._attempts:
            self._give_up(batch)
        else:
            shard.work.appendleft((batch, attempts))

        def free() -> None:
            shard.is_busy = False
            self._next(shard)

        self._simulation.scheduler.after(BACK_OFF * 2**attempts, free)

    def _young(self, batch: list[Record]) -> list[Record]:
        oldest = self._simulation.scheduler.seconds - self._age
        self._give_up([one for one in batch if one.at < oldest])
        return [one for one in batch if one.at >= oldest]

    def _give_up(self, records: list[Record]) -> None:
        self.dead_letters.extend(records)
        self.waiting -= len(records)
