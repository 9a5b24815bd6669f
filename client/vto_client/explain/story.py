"""One job's story: what is known of it put together, and what is not known said.

Pure: everything comes in as `Evidence`, the present moment included.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vto_client import facts
from vto_client.explain.history import Attempt, Execution, Visit
from vto_client.problems import Gap
from vto_client.text import between, cause, count, duration, hidden, iso, moment

SHOWN_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})
_ENDED = frozenset({"completed", "error"})
_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START", "XRAY ", "EXTENSION", "TELEMETRY")


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


def tell(evidence: Evidence) -> Story:
    """Put a job's story together.

    Args:
        evidence: All that was found; either the row or an execution is there.
    """
    row, executions = evidence.row, tuple(evidence.executions)
    if row is None:
        return _without_row(evidence)
    status, stage, code = str(row.get("status", "")), row.get("stage"), row.get("error_code")
    stages = spans(row.get("timeline") or [], now=evidence.now)
    ended = status in _ENDED
    created, updated = moment(row.get("created_at")), moment(row.get("updated_at"))
    run = next((one for one in executions if one.arn == row.get("execution_arn")), None)
    error = _error(row, run or (executions[-1] if executions else None)) if status == "error" else None
    outcome = _outcome(status, code, run)
    cost = _cost(row, executions)
    return Story(
        job_id=evidence.job_id,
        stack=evidence.stack,
        outcome=outcome,
        headline=_headline(outcome, evidence, stages=stages, run=run, error=error, cost=cost),
        at=evidence.now,
        status=status,
        stage=stage,
        error=error,
        user=row.get("user_id"),
        product=row.get("product_id"),
        model=model(row),
        parameters=parameters(row.get("parameters") or {}),
        engine=row.get("engine"),
        created=created,
        updated=updated,
        seconds=between(created, updated if ended else evidence.now),
        stages=stages,
        executions=executions,
        told=_told(row, evidence.delivered, run),
        logs=logs_about(evidence.job_id, evidence.logs, is_cut=evidence.logs_cut),
        cost=cost,
        next=_next(outcome, evidence, run, error),
        gaps=tuple(evidence.gaps),
    )


# --- the parts --------------------------------------------------------------------------------------------------------


def spans(timeline: Iterable[Mapping[str, Any]], *, now: datetime) -> tuple[Span, ...]:
    """The stages of a timeline with their durations and shares.

    The order is the timeline's. A moment that lies before the one before it (two services' clocks) counts as equal, so
    that the durations add up to the whole. Time between an ending and an operator's rerun belongs to no stage.
    """
    entries: list[tuple[str, bool, datetime]] = []
    for change in timeline:
        at = moment(change.get("at"))
        if at is not None:
            at = max(at, entries[-1][2]) if entries else at
            entries.append((str(change.get("stage") or change.get("status")), change.get("status") in _ENDED, at))
    found: list[tuple[str, datetime, float, bool]] = []
    for index, (name, ends, at) in enumerate(entries):
        is_last = index + 1 == len(entries)
        if not ends:
            until = max(at, now) if is_last else entries[index + 1][2]
            found.append((name, at, (until - at).total_seconds(), is_last))
    whole = sum(seconds for _, _, seconds, _ in found)
    return tuple(
        Span(name, at, round(seconds, 3), round(seconds / whole, 4) if whole else 0.0, is_open)
        for name, at, seconds, is_open in found
    )


def model(row: Mapping[str, Any]) -> str | None:
    """Which person: a stock model's id; of a private photo neither id nor address."""
    if f"/{facts.USER_MODELS}" in str(row.get("model_picture_s3_url", "")):
        return "private photo"
    return row.get("model_id")


def parameters(given: Mapping[str, Any]) -> str:
    """A request's parameters in short; what a person wrote into a prompt is not told."""
    generation = given.get("imageGenerationConfig", {})
    words = [str(given.get("maskType", "?"))]
    garment = given.get("garmentBasedMask", {})
    words += [str(garment[name]) for name in ("garmentClass",) if name in garment]
    words += [f"{name}={value}" for name, value in sorted(garment.get("garmentStyling", {}).items())]
    words += [f"mask {given['maskShape'].lower()}"] if "maskShape" in given else []
    words += [count(int(generation["numberOfImages"]), "image")] if "numberOfImages" in generation else []
    words += [str(generation[name]) for name in ("quality",) if name in generation]
    words += [f"cfg {generation['cfgScale']}"] if "cfgScale" in generation else []
    words += [f"seed {generation['seed']}"] if "seed" in generation else []
    return hidden(", ".join(words))


def logs_about(job_id: str, records: Sequence[LogRecord] | None, *, is_cut: bool = False) -> Logs | None:
    """The lines about a job: warnings and worse to be shown, the others counted."""
    if records is None:
        return None
    lines, others = [], 0
    for record in records:
        line = _line(job_id, record)
        if line is not None and line.level in SHOWN_LEVELS:
            lines.append(line)
        elif line is not None:
            others += 1
    return Logs(tuple(sorted(lines, key=lambda line: line.at)), others, is_cut)


def _line(job_id: str, record: LogRecord) -> Line | None:
    """One record as a line; None when it is not about the job, or is the platform's own."""
    if job_id not in record.message or record.message.startswith(_PLATFORM):
        return None
    try:
        told = json.loads(record.message)
    except ValueError:
        told = None
    if not isinstance(told, dict):  # not from our logger: the runtime's own words
        text = record.message.strip()
        level = "ERROR" if "[ERROR]" in text or "Traceback" in text or "Task timed out" in text else "INFO"
        return Line(record.at, level, record.function, hidden(text))
    if "level" not in told:
        return None  # a metric
    words = [str(told.get("message", ""))]
    words += [str(told[name]) for name in ("error_code", "exception_name") if told.get(name)]
    words += [said] if (said := cause(str(told.get("detail") or ""))) else []
    words += [str(told["exception"]).strip().splitlines()[-1]] if told.get("exception") else []
    return Line(
        moment(told.get("timestamp")) or record.at,
        str(told["level"]).upper(),
        str(told.get("function") or record.function),
        hidden(": ".join(word for word in words if word)),
        told.get("error_code"),
    )


def _failing(execution: Execution | None) -> Visit | None:
    """The state whose error ended the execution's work: the one before its failure was recorded."""
    visits = execution.visits if execution else ()
    for index, visit in enumerate(visits):
        if visit.state == facts.RECORDING_STATE:
            return visits[index - 1] if index else None
    working = [visit for visit in visits if visit.kind not in ("Fail", "Succeed", "Choice")]
    return working[-1] if working else None


def _error(row: Mapping[str, Any], execution: Execution | None) -> Error:
    code = str(row.get("error_code") or "unknown")
    visit = _failing(execution)
    last: Attempt | None = visit.attempts[-1] if visit and visit.attempts else None
    details = [f"{one.get('path', '?')} {one.get('problem', '')}" for one in row.get("error_details") or []]
    return Error(
        code=code,
        message=row.get("error_message"),
        state=visit.state if visit else None,
        name=(last.error if last else None) or (execution.error if execution else None),
        cause=(last.cause if last else None) or (execution.cause if execution else None),
        runbook=f"docs/runbook.md#{code}",
        details=tuple(hidden(one) for one in details),
    )


def _outcome(status: str, code: str | None, run: Execution | None) -> str:
    if status == "completed":
        return "completed"
    if status == "error":
        return "refused" if code in facts.REFUSALS else "failed"
    if status == "created":
        return "created"
    waiting = run is not None and run.status == "RUNNING" and run.last is not None and run.last.state.startswith("Wait")
    return "waiting" if waiting else "running"


def _told(row: Mapping[str, Any], delivered: int | None, run: Execution | None) -> Told:
    telling = [visit for visit in run.visits if visit.state in facts.TELLING_STATES] if run else []
    by_machine = None
    if telling:
        last = telling[-1]
        outcome = last.attempts[-1].outcome if last.attempts else "not called"
        by_machine = f"{last.state} {outcome}" + (f" after {count(last.retries, 'retry')}" if last.retries else "")
        by_machine += f" with {last.error}; the table's stream tells as well" if last.error else ""
    asked_over = "socket" if row.get("connection_id") else "HTTP"
    return Told(row.get("version"), delivered, by_machine, asked_over)


def _cost(row: Mapping[str, Any] | None, executions: Sequence[Execution]) -> Cost:
    model_visits = [visit for one in executions for visit in one.visits if visit.state == facts.MODEL_STATE]
    not_billed = sum(attempt.error == facts.NOT_BILLED for visit in model_visits for attempt in visit.attempts)
    calls = int(row.get("attempts") or 0) if row is not None else None
    billed: int | None = None
    if row is not None and calls is not None:
        billed = 0 if row.get("engine") == facts.NO_MODEL_BILL else max(0, calls - not_billed)
    known = [one for one in executions if one.visits]
    price = row.get("cost_usd") if row is not None else None
    return Cost(
        model_calls=calls,
        may_be_billed=billed,
        state_transitions=sum(one.transitions for one in known) if known else None,
        retries=sum(one.retries for one in known) if known else None,
        functions_run=sum(one.functions_run for one in known) if known else None,
        cost_usd=float(price) if price is not None else None,
    )


# --- the sentence -----------------------------------------------------------------------------------------------------


def _headline(
    outcome: str,
    evidence: Evidence,
    *,
    stages: Sequence[Span],
    run: Execution | None,
    error: Error | None,
    cost: Cost,
) -> str:
    row = evidence.row or {}
    worked = duration(sum(span.seconds for span in stages))
    calls = cost.model_calls or 0
    if outcome == "completed":
        by = f" by {row['engine']}" if row.get("engine") else ""
        if not calls:
            return f"Completed in {worked} from an equal finished result{by}, no model call."
        return f"Completed in {worked}{by}, {count(calls, 'model call')}."
    if error is not None:
        verb = "Refused" if outcome == "refused" else "Failed"
        where = f" in {error.state}" if error.state else ""
        return f"{verb}{where} with {error.code} after {worked}{_billing(cost)}."
    if outcome == "created":
        waited = duration(stages[-1].seconds) if stages else "an unknown time"
        return f"Accepted {waited} ago and not started yet; {_lease(row, evidence.now, 'the sweep starts it')}."
    return _under_way(evidence, stages, run)


def _under_way(evidence: Evidence, stages: Sequence[Span], run: Execution | None) -> str:
    row = evidence.row or {}
    if run is not None and run.status != "RUNNING":
        sweep = _lease(row, evidence.now, "the sweep ends it")
        return f"Stuck: its execution is {run.status}, but the row still says processing; {sweep}."
    if run is None or run.last is None:
        stage, seconds = (stages[-1].stage, stages[-1].seconds) if stages else ("processing", None)
        states = " or ".join(facts.STAGES.get(stage, ()))
        return f"Under way in stage {stage}{f' ({states})' if states else ''} for {duration(seconds)}."
    visit = run.last
    seconds = between(visit.entered, evidence.now)
    verb = "Waiting" if visit.state.startswith("Wait") or row.get("stage") == "queued" else "Working"
    sentence = f"{verb} in {visit.state} for {duration(seconds)}"
    if row.get("stage") == "queued" and (slot := moment(row.get("slot_at"))):
        sentence += f"; its slot is at {slot:%H:%M:%S}Z"
    if visit.retries:
        sentence += f"; attempt {len(visit.attempts)}, after {visit.attempts[-2].error}"
    return f"{sentence}."


def _billing(cost: Cost) -> str:
    calls, billed = cost.model_calls or 0, cost.may_be_billed or 0
    if not calls:
        return "; no model call"
    made = f" and {count(calls, 'model call')}"
    if not billed:
        return f"{made}; none is billed by a model's provider"
    if billed == calls:
        return f"{made}; {'it' if calls == 1 else 'both' if calls == 2 else 'all'} may have been billed"
    return f"{made}; {billed} of them may have been billed"


def _lease(row: Mapping[str, Any], now: datetime, what: str) -> str:
    lease = moment(row.get("lease_until"))
    if lease is None:
        return f"{what} at its next run"
    return f"{what} within two minutes after {lease:%H:%M:%S}Z" + (" (overdue)" if lease < now else "")


def _next(outcome: str, evidence: Evidence, run: Execution | None, error: Error | None) -> tuple[str, ...]:
    """Commands to be copied; they name the region, since the caller may have chosen another than the configured one."""
    again = f"vto explain {evidence.job_id} --stack {evidence.stack} --region {evidence.region}"
    if outcome in ("running", "waiting", "created"):
        return (again,)
    if outcome != "failed" or error is None:
        return ()
    commands = []
    function = facts.FUNCTION_OF_STATE.get(error.state or "")
    if function:
        commands.append(_logs_command(evidence, function))
    if run is not None and (function is None or error.code == "execution_lost"):
        query = "--query '[status, error, cause]'"
        where = f"--region {evidence.region} --execution-arn {run.arn}"
        commands.append(f"aws stepfunctions describe-execution {where} {query}")
    return tuple(commands)


def _logs_command(evidence: Evidence, function: str) -> str:
    """Everything a function logged while the job was worked on; other lines of its calls lack the job's id."""
    row = evidence.row or {}
    start, end = moment(row.get("created_at")), moment(row.get("updated_at"))
    group = facts.LOG_GROUP.format(stack=evidence.stack, function=function)
    window = ""
    if start and end:
        until = end + timedelta(minutes=1)
        window = f" --start-time {int(start.timestamp() * 1000)} --end-time {int(until.timestamp() * 1000)}"
    where = f"--region {evidence.region} --log-group-name {group}"
    return f"aws logs filter-log-events {where}{window} --query 'events[].message' --output text"


def _without_row(evidence: Evidence) -> Story:
    executions = tuple(evidence.executions)
    last = executions[-1]
    unreadable = any(gap.what == "row" for gap in evidence.gaps)
    where = f" in {last.last.state}" if last.last else ""
    ended = f"is running{where}" if last.status == "RUNNING" else f"ended {last.status}{where}"
    why = "Its row could not be read" if unreadable else "Its row is gone: erased, or past its retention"
    return Story(
        job_id=evidence.job_id,
        stack=evidence.stack,
        outcome="gone",
        headline=f"{why}. Its last execution {ended} after {duration(last.seconds)}.",
        at=evidence.now,
        created=executions[0].started,
        seconds=between(executions[0].started, last.stopped or evidence.now),
        executions=executions,
        logs=logs_about(evidence.job_id, evidence.logs, is_cut=evidence.logs_cut),
        cost=_cost(None, executions),
        gaps=tuple(evidence.gaps),
    )
