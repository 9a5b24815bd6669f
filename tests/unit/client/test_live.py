"""A try-on that is watched: told over a socket, asked for without one, and seen to its end whatever comes."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.unit.client.service import JOB, TOKEN, URL, Service, answer, completed, job, refusal
from vto_client import ApiError, LostError, NotInTimeError, Vto
from vto_client.live import CHECK, PATIENCE, PING
from vto_client.ports import Socket, SocketClosedError
from vto_client.thread import Thread

LOOK, TICKET = f"GET /try-ons/{JOB}", "POST /socket-tickets"
LIVE = "wss://live.example.com/live"


def frame(snapshot: dict[str, Any]) -> str:
    return json.dumps({"type": "job", "job": snapshot})


@dataclass
class Wire:
    """A socket that says what it is told at the seconds that it is told, and remembers what was said to it."""

    service: Service
    says: list[tuple[float, str | None]]
    """When (seconds after it was opened), and what; None: it breaks."""
    said: list[Any] = field(default_factory=list)
    is_closed: bool = False
    began: float = 0.0

    async def send(self, text: str) -> None:
        self.said.append(json.loads(text))

    async def receive(self, seconds: float) -> str | None:
        until = self.service.time + seconds
        if self.says and self.began + self.says[0][0] <= until:
            at, text = self.says.pop(0)
            self.service.time = max(self.service.time, self.began + at)
            if text is None:
                raise SocketClosedError("gone")
            return text
        self.service.time = until
        return None

    async def close(self) -> None:
        self.is_closed = True


class Wired(Thread):
    """A world whose sockets are given by a test; what is left out cannot be opened."""

    def __init__(self, service: Service, *wires: Wire) -> None:
        super().__init__(TOKEN, transport=httpx.MockTransport(service), sleep=service.passes, now=lambda: service.time)
        self.service, self.wires, self.opened = service, list(wires), list[str]()

    async def open(self, address: str) -> Socket:
        self.opened.append(address)
        if not self.wires:
            raise SocketClosedError("no")
        wire = self.wires.pop(0)
        wire.began = self.service.time
        return wire


def shop(service: Service, *scripts: list[tuple[float, str | None]]) -> tuple[Vto, Wired, list[Wire]]:
    service.answers.setdefault(TICKET, [answer(200, {"ticket": "one/time", "expires_in": 30})])
    wires = [Wire(service, list(one)) for one in scripts]
    world = Wired(service, *wires)
    return Vto(URL, TOKEN, socket_url=LIVE, world=world), world, wires


def looks(service: Service) -> int:
    return sum(one.url.path.startswith("/try-ons") for one in service.asked)


def test_snapshots_come_over_a_socket_that_a_ticket_opened() -> None:
    service = Service()
    script = [(0.1, frame(job(2, "processing", "validating"))), (0.9, frame(completed(5)))]
    vto, world, (wire,) = shop(service, script)
    seen = [one["seq"] for one in vto.watch(job(1, "created"))]  # type: ignore[arg-type]
    assert seen == [1, 2, 5]
    assert world.opened == [f"{LIVE}?ticket=one%2Ftime"]
    assert wire.said == [{"action": "watchJob", "job_id": JOB}]
    assert wire.is_closed
    assert looks(service) == 0, "what is told need not be asked for"


def test_older_snapshots_other_jobs_and_what_is_no_frame_are_passed_over() -> None:
    noise = [frame(job(2, "processing", "validating")), "not json", "[]", '{"type": "pong"}', '{"type": "job"}',
             frame({**completed(9), "id": "another"}), frame(job(1, "created"))]  # fmt: skip
    script = [(0.1 * n, text) for n, text in enumerate([frame(job(3, "processing", "queued")), *noise])]
    vto, _, _ = shop(Service(), [*script, (2.0, frame(completed(5)))])
    assert [one["seq"] for one in vto.watch(job(1, "created"))] == [1, 3, 5]  # type: ignore[arg-type]


def test_an_id_alone_is_asked_for_first_and_a_job_that_has_ended_needs_no_socket() -> None:
    service = Service().says(LOOK, completed())
    vto, world, _ = shop(service)
    assert vto.wait(JOB)["status"] == "completed"
    assert world.opened == []


def test_after_a_drop_it_is_asked_for_at_once_and_another_socket_is_opened_with_another_ticket() -> None:
    service = Service().says(LOOK, job(2, "processing", "validating"))
    service.says(TICKET, {"ticket": "first"}, {"ticket": "second"})
    vto, world, wires = shop(service, [(0.2, None)], [(0.3, frame(completed()))])
    seen = [(one["seq"], service.time) for one in vto.watch(job(1, "created"))]  # type: ignore[arg-type]
    assert seen[:2] == [(1, 0), (2, 0.2)], "what it would have said is asked for at once"
    assert seen[2][0] == 5
    assert [one.rpartition("=")[2] for one in world.opened] == ["first", "second"]
    assert wires[0].is_closed


def test_a_bye_is_obeyed_the_socket_is_opened_again_when_it_says_but_not_with_all_others_at_once() -> None:
    service = Service().says(LOOK, job(2, "processing", "validating"))
    bye = json.dumps({"type": "bye", "reason": "deploy", "reconnect_in_seconds": 20})
    vto, world, wires = shop(service, [(0.2, bye)], [(0.1, frame(completed()))])
    seen = [(one["seq"], service.time) for one in vto.watch(job(1, "created"))]  # type: ignore[arg-type]
    assert [seq for seq, _ in seen] == [1, 2, 5]
    assert 20.3 <= seen[-1][1] <= 40.5
    assert wires[0].is_closed
    assert len(world.opened) == 2


def test_without_a_socket_it_is_asked_for_and_an_opening_that_fails_is_tried_less_and_less() -> None:
    service = Service().says(LOOK, *[job(2, "processing", "queued")] * 200, completed())
    vto, world, _ = shop(service)
    assert vto.wait(JOB)["status"] == "completed"
    assert service.time > 100
    assert 5 < len(world.opened) < 10 + service.time / 15


def test_a_ticket_that_is_refused_costs_the_socket_only() -> None:
    service = Service().says(LOOK, job(2, "processing", "queued"), completed())
    service.says(TICKET, refusal(503, "storage_unavailable"))
    vto, world, _ = shop(service)
    assert vto.wait(JOB)["status"] == "completed"
    assert world.opened == []


def test_a_silent_socket_is_asked_beside_and_kept_open_with_pings() -> None:
    service = Service().says(LOOK, *[job(2, "processing", "queued")] * 39, completed())
    vto, _, (wire,) = shop(service, [])
    assert vto.wait(job(1, "created"))["status"] == "completed"  # type: ignore[arg-type]
    assert service.time == pytest.approx(40 * CHECK, rel=0.05)
    assert wire.said.count({"action": "ping"}) == int(service.time // PING)


def test_an_error_frame_is_looked_into_and_a_job_that_is_gone_is_told() -> None:
    service = Service().says(LOOK, refusal(404, "not_found"))
    error = json.dumps({"type": "error", "error": {"code": "not_found"}})
    vto, _, (wire,) = shop(service, [(0.1, error)])
    with pytest.raises(ApiError) as gone:
        vto.wait(job(1, "created"))  # type: ignore[arg-type]
    assert gone.value.code == "not_found"
    assert wire.is_closed, "whatever happens"


def test_a_minute_without_a_word_is_the_end_of_patience() -> None:
    service = Service().says(LOOK, httpx.ConnectError("away")).says(TICKET, httpx.ConnectError("away"))
    vto, _, _ = shop(service)
    with pytest.raises(LostError, match="cannot be reached"):
        vto.wait(job(1, "created"))  # type: ignore[arg-type]
    assert PATIENCE < service.time < 2 * PATIENCE


def test_who_waits_no_longer_is_told_that_it_goes_on() -> None:
    service = Service().says(LOOK, job(2, "processing", "queued"))
    vto, _, (wire,) = shop(service, [])
    with pytest.raises(NotInTimeError, match="had not ended within 40 s; it goes on"):
        vto.wait(job(1, "created"), seconds=40)  # type: ignore[arg-type]
    assert service.time == 40
    assert wire.is_closed


def test_leaving_a_watch_closes_its_socket() -> None:
    vto, _, (wire,) = shop(Service(), [(0.1, frame(job(2, "processing", "queued")))])
    for snapshot in vto.watch(job(1, "created")):  # type: ignore[arg-type]
        if snapshot["seq"] == 2:
            break
    assert wire.is_closed


@pytest.mark.parametrize("url", ["ws://live.example.com", "http://x", "https://live.example.com"])
def test_a_ticket_is_not_sent_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match=r"is no wss:// address; a ticket is sent over ws:// to this machine only"):
        Vto(URL, TOKEN, socket_url=url)
