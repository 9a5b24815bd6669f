"""One application of a shopper with one socket: what it says, what it hears, and what it shows."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from tests.simulation.faults import FRAME, Fault
from tests.simulation.gateway import Socket
from tests.simulation.lambdas import Outcome
from vto import bootstrap
from vto.domain import times
from vto.domain.guests import Guest, digest_of, is_guest
from vto.testing import NOON

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

SESSION_SECONDS = 2 * 60 * 60
TERMINAL = ("completed", "error")


@dataclass(frozen=True, slots=True)
class Seen:
    """One snapshot that an application showed its user."""

    at: float
    device: str
    user_id: str
    job_id: str
    seq: int
    status: str
    error_code: str | None
    was_asked_for: bool


@dataclass
class Device:
    """One application with one socket: keeps the highest ``seq`` of each job and drops the rest."""

    simulation: "Simulation"
    user_id: str
    name: str
    on_news: Callable[[], None] = lambda: None
    connection_id: str | None = None
    session: dict[str, str] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    job_of: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)

    def receive(self, frame: Mapping[str, Any], *, was_asked_for: bool = False) -> None:
        """Take a frame."""
        if frame["type"] == "job":
            self.see(frame["job"], was_asked_for=was_asked_for)
        elif frame["type"] == "error" and "request_id" in frame:
            self.refused[frame["request_id"]] = frame["error"]
            self.refusals[frame["error"]["code"]] += 1
        self.on_news()

    def see(self, job: Mapping[str, Any], *, was_asked_for: bool) -> None:
        """Show a snapshot, unless it is no news."""
        self.job_of[job["request_id"]] = job["id"]
        if not self.is_news(job["id"], job["seq"]):
            return
        self.last[job["id"]] = job["seq"]
        if job["status"] in TERMINAL:
            self.ended[job["id"]] = job["status"]
        code = (job.get("error") or {}).get("code")
        now = self.simulation.scheduler.seconds
        self.simulation.seen.append(
            Seen(now, self.name, self.user_id, job["id"], job["seq"], job["status"], code, was_asked_for)
        )

    def is_news(self, job_id: str, seq: int) -> bool:
        """The one rule of every client: lower or equal is dropped."""
        return seq > self.last.get(job_id, 0)

    @property
    def is_connected(self) -> bool:
        return self.connection_id is not None and self.simulation.gateway.is_open(self.connection_id)

    def connect(self) -> bool:
        """Buy a ticket and open a socket; False when something on the way failed."""
        self.connection_id = None
        until = times.epoch(NOON, seconds=self.simulation.scheduler.seconds + SESSION_SECONDS)
        bought = self._buy_a_ticket(until)
        if bought.error is not None:
            return False
        query = {"queryStringParameters": {"ticket": bought.answer}, "methodArn": "arn"}
        allowed = self.call("authorize_socket", event=query)
        if allowed.error is not None or not allowed.answer["context"]:
            return False
        session = allowed.answer["context"]
        connection_id = self.simulation.gateway.new_id()
        opened = self.call("connect", event={"requestContext": {"connectionId": connection_id, "authorizer": session}})
        if opened.error is not None:
            self.simulation.gateway.give_back(connection_id)
            return False
        self.session, self.connection_id = session, connection_id
        now = self.simulation.scheduler.seconds
        self.simulation.gateway.open(Socket(connection_id, self.user_id, self.receive, now))
        return True

    def _buy_a_ticket(self, until: int) -> Outcome:
        """A guest comes in by the public door as who they were; to be followed to the end, with a new hour."""
        if not is_guest(self.user_id):
            return self.call("api", lambda event: bootstrap.issue_ticket()(self.user_id, until).ticket)
        secret = f"secret of {self.user_id}"
        self.simulation.guests.remember(digest_of(secret), Guest(self.user_id, until))
        return self.call("serve_guests", lambda event: bootstrap.welcome_guest()({"guest": secret})["ticket"])

    def send(self, frame: Mapping[str, Any]) -> None:
        """Say something over the socket; what comes of it arrives as frames, or does not."""
        simulation = self.simulation
        if self.connection_id is None or not self.is_connected:
            return
        fault = simulation.decide(f"{self.name} frame", FRAME)
        if fault is Fault.FAIL_BEFORE:
            return
        event = {
            "requestContext": {"connectionId": self.connection_id, "authorizer": self.session},
            "body": json.dumps(frame),
        }
        delay = simulation.plan.seconds(1, 10) if fault is Fault.DELAY else 0.0
        for _ in range(2 if fault is Fault.DUPLICATE else 1):
            simulation.lambdas.invoke("message", event, lambda outcome: None, seconds=delay)
        if fault is Fault.DROP:
            simulation.gateway.drop(self.connection_id)

    def close(self, *, says_goodbye: bool) -> None:
        """Leave."""
        if self.connection_id is None:
            return
        self.simulation.gateway.drop(self.connection_id)
        if says_goodbye:
            event = {"requestContext": {"connectionId": self.connection_id, "authorizer": self.session}}
            self.simulation.lambdas.invoke("disconnect", event, lambda outcome: None)
        self.connection_id = None

    def call(self, function: str, run: Callable[[Any], Any] | None = None, event: Any = None) -> Outcome:
        """Invoke a function and wait for it, from a shopper's greenlet."""
        me, answers = getcurrent(), list[Outcome]()

        def done(outcome: Outcome) -> None:
            answers.append(outcome)
            self.simulation.scheduler.after(self.simulation.latency(), me.switch)

        self.simulation.lambdas.invoke(function, event, done, run)
        while not answers:
            self.simulation.scheduler.park()
        return answers[0]
