"""An equal finished result is given at once: no execution, no call; and whatever goes wrong, the usual way is open."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.vto.test_erase_user import ask as ask_to_be_erased
from tests.unit.vto.test_erase_user import left, run
from tests.unit.vto.world import ALICE, BLANK_SLOT, BOB, EXECUTION, RESULTS, UPLOADS, World
from vto.domain.job import START_LEASE_SECONDS, Job, Status
from vto.errors import StorageUnavailableError
from vto.use_cases.start_try_on import StartCreated

FIRST: dict[str, Any] = {"request_id": "first", "product_id": "blue-shirt", "model_id": "stock-anna"}
AGAIN = {**FIRST, "request_id": "again"}


def made(world: World, request: dict[str, Any] = FIRST, user: str = ALICE) -> Job:
    """A try-on that went the usual way to its end."""
    job, _ = world.request_try_on(request, user)
    finish(world, job)
    world.workflow.started.clear()
    return world.jobs.rows[job.id]


def finish(world: World, job: Job) -> None:
    """What the state machine does."""
    assert world.jobs.claim(job.id, EXECUTION, world.clock.now())
    validation = world.validate_request(job.id, EXECUTION, 0)
    generation = None
    if validation["reuse"] == "none":
        slot = world.reserve_slot(job.id, EXECUTION, BLANK_SLOT, None)
        generation = world.invoke_model(job.id, EXECUTION, validation, slot)
    world.store_result(job.id, EXECUTION, validation, generation)


def below(world: World, job: Job) -> dict[str, bytes]:
    places = [f"s3://{RESULTS}/{place}/{job.id}/" for place in ("results", "derived")]
    return {url: one for url, one in world.pictures.objects.items() if url.startswith(tuple(places))}


def starts(world: World, job: Job) -> bool:
    """What the stream does with a job's row when it hears of it."""
    return StartCreated(world.jobs, world.request_try_on.start_try_on)(job.id)


def test_an_equal_request_is_answered_with_copies_of_the_finished_pictures(world: World) -> None:
    world.engine.outcomes = [2]
    first = made(world)
    job, is_new = world.request_try_on(AGAIN, ALICE)
    assert (is_new, job.status, job.id != first.id) == (True, Status.COMPLETED, True)
    assert [one.sha256 for one in job.images] == [one.sha256 for one in first.images]
    assert [change.status for change in job.timeline] == [Status.CREATED, Status.COMPLETED]
    assert (job.engine, job.adaptations, job.seed) == (first.engine, first.adaptations, first.seed)
    assert (job.open, job.lease_until, job.execution_arn, job.ledger) == (None, None, None, ())
    assert world.jobs.rows[job.id].version == job.version == 2
    assert (world.workflow.started, len(world.engine.requests)) == ([], 1)
    assert [one.id for one in world.endings] == [first.id, job.id]


def test_the_copies_are_the_jobs_own_with_all_that_belongs_to_them(world: World) -> None:
    first = made(world)
    job, _ = world.request_try_on(AGAIN, ALICE)
    places = [job.images[0].s3_url, *job.shown_s3_urls, job.previews_s3_url]
    mark = hashlib.sha256(first.images[0].sha256.encode()).hexdigest()[:16]
    assert places == [
        f"s3://{RESULTS}/results/{job.id}/reused/{mark}/0.png",
        f"s3://{RESULTS}/derived/{job.id}/reused/{mark}/0.webp",
        f"s3://{RESULTS}/derived/{job.id}/reused/{mark}/previews.json",
    ]
    for mine, theirs in zip(places, [first.images[0].s3_url, *first.shown_s3_urls, first.previews_s3_url], strict=True):
        assert world.pictures.objects[mine or ""] == world.pictures.objects[theirs or ""]
        assert world.pictures.user_metadata[mine or ""] == {"job-id": job.id}


def test_the_socket_that_asked_hears_of_the_result_first_and_once(world: World) -> None:
    made(world)
    socket = world.connect("phone")
    job, _ = world.request_try_on(AGAIN, ALICE, socket, world.publish_job)
    assert world.notifier.seqs("phone") == [2]
    told = world.notifier.sent["phone"][0]["job"]
    assert (told["status"], told["request_id"], "preview" in told["images"][0]) == ("completed", "again", True)
    assert world.publish_job(job.id) == 0


def test_a_queue_that_is_full_is_not_even_looked_at_where_the_result_is_there(world: World) -> None:
    made(world)
    world.controls.next_slot = None  # type: ignore[method-assign, assignment]
    job, _ = world.request_try_on(AGAIN, ALICE)
    assert job.status is Status.COMPLETED


def test_the_same_request_again_finds_the_same_job_and_copies_nothing(world: World) -> None:
    made(world)
    job, _ = world.request_try_on(AGAIN, ALICE)
    before = len(world.pictures.written)
    again, is_new = world.request_try_on(AGAIN, ALICE)
    assert (again, is_new, len(world.pictures.written)) == (job, False, before)


def test_results_on_the_shops_own_models_are_given_to_anybody_and_others_jobs_stay_theirs(world: World) -> None:
    first = made(world)
    job, _ = world.request_try_on(AGAIN, BOB)
    assert (job.status, job.user_id) == (Status.COMPLETED, BOB)
    assert world.jobs.rows[first.id] == first


def test_another_seed_is_another_result(world: World) -> None:
    made(world)
    parameters = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}}
    other = {**AGAIN, "parameters": {**parameters, "imageGenerationConfig": {"seed": 99}}}
    job, _ = world.request_try_on(other, ALICE)
    assert (job.status, world.workflow.started) == (Status.CREATED, [job.id])


def test_a_job_with_a_mask_of_the_shoppers_own_goes_the_usual_way(world: World) -> None:
    mask = f"s3://{UPLOADS}/masks/users/{ALICE}/m.png"
    world.pictures.put(mask, b"mask")
    request = {**FIRST, "parameters": {"maskType": "IMAGE", "imageBasedMask": {"maskImage": mask}}}
    made(world, request)
    job, _ = world.request_try_on({**request, "request_id": "again"}, ALICE)
    assert (job.status, world.workflow.started) == (Status.CREATED, [job.id])


def test_with_direct_hops_switched_off_nothing_is_given_directly(world: World) -> None:
    made(world)
    world.start_directly = False
    job, _ = world.request_try_on(AGAIN, ALICE)
    assert (job.status, world.workflow.started) == (Status.CREATED, [])


# --- what is not as it should be --------------------------------------------------------------------------------------


def no_pictures(world: World, first: Job) -> None:
    del world.pictures.objects[first.images[0].s3_url]


def other_bytes(world: World, first: Job) -> None:
    world.pictures.objects[first.images[0].s3_url] = b"other"


def offered_before(world: World, first: Job) -> None:
    key = first.cache_key or ""
    world.results.ready[key] = replace(world.results.ready[key], stored=(), shown=(), previews=None)


def of_an_engine_that_is_no_more(world: World, first: Job) -> None:
    key = first.cache_key or ""
    world.results.ready[key] = replace(world.results.ready[key], engine="of-before")


@pytest.mark.parametrize("spoil", [no_pictures, other_bytes, offered_before, of_an_engine_that_is_no_more])
def test_where_it_cannot_be_given_the_job_is_started(world: World, spoil: Callable[[World, Job], None]) -> None:
    spoil(world, made(world))
    socket = world.connect("phone")
    job, is_new = world.request_try_on(AGAIN, ALICE, socket, world.publish_job)
    assert (job.status, is_new, world.workflow.started) == (Status.CREATED, True, [job.id])
    assert world.notifier.seqs("phone") == [1]


class CrashError(Exception):
    """The function died."""


@pytest.mark.parametrize("after", [True, False], ids=["after the write", "instead of the write"])
@pytest.mark.parametrize("crash_at", range(4))  # three copies, the row
def test_a_crash_anywhere_is_made_good_by_the_sweep(crash_at: int, after: bool) -> None:
    world = World()
    made(world)
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
        patch.setattr(world.pictures, "copy", dying(world.pictures.copy))
        patch.setattr(world.jobs, "save", dying(world.jobs.save))
        with pytest.raises(CrashError):
            world.request_try_on(AGAIN, ALICE)
    (job,) = (job for job in world.jobs.rows.values() if job.request_id == "again")
    assert not starts(world, job), "the stream, to which it was promised a result"
    if job.status is Status.CREATED:
        world.clock.advance(START_LEASE_SECONDS + 1)
        world.sweep_jobs()
        assert world.workflow.started == [job.id]
        finish(world, job)
    else:
        assert (crash_at, after) == (3, True)
        assert world.finish_given(job.id)
    done = world.jobs.rows[job.id]
    assert done.status is Status.COMPLETED
    assert all(one.s3_url in world.pictures.objects for one in (*done.images, *done.shown_images))
    assert world.result_object("result.json", job.id)
    assert len(world.engine.requests) == 1


def test_a_client_that_sends_its_request_again_after_a_crash_is_given_the_result(world: World) -> None:
    made(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.pictures, "copy_all", lambda copies: (_ for _ in ()).throw(CrashError))
        with pytest.raises(CrashError):
            world.request_try_on(AGAIN, ALICE)
    job, is_new = world.request_try_on(AGAIN, ALICE)
    assert (job.status, is_new, world.workflow.started) == (Status.COMPLETED, False, [])


def test_storage_that_does_not_answer_leaves_the_job_to_its_execution(world: World) -> None:
    made(world)
    world.pictures.copy = lambda copy: (_ for _ in ()).throw(StorageUnavailableError("S3"))  # type: ignore[method-assign]
    job, _ = world.request_try_on(AGAIN, ALICE)
    assert (job.status, world.workflow.started) == (Status.CREATED, [job.id])
    assert [what for what, _ in world.reports] == ["finished result left to the sweep"]


def test_an_execution_that_is_quicker_keeps_the_job_and_its_pictures(world: World) -> None:
    first = made(world)
    copy = world.pictures.copy
    done: list[Job] = []

    def overtaken(one: Any) -> None:
        if not done:  # the stream started it, and the result was not on offer any more when it looked
            job = next(job for job in world.jobs.rows.values() if job.request_id == "again")
            world.results.ready.clear()
            world.pictures.copy = copy  # type: ignore[method-assign]
            finish(world, job)
            done.append(world.jobs.rows[job.id])
        copy(one)

    world.pictures.copy = overtaken  # type: ignore[method-assign]
    world.request_try_on(AGAIN, ALICE)
    assert world.jobs.rows[done[0].id] == done[0]
    assert done[0].execution_arn == EXECUTION
    assert world.pictures.objects[done[0].images[0].s3_url] == b"picture 0"
    assert done[0].images[0].s3_url.endswith(f"/results/{done[0].id}/0.png")
    assert first.status is Status.COMPLETED


def test_a_job_that_was_cancelled_meanwhile_stays_so(world: World) -> None:
    made(world)
    world.jobs.before_save = lambda job: None
    copy_all = world.pictures.copy_all

    def cancelled(copies: Any) -> None:
        copy_all(copies)
        job = next(job for job in world.jobs.rows.values() if job.request_id == "again")
        world.cancel_try_on(job.id, ALICE)

    world.pictures.copy_all = cancelled  # type: ignore[method-assign]
    job, _ = world.request_try_on(AGAIN, ALICE)
    assert world.jobs.rows[job.id].error_code == "cancelled"


def test_nothing_of_a_given_result_outlives_an_erasure(world: World) -> None:
    made(world)
    job, _ = world.request_try_on(AGAIN, BOB)
    assert below(world, job)
    ask_to_be_erased(world, BOB)
    run(world, BOB)
    assert below(world, job) == {}
    assert job.id not in world.jobs.rows


def test_copies_whose_job_is_erased_while_they_are_made_go_too(world: World) -> None:
    made(world)
    copy_all = world.pictures.copy_all

    def erased(copies: Any) -> None:
        ask_to_be_erased(world, ALICE)
        world.erase_user(ALICE)  # a first pass, before anything was copied
        copy_all(copies)

    world.pictures.copy_all = erased  # type: ignore[method-assign]
    job, _ = world.request_try_on(AGAIN, ALICE)
    run(world)
    assert below(world, job) == {}
    assert left(world) == []


def test_what_was_given_is_not_offered_by_whom_it_was_given_to(world: World) -> None:
    first = made(world)
    job, _ = world.request_try_on(AGAIN, ALICE)
    assert world.results.ready[first.cache_key or ""].job_id == first.id
    assert not world.results.withdraw(job.cache_key or "", job.id)


# --- what the stream does ---------------------------------------------------------------------------------------------


def test_the_stream_starts_only_what_still_waits(world: World) -> None:
    first = made(world)
    given, _ = world.request_try_on(AGAIN, ALICE)
    waiting = world.add_job("waits")
    assert [starts(world, job) for job in (first, given, waiting)] == [False, False, True]
    assert not starts(world, replace(waiting, id="gone"))
    assert world.workflow.started == ["waits"]


def test_the_manifest_of_a_given_result_is_written_by_the_stream_and_of_no_other(world: World) -> None:
    first = made(world)
    given, _ = world.request_try_on(AGAIN, ALICE)
    assert world.result_object("result.json", given.id) is None
    assert [world.finish_given(job_id) for job_id in (given.id, given.id, first.id, "none")] == [
        True,
        True,
        False,
        False,
    ]
    assert world.result_object("result.json", given.id)
    world.jobs.rows[given.id] = replace(given, erased_at="2026-11-21T12:00:00.000Z")
    assert not world.finish_given(given.id)


# --- two attempts at once, and afterwards ---------------------------------------------------------------------------


def test_copies_that_come_late_of_another_result_do_not_change_what_the_row_says(world: World) -> None:
    first = made(world)
    key, copy_all, attempts = first.cache_key or "", world.pictures.copy_all, [0]

    def anew(url: str, content: bytes) -> str:
        world.pictures.put(url.replace(first.id, "second"), content)
        return url.replace(first.id, "second")

    def slow(copies: Any) -> None:
        attempts[0] += 1
        if attempts[0] == 1:  # the result is withdrawn and made anew, and the client sends its request again
            offer = world.results.ready[key]
            other = hashlib.sha256(b"other").hexdigest()
            stored = tuple(replace(one, s3_url=anew(one.s3_url, b"other"), sha256=other) for one in offer.stored)
            shown = tuple(anew(url, b"other") for url in offer.shown)
            world.results.ready[key] = replace(
                offer, job_id="second", stored=stored, images=tuple(one.s3_url for one in stored), shown=shown,
                previews=anew(offer.previews or "", b"[]"),
            )  # fmt: skip
            assert world.request_try_on(AGAIN, ALICE)[0].status is Status.COMPLETED
        copy_all(copies)

    world.pictures.copy_all = slow  # type: ignore[method-assign]
    job, _ = world.request_try_on(AGAIN, ALICE)
    row = world.jobs.rows[job.id]
    assert hashlib.sha256(world.pictures.objects[row.images[0].s3_url]).hexdigest() == row.images[0].sha256
    assert world.pictures.objects[row.shown_s3_urls[0]] == b"other"


def test_a_table_of_results_that_does_not_answer_keeps_nobody_from_asking(world: World) -> None:
    def down(*_: Any) -> None:
        raise StorageUnavailableError("results")

    world.results.get_ready = down  # type: ignore[method-assign, assignment]
    job, is_new = world.request_try_on(FIRST, ALICE)
    assert (is_new, world.workflow.started) == (True, [job.id])


def test_a_job_that_an_operator_puts_back_is_promised_nothing(world: World) -> None:
    made(world)
    world.pictures.copy = lambda copy: (_ for _ in ()).throw(StorageUnavailableError("S3"))  # type: ignore[method-assign]
    job, _ = world.request_try_on(AGAIN, ALICE)
    assert job.is_promised
    assert world.jobs.claim(job.id, EXECUTION, world.clock.now())
    world.record_failure.lost(job.id, EXECUTION, "gone")
    world.jobs.rows[job.id] = world.jobs.rows[job.id].put_back(world.clock.now())
    world.workflow.started.clear()
    world.request_try_on(AGAIN, ALICE)
    assert (world.jobs.rows[job.id].status, world.workflow.started) == (Status.CREATED, [])
