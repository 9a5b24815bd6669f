"""One job's story: what is known of it put together, and what is not known said.

Pure: everything comes in as `Evidence`, the present moment included.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from vto_client import facts
from vto_client.explain.engines import asked, billed
from vto_client.explain.headline import headline, next_commands
from vto_client.explain.history import Attempt, Execution, Visit
from vto_client.explain.parts import Cost, Error, Evidence, Line, LogRecord, Logs, Span, Story, Told
from vto_client.text import between, cause, count, duration, hidden, moment

SHOWN_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})
_ENDED = frozenset({"completed", "error"})
_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START", "XRAY ", "EXTENSION", "TELEMETRY")


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
    engines = asked(row, run)
    cost = _cost(row, executions, run)
    return Story(
        job_id=evidence.job_id,
        stack=evidence.stack,
        outcome=outcome,
        headline=headline(outcome, evidence, stages=stages, run=run, error=error, cost=cost, engines=engines),
        at=evidence.now,
        status=status,
        stage=stage,
        error=error,
        user=row.get("user_id"),
        product=row.get("product_id"),
        model=model(row),
        parameters=parameters(row.get("parameters") or {}),
        engine=row.get("engine"),
        engines=engines,
        notice=row.get("notice"),
        requested_images=row.get("requested_images"),
        delivered_images=len(row.get("images") or []) if status == "completed" else None,
        adaptations=_remarks(row.get("adaptations")),
        warnings=_remarks(row.get("warnings")),
        created=created,
        updated=updated,
        seconds=between(created, updated if ended else evidence.now),
        stages=stages,
        executions=executions,
        told=_told(row, evidence.delivered, run),
        logs=logs_about(evidence.job_id, evidence.logs, is_cut=evidence.logs_cut),
        cost=cost,
        next=next_commands(outcome, evidence, run, error),
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


def _remarks(remarks: Iterable[Mapping[str, Any]] | None) -> tuple[Mapping[str, str], ...]:
    return tuple({name: hidden(str(value)) for name, value in one.items()} for one in remarks or [])


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


def _cost(
    row: Mapping[str, Any] | None,
    executions: Sequence[Execution],
    run: Execution | None = None,
) -> Cost:
    known = [one for one in executions if one.visits]
    price = row.get("cost_usd") if row is not None else None
    return Cost(
        model_calls=int(row.get("attempts") or 0) if row is not None else None,
        may_be_billed=billed(row, executions, run) if row is not None else None,
        state_transitions=sum(one.transitions for one in known) if known else None,
        retries=sum(one.retries for one in known) if known else None,
        functions_run=sum(one.functions_run for one in known) if known else None,
        cost_usd=float(price) if price is not None else None,
        ledger=tuple(_call(one) for one in (row or {}).get("ledger") or []),
    )


def _call(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the job's ledger, its money in US dollars."""
    told = {name: entry.get(name) for name in ("call", "engine", "state", "day", "at")}
    return {**told, "usd": float(entry.get("micro_usd") or 0) / 1_000_000}


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
