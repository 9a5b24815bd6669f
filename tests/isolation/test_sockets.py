"""A socket's id goes from one user to the next in any order of events: nobody ever hears another's news."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.shop import some
from tests.unit.vto.world import EXECUTION, RESULTS, World, new_job, photo, shirt
from vto.domain import times
from vto.domain.job import Stage, Status, StoredImage
from vto.errors import NotifierUnavailableError
from vto.ports import Connection
from vto.testing import FakeConnections
from vto.use_cases.publish_job import PublishJob
from vto.use_cases.sockets import OpenSocket

USERS = ("anna", "ben", "carla")
SOCKETS = ("s1", "s2")
HOUR = 3600


@dataclass
class LateIndex(FakeConnections):
    """Sockets whose index by user is behind the table until it catches up."""

    index: dict[str, Connection] = field(default_factory=dict)

    def of_user(self, user_id: str) -> list[Connection]:
        return [one for one in self.index.values() if one.user_id == user_id]

    def catch_up(self) -> None:
        self.index = dict(self.rows)


class Hall:
    """Users, sockets whose ids are given out again, and one job for each user."""

    def __init__(self) -> None:
        self.world = World()
        self.sockets = LateIndex()
        self.world.connections = self.sockets
        self.world.stock(shirt(), *(photo(f"photo-of-{name}", name) for name in USERS))
        self.holder: dict[str, tuple[str, int]] = {}
        self.heard: list[tuple[str, str, int]] = []
        send = self.world.notifier.send

        def noted(connection_id: str, frame: Any) -> bool:
            """What arrives, arrives at whoever holds the socket now."""
            if connection_id not in self.holder:
                return False
            if frame["type"] == "job":
                user, until = self.holder[connection_id]
                owner = self.world.jobs.rows[frame["job"]["id"]].user_id
                self.heard.append((user, owner, times.epoch(self.world.clock.now()) - until))
            return send(connection_id, frame)

        self.world.notifier.send = noted  # type: ignore[method-assign]
        for name in USERS:
            self.world.jobs.create(new_job(f"job-of-{name}", user_id=name, now=self.world.clock.now()))

    def connect(self, user: str, socket: str) -> None:
        """The gateway gives the id to this user; whoever had it before is gone, said or not."""
        until = times.epoch(self.world.clock.now(), seconds=HOUR)
        OpenSocket(self.sockets, self.world.clock)(socket, user, until)
        self.holder[socket] = user, until

    def lose(self, user: str, socket: str) -> None:
        """The socket breaks, and nobody says so."""
        self.holder.pop(socket, None)

    def disconnect(self, user: str, socket: str) -> None:
        """The socket ends, and the gateway says so at once."""
        if socket in self.holder:
            self.sockets.remove(socket, self.holder.pop(socket)[0])

    def late_word(self, user: str, socket: str) -> None:
        """The gateway says late that a user's earlier socket of this id has ended."""
        if self.holder.get(socket, ("", 0))[0] != user:
            self.sockets.remove(socket, user)

    def index(self, user: str, socket: str) -> None:
        self.sockets.catch_up()

    def change(self, user: str, socket: str) -> None:
        job = self.world.jobs.rows[f"job-of-{user}"]
        now = self.world.clock.now()
        match job.status:
            case Status.CREATED:
                self.world.jobs.claim(job.id, EXECUTION, now)
            case Status.PROCESSING if job.stage is Stage.GENERATING:
                image = StoredImage(f"s3://{RESULTS}/results/{job.id}/0.png", "digest", 800, 1200)
                done = job.complete(images=(image,), mask_s3_url=None, engine="preview", now=now)
                self.world.jobs.save(done, expected_version=job.version)
            case Status.PROCESSING:
                stage = Stage.GENERATING if job.stage is Stage.QUEUED else Stage.QUEUED
                entered = job.enter(stage, execution_arn=EXECUTION, now=now, lease_seconds=60)
                self.world.jobs.save(entered, expected_version=job.version)

    def _publish(self, call: Callable[[str], int], user: str) -> None:
        with suppress(NotifierUnavailableError):  # it comes again
            call(f"job-of-{user}")

    def publish(self, user: str, socket: str) -> None:
        self._publish(self.world.publish_job, user)

    def deliver(self, user: str, socket: str) -> None:
        self._publish(self.world.deliver_result, user)

    def publish_while_it_changes_hands(self, user: str, socket: str) -> None:
        """The socket goes to somebody else while a publisher waits for its turn."""
        job = self.world.jobs.rows[f"job-of-{user}"]
        self.world.controls.claim_delivery(job.id, socket, job.version, self.world.clock.now())
        other = USERS[(USERS.index(user) + 1) % len(USERS)]
        sleep, clock = self.world.clock.sleep, self.world.clock

        def given_away(seconds: float) -> None:
            self.connect(other, socket)
            self.world.controls.release_delivery(job.id, socket)
            clock.advance(seconds)

        clock.sleep = given_away  # type: ignore[method-assign]
        try:
            self.publish(user, socket)
        finally:
            clock.sleep = sleep  # type: ignore[method-assign]
            self.world.controls.release_delivery(job.id, socket)

    def watch(self, user: str, socket: str) -> None:
        """Whoever holds the socket asks for this user's job."""
        if socket not in self.holder:
            return
        holder, until = self.holder[socket]
        frame = f'{{"action": "watchJob", "job_id": "job-of-{user}"}}'
        self.world.answer_message(frame, Connection(socket, holder), until)

    def ask(self, user: str, socket: str) -> None:
        if socket not in self.holder:
            return
        holder, until = self.holder[socket]
        frame = f'{{"action": "tryOn", "product_id": "blue-shirt", "model_id": "photo-of-{holder}"}}'
        self.world.answer_message(frame, Connection(socket, holder), until)

    def an_hour(self, user: str, socket: str) -> None:
        self.world.clock.advance(HOUR / 2)


HAPPENINGS = ("connect", "connect", "lose", "disconnect", "late_word", "index", "index", "change", "publish", "publish",
              "deliver", "publish_while_it_changes_hands", "watch", "ask", "an_hour")  # fmt: skip
STEPS = [*product(HAPPENINGS, USERS, SOCKETS)]
interleavings = st.lists(st.sampled_from(STEPS), min_size=8, max_size=24)
GRACE_SECONDS = 60


def play(happenings: list[tuple[str, str, str]]) -> list[tuple[str, str, int]]:
    """Who heard whose news, and how many seconds after the end of their own token; all of it."""
    hall = Hall()
    for what, user, socket in happenings:
        getattr(hall, what)(user, socket)
    return hall.heard


def is_wrong(heard: list[tuple[str, str, int]]) -> bool:
    return any(user != owner or late > GRACE_SECONDS for user, owner, late in heard)


@settings(max_examples=some(10_000, 1_000))
@given(interleavings)
def test_whoever_holds_a_socket_hears_their_own_news_only_and_none_after_their_token(
    happenings: list[tuple[str, str, str]],
) -> None:
    assert not is_wrong(play(happenings))


def test_in_these_interleavings_ids_are_given_out_again_and_news_arrive() -> None:
    heard = play(
        [("connect", "anna", "s1"), ("index", "anna", "s1"), ("change", "anna", "s1"), ("publish", "anna", "s1"),
         ("connect", "ben", "s1"), ("publish", "anna", "s1"), ("watch", "anna", "s1"), ("index", "ben", "s1"),
         ("change", "ben", "s1"), ("deliver", "ben", "s1"), ("publish", "ben", "s1"), ("ask", "ben", "s1")]
    )  # fmt: skip
    assert [(user, owner) for user, owner, _ in heard] == [("anna", "anna"), ("ben", "ben"), ("ben", "ben")]


def _never_too_late(self: LateIndex, user_id: str) -> list[Connection]:
    return [replace(one, ttl=one.ttl + 10 * HOUR) for one in self.index.values() if one.user_id == user_id]


ANNAS_SOCKET_GOES_TO_BEN = [("connect", "anna", "s1"), ("index", "anna", "s1"), ("connect", "ben", "s1"),
                            ("change", "anna", "s1"), ("publish", "anna", "s1")]  # fmt: skip
ANNAS_TOKEN_ENDS = [("connect", "anna", "s1"), ("index", "anna", "s1"), *[("an_hour", "anna", "s1")] * 3,
                    ("change", "anna", "s1"), ("publish", "anna", "s1")]  # fmt: skip


@pytest.mark.parametrize(
    ("owner", "name", "mistake", "happenings"),
    [
        (PublishJob, "_is_still_the_owners", lambda self, job, connection: True, ANNAS_SOCKET_GOES_TO_BEN),
        (FakeConnections, "remove", lambda self, socket, user: self.rows.pop(socket, None),
         [*ANNAS_SOCKET_GOES_TO_BEN[:3], ("late_word", "anna", "s1"), *ANNAS_SOCKET_GOES_TO_BEN[3:]]),
        (LateIndex, "of_user", _never_too_late, ANNAS_TOKEN_ENDS),
    ],
    ids=["the late index is believed", "a late end removes another's socket", "a token's end is ignored"],
)  # fmt: skip
def test_a_mistake_in_whom_to_tell_would_be_caught(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, mistake: object, happenings: list[tuple[str, str, str]]
) -> None:
    assert not is_wrong(play(happenings))
    monkeypatch.setattr(owner, name, mistake)
    assert is_wrong(play(happenings))
