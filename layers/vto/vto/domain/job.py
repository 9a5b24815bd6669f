"""One try-on from request to result: its row in ``vto-jobs``, its allowed changes, and what its owner sees of it.

Every change of a job is one entry in its timeline, and ``version`` counts them: it is the ``seq`` that clients keep.
Only a lease is extended without a new version, because a client learns nothing from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Self

from vto.domain import ledger as book
from vto.domain import notices, times
from vto.domain.ledger import CallState, Ledger
from vto.domain.notices import Notice
from vto.domain.pacing import MAX_QUEUE_SECONDS, Lane
from vto.domain.parameters import MAX_SEED, Parameters
from vto.errors import (
    AlreadyClaimedError,
    ErasedError,
    ExpiredError,
    JobClosedError,
    ModelTimeoutError,
    ResultsBlockedError,
    VtoError,
    all_errors,
)

START_LEASE_SECONDS = 60  # a job that nobody has started by then is started by the sweep
MAX_BILLABLE_CALLS = 2  # what one execution may spend on a job, whatever goes wrong
SHOWN_TYPE = "image/webp"
OPEN = "yes"  # the value of the sparse index attribute while a job is unfinished


class Status(StrEnum):
    """The four values that the published table promises; the last two are terminal."""

    CREATED = "created"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"

    @property
    def is_terminal(self) -> bool:
        return self in (Status.COMPLETED, Status.ERROR)


class Stage(StrEnum):
    """Where in ``processing`` a job is: one word for each step that the shopper waits for."""

    VALIDATING = "validating"
    QUEUED = "queued"
    GENERATING = "generating"
    STORING = "storing"


# Where a job may be for a step to be late: a worker whose task has timed out may begin when others have gone on.
# From generating a job does go back, to queue again; Reserve Slot knows by its round who is late there.
TOO_FAR_FOR = {
    Stage.VALIDATING: (Stage.QUEUED, Stage.GENERATING, Stage.STORING),
    Stage.QUEUED: (Stage.STORING,),
    Stage.GENERATING: (Stage.STORING,),
    Stage.STORING: (),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the timeline: the job had this status and stage from this moment (ISO-8601)."""

    status: Status
    at: str
    stage: Stage | None = None

    def public(self) -> dict[str, Any]:
        """The entry as clients see it."""
        return {"status": self.status.value, "stage": self.stage and self.stage.value, "at": self.at}


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One verified picture of a result."""

    s3_url: str
    sha256: str
    width: int
    height: int
    content_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Job:
    """One row of ``vto-jobs``."""

    id: str
    user_id: str
    request_id: str
    request_fingerprint: str
    product_id: str
    model_id: str
    product_picture_s3_url: str
    model_picture_s3_url: str
    parameters: Parameters
    created_at: str
    updated_at: str
    status: Status
    version: int
    timeline: tuple[Change, ...]
    connection_id: str | None = None
    lane: Lane = Lane.SHOPPER
    stage: Stage | None = None
    result_s3_url: str | None = None
    images: tuple[StoredImage, ...] = ()
    mask_s3_url: str | None = None
    shown_s3_urls: tuple[str, ...] = ()
    """What shoppers are shown of ``images``, in their order (WebP); empty where that is the images themselves."""
    previews_s3_url: str | None = None
    """The small pictures that travel in messages; they themselves stand in no row."""
    requested_images: int = 1
    error_code: str | None = None
    error_message: str | None = None
    error_details: tuple[Mapping[str, str], ...] = ()
    engine: str | None = None
    seed: int | None = None
    seed_is_pinned: bool = True  # the request named it; a job of before this field is treated as if it did
    warnings: tuple[Mapping[str, str], ...] = ()
    cache_key: str | None = None
    source_pixels: int | None = None
    price_tier: int | None = None
    """The side of the tier in which the photo is paid for; known once it is validated."""
    body_bytes: int | None = None
    """Size of the request in the contract's form, which an engine may be too small for; known once it is validated."""
    adaptations: tuple[Mapping[str, str], ...] = ()
    eta_seconds: int | None = None
    notice: str | None = None
    """Why it waits without an estimate, in words for the shopper."""
    attempts: int = 0
    billable_calls: int = 0  # of this execution: those after which nothing says that they were not billed
    blocked_calls: int = 0  # of this execution: those whose results a content filter kept back, all of them
    failed_engines: tuple[str, ...] = ()
    """Of this execution: the engines that it was given up with, in their order; ``engine`` is the one after them."""
    call_turn: int = 0  # of this execution: which attempt of Invoke Model was the last to begin; an earlier one is late
    ledger: Ledger = ()
    """All calls, also of earlier executions, and the one for which money is set aside."""
    slot_round: int = 0
    slot_at: str | None = None
    is_promised: bool = False
    """Whether an equal finished result was there when it was created: whoever creates it gives it that, so the stream
    does not start it; the sweep does, if nothing comes of it."""
    turn: bool = False
    """Whether ``slot_at`` is a turn: not yet an instant of the engine's, but when it may try for one."""
    execution_arn: str | None = None
    open: str | None = None  # a row without it is a finished job: see create, complete and fail
    lease_until: str | None = None
    consented_at: str | None = None
    """The oldest consent that its pictures rest on; None where all of them are the shop's."""
    erased_at: str | None = None
    """When its owner had it erased: to everybody but the erasure it is gone, and its row goes as soon as nobody can
    write for it any more."""
    ttl: int | None = field(default=None, compare=False)
    revision: int = field(default=0, compare=False)
    """Counts every write, also those that extend a lease only; ``version`` counts what a client sees."""

    @classmethod
    def create(
        cls,
        *,
        job_id: str,
        user_id: str,
        request_id: str,
        request_fingerprint: str,
        product_id: str,
        product_picture_s3_url: str,
        model_id: str,
        model_picture_s3_url: str,
        parameters: Parameters,
        connection_id: str | None,
        now: datetime,
        retention_days: float,
        seed_is_pinned: bool = True,
        warnings: Iterable[Notice] = (),
        source_pixels: int | None = None,
        lane: Lane = Lane.SHOPPER,
        consented_at: str | None = None,
        cache_key: str | None = None,
        is_promised: bool = False,
    ) -> Self:
        """A new job: version 1, status ``created``, with a lease after which the sweep starts it."""
        at = times.to_iso(now)
        return cls(
            id=job_id,
            user_id=user_id,
            request_id=request_id,
            request_fingerprint=request_fingerprint,
            product_id=product_id,
            product_picture_s3_url=product_picture_s3_url,
            model_id=model_id,
            model_picture_s3_url=model_picture_s3_url,
            parameters=parameters,
            connection_id=connection_id,
            created_at=at,
            updated_at=at,
            status=Status.CREATED,
            version=1,
            timeline=(Change(Status.CREATED, at),),
            requested_images=parameters["imageGenerationConfig"]["numberOfImages"],
            seed=parameters["imageGenerationConfig"]["seed"],
            seed_is_pinned=seed_is_pinned,
            warnings=tuple(one.public() for one in warnings),
            source_pixels=source_pixels,
            lane=lane,
            consented_at=consented_at,
            cache_key=cache_key,
            is_promised=is_promised,
            open=OPEN,
            lease_until=times.after(now, START_LEASE_SECONDS),
            ttl=times.epoch(now, days=retention_days),
        )

    @property
    def waiting_since(self) -> str:
        """When the job was last ``created``: at its request, or when an operator put it back to be run again."""
        return next(change.at for change in reversed(self.timeline) if change.status is Status.CREATED)

    @property
    def latest_call(self) -> datetime:
        """Until when the job may wait for its call."""
        return times.from_iso(self.waiting_since) + timedelta(seconds=MAX_QUEUE_SECONDS[self.lane])

    def ensure_in_time(self, now: datetime, slack_seconds: float) -> None:
        """Check, before a slot is used, that the wait for it was no longer than promised.

        Raises:
            ExpiredError: The slot lay within the limit, but whoever uses it comes too late.
        """
        if self.stage is Stage.QUEUED and now > self.latest_call + timedelta(seconds=slack_seconds):
            raise ExpiredError(f"waiting since {self.waiting_since}")

    def takes_room(self, now: datetime) -> bool:
        """Whether the job counts as one of its owner's unfinished ones.

        One that was cancelled counts until its instant has passed: nobody else can use it, so whoever asks and cancels
        in turns must not take instants away from the others.
        """
        if self.status.is_terminal:
            return self.slot_at is not None and not self.turn and times.from_iso(self.slot_at) > now
        return True

    @property
    def seconds_by_stage(self) -> dict[str, float]:
        """How long the job was in each stage, its returns added up; ``created`` is the wait for its start."""
        spent: dict[str, float] = {}
        for change, following in pairwise(self.timeline):
            if not change.status.is_terminal:  # an operator put it back later: nobody worked on it meanwhile
                name = (change.stage or change.status).value
                seconds = (times.from_iso(following.at) - times.from_iso(change.at)).total_seconds()
                spent[name] = round(spent.get(name, 0.0) + seconds, 3)
        return spent

    def claimed(self, execution_arn: str, now: datetime, lease_seconds: float = START_LEASE_SECONDS) -> Self:
        """The job taken by an execution; one that has it already and is no further extends its lease only.

        Args:
            execution_arn: Who takes it.
            now: This moment.
            lease_seconds: How long its first step may take, its retries included.

        Raises:
            AlreadyClaimedError: Another execution has it, or is to have it; or it ended before any had it.
            JobClosedError: It has ended under this execution, or is further: this comes late.
        """
        if self.status is Status.CREATED and not self.waits_for_another_than(execution_arn):
            taken = replace(self, execution_arn=execution_arn, lease_until=times.after(now, lease_seconds))
            return taken._changed(Status.PROCESSING, now, Stage.VALIDATING)
        if self.execution_arn != execution_arn:
            raise AlreadyClaimedError(f"job {self.id} is {self.status.value} under {self.execution_arn}")
        return self.enter(Stage.VALIDATING, execution_arn=execution_arn, now=now, lease_seconds=lease_seconds)

    def put_back(self, now: datetime) -> Self:
        """A failed job as it is to run again: what its last execution counted and found is gone, its history is not.

        Raises:
            JobClosedError: It has not failed.
        """
        if self.status is not Status.ERROR:
            raise JobClosedError(f"job {self.id} is {self.status.value}: only one in error can be run again")
        blank = replace(
            self,
            error_code=None,
            error_message=None,
            error_details=(),
            engine=None,
            adaptations=(),
            eta_seconds=None,
            notice=None,
            billable_calls=0,
            blocked_calls=0,
            failed_engines=(),
            call_turn=0,
            slot_round=0,
            slot_at=None,
            execution_arn=None,
            is_promised=False,
            open=OPEN,
            lease_until=times.after(now, START_LEASE_SECONDS),
        )
        return blank._changed(Status.CREATED, now)

    def waits_for_another_than(self, execution_arn: str) -> bool:
        """Whether a job that was put back waits for its new execution: what is told late of the old one is not its.

        The new one is named by the version that the job was put back as (``Workflow.start``).
        """
        is_put_back = self.status is Status.CREATED and self.version > 1
        return is_put_back and not execution_arn.endswith(f":{self.id}-{self.version}")

    def ensure_worked_on_by(self, execution_arn: str) -> None:
        """Check that this execution may still change the job.

        Raises:
            JobClosedError: The job has ended, or another execution has claimed it.
        """
        if self.status is not Status.PROCESSING or self.execution_arn != execution_arn:
            raise JobClosedError(f"job {self.id} is {self.status.value} under {self.execution_arn}")

    def enter(self, stage: Stage, *, execution_arn: str, now: datetime, lease_seconds: float, **changes: Any) -> Self:
        """The job at a step of its execution, with a lease beyond that step.

        A step that is retried finds its stage already entered and extends the lease only: no new version, unless there
        is something else to tell.

        Args:
            stage: The step.
            execution_arn: The execution that asks.
            now: This moment.
            lease_seconds: How long the step may take, its retries included.
            changes: Other attributes that change with it.

        Raises:
            JobClosedError: The job has ended, belongs to another execution, or is further than this step: it is late.
        """
        self.ensure_worked_on_by(execution_arn)
        if self.stage in TOO_FAR_FOR[stage]:
            raise JobClosedError(f"job {self.id} is {self.stage.value} already: whoever would be {stage.value} is late")
        leased = replace(self, lease_until=times.after(now, lease_seconds), **changes)
        if self.stage is stage and self.notice == leased.notice:
            return leased
        return leased._changed(Status.PROCESSING, now, stage)

    def reserving(self, engine: str, price: int, now: datetime) -> Self:
        """The job with the money for its next call set aside (``price`` in ``micro_usd``), once."""
        return replace(self, ledger=book.reserved(self.ledger, engine, price, now))

    def call(self, turn: int, engine: str, price: int, now: datetime) -> Self:
        """The job with one more call of an engine, counted before it is made: a call that dies has been counted.

        A call whose results were all blocked is made once more with another seed, unless the request named its seed:
        the answer would be the same, and billed again.

        Args:
            turn: Which attempt of the step this is; later ones have greater numbers.
            engine: Who is called.
            price: What the call may cost, in ``micro_usd``.
            now: This moment.

        Raises:
            JobClosedError: A later attempt has begun: nobody waits for this one any longer.
            ResultsBlockedError: Another call would be no different.
            ModelTimeoutError: As many calls may have been billed as one execution may spend.
        """
        if turn < self.call_turn:
            raise JobClosedError(f"job {self.id}: attempt {self.call_turn} has begun, attempt {turn} is late")
        if self.blocked_calls > (0 if self.seed_is_pinned else 1):
            raise ResultsBlockedError(f"all results of {self.blocked_calls} call(s) were blocked")
        if self.billable_calls >= MAX_BILLABLE_CALLS:
            raise ModelTimeoutError(f"{self.billable_calls} calls may have been billed: no further one is made")
        seed: int = self.parameters["imageGenerationConfig"]["seed"]
        return replace(
            self,
            attempts=self.attempts + 1,
            billable_calls=self.billable_calls + 1,
            call_turn=turn,
            ledger=book.sent(self.ledger, self.attempts + 1, engine, price, now),
            seed=(seed + self.blocked_calls) % (MAX_SEED + 1),
        )

    def heard(self, call: int, now: datetime, *, is_blocked: bool) -> Self:
        """The job with what was heard of a call: all its results were blocked, or it was surely not billed.

        Raises:
            JobClosedError: Nobody waits for that any longer: a later call has begun, and this one counts as billed.
        """
        state = CallState.UNKNOWN if is_blocked else CallState.FAILED
        known = book.heard(self.ledger, call, state, now)
        if known == self.ledger:
            if call == self.attempts and any((one.call, one.state) == (call, state) for one in known):
                return self  # our own write, whose answer was lost: the SDK asked again and met itself
            raise JobClosedError(f"job {self.id}: call {call} is no longer awaited")
        if is_blocked:
            return replace(self, ledger=known, blocked_calls=self.blocked_calls + 1)
        return replace(self, ledger=known, billable_calls=self.billable_calls - 1)

    def settled(self, now: datetime, *, arrived: int | None = None) -> Self:
        """The job with no call awaited and no money set aside; ``arrived`` is the call that its pictures are of."""
        return replace(self, ledger=book.settled(self.ledger, now, arrived=arrived))

    @property
    def cost_usd(self) -> float:
        """What its calls may have cost, in US dollars: the shop's business, not the shopper's."""
        return book.cost(self.ledger) / book.MICRO

    @property
    def call_parameters(self) -> Parameters:
        """The parameters of the call that was counted last."""
        config = {**self.parameters["imageGenerationConfig"], "seed": self.seed}
        return {**self.parameters, "imageGenerationConfig": config}

    @property
    def keeps_its_seed(self) -> bool:
        """Whether the result is of the seed that the parameters say, and so is any equal request's result too."""
        return bool(self.seed == self.parameters["imageGenerationConfig"]["seed"])

    def complete(
        self,
        *,
        images: tuple[StoredImage, ...],
        mask_s3_url: str | None,
        engine: str,
        now: datetime,
        adaptations: tuple[Mapping[str, str], ...] = (),
        is_filtered: bool = False,
        shown_s3_urls: tuple[str, ...] = (),
        previews_s3_url: str | None = None,
    ) -> Self:
        """The job with its result; closed, so that neither the sweep nor a late step touches it again."""
        few = notices.of_delivery(self.requested_images, len(images), is_filtered=is_filtered)
        done = replace(
            self,
            images=images,
            warnings=(*self.warnings, *(one.public() for one in few)),
            result_s3_url=images[0].s3_url,
            mask_s3_url=mask_s3_url,
            shown_s3_urls=shown_s3_urls,
            previews_s3_url=previews_s3_url,
            engine=engine,
            adaptations=adaptations,
            ledger=book.settled(self.ledger, now),
            notice=None,
            eta_seconds=None,
            open=None,
            lease_until=None,
        )
        return done._changed(Status.COMPLETED, now)

    @property
    def was_given(self) -> bool:
        """Whether it was completed without an execution, by a finished result of an equal job."""
        return self.status is Status.COMPLETED and self.execution_arn is None

    @property
    def shown_images(self) -> tuple[StoredImage, ...]:
        """What shoppers are shown: ``images``, under the addresses and of the type in which they travel best."""
        if len(self.shown_s3_urls) != len(self.images):  # of an earlier version, or what was drawn cannot be a WebP
            return self.images
        pairs = zip(self.images, self.shown_s3_urls, strict=True)
        return tuple(replace(image, s3_url=url, content_type=SHOWN_TYPE) for image, url in pairs)

    def fail(self, error: VtoError, now: datetime) -> Self:
        """The job ended by an error.

        Raises:
            JobClosedError: It has already ended: the first end stands.
        """
        if self.status.is_terminal:
            raise JobClosedError(f"job {self.id} is already {self.status.value}")
        public = error.public()
        failed = replace(
            self,
            error_code=public["code"],
            error_message=public["message"],
            error_details=tuple(public["details"]),
            ledger=book.settled(self.ledger, now),
            notice=None,
            eta_seconds=None,
            open=None,
            lease_until=None,
        )
        return failed._changed(Status.ERROR, now)

    def erase(self, now: datetime) -> Self:
        """The job as one that is being erased: ended, if it had not, and nobody's any more."""
        ended = self if self.status.is_terminal else self.fail(ErasedError(f"job {self.id}"), now)
        return replace(ended, erased_at=times.to_iso(now))

    def _changed(self, status: Status, now: datetime, stage: Stage | None = None) -> Self:
        at = times.to_iso(now)
        return replace(
            self,
            status=status,
            stage=stage,
            version=self.version + 1,
            updated_at=at,
            timeline=(*self.timeline, Change(status, at, stage)),
        )

    def public(self, seq: int | None = None) -> dict[str, Any]:
        """The job as its owner may see it, without addresses: what a snapshot says besides its links.

        Args:
            seq: An earlier version to look back at; None for the current one.

        Returns:
            The fields of a snapshot but for ``images`` and ``mask``, which need presigned links.
        """
        seq = seq or self.version
        then = self.timeline[seq - 1]
        view: dict[str, Any] = {
            "id": self.id,
            "seq": seq,
            "status": then.status.value,
            "stage": then.stage and then.stage.value,
            "request_id": self.request_id,
            "product_id": self.product_id,
            "model_id": self.model_id,
            "created_at": self.created_at,
            "updated_at": then.at,
            "stages": [change.public() for change in self.timeline[:seq]],
            "eta_seconds": self.eta_seconds if seq == self.version else None,
            "notice": self.notice if seq == self.version else None,
            "requested_images": self.requested_images,
            "warnings": [dict(one) for one in self.warnings if one["path"] or then.status is Status.COMPLETED],
            "adaptations": [dict(one) for one in self.adaptations],
        }
        if then.status is Status.ERROR:
            view["error"] = public_error(self)
        if then.status is Status.COMPLETED:
            view["delivered_images"] = len(self.images)
            view["engine"] = self.engine
            view["seed"] = self.seed
        return view


def public_error(job: Job) -> dict[str, Any]:
    """The error of a failed job in the one form that all errors have."""
    from_code = {cls.code: cls for cls in all_errors().values()}.get(job.error_code or "")
    return {
        "code": job.error_code,
        "message": job.error_message,
        "details": [dict(one) for one in job.error_details],
        "retryable": from_code.retryable if from_code else False,
        "job_id": job.id,
    }


def execution_input(job_id: str) -> dict[str, Any]:
    """The blank form that an execution of the state machine fills in, step by step, each under its own key."""
    return {
        "v": 1,
        "job_id": job_id,
        "validation": {"twin_waits": 0},
        "slot": {"round": 0, "throttled": 0, "failed_engines": []},
        "generation": None,
        "failure": None,
    }
