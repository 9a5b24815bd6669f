"""The whole system in one process under virtual time: the real handlers and the real machine, all else in memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from asl.interpreter import Interpreter
from asl.machine import Machine
from tests.contract.deployed import FUNCTIONS, environment, replace_builders
from tests.log_scanner.plugin import Heard
from tests.simulation.device import Seen
from tests.simulation.engine import Ledger, SimulatedEngine
from tests.simulation.executions import Executions
from tests.simulation.faults import Fault, Plan, Quiet
from tests.simulation.gateway import Gateway
from tests.simulation.lambdas import Lambda
from tests.simulation.money import Books
from tests.simulation.ports import Boundary, IndexedConnections, Port, StreamedJobs, TracedPictures
from tests.simulation.queues import ErasureQueue, Queue, SentUploads, object_created
from tests.simulation.rules import Rule, Schedule
from tests.simulation.scheduler import Scheduler, VirtualClock
from tests.simulation.shopper import Shopper
from tests.simulation.stock import shelf
from tests.simulation.stream import StreamMapping
from tests.simulation.webhook import EndedJobs, ShopServer
from tests.workflow.world import MACHINE, UPLOADS, definition_of
from vto import bootstrap, telemetry
from vto.domain import reading, times, webhooks
from vto.domain.catalogue import model_id_of
from vto.domain.consent import Consent
from vto.domain.job import Job
from vto.domain.storage import MANIFEST
from vto.testing import (
    NOON,
    FakeAdmissions,
    FakeCatalogue,
    FakeControls,
    FakeErasures,
    FakeGuests,
    FakeOperations,
    FakePictureTools,
    FakeResults,
)
from vto.use_cases import create_try_on, sockets, welcome_guest
from vto.use_cases.meanwhile import when_asked


@dataclass(frozen=True)
class Settings:
    """What kind of deployment is simulated.

    Args:
        engines: In their order of preference.
        direct: Whether the direct hops are on; without them only events carry anything.
        requests_per_minute: The engine's quota.
        max_jobs_per_user: Unfinished ones that a shopper may have.
        horizon: Seconds after which the run is stopped, whatever is left.
        skew: Seconds by which a process's clock may be wrong.
        budget: US dollars of the shop's day.
        per_user: US dollars of a user's day.
        for_guests: US dollars of all guests' day.
        has_webhook: Whether the shop's own server is told of every end.
        is_traced: Whether every crossing is written down.
    """

    engines: tuple[str, ...] = ("preview",)
    direct: bool = True
    requests_per_minute: int = 600
    max_jobs_per_user: int = 10
    horizon: float = 6 * 60 * 60
    skew: float = 0.0
    budget: float = 10_000.0
    per_user: float = 10_000.0
    for_guests: float = 10_000.0
    has_webhook: bool = False
    is_traced: bool = False


@cache
def _definition() -> dict[str, Any]:
    return definition_of()


@cache
def _environment() -> dict[str, str]:
    return {name: value for function in FUNCTIONS for name, value in environment(function).items()}


_read = cache(reading.read)


class Simulation:
    """One run.

    Example:
        >>> with pytest.MonkeyPatch.context() as patch:
        ...     simulation = Simulation(patch, seed=1, plan=Seeded(1, 0.05))
        ...     simulation.add(Shopper(simulation, "user-1", [{"request_id": "a", …}]))
        ...     simulation.run()
        ...     problems(simulation)
        []
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        *,
        seed: int = 0,
        plan: Plan | None = None,
        settings: Settings | None = None,
        machine: dict[str, Any] | None = None,
    ) -> None:
        self.seed, self.settings = seed, settings or Settings()
        self.plan: Plan = plan or Quiet()
        self.random = Random(f"world {seed}")
        self.log: list[str] = []
        self.faults: list[tuple[float, str, Fault]] = []
        self.scheduler = Scheduler()
        self.clock = VirtualClock(self.scheduler)
        self.boundary = Boundary(self)
        self.lambdas = Lambda(self)
        self.gateway = Gateway(self)
        self.rule = Rule(self)
        self.schedule = Schedule(self)
        self.executions = Executions(
            self, Interpreter(Machine(machine or _definition()), self.clock.now, self._jitter, MACHINE)
        )
        self.created = StreamMapping(self, "JobCreatedMapping", "start_try_on")
        self.changed = StreamMapping(self, "JobChangedMapping", "publish_job")
        self.results_queue = Queue(self, "ResultsQueue", "ResultStoredMapping", "deliver_result")
        self.uploads_queue = Queue(self, "ModelUploadsQueue", "ImportModelsMapping", "import_picture")
        self.erasure_queue = ErasureQueue(self, "ErasuresQueue", "EraseUserMapping", "erase_user")
        self.webhook_queue = Queue(self, "WebhookQueue", "CallWebhookMapping", "call_webhook", webhooks.wait_seconds)
        self.shop_server = ShopServer(self)
        now = self._seconds
        self.jobs = StreamedJobs(now=now, on_write=self._job_written)
        self.catalogue, self.results = FakeCatalogue(), FakeResults()
        self.controls = FakeControls(unfinished=self.jobs.unfinished)
        self.guests = FakeGuests()
        self.books = Books(self.jobs.budgets, self.settings.budget, self.settings.per_user, self.settings.for_guests)
        self.connections = IndexedConnections(now=now)
        self.pictures = TracedPictures(on_write=self._object_written, now=now, time=self._iso)
        self.erasures = FakeErasures()
        self.ledger = Ledger()
        self.engines = {name: SimulatedEngine(self, name, self.ledger) for name in self.settings.engines}
        self.shoppers: list[Shopper] = []
        self.seen: list[Seen] = []
        self.writes: list[tuple[float, Job | None, Job]] = []
        self.unwanted: set[str] = set()
        """The jobs whose owners have asked to cancel them."""
        self.alarms: list[str] = []
        """What was wrong at the very moment of a write."""
        self.at_home = 0
        self._objects = 0
        self._install(patch)
        self._stock()

    # --- what everything here asks for

    def decide(self, point: str, kinds: Sequence[Fault]) -> Fault | None:
        """What becomes of a crossing; written down."""
        fault = self.plan.decide(point, kinds)
        if fault is not None:
            self.faults.append((self.scheduler.seconds, point, fault))
        if self.settings.is_traced:
            self.trace(fault.value if fault else "ok", point)
        return fault

    def latency(self, late: float = 0.0) -> float:
        """How long a crossing takes, in seconds; up to ``late`` if it is a slow one."""
        usual = 0.002 + 0.018 * self.random.random()
        return usual + self.plan.seconds(0.5, late) if late else usual

    def plan_latency(self, least: float, most: float) -> float:
        """A time between two, in seconds."""
        return self.random.uniform(least, most)

    def trace(self, what: str, whom: str) -> None:
        """Write a line of the log that a replay has to repeat byte for byte."""
        if self.settings.is_traced:
            self.log.append(f"{self.scheduler.seconds:.6f} {what}: {whom}")

    # --- the run

    def add(self, shopper: Shopper) -> Shopper:
        """Somebody will come."""
        self.shoppers.append(shopper)
        self.at_home += 1
        self.scheduler.spawn(shopper.live)
        return shopper

    def leave(self, shopper: Shopper) -> None:
        """Somebody is done."""
        self.at_home -= 1

    def run(self, seconds: float | None = None) -> "Simulation":
        """Run to the end of everything, or for so long."""
        if seconds is None:
            self.schedule.begin()
            self.scheduler.run(self.scheduler.seconds + self.settings.horizon, self.is_quiet)
            self.lambdas.close()
        else:
            until = self.scheduler.seconds + seconds
            self.scheduler.run(until, lambda: False)
            self.scheduler.seconds = until
        return self

    def is_quiet(self) -> bool:
        """Whether nothing is left to do for anybody."""
        return not (
            self.at_home
            or self.jobs.open_jobs
            or self.lambdas.running
            or self.executions.running
            or self.created.waiting
            or self.changed.waiting
            or self.results_queue.waiting
            or self.uploads_queue.waiting
            or self.erasure_queue.waiting
            or self.webhook_queue.waiting
            or self.rule.waiting
        )

    def upload(self, user_id: str, content: bytes, seconds: float = 0.0) -> str:
        """Somebody gets a form and uploads a photo of their own with it, at once or so much later; the model's id."""
        self._objects += 1
        key = f"models/users/{user_id}/{self._objects}.jpg"
        consent = Consent("1", self._iso()).metadata()

        def put() -> None:
            self.pictures.put(f"s3://{UPLOADS}/{key}", content, **consent)

        if seconds:
            self.scheduler.after(seconds, put)
        else:
            put()
        return model_id_of(key)

    def digest(self) -> str:
        """What stands for a whole run in a test that compares two."""
        lines = [*self.log, *map(repr, self.seen), *map(repr, self.gateway.pushed), *map(repr, self.ledger.calls)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    # --- how it is put together

    def _install(self, patch: pytest.MonkeyPatch) -> None:
        hops = "on" if self.settings.direct else "off"
        own = {
            "ENGINES": ",".join(self.settings.engines),
            "REQUESTS_PER_MINUTE": str(self.settings.requests_per_minute),
            "MAX_JOBS_PER_USER": str(self.settings.max_jobs_per_user),
            "DIRECT_START": hops,
            "DIRECT_NOTIFY": hops,
            "DAILY_BUDGET": str(self.settings.budget),
            "DAILY_BUDGET_PER_USER": str(self.settings.per_user),
            "GUEST_DAILY_BUDGET": str(self.settings.for_guests),
            "GUEST_TRY_ONS": "on",
        }
        settings = bootstrap.Settings({**_environment(), **own})
        ports: dict[str, Any] = {
            name: Port(name, real, self.boundary)
            for name, real in {
                "jobs": self.jobs,
                "budgets": self.jobs.budgets,
                "catalogue": self.catalogue,
                "admissions": FakeAdmissions(self.jobs, self.catalogue, self.results, self.controls),
                "connections": self.connections,
                "controls": self.controls,
                "results": self.results,
                "pictures": self.pictures,
                "sockets": self.gateway,
                "workflow": self.executions,
                "operations": FakeOperations(self.controls),
                "versions": self.pictures,
                "guests": self.guests,
                "erasures": self.erasures,
            }.items()
        }
        if self.settings.has_webhook:
            ports["ended_jobs"] = EndedJobs(self, self.webhook_queue)
            ports["webhook_queue"], ports["shop_server"] = self.webhook_queue, self.shop_server
        ports["results_queue"] = self.results_queue
        ports["upload_queues"] = self.uploads_queue
        ports["import_queue"] = SentUploads(self.uploads_queue)
        ports["erasure_queue"] = self.erasure_queue
        replace_builders(
            patch,
            settings=settings,
            clock=self.clock,
            picture_tools=FakePictureTools(),
            meanwhile=when_asked,  # faults come in an order that a seed tells, which threads would not keep
            engine=lambda name: self.engines[name],
            **ports,
        )
        heard = Heard("the simulation")
        patch.setattr(telemetry, "logger", lambda: heard)
        patch.setattr(telemetry, "metrics", lambda: heard)
        patch.setattr(create_try_on, "read", _read)  # one answer for each product: most of a request's time otherwise
        tokens = iter(range(10**9))
        for seller in (sockets, welcome_guest):
            patch.setattr(seller, "secrets", SimpleNamespace(token_urlsafe=lambda length: f"ticket-{next(tokens)}"))
        bootstrap.reset()

    def _stock(self) -> None:
        self.catalogue.add(*shelf())
        for item in shelf():
            self.pictures.objects[item.prepared_s3_url or ""] = item.item_id.encode()

    def _seconds(self) -> float:
        return self.scheduler.seconds

    def _iso(self) -> str:
        return times.after(NOON, self.scheduler.seconds)

    def _jitter(self, longest: float) -> float:
        return self.random.uniform(0, longest)

    def _job_written(self, before: Job | None, after: Job) -> None:
        self.writes.append((self.scheduler.seconds, before, after))
        self.alarms += self.books.compare(before, after)
        self.trace("row", f"{after.id[:8]} v{after.version} {after.status} {after.stage or ''}")
        if after.images and not (before and before.images):
            for image in after.images:
                stored = self.pictures.objects.get(image.s3_url)
                if stored is None or hashlib.sha256(stored).hexdigest() != image.sha256:
                    self.alarms.append(f"I5: job {after.id} was completed before its picture {image.s3_url} was there")
        mapping = self.created if before is None else self.changed
        versions = before.version if before else 0, after.version
        mapping.add(len(self.writes), after.id, before.status if before else "", after.status, versions)

    def _object_written(self, url: str) -> None:
        self._objects += 1
        event = object_created(url, self._objects, self.scheduler.seconds)
        if url.endswith(f"/{MANIFEST}"):
            self.results_queue.send(event, self.plan_latency(0.5, 2.5))
        elif "/models/users/" in url and "/prepared/" not in url:
            self.uploads_queue.send(event, self.plan_latency(0.5, 2.5))
