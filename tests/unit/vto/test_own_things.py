"""What becomes of one's uploads, what one's photos are called, the way to one's results, and all of it exported."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BOB, RESULTS, UPLOADS, World, photo
from vto import schemas
from vto.domain import times
from vto.domain.catalogue import Kind, Readiness
from vto.domain.engines import PROFILES
from vto.domain.erasure import FORM_SECONDS
from vto.domain.job import Stage, Status
from vto.domain.parameters import canonical
from vto.domain.pictures import UPLOAD_FORMATS
from vto.domain.storage import S3Url
from vto.domain.uploads import EXTENSIONS, UploadName
from vto.errors import InternalError, InvalidRequestError, NotFoundError, PictureRejectedError, Violation
from vto.testing import FakeImportQueue
from vto.use_cases import browse
from vto.use_cases.complete_upload import CompleteUpload
from vto.use_cases.export_user import PAGE, ExportUser
from vto.use_cases.offer_upload import OfferUpload
from vto.use_cases.open_result import OpenResult
from vto.use_cases.rename_photo import RenamePhoto


class Uploader:
    """Somebody who uploads, and asks after it."""

    def __init__(self, world: World, kind: str = "photo") -> None:
        self.world, self.queue = world, FakeImportQueue()
        asked = {"kind": kind, "content_type": "image/jpeg", "consent": {"policy_version": "1"}}
        self.form = OfferUpload(world.pictures, world.clock, UPLOADS, "1")(asked, ALICE)
        self.address = S3Url.parse(self.form["s3_url"])

    def send(self) -> None:
        pinned = {name.removeprefix("x-amz-meta-"): value for name, value in self.form["fields"].items()}
        self.world.pictures.put(str(self.address), b"face", **pinned)
        self.world.pictures.modified[str(self.address)] = self.world.clock.now()

    def complete(self, user_id: str = ALICE, upload_id: str | None = None) -> dict[str, Any]:
        world = self.world
        ask = CompleteUpload(world.catalogue, world.pictures, self.queue, world.clock, UPLOADS)
        return ask(self.form["upload_id"] if upload_id is None else upload_id, user_id)

    def deliver(self) -> None:
        """Let what was sent to the import arrive there."""
        for url, sequencer, time in self.queue.sent:
            self.world.import_picture(S3Url.parse(url), sequencer, time)


# --- an upload ---


def test_an_upload_whose_event_never_came_is_imported_by_being_asked_after(world: World) -> None:
    me = Uploader(world)
    me.send()
    assert me.complete() == {"upload_id": me.form["upload_id"], "state": "importing", "model": None}
    me.deliver()
    told = me.complete()
    assert (told["state"], told["model"]["model_id"]) == ("ready", me.form["model_id"])
    assert told["model"]["consent"] == {"policy_version": "1", "time": times.to_iso(world.clock.now())}
    assert len(me.queue.sent) == 1  # what is imported is not imported again


def test_the_event_that_comes_after_all_finds_nothing_to_do(world: World) -> None:
    me = Uploader(world)
    me.send()
    me.complete()
    me.complete()
    me.deliver()
    row = world.catalogue.get(Kind.MODEL, me.form["model_id"])
    assert world.import_picture(me.address, "0066F1A2B3C4D5E6F7") is None
    assert world.catalogue.get(Kind.MODEL, me.form["model_id"]) == row


def test_an_upload_that_was_rejected_says_why(world: World) -> None:
    me = Uploader(world)
    me.send()
    world.tools.problem = PictureRejectedError("x", [Violation("picture", "is too dark", "take it by day")])
    me.complete()
    me.deliver()
    told = me.complete()
    assert (told["state"], told["reason"]) == ("rejected", "picture is too dark: take it by day")
    assert told["model"]["readiness"] == "rejected"


def test_a_mask_is_ready_as_soon_as_it_is_there(world: World) -> None:
    me = Uploader(world, "mask")
    with pytest.raises(NotFoundError):
        me.complete()
    me.send()
    assert me.complete() == {"upload_id": me.form["upload_id"], "state": "ready", "model": None}
    assert me.queue.sent == []


@pytest.mark.parametrize("kind", ["photo", "mask"])
def test_before_it_arrived_for_somebody_else_and_after_its_day_there_is_nothing(world: World, kind: str) -> None:
    me = Uploader(world, kind)
    problems = []
    for send, who, later in ((False, ALICE, 0), (True, BOB, 0), (True, ALICE, 86_400)):
        if send:
            me.send()
        world.clock.advance(later)
        with pytest.raises(NotFoundError) as refused:
            me.complete(who)
        problems.append(refused.value.public())
    assert problems == [problems[0]] * 3
    assert f"within {FORM_SECONDS // 60} minutes" in problems[0]["details"][0]["remedy"]
    assert me.queue.sent == []


def test_an_imported_photo_is_told_of_until_it_is_deleted_or_its_time_is_over(world: World) -> None:
    me = Uploader(world)
    me.send()
    me.complete()
    me.deliver()
    world.clock.advance(29 * 86_400)
    assert me.complete()["state"] == "ready"
    world.delete_photo(me.form["model_id"], ALICE)
    with pytest.raises(NotFoundError):
        me.complete()
    me.send()  # with the old form
    with pytest.raises(NotFoundError):
        me.complete()

    other = Uploader(world)
    other.send()
    other.complete()
    other.deliver()
    world.clock.advance(30 * 86_400)
    with pytest.raises(NotFoundError):
        other.complete()


def test_an_import_that_ends_just_between_two_looks_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    me = Uploader(world)
    me.send()
    listed = world.pictures.listed

    def imported_first(*args: Any, **named: Any) -> Any:
        world.import_picture(me.address, "01")
        return listed(*args, **named)

    monkeypatch.setattr(world.pictures, "listed", imported_first)
    assert me.complete()["state"] == "ready"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "photo",
        f"photo-{'a' * 32}-gif",
        f"photo-{'A' * 32}-jpg",
        f"photo-{'a' * 32}-jpg\n",
        f"model-{'a' * 32}-jpg",
        f"photo-../{BOB}/{'a' * 20}-jpg",
        f"models/users/{BOB}/{'a' * 32}.jpg",
        "x" * 5000,
    ],
)
def test_an_id_that_was_made_up_is_none(world: World, forged: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        Uploader(world).complete(upload_id=forged)
    assert BOB not in str(refused.value.public())


def test_an_uploads_id_leads_to_its_own_key_in_the_callers_own_folder(world: World) -> None:
    for kind in ("photo", "mask"):
        me = Uploader(world, kind)
        name = UploadName.parse(me.form["upload_id"])
        assert name is not None
        assert (name.key(ALICE), ALICE in str(name)) == (me.address.key, False)
    assert EXTENSIONS.keys() == set(UPLOAD_FORMATS.values())


# --- a name ---


def rename(world: World, model_id: str, request: Any, user_id: str = ALICE) -> dict[str, Any]:
    return RenamePhoto(world.catalogue, world.pictures, world.clock)(model_id, request, user_id)


def test_a_photo_keeps_the_name_that_its_owner_gave_it_also_when_it_is_imported_again(world: World) -> None:
    me = Uploader(world)
    me.send()
    me.complete()
    me.deliver()
    view = rename(world, me.form["model_id"], {"name": "  Summer 海 👗 "})
    assert (view["name"], view["is_own"]) == ("Summer 海 👗", True)
    me.send()
    world.import_picture(me.address, "09")
    assert world.browse.models(ALICE)["models"][0]["name"] == "Summer 海 👗"


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", "x" * 81, 7, None, "\x00", "\u2028"])
def test_a_name_that_is_none_is_refused_with_what_to_send(world: World, name: Any) -> None:
    world.catalogue.add(photo("me", ALICE))
    with pytest.raises(InvalidRequestError) as refused:
        rename(world, "me", {"name": name})
    assert [one.path for one in refused.value.violations] == ["name"]
    assert rename(world, "me", {"name": "x" * 80})["name"] == "x" * 80


@pytest.mark.parametrize("request_", [None, [], "name", {}, {"name": "x", "user_id": BOB}])
def test_nothing_but_a_name_can_be_sent(world: World, request_: Any) -> None:
    world.catalogue.add(photo("me", ALICE))
    with pytest.raises(InvalidRequestError):
        rename(world, "me", request_)


@pytest.mark.parametrize("model_id", ["theirs", "stock-anna", "blue-shirt", "none", "past"])
def test_only_ones_own_photo_is_renamed(world: World, model_id: str) -> None:
    world.catalogue.add(photo("theirs", BOB), photo("past", ALICE, ttl=1))
    before = dict(world.catalogue.rows)
    with pytest.raises(NotFoundError):
        rename(world, model_id, {"name": "mine"})
    assert world.catalogue.rows == before


# --- a result ---


def result(world: World, image: Any = None, job_id: str = "job-1", user_id: str = ALICE, original: Any = None) -> str:
    return OpenResult(world.jobs, world.pictures, world.clock)(job_id, image, user_id, original)


def test_a_finished_picture_is_reached_by_a_link_of_minutes(world: World) -> None:
    job = world.completed_job()
    link = f"https://link/derived/job-1/0.webp?expires={15 * 60}"
    original = f"https://link/results/job-1/0.png?expires={15 * 60}"
    assert (result(world), result(world, "0"), result(world, original="false")) == (link, link, link)
    assert result(world, original="true") == original
    world.jobs.rows[job.id] = replace(job, shown_s3_urls=(), previews_s3_url=None)  # as earlier versions stored it
    assert result(world) == original


@pytest.mark.parametrize("text", ["", "True", "1", "yes", "no"])
def test_what_does_not_say_which_file_is_meant_is_refused(world: World, text: str) -> None:
    world.completed_job()
    with pytest.raises(InvalidRequestError) as refused:
        result(world, original=text)
    assert refused.value.violations[0].path == "original"


@pytest.mark.parametrize("image", ["-1", "first", "", "1.0", "٣", "100", "1e1"])
def test_what_is_no_number_of_a_picture_is_refused(world: World, image: str) -> None:
    world.completed_job()
    with pytest.raises(InvalidRequestError) as refused:
        result(world, image)
    assert refused.value.violations[0].path == "image"


def test_what_has_no_picture_says_why_and_whether_to_ask_again(world: World) -> None:
    world.completed_job("done")
    world.add_job("waits", request_id="2")
    world.add_job("broke", request_id="3")
    world.jobs.rows["broke"] = world.jobs.rows["broke"].fail(InternalError("x"), world.clock.now())
    told = {}
    for name, image in (("done", "1"), ("waits", None), ("broke", None), ("none", None)):
        with pytest.raises(NotFoundError) as refused:
            result(world, image, name)
        told[name] = refused.value.violations[0].problem, refused.value.retry_after_seconds
    assert told == {
        "done": ("is 1; there are 1", None),
        "waits": ("has no picture yet: it is created", 2),
        "broke": ("ended with internal and has no picture", None),
        "none": ("is none of your try-ons", None),
    }
    world.clock.advance(30 * 86_400)
    with pytest.raises(NotFoundError):
        result(world, job_id="done")


def test_somebody_elses_or_a_deleted_try_on_leads_nowhere(world: World) -> None:
    world.completed_job()
    with pytest.raises(NotFoundError):
        result(world, user_id=BOB)
    world.delete_try_on("job-1", ALICE)
    with pytest.raises(NotFoundError):
        result(world)


# --- everything ---


def export(world: World, cursor: str | None = None, user_id: str = ALICE) -> dict[str, Any]:
    ask = ExportUser(world.catalogue, world.jobs, world.pictures, world.snapshots, world.clock, UPLOADS)
    return ask(user_id, cursor)


def test_an_export_has_photos_and_try_ons_with_their_pictures_parameters_and_consents(world: World) -> None:
    mask = {"maskType": "IMAGE", "imageBasedMask": {"maskImage": f"s3://{UPLOADS}/masks/users/{ALICE}/m.png"}}
    world.pictures.put(f"s3://{UPLOADS}/masks/users/{ALICE}/m.png", b"mask")
    me = Uploader(world)
    me.send()
    me.complete()
    me.deliver()
    consented = times.to_iso(world.clock.now())
    world.completed_job(model_id=me.form["model_id"], parameters=canonical(mask), consented_at=consented)
    whole = export(world)
    assert (whole["user_id"], whole["exported_at"], whole["next"]) == (ALICE, consented, None)
    [model], [job] = whole["models"], whole["try_ons"]
    assert (model["model_id"], model["consent"]["time"]) == (me.form["model_id"], consented)
    assert model["kept_until"] == job["kept_until"] == times.after(world.clock.now(), 30 * 86_400)
    assert model["picture_url"].startswith("https://link/prepared/models/users/alice/")
    assert job["images"][0]["url"].startswith("https://link/derived/job-1/0.webp")
    assert job["images"][0]["original_url"].startswith("https://link/results/job-1/0.png")
    assert job["drawn_mask"]["url"].startswith("https://link/prepared/masks/job-1/mask.png")
    assert (job["parameters"]["maskType"], job["consented_at"]) == ("IMAGE", consented)
    json.dumps(whole)


def test_an_export_shows_jobs_that_run_as_they_are(world: World) -> None:
    mask = {"maskType": "IMAGE", "imageBasedMask": {"maskImage": f"s3://{UPLOADS}/masks/users/{ALICE}/m.png"}}
    world.claimed_job(parameters=canonical(mask))
    [job] = export(world)["try_ons"]
    assert (job["status"], job["stage"], "images" in job, "drawn_mask" in job) == (
        Status.PROCESSING,
        Stage.VALIDATING,
        False,
        False,
    )


def test_ten_thousand_rows_come_in_pages_each_of_them_once(world: World) -> None:
    photos, jobs = 2 * PAGE + 1, 10_000
    world.catalogue.add(*(photo(f"me-{number}", ALICE) for number in range(photos)), photo("theirs", BOB))
    job = world.add_job("theirs", user_id=BOB)
    for number in range(jobs):
        world.jobs.rows[f"mine-{number}"] = type(job)(**{**_fields(job), "id": f"mine-{number}", "user_id": ALICE})
    found: dict[str, list[str]] = {"models": [], "try_ons": []}
    cursor, pages = None, 0
    while True:
        page = export(world, cursor)
        found["models"] += [one["model_id"] for one in page["models"]]
        found["try_ons"] += [one["id"] for one in page["try_ons"]]
        assert max(len(page["models"]), len(page["try_ons"])) <= PAGE
        cursor, pages = page["next"], pages + 1
        if cursor is None:
            break
    assert sorted(found["models"]) == sorted(f"me-{number}" for number in range(photos))
    assert sorted(found["try_ons"]) == sorted(f"mine-{number}" for number in range(jobs))
    assert pages == 2 + jobs / PAGE


def _fields(job: Any) -> dict[str, Any]:
    return {name: getattr(job, name) for name in type(job).__dataclass_fields__}


def test_what_was_deleted_or_is_past_its_time_is_not_exported(world: World) -> None:
    world.catalogue.add(photo("me", ALICE), photo("past", ALICE, ttl=1))
    world.completed_job()
    world.delete_photo("me", ALICE)
    world.delete_try_on("job-1", ALICE)
    whole = export(world)
    assert (whole["models"], whole["try_ons"]) == ([], [])
    assert export(world, user_id=BOB)["try_ons"] == []


@pytest.mark.parametrize("cursor", ["7", "models", "models:", "try_ons:", "jobs:1", "try_ons:x", ":1", "models:-1"])
def test_a_cursor_of_something_else_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        export(world, cursor)
    assert [one.path for one in refused.value.violations] == ["cursor"]


# --- what anybody may know ---


def test_the_configuration_says_what_a_try_on_usually_takes_and_what_is_allowed(world: World) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    config = world.browse.config()
    assert config["usual_seconds"] == PROFILES["nova_canvas"].usual_seconds
    prompt = {"promptBasedMask": {"maskPrompt": "x" * (config["limits"]["mask_prompt_characters"] + 1)}}
    images = {"imageGenerationConfig": {"numberOfImages": config["limits"]["variants"] + 1}}
    for broken in ({"maskType": "PROMPT", **prompt}, {"maskType": "GARMENT", **images}):
        told = schemas.violations("parameters", broken)
        assert any("at most" in one.problem for one in told), told
    assert config["limits"]["unfinished_try_ons"] == world.max_jobs
    too_long = {"name": "x" * (config["limits"]["photo_name_characters"] + 1)}
    assert [one.path for one in schemas.violations("rename_photo", too_long)] == ["name"]
    assert (browse.MAX_NAME, browse.MAX_PROMPT) == (80, 1024)


def test_a_list_of_models_says_what_ones_own_photos_rest_on(world: World) -> None:
    world.catalogue.add(photo("me", ALICE, readiness=Readiness.READY))
    mine, stock = world.browse.models(ALICE)["models"]
    assert (mine["consent"], mine["created_at"]) == (None, times.to_iso(world.clock.now()))
    assert "consent" not in stock
    assert RESULTS not in str(mine)
