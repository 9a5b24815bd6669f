"""The sentence that says how a job stands, and the commands that say more."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vto_client import facts
from vto_client.explain.engines import Asked
from vto_client.explain.history import Execution
from vto_client.explain.parts import Cost, Error, Evidence, Span
from vto_client.text import between, count, duration, moment


def headline(
    outcome: str,
    evidence: Evidence,
    *,
    stages: Sequence[Span],
    run: Execution | None,
    error: Error | None,
    cost: Cost,
    engines: Sequence[Asked],
) -> str:
    row = evidence.row or {}
    worked = duration(sum(span.seconds for span in stages))
    calls = cost.model_calls or 0
    if outcome == "completed":
        by = f" by {row['engine']}" if row.get("engine") else ""
        if not calls:
            return f"Completed in {worked} from an equal finished result{by}, no model call."
        given_up = " and ".join(one.engine for one in engines if one.engine != row.get("engine"))
        after = f" after {given_up} failed" if given_up else ""
        return f"Completed in {worked}{by}{after}, {count(calls, 'model call')}."
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


def next_commands(outcome: str, evidence: Evidence, run: Execution | None, error: Error | None) -> tuple[str, ...]:
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
