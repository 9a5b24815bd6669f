"""What needs a person right now, with the command that helps: all that can be read from the stack's own tables."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from vto.domain import times
from vto.domain.dead_letters import QUEUES
from vto.ports import Clock, DeadLetters, EngineState, Jobs, Operations
from vto.use_cases import reconcile_uploads

PATIENCE_SECONDS = 120  # the next sweep, and the one after it
SWEEP_SECONDS = 180  # as the alarm has it
RECONCILE_SECONDS = 3 * 60 * 60
SHOWN = 100
SPENDING = "Stop all spending"


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """Reads, and judges."""

    jobs: Jobs
    operations: Operations
    dead_letters: DeadLetters
    clock: Clock
    engines: Sequence[str]

    def __call__(self) -> dict[str, Any]:
        """Report.

        Returns:
            ``at``, ``dead_letters`` (about how many, by queue), ``overdue`` (jobs over their lease for longer than two
            sweeps), ``engines``, ``spending`` (None while nothing stops it), ``sweep`` and ``reconcile`` (their last
            runs), and ``needs``: what a person has to do, each with ``what``, ``remedy`` and the runbook's ``heading``.
        """
        now = self.clock.now()
        letters = {queue: self.dead_letters.count(queue) for queue in QUEUES}
        late, more = self.jobs.overdue(now - timedelta(seconds=PATIENCE_SECONDS), limit=SHOWN)
        engines = [self.operations.engine(name, now) for name in self.engines]
        spending = self.operations.spending()
        sweep = self._run("sweep_jobs", now)
        reconcile = self._run(reconcile_uploads.WORK, now)
        needs = [
            _need(f"{count} dead letters in {queue}", f"vto ops redrive {queue}", "Dead letters")
            for queue, count in letters.items()
            if count
        ]
        if late:
            what = f"{len(late)}{' or more' if more else ''} jobs are overdue"
            needs.append(_need(what, "vto ops sweep", "The sweep"))
        for engine in engines:
            needs += _of_engine(engine)
        if spending:
            needs.append(_need(f"spending is stopped: {spending['reason']}", "vto ops resume-spending", SPENDING))
        needs += _of_run("sweep", sweep, SWEEP_SECONDS, "The sweep")
        needs += _of_run("reconcile", reconcile, RECONCILE_SECONDS, "Uploads that nobody imported")
        return {
            "at": times.to_iso(now),
            "dead_letters": letters,
            "overdue": {"jobs": [job.id for job in late], "is_complete": more is None},
            "engines": [asdict(one) for one in engines],
            "spending": spending,
            "sweep": sweep,
            "reconcile": reconcile,
            "needs": needs,
        }

    def _run(self, work: str, now: datetime) -> dict[str, Any] | None:
        run = self.operations.last_run(work)
        if run is None:
            return None
        seconds = (now - times.from_iso(run["at"])).total_seconds()
        return {"at": run["at"], "seconds_ago": round(seconds), "did": dict(run["did"])}


def _of_engine(engine: EngineState) -> list[dict[str, str]]:
    if engine.is_paused:
        remedy = f"vto ops engine resume {engine.name}"
        return [_need(f"the engine {engine.name} is paused", remedy, "Pause an engine")]
    if engine.open_until:
        what = f"the engine {engine.name} failed ({engine.reason}) and is left out until {engine.open_until}"
        return [_need(what, "look at its log", "An engine that failed")]
    return []


def _of_run(name: str, run: dict[str, Any] | None, seconds: int, heading: str) -> list[dict[str, str]]:
    if run is None:
        return [_need(f"no {name} has run yet", f"vto ops {name}", heading)]
    if run["seconds_ago"] > seconds:
        return [_need(f"the last {name} ran {run['seconds_ago'] // 60} minutes ago", f"vto ops {name}", heading)]
    return []


def _need(what: str, remedy: str, heading: str) -> dict[str, str]:
    return {"what": what, "remedy": remedy, "heading": heading}
