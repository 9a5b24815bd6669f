"""The ports in memory (``vto.testing``); each call of them crosses a boundary where the plan may have its way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit, getcurrent, greenlet

from tests.simulation.faults import READ, SEND, WRITE, Fault
from vto.domain import times
from vto.domain.job import Job
from vto.domain.results import Copy, NewObject
from vto.errors import NotifierUnavailableError, StorageUnavailableError
from vto.ports import Connection, ObjectVersion
from vto.testing import NOON, FakeConnections, FakeJobs, FakePictures

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

READS = {"get", "of_user", "overdue", "metadata", "read", "is_running", "is_paused", "next_slot", "get_ready"}
READS |= {"is_stopped", "spent", "named", "outlook", "told_version", "look"}
READS |= {"below", "metadata_of", "models_of", "photos_of", "receipt"}
LOCAL = {"link", "upload_form", "execution_of"}
"""What an adapter answers without asking anybody."""
INDEX_LAG = 0.2
"""Seconds by which a secondary index may be behind its table."""


class KilledError(GreenletExit):
    """The process has died: nothing after this runs, whatever ``finally`` says, because no port answers any more."""


class Invocation(greenlet):
    """One run of one function."""

    def __init__(self, run: Callable[[], None], parent: greenlet, name: str, skew: float) -> None:
        super().__init__(run, parent)
        self.name, self.skew = name, skew
        self.is_dead = False
        self.on_death: Callable[[], None] = lambda: None

    def die(self) -> None:
        """End it where it stands."""
        if self.is_dead or self.dead:
            return
        self.is_dead = True
        self.on_death()
        if getcurrent() is self:
            raise KilledError
        if self:  # it has begun, and waits somewhere
            self.throw(KilledError)


@dataclass
class Boundary:
    """Lets one crossing happen as the plan says."""

    simulation: "Simulation"

    def cross(
        self, point: str, effect: Callable[[], Any], kinds: Sequence[Fault], error: type[Exception], late: float = 4.5
    ) -> Any:
        """Make a call of a port, from within a function.

        Args:
            point: Which call.
            effect: Does it.
            kinds: What may go wrong.
            error: What the adapter raises when the service does not answer.
            late: Seconds of the longest delay, within the SDK's patience.
        """
        me = getcurrent()
        if not isinstance(me, Invocation):
            return effect()
        if me.is_dead:
            raise KilledError
        simulation = self.simulation
        fault = simulation.decide(f"{me.name} {point}", kinds)
        simulation.scheduler.sleep(simulation.latency(late if fault is Fault.DELAY else 0.0))
        if fault is None or fault is Fault.DELAY:
            return effect()
        if fault is Fault.CRASH_BEFORE:
            me.die()
        if fault is Fault.FAIL_BEFORE:
            raise error("injected before")
        if fault is Fault.DROP:
            simulation.gateway.drop_next = True  # it is taken, and lost on the way
            return effect()
        answer = self._once(effect, error, fault)
        if fault is Fault.CRASH_AFTER:
            me.die()
        if fault is Fault.FAIL_AFTER:
            raise error("injected after")
        if fault is Fault.DUPLICATE:
            simulation.scheduler.sleep(simulation.latency())
            answer = effect()
        return answer

    @staticmethod
    def _once(effect: Callable[[], Any], error: type[Exception], fault: Fault) -> Any:
        try:
            return effect()
        except Exception:
            if fault is Fault.DUPLICATE:
                raise  # a refusal is an answer: nobody asks again
            return None


class Port:
    """One port: its methods, each behind the boundary."""

    def __init__(self, name: str, real: Any, boundary: Boundary) -> None:
        self._name, self._real, self._boundary = name, real, boundary

    def write_all(self, objects: Sequence[NewObject]) -> None:
        """Requests side by side, in two halves that may go wrong: then some objects are there, and others are not."""
        self._in_halves("write_all", objects)

    def copy_all(self, copies: Sequence[Copy]) -> None:
        """The same."""
        self._in_halves("copy_all", copies)

    def _in_halves(self, method: str, things: Sequence[Any]) -> None:
        middle = (len(things) + 1) // 2
        for half in (things[:middle], things[middle:]):
            if half:
                self._crossing(method)(half)

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._real, method)
        if method in LOCAL or not callable(real):
            return real
        self.__dict__[method] = self._crossing(method)
        return self.__dict__[method]

    def _crossing(self, method: str) -> Callable[..., Any]:
        real = getattr(self._real, method)
        kinds = READ if method in READS else SEND if method == "send" else WRITE
        error = NotifierUnavailableError if self._name == "sockets" else StorageUnavailableError
        name, cross = f"{self._name}.{method}", self._boundary.cross

        def call(*args: Any, **named: Any) -> Any:
            return cross(name, partial(real, *args, **named), kinds, error)

        return call


# --- what the fakes lack ----------------------------------------------------------------------------------------------


@dataclass
class StreamedJobs(FakeJobs):
    """``vto-jobs`` with its stream, an index that is a little behind, and a history of who wrote what when."""

    now: Callable[[], float] = lambda: 0.0
    on_write: Callable[[Job | None, Job], None] = lambda before, after: None
    open_jobs: dict[str, None] = field(default_factory=dict)
    written: dict[str, tuple[float, Job | None]] = field(default_factory=dict)
    deleted: list[Job] = field(default_factory=list)

    def overdue(self, now: datetime, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """Unfinished jobs whose lease has run out, as the index has them: a fresh change may not be there yet."""
        seen, moment = [], times.to_iso(now)
        for job_id in self.open_jobs:
            at, before = self.written[job_id]
            job = before if self.now() - at < INDEX_LAG else self.rows[job_id]
            if job is not None and job.open and (job.lease_until or "") < moment:
                seen.append(job)
        late = {f"{job.lease_until} {job.id}": job for job in seen}
        page = [key for key in sorted(late) if key > (cursor or "")][: limit + 1]
        return [late[key] for key in page[:limit]], page[limit - 1] if len(page) > limit else None

    def of_user(self, user_id: str, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """One user's jobs, as the index has them: a fresh change may not be there yet."""
        page, following = super().of_user(user_id, limit=limit, cursor=cursor)
        seen = [(self.written[job.id][1] if self._is_fresh(job) else job) for job in page]
        return [job for job in seen if job is not None], following

    def delete(self, job_id: str) -> None:
        """Remove a job that was marked as erased."""
        known = self.rows.get(job_id)
        super().delete(job_id)
        if known is not None and job_id not in self.rows:
            self.deleted.append(known)

    def _is_fresh(self, job: Job) -> bool:
        return self.now() - self.written[job.id][0] < INDEX_LAG

    def _write(self, job: Job) -> None:
        before = self.rows.get(job.id)
        self.written[job.id] = self.now(), before
        self.rows[job.id] = job
        if job.open:
            self.open_jobs[job.id] = None
        else:
            self.open_jobs.pop(job.id, None)
        self.on_write(before, job)


@dataclass
class IndexedConnections(FakeConnections):
    """``vto-connections`` with an index by user that learns of a new socket a little later."""

    now: Callable[[], float] = lambda: 0.0
    by_user: dict[str, dict[str, float]] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    """When somebody last read a socket's row: they may be about to write to it."""

    def add(self, connection: Connection) -> None:
        """Remember a socket."""
        known = self.rows.get(connection.connection_id)
        if known is not None:
            self.remove(known.connection_id, known.user_id)
        super().add(connection)
        self.by_user.setdefault(connection.user_id, {})[connection.connection_id] = self.now() + INDEX_LAG

    def remove(self, connection_id: str, user_id: str) -> None:
        """Forget a user's socket."""
        known = self.rows.get(connection_id)
        if known is not None and known.user_id == user_id:
            self.by_user[user_id].pop(connection_id, None)
        super().remove(connection_id, user_id)

    def of_user(self, user_id: str) -> list[Connection]:
        """A user's sockets."""
        mine = self.by_user.get(user_id, {})
        visible = [one for one, visible_at in mine.items() if visible_at <= self.now()]
        self.read_at.update(dict.fromkeys(visible, self.now()))
        return [self.rows[one] for one in visible]

    def get(self, connection_id: str) -> Connection | None:
        """One socket."""
        self.read_at[connection_id] = self.now()
        return super().get(connection_id)


@dataclass
class TracedPictures(FakePictures):
    """S3, whose notifications begin with ``on_write``."""

    on_write: Callable[[str], None] = lambda url: None
    now: Callable[[], float] = lambda: 0.0
    removed: list[tuple[str, str]] = field(default_factory=list)
    """The versions that were removed, each once: which function did it, and their addresses."""

    def remove(self, versions: Sequence[ObjectVersion]) -> None:
        """Remove versions for good."""
        there = [one for one in versions if one in self.old or self.lying.get(str(one.url)) == one]
        by = getattr(getcurrent(), "name", "").partition("#")[0]
        self.removed += [(by, str(one.url)) for one in there]
        super().remove(versions)

    def put(self, url: str, content: bytes, **metadata: str) -> None:
        """Put an object in."""
        super().put(url, content, **metadata)
        self.modified[url] = NOON + timedelta(seconds=self.now())
        self.on_write(url)
