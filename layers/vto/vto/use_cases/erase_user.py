"""One pass of an erasure: everything that somebody left behind goes; repeated until nobody can leave anything any more.

The row of a job stays, marked, until nobody can write for it any more (erasing_jobs.py). So nothing that writes has to
clean up after itself, and one function alone may delete.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from vto.domain import times
from vto.domain.consent import TIME_KEY
from vto.domain.erasure import Erasure
from vto.domain.job import Job
from vto.domain.storage import (
    S3Url,
    prepared_user_prefix,
    user_mask_prefix,
    user_model_prefix,
)
from vto.errors import NotifierUnavailableError, StorageUnavailableError
from vto.ports import (
    Catalogue,
    Clock,
    Connections,
    Controls,
    Erasures,
    Jobs,
    Notifier,
    ObjectVersion,
    Results,
    Versions,
)
from vto.use_cases.erasing_jobs import EraseJob

PAGE = 100
PHOTOS = 1000
PASS_SECONDS = 60  # of a pass for try-ons; then their rest is left to the next one
WORK_SECONDS = 100  # of a pass in all: the function is given a little more (template.yaml)
TAKEN_SECONDS = 150  # longer than the function may run: two passes at once would count everything twice


@dataclass
class _Pass:
    """What one pass finds out.

    Args:
        erasure: Which one.
        until: When its time is over: what it has not begun by then is left to the next one.
        removed: What was removed, by kind.
        waits: Whether there is something left that only a later pass can remove.
        has_newer: Whether its owner did something since, which stays.
    """

    erasure: Erasure
    until: datetime
    removed: Counter[str]
    waits: bool = False
    has_newer: bool = False


@dataclass(frozen=True, slots=True)
class EraseUser:
    """Removes what somebody left behind; harmless when repeated."""

    erasures: Erasures
    jobs: Jobs
    catalogue: Catalogue
    results: Results
    connections: Connections
    controls: Controls
    notifier: Notifier
    versions: Versions
    clock: Clock
    uploads_bucket: str
    results_bucket: str

    def __call__(self, user_id: str) -> bool:
        """Make one pass.

        Args:
            user_id: Whose erasure.

        Returns:
            Whether it is done; if not, another pass has to come.

        Raises:
            StorageUnavailableError: DynamoDB or S3 did not answer: another pass has to come.
        """
        erasure = self.erasures.of_user(user_id)
        if erasure is None:
            return True
        began = self.clock.now()
        taken_until = times.after(began, TAKEN_SECONDS)
        if not self.erasures.take(user_id, began, until=taken_until):
            return False
        going = _Pass(erasure, began + timedelta(seconds=WORK_SECONDS), Counter())
        try:
            self._jobs(going)
            self._photos(going)
            for prefix in (user_model_prefix(user_id), prepared_user_prefix(user_id), user_mask_prefix(user_id)):
                self._folder(going, S3Url(self.uploads_bucket, prefix))
            self._sockets(going)
            if going.waits or going.removed.total() or not erasure.may_end(self.clock.now()):
                return False
            going.removed["control_items"] += self.controls.forget(
                user_id=user_id, before=erasure.before, job_ids=frozenset(), with_limits=not going.has_newer
            )
        finally:
            with suppress(StorageUnavailableError):  # a receipt may count too little, never too much
                self.erasures.leave(user_id, going.removed, taken_until=taken_until)
        return self.erasures.finish(erasure, self.clock.now())

    @property
    def _erase_job(self) -> EraseJob:
        return EraseJob(self.jobs, self.results, self.versions, self.clock, self.uploads_bucket, self.results_bucket)

    # --- try-ons ----------------------------------------------------------------------------------------------------

    def _jobs(self, going: _Pass) -> None:
        """Take every job away from its owner and from whoever works on it; its row once nobody can write for it."""
        began, over = self.clock.now(), list[str]()
        for job in self._of_user(going.erasure.user_id):
            if not (going.erasure.covers(job.created_at) or _rests_on(job, going.erasure)):
                going.has_newer = True
            elif self._erase_job(job, going.removed):
                over.append(job.id)
            else:
                going.waits = True
            if (self.clock.now() - began).total_seconds() > PASS_SECONDS:
                going.waits = True
                break
        if not over:
            return
        going.removed["control_items"] += self.controls.forget(
            user_id=None, before=going.erasure.before, job_ids=frozenset(over), with_limits=False
        )
        for job_id in over:
            self.jobs.delete(job_id)
            going.removed["jobs"] += 1

    def _of_user(self, user_id: str) -> Iterator[Job]:
        cursor: str | None = None
        while True:
            page, cursor = self.jobs.of_user(user_id, limit=PAGE, cursor=cursor)
            yield from page
            if cursor is None:
                return

    # --- everything else --------------------------------------------------------------------------------------------

    def _photos(self, going: _Pass) -> None:
        user_id = going.erasure.user_id
        for photo in self.catalogue.models_of(user_id, limit=PHOTOS):
            if going.erasure.covers(photo.consented_at):
                self.catalogue.delete_photo(photo.item_id, user_id)
                going.removed["photos"] += 1

    def _sockets(self, going: _Pass) -> None:
        """Close the sockets that were open: whoever is still there opens another one, and finds nothing."""
        user_id = going.erasure.user_id
        for one in self.connections.of_user(user_id):
            if going.erasure.covers(one.connected_at):
                with suppress(NotifierUnavailableError):  # it ends by itself after two hours, and hears nothing more
                    self.notifier.close(one.connection_id)
                self.connections.remove(one.connection_id, user_id)
                going.removed["sockets"] += 1

    def _folder(self, going: _Pass, folder: S3Url) -> None:
        """Remove the versions that the erasure covers; a later marker goes, too, if nothing stays below it.

        One after the other, so that a pass whose time is over has removed something, however many there are.
        """
        found, kept = self.versions.below(folder), set[S3Url]()
        for one in found:
            if one.is_marker:
                continue
            if self.clock.now() >= going.until:
                going.waits = True
                return
            if self._is_covered(going.erasure, one):
                self._objects(going, [one])
            else:
                kept.add(one.url)
        covers = going.erasure.covers
        self._objects(
            going, [one for one in found if one.is_marker and (covers(one.written_at) or one.url not in kept)]
        )

    def _is_covered(self, erasure: Erasure, one: ObjectVersion) -> bool:
        if erasure.covers_all_written(one.written_at):
            return True
        return erasure.covers(self.versions.metadata_of(one).get(TIME_KEY) or one.written_at)

    def _objects(self, going: _Pass, found: list[ObjectVersion]) -> None:
        if found:
            self.versions.remove(found)
            going.removed["objects"] += len(found)


def _rests_on(job: Job, erasure: Erasure) -> bool:
    """Whether a job that was asked for afterwards rests on a picture of before."""
    return job.consented_at is not None and erasure.covers(job.consented_at)
