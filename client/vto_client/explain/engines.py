"""Which engines a job was given to, and which calls may be billed: the row's counts and the histories together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vto_client import facts
from vto_client.explain.history import NEVER_RAN, Attempt, Execution, Visit


@dataclass(frozen=True, slots=True)
class Asked:
    """An engine that the job was given to, and the error with which that ended; None without one, or when not known."""

    engine: str
    error: str | None = None


def asked(row: Mapping[str, Any], run: Execution | None) -> tuple[Asked, ...]:
    """The engines that the job's last execution gave it to, in their order: as its history names them, then its row.

    Args:
        row: The job's row; it names them.
        run: The execution, whose history has their errors; None when that is not known.
    """
    ends = {engine: visit.error if _gave_up(visit) else None for engine, visit in _stays(row, run)}
    named = [visit.engine for visit in (run.visits if run else ()) if visit.engine]
    return tuple(Asked(engine, ends.get(engine)) for engine in dict.fromkeys([*named, *_engines(row)]))


def billed(row: Mapping[str, Any], executions: Sequence[Execution], run: Execution | None) -> int:
    """Calls that may be billed, by the ledger in the row.

    A row without one counts those of its last execution, and the histories tell of those before. A row of before it
    counted has its calls less those that the histories say are not billed. Calls of the preview engine are counted
    like others, and are billed by nobody.
    """
    calls = int(row.get("attempts") or 0)
    written = [one for one in row.get("ledger") or [] if one.get("call") is not None]
    if calls and len(written) == calls:  # the ledger has them all, those of earlier executions too
        return sum(one.get("state") != "failed" and one.get("engine") != facts.NO_MODEL_BILL for one in written)
    if (set(_engines(row)) or {str(row.get("engine"))}) == {facts.NO_MODEL_BILL}:
        return 0
    counted = row.get("billable_calls")
    if counted is None:
        attempts = [attempt for one in executions for attempt in _attempts(one)]
        return max(0, calls - sum(not _may_be_billed(one) for one in attempts))
    before = [
        attempt for one in executions if one is not run for attempt in _attempts(one, without=facts.NO_MODEL_BILL)
    ]
    free = [one for engine, visit in _stays(row, run) if engine == facts.NO_MODEL_BILL for one in visit.attempts]
    found = int(counted) + sum(map(_may_be_billed, before)) - sum(map(_may_be_billed, free))
    return min(calls, max(0, found))


def code_of(name: str) -> str:
    """The code of one of our errors from its class's name.

    Example:
        >>> code_of("ModelRetiredError")
        'model_retired'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Error")).lower()


def _engines(row: Mapping[str, Any]) -> list[str]:
    failed, last = list(row.get("failed_engines") or []), row.get("engine")
    is_asked = last and last not in failed and row.get("attempts")  # without a call, it made an equal result before
    return [*failed, *([str(last)] if is_asked else [])]


def _stays(row: Mapping[str, Any], run: Execution | None) -> list[tuple[str, Visit]]:
    """Each stay in the model's state with the engine it was of, as its input says.

    Of a history without inputs the row's engines are taken in turn: the next one comes where one was given up.
    """
    engines, found = _engines(row), []
    for visit in run.visits if run else ():
        if visit.state == facts.MODEL_STATE and (visit.engine or engines):
            found.append((visit.engine or engines[0], visit))
            engines = engines[1:] if _gave_up(visit) and len(engines) > 1 else engines
    return found


def _gave_up(visit: Visit) -> bool:
    return visit.error is not None and not visit.is_open and code_of(visit.error) not in facts.ASKED_AGAIN


def _attempts(execution: Execution, *, without: str | None = None) -> list[Attempt]:
    stays = [one for one in execution.visits if one.state == facts.MODEL_STATE and (one.engine or "") != without]
    return [attempt for one in stays for attempt in one.attempts]


def _may_be_billed(attempt: Attempt) -> bool:
    if attempt.error is None:
        return True
    return attempt.error not in NEVER_RAN and code_of(attempt.error) not in facts.NOT_BILLED
