"""Everything that brings an event to a function: the table's stream, queues, the rule on executions, the schedule.

The figures (batch sizes, attempts, visibility, schedule) are read from the template. What each service promises:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

import json
import zlib
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from asl.run import Run
from tests.contract.deployed import resources, template
from tests.simulation.faults import DELIVERY, WRITE, Fault
from tests.simulation.lambdas import Outcome
from vto.domain import times
from vto.domain.storage import S3Url
from vto.errors import StorageUnavailableError
from vto.testing import NOON

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

SHARDS = 4
BACK_OFF = 0.5
ASYNC_RETRIES = (60.0, 120.0)
"""Seconds before Lambda runs an asynchronous event again: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""


# --- the table's stream -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """One change of one row."""

    number: int
    job_id: str
    at: float


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

    def add(self, number: int, job_id: str) -> None:
        """A row was written."""
        if not self.is_on:
            return
        shard = self._shards[zlib.crc32(job_id.encode()) % SHARDS]
        shard.queue.append(Record(number, job_id, self._simulation.scheduler.seconds))
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
        event = {
            "Records": [
                {
                    "eventName": self.event_name,
                    "dynamodb": {"SequenceNumber": str(one.number), "Keys": {"id": {"S": one.job_id}}},
                }
                for one in batch
            ]
        }
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


# --- queues -----------------------------------------------------------------------------------------------------------


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

    def __init__(self, simulation: "Simulation", resource: str, mapping: str, function: str) -> None:
        found = resources("AWS::SQS::Queue")[resource]
        self._simulation, self._function = simulation, function
        self._visibility, self._receives = found["VisibilityTimeout"], found["RedrivePolicy"]["maxReceiveCount"]
        self._size = template()["Resources"][mapping]["Properties"]["BatchSize"]
        self._messages: dict[int, Message] = {}
        self._count = 0
        self._is_polling = False
        self.dead_letters: list[Message] = []

    @property
    def waiting(self) -> int:
        """How many messages are not served yet."""
        return len(self._messages)

    def send(self, body: Mapping[str, Any], seconds: float) -> None:
        """Put a message in, seconds from now."""
        self._count += 1
        one = Message(self._count, json.dumps(body))
        self._messages[one.number] = one
        self._show(one, seconds)

    def retry_soon(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Let the failed messages of a batch come again in two seconds."""
        failed = [int(one["itemIdentifier"]) for one in answer["batchItemFailures"]]
        if not failed:
            return

        def show() -> None:
            for number in failed:
                if number in self._messages:
                    self._show(self._messages[number], 2.0)

        with suppress(StorageUnavailableError):  # then they come again by themselves, later
            self._simulation.boundary.cross("results_queue.retry_soon", show, WRITE, StorageUnavailableError)

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


def object_created(url: str, sequencer: int, seconds: float) -> dict[str, Any]:
    """S3's event about a new object."""
    address = S3Url.parse(url)
    when = times.after(NOON, seconds)
    thing = {"key": address.key, "sequencer": f"{sequencer:016X}"}
    return {"Records": [{"eventTime": when, "s3": {"bucket": {"name": address.bucket}, "object": thing}}]}


# --- the rule on executions, and the schedule -------------------------------------------------------------------------


class Rule:
    """EventBridge's rule on executions that ended without success: delivers at least once, and tries again."""

    def __init__(self, simulation: "Simulation") -> None:
        target = template()["Resources"]["ExecutionEndedRule"]["Properties"]["Targets"][0]
        self._simulation, self._attempts = simulation, target["RetryPolicy"]["MaximumRetryAttempts"]
        self.dead_letters: list[dict[str, Any]] = []
        self.waiting = 0

    def ended(self, run: Run) -> None:
        """An execution failed, timed out or was aborted."""
        detail = {
            "executionArn": run.arn,
            "status": run.status,
            "input": json.dumps(run.input),
            "error": run.error,
            "cause": run.cause,
            "name": run.arn.rpartition(":")[2],
        }
        self.waiting += 1
        self._deliver({"source": "aws.states", "detail": detail}, 0)

    def _deliver(self, event: dict[str, Any], attempt: int) -> None:
        simulation = self._simulation
        fault = simulation.decide("rule→record_failure", DELIVERY)
        if fault is Fault.FAIL_BEFORE:
            if attempt >= self._attempts:
                self._give_up(event)
            else:
                simulation.scheduler.after(5.0 * 2**attempt, partial(self._deliver, event, attempt + 1))
            return
        delay = simulation.plan.seconds(1, 30) if fault is Fault.DELAY else 0.3
        self._run(event, 0, delay)
        if fault in (Fault.DUPLICATE, Fault.FAIL_AFTER):
            self.waiting += 1
            self._run(event, 0, delay + 1.0)

    def _run(self, event: dict[str, Any], attempt: int, seconds: float) -> None:
        def done(outcome: Outcome) -> None:
            if outcome.error is None:
                self.waiting -= 1
            elif attempt < len(ASYNC_RETRIES):
                self._run(event, attempt + 1, ASYNC_RETRIES[attempt])
            else:
                self._give_up(event)

        self._simulation.lambdas.invoke("record_failure", event, done, seconds=seconds)

    def _give_up(self, event: dict[str, Any]) -> None:
        self.waiting -= 1
        self.dead_letters.append(event)


class Schedule:
    """The sweep, once a minute: a missed one is not made up for, two may run at once."""

    def __init__(self, simulation: "Simulation") -> None:
        words = template()["Resources"]["SweepRule"]["Properties"]["ScheduleExpression"]
        if words != "rate(1 minute)":
            raise AssertionError(f"the simulation sweeps once a minute, the template says {words}")
        self._simulation = simulation
        self.is_on = True
        self.repairs = {"started": 0, "left_running": 0, "ended": 0, "failed": 0}

    def begin(self) -> None:
        """Sweep for the first time within a minute."""
        self._simulation.scheduler.after(self._simulation.plan_latency(1, 60), self._tick)

    def sweep(self, seconds: float = 0.0) -> None:
        """Sweep once."""
        self._simulation.lambdas.invoke("sweep_jobs", {}, self._done, seconds=seconds)

    def _tick(self) -> None:
        self._simulation.scheduler.after(60, self._tick)
        if not self.is_on:
            return
        fault = None
        if self._simulation.jobs.open_jobs:  # else there is nothing that a fault could touch
            fault = self._simulation.decide("schedule→sweep_jobs", DELIVERY)
        if fault is Fault.FAIL_BEFORE:
            return
        self.sweep(self._simulation.plan.seconds(1, 50) if fault is Fault.DELAY else 0.0)
        if fault in (Fault.DUPLICATE, Fault.FAIL_AFTER):
            self.sweep()

    def _done(self, outcome: Outcome) -> None:
        for name, count in (outcome.answer or {}).items():
            self.repairs[name] += count
