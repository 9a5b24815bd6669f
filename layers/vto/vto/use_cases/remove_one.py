"""One pass of a removal: a photo or a try-on goes for good; repeated until nobody can write for it any more.

Its owner was answered already, and does not see it any more. The wish was stored before its row was marked, so a pass
may find a row without the mark: whoever was asked died between the two, and the pass does the rest.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind
from vto.domain.job import Job
from vto.domain.pacing import MAX_QUEUE_SECONDS
from vto.domain.removal import Removal, may_go, places_of
from vto.errors import JobClosedError, PictureMissingError, Violation
from vto.ports import Catalogue, Clock, Jobs, ObjectVersion, Results, Versions
from vto.use_cases.cancel_try_on import TOO_LATE
from vto.use_cases.changing_jobs import change_job
from vto.use_cases.erasing_jobs import EraseJob

PAGE = 100
LOOK_BACK_SECONDS = 2 * max(MAX_QUEUE_SECONDS.values())  # older jobs that wait find out by themselves


@dataclass(frozen=True, slots=True)
class RemoveOne:
    """Removes one photo or one try-on; harmless when repeated."""

    catalogue: Catalogue
    jobs: Jobs
    results: Results
    versions: Versions
    clock: Clock
    uploads_bucket: str
    results_bucket: str
    ended: Callable[[Job], None]

    def __call__(self, removal: Removal) -> bool:
        """Make one pass.

        Args:
            removal: What is to go.

        Returns:
            Whether it is gone; if not, another pass has to come.

        Raises:
            StorageUnavailableError: DynamoDB or S3 did not answer: another pass has to come.
        """
        if removal.job_id is not None:
            return self._try_on(removal.job_id, removal.user_id)
        return removal.model_id is None or self._photo(removal.model_id, removal.user_id)

    def _try_on(self, job_id: str, user_id: str) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.user_id != user_id:
            return True
        erase = EraseJob(self.jobs, self.results, self.versions, self.clock, self.uploads_bucket, self.results_bucket)
        if not erase(job, Counter(), is_alone=True):
            return False
        self.jobs.delete(job_id)
        return True

    def _photo(self, model_id: str, user_id: str) -> bool:
        photo = self.catalogue.get(Kind.MODEL, model_id)
        if photo is None or photo.user_id != user_id:
            return True
        if photo.erased_at is None:
            at = times.to_iso(self.clock.now())
            self.catalogue.mark_erased(model_id, user_id, at)
            photo = replace(photo, erased_at=at)
        self._end_waiting(photo)
        left = list(self._versions(photo))
        self.versions.remove(left)
        if left or not may_go(photo, self.clock.now()):
            return False
        self.catalogue.delete_photo(model_id, user_id)
        return True

    def _versions(self, photo: CatalogueItem) -> Iterator[ObjectVersion]:
        for place in places_of(photo, self.uploads_bucket):
            is_folder = place.key.endswith("/")
            yield from (one for one in self.versions.below(place) if is_folder or one.url == place)

    def _end_waiting(self, photo: CatalogueItem) -> None:
        """End the try-ons that wait for this photo: they would only find, later, that it is gone.

        Those whose pictures are being made already come to their end, and are their owner's to delete.
        """
        for listed in self._recent(photo.user_id or ""):
            if listed.model_id != photo.item_id or _is_past_waiting(listed):
                continue
            try:
                job = change_job(self.jobs, listed.id, self._without_its_photo)
            except JobClosedError:
                continue  # it has gone on, or ended, meanwhile
            if job.cache_key:
                self.results.release(job.cache_key, job.id)  # an equal job need not wait for it any longer
            self.ended(job)

    def _without_its_photo(self, job: Job) -> Job:
        if _is_past_waiting(job):
            raise JobClosedError(f"job {job.id} waits no longer")
        found = Violation("model_id", "was deleted", "choose one of GET /models")
        return job.fail(PictureMissingError(f"job {job.id}", [found]), self.clock.now())

    def _recent(self, user_id: str) -> Iterator[Job]:
        since, cursor = times.after(self.clock.now(), -LOOK_BACK_SECONDS), None
        while True:
            page, cursor = self.jobs.of_user(user_id, limit=PAGE, cursor=cursor)
            for job in page:
                if job.created_at < since:
                    return
                yield job
            if cursor is None:
                return


def _is_past_waiting(job: Job) -> bool:
    return job.status.is_terminal or job.stage in TOO_LATE
