"""The ports in memory: what tests (ours and those of whoever uses the layer) run on instead of AWS."""

import hashlib
import json
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vto.domain import times
from vto.domain.budgets import Booking
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.curating import ProductWords, anew_since, void_until
from vto.domain.erasure import KINDS, Erasure, Receipt, is_control_of, owner_of
from vto.domain.guests import Guest
from vto.domain.health import Door, Health
from vto.domain.job import Job
from vto.domain.lifecycle import GONE, Lifecycle
from vto.domain.pacing import Counter, Lane, next_slot
from vto.domain.pictures import LOWER_TIER, Prepared, Rendition, Tier
from vto.domain.removal import Removal
from vto.domain.results import Copy, NewObject
from vto.domain.storage import S3Url
from vto.domain.webhooks import End, Reception, reception
from vto.errors import (
    InvalidRequestError,
    JobClosedError,
    NotifierUnavailableError,
    PictureMissingError,
    StorageUnavailableError,
    Violation,
    VtoError,
)
from vto.ports import (
    CachedResult,
    Connection,
    DeliveryClaim,
    EngineState,
    Generation,
    Letter,
    Named,
    NoRoomError,
    NotTakenError,
    ObjectVersion,
    Outlook,
    ResultClaim,
    StoredObject,
    Ticket,
    TryOnRequest,
    UploadForm,
    VersionConflictError,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _start(cursor: str | None) -> int:
    """Where a page begins; a cursor that is none of ours is refused."""
    if not (cursor or "0").isdecimal():
        raise InvalidRequestError(
            "cursor", [Violation("cursor", "is not the `next` of a page", "leave it out to begin")]
        )
    return int(cursor or 0)


@dataclass
class FakeClock:
    """A clock that stands still until it is moved, and sleeps by moving."""

    moment: datetime = NOON

    def now(self) -> datetime:
        """The set moment."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.moment += timedelta(seconds=seconds)


@dataclass
class FakeBudgets:
    """The day's budgets in ``vto-controls``: ``micro_usd`` by ``control_id``, and whether spending is stopped."""

    held: dict[str, int] = field(default_factory=dict)
    stopped: bool = False

    def is_stopped(self) -> bool:
        """Whether somebody has stopped all spending."""
        return self.stopped

    def spent(self, control_ids: Iterable[str]) -> dict[str, int]:
        """What stands on budgets."""
        return {one: self.held.get(one, 0) for one in control_ids}

    def look(self, control_ids: Iterable[str]) -> tuple[bool, dict[str, int]]:
        """Whether spending is stopped, and what stands on budgets."""
        return self.is_stopped(), self.spent(control_ids)

    def book(self, booking: Booking) -> None:
        """Move the money, all of it or none."""
        booking.ensure_fits(self.held, is_stopped=self.stopped)
        for move in booking.moves:
            self.held[move.control_id] = self.held.get(move.control_id, 0) + move.micro_usd


@dataclass
class FakeJobs:
    """``vto-jobs`` as a dictionary; ``changes`` is what the table's stream would carry."""

    rows: dict[str, Job] = field(default_factory=dict)
    changes: list[Job] = field(default_factory=list)
    before_save: Callable[[Job], None] | None = None
    budgets: FakeBudgets = field(default_factory=FakeBudgets)
    booked: dict[str, Job] = field(default_factory=dict)
    """What was last saved with money: the very same again is an SDK that asks again, with its transaction's token."""
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    unfinished: dict[tuple[str, Lane], set[str]] = field(default_factory=dict)
    counted_at: dict[tuple[str, Lane], datetime] = field(default_factory=dict)

    def create(self, job: Job, *, at_most: int | None = None) -> bool:
        """Store a new job; False when its id exists."""
        with self.one_at_a_time:
            has_room = at_most is None or self._count(job, at_most)
            if job.id in self.rows:
                return False
            if not has_room:
                raise NoRoomError(job.user_id)
            self._write(job)
            return True

    def _count(self, job: Job, at_most: int) -> bool:
        mine = self.unfinished.setdefault((job.user_id, job.lane), set())
        now, last = times.from_iso(job.created_at), self.counted_at.get((job.user_id, job.lane))
        if job.id not in mine and len(mine) >= at_most:
            is_quiet = last is None or last + timedelta(seconds=30) < now
            mine -= {one for one in mine if one in self.rows and not self.rows[one].takes_room(now)}
            mine -= {one for one in mine if one not in self.rows and is_quiet}
        if job.id not in mine and len(mine) >= at_most:
            return False
        mine.add(job.id)
        self.counted_at[job.user_id, job.lane] = now
        return True

    def get(self, job_id: str) -> Job | None:
        """One job, or None."""
        return self.rows.get(job_id)

    def save(self, job: Job, *, expected_version: int, booking: Booking | None = None) -> None:
        """Store a changed job if its version is still the expected one, and move the money with it."""
        if self.before_save:
            self.before_save(job)
        with self.one_at_a_time:
            if booking is not None and booking.moves and job is self.booked.get(job.id):
                return
            known = self.rows.get(job.id)
            if known is None or (known.version, known.revision) != (expected_version, job.revision):
                raise VersionConflictError(job.id)
            if booking is not None:
                self.budgets.book(booking)
                self.booked[job.id] = job
            self._write(replace(job, revision=job.revision + 1))

    def of_user(self, user_id: str, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """One user's jobs, newest first."""
        mine = sorted((job for job in self.rows.values() if job.user_id == user_id), key=lambda job: job.created_at)
        start = _start(cursor)
        page = mine[::-1][start : start + limit]
        return page, str(start + limit) if start + limit < len(mine) else None

    def overdue(self, now: datetime, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """Unfinished jobs whose lease has run out; a page begins behind the last key of the one before."""
        found = (job for job in self.rows.values() if job.open and (job.lease_until or "") < times.to_iso(now))
        late = {f"{job.lease_until} {job.id}": job for job in found}
        page = [key for key in sorted(late) if key > (cursor or "")][: limit + 1]
        return [late[key] for key in page[:limit]], page[limit - 1] if len(page) > limit else None

    def delete(self, job_id: str) -> None:
        """Remove a job that was marked as erased."""
        if job_id in self.rows and self.rows[job_id].erased_at is not None:
            job = self.rows.pop(job_id)
            self.unfinished.get((job.user_id, job.lane), set()).discard(job_id)

    def claim(self, job_id: str, execution_arn: str, now: datetime) -> bool:
        """Take a job for an execution, as Validate Request does first of all; False when it must not."""
        try:
            job = self.rows[job_id]
            self.save(job.claimed(execution_arn, now), expected_version=job.version)
        except (KeyError, JobClosedError):
            return False
        return True

    def _write(self, job: Job) -> None:
        self.rows[job.id] = job
        self.changes.append(job)


@dataclass
class FakeCatalogue:
    """``vto-products`` and ``vto-models`` as one dictionary."""

    rows: dict[tuple[Kind, str], CatalogueItem] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    """Until when the uploads of a product that was deleted are void."""
    originals: dict[str, str] = field(default_factory=dict)
    """Where the originals of deleted products lay."""

    def add(self, *items: CatalogueItem) -> None:
        """Put rows in, as a shop's own tools would."""
        self.rows.update({(item.kind, item.item_id): item for item in items})

    def get(self, kind: Kind, item_id: str) -> CatalogueItem | None:
        """One item, or None."""
        return self.rows.get((kind, item_id))

    def record_import(self, item: CatalogueItem) -> bool:
        """Write what an upload says, curated fields kept; False when this or a later upload has been recorded."""
        known = self.rows.get((item.kind, item.item_id))
        until = self.deleted.get(item.item_id) if item.kind is Kind.PRODUCT else None
        if until is not None and until >= (item.source_time or ""):
            return False
        if known is None:
            if item.kind is Kind.PRODUCT:
                self.originals.pop(item.item_id, None)
            self.add(item)
            return True
        if known.erased_at is not None:
            return False
        if known.source_sequencer is not None:
            if known.picture_s3_url == item.picture_s3_url:
                is_late = known.source_sequencer >= (item.source_sequencer or "")
            else:
                is_late = known.source_time is not None and known.source_time >= (item.source_time or "")
            if is_late:
                return False
        self.add(
            replace(
                item,
                name=known.name,
                category=known.category,
                description=known.description,
                garment_class=known.garment_class or item.garment_class,
                auto_imported=known.auto_imported,
                created_at=known.created_at,
            )
        )
        return True

    def deleted_until(self, product_id: str) -> str | None:
        """Until when uploads for a product are void."""
        return self.deleted.get(product_id)

    def products(self, *, limit: int, cursor: str | None = None) -> tuple[list[CatalogueItem], str | None]:
        """A page of products."""
        items = [item for (kind, _), item in sorted(self.rows.items()) if kind is Kind.PRODUCT]
        start = _start(cursor)
        return items[start : start + limit], str(start + limit) if start + limit < len(items) else None

    def product(self, product_id: str) -> CatalogueItem | None:
        """One product, or None."""
        return self.get(Kind.PRODUCT, product_id)

    def products_behind(
        self, after: str | None, *, category: str | None, limit: int
    ) -> tuple[list[CatalogueItem], str | None]:
        """Products in the order of their ids, and the id behind which to go on."""
        items = [item for (kind, _), item in sorted(self.rows.items()) if kind is Kind.PRODUCT]
        items = [item for item in items if item.category == (category or item.category)]
        items = [item for item in items if item.item_id > (after or "")]
        return items[:limit], items[limit - 1].item_id if len(items) > limit else None

    def categories_behind(self, mark: str | None) -> tuple[list[str], str | None]:
        """All categories in one page."""
        shown = (item for (kind, _), item in self.rows.items() if kind is Kind.PRODUCT)
        return [item.category for item in shown if item.readiness is Readiness.READY and item.category], None

    def put_product(self, product_id: str, words: ProductWords, now: datetime) -> tuple[CatalogueItem, bool]:
        """Write what a shop says of a product."""
        said, at = asdict(words), times.to_iso(now)
        known = self.product(product_id)
        if known is None:
            if self.originals.pop(product_id, None) is not None:
                self.deleted[product_id] = anew_since(self.deleted[product_id], now)
            new = CatalogueItem(Kind.PRODUCT, product_id, "", "", "", "", False, at, at)
            self.add(replace(new, **said))
            return self.rows[Kind.PRODUCT, product_id], True
        self.add(replace(known, **said, updated_at=at))
        return self.rows[Kind.PRODUCT, product_id], False

    def delete_product(self, product_id: str, now: datetime) -> str | None:
        """Take a product out of the catalogue; the address of its original."""
        known = self.rows.pop((Kind.PRODUCT, product_id), None)
        if known is None and product_id not in self.originals:
            return None
        self.deleted[product_id] = void_until(now)
        return self.originals.setdefault(product_id, known.picture_s3_url if known else "")

    def models_of(self, user_id: str | None, *, limit: int) -> list[CatalogueItem]:
        """A user's private photos; the stock models when ``user_id`` is None."""
        return [i for (kind, _), i in self.rows.items() if kind is Kind.MODEL and i.user_id == user_id][:limit]

    def photos_of(
        self, user_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[CatalogueItem], str | None]:
        """A page of a user's private photos, the newest first."""
        own = [one for (kind, _), one in self.rows.items() if kind is Kind.MODEL and one.user_id == user_id]
        own.sort(key=lambda one: one.created_at, reverse=True)
        start = _start(cursor)
        return own[start : start + limit], str(start + limit) if start + limit < len(own) else None

    def rename_photo(self, model_id: str, user_id: str, name: str, at: str) -> CatalogueItem | None:
        """Give a user's private photo a name."""
        return self._changed_photo(model_id, user_id, name=name, updated_at=at)

    def mark_erased(self, model_id: str, user_id: str, at: str) -> bool:
        """Mark a user's private photo as deleted, once."""
        return self._changed_photo(model_id, user_id, erased_at=at) is not None

    def _changed_photo(self, model_id: str, user_id: str, **changes: str) -> CatalogueItem | None:
        known = self.rows.get((Kind.MODEL, model_id))
        if known is None or known.user_id != user_id or known.erased_at is not None:
            return None
        changed: CatalogueItem = replace(known, **changes)  # type: ignore[arg-type]
        self.add(changed)
        return changed

    def delete_photo(self, model_id: str, user_id: str) -> None:
        """Remove the row of a user's private photo."""
        known = self.rows.get((Kind.MODEL, model_id))
        if known is not None and known.user_id == user_id:
            del self.rows[Kind.MODEL, model_id]


@dataclass
class FakeConnections:
    """``vto-connections`` as a dictionary; ``hidden`` sockets are not in the index yet."""

    rows: dict[str, Connection] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def add(self, connection: Connection) -> None:
        """Remember a socket."""
        self.rows[connection.connection_id] = connection

    def get(self, connection_id: str) -> Connection | None:
        """One socket."""
        return self.rows.get(connection_id)

    def remove(self, connection_id: str, user_id: str) -> None:
        """Forget a user's socket."""
        if connection_id in self.rows and self.rows[connection_id].user_id == user_id:
            del self.rows[connection_id]

    def of_user(self, user_id: str) -> list[Connection]:
        """A user's sockets."""
        return [one for one in self.rows.values() if one.user_id == user_id and one.connection_id not in self.hidden]

    def page(self, limit: int, cursor: str | None) -> tuple[list[Connection], str | None]:
        """Some of all sockets, by their names."""
        names = sorted(name for name in self.rows if cursor is None or name > cursor)
        page = names[:limit]
        return [self.rows[name] for name in page], page[-1] if len(names) > limit else None


@dataclass
class FakeControls:
    """``vto-controls`` in memory."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    delivered: dict[tuple[str, str], int] = field(default_factory=dict)
    sending: dict[tuple[str, str], datetime] = field(default_factory=dict)
    slots: dict[str, datetime] = field(default_factory=dict)
    turns: dict[str, datetime] = field(default_factory=dict)
    shares: dict[str, datetime] = field(default_factory=dict)
    guest_turns: dict[str, datetime] = field(default_factory=dict)
    guest_shares: dict[str, datetime] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    unfinished: dict[tuple[str, Lane], set[str]] = field(default_factory=dict)
    """The same as those of :class:`FakeJobs`, where a test is about both: they stand in one table."""
    health: dict[str, Health] = field(default_factory=dict)

    def issue_ticket(self, ticket: Ticket) -> None:
        """Store a one-time ticket."""
        self.tickets[ticket.ticket] = ticket

    def redeem_ticket(self, ticket: str, now: datetime) -> Ticket | None:
        """Use a ticket up."""
        found = self.tickets.pop(ticket, None)
        return found if found and found.expires_at > times.epoch(now) else None

    def claim_delivery(self, job_id: str, connection_id: str, version: int, now: datetime) -> DeliveryClaim:
        """Ask to push a version to a socket."""
        key = (job_id, connection_id)
        delivered = self.delivered.get(key)
        if delivered is not None and delivered >= version:
            return DeliveryClaim(granted=False)
        if key in self.sending and self.sending[key] >= now:
            return DeliveryClaim(granted=False, busy=True)
        self.sending[key] = now + timedelta(seconds=5)
        return DeliveryClaim(granted=True, delivered=delivered)

    def told_version(self, job_id: str, connection_id: str) -> int | None:
        """The latest version that was pushed to a socket."""
        return self.delivered.get((job_id, connection_id))

    def confirm_delivery(self, job_id: str, connection_id: str, version: int) -> None:
        """Record that the version was pushed; a later one that was recorded meanwhile stays."""
        known = self.delivered.get((job_id, connection_id), 0)
        self.delivered[job_id, connection_id] = max(known, version)
        self.sending.pop((job_id, connection_id), None)

    def release_delivery(self, job_id: str, connection_id: str) -> None:
        """Give a claim back unused."""
        self.sending.pop((job_id, connection_id), None)

    def take_slot(
        self,
        engine: str,
        requests_per_minute: float,
        now: datetime,
        *,
        latest: datetime,
        counter: Counter = Counter.SLOTS,
    ) -> datetime | None:
        """Take a counter's next free instant, unless it lies after ``latest``."""
        slot = self.next_slot(engine, requests_per_minute, now, counter=counter)
        if slot > latest:
            return None
        self._taken(counter)[engine] = slot
        return slot

    def next_slot(
        self, engine: str, requests_per_minute: float, now: datetime, *, counter: Counter = Counter.SLOTS
    ) -> datetime:
        """A counter's next free instant."""
        return next_slot(now, self._taken(counter).get(engine), requests_per_minute)

    def last_taken(self, counter: Counter, engine: str) -> datetime | None:
        """A counter's latest instant that was given away."""
        return self._taken(counter).get(engine)

    def _taken(self, counter: Counter) -> dict[str, datetime]:
        return {
            Counter.SLOTS: self.slots,
            Counter.TURNS: self.turns,
            Counter.SHARE: self.shares,
            Counter.GUEST_TURNS: self.guest_turns,
            Counter.GUEST_SHARE: self.guest_shares,
        }[counter]

    def door(self, engine: str, job_id: str, now: datetime) -> Door:
        """How a job would find the engine now."""
        return Door.OPEN if engine in self.paused else self.health.get(engine, Health()).door(job_id, now)

    def knock(self, engine: str, job_id: str, now: datetime, *, trial_seconds: float) -> Door:
        """The same, but one that is half-open is from then on this job's alone to try."""
        door = self.door(engine, job_id, now)
        if door is Door.HALF_OPEN:
            self.health[engine] = self.health[engine].tried(job_id, now, trial_seconds)
        return door

    def leave_engine(self, engine: str, job_id: str, now: datetime) -> None:
        """Note that the job did not try the engine."""
        if engine in self.health:
            self.health[engine] = self.health[engine].not_tried(job_id)

    def fail_engine(self, engine: str, job_id: str, now: datetime, *, gone: bool, reason: str) -> datetime | None:
        """Note that a call found the engine gone or down."""
        before = self.health.get(engine, Health())
        self.health[engine] = after = before.failed(job_id, now, gone=gone, reason=reason)
        return None if after is before else after.open_until

    def close_engine(self, engine: str) -> None:
        """Note that the engine answers."""
        self.health.pop(engine, None)

    def forget(self, *, user_id: str | None, before: str, job_ids: frozenset[str], with_limits: bool) -> int:
        """Remove what is kept of somebody, or of these jobs."""

        def is_theirs(name: str, **item: Any) -> bool:
            found = {"control_id": name, **item}
            return is_control_of(found, user_id=user_id, before=before, job_ids=job_ids, with_limits=with_limits)

        told = {*self.delivered, *self.sending}
        gone = [one for one in told if is_theirs(f"delivered#{'#'.join(one)}")]
        for one in gone:
            self.delivered.pop(one, None)
            self.sending.pop(one, None)
        sold = [
            name
            for name, one in self.tickets.items()
            if is_theirs(f"ticket#{name}", user_id=one.user_id, expires_at=one.expires_at)
        ]
        for name in sold:
            del self.tickets[name]
        counted = [key for key in self.unfinished if is_theirs("#".join(("open", *key)))]
        for key in counted:
            del self.unfinished[key]
        return len(gone) + len(sold) + len(counted)


@dataclass
class FakeGuests:
    """Guests in memory, by the digest of their secret."""

    rows: dict[str, Guest] = field(default_factory=dict)

    def remember(self, digest: str, guest: Guest) -> None:
        """Store a guest."""
        self.rows[digest] = guest

    def find(self, digest: str) -> Guest | None:
        """The guest of a secret."""
        return self.rows.get(digest)


@dataclass
class FakeErasures:
    """Erasures in memory."""

    running: dict[str, Erasure] = field(default_factory=dict)
    receipts: dict[str, tuple[str, Receipt]] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)

    def request(self, user_id: str, receipt: str, now: datetime, *, before: str) -> Erasure:
        """Store the wish, or move the one that is open on."""
        known = self.running.get(user_id) or Erasure(user_id, receipt, times.to_iso(now), before)
        self.running[user_id] = replace(known, before=max(before, known.before))
        return self.running[user_id]

    def of_user(self, user_id: str) -> Erasure | None:
        """The open erasure of somebody."""
        return self.running.get(user_id)

    def take(self, user_id: str, now: datetime, *, until: str) -> bool:
        """Be the only one who works on it until then."""
        if user_id not in self.running or self.taken.get(user_id, "") >= times.to_iso(now):
            return False
        self.taken[user_id] = until
        return True

    def leave(self, user_id: str, removed: Mapping[str, int], *, taken_until: str) -> None:
        """Count what was removed, once, and let the next one work on it."""
        known = self.running.get(user_id)
        if known is not None and self.taken.get(user_id) == taken_until:
            counts = {kind: known.removed.get(kind, 0) + removed.get(kind, 0) for kind in KINDS}
            self.running[user_id] = replace(known, removed=counts)
            del self.taken[user_id]

    def finish(self, erasure: Erasure, now: datetime) -> bool:
        """Leave the receipt and forget who it was."""
        known = self.running.get(erasure.user_id)
        if known is None or known.before != erasure.before:
            return known is None
        owner = owner_of(known.receipt, known.user_id)
        done = Receipt(known.receipt, known.requested_at, times.to_iso(now), dict(known.removed))
        self.receipts[known.receipt] = owner, done
        del self.running[erasure.user_id]
        self.taken.pop(erasure.user_id, None)
        return True

    def receipt(self, receipt: str, user_id: str) -> Receipt | None:
        """The receipt of an erasure that is done."""
        owner, found = self.receipts.get(receipt, ("", None))
        return found if owner == owner_of(receipt, user_id) else None


@dataclass
class FakeErasureRequests:
    """Remembers whose erasures are to be worked on; ``problem`` is raised instead where it is set."""

    sent: list[str] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    problem: VtoError | None = None

    def send(self, user_id: str) -> None:
        """Remember whose."""
        if self.problem:
            raise self.problem
        self.sent.append(user_id)

    def remove(self, removal: Removal) -> None:
        """Remember what is to go."""
        if self.problem:
            raise self.problem
        self.removals.append(removal)

    def come_again(self, event: dict[str, Any], answer: dict[str, Any]) -> None:
        """Remember what comes again."""
        self.again += [one["itemIdentifier"] for one in answer["batchItemFailures"]]


@dataclass
class FakeEndedJobs:
    """Remembers the ends that the shop's own server is to hear of; ``problem`` is raised instead where it is set."""

    sent: list[End] = field(default_factory=list)
    problem: VtoError | None = None

    def send(self, end: End) -> None:
        """Remember an end."""
        if self.problem:
            raise self.problem
        self.sent.append(end)


@dataclass
class FakeShopServer:
    """The shop's own server: answers with the next of ``statuses``, and takes everything when there are none left."""

    statuses: list[int] = field(default_factory=list)
    told: list[tuple[str, bytes]] = field(default_factory=list)
    """Id and body of every message that came."""

    def post(self, message_id: str, now: datetime, body: bytes) -> Reception:
        """Take a message, or not."""
        self.told.append((message_id, body))
        found = reception(self.statuses.pop(0) if self.statuses else 204)
        if found not in (Reception.TAKEN, Reception.GONE):
            raise NotTakenError(found.value)
        return found


@dataclass
class FakeResults:
    """``vto-results`` in memory."""

    ready: dict[str, CachedResult] = field(default_factory=dict)
    expiry: dict[str, int] = field(default_factory=dict)
    claims: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def get_ready(self, key: str, now: datetime) -> CachedResult | None:
        """A finished result that still lives."""
        return self.ready.get(key) if self.expiry.get(key, 0) > times.epoch(now) else None

    def claim(
        self,
        key: str,
        job_id: str,
        now: datetime,
        *,
        seconds: float,
        gone: CachedResult | None = None,
        instead_of: str | None = None,
    ) -> ResultClaim:
        """Become the one who makes this result."""
        holder, until = self.claims.get(key, (job_id, now))
        if holder not in (job_id, instead_of) and until >= now:
            return ResultClaim(granted=False, holder=holder)
        ready = self.get_ready(key, now)
        if ready is not None and (gone is None or ready.job_id != gone.job_id):
            return ResultClaim(granted=False, ready=ready)
        self.claims[key] = job_id, now + timedelta(seconds=seconds)
        self.ready.pop(key, None)
        return ResultClaim(granted=True)

    def put_ready(self, key: str, result: CachedResult, *, ttl: int) -> None:
        """Offer a finished result."""
        self.ready[key] = result
        self.expiry[key] = ttl
        self.claims.pop(key, None)

    def release(self, key: str, job_id: str) -> None:
        """Give up a claim of this job."""
        if self.claims.get(key, ("",))[0] == job_id:
            del self.claims[key]

    def withdraw(self, key: str, job_id: str) -> bool:
        """Take away what this job claims or offers."""
        is_offered = key in self.ready and self.ready[key].job_id == job_id
        is_claimed = self.claims.get(key, ("",))[0] == job_id
        if is_offered:
            del self.ready[key], self.expiry[key]
        if is_claimed:
            del self.claims[key]
        return is_offered or is_claimed


@dataclass
class FakeAdmissions:
    """What an admission reads of several tables, in one go."""

    jobs: FakeJobs
    catalogue: FakeCatalogue
    results: FakeResults
    controls: FakeControls

    def named(self, *, job_id: str | None, product_id: str | None, model_id: str | None) -> Named:
        """A job, a product and a model."""
        return Named(
            self.jobs.get(job_id) if job_id else None,
            self.catalogue.get(Kind.PRODUCT, product_id) if product_id else None,
            self.catalogue.get(Kind.MODEL, model_id) if model_id else None,
        )

    def outlook(self, key: str | None, counters: Collection[tuple[Counter, str]], now: datetime) -> Outlook:
        """The result under a key, whether spending is stopped, and how far counters are."""
        return Outlook(
            self.results.get_ready(key, now) if key else None,
            self.jobs.budgets.is_stopped(),
            {(counter, engine): self.controls.last_taken(counter, engine) for counter, engine in counters},
        )


@dataclass
class FakePictures:
    """S3 as a dictionary from address to bytes; ``old`` has what lay there before, markers as None."""

    objects: dict[str, bytes] = field(default_factory=dict)
    user_metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    modified: dict[str, datetime] = field(default_factory=dict)
    """When an object was written, where that was not at noon."""
    lying: dict[str, ObjectVersion] = field(default_factory=dict)
    old: dict[ObjectVersion, tuple[bytes | None, dict[str, str]]] = field(default_factory=dict)
    time: Callable[[], str] = lambda: ""
    count: int = 0

    def put(self, url: str, content: bytes, **metadata: str) -> None:
        """Put an object in, as somebody outside would; what lay there becomes an old version."""
        self._retire(url)
        self.objects[url] = content
        self.user_metadata[url] = metadata
        self.lying[url] = self._version(url)

    def expire(self, url: str) -> None:
        """Delete an object as a lifecycle rule does: it becomes an old version under a marker."""
        self._retire(url)
        self.old[replace(self._version(url), is_marker=True)] = None, {}

    def _version(self, url: str) -> ObjectVersion:
        self.count += 1
        return ObjectVersion(_address(url), f"version-{self.count}", self.time())

    def _lying(self, url: str) -> ObjectVersion:
        return self.lying.setdefault(url, ObjectVersion(_address(url), "version-0", ""))

    def _retire(self, url: str) -> None:
        if url in self.objects:
            self.old[self._lying(url)] = self.objects.pop(url), self.user_metadata.pop(url, {})
            del self.lying[url]

    def below(self, prefix: S3Url) -> list[ObjectVersion]:
        """All versions and delete markers of the objects whose keys begin like this."""
        current = [self._lying(url) for url in self.objects if url.startswith(str(prefix))]
        return current + [one for one in self.old if str(one.url).startswith(str(prefix))]

    def metadata_of(self, version: ObjectVersion) -> dict[str, str]:
        """A version's user metadata."""
        if self.lying.get(str(version.url)) == version:
            return self.user_metadata.get(str(version.url), {})
        return self.old.get(version, (None, {}))[1]

    def remove(self, versions: Sequence[ObjectVersion]) -> None:
        """Remove versions for good."""
        for one in versions:
            if self.lying.get(str(one.url)) == one:
                self.objects.pop(str(one.url), None)
                self.user_metadata.pop(str(one.url), None)
                del self.lying[str(one.url)]
            else:
                self.old.pop(one, None)

    def read(self, url: S3Url) -> bytes:
        """An object's bytes."""
        if str(url) not in self.objects:
            raise PictureMissingError(str(url))
        return self.objects[str(url)]

    def metadata(self, url: S3Url) -> tuple[int, dict[str, str]]:
        """An object's size and user metadata."""
        return len(self.read(url)), self.user_metadata.get(str(url), {})

    def write(self, url: S3Url, content: bytes, content_type: str, metadata: Mapping[str, str] | None = None) -> None:
        """Store an object."""
        self.put(str(url), content, **(metadata or {}))
        self.written.append(str(url))

    def write_all(self, objects: Sequence[NewObject]) -> None:
        """Store objects."""
        for one in objects:
            self.write(one.url, one.content, one.content_type, one.metadata)

    def copy_all(self, copies: Sequence[Copy]) -> None:
        """Copy objects."""
        for one in copies:
            self.copy(one)

    def copy(self, copy: Copy) -> None:
        """Copy one object."""
        content = self.read(copy.source)
        if copy.sha256 not in (None, hashlib.sha256(content).hexdigest()):
            raise PictureMissingError(f"{copy.source} has other bytes")
        self.write(copy.url, content, copy.content_type, copy.metadata)

    def listed(self, bucket: str, prefix: str, *, after: str | None, limit: int) -> list[StoredObject]:
        """Objects below a prefix, from behind a key on."""
        start = f"s3://{bucket}/{prefix}"
        found = sorted(url for url in self.objects if url.startswith(start) and url > f"s3://{bucket}/{after or ''}")
        return [StoredObject(S3Url.parse(url), self.modified.get(url, NOON)) for url in found[:limit]]

    def link(self, url: S3Url, *, seconds: int) -> str:
        """A link that says what it is."""
        return f"https://link/{url.key}?expires={seconds}"

    def upload_form(
        self, url: S3Url, *, content_type: str, max_bytes: int, seconds: int, metadata: Mapping[str, str]
    ) -> UploadForm:
        """A form that says what it is."""
        pinned = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        return UploadForm(f"https://upload/{url.bucket}", {"key": url.key, "Content-Type": content_type, **pinned})


def _address(url: str) -> S3Url:
    """Where something lies, also where a test writes what is no address."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return S3Url(bucket, key)


@dataclass
class FakePictureTools:
    """Takes any bytes for a picture of the given size; ``problem`` is raised instead where it is set."""

    width: int = 800
    height: int = 1200
    problem: VtoError | None = None
    preview: bytes | None = None
    """Every picture's preview; unless given, its bytes with a mark."""
    masked: list[tuple[int, int]] = field(default_factory=list)

    def prepare(self, content: bytes, tier: Tier = LOWER_TIER) -> Prepared:
        """The bytes with a mark that they were prepared."""
        self._raise()
        return Prepared(b"prepared:" + content, self.width, self.height, sha256=content.hex())

    def prepare_mask(self, content: bytes, width: int, height: int) -> bytes:
        """The bytes with a mark that they are a mask; the size that it was made for is kept."""
        self._raise()
        self.masked.append((width, height))
        return b"mask:" + content

    def rendition(self, content: bytes) -> Rendition:
        """The given size, and the bytes with marks of what they are."""
        return Rendition(*self.measure(content), b"shown:" + content, self.preview or b"preview:" + content)

    def measure(self, content: bytes) -> tuple[int, int]:
        """The given size."""
        self._raise()
        return self.width, self.height

    def _raise(self) -> None:
        if self.problem:
            raise self.problem


@dataclass
class FakeNotifier:
    """Remembers what each socket was sent; ``gone`` clients are not there, ``broken`` ones cannot be reached now."""

    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    closed: list[str] = field(default_factory=list)

    def send(self, connection_id: str, frame: Mapping[str, Any]) -> bool:
        """Keep the frame as it would arrive."""
        if connection_id in self.broken:
            raise NotifierUnavailableError("broken on purpose")
        if connection_id in self.gone:
            return False
        self.sent.setdefault(connection_id, []).append(json.loads(json.dumps(frame)))
        return True

    def close(self, connection_id: str) -> None:
        """Remember who was sent away."""
        self.closed.append(connection_id)

    def seqs(self, connection_id: str) -> list[int]:
        """The versions that a socket was sent, in their order."""
        return [frame["job"]["seq"] for frame in self.sent.get(connection_id, []) if frame["type"] == "job"]


@dataclass
class FakeWorkflow:
    """Remembers which jobs were started; ``problem`` is raised instead where it is set."""

    started: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    problem: VtoError | None = None

    def start(self, job_id: str, rerun: int = 0) -> bool:
        """Start once."""
        if self.problem:
            raise self.problem
        name = f"{job_id}-{rerun}" if rerun else job_id
        if name in self.started:
            return False
        self.started.append(name)
        return True

    def execution_of(self, job_id: str, rerun: int = 0) -> str:
        """An ARN-like name."""
        return f"arn:execution:{job_id}-{rerun}" if rerun else f"arn:execution:{job_id}"

    def is_running(self, execution_arn: str) -> bool:
        """Whether it was said to run."""
        return execution_arn in self.running


@dataclass
class FakeOperations:
    """Orders and notes in memory; engines are paused where ``controls`` look, which is one table with these."""

    controls: FakeControls = field(default_factory=FakeControls)
    stopped: Mapping[str, Any] | None = None
    runs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def pause(self, engine: str, now: datetime) -> None:
        """Take an engine out of service."""
        self.controls.paused.add(engine)

    def resume(self, engine: str) -> bool:
        """Put an engine back into service."""
        was_paused = engine in self.controls.paused
        self.controls.paused.discard(engine)
        return was_paused

    def stop_spending(self, reason: str, now: datetime) -> None:
        """Let no further call be made that may cost money."""
        self.stopped = {"reason": reason, "at": times.to_iso(now)}

    def resume_spending(self) -> bool:
        """Let calls be made again."""
        was_stopped, self.stopped = self.stopped is not None, None
        return was_stopped

    def spending(self) -> Mapping[str, Any] | None:
        """Why and since when spending is stopped."""
        return self.stopped

    def engine(self, name: str, now: datetime) -> EngineState:
        """How jobs find an engine."""
        health = self.controls.health.get(name, Health())
        is_open = health.open_until is not None and health.open_until > now
        return EngineState(
            name,
            is_paused=name in self.controls.paused,
            open_until=times.to_iso(health.open_until) if is_open and health.open_until else None,
            reason=health.reason if is_open else None,
        )

    def note_run(self, work: str, now: datetime, did: Mapping[str, Any]) -> None:
        """Keep what scheduled work did."""
        self.runs[work] = {"at": times.to_iso(now), "did": dict(did)}

    def last_run(self, work: str) -> Mapping[str, Any] | None:
        """What scheduled work last did."""
        return self.runs.get(work)

    def place(self, work: str) -> str | None:
        """Where work goes on."""
        return self.places.get(work)

    def keep_place(self, work: str, after: str | None) -> None:
        """Remember where to go on."""
        if after is None:
            self.places.pop(work, None)
        else:
            self.places[work] = after


@dataclass
class FakeImportQueue:
    """Remembers which uploads were told of."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, url: S3Url, sequencer: str, time: str) -> None:
        """Tell of an upload."""
        self.sent.append((str(url), sequencer, time))


@dataclass
class FakeDeadLetters:
    """Dead-letter queues as lists of bodies; ``sent_back`` is what went to where it came from."""

    queues: dict[str, list[Letter]] = field(default_factory=dict)
    sent_back: list[tuple[str, str]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def put(self, queue: str, body: Any, **attributes: str) -> None:
        """Let something die."""
        letters = self.queues.setdefault(queue, [])
        text = body if isinstance(body, str) else json.dumps(body)
        letters.append(Letter(f"{queue}-{len(letters)}", text, attributes))

    def count(self, queue: str) -> int:
        """How many letters there are."""
        return len(self.queues.get(queue, []))

    def receive(self, queue: str) -> list[Letter]:
        """Up to ten letters that nobody else has."""
        found = [one for one in self.queues.get(queue, []) if one.receipt not in self.hidden][:10]
        self.hidden.update(one.receipt for one in found)
        return found

    def send_back(self, queue: str, letter: Letter) -> None:
        """Put a letter back where it came from."""
        self.sent_back.append((queue, letter.body))

    def remove(self, queue: str, letter: Letter) -> None:
        """Forget a letter."""
        self.queues[queue] = [one for one in self.queues[queue] if one.receipt != letter.receipt]


@dataclass
class FakeFunctions:
    """Remembers which functions were run with what; ``broken`` ones fail."""

    invoked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """Run a function."""
        if name in self.broken:
            raise StorageUnavailableError(f"{name} failed")
        self.invoked.append((name, event))
        return self.answers.get(name, {})


@dataclass
class FakeChanges:
    """A stream as a list of records; None where they are trimmed."""

    records: list[tuple[str, str]] | None = field(default_factory=list)

    def between(self, shard: str, first: str, last: str, event: str) -> list[tuple[str, str]] | None:
        """The records that are still there."""
        if self.records is None:
            return None
        return [one for one in self.records if first <= one[0] <= last]


@dataclass
class FakeModels:
    """Models by their id; ``problem`` is raised instead where it is set."""

    known: dict[str, Lifecycle] = field(default_factory=dict)
    problem: VtoError | None = None

    def lifecycle(self, model_id: str) -> Lifecycle:
        """A model's lifecycle."""
        if self.problem:
            raise self.problem
        return self.known.get(model_id, GONE)


@dataclass
class FakeEngine:
    """Answers with ``outcomes`` in their order (an exception is raised), then with one picture each time."""

    pictures: FakePictures
    outcomes: list[VtoError | int] = field(default_factory=list)
    requests: list[TryOnRequest] = field(default_factory=list)

    def generate(self, request: TryOnRequest) -> Generation:
        """Make as many pictures as the outcome says."""
        self.requests.append(request)
        outcome = self.outcomes.pop(0) if self.outcomes else 1
        if isinstance(outcome, VtoError):
            raise outcome
        images = []
        for i in range(outcome):
            url = S3Url(request.output.bucket, f"{request.output.key}{i}.png")
            self.pictures.put(str(url), f"picture {i}".encode())
            images.append(str(url))
        wanted = request.parameters["imageGenerationConfig"]["numberOfImages"]
        return Generation(tuple(images), None, "Some of the images were blocked." if outcome < wanted else None)
