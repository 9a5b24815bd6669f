"""Somebody deletes single photos and try-ons while others of theirs are being made: these go, and nothing else does.

Alice tries things on, some of them equal to each other, and deletes one thing or another whenever it comes to her.
Crossings fail, functions die half-way; whatever was accepted, or is gone from her lists, is gone everywhere in the end.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.simulation.device import Device
from tests.simulation.faults import Quiet, Seeded
from tests.simulation.simulation import Settings, Simulation
from tests.workflow.world import UPLOADS
from vto import bootstrap
from vto.domain.catalogue import Kind
from vto.domain.consent import Consent
from vto.domain.job import Job, Status
from vto.errors import NotFoundError, TooLateError

ALICE = "alice-7d1f"
WISHES = 5
PATIENCE = 20
REFUSED = (NotFoundError.__name__, TooLateError.__name__)
RATES = (0.0, 0.05, 0.15)
"""How often crossings fail, run by run."""


@dataclass
class Tidy:
    """Somebody who tries things on and does not keep all of them.

    Args:
        simulation: The shop.
        random: Decides what she does, and when.
    """

    simulation: Simulation
    random: Random
    photos: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    forms: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    """Where each photo was uploaded to, and what its form pinned to it."""
    deleted: set[str] = field(default_factory=set)
    """What she was told is deleted."""
    tried: set[str] = field(default_factory=set)
    """What she asked to delete; nobody may have answered."""

    def __post_init__(self) -> None:
        self.device = Device(self.simulation, ALICE, f"{ALICE}/0")

    def live(self) -> None:
        """Use the shop; :meth:`tidy_up` happens meanwhile."""
        for number in range(3):
            late = self.random.choice((0.0, 0.0, self.random.uniform(0, 20)))
            consent = Consent("1", self.simulation._iso()).metadata()
            self.photos.append(self.simulation.upload(ALICE, f"face {number}".encode(), late))
            self.forms[self.photos[-1]] = f"s3://{UPLOADS}/models/users/{ALICE}/{number + 1}.jpg", consent
        for number in range(WISHES):
            model = self.random.choice((*self.photos[:2], "stock-0"))
            wish = {"request_id": f"{number}", "product_id": f"product-{self.random.randrange(2)}", "model_id": model}
            answer = self.device.call("api", lambda event, wish=wish: bootstrap.request_try_on()(wish, ALICE)[0].id)
            if answer.error is None:
                self.jobs.append(answer.answer)
            self.simulation.scheduler.sleep(self.random.uniform(0, 3))
        self.simulation.scheduler.sleep(20)  # until all that is to come late has come
        self.simulation.leave(self)  # type: ignore[arg-type]

    def tidy_up(self) -> None:
        """Delete things now and then, each until there is an answer; the last photo stays."""
        for _ in range(4):
            self.simulation.scheduler.sleep(self.random.uniform(0, 9))
            things = [*self.photos[:2], *self.jobs]
            if things:
                self._delete(self.random.choice(things))
        for model_id, (url, consent) in self.forms.items():
            if model_id in self.deleted and self.random.random() < 0.5:  # a browser sends it once more
                self.simulation.scheduler.sleep(self.random.uniform(10, 120))
                self.simulation.pictures.put(url, b"a face again", **consent)
        self.simulation.leave(self)  # type: ignore[arg-type]

    def _delete(self, thing: str) -> None:
        delete: Any = bootstrap.delete_photo if thing in self.photos else bootstrap.delete_try_on
        for _ in range(PATIENCE):
            answer = self.device.call("api", lambda event: delete()(thing, ALICE) or "deleted")
            if answer.error is None:
                self.deleted.add(thing)
                return
            if answer.error in REFUSED:
                return  # it is not there yet, or any more, or is being made
            self.tried.add(thing)  # whoever should have answered may have died behind the wish
            self.simulation.scheduler.sleep(2.0)


def remove(seed: int) -> tuple[Simulation, Tidy, float]:
    """Play one run; the seed decides everything."""
    random, rate = Random(f"removing {seed}"), RATES[seed % len(RATES)]
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(
            patch,
            seed=seed,
            plan=Seeded(seed, rate) if rate else Quiet(),
            settings=Settings(direct=seed % 5 != 0, max_jobs_per_user=WISHES),
        )
        alice = Tidy(simulation, random)
        simulation.erasure_queue.seconds = random.choice((0.0, 0.0, random.uniform(5, 60)))
        simulation.at_home += 2
        simulation.scheduler.spawn(alice.live)
        simulation.scheduler.spawn(alice.tidy_up)
        simulation.run()
    return simulation, alice, rate


def problems(simulation: Simulation, alice: Tidy, rate: float) -> Iterator[str]:
    """What is wrong after a run."""
    for job_id in alice.jobs:
        job = simulation.jobs.rows.get(job_id)
        if job_id in alice.deleted or (job is not None and job.erased_at is not None):
            yield from _traces(simulation, "try-on", job_id)
        elif job_id not in alice.tried:
            yield from _kept(simulation, alice, job_id, job, rate)
    for model_id in alice.photos:
        row = simulation.catalogue.rows.get((Kind.MODEL, model_id))
        if model_id in alice.deleted or (row is not None and row.erased_at is not None):
            yield from _traces(simulation, "photo", model_id)
        elif model_id not in alice.tried and not rate:
            address = row.prepared_s3_url if row else None
            if address not in simulation.pictures.objects:
                yield f"photo {model_id} was not deleted, and is gone"
    if simulation.erasure_queue.dead_letters:
        yield "a removal was given up"


def _traces(simulation: Simulation, what: str, thing: str) -> Iterator[str]:
    rows = (*simulation.jobs.rows, *(name for _, name in simulation.catalogue.rows))
    if thing in rows:
        yield f"{what} {thing} was deleted, and its row is there"
    if any(result.job_id == thing for result in simulation.results.ready.values()):
        yield f"{what} {thing} was deleted, and is on offer"
    pictures = simulation.pictures
    for url in (*pictures.objects, *(str(one.url) for one in pictures.old)):
        if f"/{thing}/" in url:
            yield f"{what} {thing} was deleted, and {url} is there"


def _kept(simulation: Simulation, alice: Tidy, job_id: str, job: Job | None, rate: float) -> Iterator[str]:
    """A try-on that nobody deleted ends well, unless its photo was deleted before it was made."""
    if job is None:
        yield f"try-on {job_id} was not deleted, and is gone"
        return
    lost_its_photo = job.model_id in alice.deleted | alice.tried and job.error_code == "picture_missing"
    if not rate and job.status is not Status.COMPLETED and not lost_its_photo:
        yield f"try-on {job_id} was not deleted, and ended as {job.error_code}"
    for image in job.images:
        if hashlib.sha256(simulation.pictures.objects.get(image.s3_url, b"")).hexdigest() != image.sha256:
            yield f"try-on {job_id} was not deleted, and lost {image.s3_url}"


def tell(seed: int) -> tuple[int, list[str], Counter[str]]:
    """Play one run: its seed, what is wrong after it, and what it comes to in figures."""
    simulation, alice, rate = remove(seed)
    counts = Counter(
        jobs=len(alice.jobs),
        photos_deleted=len(alice.deleted & set(alice.photos)),
        try_ons_deleted=len(alice.deleted & set(alice.jobs)),
        completed=sum(one.status is Status.COMPLETED for one in simulation.jobs.rows.values()),
        faults=len(simulation.faults),
    )
    return seed, list(problems(simulation, alice, rate)), counts
