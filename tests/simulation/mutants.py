"""Planted bugs: the real code with one protection taken out, each of which the checker has to notice.

A checker that has never complained is worth nothing; these are what it has complained about.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from tests.contract import deployed
from tests.simulation import exams, repair, simulation
from tests.simulation.device import Device
from tests.simulation.exams import Exam
from tests.simulation.faults import Fault
from tests.simulation.ports import StreamedJobs
from vto.domain import job as job_module
from vto.domain.budgets import Booking
from vto.domain.job import Job, Status
from vto.domain.ledger import CallState, Ledger
from vto.domain.results import Kept
from vto.domain.storage import result_key
from vto.ports import CachedResult, Connection, DeliveryClaim, ResultClaim
from vto.testing import FakeBudgets, FakeControls, FakeJobs, FakeResults
from vto.use_cases import cancel_try_on, create_try_on, invoke_model, reconcile_uploads, validate_request
from vto.use_cases.changing_jobs import change_job
from vto.use_cases.finish_result import FinishResult
from vto.use_cases.publish_job import PublishJob
from vto.use_cases.store_result import StoreResult
from vto.use_cases.sweep_jobs import SweepJobs


@dataclass(frozen=True)
class Mutant:
    """One planted bug.

    Args:
        name: What was done to the code.
        plant: Does it.
        exam: The run that notices.
        says: Words of the complaint.
    """

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]
    exam: Exam
    says: str


def _write_without_condition(patch: pytest.MonkeyPatch) -> None:
    def save(self: FakeJobs, job: Job, *, expected_version: int, booking: Any = None) -> None:
        if booking is not None:
            self.budgets.book(booking)
        self._write(replace(job, revision=job.revision + 1))

    patch.setattr(FakeJobs, "save", save)


def _claim_of_anybody(patch: pytest.MonkeyPatch) -> None:
    original = Job.claimed

    def claimed(self: Job, execution_arn: str, now: Any, lease_seconds: float = 60) -> Job:
        if self.status is Status.PROCESSING:
            return replace(self, execution_arn=execution_arn)
        return original(self, execution_arn, now, lease_seconds)

    patch.setattr(Job, "claimed", claimed)


def _new_id_each_time(patch: pytest.MonkeyPatch) -> None:
    numbers = count()
    patch.setattr(create_try_on.uuid, "uuid5", lambda namespace, name: UUID(int=next(numbers)))


def _push_without_asking(patch: pytest.MonkeyPatch) -> None:
    def claim_delivery(*arguments: Any) -> DeliveryClaim:
        return DeliveryClaim(granted=True)

    patch.setattr(FakeControls, "claim_delivery", claim_delivery)


def _throttled_without_slot(patch: pytest.MonkeyPatch) -> None:
    machine = deepcopy(simulation._definition())
    machine["States"]["Invoke Model"]["Retry"][2]["ErrorEquals"].append("ModelThrottledError")
    patch.setattr(simulation, "_definition", lambda: machine)


def _status_before_pictures(patch: pytest.MonkeyPatch) -> None:
    def complete(self: StoreResult, known: Job, arn: str, made: Mapping[str, Any], read: Any, *_: Any) -> Job:
        drawn = [self._verified(f"{i}.png", one, read[one]) for i, one in enumerate(made["images"])]
        kept = Kept.of(known.id, self.results_bucket, drawn, None)
        done = change_job(
            self.jobs,
            known.id,
            lambda job: job.complete(images=kept.images, mask_s3_url=None, engine=made["engine"], now=self.clock.now()),
        )
        self.pictures.copy_all(kept.copies)
        self.pictures.write_all(kept.objects)
        return done

    patch.setattr(StoreResult, "_complete", complete)


def _sweep_ends_what_nobody_started(patch: pytest.MonkeyPatch) -> None:
    def start(self: SweepJobs, job: Job) -> str:
        return self._end(job, self.workflow.execution_of(job.id))

    patch.setattr(SweepJobs, "_start", start)


def _leases_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(StreamedJobs, "overdue", lambda self, now, **page: ([], None))


def _nobody_finishes_a_result(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FinishResult, "__call__", lambda self, job: None)


def _every_object_is_registered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile_uploads, "is_unregistered", lambda *told: False)


def _only_who_asked_is_told(patch: pytest.MonkeyPatch) -> None:
    def sockets(self: PublishJob, job: Job) -> list[Connection]:
        asked = self.connections.get(job.connection_id) if job.connection_id else None
        return [asked] if asked is not None else []

    patch.setattr(PublishJob, "_sockets", sockets)


def _told_is_whoever_has_the_socket(patch: pytest.MonkeyPatch) -> None:
    original = PublishJob._sockets

    def sockets(self: PublishJob, job: Job) -> list[Connection]:
        asked = self.connections.get(job.connection_id) if job.connection_id else None
        return [*original(self, job), *([asked] if asked is not None and asked.user_id != job.user_id else [])]

    patch.setattr(PublishJob, "_sockets", sockets)
    patch.setattr(PublishJob, "_is_still_the_owners", lambda self, job, connection: True)


def _cache_key_without_owner(patch: pytest.MonkeyPatch) -> None:
    original = validate_request.cache_key
    patch.setattr(validate_request, "cache_key", lambda **parts: original(**{**parts, "owner": None}))


def _an_end_after_the_end(patch: pytest.MonkeyPatch) -> None:
    original = Job.fail

    def fail(self: Job, error: Any, now: Any) -> Job:
        return original(replace(self, status=Status.PROCESSING), error, now)

    patch.setattr(Job, "fail", fail)


def _calls_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Job, "call", lambda self, turn, engine, price, now: self)


def _no_limit_of_calls(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(job_module, "MAX_BILLABLE_CALLS", 99)


def _no_single_flight(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeResults, "claim", lambda *arguments, **named: ResultClaim(granted=True))


def _claims_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeResults, "release", lambda self, key, job_id: None)


def _claims_are_kept_for_good(patch: pytest.MonkeyPatch) -> None:
    _claims_are_kept(patch)
    patch.setattr(validate_request.ValidateRequest, "_dead", lambda self, holder, now: None)


def _client_shows_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Device, "is_news", lambda self, job_id, seq: True)


def _nobody_is_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(job_module, "TOO_FAR_FOR", dict.fromkeys(job_module.Stage, ()))


def _every_turn_may_call(patch: pytest.MonkeyPatch) -> None:
    original = Job.call
    patch.setattr(Job, "call", lambda self, turn, *rest: original(replace(self, call_turn=0), turn, *rest))


def _what_failed_does_not_come_again(patch: pytest.MonkeyPatch) -> None:
    def served(entries: Any, serve: Callable[[Any], object]) -> dict[str, Any]:
        original(entries, serve)
        return {"batchItemFailures": []}

    app = deployed.module("publish_job")
    original = app.with_partial_failures
    patch.setattr(app, "with_partial_failures", served)


def _cancels_too_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cancel_try_on, "TOO_LATE", ())


def _results_are_offered_before_they_are_there(patch: pytest.MonkeyPatch) -> None:
    """An equal request is answered with a result that is still being made."""
    original = FakeResults.claim

    def claim(self: FakeResults, key: str, job_id: str, now: Any, **named: Any) -> ResultClaim:
        answer = original(self, key, job_id, now, **named)
        if answer.granted:
            url = f"s3://vto-results-123456789012-us-east-1/{result_key(job_id, '0.png')}"
            self.ready[key] = CachedResult(job_id, (url,), None, "preview")
            self.expiry[key] = 2**33
        return answer

    patch.setattr(FakeResults, "claim", claim)


def _refunds_are_dropped(patch: pytest.MonkeyPatch) -> None:
    original = FakeBudgets.book

    def book(self: FakeBudgets, booking: Booking) -> None:
        original(self, replace(booking, moves=tuple(one for one in booking.moves if one.micro_usd > 0)))

    patch.setattr(FakeBudgets, "book", book)


def _budgets_take_everything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Booking, "ensure_fits", lambda self, spent, *, is_stopped: None)


def _the_switch_is_looked_at_only_in_the_queue(patch: pytest.MonkeyPatch) -> None:
    original = Booking.ensure_fits
    patch.setattr(Booking, "ensure_fits", lambda self, spent, *, is_stopped: original(self, spent, is_stopped=False))


def _what_may_be_billed_is_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(invoke_model, "MAY_BE_BILLED", ())


def _a_job_that_ends_keeps_its_money(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(job_module.book, "settled", lambda ledger, now, *, arrived=None: ledger)


def _the_ledger_is_written_after_the_call(patch: pytest.MonkeyPatch) -> None:
    original = job_module.book.sent

    def sent(ledger: Ledger, call: int, *rest: Any) -> Ledger:
        return tuple(
            replace(one, state=CallState.RESERVED) if one.call == call else one for one in original(ledger, call, *rest)
        )

    patch.setattr(job_module.book, "sent", sent)


SPENDS = exams.engine_says(Fault.FAIL_AFTER, Fault.THROTTLE, Fault.FAIL_AFTER)
MUTANTS = [
    Mutant(
        "a status is written whatever was written since it was read",
        _write_without_condition,
        exams.aborted_while_a_write_is_on_its_way,
        "I3",
    ),
    Mutant("a job is claimed whoever works on it", _claim_of_anybody, exams.started_twice, "went from arn"),
    Mutant("a request sent again gets another job", _new_id_each_time, exams.quiet_day, "I1"),
    Mutant("a version is pushed whoever has pushed it", _push_without_asking, exams.quiet_day, "was pushed"),
    Mutant(
        "a throttled call is repeated without a slot",
        _throttled_without_slot,
        exams.engine_says(Fault.THROTTLE),
        "pacing",
    ),
    Mutant("the status is written before the pictures", _status_before_pictures, exams.quiet_day, "I5"),
    Mutant("the sweep ends what nobody has started", _sweep_ends_what_nobody_started, exams.nobody_starts, "although"),
    Mutant("a lease that has run out is not noticed", _leases_never_end, exams.nobody_starts, "I2"),
    Mutant("only the socket that asked is told", _only_who_asked_is_told, exams.quiet_day, "I6"),
    Mutant("whoever has the socket now is told", _told_is_whoever_has_the_socket, exams.reused_socket, "I7"),
    Mutant("the cache key does not name the owner", _cache_key_without_owner, exams.quiet_day, "I7"),
    Mutant("a job that has ended can fail", _an_end_after_the_end, exams.one_fault("Notify", Fault.KILL), "I3"),
    Mutant("a call is not counted before it is made", _calls_are_not_counted, exams.quiet_day, "I12"),
    Mutant("a job may call as often as it likes", _no_limit_of_calls, SPENDS, "may have been billed"),
    Mutant("equal requests are made at the same time", _no_single_flight, exams.quiet_day, "for one cache key"),
    Mutant("a job that fails keeps its claim", _claims_are_kept, exams.one_fault("Store", Fault.KILL), "claim"),
    Mutant("a refund is dropped", _refunds_are_dropped, exams.budget_for_three, "I12"),
    Mutant("a budget takes whatever is asked of it", _budgets_take_everything, exams.budget_for_three, "more than its"),
    Mutant(
        "the switch is looked at only in the queue",
        _the_switch_is_looked_at_only_in_the_queue,
        exams.spending_is_stopped,
        "called after the stop",
    ),
    Mutant("what may be billed is given back", _what_may_be_billed_is_given_back, SPENDS, "money was given back"),
    Mutant("a job that ends keeps its money", _a_job_that_ends_keeps_its_money, SPENDS, "its ledger awaits"),
    Mutant("a call is written down after it was made", _the_ledger_is_written_after_the_call, SPENDS, "I4"),
    Mutant("a client shows every frame", _client_shows_everything, exams.one_fault("send", Fault.DUPLICATE), "I6"),
    Mutant(
        "a late worker takes its job back",
        _nobody_is_late,
        exams.a_late_worker("Validate"),
        "back to",
    ),
    Mutant("a late worker calls the engine", _every_turn_may_call, exams.a_late_worker("Invoke"), "I4"),
    Mutant(
        "a record that failed does not come again", _what_failed_does_not_come_again, exams.only_the_stream_tells, "I6"
    ),
    Mutant("whoever is late may cancel too", _cancels_too_late, exams.cancelled_at_every_moment, "while it was"),
    Mutant(
        "a cancelled job keeps its claim",
        _claims_are_kept_for_good,
        exams.cancelled_at_every_moment,
        "waited for a claim",
    ),
    Mutant(
        "a result without its manifest is left so",
        _nobody_finishes_a_result,
        repair.killed_between_the_status_and_the_manifest,
        "no manifest",
    ),
    Mutant(
        "an object is taken for registered",
        _every_object_is_registered,
        repair.no_event_of_an_upload_ever_comes,
        "not registered",
    ),
    Mutant(
        "a result is offered before it is made", _results_are_offered_before_they_are_there, exams.quiet_day, "although"
    ),
]
