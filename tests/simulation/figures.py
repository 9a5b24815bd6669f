"""What runs come to in figures: the rows of the table in ``docs/guarantees.md``, and what is worth knowing besides."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.checker import in_flight_together
from tests.simulation.faults import Fault
from vto.domain import times
from vto.domain.engines import PROFILES
from vto.domain.job import Job, Stage, Status
from vto.testing import NOON

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ROWS = (
    "duplicate jobs from client retries",
    "duplicate executions",
    "stuck without terminal status",
    "more than one terminal write",
    "status moved backwards",
    "client told twice or more",
    "reachable client never told",
)
"""Of each the promise is zero."""


@dataclass
class Figures:
    """Sums over runs, but for what is named ``most_…`` and ``longest_…``."""

    jobs: int = 0
    faults: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    model_calls_beyond_the_first: int = 0
    calls_lost_to_faults: int = 0
    most_billed_calls_of_a_job: int = 0
    calls_that_overlap_at_the_engine: int = 0
    started_by_the_sweep: int = 0
    ended_by_the_sweep: int = 0
    claims_left_behind: int = 0
    told_by_push: int = 0
    told_only_when_they_asked: int = 0
    snapshots_pushed: int = 0
    snapshots_pushed_again: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    most_bytes_of_a_payload: int = 0
    most_bytes_of_a_frame: int = 0
    longest_seconds_in_the_queue: float = 0.0
    over_the_time_after_the_queue: int = 0
    longest_seconds_after_the_queue: dict[str, float] = field(default_factory=dict)
    longest_seconds_beyond_a_lease: float = 0.0
    longest_seconds_until_a_returning_client_knows: float = 0.0
    virtual_hours: float = 0.0

    def add(self, other: "Figures") -> None:
        """Add another run."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if name.startswith(("most_", "longest_")) and not isinstance(value, dict):
                setattr(self, name, max(mine, value))
            elif isinstance(mine, Counter):
                mine.update(value)
            elif isinstance(mine, dict):
                for key, seconds in value.items():
                    mine[key] = max(mine.get(key, 0.0), seconds)
            else:
                setattr(self, name, mine + value)

    def document(self) -> dict[str, object]:
        """As JSON, every row there even if it is zero."""
        document: dict[str, object] = dict(vars(self))
        document["rows"] = {row: self.rows[row] for row in ROWS}
        document["problems"] = self.problems[:50]
        for name in ("endings", "dead_letters"):
            document[name] = dict(sorted(getattr(self, name).items()))
        return document


def figures(simulation: "Simulation", problems: Iterable[str]) -> Figures:
    """The figures of one run."""
    jobs = list(simulation.jobs.rows.values())
    made = Figures(jobs=len(jobs), faults=len(simulation.faults), problems=list(problems))
    made.rows.update(_rows(simulation))
    made.endings.update(job.error_code or str(job.status) for job in jobs)
    _count_calls(simulation, made)
    made.started_by_the_sweep = simulation.schedule.repairs["started"]
    made.ended_by_the_sweep = simulation.schedule.repairs["ended"]
    holders = {job_id for job_id, _ in simulation.results.claims.values()}
    made.claims_left_behind = sum(simulation.jobs.rows[job_id].status.is_terminal for job_id in holders)
    _count_pushes(simulation, made)
    made.dead_letters.update(
        {
            "start_try_on": len(simulation.created.dead_letters),
            "publish_job": len(simulation.changed.dead_letters),
            "deliver_result": len(simulation.results_queue.dead_letters),
            "import_picture": len(simulation.uploads_queue.dead_letters),
            "record_failure": len(simulation.rule.dead_letters),
        }
    )
    made.most_bytes_of_a_payload = simulation.executions.largest
    made.most_bytes_of_a_frame = simulation.gateway.largest
    for job in jobs:
        _measure_time(job, made)
    made.longest_seconds_beyond_a_lease = longest_beyond_a_lease(simulation)
    made.virtual_hours = simulation.scheduler.seconds / 3600
    return made


def longest_beyond_a_lease(simulation: "Simulation") -> float:
    """For how many seconds a job lay with a lease that had run out until somebody did something about it."""
    late = 0.0
    for at, before, _ in simulation.writes:
        if before is not None and before.lease_until is not None:
            late = max(late, at - (times.from_iso(before.lease_until) - NOON).total_seconds())
    return round(late, 1)


def _rows(simulation: "Simulation") -> Mapping[str, int]:
    pairs = Counter((job.user_id, job.request_id) for job in simulation.jobs.rows.values())
    claims: dict[str, set[str]] = defaultdict(set)
    ends: Counter[str] = Counter()
    backwards = 0
    for _, before, after in simulation.writes:
        if after.execution_arn:
            claims[after.id].add(after.execution_arn)
        if before is None:
            continue
        ends[after.id] += after.status.is_terminal and before.status is not after.status
        backwards += after.version < before.version or (before.status.is_terminal and after.status != before.status)
    shown = Counter((one.device, one.job_id, one.seq) for one in simulation.seen)
    never = 0
    for shopper in simulation.shoppers:
        never += sum(job_id not in shopper.first.ended for job_id in shopper.first.job_of.values())
    values = (
        sum(pairs.values()) - len(pairs),
        sum(len(one) - 1 for one in claims.values()),
        sum(not job.status.is_terminal for job in simulation.jobs.rows.values()),
        sum(count > 1 for count in ends.values()),
        backwards,
        sum(count > 1 for count in shown.values()),
        never,
    )
    return dict(zip(ROWS, values, strict=True))


def _count_calls(simulation: "Simulation", made: Figures) -> None:
    by_job = Counter(call.job_id for call in simulation.ledger.calls if call.is_billed)
    made.model_calls_beyond_the_first = sum(by_job.values()) - len(by_job)
    made.most_billed_calls_of_a_job = max(by_job.values(), default=0)
    made.calls_lost_to_faults = sum(
        call.is_billed
        and (call.fault not in (None, Fault.DELAY) or simulation.executions.heard.get(call.invocation, "") is not None)
        for call in simulation.ledger.calls
    )
    ends: dict[str, float] = {}
    for call in simulation.ledger.calls:
        key = call.cache_key or call.job_id
        made.calls_that_overlap_at_the_engine += ends.get(key, 0.0) > call.begin
        ends[key] = max(ends.get(key, 0.0), call.end)
    if any(one.job_id != other.job_id for one, other in in_flight_together(simulation)):
        made.problems.append("I4: two jobs called for one cache key at once")


def _count_pushes(simulation: "Simulation", made: Figures) -> None:
    terminal = {(one.job_id, one.by == "message") for one in simulation.gateway.pushed if one.status in _ENDS}
    for shopper in simulation.shoppers:
        if not shopper.habits.over_rest:
            for job_id in shopper.first.ended:
                made.told_by_push += (job_id, False) in terminal
                made.told_only_when_they_asked += (job_id, False) not in terminal
    wire = Counter((one.connection_id, one.since, one.job_id, one.seq) for one in simulation.gateway.pushed)
    made.snapshots_pushed = sum(wire.values())
    made.snapshots_pushed_again = sum(wire.values()) - len(wire)


def _measure_time(job: Job, made: Figures) -> None:
    queued = [n for n, change in enumerate(job.timeline) if change.stage is Stage.QUEUED]
    if not queued or not job.status.is_terminal:
        return
    entered, left, end = (
        times.from_iso(job.timeline[n].at) for n in (queued[0], min(queued[-1] + 1, len(job.timeline) - 1), -1)
    )
    made.longest_seconds_in_the_queue = max(made.longest_seconds_in_the_queue, (left - entered).total_seconds())
    after, engine = (end - left).total_seconds(), job.engine or "none"
    longest = made.longest_seconds_after_the_queue
    longest[engine] = round(max(longest.get(engine, 0.0), after), 1)
    if engine in PROFILES:
        made.over_the_time_after_the_queue += after > 2 * PROFILES[engine].timeout_seconds + 60


_ENDS = (Status.COMPLETED.value, Status.ERROR.value)
