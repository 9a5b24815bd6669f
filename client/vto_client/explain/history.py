"""An execution's history as states with their attempts.

The events are those of a Standard workflow, both of service integrations (``Task…``) and of plain functions
(``LambdaFunction…``). Order is taken from the events' ids, so a shuffled or incomplete history still gives what it has.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vto_client import facts
from vto_client.text import between, cause, hidden, moment

_BEGIN = {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"}
_STARTED = {"TaskStarted", "LambdaFunctionStarted", "ActivityStarted"}
_SUCCEEDED = {"TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded"}
_TIMED_OUT = {"TaskTimedOut", "LambdaFunctionTimedOut", "ActivityTimedOut"}
_FAILED = {
    "TaskFailed",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "ActivityFailed",
    "ActivityScheduleFailed",
}
_ENDS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
NEVER_RAN = frozenset({"Lambda.TooManyRequestsException"})
"""Errors of a call after which surely no function has run."""
UNKNOWN_STATE = "(unknown)"
_DATA = frozenset({"input", "inputDetails", "output", "outputDetails", "parameters"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a state's task; ``outcome`` is succeeded, failed, timed out, running or aborted."""

    started: datetime | None
    outcome: str = "running"
    seconds: float | None = None
    waited_seconds: float = 0.0
    """The pause of the machine between the attempt before and this one."""
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay in a state; ``seconds`` is None while it lasts or when its beginning or end is not known."""

    state: str
    kind: str
    entered: datetime | None
    seconds: float | None = None
    is_open: bool = True
    service: str | None = None
    """What its task calls: lambda, dynamodb; None for a state without a task."""
    attempts: tuple[Attempt, ...] = ()
    engine: str | None = None
    """The engine that a stay in the model's state was of, as its input names it; None when that is not known."""

    @property
    def error(self) -> str | None:
        """The error of its last attempt, if that did not succeed."""
        return self.attempts[-1].error if self.attempts else None

    @property
    def retries(self) -> int:
        return max(0, len(self.attempts) - 1)


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of the state machine for the job."""

    name: str
    arn: str
    status: str
    started: datetime | None = None
    stopped: datetime | None = None
    seconds: float | None = None
    error: str | None = None
    cause: str | None = None
    is_complete: bool = True
    """Whether the whole history (as far as it has come) was read."""
    visits: tuple[Visit, ...] = field(default=())

    @property
    def retries(self) -> int:
        return sum(visit.retries for visit in self.visits)

    @property
    def transitions(self) -> int:
        """What AWS bills: each state entered, and each retry again."""
        return sum(1 for visit in self.visits if visit.entered is not None) + self.retries

    @property
    def functions_run(self) -> int:
        """Invocations of functions by this execution; one that Lambda turned away did not run."""
        return sum(
            1
            for visit in self.visits
            if visit.service == "lambda"
            for attempt in visit.attempts
            if attempt.error not in NEVER_RAN
        )

    @property
    def last(self) -> Visit | None:
        """The state in which it is, or ended."""
        return self.visits[-1] if self.visits else None


def execution_of(
    described: Mapping[str, Any], events: Iterable[Mapping[str, Any]], *, now: datetime, is_complete: bool = True
) -> Execution:
    """Read one execution.

    Args:
        described: What DescribeExecution says; may be empty.
        events: What GetExecutionHistory says, in any order, each once or more often.
        now: This moment, for what still lasts.
        is_complete: Whether these are all events so far.
    """
    ordered = [event for _, event in sorted({int(event["id"]): event for event in events}.items())]
    first = moment(ordered[0]["timestamp"]) if ordered and ordered[0]["type"] == "ExecutionStarted" else None
    end = next((event for event in reversed(ordered) if event["type"] in _ENDS), None)
    status = str(described.get("status") or (_ENDS[end["type"]] if end else "RUNNING"))
    started = moment(described.get("startDate")) or first
    stopped = moment(described.get("stopDate")) or (moment(end["timestamp"]) if end else None)
    details = _details(end) if end else {}
    arn = str(described.get("executionArn", ""))
    visits = _visits(ordered)
    if visits and visits[-1].is_open and status != "RUNNING":
        visits[-1] = _closed(visits[-1], stopped, "aborted")
    return Execution(
        name=str(described.get("name") or arn.rpartition(":")[2]),
        arn=arn,
        status=status,
        started=started,
        stopped=stopped,
        seconds=between(started, stopped or (now if status == "RUNNING" else None)),
        error=_text(described.get("error") or details.get("error")),
        cause=cause(described.get("cause") or details.get("cause")),
        is_complete=is_complete,
        visits=tuple(visits),
    )


def without_data(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event without inputs and outputs; of the input of the model's state the engine stays, as ``engine``.

    Args:
        event: As GetExecutionHistory gives it.
    """
    found: dict[str, Any] = {}
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, Mapping):
            found[key] = {name: one for name, one in value.items() if name not in _DATA}
            if value.get("name") == facts.MODEL_STATE and (engine := _engine_in(value.get("input"))):
                found[key]["engine"] = engine
        else:
            found[key] = value
    return found


def _engine_in(given: Any) -> str | None:
    try:
        engine = json.loads(given)["slot"]["engine"]
    except (ValueError, TypeError, KeyError):
        return None
    return engine if isinstance(engine, str) else None


def _visits(events: Iterable[Mapping[str, Any]]) -> list[Visit]:
    visits: list[Visit] = []
    for event in events:
        kind, at, details = str(event["type"]), moment(event["timestamp"]), _details(event)
        if kind.endswith("StateEntered"):
            if visits and visits[-1].is_open:  # its end is missing, or it has none (a caught error may not have)
                visits[-1] = _closed(visits[-1], at, "unknown")
            visits.append(Visit(str(details.get("name", UNKNOWN_STATE)), kind.removesuffix("StateEntered"), at))
            visits[-1] = replace(visits[-1], engine=_text(details.get("engine")))
        elif kind.endswith("StateExited"):
            name = str(details.get("name", UNKNOWN_STATE))
            if not visits or not visits[-1].is_open or visits[-1].state not in (name, UNKNOWN_STATE):
                visits.append(Visit(name, kind.removesuffix("StateExited"), None))
            visits[-1] = _closed(replace(visits[-1], state=name), at, "unknown")
        elif kind.endswith("StateAborted"):
            if visits and visits[-1].is_open:
                visits[-1] = _closed(visits[-1], at, "aborted")
        elif kind in _BEGIN | _STARTED | _SUCCEEDED | _TIMED_OUT | _FAILED:
            if not visits or not visits[-1].is_open:
                visits.append(Visit(UNKNOWN_STATE, "Task", None))
            visits[-1] = _with_task_event(visits[-1], kind, at, details)
    return visits


def _with_task_event(visit: Visit, kind: str, at: datetime | None, details: Mapping[str, Any]) -> Visit:
    service = visit.service or ("lambda" if kind.startswith("Lambda") else _text(details.get("resourceType")))
    attempts = list(visit.attempts)
    running = bool(attempts) and attempts[-1].outcome == "running"
    if kind in _BEGIN and running:  # its end is missing
        attempts[-1] = replace(attempts[-1], outcome="unknown")
        running = False
    if not running:
        begins = at if kind in _BEGIN | _STARTED else None
        attempts.append(Attempt(begins, waited_seconds=_pause(attempts, begins)))
    if kind in _SUCCEEDED | _TIMED_OUT | _FAILED:
        outcome = "succeeded" if kind in _SUCCEEDED else "timed out" if kind in _TIMED_OUT else "failed"
        error = _text(details.get("error")) or ("States.Timeout" if kind in _TIMED_OUT else None)
        attempts[-1] = replace(
            attempts[-1],
            outcome=outcome,
            seconds=between(attempts[-1].started, at),
            error=None if kind in _SUCCEEDED else error or "(no error name)",
            cause=cause(details.get("cause")),
        )
    return replace(visit, service=service, attempts=tuple(attempts))


def _pause(attempts: list[Attempt], begins: datetime | None) -> float:
    if not attempts or begins is None or attempts[-1].started is None or attempts[-1].seconds is None:
        return 0.0
    passed = between(attempts[-1].started, begins) or 0.0
    return round(max(0.0, passed - attempts[-1].seconds), 3)


def _closed(visit: Visit, at: datetime | None, outcome: str) -> Visit:
    attempts = visit.attempts
    if attempts and attempts[-1].outcome == "running":
        ended = replace(attempts[-1], outcome=outcome, seconds=between(attempts[-1].started, at))
        attempts = (*attempts[:-1], ended)
    return replace(visit, seconds=between(visit.entered, at), is_open=False, attempts=attempts)


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, value in event.items():
        if name.endswith("EventDetails") and isinstance(value, Mapping):
            return value
    return {}


def _text(value: Any) -> str | None:
    return hidden(str(value)) if value else None
