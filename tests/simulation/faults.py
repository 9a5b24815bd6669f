"""What may go wrong, and the plans that say when.

Whatever crosses a boundary (a call of a port, a delivery of an event, a frame of a client) asks the plan first. A plan
counts these *points*: the nth point of a run is the same thing each time, up to the first fault that differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Protocol


class Fault(StrEnum):
    """What becomes of one crossing."""

    FAIL_BEFORE = "fail before"
    """It fails, and nothing has happened."""
    FAIL_AFTER = "fail after"
    """It happens, and whoever asked hears that it failed."""
    DELAY = "delay"
    """It happens late."""
    LATE = "late answer"
    """It happens in time, and its answer comes late."""
    DUPLICATE = "duplicate"
    """It happens twice; what is answered is the second answer: an SDK that asks again, a queue that redelivers."""
    CRASH_BEFORE = "crash before"
    """The process dies, and nothing has happened."""
    CRASH_AFTER = "crash after"
    """It happens, then the process dies."""
    DROP = "drop"
    """The socket dies; whoever sends hears nothing of it."""
    KILL = "kill"
    """The execution dies in a way that no Catch catches."""
    THROTTLE = "throttle"
    """The engine says that it is called too often; not billed."""
    BLOCK = "block"
    """The engine's filter keeps all results back; perhaps billed."""
    BREAK = "break"
    """The engine answers with something that is no picture; billed."""


F = Fault
READ = (F.FAIL_BEFORE, F.DELAY, F.CRASH_BEFORE)
WRITE = (F.FAIL_BEFORE, F.FAIL_AFTER, F.DELAY, F.DUPLICATE, F.CRASH_BEFORE, F.CRASH_AFTER)
SEND = (*WRITE, F.DROP)
ENGINE = (F.FAIL_BEFORE, F.FAIL_AFTER, F.DELAY, F.CRASH_BEFORE, F.CRASH_AFTER, F.THROTTLE, F.BLOCK, F.BREAK)
TASK = (F.FAIL_BEFORE, F.FAIL_AFTER, F.DELAY, F.LATE, F.KILL)
"""Not twice: a Standard workflow runs a step once, unless its Retry says otherwise."""
DELIVERY = (F.FAIL_BEFORE, F.FAIL_AFTER, F.DELAY, F.DUPLICATE)
FRAME = (F.FAIL_BEFORE, F.DELAY, F.DUPLICATE, F.DROP)


class Plan(Protocol):
    """Says what becomes of each crossing."""

    def decide(self, point: str, kinds: Sequence[Fault]) -> Fault | None:
        """None for a crossing that goes well.

        Args:
            point: What crosses what, for people: ``store_result jobs.save``.
            kinds: What may happen there.
        """
        ...

    def seconds(self, least: float, most: float) -> float:
        """How long a delay lasts."""
        ...


@dataclass
class Quiet:
    """Everything goes well."""

    def decide(self, point: str, kinds: Sequence[Fault]) -> Fault | None:
        """None."""
        return None

    def seconds(self, least: float, most: float) -> float:
        """The shortest."""
        return least


@dataclass
class Scripted:
    """Faults at the points with these numbers; ``points`` is what there was to choose from."""

    faults: Mapping[int, Fault] = field(default_factory=dict)
    points: list[tuple[str, Sequence[Fault]]] = field(default_factory=list)
    on_fault: Callable[[], object] = lambda: None

    def decide(self, point: str, kinds: Sequence[Fault]) -> Fault | None:
        """The fault of this point's number."""
        self.points.append((point, kinds))
        fault = self.faults.get(len(self.points) - 1)
        if fault is not None:
            self.on_fault()
        return fault

    def seconds(self, least: float, most: float) -> float:
        """The longest."""
        return most


@dataclass
class Sequenced:
    """Faults at the first points whose names contain these words, one after the other; None for a crossing spared."""

    words: str
    faults: list[Fault | None]

    def decide(self, point: str, kinds: Sequence[Fault]) -> Fault | None:
        """The next fault, if this is such a point."""
        return self.faults.pop(0) if self.faults and self.words in point else None

    def seconds(self, least: float, most: float) -> float:
        """The longest."""
        return most


@dataclass
class Seeded:
    """Faults at random, each with the same chance; the seed decides them all."""

    seed: int
    rate: float

    def __post_init__(self) -> None:
        self._random = Random(f"faults {self.seed}")

    def decide(self, point: str, kinds: Sequence[Fault]) -> Fault | None:
        """With the rate's chance, one of the kinds."""
        return self._random.choice(kinds) if self._random.random() < self.rate else None

    def seconds(self, least: float, most: float) -> float:
        """Anything between."""
        return self._random.uniform(least, most)
