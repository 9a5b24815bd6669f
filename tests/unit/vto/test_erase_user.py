"""Erasing everything about somebody, pass by pass."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BOB, EXECUTION, RESULTS, UPLOADS, World, photo
from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.consent import Consent
from vto.domain.erasure import REUSE_SECONDS, SKEW_SECONDS, WRITER_SECONDS
from vto.domain.job import Status
from vto.domain.storage import S3Url
from vto.errors import (
    JobClosedError,
    NotFoundError,
    NotifierUnavailableError,
    RequestConflictError,
    StorageUnavailableError,
)
from vto.use_cases import sockets
from vto.use_cases.sockets import IssueTicket

HALF_AN_HOUR = 1800
FUNCTION_SECONDS = 120  # what template.yaml gives a pass


def ask(world: World, user_id: str = ALICE) -> str:
    """Ask, and let the moment pass that counts as before."""
    receipt: str = world.request_erasure(user_id)["receipt"]
    world.clock.advance(SKEW_SECONDS + 1)
    return receipt


def run(world: World, user_id: str = ALICE, passes: int = 30) -> None:
    """Make passes until it is done."""
    for _ in range(passes):
        if world.erase_user(user_id):
            return
        world.clock.advance(300)
    pytest.fail("it is never done")


def own_photo(world: World, item_id: str = "me", user_id: str = ALICE) -> None:
    consent = Consent.given("1", world.clock.now())
    item = photo(item_id, user_id, consent=consent, created_at=consent.time)
    world.catalogue.add(item)
    world.pictures.put(str(item.prepared_s3_url), b"face", **consent.metadata())


def left(world: World, user_id: str = ALICE) -> list[str]:
    """What of this user lies in S3, by its keys."""
    return [
        one.url.key
        for bucket in (UPLOADS, RESULTS)
        for one in world.pictures.below(S3Url(bucket, ""))
        if user_id in one.url.key or "job-" in one.url.key
    ]


def test_nothing_is_left_and_the_receipt_says_how_much_there_was(world: World) -> None:
    own_photo(world)
    world.connect("socket-1")
    world.completed_job("job-1", model_id="me", consented_at=times.to_iso(world.clock.now()))
    world.completed_job("job-2", request_id="request-2")
    world.publish_job("job-2")
    receipt = ask(world)
    run(world)

    assert world.jobs.rows == {}
    assert world.catalogue.models_of(ALICE, limit=9) == []
    assert left(world) == []
    assert world.connections.rows == {}
    assert world.controls.delivered == {}
    assert world.results.ready == {}
    assert ALICE not in repr((world.controls, world.erasures))
    told = world.request_erasure.state(ALICE, receipt)
    assert told["state"] == "done"
    assert told["removed"] == {
        "jobs": 2,
        "photos": 1,
        "objects": 1 + 2 * 5,  # the prepared photo; of each job what was generated, result, manifest, WebP, previews
        "cached_results": 2,
        "sockets": 1,
        "control_items": 1,
    }


def test_others_keep_everything(world: World) -> None:
    own_photo(world, "bobs", BOB)
    world.connect("socket-9", BOB)
    world.completed_job("job-9", user_id=BOB, model_id="bobs", consented_at=times.to_iso(world.clock.now()))
    before = dict(world.jobs.rows), dict(world.catalogue.rows), dict(world.pictures.objects), dict(world.results.ready)
    ask(world)
    run(world)
    assert before == (world.jobs.rows, world.catalogue.rows, world.pictures.objects, world.results.ready)
    assert world.connections.rows.keys() == {"socket-9"}


def test_a_job_that_is_being_made_ends_and_whoever_works_on_it_is_refused(world: World) -> None:
    validation, generation = world.generated_job()
    ask(world)
    assert world.erase_user(ALICE) is False
    job = world.jobs.rows["job-1"]
    assert (job.status, job.error_code, job.open) == (Status.ERROR, "erased", None)
    with pytest.raises(JobClosedError):
        world.store_result("job-1", EXECUTION, validation, generation)
    assert world.results.claims == {}  # an equal job need not wait for it


def test_what_a_late_writer_leaves_is_found_by_a_later_pass(world: World) -> None:
    world.generated_job()
    ask(world)
    world.erase_user(ALICE)
    world.pictures.put(f"s3://{RESULTS}/generated/job-1/2/0.png", b"late")
    world.clock.advance(WRITER_SECONDS - 20)
    world.pictures.put(f"s3://{RESULTS}/results/job-1/0.png", b"very late")
    run(world)
    assert left(world) == []


def test_an_erased_job_is_gone_for_its_owner_at_once(world: World) -> None:
    world.completed_job()
    world.connect("socket-1")
    ask(world)
    world.erase_user(ALICE)
    assert "job-1" in world.jobs.rows
    assert world.browse.try_ons(ALICE, None)["try_ons"] == []
    with pytest.raises(NotFoundError):
        world.browse.try_on(ALICE, "job-1")
    assert world.publish_job("job-1") == 0
    assert world.deliver_result("job-1") == 0


def test_a_request_under_the_name_of_one_that_is_being_erased_needs_another_name(world: World) -> None:
    request = {"product_id": "blue-shirt", "model_id": "stock-anna", "request_id": "again"}
    world.request_try_on(request, ALICE)
    ask(world)
    world.erase_user(ALICE)
    with pytest.raises(RequestConflictError) as refused:
        world.request_try_on(request, ALICE)
    assert "is being erased" in refused.value.violations[0].problem
    run(world)
    assert world.request_try_on(request, ALICE)[1] is True


def test_what_is_done_after_the_request_stays(world: World) -> None:
    own_photo(world, "old")
    ask(world)
    own_photo(world, "new")
    world.completed_job(model_id="new", consented_at=times.to_iso(world.clock.now()), now=world.clock.now())
    world.connect("socket-2")
    ticket = IssueTicket(world.controls, world.clock)(ALICE, 2**31)
    run(world)
    assert [one.item_id for one in world.catalogue.models_of(ALICE, limit=9)] == ["new"]
    assert world.status_of() is Status.COMPLETED
    assert world.result_object("0.png") is not None
    assert world.connections.rows.keys() == {"socket-2"}
    assert ticket.ticket in world.controls.tickets


def test_a_try_on_of_an_erased_photo_that_is_asked_for_afterwards_goes_too(world: World) -> None:
    own_photo(world)
    ask(world)
    request = {"product_id": "blue-shirt", "model_id": "me"}
    job, _ = world.request_try_on(request, ALICE)
    assert job.consented_at is not None
    assert job.created_at > world.erasures.running[ALICE].before
    run(world)
    assert world.jobs.rows == {}


def test_asked_for_again_while_it_runs_it_covers_what_came_since_under_the_same_receipt(world: World) -> None:
    receipt = ask(world)
    world.erase_user(ALICE)
    own_photo(world)
    assert ask(world) == receipt
    run(world)
    assert world.catalogue.models_of(ALICE, limit=9) == []
    assert ask(world) != receipt


def test_it_is_not_done_before_an_upload_that_had_begun_can_have_come(world: World) -> None:
    ask(world)
    world.clock.advance(SKEW_SECONDS + 60)
    assert world.erase_user(ALICE) is False
    consent = Consent("1", "2026-11-21T12:00:00.000Z")  # of a form of before
    world.pictures.put(f"s3://{UPLOADS}/masks/users/{ALICE}/late.png", b"mask", **consent.metadata())
    run(world)
    assert left(world) == []


def test_old_versions_and_delete_markers_go_unless_a_newer_photo_lies_there(world: World) -> None:
    consent = Consent.given("1", world.clock.now()).metadata()
    for name in ("one", "two"):
        world.pictures.put(f"s3://{UPLOADS}/masks/users/{ALICE}/{name}.png", b"old", **consent)
        world.pictures.expire(f"s3://{UPLOADS}/masks/users/{ALICE}/{name}.png")
    ask(world)
    newer = Consent.given("1", world.clock.now()).metadata()
    world.pictures.put(f"s3://{UPLOADS}/masks/users/{ALICE}/two.png", b"new", **newer)
    run(world)
    assert left(world) == [f"masks/users/{ALICE}/two.png"]
    assert world.pictures.objects[f"s3://{UPLOADS}/masks/users/{ALICE}/two.png"] == b"new"


def test_pictures_that_others_may_be_copying_go_ten_minutes_after_they_were_on_offer(world: World) -> None:
    world.completed_job()
    ask(world)
    world.erase_user(ALICE)
    assert world.results.ready == {}
    assert world.result_object("0.png") is not None
    world.clock.advance(REUSE_SECONDS + 1)
    world.erase_user(ALICE)
    assert world.result_object("0.png") is None


def test_pictures_of_a_private_photo_go_at_once(world: World) -> None:
    own_photo(world)
    world.completed_job(model_id="me", consented_at=times.to_iso(world.clock.now()))
    ask(world)
    world.erase_user(ALICE)
    assert left(world) == []


def test_a_result_that_is_offered_after_the_mark_is_withdrawn_and_its_pictures_wait_anew(world: World) -> None:
    job = world.completed_job()
    key, offered = next(iter(world.results.ready.items()))
    ask(world)
    world.erase_user(ALICE)
    world.clock.advance(REUSE_SECONDS - 10)
    world.results.put_ready(key, offered, ttl=2**33)
    world.erase_user(ALICE)
    assert world.results.ready == {}
    world.clock.advance(60)
    world.erase_user(ALICE)
    assert world.result_object("0.png", job.id) is not None
    run(world)
    assert left(world) == []


def test_an_equal_result_of_somebody_else_stays_on_offer(world: World) -> None:
    world.completed_job()
    key, offered = next(iter(world.results.ready.items()))
    world.results.put_ready(key, replace(offered, job_id="bobs"), ttl=2**33)
    ask(world)
    run(world)
    assert world.results.ready[key].job_id == "bobs"


def test_two_passes_at_once_do_not_count_twice(world: World) -> None:
    own_photo(world)
    ask(world)
    until = times.after(world.clock.now(), 150)
    assert world.erasures.take(ALICE, world.clock.now(), until=until)
    assert world.erase_user(ALICE) is False
    assert world.catalogue.models_of(ALICE, limit=9) != []
    world.clock.advance(151)
    run(world)
    assert world.catalogue.models_of(ALICE, limit=9) == []


def test_what_was_removed_before_a_pass_broke_off_is_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    own_photo(world)
    receipt = ask(world)

    def fail(*_: object) -> None:
        raise StorageUnavailableError("S3")

    with monkeypatch.context() as broken:
        broken.setattr(world.pictures, "below", fail)
        with pytest.raises(StorageUnavailableError):
            world.erase_user(ALICE)
    assert world.request_erasure.state(ALICE, receipt)["removed"]["photos"] == 1
    run(world)


def test_a_socket_that_cannot_be_closed_does_not_keep_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise NotifierUnavailableError("down")

    monkeypatch.setattr(world.notifier, "close", fail)
    world.connect("socket-1")
    ask(world)
    run(world)
    assert world.connections.rows == {}


def test_an_erasure_that_is_done_is_done_again_without_a_word(world: World) -> None:
    assert world.erase_user("nobody") is True


def test_an_erasure_that_cannot_be_passed_on_is_not_accepted_and_may_be_asked_for_again(world: World) -> None:
    world.erasure_requests.problem = StorageUnavailableError("SQS")
    with pytest.raises(StorageUnavailableError):
        world.request_erasure(ALICE)
    receipt = world.erasures.running[ALICE].receipt
    world.erasure_requests.problem = None
    assert world.request_erasure(ALICE)["receipt"] == receipt
    assert world.erasure_requests.sent == [ALICE]


@pytest.mark.parametrize("receipt", ["", "x", "x" * 65, "x" * 5000, "../me"])
def test_a_receipt_that_is_none_is_not_found(world: World, receipt: str) -> None:
    with pytest.raises(NotFoundError):
        world.request_erasure.state(ALICE, receipt)


def test_somebody_elses_receipt_is_answered_like_one_that_does_not_exist(world: World) -> None:
    receipt = ask(world)
    for _ in range(2):
        with pytest.raises(NotFoundError) as theirs:
            world.request_erasure.state(BOB, receipt)
        with pytest.raises(NotFoundError) as nobodys:
            world.request_erasure.state(BOB, "f" * 32)
        assert theirs.value.public() == nobodys.value.public()
        run(world)  # the second time it is done


def test_a_stock_model_is_not_anybodys_photo(world: World) -> None:
    world.catalogue.delete_photo("stock-anna", ALICE)
    assert world.catalogue.get(Kind.MODEL, "stock-anna") is not None


def test_the_moment_of_a_ticket_is_reckoned_from_how_long_it_is_good_for(world: World) -> None:
    old = IssueTicket(world.controls, world.clock)(ALICE, 2**31)
    ask(world)
    run(world)
    assert old.ticket not in world.controls.tickets
    assert sockets.TICKET_SECONDS == 30


def test_whoever_has_left_thousands_of_versions_is_erased_in_passes_that_end_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"s3://{UPLOADS}/masks/users/{ALICE}/knee.png"
    for _ in range(12_000):  # one form, sent again and again
        world.pictures.put(url, b"mask", **Consent.given("1", world.clock.now()).metadata())
    for name in ("metadata_of", "remove"):
        ask_s3 = getattr(world.pictures, name)

        def slow(of: Any, ask_s3: Any = ask_s3) -> Any:
            world.clock.advance(0.03 * (len(of) if isinstance(of, list) else 1))
            return ask_s3(of)

        monkeypatch.setattr(world.pictures, name, slow)
    ask(world)
    longest = 0.0
    for _ in range(30):
        began = world.clock.now()
        is_done = world.erase_user(ALICE)
        longest = max(longest, (world.clock.now() - began).total_seconds())
        if is_done:
            break
        world.clock.advance(300)
    assert is_done
    assert longest < FUNCTION_SECONDS
    assert left(world) == []
