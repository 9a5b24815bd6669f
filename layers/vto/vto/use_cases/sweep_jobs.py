"""The safety net under everything: unfinished jobs whose lease ran out are started, or brought to an honest end."""

from collections import Counter
from dataclasses import dataclass, replace

from vto.domain import times
from vto.domain.job import Job, Status
from vto.errors import FailureError, JobClosedError
from vto.ports import Clock, Jobs, Workflow
from vto.use_cases.changing_jobs import change_job
from vto.use_cases.record_failure import RecordFailure

PAGE = 100
RUNNING_LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep did, in numbers of jobs."""

    started: int = 0
    left_running: int = 0
    ended: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class SweepJobs:
    """Repairs overdue jobs; harmless when it runs twice or late."""

    jobs: Jobs
    workflow: Workflow
    record_failure: RecordFailure
    clock: Clock

    def __call__(self) -> Sweep:
        """Sweep one page of overdue jobs, the longest overdue first.

        A ``created`` job is started: its request was accepted and must not be lost. A job whose execution still runs
        gets a new lease (the machine's own timeout ends it); one whose execution is gone is ended.
        """
        counts = Counter(self._repair(job) for job in self.jobs.overdue(self.clock.now(), limit=PAGE))
        return Sweep(**counts)

    def _repair(self, job: Job) -> str:
        try:
            if job.status is Status.CREATED and self.workflow.start(job.id):
                return "started"
            execution = job.execution_arn or self.workflow.execution_of(job.id)
            if self.workflow.is_running(execution):
                lease = times.after(self.clock.now(), RUNNING_LEASE_SECONDS)
                change_job(self.jobs, job.id, lambda current: replace(current, lease_until=current.open and lease))
                return "left_running"
            self.record_failure.lost(job.id, execution, "its lease ran out and its execution is gone")
        except (FailureError, JobClosedError):
            return "failed"  # the next sweep comes in a minute; the other jobs must not wait for this one
        return "ended"
