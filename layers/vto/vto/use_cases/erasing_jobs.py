"""One pass over one job that goes: for the erasure of a person, and for the removal of a single try-on.

Who works on a job when it is erased is not interrupted: a function cannot be. It is refused at its next step, and what
it has written by then is found by a later pass, for the job's row stays, marked, until the longest-running function is
over.
"""

from collections import Counter
from dataclasses import dataclass, replace

from vto.domain import times
from vto.domain.erasure import REUSE_SECONDS, WRITER_SECONDS, has_passed
from vto.domain.job import Job, Status
from vto.domain.storage import S3Url, derived_folder, generated_folder, prepared_mask_folder, result_folder
from vto.errors import JobClosedError, StorageUnavailableError
from vto.ports import Clock, Jobs, ObjectVersion, Results, VersionConflictError, Versions
from vto.use_cases.changing_jobs import change_job


@dataclass(frozen=True, slots=True)
class EraseJob:
    """Removes what there is of one job; harmless when repeated."""

    jobs: Jobs
    results: Results
    versions: Versions
    clock: Clock
    uploads_bucket: str
    results_bucket: str

    def __call__(self, listed: Job, removed: Counter[str], *, is_alone: bool = False) -> bool:
        """Make one pass.

        Args:
            listed: The job as it was found.
            removed: Counts what is removed, by kind.
            is_alone: Whether its owner's other jobs stay, which may be about to copy its pictures, too.

        Returns:
            Whether its row can go, which is left to the caller; if not, another pass has to come.

        Raises:
            StorageUnavailableError: DynamoDB or S3 did not answer: another pass has to come.
        """
        was_marked = listed.erased_at is not None
        job = listed if was_marked else self._marked(listed.id)
        if job is None:
            return False  # it is gone, and the index does not know yet
        is_offered = job.cache_key is not None and self.results.withdraw(job.cache_key, job.id)
        removed["cached_results"] += is_offered
        if is_offered and was_marked:
            job = self._marked_anew(job)  # offered by a step that had begun before the mark: others may have found it
        now, since = self.clock.now(), job.erased_at or ""
        folders = [S3Url(self.results_bucket, generated_folder(job.id))]
        folders.append(S3Url(self.uploads_bucket, prepared_mask_folder(job.id)))
        # Others may be about to copy what they found on offer; of a private photo nothing is on offer but to its owner.
        is_shared = job.status is Status.COMPLETED and (is_alone or job.consented_at is None)
        if not is_shared or has_passed(since, REUSE_SECONDS, now):
            folders += [S3Url(self.results_bucket, folder(job.id)) for folder in (result_folder, derived_folder)]
        left = [one for folder in folders for one in self.versions.below(folder)]
        self._remove(left, removed)
        seconds = max(WRITER_SECONDS, REUSE_SECONDS) if is_shared else WRITER_SECONDS
        return not left and not is_offered and has_passed(since, seconds, now)

    def _marked(self, job_id: str) -> Job | None:
        """The job with its mark: ended, unseen, closed to whoever works on it; None when it is gone."""
        try:
            return change_job(self.jobs, job_id, lambda job: job.erase(self.clock.now()))
        except JobClosedError:  # gone, or another pass was faster
            return self.jobs.get(job_id)

    def _marked_anew(self, job: Job) -> Job:
        again = replace(job, erased_at=times.to_iso(self.clock.now()))
        try:
            self.jobs.save(again, expected_version=job.version)
        except VersionConflictError as conflict:
            raise StorageUnavailableError(f"job {job.id} changed while it was erased") from conflict
        return again

    def _remove(self, found: list[ObjectVersion], removed: Counter[str]) -> None:
        if found:
            self.versions.remove(found)
            removed["objects"] += len(found)
