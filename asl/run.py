"""What an execution of a state machine is asked to do, and how it went: the words that every runner here shares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from asl.machine import Edge, Machine, Retry

OK = "ok"
"""The outcome of a call that succeeded; any other outcome is an error's name."""


class ServiceError(Exception):
    """What a service says about a call that did not end by itself, by its name in the ASL: ``Lambda.Unknown`` …"""

    cause = "the service said so"


class Clock(Protocol):
    """The time of an execution, in UTC; only waits move it."""

    def now(self) -> datetime:
        """The time."""
        ...

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """What a Task asks of the world.

    Args:
        state: The Task.
        service: ``lambda`` or ``dynamodb``.
        target: The function's ARN, or the table's name.
        payload: What the function is given, or the parameters of the table's call.
    """

    state: str
    service: str
    target: str
    payload: Any


type World = Callable[[Call], Any]
"""Serves the calls: returns a function's answer, or a service's response; raises ``ServiceError`` or anything else."""


@dataclass
class Attempt:
    """One call of a Task.

    Args:
        outcome: ``"ok"``, or the error's name as the ASL sees it.
        answer: What the call returned; with an error, its message.
        retry: The rule that had the Task tried again after this attempt, or that was used up by it.
        exhausted: Whether that rule was used up.
        wait: Seconds until the next attempt.
    """

    outcome: str = OK
    answer: Any = None
    retry: Retry | None = None
    exhausted: bool = False
    wait: float | None = None


@dataclass
class Visit:
    """One stay in a state, from entering it to leaving it.

    Args:
        state: The state.
        document: What it was given.
        attempts: The calls it made, if it is a Task.
        waited: Seconds that it waited, if it is a Wait.
        left_by: The way out of it that was taken; None where the execution ended.
        error: Error and Cause that a Catch put into the document.
    """

    state: str
    document: Any
    attempts: list[Attempt] = field(default_factory=list)
    waited: float | None = None
    left_by: Edge | None = None
    error: dict[str, str] | None = None


@dataclass
class Run:
    """One execution, as it went; its ``assert_…`` methods say in words what should have come of it.

    ``mocked``: its Tasks were answered from a mock file, so it shows nothing of what they call.

    Example:
        >>> run.assert_path("Validate Request", "Already Claimed").assert_status("SUCCEEDED")
    """

    machine: Machine
    arn: str
    input: dict[str, Any]
    visits: list[Visit] = field(default_factory=list)
    status: str = "RUNNING"
    error: str | None = None
    output: Any = None
    mocked: bool = False
    cause: str | None = None

    @property
    def path(self) -> list[str]:
        """The states in the order in which they were entered."""
        return [visit.state for visit in self.visits]

    @property
    def end(self) -> str:
        """The state in which the execution ended."""
        return self.visits[-1].state

    @property
    def calls(self) -> list[tuple[str, str]]:
        """State and outcome of every call."""
        return [(visit.state, attempt.outcome) for visit in self.visits for attempt in visit.attempts]

    @property
    def transitions(self) -> int:
        """What AWS bills: each state that was entered, and each retry of one."""
        return sum(max(1, len(visit.attempts)) for visit in self.visits)

    @property
    def seconds_waited(self) -> float:
        """All waits together, those before a retry included."""
        return sum((visit.waited or 0) + sum(attempt.wait or 0 for attempt in visit.attempts) for visit in self.visits)

    def attempts(self, state: str) -> int:
        """How often a state called its function or table."""
        return len(self.outcomes(state))

    def outcomes(self, state: str) -> list[str]:
        """How each of these calls ended: ``"ok"``, or the error's name as the ASL sees it."""
        return [outcome for called, outcome in self.calls if called == state]

    def waited(self, state: str) -> list[float]:
        """The seconds that a state waited: a Wait state itself, a Task before each retry."""
        return [
            seconds
            for visit in self.visits
            if visit.state == state
            for seconds in (visit.waited, *(attempt.wait for attempt in visit.attempts))
            if seconds is not None
        ]

    def caught(self, state: str) -> list[str]:
        """The names of the errors that a state's Catch took."""
        return [visit.error["Error"] for visit in self.visits if visit.state == state and visit.error]

    def assert_path(self, *states: str) -> Self:
        """The execution entered these states, in this order, and no others."""
        return self._assert(self.path == list(states), f"the path {' → '.join(states)}")

    def assert_end(self, *states: str) -> Self:
        """The execution entered these states last."""
        return self._assert(self.path[-len(states) :] == list(states), f"an end with {' → '.join(states)}")

    def assert_attempts(self, state: str, *outcomes: str, waits: list[float] | None = None) -> Self:
        """A Task's calls, over all its visits, ended like this, with these waits before each retry."""
        self._assert(self.outcomes(state) == list(outcomes), f"{state} to end in {outcomes}")
        return self if waits is None else self._assert(self.waited(state) == waits, f"{state} to wait {waits}")

    def assert_caught(self, state: str, error: str, into: str) -> Self:
        """An error left a Task by a Catch, into that state."""
        caught = [visit for visit in self.visits if visit.state == state]
        ways = [(one.error["Error"], one.left_by.target) for one in caught if one.error and one.left_by]
        return self._assert((error, into) in ways, f"{error} of {state} to be caught into {into}")

    def assert_status(self, status: str, error: str | None = None) -> Self:
        """The execution has this status, and failed with this error."""
        return self._assert((self.status, self.error) == (status, error), f"status {status} {error or ''}")

    def _assert(self, holds: bool, expected: str) -> Self:
        if not holds:
            raise AssertionError(f"expected {expected}, but it went like this:\n{self}")
        return self

    def __str__(self) -> str:
        lines = []
        for visit in self.visits:
            calls = ", ".join(
                attempt.outcome + (f" (again after {attempt.wait:g} s)" if attempt.wait is not None else "")
                for attempt in visit.attempts
            )
            waited = "" if visit.waited is None else f"waited {visit.waited:g} s"
            way = f" —{visit.left_by.field}→" if visit.left_by else ""
            lines.append(f"  {visit.state}: {calls or waited}{way}")
        return "\n".join([*lines, f"  {self.status} {self.error or ''}".rstrip()])
