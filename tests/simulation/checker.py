"""Reads the history of a run and says which promise was broken.

The promises are the invariants of ``docs/guarantees.md``: I1 to I7 and I12. Each rule yields sentences that name the
invariant, the job and the moment; a run that keeps every promise yields none.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulation.faults import Fault
from tests.simulation.money import all_made, problems_with_money
from vto.domain.job import MAX_BILLABLE_CALLS, Job, Stage, Status
from vto.errors import CancelledError

if TYPE_CHECKING:
    from tests.simulation.engine import Call
    from tests.simulation.simulation import Simulation


def problems(simulation: "Simulation", *, had_faults: bool = True) -> list[str]:
    """Every broken promise of a run, in words.

    Args:
        simulation: A run that has ended.
        had_faults: Whether anything was injected: without, more is promised.
    """
    rules = [_alarms, _one_row, _one_end, _versions, _calls, _calls_needed, _slots, _results, _shown, _told, _owners]
    rules += [_conserved, _one_execution, _cancelled, problems_with_money]
    if not had_faults:
        rules += [_once_on_the_wire, _pushed_in_full, _all_completed, _closed_quietly, all_made]
    return [problem for rule in rules for problem in rule(simulation)]


def _alarms(simulation: "Simulation") -> Iterator[str]:
    yield from simulation.alarms


def _one_row(simulation: "Simulation") -> Iterator[str]:
    """I1: one row for each user and request id, and it is the one that the client was told of."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for job in simulation.jobs.rows.values():
        rows[job.user_id, job.request_id].append(job.id)
    for (user, request), ids in rows.items():
        if len(ids) > 1:
            yield f"I1: request {request} of {user} has {len(ids)} jobs"
    for shopper in simulation.shoppers:
        for device in shopper.devices:
            for request, job_id in device.job_of.items():
                if rows.get((shopper.user_id, request)) != [job_id]:
                    yield f"I1: {shopper.user_id} was told that {request} is job {job_id}, which is not its row"


ALLOWED_STAGES = {
    Stage.VALIDATING: {Stage.VALIDATING, Stage.QUEUED, Stage.STORING},
    Stage.QUEUED: {Stage.QUEUED, Stage.GENERATING, Stage.STORING},
    Stage.GENERATING: {Stage.QUEUED, Stage.GENERATING, Stage.STORING},
    Stage.STORING: {Stage.STORING},
}
"""Where a job may go from each stage: the edges of the machine, as a shopper sees them."""


def _one_end(simulation: "Simulation") -> Iterator[str]:
    """I2: exactly one terminal status for each job."""
    ends = Counter(
        after.id
        for _, before, after in simulation.writes
        if after.status.is_terminal and _status(before) != after.status
    )
    for job_id, job in simulation.jobs.rows.items():
        if not job.status.is_terminal:
            yield f"I2: job {job_id} is still {job.status} at the end"
        if ends[job_id] > 1:
            yield f"I2: job {job_id} ended {ends[job_id]} times"


def _versions(simulation: "Simulation") -> Iterator[str]:
    """I3: versions only grow, what was said stays said, and nothing comes after the end."""
    for at, before, after in simulation.writes:
        if before is None:
            continue
        where = f"job {after.id} at {at:.3f} s"
        if after.version not in (before.version, before.version + 1):
            yield f"I3: {where} went from version {before.version} to {after.version}"
        if after.timeline[: len(before.timeline)] != before.timeline or len(after.timeline) != after.version:
            yield f"I3: {where} changed what it had said before"
        if before.status.is_terminal and after.status != before.status:
            yield f"I3: {where} went from {before.status} to {after.status}"
        if before.stage and after.stage and after.stage not in ALLOWED_STAGES[before.stage]:
            yield f"I3: {where} went from {before.stage} back to {after.stage}"
        if after.status is Status.CREATED and before.status is not Status.CREATED:
            yield f"I3: {where} went back to created"


def _calls(simulation: "Simulation") -> Iterator[str]:
    """I4: at most two calls that may be billed; each counted before it is made; one at a time for each cache key."""
    by_job: dict[str, list[Call]] = defaultdict(list)
    for call in simulation.ledger.calls:
        by_job[call.job_id].append(call)
        if call.counted < call.attempt:
            yield f"I4: call {call.attempt} of job {call.job_id} was made before it was counted"
    for job_id, calls in by_job.items():
        if (billed := sum(one.is_billed for one in calls)) > MAX_BILLABLE_CALLS:
            yield f"I4: {billed} calls of job {job_id} may have been billed"
        if len({one.attempt for one in calls}) < len(calls):
            yield f"I4: two calls of job {job_id} share an attempt's number"
    for one, other in in_flight_together(simulation):
        yield f"I4: jobs {one.job_id} and {other.job_id} called for one cache key at once, at {other.begin:.3f} s"


def in_flight_together(simulation: "Simulation") -> "Iterator[tuple[Call, Call]]":
    """Pairs of calls for one cache key of which the second began while somebody waited for the first.

    A call whose task has timed out goes on at the engine, and is counted; its retry may begin meanwhile.
    """
    last: dict[str, Call] = {}
    for call in simulation.ledger.calls:
        if call.cache_key is None:
            continue
        before = last.get(call.cache_key)
        if before is not None and before.is_awaited_until > call.begin:
            yield before, call
        last[call.cache_key] = call


def _calls_needed(simulation: "Simulation") -> Iterator[str]:
    """I4: nobody pays for a second call when the first one's pictures have arrived."""
    arrived: set[str] = set()
    for call in simulation.ledger.calls:
        if call.job_id in arrived:
            yield f"I4: job {call.job_id} called again although its pictures had arrived, at {call.begin:.3f} s"
        if call.fault in (None, Fault.DELAY) and simulation.executions.heard.get(call.invocation, "") is None:
            arrived.add(call.job_id)


def _slots(simulation: "Simulation") -> Iterator[str]:
    """Pacing: after a throttled call the next one has a slot of its own."""
    last: dict[str, Call] = {}
    for call in simulation.ledger.calls:
        before = last.get(call.job_id)
        heard = before and simulation.executions.heard.get(before.invocation)
        if before is not None and heard == "ModelThrottledError" and before.slot == call.slot:
            yield f"pacing: job {call.job_id} was throttled and called again without a new slot"
        last[call.job_id] = call


def _results(simulation: "Simulation") -> Iterator[str]:
    """I5: completed means that the pictures are there, as the row says; I7: and made of nobody else's photo."""
    for job in simulation.jobs.rows.values():
        if (job.status is Status.COMPLETED) != bool(job.images):
            yield f"I5: job {job.id} is {job.status} with {len(job.images)} pictures"
        for image in job.images:
            content = simulation.pictures.objects.get(image.s3_url)
            if content is None or hashlib.sha256(content).hexdigest() != image.sha256:
                yield f"I5: picture {image.s3_url} of job {job.id} is not what the row says"
            elif b"/users/" in content and f"/users/{job.user_id}/".encode() not in content:
                yield f"I7: job {job.id} of {job.user_id} has a picture made of somebody else's photo"


def _shown(simulation: "Simulation") -> Iterator[str]:
    """I6: an application shows each version at most once and in order, and one version is one story."""
    last: dict[tuple[str, str], int] = {}
    for one in simulation.seen:
        key = one.device, one.job_id
        if one.seq <= last.get(key, 0):
            yield f"I6: {one.device} showed version {one.seq} of job {one.job_id} after version {last[key]}"
        last[key] = one.seq
    said: dict[tuple[str, int], tuple[str, str | None]] = {}
    for push in simulation.gateway.pushed:
        story = push.status, push.stage
        first = said.setdefault((push.job_id, push.seq), story)
        if first != story:
            yield f"I6: version {push.seq} of job {push.job_id} was told as {first} and as {story}"


def _told(simulation: "Simulation") -> Iterator[str]:
    """I6: whoever was told of a job, and is there, is told of its end."""
    for shopper in simulation.shoppers:
        for job_id in shopper.first.job_of.values():
            job = simulation.jobs.rows.get(job_id)
            if job is not None and shopper.first.ended.get(job_id) != job.status:
                yield f"I6: {shopper.user_id} never saw that job {job_id} is {job.status}"


def _owners(simulation: "Simulation") -> Iterator[str]:
    """I7: nobody is told of somebody else's job."""
    for push in simulation.gateway.pushed:
        owner = simulation.jobs.rows[push.job_id].user_id
        if owner != push.user_id:
            yield f"I7: {push.user_id} was told of job {push.job_id} of {owner}"
    for one in simulation.seen:
        if simulation.jobs.rows[one.job_id].user_id != one.user_id:
            yield f"I7: {one.user_id} saw job {one.job_id}"


def _conserved(simulation: "Simulation") -> Iterator[str]:
    """I12: every accepted job is somewhere, and every call was counted by its job."""
    calls = Counter(call.job_id for call in simulation.ledger.calls)
    for job in simulation.jobs.rows.values():
        if calls[job.id] > job.attempts:
            yield f"I12: job {job.id} made {calls[job.id]} calls and counted {job.attempts}"
        if bool(job.open) == job.status.is_terminal:
            yield f"I12: job {job.id} is {job.status} and {'open' if job.open else 'closed'}"


def _one_execution(simulation: "Simulation") -> Iterator[str]:
    """No job is worked on by two executions."""
    for at, before, after in simulation.writes:
        if before is not None and before.execution_arn and after.execution_arn != before.execution_arn:
            yield f"job {after.id} went from {before.execution_arn} to {after.execution_arn} at {at:.3f} s"
    reruns = Counter(one.job_id for one in simulation.executions.started.values())
    for job_id, count in reruns.items():
        if count > 2:
            yield f"job {job_id} was started {count} times"


def _cancelled(simulation: "Simulation") -> Iterator[str]:
    """Only what its owner does not want is cancelled, only while it waits, and nobody is called for it from then on."""
    ended: dict[str, float] = {}
    for at, before, after in simulation.writes:
        if before is not None and _is_cancelled(after) and not _is_cancelled(before):
            ended[after.id] = at
            if after.id not in simulation.unwanted:
                yield f"cancel: nobody asked to cancel job {after.id}"
            if before.stage not in (None, Stage.VALIDATING, Stage.QUEUED):
                yield f"cancel: job {after.id} was cancelled while it was {before.stage}"
    for call in simulation.ledger.calls:
        if call.begin > ended.get(call.job_id, call.begin):
            yield f"cancel: job {call.job_id} was cancelled, and called at {call.begin:.3f} s"


def _closed_quietly(simulation: "Simulation") -> Iterator[str]:
    """Without faults the execution of a cancelled job rings no alarm, and no equal request waits for its claim."""
    for one in simulation.executions.started.values():
        if _is_cancelled(simulation.jobs.rows[one.job_id]) and one.execution.run.status != "SUCCEEDED":
            yield f"cancel: the execution of job {one.job_id} {one.execution.run.status}"
    for job_id, _ in simulation.results.claims.values():
        if _is_cancelled(simulation.jobs.rows[job_id]):
            yield f"cancel: job {job_id} kept its claim"


def _is_cancelled(job: Job) -> bool:
    return job.error_code == CancelledError.code


# --- what is promised besides, when nothing goes wrong ----------------------------------------------------------------


def _once_on_the_wire(simulation: "Simulation") -> Iterator[str]:
    """Without faults a version travels over a socket once, but for an answer to a question."""
    pushes = Counter(
        (one.connection_id, one.since, one.job_id, one.seq) for one in simulation.gateway.pushed if one.by != "message"
    )
    for (connection, _, job_id, seq), count in pushes.items():
        if count > 1:
            yield f"version {seq} of job {job_id} was pushed {count} times to {connection}"


def _pushed_in_full(simulation: "Simulation") -> Iterator[str]:
    """Without faults every device of a job's owner is shown the end without asking."""
    shown = {(one.device, one.job_id) for one in simulation.seen if one.status in ("completed", "error")}
    for shopper in simulation.shoppers:
        if shopper.habits.over_rest or shopper.habits.leaves_after is not None:
            continue
        for job in (one for one in simulation.jobs.rows.values() if one.user_id == shopper.user_id):
            for device in shopper.devices:
                if (device.name, job.id) not in shown:
                    yield f"I6: {device.name} was never told of the end of job {job.id}"


def _all_completed(simulation: "Simulation") -> Iterator[str]:
    """Without faults no job fails, but for those that were cancelled."""
    for job in simulation.jobs.rows.values():
        if job.status is not Status.COMPLETED and not _is_cancelled(job):
            yield f"job {job.id} is {job.status} ({job.error_code}) although nothing went wrong"


def _status(job: Job | None) -> Status | None:
    return job and job.status
