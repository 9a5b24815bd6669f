"""State "Validate Request": pictures are checked once more before money is spent, and equal results are found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BLANK_SLOT, BOB, EXECUTION, GARMENT, UPLOADS, World, photo, shirt
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.job import Stage, Status
from vto.domain.parameters import canonical
from vto.errors import (
    AlreadyClaimedError,
    InvalidRequestError,
    JobClosedError,
    ModelUnavailableError,
    PictureMissingError,
    PictureRejectedError,
    RefusalError,
    Violation,
)
from vto.use_cases.checking_pictures import OTHER, UPLOAD_MASK
from vto.use_cases.reserve_slot import MEASURED
from vto.use_cases.validate_request import CLAIM_SECONDS, MAX_TWIN_WAITS, OFFER_SECONDS

MASK = f"s3://{UPLOADS}/masks/users/alice/drawn.png"
MASKED = canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": MASK}})


def validate(world: World, job_id: str = "job-1", waits: int = 0, execution: str = EXECUTION) -> dict[str, Any]:
    return world.validate_request(job_id, execution, waits)


def test_the_answer_tells_the_engine_where_the_prepared_pictures_are(world: World) -> None:
    world.claimed_job()
    answer = validate(world)
    assert answer["source"] == photo().prepared_s3_url
    assert answer["reference"] == shirt().prepared_s3_url
    assert (answer["mask"], answer["reuse"], answer["cached"], answer["twin_waits"]) == (None, "none", None, 0)


def test_the_job_is_taken_before_anything_else_so_that_its_shopper_sees_it(world: World) -> None:
    world.add_job()
    world.pictures.objects.clear()
    with pytest.raises(PictureMissingError):
        validate(world)
    job = world.jobs.rows["job-1"]
    assert (job.status, job.stage, job.version) == (Status.PROCESSING, Stage.VALIDATING, 2)
    assert (job.execution_arn, job.engine, job.slot_at) == (EXECUTION, None, None)


def test_a_job_that_is_taken_already_is_leased_without_a_new_version(world: World) -> None:
    before = world.claimed_job()
    validate(world)
    job = world.jobs.rows["job-1"]
    assert (job.stage, job.version) == (Stage.VALIDATING, before.version)
    assert times.from_iso(job.lease_until or "") > world.clock.now()
    assert job.cache_key


def test_what_was_measured_is_handed_on_to_be_written_with_the_next_step(world: World) -> None:
    world.add_job()
    key = validate(world)["cache_key"]
    alone = world.jobs.rows["job-1"]
    world.add_job("job-2", cache_key=key)
    before = len(world.jobs.changes)
    measured = world.validate_request("job-2", EXECUTION, 0, is_handed_on=True)["measured"]
    assert len(world.jobs.changes) == before + 1  # the claim
    assert world.jobs.rows["job-2"].body_bytes is None
    assert measured == {name: getattr(alone, name) for name in MEASURED}
    assert None not in measured.values()


def test_a_key_that_is_known_only_now_is_written_at_once(world: World) -> None:
    world.add_job()
    answer = world.validate_request("job-1", EXECUTION, 0, is_handed_on=True)
    assert world.jobs.rows["job-1"].cache_key == answer["cache_key"]  # whoever ends the job gives its claim up by it


def test_a_repeated_validation_answers_the_same(world: World) -> None:
    world.claimed_job()
    assert validate(world) == validate(world)


@pytest.mark.parametrize(("kind", "path"), [("product", "product_id"), ("model", "model_id")])
def test_a_row_that_is_gone_is_named(world: World, kind: str, path: str) -> None:
    world.claimed_job()
    item = shirt() if kind == "product" else photo()
    del world.catalogue.rows[item.kind, item.item_id]
    with pytest.raises(PictureMissingError) as missing:
        validate(world)
    remedy = f"choose one of GET /{kind}s"
    assert missing.value.violations == (Violation(path, "is no longer in the catalogue", remedy),)


@pytest.mark.parametrize(("item", "path"), [(shirt(), "product_id"), (photo(), "model_id")])
def test_a_picture_that_is_gone_from_storage_is_named(world: World, item: Any, path: str) -> None:
    world.claimed_job()
    del world.pictures.objects[item.prepared_s3_url]
    with pytest.raises(PictureMissingError) as missing:
        validate(world)
    remedy = OTHER[item.kind]
    assert missing.value.violations == (Violation(path, "is not in storage", remedy),)


def test_a_product_rejected_meanwhile_is_refused_with_its_reason(world: World) -> None:
    world.claimed_job()
    world.catalogue.add(shirt(readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None))
    with pytest.raises(PictureRejectedError) as rejected:
        validate(world)
    assert rejected.value.violations == (Violation("product_id", "is damaged", OTHER[Kind.PRODUCT]),)


def test_a_photo_that_now_belongs_to_somebody_else_is_not_used(world: World) -> None:
    world.claimed_job()
    world.catalogue.add(photo(user_id=BOB))
    with pytest.raises(RefusalError):
        validate(world)


@pytest.mark.parametrize("execution", ["arn:execution:second", ""])
def test_another_execution_may_not_touch_the_job(world: World, execution: str) -> None:
    before = world.claimed_job()
    with pytest.raises(AlreadyClaimedError):
        validate(world, execution=execution)
    assert world.jobs.rows["job-1"] == before


def test_a_job_that_has_ended_is_not_validated(world: World) -> None:
    world.completed_job()
    with pytest.raises(JobClosedError):
        validate(world)


# --- masks ---


def test_a_drawn_mask_is_made_to_fit_the_photo_and_kept_with_the_job(world: World) -> None:
    world.pictures.put(MASK, b"drawn")
    world.claimed_job(parameters=MASKED)
    address = validate(world)["mask"]
    assert address == f"s3://{UPLOADS}/prepared/masks/job-1/mask.png"
    assert world.pictures.objects[address] == b"mask:drawn"


def test_a_missing_mask_is_named_with_its_field(world: World) -> None:
    world.claimed_job(parameters=MASKED)
    with pytest.raises(PictureMissingError) as missing:
        validate(world)
    assert missing.value.violations == (
        Violation("parameters.imageBasedMask.maskImage", "is not in storage", UPLOAD_MASK),
    )


def test_a_mask_that_does_not_fit_is_named_with_its_field_and_the_reason(world: World) -> None:
    world.pictures.put(MASK, b"drawn")
    world.claimed_job(parameters=MASKED)
    world.tools.problem = PictureRejectedError("shape", [Violation("picture", "has another shape", "draw it anew")])
    with pytest.raises(PictureRejectedError) as rejected:
        validate(world)
    assert rejected.value.violations == (
        Violation("parameters.imageBasedMask.maskImage", "has another shape", "draw it anew"),
    )


def test_another_drawing_is_another_result(world: World) -> None:
    keys = []
    for drawing in (b"one", b"two", b"one"):
        world.pictures.put(MASK, drawing)
        world.claimed_job(f"job-{len(keys)}", parameters=MASKED)
        keys.append(validate(world, f"job-{len(keys)}")["cache_key"])
    assert keys[0] == keys[2] != keys[1]


# --- reuse ---


def test_an_equal_finished_result_is_offered_instead_of_a_call(world: World) -> None:
    done = world.completed_job("job-1")
    world.claimed_job("job-2", user_id=BOB)
    answer = validate(world, "job-2")
    assert answer["reuse"] == "ready"
    assert answer["cached"]["images"] == (done.images[0].s3_url,)


def test_a_finished_result_whose_pictures_are_gone_is_made_again(world: World) -> None:
    done = world.completed_job("job-1")
    del world.pictures.objects[done.images[0].s3_url]
    world.claimed_job("job-2")
    assert validate(world, "job-2")["reuse"] == "none"


def test_a_result_without_its_pictures_is_not_left_to_be_found_by_the_one_who_goes_on_alone(world: World) -> None:
    done = world.completed_job("job-1")
    del world.pictures.objects[done.images[0].s3_url]
    world.claimed_job("job-2")
    answer = world.validate_request("job-2", EXECUTION, MAX_TWIN_WAITS)
    assert answer["reuse"] == "none"
    assert world.results.get_ready(answer["cache_key"], world.clock.now()) is None


def test_another_seed_is_another_result(world: World) -> None:
    world.completed_job("job-1")
    world.claimed_job("job-2", parameters=canonical({**GARMENT, "imageGenerationConfig": {"seed": 5}}))
    assert validate(world, "job-2")["reuse"] == "none"


def test_a_private_photos_result_is_never_offered_to_anybody_else(world: World) -> None:
    for user in (ALICE, BOB):
        world.stock(photo(f"of-{user}", user, sha256="the very same bytes"))
    world.completed_job("job-1", model_id="of-alice")
    world.claimed_job("job-2", user_id=BOB, model_id="of-bob")
    assert validate(world, "job-2")["reuse"] == "none"


def test_while_an_equal_job_is_being_made_the_second_waits_and_counts_its_waiting(world: World) -> None:
    world.claimed_job("job-1")
    validate(world, "job-1")
    world.claimed_job("job-2", user_id=BOB)
    waits = 0
    for expected in (1, 2, 3):
        answer = validate(world, "job-2", waits)
        assert (answer["reuse"], answer["twin_waits"]) == ("twin", expected)
        waits = answer["twin_waits"]


def test_after_its_last_wait_the_second_goes_on_alone(world: World) -> None:
    world.claimed_job("job-1")
    validate(world, "job-1")
    world.claimed_job("job-2")
    assert validate(world, "job-2", MAX_TWIN_WAITS)["reuse"] == "none"


def test_when_the_first_fails_the_second_need_not_wait(world: World) -> None:
    world.claimed_job("job-1")
    validate(world, "job-1")
    world.record_failure("job-1", EXECUTION, {"Error": ModelUnavailableError.__name__, "Cause": ""})
    world.claimed_job("job-2")
    assert validate(world, "job-2")["reuse"] == "none"


@pytest.mark.parametrize("erased", [False, True])
def test_the_claim_of_a_job_that_has_ended_without_a_result_is_taken_over_at_once(world: World, erased: bool) -> None:
    world.claimed_job("job-1")
    key = validate(world, "job-1")["cache_key"]
    world.jobs.rows["job-1"] = world.jobs.rows["job-1"].fail(ModelUnavailableError(), world.clock.now())
    if erased:
        del world.jobs.rows["job-1"]
    world.claimed_job("job-2")
    assert validate(world, "job-2")["reuse"] == "none"
    assert world.results.claims[key][0] == "job-2"
    world.claimed_job("job-3")
    assert validate(world, "job-3")["reuse"] == "twin"  # it is made by one of them


def test_a_job_that_has_just_completed_offers_its_result_and_one_that_did_not_for_long_is_not_waited_for(
    world: World,
) -> None:
    validation, generation = world.generated_job("job-1")
    world.store_result("job-1", EXECUTION, validation, generation)
    key = validation["cache_key"]
    world.results.ready.clear()  # as if Store Result had died between its two last writes
    world.results.claims[key] = ("job-1", world.clock.now() + timedelta(seconds=CLAIM_SECONDS))
    world.claimed_job("job-2")
    assert validate(world, "job-2")["reuse"] == "twin"
    world.clock.advance(OFFER_SECONDS + 1)
    assert validate(world, "job-2", waits=1)["reuse"] == "none"


def test_when_the_first_vanishes_its_claim_runs_out(world: World) -> None:
    world.claimed_job("job-1")
    validate(world, "job-1")
    world.clock.advance(CLAIM_SECONDS + 1)
    world.claimed_job("job-2")
    assert validate(world, "job-2")["reuse"] == "none"
    assert world.status_of("job-2") is Status.PROCESSING


@pytest.mark.parametrize(("width", "height"), [(319, 800), (4097, 1100), (2048, 2048), (400, 1601)])
def test_a_row_that_a_shop_wrote_with_a_picture_out_of_the_contracts_limits_is_refused_before_anything_is_spent(
    world: World, width: int, height: int
) -> None:
    world.claimed_job()
    world.stock(shirt(width=width, height=height))
    with pytest.raises(PictureRejectedError) as rejected:
        validate(world)
    assert all(one.path == "product_id" and one.remedy for one in rejected.value.violations)


def test_a_request_that_the_first_engine_is_too_small_for_goes_to_the_next_and_shares_its_results(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine_order = ["sagemaker", "preview"]
    world.claimed_job()
    small = validate(world)["cache_key"]
    monkeypatch.setattr(world.pictures, "metadata", lambda _: (3_000_000, {}))
    validation = validate(world)
    world.engine_order = ["preview"]
    assert small != validation["cache_key"] == validate(world)["cache_key"]
    world.engine_order = ["sagemaker", "preview"]
    slot = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    assert slot["engine"] == "preview"


def test_a_request_that_no_engine_is_large_enough_for_is_refused_before_anything_is_spent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine_order = ["sagemaker"]
    world.claimed_job()
    monkeypatch.setattr(world.pictures, "metadata", lambda _: (3_000_000, {}))
    with pytest.raises(InvalidRequestError) as refused:
        validate(world)
    (one,) = refused.value.violations
    assert "at most 6,291,456" in one.problem


def test_pictures_too_large_for_one_request_are_refused_by_their_sizes_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.claimed_job()
    monkeypatch.setattr(world.pictures, "metadata", lambda _: (9_400_000, {}))
    with pytest.raises(InvalidRequestError) as refused:
        validate(world)
    (one,) = refused.value.violations
    assert "at most 25,000,000" in one.problem


def test_a_worker_that_comes_when_the_job_has_its_slot_does_not_take_it_back(world: World) -> None:
    world.claimed_job()
    validate(world)
    world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    with pytest.raises(JobClosedError, match="late"):
        validate(world)
    assert world.jobs.rows["job-1"].stage is Stage.QUEUED


# --- rows that a shop wrote itself, without the measures that the import takes ---


def bare(item: CatalogueItem, **changes: Any) -> CatalogueItem:
    """A row that names its prepared picture, and nothing more of it."""
    return replace(item, **{"sha256": None, "width": None, "height": None, **changes})


def test_two_products_without_a_digest_do_not_share_a_result(world: World) -> None:
    world.stock(bare(shirt("red-dress")), bare(shirt("green-coat")))
    world.completed_job("job-1", product_id="red-dress")
    world.claimed_job("job-2", product_id="green-coat")
    assert validate(world, "job-2")["reuse"] == "none"


def test_two_photos_without_a_digest_do_not_share_a_result(world: World) -> None:
    world.stock(bare(photo("anna")), bare(photo("berta")))
    world.completed_job("job-1", model_id="anna")
    world.claimed_job("job-2", model_id="berta")
    assert validate(world, "job-2")["reuse"] == "none"


def test_a_picture_without_a_digest_is_known_again_by_its_bytes_until_somebody_replaces_it(world: World) -> None:
    red = bare(shirt("red-dress"))
    world.stock(red)
    world.completed_job("job-1", product_id="red-dress")
    world.claimed_job("job-2", product_id="red-dress")
    assert validate(world, "job-2")["reuse"] == "ready"
    assert red.prepared_s3_url
    world.pictures.put(red.prepared_s3_url, b"another picture in its place")
    world.claimed_job("job-3", product_id="red-dress")
    assert validate(world, "job-3")["reuse"] == "none"


@pytest.mark.parametrize("missing", [{"width": None}, {"height": None}, {"width": None, "height": None}])
def test_a_drawn_mask_is_made_for_the_size_of_the_picture_where_the_row_does_not_tell_it(
    world: World, missing: dict[str, None]
) -> None:
    world.stock(photo(**missing))
    world.tools.width, world.tools.height = 640, 960
    world.pictures.put(MASK, b"drawn")
    world.claimed_job(parameters=MASKED)
    answer = validate(world)
    assert world.pictures.objects[answer["mask"]] == b"mask:drawn"
    assert world.tools.masked == [(640, 960)]


def test_without_a_size_in_the_row_another_drawing_is_another_result_too(world: World) -> None:
    world.stock(bare(photo()))
    keys = []
    for drawing in (b"one", b"two", b"one"):
        world.pictures.put(MASK, drawing)
        world.claimed_job(f"job-{len(keys)}", parameters=MASKED)
        keys.append(validate(world, f"job-{len(keys)}")["cache_key"])
    assert keys[0] == keys[2] != keys[1]


def test_the_size_of_a_picture_counts_for_the_engines_where_the_row_does_not_tell_it(world: World) -> None:
    world.engine_order = ["sagemaker", "preview"]
    world.stock(bare(photo()))
    world.tools.width, world.tools.height = 1500, 1500
    world.claimed_job()
    validate(world)
    assert world.jobs.rows["job-1"].source_pixels == 1500 * 1500
    assert world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)["engine"] == "preview"


def test_a_picture_too_large_for_every_engine_is_refused_where_the_row_does_not_tell_its_size(world: World) -> None:
    world.engine_order = ["sagemaker"]
    world.stock(bare(photo()))
    world.tools.width, world.tools.height = 1500, 1500
    world.claimed_job()
    with pytest.raises(InvalidRequestError) as refused:
        validate(world)
    assert [one.path for one in refused.value.violations] == ["model_id"]
    assert "2,250,000" in refused.value.violations[0].problem


@pytest.mark.parametrize("item", [shirt(), photo()])
@pytest.mark.parametrize(("width", "height"), [(200, 200), (2048, 2048)])
def test_a_picture_out_of_the_limits_is_refused_where_the_row_does_not_tell_its_size(
    world: World, item: CatalogueItem, width: int, height: int
) -> None:
    world.stock(bare(item))
    world.tools.width, world.tools.height = width, height
    world.claimed_job()
    with pytest.raises(PictureRejectedError) as rejected:
        validate(world)
    assert [one.path for one in rejected.value.violations] == [f"{item.kind}_id"]
    assert f"{width}\u00d7{height}" in rejected.value.violations[0].problem


def test_a_picture_that_no_engine_takes_is_refused_where_nobody_prepared_it(world: World) -> None:
    world.stock(bare(shirt()))
    world.tools.problem = PictureRejectedError("GIF", [Violation("picture", "is a GIF", "save it as a JPEG")])
    world.claimed_job()
    with pytest.raises(PictureRejectedError) as rejected:
        validate(world)
    assert rejected.value.violations == (Violation("product_id", "is a GIF", OTHER[Kind.PRODUCT]),)


def test_a_picture_too_large_for_the_memory_is_refused_unread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.stock(bare(shirt()))
    world.claimed_job()
    monkeypatch.setattr(world.pictures, "metadata", lambda _: (900_000_000, {}))
    monkeypatch.delattr(type(world.pictures), "read")
    with pytest.raises(PictureRejectedError) as rejected:
        validate(world)
    assert "900 MB" in rejected.value.violations[0].problem


# --- everything at once ---


def test_everything_wrong_with_the_pictures_is_told_at_once(world: World) -> None:
    world.claimed_job(parameters=MASKED)
    world.catalogue.add(shirt(readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None))
    del world.catalogue.rows[Kind.MODEL, "stock-anna"]
    with pytest.raises(InvalidRequestError) as refused:
        validate(world)
    assert [one.path for one in refused.value.violations] == [
        "product_id",
        "model_id",
        "parameters.imageBasedMask.maskImage",
    ]
    assert all(one.remedy for one in refused.value.violations)


def test_a_photo_past_its_time_is_not_used_even_while_its_row_is_still_there(world: World) -> None:
    world.stock(photo("me", ALICE, ttl=times.epoch(world.clock.now(), seconds=60)))
    world.claimed_job("job-1", model_id="me")
    validate(world, "job-1")
    world.clock.advance(60)
    with pytest.raises(PictureMissingError):
        validate(world, "job-1")


def test_nothing_is_written_for_a_job_that_is_refused(world: World) -> None:
    world.pictures.put(MASK, b"drawn")
    world.claimed_job(parameters=MASKED)
    del world.catalogue.rows[Kind.PRODUCT, "blue-shirt"]
    with pytest.raises(PictureMissingError):
        validate(world)
    assert world.pictures.written == []
    assert world.results.claims == {}
