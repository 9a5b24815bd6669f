"""The shop's own server is told of each end of a job until it has taken it, and can prove who told it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.contract.deployed import resources, template
from tests.unit.vto.world import EXECUTION, World
from vto.adapters.job_stream import stream_changes
from vto.domain import times, webhooks
from vto.domain.webhooks import ATTEMPTS, End, Reception, headers, is_allowed, message, reception, wait_seconds
from vto.errors import ModelTimeoutError, StorageUnavailableError
from vto.testing import FakeEndedJobs, FakeShopServer
from vto.use_cases.announce_end import AnnounceEnd
from vto.use_cases.call_webhook import CallWebhook

OLD, NEW = "whsec_" + "b2xkIGtleSB0aGF0IGlzIGxvbmcgZW5vdWdo" + "Cg==", "bmV3a2V5" * 4
HOURS = 60 * 60


class Shop:
    """The queue, the shop's server, and what was said of them."""

    def __init__(self, world: World, *statuses: int) -> None:
        self.queue, self.server = FakeEndedJobs(), FakeShopServer([*statuses])
        self.said: list[tuple[Reception | None, str]] = []
        self.announce = AnnounceEnd(world.jobs, self.queue)
        self.call = CallWebhook(
            world.jobs, self.server, world.clock, lambda job, outcome, why: self.said.append((outcome, why))
        )


def failed(world: World) -> None:
    world.claimed_job()
    world.record_failure("job-1", EXECUTION, {"Error": ModelTimeoutError.__name__, "Cause": ""})


def test_what_is_told_says_how_the_job_ended_and_nothing_of_its_owner_or_its_pictures(world: World) -> None:
    failed(world)
    job = world.jobs.rows["job-1"]

    told = message(job)

    assert json.loads(told) == {
        "type": "try_on.error",
        "timestamp": job.updated_at,
        "data": {
            "job_id": "job-1",
            "request_id": job.request_id,
            "seq": job.version,
            "status": "error",
            "error_code": "model_timeout",
        },
    }
    assert not [word for word in (job.user_id, "s3://", job.model_id, job.product_id) if word in told.decode()]


def test_a_receiver_with_the_official_library_knows_us_by_the_old_key_and_by_the_new_one(world: World) -> None:
    world.completed_job()
    body = message(world.jobs.rows["job-1"])
    now = times.epoch(world.clock.now())
    sent = headers("job-1-6", now, body, f"{NEW} {OLD}\n")

    for secret in (OLD, NEW):
        receiver = Webhook(secret)
        expected = receiver.sign("job-1-6", world.clock.now(), body.decode())
        assert expected in sent["webhook-signature"].split(" ")


def test_a_message_is_refused_by_the_official_library_when_a_byte_of_it_is_another() -> None:
    now = times.epoch(datetime.now(UTC))  # the library looks at the real clock
    sent = headers("job-1-6", now, b'{"status":"error"}', OLD)

    assert Webhook(OLD).verify(b'{"status":"error"}', sent) == {"status": "error"}
    for changed in ({"webhook-id": "job-1-7"}, {"webhook-timestamp": str(now - 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(OLD).verify(b'{"status":"error"}', sent | changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(b'{"status":"done!"}', sent)


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_äöü", "c2hvcnQ=", f"{OLD} {NEW} {OLD}"])
def test_a_secret_that_cannot_sign_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="key") as problem:
        headers("id", 1, b"{}", secret)
    assert not secret.strip() or secret not in str(problem.value)


def test_the_secret_that_the_template_has_made_is_a_key() -> None:
    (made,) = resources("AWS::SecretsManager::Secret").values()
    length = made["GenerateSecretString"]["PasswordLength"]
    assert made["GenerateSecretString"]["ExcludePunctuation"] is True
    assert len(webhooks.keys("aZ9" * length)[0]) > len(webhooks.keys(("aZ09" * length)[:length])[0]) == 33


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://shop.example/vto", True),
        ("https://shop.example:8443", True),
        ("http://127.0.0.1:9000/vto", True),
        ("http://localhost", True),
        ("http://shop.example/vto", False),
        ("http://127.0.0.1.shop.example/", False),
        ("http://127.0.0.1@shop.example/", False),
        ("https://user:word@shop.example/", False),
        ("https://", False),
        ("ftp://shop.example", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_nothing_is_told_in_the_clear_but_to_the_machine_itself(url: str, allowed: bool) -> None:
    pattern = template()["Parameters"]["WebhookUrl"]["AllowedPattern"]
    assert is_allowed(url) is allowed
    assert bool(url and re.fullmatch(pattern, url)) is allowed, "and nobody can deploy with another one"


@pytest.mark.parametrize(
    ("statuses", "meaning"),
    [
        ((200, 204, 299), Reception.TAKEN),
        ((410,), Reception.GONE),
        ((400, 401, 403), Reception.DOUBTED),
        ((301, 302, 307, 308, 404, 408, 429, 500, 503, 199), Reception.NOT_TAKEN),
    ],
)
def test_an_answer_takes_a_message_only_when_it_says_so(statuses: tuple[int, ...], meaning: Reception) -> None:
    assert {reception(one) for one in statuses} == {meaning}


def test_the_queue_gives_up_when_the_waits_are_over_and_not_before() -> None:
    queue = resources("AWS::SQS::Queue")["WebhookQueue"]
    waits = [wait_seconds(receives) for receives in range(1, ATTEMPTS + 1)]

    assert queue["RedrivePolicy"]["maxReceiveCount"] == ATTEMPTS
    assert waits == [*sorted(waits[:-1]), 0]
    assert max(waits) <= 12 * HOURS, "SQS hides no message for longer"
    assert 16 * HOURS < sum(waits) < queue["MessageRetentionPeriod"]


def test_an_end_is_announced_and_taken(world: World) -> None:
    shop = Shop(world)
    world.completed_job()

    assert shop.announce("job-1")
    (end,) = shop.queue.sent
    assert shop.call(end)
    assert [one for one, _ in shop.server.told] == [end.message_id] == [f"job-1-{world.jobs.rows['job-1'].version}"]
    assert shop.said == [(Reception.TAKEN, "")]


def test_a_message_that_is_sent_again_has_the_same_id_and_the_same_bytes(world: World) -> None:
    shop = Shop(world, 500, 302, 204)
    failed(world)
    shop.announce("job-1")
    shop.announce("job-1")
    first, second = shop.queue.sent

    assert [shop.call(first), shop.call(first), shop.call(second)] == [False, False, True]
    assert len(set(shop.server.told)) == 1


def test_who_does_not_want_to_hear_any_more_is_not_asked_again(world: World) -> None:
    shop = Shop(world, 410)
    world.completed_job()
    assert shop.call(End("job-1", world.jobs.rows["job-1"].version))
    assert shop.said == [(Reception.GONE, "")]


@pytest.mark.parametrize("when", ["before it is announced", "before it is told"])
def test_what_was_erased_is_told_to_nobody(world: World, when: str) -> None:
    shop = Shop(world, 500)
    world.completed_job()
    end = End("job-1", world.jobs.rows["job-1"].version)
    if when == "before it is told":
        shop.announce("job-1")
        assert not shop.call(end)
    job = world.jobs.rows["job-1"]
    world.jobs.save(job.erase(world.clock.now()), expected_version=job.version)
    shop.server.told.clear()

    shop.announce("job-1")
    assert shop.call(end)

    assert shop.server.told == []
    assert len(shop.queue.sent) == (when == "before it is told")
    world.jobs.rows.clear()
    assert shop.call(end)
    assert shop.server.told == []


def test_a_job_that_is_run_again_is_told_of_at_its_next_end_under_another_id(world: World) -> None:
    shop = Shop(world)
    failed(world)
    job = world.jobs.rows["job-1"]
    first = End(job.id, job.version)
    world.clock.moment += timedelta(minutes=1)
    world.jobs.save(job.put_back(world.clock.now()), expected_version=job.version)

    assert not shop.announce("job-1")
    assert shop.call(first)
    assert shop.server.told == []

    again = world.jobs.rows["job-1"]
    ended = again.claimed(f"{EXECUTION}:{again.id}-{again.version}", world.clock.now()).fail(
        ModelTimeoutError(), world.clock.now()
    )
    world.jobs.rows["job-1"] = ended
    assert shop.announce("job-1")
    assert shop.queue.sent[-1].message_id != first.message_id
    assert shop.call(first), "the old message comes late"
    assert shop.call(shop.queue.sent[-1])
    assert [one for one, _ in shop.server.told] == [shop.queue.sent[-1].message_id]


def test_nobody_is_told_while_a_job_goes_on_or_where_no_server_is_named(world: World) -> None:
    shop = Shop(world)
    world.claimed_job()
    assert not shop.announce("job-1")
    world.completed_job("job-2")
    assert not AnnounceEnd(world.jobs, None)("job-2")
    assert shop.queue.sent == []


def test_an_end_that_could_not_be_announced_is_announced_again(world: World) -> None:
    shop = Shop(world)
    world.completed_job()
    shop.queue.problem = StorageUnavailableError("out of reach")
    with pytest.raises(StorageUnavailableError):
        shop.announce("job-1")


def test_a_record_of_the_stream_announces_an_end_only_when_the_job_ended_by_it() -> None:
    def record(**images: str) -> dict[str, Any]:
        seen = {name: {"status": {"S": status}} for name, status in images.items()}
        return {"dynamodb": {"SequenceNumber": "1", "Keys": {"id": {"S": "job-1"}}, **seen}}

    records = [
        record(OldImage="processing", NewImage="completed"),
        record(OldImage="created", NewImage="error"),
        record(),  # an operator has it read again
        record(OldImage="completed", NewImage="completed"),
        record(OldImage="error", NewImage="created"),
        record(OldImage="created", NewImage="processing"),
        record(OldImage="created", NewImage="completed"),
    ]
    found = [change.may_have_ended for _, changes in stream_changes({"Records": records}) for change in changes]
    given = [change.may_be_given for _, changes in stream_changes({"Records": records}) for change in changes]
    assert given == [False, False, True, False, False, False, True]
    assert found == [True, True, True, False, False, False, True]
