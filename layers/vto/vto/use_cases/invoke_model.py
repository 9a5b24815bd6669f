"""State "Invoke Model": one call of one engine."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from vto.domain.engines import PROFILES, adapted
from vto.domain.job import Job, Stage
from vto.domain.storage import S3Url, generated_prefix
from vto.errors import (
    BadModelOutputError,
    FailureError,
    ModelFailedError,
    ModelThrottledError,
    ModelTimeoutError,
    RefusalError,
    ResultsBlockedError,
    StorageUnavailableError,
    VtoError,
)
from vto.ports import Clock, Controls, Engine, Engines, Generation, Jobs, Results, TryOnRequest
from vto.use_cases.changing_jobs import change_job

# The engine worked, or may have. AWS does not say whether blocked results are billed: they count as if they were.
MAY_BE_BILLED = (ModelTimeoutError, ModelFailedError, ResultsBlockedError, BadModelOutputError)
TURNS = 1000  # attempts of this step after one Reserve Slot; more than the machine has
LEASE_SECONDS = 120  # beyond two timeouts of the engine: the retry after a timeout lies within


@dataclass(frozen=True, slots=True)
class InvokeModel:
    """Calls the engine that Reserve Slot chose."""

    jobs: Jobs
    engines: Engines
    results: Results
    controls: Controls
    clock: Clock
    results_bucket: str

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
            ``images`` and ``mask`` (addresses of unverified pictures), ``warning`` and ``engine``.

        Raises:
            VtoError: The Model…, …Blocked and BadModelOutput errors of the engine; JobClosedError.
        """
        made = self.results.get_ready(validation["cache_key"], self.clock.now())
        if made is not None:  # an equal job was faster while this one stood in the queue
            return {"images": list(made.images), "mask": made.mask, "warning": None, "engine": made.engine}
        engine, profile = self.engines[slot["engine"]], PROFILES[slot["engine"]]

        def enter(job: Job) -> Job:
            return job.call(slot["round"] * TURNS + retry).enter(
                Stage.GENERATING,
                execution_arn=execution_arn,
                now=self.clock.now(),
                lease_seconds=2 * profile.timeout_seconds + LEASE_SECONDS,
            )

        job = change_job(self.jobs, job_id, enter)
        request = TryOnRequest(
            source=S3Url.parse(validation["source"]),
            reference=S3Url.parse(validation["reference"]),
            mask=S3Url.parse(validation["mask"]) if validation["mask"] else None,
            parameters=adapted(profile, job.call_parameters),
            output=S3Url(self.results_bucket, generated_prefix(job_id, job.attempts)),
        )
        generation = self._generate(job, execution_arn, engine, request)
        return {**asdict(generation), "engine": slot["engine"]}

    def _generate(self, job: Job, execution_arn: str, engine: Engine, request: TryOnRequest) -> Generation:
        """Call the engine; the job that tries an opened one closes it when it answers, be it with a no."""
        try:
            generation = engine.generate(request)
        except VtoError as error:
            self._note(job.id, execution_arn, error)
            if isinstance(error, RefusalError | ModelThrottledError):
                self._answers(job)
            raise
        self._answers(job)
        return generation

    def _answers(self, job: Job) -> None:
        if not job.probing or job.engine is None:
            return
        try:
            self.controls.close_engine(job.engine)
        except FailureError:
            return  # the call is paid: it must not be repeated for this; the trial lapses and the next one closes it

    def _note(self, job_id: str, execution_arn: str, error: VtoError) -> None:
        """Write down what the error says of the call; where that cannot be written, the call counts as billed."""

        def note(job: Job) -> Job:
            job.ensure_worked_on_by(execution_arn)
            if isinstance(error, ResultsBlockedError):
                return replace(job, blocked_calls=job.blocked_calls + 1)
            return replace(job, billable_calls=job.billable_calls - 1)

        if isinstance(error, ResultsBlockedError) or not isinstance(error, MAY_BE_BILLED):
            with suppress(StorageUnavailableError):
                change_job(self.jobs, job_id, note)
