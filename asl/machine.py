"""Reads a state machine: its states, the edges between them, and the rules by which a state is tried again."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

type State = Mapping[str, Any]

# what the States Language says where a Retry does not: https://states-language.net/spec.html#errors
MAX_ATTEMPTS, INTERVAL_SECONDS, BACKOFF_RATE = 3, 1.0, 2.0


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a state to another.

    Args:
        source: The state that is left.
        field: What in the state names the target: ``Next``, ``Default``, ``Choices[0]``, ``Catch[0]``.
        target: The state that is entered.
        errors: The names that take a ``Catch``; empty for all others.
    """

    source: str
    field: str
    target: str
    errors: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.source} —{self.field}→ {self.target}"


@dataclass(frozen=True, slots=True)
class Retry:
    """One rule by which a Task is tried again.

    Args:
        state: The Task.
        field: Where the rule stands: ``Retry[0]``.
        errors: The names that it is for.
        max_attempts: How often the Task is tried again; 0 says never.
        interval: Seconds before the first of these, without jitter.
        backoff: By what each further wait is longer.
        max_delay: Seconds that no wait exceeds; None for no limit.
    """

    state: str
    field: str
    errors: tuple[str, ...]
    max_attempts: int
    interval: float
    backoff: float
    max_delay: float | None

    @property
    def waits(self) -> list[float]:
        """The seconds before each further attempt, jitter at its longest."""
        longest = float("inf") if self.max_delay is None else self.max_delay
        return [min(self.interval * self.backoff**attempt, longest) for attempt in range(self.max_attempts)]

    def __str__(self) -> str:
        return f"{self.state} {self.field} ({', '.join(self.errors)}) ×{self.max_attempts}"


@dataclass(frozen=True)
class Machine:
    """A definition in Amazon States Language.

    Args:
        definition: The parsed file; placeholders (``${Name}``) may stand in it as they are.

    Example:
        >>> machine = Machine.read(Path("statemachines/try_on.asl.json"))
        >>> machine.start
        'Validate Request'
    """

    definition: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Machine":
        """The machine in a file.

        Raises:
            ValueError: The file is not JSON.
        """
        return cls(json.loads(path.read_text()))

    @property
    def start(self) -> str:
        """The state in which every execution begins."""
        start: str = self.definition["StartAt"]
        return start

    @cached_property
    def states(self) -> Mapping[str, State]:
        """The states by their names, in the order of the file."""
        states: Mapping[str, State] = self.definition["States"]
        return states

    @property
    def tasks(self) -> Mapping[str, State]:
        """The states that do something outside of the machine."""
        return {name: state for name, state in self.states.items() if state.get("Type") == "Task"}

    def edges(self) -> Iterator[Edge]:
        """Every way out of every state, in the order of the file; targets need not exist."""
        for name, state in self.states.items():
            for index, choice in enumerate(state.get("Choices", [])):
                if "Next" in choice:
                    yield Edge(name, f"Choices[{index}]", choice["Next"])
            for field in ("Default", "Next"):
                if field in state:
                    yield Edge(name, field, state[field])
            for index, catch in enumerate(state.get("Catch", [])):
                if "Next" in catch:
                    yield Edge(name, f"Catch[{index}]", catch["Next"], tuple(catch.get("ErrorEquals", [])))

    def retries(self) -> Iterator[Retry]:
        """Every rule of every Task by which it is tried again, in the order of the file."""
        for name, state in self.states.items():
            for index, rule in enumerate(state.get("Retry", [])):
                yield Retry(
                    name,
                    f"Retry[{index}]",
                    tuple(rule.get("ErrorEquals", [])),
                    rule.get("MaxAttempts", MAX_ATTEMPTS),
                    rule.get("IntervalSeconds", INTERVAL_SECONDS),
                    rule.get("BackoffRate", BACKOFF_RATE),
                    rule.get("MaxDelaySeconds"),
                )
