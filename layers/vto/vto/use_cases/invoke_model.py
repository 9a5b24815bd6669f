"""State "Invoke Model": one call of one engine."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from vto.domain import times
from vto.domain.engines import PROFILES, adapted
from vto.domain.health import Door
from vto.domain.job import Job, Stage
from vto.domain.storage import S3Url, generated_prefix
from vto.errors import (
    BadModelOutputError,
    ContentBlockedError,
    ModelAccessDeniedError,
    ModelFailedError,
    ModelQuotaExceededError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    NoEngineError,
    NotYourTurnError,
    RefusalError,
    ResultsBlockedError,
    StorageUnavailableError,
    VtoError,
)
from vto.ports import CachedResult, Clock, Controls, Engines, Jobs, Meanwhile, Pictures, Results, TryOnRequest
from vto.use_cases.changing_jobs import change_job, read_job
from vto.use_cases.meanwhile import when_asked
from vto.use_cases.spending import Spending
from vto.use_cases.taking_turns import WITHIN_A_MOMENT
from vto.use_cases.validate_request import CLAIM_SECONDS

# The engine worked, or may have. AWS does not say whether blocked results are billed: they count as if they were.
MAY_BE_BILLED = (ModelTimeoutError, ModelFailedError, ResultsBlockedError, BadModelOutputError)
# what does not pass within minutes: the engine is left alone for longer, and at once
GONE = (ModelRetiredError, ModelAccessDeniedError, ModelQuotaExceededError)
ANSWERS = (ContentBlockedError, ModelThrottledError)  # a no, and so a sign of life
TURNS = 1000  # attempts of this step after one Reserve Slot; more than the machine has
LEASE_SECONDS = 120  # beyond two timeouts of the engine: the retry after a timeout lies within
LATE_SECONDS = 60  # a slot may be used so much after the longest wait: its back-off, and a wait in whole seconds


@dataclass(frozen=True, slots=True)
class InvokeModel:
    """Calls the engine that Reserve Slot chose."""

    jobs: Jobs
    engines: Engines
    results: Results
    controls: Controls
    pictures: Pictures
    clock: Clock
    results_bucket: str
    paces: Mapping[str, float]
    opened: Callable[[str, str, str], None]
    spending: Spending
    meanwhile: Meanwhile = when_asked

    def __call__(
        self, job_id: str, execution_arn: str, validation: Mapping[str, Any], slot: Mapping[str, Any], retry: int = 0
    ) -> dict[str, Any]:
        """Make the pictures.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            validation: What Validate Request answered.
            slot: What Reserve Slot answered.
            retry: How often the state machine has tried this step again with this slot.

        Returns:
            ``images`` and ``mask`` (addresses of unverified pictures), ``warning``, ``adaptations`` (those that the
            engine told of itself) and ``engine``.

        Raises:
            NoEngineError: The engine was paused or opened while the job waited for its slot.
            BudgetExhaustedError: This is a second call, and a budget has not enough left for it.
            SignInRequiredError: The same, and the budget is the guests'.
            SpendingStoppedError: Calls that cost money were stopped while the job waited for its slot.
            NotYourTurnError: The turn of a job behind the shoppers has come, but not its instant.
            ExpiredError: The slot is used too late.
            VtoError: The Model…, …Blocked and BadModelOutput errors of the engine; JobClosedError.
        """
        engine, profile = self.engines[slot["engine"]], PROFILES[slot["engine"]]
        source, reference = S3Url.parse(validation["source"]), S3Url.parse(validation["reference"])
        mask = S3Url.parse(validation["mask"]) if validation["mask"] else None
        with self.meanwhile() as begin:
            # nothing of this is changed by reading it, so it is read while the job is: who calls waits for the longest
            ready = begin(lambda: self.results.get_ready(validation["cache_key"], self.clock.now()))
            wanted = () if profile.reads_by_itself else (source, reference, *([mask] if mask else ()))
            begun = tuple(begin(partial(self.pictures.read, one)) for one in wanted)
            known = read_job(self.jobs, job_id)
            made = ready()
            if made is not None:  # an equal job was faster while this one stood in the queue
                return _made_before(made)
            job, door = self._called(known, execution_arn, slot, retry)
        self._keep_claim(job, validation["cache_key"], 2 * profile.timeout_seconds + LEASE_SECONDS)
        request = TryOnRequest(
            source=source,
            reference=reference,
            mask=mask,
            parameters=adapted(profile, job.call_parameters),
            output=S3Url(self.results_bucket, generated_prefix(job_id, job.attempts)),
            begun=begun,
        )
        try:
            generation = engine.generate(request)
        except VtoError as error:
            self._note(job, execution_arn, error)
            self._tell(profile.name, job.id, door, error)
            raise
        self._tell(profile.name, job.id, door, None)
        return {**asdict(generation), "engine": slot["engine"]}

    def _called(self, known: Job, execution_arn: str, slot: Mapping[str, Any], retry: int) -> tuple[Job, Door]:
        """The job with the call that is about to be made written down, and how the engine was found."""
        profile, job_id = PROFILES[slot["engine"]], known.id
        trial_seconds = profile.timeout_seconds + LEASE_SECONDS
        door = self.controls.knock(profile.name, job_id, self.clock.now(), trial_seconds=trial_seconds)
        if door is Door.OPEN:
            raise NoEngineError(f"{profile.name} was paused or opened while the job waited for its slot")

        def enter(job: Job) -> Job:
            now, price = self.clock.now(), self.spending.price(profile.name, job)
            job.ensure_in_time(now, LATE_SECONDS)
            return job.call(slot["round"] * TURNS + retry, profile.name, price, now).enter(
                Stage.GENERATING,
                execution_arn=execution_arn,
                now=now,
                lease_seconds=2 * profile.timeout_seconds + LEASE_SECONDS,
                turn=False,
            )

        try:
            if slot.get("turn"):
                self._take_instant(known, execution_arn, profile.name)
            return change_job(self.jobs, job_id, enter, self.spending.limits, known=known), door
        except VtoError:
            if door is Door.HALF_OPEN:  # the job that was to try the engine does not: another one may
                with suppress(StorageUnavailableError):
                    self.controls.leave_engine(profile.name, job_id, self.clock.now())
            raise

    def _take_instant(self, job: Job, execution_arn: str, engine: str) -> None:
        """Take an instant that is free at a batch job's turn; that of an earlier attempt of this step is still its."""
        now = self.clock.now()
        job.ensure_worked_on_by(execution_arn)
        if not job.turn:
            return
        instant = self.controls.take_slot(engine, self.paces[engine], now, latest=now + WITHIN_A_MOMENT)
        if instant is None:
            raise NotYourTurnError(f"shoppers stand before job {job.id} at {engine}")
        self.clock.sleep((instant - now).total_seconds())

    def _keep_claim(self, job: Job, key: str, seconds: int) -> None:
        """Renew the claim of a job that has queued for so long that it may lapse: an equal job would be paid for too.

        Where that cannot be written the call is made all the same, and so it is where another job has the claim by now.
        """
        now = self.clock.now()
        if now + timedelta(seconds=seconds) > times.from_iso(job.waiting_since) + timedelta(seconds=CLAIM_SECONDS):
            with suppress(StorageUnavailableError):
                self.results.claim(key, job.id, now, seconds=seconds)

    def _tell(self, engine: str, job_id: str, door: Door, error: VtoError | None) -> None:
        """Say what the call showed of the engine; where that cannot be written, the call is not repeated for it."""
        with suppress(StorageUnavailableError):
            if error is None or isinstance(error, ANSWERS):
                if door is not Door.CLOSED:
                    self.controls.close_engine(engine)
            elif isinstance(error, RefusalError):  # it was never asked
                if door is Door.HALF_OPEN:
                    self.controls.leave_engine(engine, job_id, self.clock.now())
            elif isinstance(error, (ModelUnavailableError, *GONE)):
                now, gone = self.clock.now(), isinstance(error, GONE)
                until = self.controls.fail_engine(engine, job_id, now, gone=gone, reason=error.code)
                if until is not None:
                    self.opened(engine, error.code, times.to_iso(until))

    def _note(self, called: Job, execution_arn: str, error: VtoError) -> None:
        """Write down what the error says of the call; where that cannot be written, the call counts as billed."""

        def note(job: Job) -> Job:
            job.ensure_worked_on_by(execution_arn)
            is_blocked = isinstance(error, ResultsBlockedError)
            return job.heard(called.attempts, self.clock.now(), is_blocked=is_blocked)

        if isinstance(error, ResultsBlockedError) or not isinstance(error, MAY_BE_BILLED):
            with suppress(StorageUnavailableError):
                change_job(self.jobs, called.id, note)


def _made_before(made: CachedResult) -> dict[str, Any]:
    """The answer of a call that need not be made."""
    return {
        "images": list(made.images),
        "mask": made.mask,
        "warning": None,
        "adaptations": [one.public() for one in made.adaptations],
        "engine": made.engine,
    }
