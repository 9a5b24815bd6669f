"""What a job's story is put together from, and what it consists of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from vto_client.explain.engines import Asked
from vto_client.explain.history import Execution
from vto_client.problems import Gap
from vto_client.text import iso


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of a function's log, as CloudWatch keeps it."""

    function: str
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found about a job.

    Args:
        row: The job's row as plain values, or None when there is none (or it could not be read: then a gap says so).
        executions: Its executions, in the order of their start.
        logs: Lines that mention the job; None when they were not asked for or could not be read.
        logs_cut: Whether there are more lines than were read.
        delivered: The version that the socket which asked has seen; None when that is not known.
    """

    job_id: str
    stack: str
    region: str
    now: datetime
    row: Mapping[str, Any] | None = None
    executions: Sequence[Execution] = ()
    logs: Sequence[LogRecord] | None = None
    logs_cut: bool = False
    delivered: int | None = None
    gaps: Sequence[Gap] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """One stay in a stage (``created`` is the wait for its start); ``share`` is of all the time worked on the job."""

    stage: str
    started: datetime
    seconds: float
    share: float
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log that an operator wants to see."""

    at: datetime
    level: str
    function: str
    text: str
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Logs:
    """What the functions logged about the job."""

    lines: tuple[Line, ...]
    """Level WARNING and above, oldest first."""
    others: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Error:
    """How the job ended in an error, in the shopper's words and in ours."""

    code: str
    message: str | None
    state: str | None
    """The state that failed."""
    name: str | None
    """The error that the state machine caught, and its cause in short."""
    cause: str | None
    runbook: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """How the job's owner learned of it."""

    version: int | None
    delivered: int | None
    by_machine: str | None
    """What became of the machine's own attempt to tell."""
    asked_over: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used; None is "not known". Prices are not ours to say."""

    model_calls: int | None
    may_be_billed: int | None
    state_transitions: int | None
    retries: int | None
    functions_run: int | None
    cost_usd: float | None
    ledger: tuple[Mapping[str, Any], ...] = ()
    """Each call as the job wrote it down: ``call``, ``engine``, ``state``, ``usd``, ``day``, ``at``."""


@dataclass(frozen=True, slots=True)
class Story:
    """The whole of it; see docs/cli.md for its form as JSON."""

    job_id: str
    stack: str
    outcome: str
    """completed, refused, failed, running, waiting, created or gone"""
    headline: str
    at: datetime
    status: str | None = None
    stage: str | None = None
    error: Error | None = None
    user: str | None = None
    product: str | None = None
    model: str | None = None
    parameters: str | None = None
    engine: str | None = None
    engines: tuple[Asked, ...] = ()
    """Those that were asked by the last execution, in their order."""
    notice: str | None = None
    """What the shopper is told while there is no estimate."""
    requested_images: int | None = None
    delivered_images: int | None = None
    adaptations: tuple[Mapping[str, str], ...] = ()
    """In what the picture differs from what was asked: ``path``, ``change``."""
    warnings: tuple[Mapping[str, str], ...] = ()
    """What the shopper is warned of: ``code``, ``message``, ``path``."""
    created: datetime | None = None
    updated: datetime | None = None
    seconds: float | None = None
    stages: tuple[Span, ...] = ()
    executions: tuple[Execution, ...] = ()
    told: Told | None = None
    logs: Logs | None = None
    cost: Cost = field(default_factory=lambda: Cost(None, None, None, None, None, None))
    next: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The story as a JSON document."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self), default=_plain))
        for execution, told in zip(document["executions"], self.executions, strict=True):
            execution |= {"transitions": told.transitions, "retries": told.retries, "functions_run": told.functions_run}
        return {"v": 1, **document}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no place in a story")
