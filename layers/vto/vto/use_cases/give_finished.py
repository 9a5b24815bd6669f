"""An equal finished result is there: its pictures are copied and the job is completed, without an execution."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from vto.domain.engines import PROFILES, adaptations
from vto.domain.job import SHOWN_TYPE, Job, Status, StoredImage
from vto.domain.results import Copy
from vto.domain.storage import PREVIEWS, REUSED, S3Url, derived_folder, result_folder
from vto.errors import JobClosedError, PictureMissingError
from vto.ports import CachedResult, Clock, Jobs, Pictures, Results
from vto.use_cases.changing_jobs import change_job
from vto.use_cases.finish_result import write_manifest
from vto.use_cases.looking_ahead import can_be_given


@dataclass(frozen=True, slots=True)
class GiveFinished:
    """Completes a job that has just been created, if its result is there already.

    The job is created first, as every job is: whatever happens in here, its lease and the sweep see to it that it comes
    to its end the usual way, and an erasure finds its row and so its pictures. The copies lie where no
    execution writes, so that one which is quicker is not disturbed.
    """

    jobs: Jobs
    results: Results
    pictures: Pictures
    clock: Clock
    results_bucket: str
    ended: Callable[[Job], None]

    def __call__(self, job: Job, offered: CachedResult | None = None) -> Job | None:
        """Give a job the result of an equal one.

        Args:
            job: The job, as it has just been created or read.
            offered: The result, where it has just been read; None to read it.

        Returns:
            The completed job; None where nothing fits, is there, or may be given any more: it goes the usual way.

        Raises:
            StorageUnavailableError: S3 or DynamoDB did not answer. The job goes the usual way too.
        """
        if not job.is_promised or job.cache_key is None:
            return None
        found = offered or self.results.get_ready(job.cache_key, self.clock.now())
        if found is None or not can_be_given(found):
            return None
        given = Given.of(found, job.id, self.results_bucket)
        try:
            self.pictures.copy_all(given.copies)
            done = change_job(self.jobs, job.id, lambda now: self._completed(now, given, found), known=job)
        except (PictureMissingError, JobClosedError):
            return None
        self.ended(done)
        return done

    def _completed(self, job: Job, given: "Given", found: CachedResult) -> Job:
        if job.was_given:
            return job  # our own write, whose answer was lost: the SDK asked again and met itself
        if job.status is not Status.CREATED or job.execution_arn is not None:
            raise JobClosedError(f"job {job.id} is {job.status.value} under {job.execution_arn}")
        profile = PROFILES[found.engine]
        return job.complete(
            images=given.images,
            mask_s3_url=given.mask_s3_url,
            shown_s3_urls=given.shown_s3_urls,
            previews_s3_url=given.previews_s3_url,
            engine=profile.name,
            adaptations=tuple(one.public() for one in (*adaptations(profile, job.parameters), *found.adaptations)),
            now=self.clock.now(),
        )


@dataclass(frozen=True, slots=True)
class Given:
    """What a job's row says of pictures that were another job's, and the copies that have to be made before it does."""

    images: tuple[StoredImage, ...]
    mask_s3_url: str | None
    shown_s3_urls: tuple[str, ...]
    previews_s3_url: str | None
    copies: tuple[Copy, ...]

    @classmethod
    def of(cls, found: CachedResult, job_id: str, bucket: str) -> "Given":
        """The part of a finished result in another job.

        Args:
            found: The result.
            job_id: The job that it is given to.
            bucket: Where results lie.
        """

        # Apart by what they are: an attempt that comes late with another result must not write over these. Not by whose
        # they were: that one's job may be erased, and then its id stands nowhere.
        mark = hashlib.sha256("".join(one.sha256 for one in found.stored).encode()).hexdigest()[:16]

        def copy(url: str, folder: str, name: str, content_type: str, sha256: str | None = None) -> Copy:
            to = S3Url(bucket, f"{folder}{REUSED}{mark}/{name}")
            return Copy(S3Url.parse(url), to, content_type, {"job-id": job_id}, sha256)

        results, derived = result_folder(job_id), derived_folder(job_id)
        images = [
            copy(one.s3_url, results, f"{n}.png", one.content_type, one.sha256) for n, one in enumerate(found.stored)
        ]
        masks = [copy(found.mask, results, "mask.png", "image/png")] if found.mask else []
        shown = [copy(url, derived, f"{n}.webp", SHOWN_TYPE) for n, url in enumerate(found.shown)]
        previews = [copy(found.previews, derived, PREVIEWS, "application/json")] if found.previews else []
        return cls(
            images=tuple(replace(one, s3_url=str(made.url)) for one, made in zip(found.stored, images, strict=True)),
            mask_s3_url=str(masks[0].url) if masks else None,
            shown_s3_urls=tuple(str(one.url) for one in shown),
            previews_s3_url=str(previews[0].url) if previews else None,
            copies=(*images, *masks, *shown, *previews),
        )


@dataclass(frozen=True, slots=True)
class FinishGiven:
    """Writes the manifest of a job that was given its result: the stream asks, so that it is written in any case."""

    jobs: Jobs
    pictures: Pictures
    results_bucket: str

    def __call__(self, job_id: str) -> bool:
        """Write it, if the job is one; harmless when repeated.

        Returns:
            Whether it is.

        Raises:
            StorageUnavailableError: S3 or DynamoDB did not answer: the caller has to come again.
        """
        job = self.jobs.get(job_id)
        if job is None or job.erased_at is not None or not job.was_given:
            return False
        write_manifest(self.pictures, self.results_bucket, job)
        return True
