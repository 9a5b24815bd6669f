"""What the use cases need from the world outside, as protocols; adapters implement them, ``vto.testing`` fakes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from vto.domain.budgets import Booking
    from vto.domain.catalogue import CatalogueItem, Kind
    from vto.domain.curating import ProductWords
    from vto.domain.engines import Adaptation
    from vto.domain.erasure import Erasure, Receipt
    from vto.domain.guests import Guest
    from vto.domain.health import Door
    from vto.domain.job import Job, StoredImage
    from vto.domain.lifecycle import Lifecycle
    from vto.domain.pacing import Counter
    from vto.domain.parameters import Parameters
    from vto.domain.pictures import Prepared, Rendition, Tier
    from vto.domain.removal import Removal
    from vto.domain.results import Copy, NewObject
    from vto.domain.storage import S3Url
    from vto.domain.webhooks import End, Reception


class VersionConflictError(Exception):
    """Somebody else changed the job since it was read: read it again and decide again."""


class NoRoomError(Exception):
    """The user has as many unfinished jobs in the lane as they may have."""


class NotTakenError(Exception):
    """The shop's own server did not take what it was told: it is told again. Says why, without any value."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Jobs(Protocol):
    """``vto-jobs``; reads are consistent, writes conditional."""

    def create(self, job: Job, *, at_most: int | None = None) -> bool:
        """Store a new job; False when its id exists.

        Args:
            job: The job.
            at_most: How many jobs of its user and lane may be unfinished with it, however many come at once; any
                number when None.

        Raises:
            NoRoomError: There are as many already; nothing was stored.
        """
        ...

    def get(self, job_id: str) -> Job | None:
        """One job, or None."""
        ...

    def save(self, job: Job, *, expected_version: int, booking: Booking | None = None) -> None:
        """Store a changed job if nobody changed it since; raises VersionConflictError otherwise.

        With a booking the budgets change in the same instant, or nothing does: then BudgetExhaustedError,
        SignInRequiredError or SpendingStoppedError says why.
        """
        ...

    def of_user(self, user_id: str, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """One user's jobs, newest first, and the cursor of the next page."""
        ...

    def overdue(self, now: datetime, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """Unfinished jobs whose lease has run out, the longest overdue first, and the cursor of the next page."""
        ...

    def delete(self, job_id: str) -> None:
        """Remove a job that was marked as erased; nothing happens to any other."""
        ...


class Catalogue(Protocol):
    """``vto-products`` and ``vto-models``."""

    def get(self, kind: Kind, item_id: str) -> CatalogueItem | None:
        """One item, or None."""
        ...

    def record_import(self, item: CatalogueItem) -> bool:
        """Write what an upload says, curated fields kept; False when a later upload has been recorded already.

        False also for a product that was deleted since the upload came.
        """
        ...

    def deleted_until(self, product_id: str) -> str | None:
        """Until when uploads for a product are void, because it was deleted (ISO-8601); None if it never was."""
        ...

    def products(self, *, limit: int, cursor: str | None = None) -> tuple[list[CatalogueItem], str | None]:
        """A page of products and the cursor of the next one."""
        ...

    def models_of(self, user_id: str | None, *, limit: int) -> list[CatalogueItem]:
        """A user's private photos; the stock models when ``user_id`` is None."""
        ...

    def photos_of(
        self, user_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[CatalogueItem], str | None]:
        """A page of a user's private photos, the newest first, and the cursor of the next one."""
        ...

    def rename_photo(self, model_id: str, user_id: str, name: str, at: str) -> CatalogueItem | None:
        """Give a user's private photo a name; None when it is anybody else's, or was deleted."""
        ...

    def mark_erased(self, model_id: str, user_id: str, at: str) -> bool:
        """Mark a user's private photo as deleted, once: no import writes its row any more, and nobody sees it."""
        ...

    def delete_photo(self, model_id: str, user_id: str) -> None:
        """Remove the row of a user's private photo; nothing happens when it is anybody else's."""
        ...


class Products(Protocol):
    """``vto-products``, as shoppers look at it and as the shop writes it by hand."""

    def product(self, product_id: str) -> CatalogueItem | None:
        """One product, read consistently, or None."""
        ...

    def products_behind(
        self, after: str | None, *, category: str | None, limit: int
    ) -> tuple[list[CatalogueItem], str | None]:
        """What the table has behind a product, in its own order, and the id behind which to go on.

        Args:
            after: The id behind which to look, whether it is there or not; None to begin.
            category: The category whose products are meant; None for all.
            limit: How many rows are looked at, at most; some of them may be of products that were deleted.
        """
        ...

    def categories_behind(self, mark: str | None) -> tuple[list[str], str | None]:
        """The categories of a page of products that can be tried on, one for each, and the mark of the next page."""
        ...

    def put_product(self, product_id: str, words: ProductWords, now: datetime) -> tuple[CatalogueItem, bool]:
        """Write what a shop says of a product, its picture untouched; the product, and whether it is new."""
        ...

    def delete_product(self, product_id: str, now: datetime) -> str | None:
        """Take a product out of the catalogue, and remember that it was; the address of its original.

        The address is empty where there is none. None where no such product is known, nor was deleted lately.
        """
        ...


@dataclass(frozen=True, slots=True)
class Connection:
    """A live socket and whose it is."""

    connection_id: str
    user_id: str
    connected_at: str = ""
    ttl: int = 0


class Connections(Protocol):
    """``vto-connections``."""

    def add(self, connection: Connection) -> None:
        """Remember a socket."""
        ...

    def get(self, connection_id: str) -> Connection | None:
        """One socket, read consistently."""
        ...

    def remove(self, connection_id: str, user_id: str) -> None:
        """Forget a user's socket; nothing happens when it is unknown, or somebody else's by now."""
        ...

    def of_user(self, user_id: str) -> list[Connection]:
        """A user's sockets; one that was opened this instant may be missing."""
        ...

    def page(self, limit: int, cursor: str | None) -> tuple[list[Connection], str | None]:
        """Some of all sockets, in no order, and where to go on (None: nowhere); ``cursor`` is the page's before."""
        ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to open one socket, once, within seconds.

    ``session_until`` is when the token that bought it expires (epoch seconds): the socket ends with it.
    """

    ticket: str
    user_id: str
    expires_at: int
    session_until: int


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """The answer to "may I push version n to this socket?".

    ``granted``: yes, after the version ``delivered`` (None: nothing was pushed yet). Otherwise ``busy`` says that
    another publisher is pushing at this moment, and not busy that it has been delivered.
    """

    granted: bool
    delivered: int | None = None
    busy: bool = False


class Controls(Protocol):
    """``vto-controls``: short-lived facts that several functions agree on."""

    def issue_ticket(self, ticket: Ticket) -> None:
        """Store a one-time ticket."""
        ...

    def redeem_ticket(self, ticket: str, now: datetime) -> Ticket | None:
        """Use a ticket up; None when it is unknown, used or expired."""
        ...

    def claim_delivery(self, job_id: str, connection_id: str, version: int, now: datetime) -> DeliveryClaim:
        """Ask to push a version to a socket; a granted claim lapses by itself after a few seconds."""
        ...

    def told_version(self, job_id: str, connection_id: str) -> int | None:
        """The latest version that was pushed to a socket; None where none was."""
        ...

    def confirm_delivery(self, job_id: str, connection_id: str, version: int) -> None:
        """Record that the version was pushed."""
        ...

    def release_delivery(self, job_id: str, connection_id: str) -> None:
        """Give a claim back unused."""
        ...

    def take_slot(
        self,
        engine: str,
        requests_per_minute: float,
        now: datetime,
        *,
        latest: datetime,
        counter: Counter = ...,
    ) -> datetime | None:
        """Take a counter's next free instant; no two callers get the same one. None, and none taken, after latest."""
        ...

    def next_slot(self, engine: str, requests_per_minute: float, now: datetime, *, counter: Counter = ...) -> datetime:
        """A counter's next free instant; it is not taken, so somebody else may get it."""
        ...

    def door(self, engine: str, job_id: str, now: datetime) -> Door:
        """How a job would find the engine now; open also while an operator has taken it out of service."""
        ...

    def knock(self, engine: str, job_id: str, now: datetime, *, trial_seconds: float) -> Door:
        """The same, but one that is half-open is from then on this job's alone to try."""
        ...

    def leave_engine(self, engine: str, job_id: str, now: datetime) -> None:
        """Note that the job which was to try the engine did not come to that; another one may."""
        ...

    def fail_engine(self, engine: str, job_id: str, now: datetime, *, gone: bool, reason: str) -> datetime | None:
        """Note that a call found the engine gone or down; until when nobody asks it, if that has just been decided."""
        ...

    def close_engine(self, engine: str) -> None:
        """Note that the engine answers."""
        ...

    def forget(self, *, user_id: str | None, before: str, job_ids: frozenset[str], with_limits: bool) -> int:
        """Remove what :func:`vto.domain.erasure.is_control_of` says is of somebody, or of these jobs; how many."""
        ...


class Guests(Protocol):
    """``vto-controls``: who is which guest, by the digest of their secret."""

    def remember(self, digest: str, guest: Guest) -> None:
        """Store a guest until their time is over."""
        ...

    def find(self, digest: str) -> Guest | None:
        """The guest of a secret, also one whose time is over; None when there is none."""
        ...


class Budgets(Protocol):
    """``vto-controls``: the money that stands on each day's budgets; only :class:`Jobs` changes it, with a job."""

    def is_stopped(self) -> bool:
        """Whether somebody has stopped all spending, by the item ``spending``; read consistently."""
        ...

    def spent(self, control_ids: Iterable[str]) -> dict[str, int]:
        """What stands on budgets, in ``micro_usd``."""
        ...

    def look(self, control_ids: Iterable[str]) -> tuple[bool, dict[str, int]]:
        """Both, read together: whether spending is stopped, and what stands on budgets."""
        ...


@dataclass(frozen=True, slots=True)
class CachedResult:
    """A finished result that equal requests share; ``adaptations`` are those that the engine itself told of it."""

    job_id: str
    images: tuple[str, ...]
    mask: str | None
    engine: str
    adaptations: tuple[Adaptation, ...] = ()
    stored: tuple[StoredImage, ...] = ()
    """``images`` with their sizes and digests; empty in what an earlier version offered."""
    shown: tuple[str, ...] = ()
    previews: str | None = None


@dataclass(frozen=True, slots=True)
class ResultClaim:
    """What came of a claim: it is granted; or else the result is there, or ``holder`` is the job that makes it."""

    granted: bool
    ready: CachedResult | None = None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names, as the tables have it; None for what is not there, or was not asked for."""

    earlier: Job | None
    """The job that the same request became before."""
    product: CatalogueItem | None
    model: CatalogueItem | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for a request.

    Args:
        result: The finished result under its key, if one still lives.
        is_stopped: Whether somebody has stopped all spending.
        last_taken: By counter and engine, the latest instant that was given away; None where none was.
    """

    result: CachedResult | None
    is_stopped: bool
    last_taken: Mapping[tuple[Counter, str], datetime | None]


class Admissions(Protocol):
    """What an admission reads of several tables: each time in one request, consistently."""

    def named(self, *, job_id: str | None, product_id: str | None, model_id: str | None) -> Named:
        """A job, a product and a model; None is not asked for."""
        ...

    def outlook(self, key: str | None, counters: Collection[tuple[Counter, str]], now: datetime) -> Outlook:
        """The result under a key (None: of none), whether spending is stopped, and how far counters of engines are."""
        ...


class Results(Protocol):
    """``vto-results``: finished results by cache key, and who is making one right now."""

    def get_ready(self, key: str, now: datetime) -> CachedResult | None:
        """A finished result that still lives, or None."""
        ...

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
        """Become the one who makes this result; not while another job's claim lasts, or when it is ready.

        ``gone`` is a finished result that was found without its pictures: it may be made anew. ``instead_of`` is a job
        that has ended: its claim, if it is still the one, is taken over.
        """
        ...

    def put_ready(self, key: str, result: CachedResult, *, ttl: int) -> None:
        """Offer a finished result to equal requests."""
        ...

    def release(self, key: str, job_id: str) -> None:
        """Give up a claim of this job; others' claims and finished results stay."""
        ...

    def withdraw(self, key: str, job_id: str) -> bool:
        """Take away what this job claims or offers; False when that is nothing, or another job's."""
        ...


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A presigned POST form: where to send it, and the fields that go before the file."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is there, and when it was written."""

    url: S3Url
    modified: datetime


class Pictures(Protocol):
    """Objects in S3. All raise StorageUnavailableError when S3 does not answer."""

    def read(self, url: S3Url) -> bytes:
        """An object's bytes; raises PictureMissingError when it is not there."""
        ...

    def metadata(self, url: S3Url) -> tuple[int, dict[str, str]]:
        """An object's size in bytes and its user metadata; raises PictureMissingError when it is not there."""
        ...

    def write(self, url: S3Url, content: bytes, content_type: str, metadata: Mapping[str, str] | None = None) -> None:
        """Store an object, its bytes protected by a checksum on the way."""
        ...

    def write_all(self, objects: Sequence[NewObject]) -> None:
        """Store objects, all at once; when this raises, some of them may be there."""
        ...

    def copy_all(self, copies: Sequence[Copy]) -> None:
        """Copy objects within S3, all at once; when this raises, some of the copies may be there.

        Raises PictureMissingError when one is not there, or has other bytes than it should.
        """
        ...

    def listed(self, bucket: str, prefix: str, *, after: str | None, limit: int) -> list[StoredObject]:
        """Objects below a prefix in the order of their keys, from behind a key on; fewer than limit at the end."""
        ...

    def link(self, url: S3Url, *, seconds: int) -> str:
        """A presigned link to read an object."""
        ...

    def upload_form(
        self, url: S3Url, *, content_type: str, max_bytes: int, seconds: int, metadata: Mapping[str, str]
    ) -> UploadForm:
        """A presigned form that accepts exactly this key, type and user metadata."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, or a marker that says that it was deleted."""

    url: S3Url
    version_id: str
    written_at: str
    is_marker: bool = False


class Versions(Protocol):
    """Objects in S3 with their past. All raise StorageUnavailableError when S3 does not answer."""

    def below(self, prefix: S3Url) -> list[ObjectVersion]:
        """All versions and delete markers of the objects whose keys begin like this."""
        ...

    def metadata_of(self, version: ObjectVersion) -> dict[str, str]:
        """A version's user metadata; empty when it is gone."""
        ...

    def remove(self, versions: Sequence[ObjectVersion]) -> None:
        """Remove versions for good; those that are gone already do no harm."""
        ...


class Erasures(Protocol):
    """``vto-controls``: who asked to be erased, and the receipts of those who were."""

    def request(self, user_id: str, receipt: str, now: datetime, *, before: str) -> Erasure:
        """Store the wish; one that is open already keeps its receipt, and covers from now on what came since.

        What was made or agreed to until ``before`` (ISO-8601) is covered; that moment never moves back.
        """
        ...

    def of_user(self, user_id: str) -> Erasure | None:
        """The open erasure of somebody, read consistently."""
        ...

    def take(self, user_id: str, now: datetime, *, until: str) -> bool:
        """Be the only one who works on it until then (ISO-8601); False while somebody else is."""
        ...

    def leave(self, user_id: str, removed: Mapping[str, int], *, taken_until: str) -> None:
        """Count what was removed, once, and let the next one work on it."""
        ...

    def finish(self, erasure: Erasure, now: datetime) -> bool:
        """Leave the receipt and forget who it was; False, and nothing is forgotten, when it was asked for again."""
        ...

    def receipt(self, receipt: str, user_id: str) -> Receipt | None:
        """The receipt of an erasure that is done; None when it is somebody else's."""
        ...


class ErasureRequests(Protocol):
    """The queue that makes an erasure go on until it is done."""

    def send(self, user_id: str) -> None:
        """Have somebody's erasure worked on; raises StorageUnavailableError."""
        ...

    def remove(self, removal: Removal) -> None:
        """Have one photo or try-on removed; raises StorageUnavailableError."""
        ...


class PictureTools(Protocol):
    """What needs a pixel library."""

    def prepare(self, content: bytes, tier: Tier = ...) -> Prepared:
        """A model-ready picture; raises PictureRejectedError with a reason a person can act on."""
        ...

    def prepare_mask(self, content: bytes, width: int, height: int) -> bytes:
        """A pure black and white PNG of the source's size; raises PictureRejectedError."""
        ...

    def rendition(self, content: bytes) -> Rendition:
        """What is shown of a picture that decodes whole; raises PictureRejectedError."""
        ...

    def measure(self, content: bytes) -> tuple[int, int]:
        """Width and height of a picture that an engine can be given as it is; raises PictureRejectedError."""
        ...


class Notifier(Protocol):
    """Live sockets."""

    def send(self, connection_id: str, frame: Mapping[str, Any]) -> bool:
        """Push a frame; False when the client is gone; raises NotifierUnavailableError."""
        ...

    def close(self, connection_id: str) -> None:
        """End a socket; no error when it is gone; raises NotifierUnavailableError."""
        ...


class Workflow(Protocol):
    """Executions of the state machine."""

    def start(self, job_id: str, rerun: int = 0) -> bool:
        """Start the job's execution (or, under a name of its own, its nth rerun); False when it was started before."""
        ...

    def execution_of(self, job_id: str, rerun: int = 0) -> str:
        """The ARN of the execution that :meth:`start` gives a job."""
        ...

    def is_running(self, execution_arn: str) -> bool:
        """Whether an execution still works on its job."""
        ...


@dataclass(frozen=True, slots=True)
class EngineState:
    """How jobs find an engine: paused by an operator, or left out until a moment because it failed."""

    name: str
    is_paused: bool = False
    open_until: str | None = None
    reason: str | None = None


class Operations(Protocol):
    """What operators order, and how far scheduled work is; kept in ``vto-controls``, and read by what obeys it."""

    def pause(self, engine: str, now: datetime) -> None:
        """Take an engine out of service."""
        ...

    def resume(self, engine: str) -> bool:
        """Put an engine back into service; False when it was not out of it."""
        ...

    def stop_spending(self, reason: str, now: datetime) -> None:
        """Let no further call be made that may cost money."""
        ...

    def resume_spending(self) -> bool:
        """Let calls be made again; False when they were not stopped."""
        ...

    def spending(self) -> Mapping[str, Any] | None:
        """``reason`` and ``at`` while spending is stopped, else None."""
        ...

    def engine(self, name: str, now: datetime) -> EngineState:
        """How jobs find an engine."""
        ...

    def note_run(self, work: str, now: datetime, did: Mapping[str, Any]) -> None:
        """Keep what scheduled work did when it last came to its end."""
        ...

    def last_run(self, work: str) -> Mapping[str, Any] | None:
        """``at`` and ``did`` of the last run that came to its end."""
        ...

    def place(self, work: str) -> str | None:
        """Where work that takes several runs goes on; None for its beginning."""
        ...

    def keep_place(self, work: str, after: str | None) -> None:
        """Remember where to go on; None for the beginning."""
        ...


class ImportQueue(Protocol):
    """The published way of an upload to its import."""

    def send(self, url: S3Url, sequencer: str, time: str) -> None:
        """Tell of an upload as S3 would have; raises StorageUnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: its text, its attributes, and the receipt by which it can be removed."""

    receipt: str
    body: str
    attributes: Mapping[str, str]


class DeadLetters(Protocol):
    """The dead-letter queues, by their names (``domain/dead_letters.py``)."""

    def count(self, queue: str) -> int:
        """About how many letters there are."""
        ...

    def receive(self, queue: str) -> list[Letter]:
        """Some letters, hidden from everybody else for two minutes; none when there are no more."""
        ...

    def send_back(self, queue: str, letter: Letter) -> None:
        """Put a letter into the queue that it came from, again."""
        ...

    def remove(self, queue: str, letter: Letter) -> None:
        """Forget a letter."""
        ...


class Functions(Protocol):
    """The functions of this stack."""

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:
        """Run a function and wait for its answer; raises StorageUnavailableError when it failed."""
        ...


class Changes(Protocol):
    """The stream of ``vto-jobs``."""

    def between(self, shard: str, first: str, last: str, event: str) -> list[tuple[str, str]] | None:
        """Sequence numbers and jobs of the inserts, or modifications; None when they are no longer there (a day)."""
        ...


class EndedJobs(Protocol):
    """The queue of ends of which the shop's own server is to be told."""

    def send(self, end: End) -> None:
        """Have an end told; raises StorageUnavailableError."""
        ...


class ShopServer(Protocol):
    """The shop's own server."""

    def post(self, message_id: str, now: datetime, body: bytes) -> Reception:
        """Send a signed message; taken, or not wanted any more. Raises NotTakenError when it has to be sent again."""
        ...


class Models(Protocol):
    """What the provider of models says of them."""

    def lifecycle(self, model_id: str) -> Lifecycle:
        """A model's lifecycle, ``GONE`` for one that is not known any more; raises ModelUnavailableError."""
        ...


class Begin(Protocol):
    """Begins a call that somebody will need."""

    def __call__[T](self, call: Callable[[], T]) -> Callable[[], T]:
        """What gives the call's answer, or raises what it raised; it may be asked several times."""
        ...


class Meanwhile(Protocol):
    """Lets calls go on beside what the caller does itself."""

    def __call__(self) -> AbstractContextManager[Begin]:
        """Calls are begun while it is open; nothing of them goes on after it."""
        ...


@dataclass(frozen=True, slots=True)
class TryOnRequest:
    """What an engine gets: addresses of prepared pictures, canonical parameters, and where its pictures go.

    ``begun`` gives the pictures (source, reference, mask) where they are being read already.
    """

    source: S3Url
    reference: S3Url
    mask: S3Url | None
    parameters: Parameters
    output: S3Url
    begun: tuple[Callable[[], bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """What an engine made: addresses of unverified pictures; ``warning`` when its filter kept some back.

    ``adaptations`` are what it says itself that it did otherwise than asked, beyond what its profile declares.
    """

    images: tuple[str, ...]
    mask: str | None
    warning: str | None = None
    adaptations: tuple[Adaptation, ...] = ()


class Engine(Protocol):
    """A model that can do try-on, behind Nova Canvas's contract."""

    def generate(self, request: TryOnRequest) -> Generation:
        """Make the pictures; raises the Model…, …Blocked and BadModelOutput errors."""
        ...


type Engines = Mapping[str, Engine]
