"""The safety net under everything: unfinished jobs whose lease ran out are started, or brought to an honest end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from vto.domain import times
from vto.domain.job import Job, Status
from vto.domain.log_text import unforeseen
from vto.errors import JobClosedError, StorageUnavailableError, VtoError
from vto.ports import Clock, Jobs, Operations, Workflow
from vto.use_cases.changing_jobs import change_job
from vto.use_cases.record_failure import RecordFailure

PAGE = 100
RUNNING_LEASE_SECONDS = 60
# A sweep takes on no further job after that; the next one, a minute after this one began, goes on with the oldest left.
# A job takes three or four short calls, so one sweep repairs some hundreds, and a thousand are repaired in minutes.
WORK_SECONDS = 40


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep did, in numbers of jobs."""

    started: int = 0
    left_running: int = 0
    ended: int = 0
    failed: int = 0
    cut_short: int = 0
    """1 when its time was over before it had seen all."""


@dataclass(frozen=True, slots=True)
class SweepJobs:
    """Repairs overdue jobs; harmless when it runs twice or late."""

    jobs: Jobs
    workflow: Workflow
    record_failure: RecordFailure
    clock: Clock
    report: Callable[[str, VtoError], None]
    operations: Operations

    def __call__(self) -> Sweep:
        """Sweep overdue jobs, the longest overdue first, page by page while there is time.

        A ``created`` job is started: its request was accepted and must not be lost. A job whose execution still runs
        gets a new lease (the machine's own timeout ends it); one whose execution is gone is ended. One that cannot be
        repaired keeps its place at the front, but nobody waiting behind it.
        """
        swept = self._sweep()
        try:
            self.operations.note_run("sweep_jobs", self.clock.now(), asdict(swept))
        except StorageUnavailableError as problem:
            self.report("a sweep could not be noted", problem)  # it was done all the same
        return swept

    def _sweep(self) -> Sweep:
        began = self.clock.now()
        counts: Counter[str] = Counter()
        cursor = None
        while True:
            page, cursor = self.jobs.overdue(began, limit=PAGE, cursor=cursor)
            for job in page:
                if (self.clock.now() - began).total_seconds() >= WORK_SECONDS:
                    return Sweep(**counts, cut_short=1)
                counts[self._repair(job)] += 1
            if cursor is None:
                return Sweep(**counts)

    def _repair(self, job: Job) -> str:
        try:
            return self._start(job) if job.status is Status.CREATED else self._end(job, job.execution_arn or "")
        except JobClosedError:
            return "ended"  # by somebody else, meanwhile
        except Exception as problem:  # noqa: BLE001 - the last guarantee: no job may keep it from the others
            error = problem if isinstance(problem, VtoError) else unforeseen(problem)
            self.report(f"job {job.id} could not be swept", error)
            return "failed"  # the next sweep comes in a minute

    def _start(self, job: Job) -> str:
        if self.workflow.start(job.id):
            return "started"
        if self.workflow.is_running(self.workflow.execution_of(job.id)):
            return self._leave(job)
        # The job's own name is burnt for 90 days by an execution that has ended: one that never claimed this job, or
        # one of an earlier job of the same request id, whose row has expired since.
        if self.workflow.start(job.id, rerun=job.version):
            return "started"
        return self._end(job, self.workflow.execution_of(job.id, rerun=job.version))

    def _end(self, job: Job, execution_arn: str) -> str:
        if execution_arn and self.workflow.is_running(execution_arn):
            return self._leave(job)
        self.record_failure.lost(job.id, execution_arn, "its lease ran out and its execution is gone")
        return "ended"

    def _leave(self, job: Job) -> str:
        lease = times.after(self.clock.now(), RUNNING_LEASE_SECONDS)
        change_job(self.jobs, job.id, lambda current: replace(current, lease_until=current.open and lease))
        return "left_running"
