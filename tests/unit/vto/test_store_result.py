"""State "Store Result": pictures first, status second, manifest third; safe to repeat after a crash at any point."""

import hashlib
import json
from typing import Any

import pytest

from tests.unit.vto.world import BLANK_SLOT, BOB, EXECUTION, GARMENT, RESULTS, World
from vto.domain import times
from vto.domain.engines import PROFILES, Adaptation
from vto.domain.job import Job, Stage, Status
from vto.domain.parameters import canonical
from vto.domain.pictures import Rendition
from vto.errors import (
    BadModelOutputError,
    JobClosedError,
    PictureRejectedError,
    ResultsBlockedError,
    StorageUnavailableError,
)
from vto.testing import FakePictures


def store(world: World, parts: tuple[dict[str, Any], dict[str, Any] | None], job_id: str = "job-1") -> dict[str, Any]:
    validation, generation = parts
    return world.store_result(job_id, EXECUTION, validation, generation)


def test_a_result_is_kept_byte_for_byte_under_the_jobs_own_name(world: World) -> None:
    world.engine.outcomes = [2]
    answer = store(world, world.generated_job())
    assert answer["images"] == [f"s3://{RESULTS}/results/job-1/{i}.png" for i in (0, 1)]
    assert world.result_object("0.png") == b"picture 0"
    assert world.result_object("1.png") == b"picture 1"


def test_the_job_is_completed_with_digest_size_and_engine_of_what_was_stored(world: World) -> None:
    answer = store(world, world.generated_job())
    job = world.jobs.rows["job-1"]
    (image,) = job.images
    assert (job.status, job.version, job.engine) == (Status.COMPLETED, answer["version"], "preview")
    assert image.sha256 == hashlib.sha256(world.result_object("0.png") or b"").hexdigest()
    assert (image.width, image.height, job.result_s3_url) == (800, 1200, image.s3_url)


def test_the_shopper_sees_every_stage_on_the_way(world: World) -> None:
    world.completed_job()
    assert [(change.status.value, change.stage) for change in world.jobs.rows["job-1"].timeline] == [
        ("created", None),
        ("processing", Stage.VALIDATING),
        ("processing", Stage.QUEUED),
        ("processing", Stage.GENERATING),
        ("processing", Stage.STORING),
        ("completed", None),
    ]


def test_operators_are_told_of_the_ending_once_also_when_the_step_is_repeated(world: World) -> None:
    parts = world.generated_job()
    store(world, parts)
    store(world, parts)
    (told,) = world.endings
    assert (told.id, told.status, told.engine) == ("job-1", Status.COMPLETED, "preview")


def test_every_object_of_a_result_says_whose_it_is(world: World) -> None:
    store(world, world.generated_job())
    for name in ("results/job-1/0.png", "results/job-1/result.json", "derived/job-1/0.webp"):
        assert world.pictures.user_metadata[f"s3://{RESULTS}/{name}"] == {"job-id": "job-1"}


def test_what_is_shown_lies_beside_the_engines_own_bytes(world: World) -> None:
    world.engine.outcomes = [2]
    store(world, world.generated_job())
    job = world.jobs.rows["job-1"]
    assert [one.s3_url for one in job.shown_images] == [f"s3://{RESULTS}/derived/job-1/{n}.webp" for n in (0, 1)]
    assert [world.pictures.objects[one.s3_url] for one in job.shown_images] == [b"shown:picture 0", b"shown:picture 1"]
    assert {one.content_type for one in job.shown_images} == {"image/webp"}
    assert {one.content_type for one in job.images} == {"image/png"}
    assert job.result_s3_url == f"s3://{RESULTS}/results/job-1/0.png"  # the published attribute: what the engine drew


def test_where_no_webp_can_be_made_the_originals_are_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.engine.outcomes = [2]
    parts = world.generated_job()
    made = iter([Rendition(8, 8, b"shown", b"preview"), Rendition(17_000, 8)])
    monkeypatch.setattr(world.tools, "rendition", lambda content: next(made))
    store(world, parts)
    job = world.jobs.rows["job-1"]
    assert (job.shown_images, job.previews_s3_url) == (job.images, None)
    assert not [one for one in world.pictures.objects if "/derived/" in one]


def test_a_mask_is_kept_too(world: World) -> None:
    validation, generation = world.generated_job()
    world.pictures.put(f"s3://{RESULTS}/generated/job-1/1/mask.png", b"mask")
    generation["mask"] = f"s3://{RESULTS}/generated/job-1/1/mask.png"
    store(world, (validation, generation))
    assert world.jobs.rows["job-1"].mask_s3_url == f"s3://{RESULTS}/results/job-1/mask.png"
    assert world.result_object("mask.png") == b"mask"


def test_the_manifest_is_written_last_and_says_what_the_job_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.generated_job()
    order: list[str] = []
    write = world.pictures.write

    def watched(url: Any, *args: Any) -> None:
        order.append(url.key)
        write(url, *args)

    monkeypatch.setattr(world.pictures, "write", watched)
    world.jobs.before_save = lambda job: order.append(f"{job.status}/{job.stage}")
    store(world, parts)
    assert order == [
        "processing/storing",
        "derived/job-1/0.webp",
        "derived/job-1/previews.json",
        "results/job-1/0.png",
        "completed/None",
        "results/job-1/result.json",
    ]
    manifest = json.loads(world.result_object("result.json") or b"")
    job = world.jobs.rows["job-1"]
    assert (manifest["job_id"], manifest["version"]) == ("job-1", job.version)
    assert manifest["images"] == [{"s3_url": image.s3_url, "sha256": image.sha256} for image in job.images]


class CrashError(Exception):
    """The function died."""


@pytest.mark.parametrize("crash_at", range(11))
@pytest.mark.parametrize("after", [True, False], ids=["after the write", "instead of the write"])
def test_a_crash_at_any_write_is_made_good_by_the_retry_without_another_call(crash_at: int, after: bool) -> None:
    world = World()
    world.engine.outcomes = [2]
    parts = world.generated_job()
    writes = [0]

    def dying(method: Any) -> Any:
        def wrapped(*args: Any, **options: Any) -> Any:
            writes[0] += 1
            if writes[0] == crash_at + 1:
                if after:
                    method(*args, **options)
                raise CrashError
            return method(*args, **options)

        return wrapped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.pictures, "write", dying(world.pictures.write))
        patch.setattr(world.jobs, "save", dying(world.jobs.save))
        patch.setattr(world.results, "put_ready", dying(world.results.put_ready))
        try:
            store(world, parts)
        except CrashError:
            assert crash_at < 9  # stage, two WebP, previews, the copies of the two pictures, status, manifest, offer
            store(world, parts)
    job = world.jobs.rows["job-1"]
    assert job.status is Status.COMPLETED
    assert job.version == len(job.timeline) == 6
    assert [world.result_object(f"{i}.png") for i in (0, 1)] == [b"picture 0", b"picture 1"]
    assert json.loads(world.result_object("result.json") or b"")["version"] == job.version
    assert len(world.engine.requests) == 1
    assert world.results.ready[job.cache_key or ""].job_id == "job-1"


def test_while_the_job_is_not_completed_there_is_no_manifest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.generated_job()

    def refuse(job: Any) -> None:
        if job.status is Status.COMPLETED:
            raise StorageUnavailableError

    world.jobs.before_save = refuse
    with pytest.raises(StorageUnavailableError):
        store(world, parts)
    assert world.result_object("result.json") is None


def test_a_picture_that_does_not_decode_is_the_engines_fault_and_nothing_is_kept(world: World) -> None:
    parts = world.generated_job()
    world.tools.problem = PictureRejectedError("is damaged")
    with pytest.raises(BadModelOutputError):
        store(world, parts)
    assert world.status_of() is Status.PROCESSING
    assert world.result_object("0.png") is None


def test_a_picture_that_is_not_there_is_the_engines_fault(world: World) -> None:
    validation, generation = world.generated_job()
    del world.pictures.objects[generation["images"][0]]
    with pytest.raises(BadModelOutputError):
        store(world, (validation, generation))


def test_when_storage_does_not_answer_the_step_can_be_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.generated_job()

    def fail(*args: object) -> None:
        raise StorageUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(FakePictures, "write", fail)
        with pytest.raises(StorageUnavailableError):
            store(world, parts)
    store(world, parts)
    assert world.status_of() is Status.COMPLETED


def test_a_picture_that_is_another_one_than_was_verified_is_no_result(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    validation, generation = world.generated_job()
    copy_all = world.pictures.copy_all

    def overwritten_meanwhile(copies: Any) -> None:
        world.pictures.put(generation["images"][0], b"not what was verified")
        copy_all(copies)

    monkeypatch.setattr(world.pictures, "copy_all", overwritten_meanwhile)
    with pytest.raises(BadModelOutputError, match="not there as it was verified"):
        store(world, (validation, generation))
    assert world.status_of() is Status.PROCESSING
    assert world.result_object("result.json") is None


def test_the_jobs_row_is_read_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.generated_job()
    reads: list[str] = []
    get = world.jobs.get
    monkeypatch.setattr(world.jobs, "get", lambda job_id: reads.append(job_id) or get(job_id))
    store(world, parts)
    assert reads == ["job-1"]


def test_another_execution_or_a_closed_job_keeps_nothing(world: World) -> None:
    validation, generation = world.generated_job()
    world.record_failure.lost("job-1", EXECUTION, "swept")
    before = dict(world.pictures.objects)
    for execution in (EXECUTION, "arn:execution:second"):
        with pytest.raises(JobClosedError):
            world.store_result("job-1", execution, validation, generation)
    assert world.pictures.objects == before


def test_a_job_that_is_ended_while_its_pictures_are_copied_stays_as_it_was_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = world.generated_job()
    write = world.pictures.write

    def swept_meanwhile(*args: Any) -> None:
        write(*args)
        world.record_failure.lost("job-1", EXECUTION, "swept")

    monkeypatch.setattr(world.pictures, "write", swept_meanwhile)
    with pytest.raises(JobClosedError):
        store(world, parts)
    assert world.jobs.rows["job-1"].error_code == "execution_lost"
    assert world.result_object("result.json") is None


def test_another_execution_cannot_repeat_a_completed_jobs_manifest(world: World) -> None:
    validation, generation = world.generated_job()
    store(world, (validation, generation))
    with pytest.raises(JobClosedError):
        world.store_result("job-1", "arn:execution:second", validation, generation)


# --- reuse ---


def test_a_finished_result_is_copied_to_the_second_job_without_a_call(world: World) -> None:
    world.completed_job("job-1")
    world.claimed_job("job-2", user_id=BOB)
    validation = world.validate_request("job-2", EXECUTION, 0)
    answer = store(world, (validation, None), "job-2")
    assert answer["reused"] is True
    assert world.result_object("0.png", "job-2") == b"picture 0"
    assert len(world.engine.requests) == 1
    job = world.jobs.rows["job-2"]
    assert (job.status, job.engine) == (Status.COMPLETED, "preview")


def test_a_result_is_offered_to_equal_requests_only_while_its_pictures_surely_live(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[int] = []
    monkeypatch.setattr(world.results, "put_ready", lambda key, result, *, ttl: offered.append(ttl))
    store(world, world.generated_job())
    assert offered == [times.epoch(world.clock.now(), days=29)]


def test_what_another_engine_made_in_place_of_the_preferred_one_is_not_offered(world: World) -> None:
    validation, generation = world.generated_job()
    store(world, (validation, {**generation, "engine": "nova_canvas"}))
    assert world.results.ready == {}


def test_an_answer_without_any_picture_is_bad_output_and_no_result(world: World) -> None:
    world.claimed_job()
    nothing = {"images": [], "mask": None, "warning": None, "engine": "preview"}
    with pytest.raises(BadModelOutputError):
        world.store_result("job-1", EXECUTION, {"cache_key": "key", "cached": None}, nothing)
    assert world.jobs.rows["job-1"].images == ()


def test_what_came_is_kept_when_the_filter_kept_some_back_and_the_job_says_so(world: World) -> None:
    parameters = canonical({**GARMENT, "imageGenerationConfig": {"numberOfImages": 3}})
    world.engine.outcomes = [2]
    job = world.completed_job(parameters=parameters)
    view = world.snapshots(job)
    assert (view["requested_images"], view["delivered_images"], len(view["images"])) == (3, 2, 2)
    (warning,) = view["warnings"]
    assert warning["code"] == "some_results_blocked"
    assert warning["message"] == "The content filter kept 1 of 3 pictures back; here is what came: 2 pictures."
    assert world.snapshots(job, job.version - 1)["warnings"] == []  # nobody knew of it then


def test_whoever_gets_the_same_result_again_is_told_that_there_is_no_more(world: World) -> None:
    parameters = canonical({**GARMENT, "imageGenerationConfig": {"numberOfImages": 3}})
    world.engine.outcomes = [1]
    world.completed_job(parameters=parameters)
    world.claimed_job("job-2", parameters=parameters)
    store(world, (world.validate_request("job-2", EXECUTION, 0), None), "job-2")
    assert [one["code"] for one in world.jobs.rows["job-2"].warnings] == ["fewer_results"]


def test_an_engine_that_makes_fewer_for_another_reason_is_not_said_to_have_filtered(world: World) -> None:
    parameters = canonical({**GARMENT, "imageGenerationConfig": {"numberOfImages": 2}})
    validation, generation = world.generated_job(parameters=parameters)
    store(world, (validation, {**generation, "warning": None}))
    (warning,) = world.snapshots(world.jobs.rows["job-1"])["warnings"]
    assert warning["message"] == "2 pictures were asked for, and here is what there is: one picture."


def test_a_whole_result_has_no_warning(world: World) -> None:
    assert world.snapshots(world.completed_job())["warnings"] == []


def test_what_was_made_with_another_seed_is_not_offered_to_those_who_ask_for_this_one(world: World) -> None:
    world.claimed_job(seed_is_pinned=False)
    validation = world.validate_request("job-1", EXECUTION, 0)
    slot = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    world.engine.outcomes = [ResultsBlockedError("all of them")]
    with pytest.raises(ResultsBlockedError):
        world.invoke_model("job-1", EXECUTION, validation, slot)
    store(world, (validation, world.invoke_model("job-1", EXECUTION, validation, slot)))
    assert (world.results.ready, world.results.claims) == ({}, {})
    assert world.snapshots(world.jobs.rows["job-1"])["seed"] == 13


def test_a_job_whose_first_engine_cannot_do_it_shares_the_result_of_the_one_that_can(world: World) -> None:
    world.engine_order = ["fashn_api", "preview"]
    prompt = canonical({"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}})
    first = world.completed_job(parameters=prompt)
    assert first.engine == "preview"
    world.claimed_job("job-2", parameters=prompt)
    assert world.validate_request("job-2", EXECUTION, 0)["reuse"] == "ready"


def test_what_the_engine_itself_told_stands_beside_what_it_declares_also_where_the_result_is_reused(
    world: World,
) -> None:
    told = Adaptation("images", "batch=1, for want of GPU memory")
    world.engine_order = ["fashn_api"]
    validation, generation = world.generated_job()
    store(world, (validation, {**generation, "adaptations": [told.public()]}))
    declared = [one.public() for one in PROFILES["fashn_api"].always]
    assert world.jobs.rows["job-1"].public()["adaptations"] == [*declared, told.public()]
    world.claimed_job("job-2")
    world.store_result("job-2", EXECUTION, world.validate_request("job-2", EXECUTION, 0), None)
    assert world.jobs.rows["job-2"].public()["adaptations"] == [*declared, told.public()]


def test_a_reused_result_tells_what_its_engine_did_otherwise(world: World) -> None:
    world.engine_order = ["fashn_api"]
    world.completed_job()
    world.claimed_job("job-2")
    validation = world.validate_request("job-2", EXECUTION, 0)
    world.store_result("job-2", EXECUTION, validation, None)
    told = world.jobs.rows["job-2"].public()["adaptations"]
    assert [one["path"] for one in told] == ["parameters.mergeStyle", "images"]


def test_a_write_that_the_sdk_repeated_because_its_answer_was_lost_is_not_taken_for_somebody_elses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = world.generated_job()
    save = world.jobs.save

    def save_twice(job: Job, *, expected_version: int) -> None:
        was_completed = world.jobs.rows[job.id].status is Status.COMPLETED
        save(job, expected_version=expected_version)
        if job.status is Status.COMPLETED and not was_completed:
            save(job, expected_version=expected_version)  # meets the first one: VersionConflictError

    monkeypatch.setattr(world.jobs, "save", save_twice)
    store(world, parts)
    assert f"s3://{RESULTS}/results/job-1/result.json" in world.pictures.objects
    assert world.results.ready
    assert world.results.claims == {}
