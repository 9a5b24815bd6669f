"""One photo or one try-on goes, and everything else of its owner stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.vto.world import ALICE, BLANK_SLOT, BOB, EXECUTION, RESULTS, UPLOADS, World, photo
from vto.domain import times
from vto.domain.catalogue import Kind, model_id_of
from vto.domain.consent import Consent
from vto.domain.erasure import FORM_SECONDS, REUSE_SECONDS, UPLOAD_SECONDS, WRITER_SECONDS
from vto.domain.job import Job, Stage, Status
from vto.domain.removal import Removal, places_of
from vto.domain.storage import S3Url
from vto.errors import JobClosedError, NotFoundError, PictureMissingError, StorageUnavailableError, TooLateError
from vto.ports import CachedResult
from vto.testing import FakeCatalogue, FakeErasureRequests
from vto.use_cases.browse import PAGE

KEY = f"models/users/{ALICE}/{'a' * 32}.jpg"
ME = model_id_of(KEY)
NOBODY_WRITES = FORM_SECONDS + UPLOAD_SECONDS + WRITER_SECONDS


def upload(world: World, content: bytes = b"face", sequencer: str = "01") -> None:
    """A photo comes in, and its event with it."""
    consent = Consent.given("1", world.clock.now())
    world.pictures.put(f"s3://{UPLOADS}/{KEY}", content, **consent.metadata())
    world.import_picture(S3Url(UPLOADS, KEY), sequencer)


def run(world: World, passes: int = 30) -> None:
    """Let every wish be worked on until it is done."""
    for removal in world.erasure_requests.removals:
        for _ in range(passes):
            if world.remove_one(removal):
                break
            world.clock.advance(300)
        else:
            pytest.fail("it is never done")


def left(world: World, word: str) -> list[str]:
    """What lies in S3 with this word in its key, old versions too."""
    found = [one for bucket in (UPLOADS, RESULTS) for one in world.pictures.below(S3Url(bucket, ""))]
    return [one.url.key for one in found if word in one.url.key]


# --- a photo ---


def test_a_deleted_photo_is_gone_for_its_owner_at_once_and_everywhere_in_the_end(world: World) -> None:
    upload(world)
    world.pictures.put(f"s3://{UPLOADS}/prepared/models/users/{ALICE}/{ME}/older.jpg", b"an older preparation")
    world.delete_photo(ME, ALICE)

    assert [one["model_id"] for one in world.browse.models(ALICE)["models"]] == ["stock-anna"]
    run(world)
    assert world.catalogue.get(Kind.MODEL, ME) is None
    assert left(world, ALICE) == []


def test_another_photo_of_the_same_owner_and_everybody_elses_stay(world: World) -> None:
    upload(world)
    for name, owner in (("mine-too", ALICE), (f"{ME}0", ALICE), ("theirs", BOB)):
        item = photo(name, owner)
        world.catalogue.add(item)
        world.pictures.put(str(item.prepared_s3_url), b"face")
    world.delete_photo(ME, ALICE)
    run(world)
    assert {name for _, name in world.catalogue.rows} >= {"mine-too", f"{ME}0", "theirs", "stock-anna"}
    assert len(left(world, "prepared/models/users/")) == 3


@pytest.mark.parametrize("whose", ["theirs", "stock-anna", "blue-shirt", "no-such-photo", "", "x" * 3000])
def test_what_is_not_ones_own_photo_is_answered_like_nothing_and_stays(world: World, whose: str) -> None:
    world.catalogue.add(photo("theirs", BOB))
    before = dict(world.catalogue.rows)
    with pytest.raises(NotFoundError) as refused:
        world.delete_photo(whose, ALICE)
    assert [one.path for one in refused.value.violations] == ["model_id"]
    assert (world.catalogue.rows, world.erasure_requests.removals) == (before, [])


def test_a_photo_is_deleted_once(world: World) -> None:
    upload(world)
    world.delete_photo(ME, ALICE)
    with pytest.raises(NotFoundError):
        world.delete_photo(ME, ALICE)
    run(world)
    with pytest.raises(NotFoundError):
        world.delete_photo(ME, ALICE)
    assert len(world.erasure_requests.removals) == 1


def test_a_late_event_of_a_deleted_photo_does_not_bring_it_back(world: World) -> None:
    upload(world)
    world.delete_photo(ME, ALICE)
    assert not world.remove_one(Removal(ALICE, model_id=ME))
    upload(world, b"the form was used again", "02")
    assert world.browse.models(ALICE)["models"][0]["model_id"] == "stock-anna"
    run(world)
    assert world.import_picture(S3Url(UPLOADS, KEY), "03") is None  # a message that was found in a dead-letter queue
    assert world.catalogue.get(Kind.MODEL, ME) is None
    assert left(world, ALICE) == []


def test_the_mark_of_a_deleted_photo_stays_as_long_as_its_form_may_be_used(world: World) -> None:
    upload(world)
    world.delete_photo(ME, ALICE)
    world.remove_one(Removal(ALICE, model_id=ME))
    world.clock.advance(NOBODY_WRITES - 1)
    assert not world.remove_one(Removal(ALICE, model_id=ME))
    world.clock.advance(1)
    assert world.remove_one(Removal(ALICE, model_id=ME))


def test_a_photo_of_long_ago_waits_for_imports_at_work_only(world: World) -> None:
    upload(world)
    world.clock.advance(86_400)
    world.delete_photo(ME, ALICE)
    world.remove_one(Removal(ALICE, model_id=ME))
    world.clock.advance(WRITER_SECONDS)
    assert world.remove_one(Removal(ALICE, model_id=ME))


def test_a_wish_that_could_not_be_stored_deletes_nothing(world: World) -> None:
    upload(world)
    world.completed_job()
    world.erasure_requests.problem = StorageUnavailableError("SQS")
    for delete, thing in ((world.delete_photo, ME), (world.delete_try_on, "job-1")):
        with pytest.raises(StorageUnavailableError):
            delete(thing, ALICE)
    assert len(world.browse.models(ALICE)["models"]) == 2
    assert world.browse.try_on(ALICE, "job-1")["status"] == "completed"


def test_whoever_dies_between_wish_and_mark_has_deleted_nevertheless(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(world)
    world.completed_job()

    def die(*_: object, **__: object) -> None:
        raise StorageUnavailableError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(FakeCatalogue, "mark_erased", die)
        patch.setattr(type(world.jobs), "save", die)
        for delete, thing in ((world.delete_photo, ME), (world.delete_try_on, "job-1")):
            with pytest.raises(StorageUnavailableError):
                delete(thing, ALICE)
    run(world)
    assert (Kind.MODEL, ME) not in world.catalogue.rows
    assert world.jobs.rows == {}
    assert left(world, ALICE) + left(world, "job-1") == []


def test_try_ons_that_wait_for_a_deleted_photo_end_and_say_why(world: World) -> None:
    upload(world)
    world.add_job("created", model_id=ME, request_id="1")
    world.claimed_job("queued", model_id=ME, request_id="2")
    world.validate_request("queued", EXECUTION, 0)
    world.reserve_slot("queued", EXECUTION, BLANK_SLOT, None)
    world.add_job("on the stock model", request_id="3")
    world.delete_photo(ME, ALICE)
    world.remove_one(Removal(ALICE, model_id=ME))
    for name in ("created", "queued"):
        job = world.jobs.rows[name]
        assert (job.status, job.error_code) == (Status.ERROR, "picture_missing")
        assert job.error_details[0]["problem"] == "was deleted"
    assert world.jobs.rows["on the stock model"].status is Status.CREATED
    assert world.results.claims == {}
    assert [one.id for one in world.endings] == ["queued", "created"]


def test_a_try_on_that_is_being_made_of_a_deleted_photo_comes_to_its_end_and_stays(world: World) -> None:
    upload(world)
    validation, generation = world.generated_job(model_id=ME)
    world.delete_photo(ME, ALICE)
    run(world)
    world.store_result("job-1", EXECUTION, validation, generation)
    assert world.browse.try_on(ALICE, "job-1")["status"] == "completed"


def test_a_deleted_photo_can_neither_be_tried_on_nor_renamed_nor_validated(world: World) -> None:
    upload(world)
    world.claimed_job(model_id=ME)
    world.delete_photo(ME, ALICE)
    with pytest.raises(PictureMissingError):
        world.validate_request("job-1", EXECUTION, 0)
    assert not world.catalogue.get(Kind.MODEL, ME).is_visible_to(ALICE)  # type: ignore[union-attr]
    assert world.catalogue.rename_photo(ME, ALICE, "again", "now") is None


def test_only_its_owners_folders_are_looked_at_whatever_a_row_says() -> None:
    odd = photo("me", ALICE, picture_s3_url=f"s3://{UPLOADS}/models/users/{BOB}/face.jpg", prepared_s3_url="s3://x/y")
    folder = S3Url(UPLOADS, f"prepared/models/users/{ALICE}/me/")
    assert places_of(odd, UPLOADS) == [folder]
    assert places_of(replace(odd, picture_s3_url=f"s3://{UPLOADS}/models/users/{ALICE}/"), UPLOADS) == [folder]
    assert places_of(photo("stock"), UPLOADS) == []


def test_having_everything_erased_takes_deleted_things_along(world: World) -> None:
    upload(world)
    world.completed_job()
    world.delete_photo(ME, ALICE)
    world.delete_try_on("job-1", ALICE)
    world.request_erasure(ALICE)
    world.clock.advance(6)
    for _ in range(30):
        if world.erase_user(ALICE):
            break
        world.clock.advance(300)
    assert (world.jobs.rows, left(world, ALICE), left(world, "job-1")) == ({}, [], [])
    assert all(world.remove_one(one) for one in world.erasure_requests.removals)


# --- a try-on ---


def test_a_deleted_try_on_is_gone_for_its_owner_at_once_and_everywhere_in_the_end(world: World) -> None:
    world.completed_job()
    world.completed_job("job-2", request_id="request-2", model_id="stock-anna", product_id="blue-shirt")
    world.delete_try_on("job-1", ALICE)
    with pytest.raises(NotFoundError):
        world.browse.try_on(ALICE, "job-1")
    assert [one["id"] for one in world.browse.try_ons(ALICE, None)["try_ons"]] == ["job-2"]
    assert (world.publish_job("job-1"), world.deliver_result("job-1")) == (0, 0)
    run(world)
    assert world.jobs.rows.keys() == {"job-2"}
    assert left(world, "job-1") == []
    assert world.result_object("0.png", "job-2") is not None
    assert all(one.job_id != "job-1" for one in world.results.ready.values())


@pytest.mark.parametrize("whose", ["theirs", "no-such-job", "", "x" * 3000])
def test_what_is_not_ones_own_try_on_is_answered_like_nothing_and_stays(world: World, whose: str) -> None:
    world.add_job("theirs", user_id=BOB)
    with pytest.raises(NotFoundError):
        world.delete_try_on(whose, ALICE)
    assert world.jobs.rows["theirs"].erased_at is None
    assert world.erasure_requests.removals == []


def test_a_try_on_is_deleted_once(world: World) -> None:
    world.completed_job()
    world.delete_try_on("job-1", ALICE)
    with pytest.raises(NotFoundError):
        world.delete_try_on("job-1", ALICE)
    run(world)
    with pytest.raises(NotFoundError):
        world.delete_try_on("job-1", ALICE)


def test_one_that_only_waits_is_ended_by_being_deleted(world: World) -> None:
    world.claimed_job()
    world.validate_request("job-1", EXECUTION, 0)
    world.delete_try_on("job-1", ALICE)
    job = world.jobs.rows["job-1"]
    assert (job.status, job.error_code, job.open) == (Status.ERROR, "erased", None)
    assert world.results.claims == {}  # an equal request need not wait for it
    assert [one.id for one in world.endings] == ["job-1"]
    with pytest.raises(JobClosedError):
        world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)


@pytest.mark.parametrize("stage", [Stage.GENERATING, Stage.STORING])
def test_one_whose_pictures_are_being_made_is_refused_and_stays(world: World, stage: Stage) -> None:
    job = replace(world.claimed_job(), stage=stage)
    world.jobs.rows["job-1"] = job
    with pytest.raises(TooLateError) as refused:
        world.delete_try_on("job-1", ALICE)
    assert "when it has ended" in refused.value.violations[0].remedy
    assert (world.jobs.rows["job-1"], world.erasure_requests.removals) == (job, [])


def test_one_that_begins_to_be_made_just_then_goes_after_all(world: World) -> None:
    """It was accepted when it still waited, so it is not refused a moment later."""
    validation, generation = {}, {}

    class Slow(FakeErasureRequests):
        def remove(self, removal: Removal) -> None:
            super().remove(removal)
            slot = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
            generation.update(world.invoke_model("job-1", EXECUTION, validation, slot))

    world.erasure_requests = Slow()
    world.claimed_job()
    validation.update(world.validate_request("job-1", EXECUTION, 0))
    world.delete_try_on("job-1", ALICE)
    with pytest.raises(JobClosedError):
        world.store_result("job-1", EXECUTION, validation, generation)
    run(world)
    assert (world.jobs.rows, left(world, "job-1")) == ({}, [])


def test_an_equal_try_on_of_the_same_owner_gets_to_copy_what_it_found(world: World) -> None:
    upload(world)
    consented: dict[str, str] = {"consented_at": times.to_iso(world.clock.now())}
    world.completed_job(model_id=ME, **consented)
    world.claimed_job("job-2", model_id=ME, request_id="request-2", **consented)
    validation = world.validate_request("job-2", EXECUTION, 0)
    assert validation["reuse"] == "ready"
    world.delete_try_on("job-1", ALICE)
    world.remove_one(Removal(ALICE, job_id="job-1"))
    world.clock.advance(REUSE_SECONDS - 1)
    world.remove_one(Removal(ALICE, job_id="job-1"))
    world.store_result("job-2", EXECUTION, validation, None)
    run(world)
    assert world.jobs.rows.keys() == {"job-2"}
    assert world.result_object("0.png", "job-2") is not None
    assert left(world, "job-1") == []


def test_nobody_finds_the_result_of_a_deleted_try_on(world: World) -> None:
    world.completed_job()
    world.delete_try_on("job-1", ALICE)
    world.remove_one(Removal(ALICE, job_id="job-1"))
    world.claimed_job("job-9", user_id=BOB, request_id="9")
    assert world.validate_request("job-9", EXECUTION, 0)["reuse"] == "none"


def test_an_equal_result_that_others_offer_stays(world: World) -> None:
    job = world.completed_job()
    theirs = CachedResult("job-9", (f"s3://{RESULTS}/results/job-9/0.png",), None, "preview")
    world.results.put_ready(job.cache_key or "", theirs, ttl=2**31)
    world.delete_try_on("job-1", ALICE)
    run(world)
    assert world.results.ready == {job.cache_key: theirs}


@pytest.mark.parametrize(
    "removal",
    [Removal(BOB, model_id=ME), Removal(BOB, job_id="job-1"), Removal(ALICE, model_id="stock-anna"), Removal(ALICE)],
)
def test_a_message_about_what_is_not_its_users_comes_to_nothing(world: World, removal: Removal) -> None:
    upload(world)
    world.completed_job()
    before = dict(world.catalogue.rows), dict(world.jobs.rows), dict(world.pictures.objects)
    assert world.remove_one(removal)
    assert before == (world.catalogue.rows, world.jobs.rows, world.pictures.objects)


def test_a_pass_is_harmless_when_it_is_made_again_and_again(world: World) -> None:
    world.completed_job()
    world.delete_try_on("job-1", ALICE)
    first: Callable[[], Job] = lambda: world.jobs.rows["job-1"]  # noqa: E731
    world.remove_one(Removal(ALICE, job_id="job-1"))
    marked = first()
    world.remove_one(Removal(ALICE, job_id="job-1"))
    assert first() == marked
    run(world)
    assert world.remove_one(Removal(ALICE, job_id="job-1"))


def test_photos_that_were_deleted_take_no_others_places_in_the_list(world: World) -> None:
    at = world.clock.now()
    for number in range(2 * PAGE):
        world.catalogue.add(photo(f"me-{number}", ALICE, created_at=times.to_iso(at + timedelta(seconds=number))))
    for number in range(3, 2 * PAGE):
        world.delete_photo(f"me-{number}", ALICE)
    shown = [one["model_id"] for one in world.browse.models(ALICE)["models"] if one["is_own"]]
    assert shown == ["me-2", "me-1", "me-0"]
