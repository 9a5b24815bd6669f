"""Somebody has everything about them erased while it is being made: afterwards nothing of theirs is left anywhere.

Each run is a small shop of its own: Alice, with photos and try-ons, some of them equal to those of others; the others;
and the moment at which Alice wants to be forgotten. Seed after seed that moment falls between other crossings, and some
of these fail.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import pytest

from tests.simulation.device import Device
from tests.simulation.faults import Quiet, Seeded
from tests.simulation.shopper import Habits, Shopper
from tests.simulation.simulation import Settings, Simulation
from tests.workflow.world import UPLOADS
from vto import bootstrap
from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.consent import Consent
from vto.domain.erasure import SKEW_SECONDS, TICKET_SECONDS, Erasure
from vto.domain.job import Job, Status

ALICE, OTHERS = "alice-7d1f", ("bob-22c9", "carol-51ae")
WISHES = 4
FACE = b"the face of alice"
"""What stands in every picture of hers, and so in whatever was made of one."""
PATIENCE = 40
"""How often a request over REST is sent again."""
TOO_LATE = 1200.0
"""Seconds after which nobody uploads any more with a form of before."""
HORIZON = 12 * 60 * 60.0
"""Seconds after which each erasure has had its last pass: there are fifty, every twelve minutes at worst."""
AFTER_THE_ALARM = 60 * 60.0
"""Seconds in which an erasure is done that is begun again when whatever kept it from its end is over."""
RATES = (0.0, 0.0, 0.05, 0.15)
"""How often crossings fail, run by run."""


@dataclass
class Alice:
    """Somebody who tries things on, and at one moment wants to be forgotten.

    Args:
        simulation: The shop.
        random: Decides what she does, and when.
    """

    simulation: Simulation
    random: Random
    photos: list[str] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    asked_at: float = 0.0
    asks_at: float = 0.0
    heard: list[str] = field(default_factory=list)
    kept_photo: str = ""
    kept_job: str = ""

    def __post_init__(self) -> None:
        self.asks_at = self.random.uniform(0, 14)
        request = self.simulation.erasures.request

        def heard(user_id: str, receipt: str, now: datetime, *, before: str) -> Erasure:
            erasure = request(user_id, receipt, now, before=before)
            self.heard.append(erasure.before)
            return erasure

        self.simulation.erasures.request = heard  # type: ignore[method-assign]
        self.device = Device(self.simulation, ALICE, f"{ALICE}/0")

    def live(self) -> None:
        """Use the shop; :meth:`forget_me` happens meanwhile."""
        simulation, random = self.simulation, self.random
        late = random.choice((0.0, 0.0, random.uniform(0, 20), random.uniform(20, TOO_LATE)))
        self.photos = [simulation.upload(ALICE, FACE + b" 1"), simulation.upload(ALICE, FACE + b" 2", late)]
        self._mask()
        while not self.device.connect():
            simulation.scheduler.sleep(1.0)
        for number in range(WISHES):
            if self.asked_at:
                break
            self.device.send({"action": "tryOn", **self._wish(number)})
            simulation.scheduler.sleep(random.uniform(0, 2.5))
        simulation.leave(self)  # type: ignore[arg-type]

    def forget_me(self) -> None:
        """Ask to be erased, until it is accepted; sometimes twice, and sometimes to go on afterwards."""
        simulation, random = self.simulation, self.random
        simulation.scheduler.sleep(self.asks_at)
        self.asked_at = simulation.scheduler.seconds
        for _ in range(random.choice((1, 1, 2))):
            self._ask()
            simulation.scheduler.sleep(random.uniform(0, 3))
        if random.random() < 0.4:
            self._use_an_old_photo()
        if random.random() < 0.3:
            self._go_on()
        simulation.leave(self)  # type: ignore[arg-type]

    def _ask(self) -> None:
        for _ in range(PATIENCE):
            answer = self.device.call("api", lambda event: bootstrap.request_erasure()(ALICE))
            if answer.error is None:
                self.receipts.append(answer.answer)
                return
            self.simulation.scheduler.sleep(2.0)

    def _use_an_old_photo(self) -> None:
        """The request comes too late to be of before, and shows what was there before, if that is still there."""
        self.simulation.scheduler.sleep(self.random.uniform(SKEW_SECONDS, 3 * SKEW_SECONDS))
        wish = {"product_id": "product-8", "model_id": self.photos[0], "request_id": "too-late"}
        self.device.call("api", lambda event: bootstrap.request_try_on()(dict(wish), ALICE)[0].id)

    def _go_on(self) -> None:
        """What she does afterwards is no part of the erasure."""
        simulation = self.simulation
        simulation.scheduler.sleep(self.random.uniform(SKEW_SECONDS + 4, 40))
        self.kept_photo = simulation.upload(ALICE, b"another face of alice")
        wish = {"product_id": "product-9", "model_id": "stock-9", "request_id": "afterwards"}
        for _ in range(PATIENCE):
            answer = self.device.call("api", lambda event: bootstrap.request_try_on()(dict(wish), ALICE)[0].id)
            if answer.error is None:
                self.kept_job = answer.answer
                return
            simulation.scheduler.sleep(2.0)

    def _mask(self) -> None:
        """A mask of hers, and an old version of it below a marker, as a lifecycle rule leaves them."""
        url = f"s3://{UPLOADS}/masks/users/{ALICE}/mask.png"
        consent = Consent("1", self.simulation._iso()).metadata()
        self.simulation.pictures.put(url, FACE + b" as a mask", **consent)
        if self.random.random() < 0.5:
            self.simulation.pictures.expire(url)
        if self.random.random() < 0.5:
            self.simulation.pictures.put(url, FACE + b" as another mask", **consent)

    def _wish(self, number: int) -> dict[str, Any]:
        """A try-on: of her own photo, or one that others ask for as well."""
        stock = f"stock-{self.random.randrange(2)}"
        wish: dict[str, Any] = {
            "request_id": f"wish-{number}",
            "product_id": f"product-{self.random.randrange(2)}",
            "model_id": self.random.choice((self.photos[0], self.photos[1], stock, stock)),
        }
        if self.random.random() < 0.25:
            wish["parameters"] = {
                "maskType": "IMAGE",
                "imageBasedMask": {"maskImage": f"s3://{UPLOADS}/masks/users/{ALICE}/mask.png"},
            }
        return wish


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    simulation: Simulation
    alice: Alice
    rate: float

    @property
    def last(self) -> str:
        """When she was last heard to want to be erased (ISO-8601): what came later is a new beginning."""
        return max(self.alice.heard, default="")

    def theirs(self) -> list[Job]:
        """Every job of hers that there ever was, but those that she asked for later without a picture of before."""
        seen = {after.id: after for _, _, after in self.simulation.writes if after.user_id == ALICE}
        return [job for job in seen.values() if job.created_at <= self.last or _shows_her(job, self.alice)]

    def new(self) -> set[str]:
        """The ids of the others."""
        theirs = {job.id for job in self.theirs()}
        return {after.id for _, _, after in self.simulation.writes if after.user_id == ALICE} - theirs


def _shows_her(job: Job, alice: Alice) -> bool:
    """Whether a picture of hers went into it; a job that found none did not get far."""
    return (job.model_id in alice.photos or "imageBasedMask" in job.parameters) and job.error_code != "picture_missing"


def erase(seed: int, *, has_webhook: bool = False) -> Run:
    """Play one run; the seed decides everything."""
    random, rate = Random(f"erasing {seed}"), RATES[seed % len(RATES)]
    with pytest.MonkeyPatch.context() as patch:
        skew = 2.0 if seed % 3 == 0 else 0.0
        settings = Settings(direct=seed % 5 != 0, skew=skew, has_webhook=has_webhook, horizon=HORIZON)
        simulation = Simulation(patch, seed=seed, plan=Seeded(seed, rate) if rate else Quiet(), settings=settings)
        alice = Alice(simulation, random)
        simulation.erasure_queue.seconds = random.choice((0.0, 0.0, 0.0, random.uniform(5, 60)))
        simulation.at_home += 2
        simulation.scheduler.spawn(alice.live)
        simulation.scheduler.spawn(alice.forget_me)
        for other in OTHERS:
            wishes = [
                {"request_id": f"{n}", "product_id": f"product-{random.randrange(2)}", "model_id": f"stock-{n}"}
                for n in range(2)
            ]
            # often just when pictures that they want, too, are about to go
            arrives = (
                max(0.0, alice.asks_at + random.uniform(-3, 0.5)) if random.random() < 0.6 else random.uniform(0, 14)
            )
            simulation.add(Shopper(simulation, other, wishes, Habits(arrives=arrives)))
        simulation.run()
        if simulation.erasure_queue.dead_letters:  # an alarm rings for each, and an operator hands it back
            simulation.plan = Quiet()
            simulation.erasure_queue.send(ALICE)
            simulation.run(AFTER_THE_ALARM)
    return Run(simulation, alice, rate)


def tell(seed: int) -> tuple[int, list[str], Counter[str]]:
    """Play one run: its seed, what is wrong after it, and what it comes to in figures."""
    run = erase(seed)
    simulation, theirs = run.simulation, run.theirs()
    counts = Counter(
        runs=1,
        jobs=len(theirs),
        running_jobs_ended=sum(job.error_code == "erased" for job in theirs),
        versions_removed=sum(by == "erase_user" for by, _ in simulation.pictures.removed),
        jobs_of_others=sum(job.user_id != ALICE for job in simulation.jobs.rows.values()),
        faults=len(simulation.faults),
        went_on_afterwards=bool(run.alice.kept_job),
    )
    return seed, problems(run), counts


def problems(run: Run) -> list[str]:
    """What is wrong after a run: what is left of Alice, what others lost, what the receipt says that is not true."""
    return [*residue(run), *_kept(run), *_others(run), *_receipt(run)]


def residue(run: Run) -> Iterator[str]:
    """Whatever still speaks of her: by her id, her jobs', her photos', or by what her pictures show."""
    simulation, alice = run.simulation, run.alice
    kept = {*run.new(), *([alice.kept_photo] if alice.kept_photo else [])}
    kept |= {one.connection_id for one in simulation.connections.rows.values() if one.connected_at > run.last}
    words = {ALICE, *alice.photos, *(job.id for job in run.theirs())}
    digests = {hashlib.sha256(FACE + ending).hexdigest() for ending in (b" 1", b" 2")}
    for where, text, content in _everything(simulation, run.last):
        if any(word in text for word in kept):
            continue
        if alice.kept_photo and "another face of alice" in content:
            continue
        found = [word for word in words | digests if word in text] + [FACE.decode()] * (FACE.decode() in content)
        if found:
            yield f"I9: {where} still has {found[0]}: {text[:200]}"


def _everything(simulation: Simulation, last: str) -> Iterator[tuple[str, str, str]]:
    """All that is stored: what it is, all of it as text, and the bytes of a picture as text."""
    for job in simulation.jobs.rows.values():
        yield "job", repr(job), ""
    for item in simulation.catalogue.rows.values():
        yield "catalogue", repr(item), ""
    for connection in simulation.connections.rows.values():
        yield "socket", repr(connection), ""
    for user, names in simulation.connections.by_user.items():
        if names:
            yield "socket", f"{user} {names}", ""
    for ticket in simulation.controls.tickets.values():
        if last and ticket.expires_at - TICKET_SECONDS > times.epoch(times.from_iso(last)):
            continue  # sold afterwards
        yield "ticket", repr(ticket), ""
    for told in (*simulation.controls.delivered, *simulation.controls.sending):
        yield "delivered", repr(told), ""
    for counted in simulation.controls.unfinished.items():
        yield "unfinished jobs", repr(counted), ""
    for health in simulation.controls.health.values():
        yield "health", repr(health), ""
    for key, result in simulation.results.ready.items():
        yield "cached result", f"{key} {result}", ""
    for key, claim in simulation.results.claims.items():
        yield "claim", f"{key} {claim}", ""
    pictures = simulation.pictures
    for url, content in pictures.objects.items():
        yield "object", f"{url} {pictures.user_metadata.get(url)}", content.decode(errors="replace")
    for version, (old, metadata) in pictures.old.items():
        yield "old version", f"{version} {metadata}", (old or b"").decode(errors="replace")
    for erasure in simulation.erasures.running.values():
        yield "erasure", repr(erasure), ""
    for receipt in simulation.erasures.receipts.items():
        yield "receipt", repr(receipt), ""


def _kept(run: Run) -> Iterator[str]:
    """What she did after the erasure is untouched by it."""
    simulation, alice = run.simulation, run.alice
    if alice.kept_job and alice.kept_job not in simulation.jobs.rows:
        yield f"job {alice.kept_job} was asked for after the erasure, and is gone"
    if alice.kept_job:
        yield from _result_of(simulation, simulation.jobs.rows.get(alice.kept_job), run.rate)
    is_given_up = bool(simulation.uploads_queue.dead_letters)  # its event failed too often, erasure or not
    if alice.kept_photo and (Kind.MODEL, alice.kept_photo) not in simulation.catalogue.rows and not is_given_up:
        yield f"photo {alice.kept_photo} was uploaded after the erasure, and is gone"
    if alice.kept_photo and (Kind.MODEL, alice.kept_photo) in simulation.catalogue.rows:
        address = simulation.catalogue.rows[Kind.MODEL, alice.kept_photo].prepared_s3_url
        if address not in simulation.pictures.objects:
            yield f"photo {alice.kept_photo} has lost its picture"


def _others(run: Run) -> Iterator[str]:
    """Nobody else loses anything, or notices."""
    for job in run.simulation.jobs.rows.values():
        if job.user_id != ALICE:
            yield from _result_of(run.simulation, job, run.rate)
    for shopper in run.simulation.shoppers:
        for wish in shopper.wishes:
            if wish["request_id"] not in {*shopper.first.job_of, *shopper.given_up}:
                yield f"{shopper.user_id} was never told of {wish['request_id']}"


def _result_of(simulation: Simulation, job: Job | None, rate: float) -> Iterator[str]:
    if job is None:
        return
    if job.erased_at is not None or job.error_code == "erased":
        yield f"job {job.id} of {job.user_id} was erased"
    if not rate and job.status is not Status.COMPLETED:
        yield f"job {job.id} of {job.user_id} ended as {job.error_code}, though nothing went wrong"
    if job.error_code == "bad_model_output" and not any(call.fault for call in simulation.ledger.calls):
        yield f"job {job.id} of {job.user_id} lost its pictures on the way"
    for image in job.images:
        if hashlib.sha256(simulation.pictures.objects.get(image.s3_url, b"")).hexdigest() != image.sha256:
            yield f"job {job.id} of {job.user_id} lost {image.s3_url}"


def _receipt(run: Run) -> Iterator[str]:
    """The receipt says that it is done, and how much there was."""
    simulation, alice = run.simulation, run.alice
    if not alice.receipts:
        if not run.rate:
            yield "the request to be erased was not accepted, though nothing went wrong"
        return
    for receipt in {one["receipt"] for one in alice.receipts}:
        done = simulation.erasures.receipt(receipt, ALICE)
        if done is None:
            yield f"receipt {receipt} is not there"
            continue
        if simulation.erasures.receipt(receipt, OTHERS[0]) is not None:
            yield f"receipt {receipt} is shown to somebody else"
    told = [receipt.removed for _, receipt in simulation.erasures.receipts.values()]
    counted = {kind: sum(one.get(kind, 0) for one in told) for kind in ("jobs", "objects")}
    gone, mine = len(simulation.jobs.deleted), sum(by == "erase_user" for by, _ in simulation.pictures.removed)
    # what an import removed at the same moment may be counted, too
    limits = {"jobs": (gone, gone), "objects": (mine, len(simulation.pictures.removed))}
    for kind, (least, most) in limits.items():
        if counted[kind] > most or (not run.rate and counted[kind] < least):
            yield f"the receipt counts {counted[kind]} {kind}; {least} to {most} were removed"
