"""State "Reserve Slot": which engine takes the job, and when; also where a throttled or failed call comes back to."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from vto.domain import times
from vto.domain.engines import PROFILES, able, adaptations, refusals
from vto.domain.health import Door
from vto.domain.job import Job, Stage
from vto.domain.pacing import back_off
from vto.errors import (
    ExpiredError,
    InvalidRequestError,
    JobClosedError,
    ModelThrottledError,
    NoEngineError,
    NotYourTurnError,
    QueueFullError,
    SpendingStoppedError,
    VtoError,
)
from vto.ports import Clock, Controls, Jobs, Meanwhile
from vto.use_cases.changing_jobs import change_job, read_job
from vto.use_cases.meanwhile import when_asked
from vto.use_cases.spending import Spending, Standing
from vto.use_cases.taking_turns import place

MAX_THROTTLED = 3
PASSING = {one.__name__ for one in (NoEngineError, NotYourTurnError, SpendingStoppedError)}  # nothing has failed
LEASE_SECONDS = 90  # beyond the wait for the slot, or for an engine
NO_REUSE = "none"
MEASURED = ("source_pixels", "body_bytes", "price_tier")


@dataclass(frozen=True, slots=True)
class ReserveSlot:
    """Takes the next free instant of the first engine that can do the job."""

    jobs: Jobs
    controls: Controls
    order: Sequence[str]
    paces: Mapping[str, float]
    clock: Clock
    spending: Spending
    meanwhile: Meanwhile = when_asked

    def __call__(
        self,
        job_id: str,
        execution_arn: str,
        slot: Mapping[str, Any],
        failure: Mapping[str, Any] | None,
        validation: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Reserve a slot, for a job that needs one.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            slot: The previous answer of this step (or the blank form): its round, throttle count, failed engines.
            failure: What Invoke Model was caught with, if that is why we are here.
            validation: What Validate Request answered. With a ``reuse`` other than ``"none"`` there is nothing to call
                for, and nothing is read or written; ``measured`` becomes part of the job.

        Returns:
            ``round``, ``throttled``, ``failed_engines`` (all counted on), ``engine``, ``wait_seconds`` (whole
            seconds), ``turn`` (whether it waits for a turn only, see :mod:`vto.domain.pacing`) and
            ``timeout_seconds`` of the call. Without a call there is no engine.

        Raises:
            InvalidRequestError: No engine of the order can do what is asked.
            ExpiredError: The job has been waiting for longer than it may.
            BudgetExhaustedError: The call would cost more than the shopper's or the shop's budget for the day has left.
            SignInRequiredError: It would cost more than the guests' budget for the day has left.
            SpendingStoppedError: Calls that cost money are stopped, and no engine that costs nothing can do the job.
            QueueFullError: The next free slot is further away than the job may be kept waiting; none is taken.
            NoEngineError: All engines that can do the job are paused or open.
            ModelThrottledError: The last engine has refused the call once too often.
            JobClosedError: The job has ended or belongs to another execution.
        """
        validation = validation or {}
        if validation.get("reuse", NO_REUSE) != NO_REUSE:
            return {**slot, "engine": None, "wait_seconds": 0, "turn": False, "timeout_seconds": 0}
        failed_with = failure["Error"] if failure else NoEngineError.__name__
        throttled, failed = slot["throttled"], list(slot["failed_engines"])
        if failed_with == ModelThrottledError.__name__:
            throttled += 1
        elif failed_with not in PASSING:
            failed.append(slot["engine"])
        this_round = slot["round"] + 1
        job = _ensure_not_late(_measured(read_job(self.jobs, job_id), validation), this_round)
        job.ensure_worked_on_by(execution_arn)  # a job that was cancelled must not take an instant from others
        size = job.source_pixels, job.body_bytes
        fit = able(self.order, job.parameters, *size)
        if not fit:  # the order has changed since the job was admitted
            raise InvalidRequestError("no engine can do this", refusals(self.order, job.parameters, *size))
        if throttled > MAX_THROTTLED:
            if not set(fit) - {*failed, slot["engine"]}:
                raise ModelThrottledError(f"throttled {throttled} times")
            throttled, failed = 0, [*failed, slot["engine"]]
        tried = tuple(failed)
        if set(fit) <= set(failed):
            failed = []  # all have failed on this job: it waits for whichever returns first
        left = [name for name in fit if name not in failed]
        first, now = left[0], self.clock.now()
        with self.meanwhile() as begin:
            # it is nearly always the one, and well: so it is looked at beside the budgets
            seen = begin(lambda: self.controls.door(first, job_id, now))
            standing = self.spending.look(job, left, now)
        left = self.spending.allowed(left, standing)

        if job.slot_round == this_round and job.slot_at is not None and job.engine in left:
            # a retry of this step: the slot is ours already
            engine, slot_at, turn = job.engine, times.from_iso(job.slot_at), job.turn
        else:
            engine, slot_at, turn = self._take(
                job, execution_arn, left, standing, {first: seen},
                tried=tried, throttled=throttled, this_round=this_round,
            )  # fmt: skip
        now = self.clock.now()
        wait = max(0, math.ceil((slot_at - now).total_seconds()))

        change_job(
            self.jobs,
            job_id,
            lambda job: self.spending.reserving(
                _ensure_not_late(_measured(job, validation), this_round), engine, now
            ).enter(
                Stage.QUEUED,
                execution_arn=execution_arn,
                now=now,
                lease_seconds=wait + LEASE_SECONDS,
                engine=engine,
                adaptations=tuple(one.public() for one in adaptations(PROFILES[engine], job.parameters)),
                failed_engines=tried,
                slot_round=this_round,
                slot_at=times.to_iso(slot_at),
                turn=turn,
                eta_seconds=wait + PROFILES[engine].usual_seconds,
                notice=None,
            ),
            self.spending.limits,
            known=job,
        )
        return {
            "round": this_round,
            "throttled": throttled,
            "failed_engines": failed,
            "engine": engine,
            "wait_seconds": wait,
            "turn": turn,
            "timeout_seconds": PROFILES[engine].timeout_seconds,
        }

    def _take(
        self,
        job: Job,
        execution_arn: str,
        left: list[str],
        standing: Standing,
        seen: Mapping[str, Callable[[], Door]],
        *,
        tried: tuple[str, ...],
        throttled: int,
        this_round: int,
    ) -> tuple[str, datetime, bool]:
        now = self.clock.now()
        latest = job.latest_call
        if now > latest:
            raise ExpiredError(f"waiting since {job.waiting_since}")
        engine, door = self._first(job.id, left, seen, now)
        if engine is None:
            # the job waits in its place: keep the sweep away and tell the shopper
            change_job(
                self.jobs,
                job.id,
                lambda job: _ensure_not_late(job.settled(now), this_round).enter(
                    Stage.QUEUED,
                    execution_arn=execution_arn,
                    now=now,
                    lease_seconds=2 * LEASE_SECONDS,
                    engine=None,
                    failed_engines=tried,
                    adaptations=(),
                    eta_seconds=None,
                    notice=NoEngineError.message,
                ),
                known=job,
            )
            raise NoEngineError(f"all of {left} are paused or open")
        try:
            self.spending.ensure_room(job, engine, now, standing)
        except VtoError:
            if door is Door.HALF_OPEN:
                self.controls.leave_engine(engine, job.id, now)
            raise
        had_turn = job.turn and job.engine == engine
        slot, turn = place(
            self.controls, job.lane, engine, self.paces[engine], now,
            latest=latest, had_turn=had_turn, tries=this_round - 1,
        )  # fmt: skip
        if door is Door.HALF_OPEN and (slot is None or turn):
            self.controls.leave_engine(engine, job.id, now)
        if slot is None:
            raise QueueFullError(f"the next slot of {engine} lies beyond {times.to_iso(latest)}")
        return engine, max(slot, now + back_off(throttled)), turn

    def _first(
        self, job_id: str, left: list[str], seen: Mapping[str, Callable[[], Door]], now: datetime
    ) -> tuple[str | None, Door]:
        """The first engine that may be asked, and how it was found; one that is half-open is this job's to try."""
        for name in left:
            if name in seen and seen[name]() is Door.CLOSED:  # nothing is tried, so nothing has to be noted
                return name, Door.CLOSED
            trial_seconds = PROFILES[name].timeout_seconds + LEASE_SECONDS
            door = self.controls.knock(name, job_id, now, trial_seconds=trial_seconds)
            if door is not Door.OPEN:
                return name, door
        return None, Door.OPEN


def _measured(job: Job, validation: Mapping[str, Any]) -> Job:
    """The job with what Validate Request has measured; as it is, where that is in its row already."""
    measured = validation.get("measured") or {}
    return replace(job, **{name: measured[name] for name in MEASURED if name in measured})


def _ensure_not_late(job: Job, this_round: int) -> Job:
    """The job, unless it is further than the round of whoever asks.

    Raises:
        JobClosedError: The slot of this round has been used, or a later round has begun.
    """
    if job.slot_round > this_round or (job.slot_round == this_round and job.stage is Stage.GENERATING):
        raise JobClosedError(f"job {job.id} is in round {job.slot_round} already: round {this_round} is late")
    return job
