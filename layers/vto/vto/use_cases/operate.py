"""The one door for people who operate a stack: orders are done here, by the rules that a try-on's steps obey."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vto.errors import InvalidRequestError, Violation
from vto.ports import Clock, Functions, Operations
from vto.use_cases.redrive_letters import RedriveLetters
from vto.use_cases.report_status import ReportStatus
from vto.use_cases.rerun_job import RerunJob, rerun_all
from vto.use_cases.say_bye import SayBye

MAX_JOBS = 25  # of one call: each takes some requests, and the caller waits
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Operate:
    """Does what an operator orders."""

    report_status: ReportStatus
    redrive_letters: RedriveLetters
    rerun_job: RerunJob
    say_bye: SayBye
    operations: Operations
    functions: Functions
    clock: Clock
    engines: Sequence[str]

    def __call__(self, order: Any) -> dict[str, Any]:
        """Do one order.

        Args:
            order: ``{"order": NAME, …}``; see :meth:`orders` for the names.

        Returns:
            What came of it.

        Raises:
            InvalidRequestError: There is no such order, or it lacks something.
            StorageUnavailableError: A service did not answer.
        """
        name = order.get("order") if isinstance(order, Mapping) else None
        do = self.orders().get(str(name))
        if do is None:
            raise _wrong("order", "is none that is known", f"use one of {', '.join(self.orders())}")
        return do(order)

    def orders(self) -> Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """What can be ordered."""
        return {
            "status": self._status,
            "redrive": self._redrive,
            "rerun": self._rerun,
            "sweep": self._sweep,
            "say_bye": self._say_bye,
            "stop_spending": self._stop_spending,
            "resume_spending": self._resume_spending,
            "pause_engine": self._pause_engine,
            "resume_engine": self._resume_engine,
        }

    def _status(self, order: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - it has nothing to say
        return self.report_status()

    def _redrive(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return self.redrive_letters(str(order.get("queue")), is_dry=order.get("dry_run") is True)

    def _sweep(self, order: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - it has nothing to say
        return {"sweep": self.functions.invoke("sweep_jobs", {})}

    def _say_bye(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return self.say_bye(order.get("reconnect_in_seconds"))

    def _rerun(self, order: Mapping[str, Any]) -> dict[str, Any]:
        jobs = order.get("jobs")
        if not isinstance(jobs, list) or not all(isinstance(one, str) and one for one in jobs) or not jobs:
            raise _wrong("jobs", "is no list of ids", "name the jobs to run again")
        if len(jobs) > MAX_JOBS:
            raise _wrong("jobs", f"has {len(jobs)} ids", f"name at most {MAX_JOBS} at once")
        return {"jobs": rerun_all(self.rerun_job, list(dict.fromkeys(jobs)))}

    def _stop_spending(self, order: Mapping[str, Any]) -> dict[str, Any]:
        reason = str(order.get("reason") or "").strip()[:MAX_REASON] or "an operator's order"
        self.operations.stop_spending(reason, self.clock.now())
        return {"spending": self.operations.spending()}

    def _resume_spending(self, order: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - it has nothing to say
        return {"changed": self.operations.resume_spending()}

    def _pause_engine(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self.operations.pause(self._engine(order), self.clock.now())
        return {"changed": True}

    def _resume_engine(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return {"changed": self.operations.resume(self._engine(order))}

    def _engine(self, order: Mapping[str, Any]) -> str:
        engine = order.get("engine")
        if engine not in self.engines:
            raise _wrong("engine", "is none of this stack's engines", f"use one of {', '.join(self.engines)}")
        return str(engine)


def _wrong(path: str, problem: str, remedy: str) -> InvalidRequestError:
    return InvalidRequestError(path, [Violation(path, problem, remedy)])
