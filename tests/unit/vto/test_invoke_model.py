"""State "Invoke Model": one call of one engine, counted before it is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BLANK_SLOT, EXECUTION, GARMENT, RESULTS, UPLOADS, World, photo, shirt
from vto.domain import times
from vto.domain.engines import PROFILES, identity
from vto.domain.health import GONE_SECONDS, Door
from vto.domain.job import Job, Stage
from vto.domain.ledger import CallState
from vto.domain.pacing import Lane
from vto.domain.parameters import MAX_SEED, canonical
from vto.domain.storage import S3Url
from vto.errors import (
    JobClosedError,
    ModelAccessDeniedError,
    ModelFailedError,
    ModelQuotaExceededError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    PictureBlockedError,
    PictureMissingError,
    PromptBlockedError,
    ResultsBlockedError,
    StorageUnavailableError,
    VtoError,
)
from vto.ports import TryOnRequest
from vto.use_cases.validate_request import CLAIM_SECONDS


def prepared(world: World, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A job that is ready to be generated: what Validate Request and Reserve Slot answered."""
    world.claimed_job(**changes)
    return world.validate_request("job-1", EXECUTION, 0), world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)


def invoke(world: World, parts: tuple[dict[str, Any], dict[str, Any]], execution: str = EXECUTION) -> dict[str, Any]:
    return world.invoke_model("job-1", execution, *parts)


def test_the_engine_gets_the_prepared_pictures_the_canonical_parameters_and_a_place_for_its_answer(
    world: World,
) -> None:
    invoke(world, prepared(world))
    (request,) = world.engine.requests
    assert (str(request.source), str(request.reference)) == (photo().prepared_s3_url, shirt().prepared_s3_url)
    assert request.mask is None
    assert request.parameters["imageGenerationConfig"]["seed"] == 12
    assert request.output == S3Url(RESULTS, "generated/job-1/1/")


def test_a_drawn_mask_goes_along(world: World) -> None:
    drawn = f"s3://{UPLOADS}/masks/users/alice/m.png"
    world.pictures.put(drawn, b"drawn")
    invoke(
        world,
        prepared(world, parameters=canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": drawn}})),
    )
    assert str(world.engine.requests[0].mask) == f"s3://{UPLOADS}/prepared/masks/job-1/mask.png"


def test_an_engine_that_is_sent_pictures_gets_what_is_being_read_already(world: World) -> None:
    world.engine_order = ["nova_canvas"]
    invoke(world, prepared(world))
    pictures = [world.pictures.objects[one.prepared_s3_url or ""] for one in (photo(), shirt())]
    assert [one() for one in world.engine.requests[0].begun] == pictures


def test_one_that_reads_by_itself_gets_addresses_only(world: World) -> None:
    invoke(world, prepared(world))
    assert world.engine.requests[0].begun == ()


def test_all_that_is_read_first_is_under_way_before_the_call_is_written_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine_order = ["nova_canvas"]
    parts = prepared(world)
    order: list[str] = []

    @contextmanager
    def noting() -> Iterator[Any]:
        def begin(call: Any) -> Any:
            order.append("begun")
            return call

        yield begin

    world.jobs.before_save = lambda job: order.append(f"{job.stage}")
    replace(world.invoke_model, meanwhile=noting)("job-1", EXECUTION, *parts)
    assert order == ["begun", "begun", "begun", "generating"]  # the finished result, the photo, the product


def test_a_picture_that_is_gone_is_told_after_the_call_was_written_down_as_one_that_was_never_made(
    world: World,
) -> None:
    world.engine_order = ["nova_canvas"]
    parts = prepared(world)
    del world.pictures.objects[photo().prepared_s3_url or ""]
    make = world.engine.generate

    def generate(request: TryOnRequest) -> Any:
        for one in request.begun:
            one()
        return make(request)

    world.engine.generate = generate  # type: ignore[method-assign]
    with pytest.raises(PictureMissingError):
        invoke(world, parts)
    job = world.jobs.rows["job-1"]
    assert (job.attempts, job.billable_calls) == (1, 0)


def test_the_answer_names_pictures_and_engine(world: World) -> None:
    world.engine.outcomes = [2]
    assert invoke(world, prepared(world)) == {
        "images": (f"s3://{RESULTS}/generated/job-1/1/0.png", f"s3://{RESULTS}/generated/job-1/1/1.png"),
        "mask": None,
        "warning": None,
        "adaptations": (),
        "engine": "preview",
    }


def test_the_job_is_generating_and_leased_for_longer_than_the_call_and_its_retry_may_take(world: World) -> None:
    invoke(world, prepared(world))
    job = world.jobs.rows["job-1"]
    lease = (times.from_iso(job.lease_until or "") - world.clock.now()).total_seconds()
    assert job.stage is Stage.GENERATING
    assert lease > 2 * PROFILES["preview"].timeout_seconds


@pytest.mark.parametrize("problem", [ModelUnavailableError("down"), ModelTimeoutError("slow")])
def test_a_call_is_counted_before_it_is_made_and_an_error_goes_to_the_state_machine_as_it_is(
    world: World, problem: VtoError
) -> None:
    parts = prepared(world)
    world.engine.outcomes = [problem]
    with pytest.raises(type(problem)):
        invoke(world, parts)
    assert world.jobs.rows["job-1"].attempts == 1


def test_each_call_has_a_place_of_its_own_so_that_a_late_answer_overwrites_nothing(world: World) -> None:
    parts = prepared(world)
    world.engine.outcomes = [ModelTimeoutError("slow")]
    with pytest.raises(ModelTimeoutError):
        invoke(world, parts)
    version = world.jobs.rows["job-1"].version
    answer = invoke(world, parts)
    assert answer["images"] == (f"s3://{RESULTS}/generated/job-1/2/0.png",)
    assert world.jobs.rows["job-1"].version == version


def test_no_call_is_made_for_a_job_that_belongs_to_another_execution_or_has_ended(world: World) -> None:
    parts = prepared(world)
    with pytest.raises(JobClosedError):
        invoke(world, parts, execution="arn:execution:second")
    world.record_failure.lost("job-1", EXECUTION, "swept")
    with pytest.raises(JobClosedError):
        invoke(world, parts)
    assert world.engine.requests == []


def test_results_of_different_models_or_engines_are_told_apart() -> None:
    identities = {
        *(identity(name, {name: "version-1"}) for name in PROFILES),
        identity("nova_canvas", {"nova_canvas": "version-2"}),
        identity("sagemaker", {"sagemaker": "version-2"}),
    }
    assert len(identities) == len(PROFILES) + 2
    assert identity("preview", {"preview": "1"}) == identity("preview", {})  # its version is ours, not a deployment's


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_engines_own_clock_rings_before_the_state_machines(profile: Any) -> None:
    assert profile.read_timeout_seconds < profile.timeout_seconds
    assert profile.usual_seconds < profile.read_timeout_seconds


# --- what may be spent ------------------------------------------------------------------------------------------------


def seeds(world: World) -> list[int]:
    return [one.parameters["imageGenerationConfig"]["seed"] for one in world.engine.requests]


def test_blocked_results_are_made_anew_with_the_next_seed_and_the_job_says_which(world: World) -> None:
    parts = prepared(world, seed_is_pinned=False)
    world.engine.outcomes = [ResultsBlockedError("all of them")]
    with pytest.raises(ResultsBlockedError):
        invoke(world, parts)
    invoke(world, parts)
    assert seeds(world) == [12, 13]
    assert world.jobs.rows["job-1"].seed == 13


def test_the_seed_after_the_largest_is_0(world: World) -> None:
    parameters = canonical({**GARMENT, "imageGenerationConfig": {"seed": MAX_SEED}})
    parts = prepared(world, seed_is_pinned=False, parameters=parameters)
    world.engine.outcomes = [ResultsBlockedError("all of them")]
    with pytest.raises(ResultsBlockedError):
        invoke(world, parts)
    invoke(world, parts)
    assert seeds(world) == [MAX_SEED, 0]


@pytest.mark.parametrize(("pinned", "calls"), [(True, 1), (False, 2)])
def test_blocked_results_are_final_after_one_call_with_a_pinned_seed_and_after_two_without(
    world: World, pinned: bool, calls: int
) -> None:
    parts = prepared(world, seed_is_pinned=pinned)
    world.engine.outcomes = [ResultsBlockedError("all of them") for _ in range(9)]
    for _ in range(4):
        with pytest.raises(ResultsBlockedError):
            invoke(world, parts)
    assert len(world.engine.requests) == calls


@pytest.mark.parametrize("problem", [ModelTimeoutError("slow"), ModelFailedError("broke"), KeyError("a crash")])
def test_a_third_call_is_never_made_when_two_may_have_been_billed(
    world: World, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = prepared(world)
    calls = []

    def generate(request: Any) -> Any:
        calls.append(request)
        raise problem

    monkeypatch.setattr(world.engine, "generate", generate)
    for _ in range(2):
        with pytest.raises(type(problem)):
            invoke(world, parts)
    with pytest.raises(ModelTimeoutError, match="2 calls may have been billed"):
        invoke(world, parts)
    assert len(calls) == 2


@pytest.mark.parametrize(
    "problem",
    [
        ModelThrottledError,
        ModelUnavailableError,
        ModelRetiredError,
        ModelQuotaExceededError,
        ModelAccessDeniedError,
        ModelRefusedError,
        PictureBlockedError,
        PromptBlockedError,
    ],
)
def test_a_call_that_surely_made_nothing_does_not_count_as_billed(world: World, problem: type[VtoError]) -> None:
    parts = prepared(world)
    world.engine.outcomes = [problem() for _ in range(5)]
    for _ in range(5):
        with pytest.raises(problem):
            invoke(world, parts)
        world.controls.health.clear()  # whether it is asked again is another matter
    job = world.jobs.rows["job-1"]
    assert (job.attempts, job.billable_calls) == (5, 0)


def test_a_call_of_which_nothing_could_be_written_down_counts_as_billed_and_its_error_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = prepared(world)
    save = world.jobs.save

    def generate(_: Any) -> Any:
        monkeypatch.setattr(world.jobs, "save", broken)
        raise ModelUnavailableError("down")

    def broken(*_: Any, **__: Any) -> None:
        raise StorageUnavailableError("down too")

    monkeypatch.setattr(world.engine, "generate", generate)
    with pytest.raises(ModelUnavailableError):
        invoke(world, parts)
    monkeypatch.setattr(world.jobs, "save", save)
    assert world.jobs.rows["job-1"].billable_calls == 1


def test_the_engine_gets_what_it_honours_and_the_job_keeps_what_was_asked(world: World) -> None:
    world.engine_order = ["fashn_api"]
    asked = canonical(
        {
            "maskType": "GARMENT",
            "garmentBasedMask": {"garmentClass": "UPPER_BODY", "garmentStyling": {"tuckingStyle": "TUCKED"}},
            "imageGenerationConfig": {"numberOfImages": 5},
        }
    )
    invoke(world, prepared(world, parameters=asked))
    given = world.engine.requests[0].parameters
    assert given["imageGenerationConfig"]["numberOfImages"] == 4
    assert given["garmentBasedMask"] == {"garmentClass": "UPPER_BODY", "garmentStyling": {}}
    assert world.jobs.rows["job-1"].parameters == asked
    assert world.jobs.rows["job-1"].requested_images == 5


def test_a_worker_that_comes_after_the_next_attempt_has_begun_calls_nobody(world: World) -> None:
    parts = prepared(world)
    world.invoke_model("job-1", EXECUTION, *parts, retry=1)
    with pytest.raises(JobClosedError, match="late"):
        world.invoke_model("job-1", EXECUTION, *parts, retry=0)
    assert len(world.engine.requests) == world.jobs.rows["job-1"].attempts == 1


def test_a_worker_that_comes_when_the_result_is_being_stored_calls_nobody_and_changes_nothing(world: World) -> None:
    parts = prepared(world)
    invoke(world, parts)
    world.jobs.rows["job-1"] = world.jobs.rows["job-1"].enter(
        Stage.STORING, execution_arn=EXECUTION, now=world.clock.now(), lease_seconds=60
    )
    before = world.jobs.rows["job-1"]
    with pytest.raises(JobClosedError, match="late"):
        invoke(world, parts)
    assert (world.jobs.rows["job-1"], len(world.engine.requests)) == (before, 1)


def test_a_call_after_another_slot_is_the_next_turn(world: World) -> None:
    validation, slot = prepared(world)
    world.engine.outcomes = [ModelThrottledError()]
    with pytest.raises(ModelThrottledError):
        world.invoke_model("job-1", EXECUTION, validation, slot, retry=3)
    again = world.reserve_slot("job-1", EXECUTION, slot, {"Error": "ModelThrottledError", "Cause": "{}"})
    world.invoke_model("job-1", EXECUTION, validation, again)
    assert len(world.engine.requests) == 2


@pytest.mark.parametrize("refusal", [ModelUnavailableError, ModelThrottledError, ResultsBlockedError])
def test_the_sdk_that_notes_a_refusal_twice_and_meets_itself_does_not_end_the_job(
    world: World, refusal: type[VtoError], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = prepared(world)
    save = world.jobs.save

    def save_and_ask_again(job: Job, **options: Any) -> None:
        save(job, **options)
        if job.ledger[-1].state in (CallState.FAILED, CallState.UNKNOWN):
            monkeypatch.undo()
            save(job, **options)

    monkeypatch.setattr(world.jobs, "save", save_and_ask_again)
    world.engine.outcomes = [refusal("no")]
    with pytest.raises(refusal):
        invoke(world, parts)
    job = world.jobs.rows["job-1"]
    is_blocked = refusal is ResultsBlockedError
    assert (job.billable_calls, job.blocked_calls) == ((1, 1) if is_blocked else (0, 0)), "counted once"


@pytest.mark.parametrize("lane", Lane)
def test_a_job_that_has_ended_does_not_keep_others_from_trying_an_engine(world: World, lane: Lane) -> None:
    parts = prepared(world, lane=lane)
    validation, slot = parts[0], {**parts[1], "turn": lane is Lane.BATCH}
    world.cancel_try_on("job-1", ALICE)
    world.controls.fail_engine("preview", "job-9", world.clock.now(), gone=True, reason="model_retired")
    world.clock.advance(GONE_SECONDS)
    with pytest.raises(JobClosedError):
        invoke(world, (validation, slot))
    assert world.controls.door("preview", "job-2", world.clock.now()) is Door.HALF_OPEN


@pytest.mark.parametrize("queued", [60, CLAIM_SECONDS + 60])
def test_while_a_job_makes_a_picture_an_equal_one_waits_however_long_it_stood_in_the_queue(
    world: World, queued: int
) -> None:
    parts = prepared(world, lane=Lane.BATCH)
    world.clock.advance(queued)
    generate, reuse = world.engine.generate, []

    def generate_while_another_asks(request: Any) -> Any:
        world.claimed_job("job-2", "arn:execution:second")
        reuse.append(world.validate_request("job-2", "arn:execution:second", 0)["reuse"])
        return generate(request)

    world.engine.generate = generate_while_another_asks  # type: ignore[method-assign]
    invoke(world, parts)
    assert reuse == ["twin"]


def test_a_claim_that_cannot_be_renewed_keeps_nobody_from_the_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = prepared(world, lane=Lane.BATCH)
    world.clock.advance(CLAIM_SECONDS)

    def fail(*_: Any, **__: Any) -> bool:
        raise StorageUnavailableError("down")

    monkeypatch.setattr(world.results, "claim", fail)
    assert invoke(world, parts)["engine"] == "preview"
