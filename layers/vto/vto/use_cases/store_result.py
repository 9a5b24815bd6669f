"""State "Store Result": verified pictures first, the job's status second, the manifest that starts delivery third."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from vto.domain import times
from vto.domain.engines import PROFILES, Adaptation, able, adaptations
from vto.domain.job import Job, Stage, Status
from vto.domain.results import Drawn, Kept
from vto.domain.storage import S3Url, generated_prefix
from vto.errors import BadModelOutputError, PictureMissingError, PictureRejectedError
from vto.ports import Begin, CachedResult, Clock, Jobs, Meanwhile, Pictures, PictureTools, Results
from vto.use_cases.changing_jobs import change_job, read_job
from vto.use_cases.finish_result import write_manifest
from vto.use_cases.meanwhile import when_asked

LEASE_SECONDS = 120
REUSE_MARGIN_DAYS = 1  # a result is offered for reuse only while its pictures surely live


@dataclass(frozen=True, slots=True)
class StoreResult:
    """Makes an engine's answer (or an equal finished one) this job's result."""

    jobs: Jobs
    results: Results
    pictures: Pictures
    tools: PictureTools
    clock: Clock
    results_bucket: str
    retention_days: float
    engines: Sequence[str]
    ended: Callable[[Job], None]
    meanwhile: Meanwhile = when_asked

    def __call__(
        self,
        job_id: str,
        execution_arn: str,
        validation: Mapping[str, Any],
        generation: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Store the result; harmless when repeated.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            validation: What Validate Request answered.
            generation: What Invoke Model answered; None when an equal finished result is reused.

        Returns:
            ``images`` (addresses), ``version`` of the completed job, ``reused``.

        Raises:
            BadModelOutputError: There is no picture, or one is missing or does not decode.
            StorageUnavailableError: S3 or DynamoDB did not answer.
            JobClosedError: The job has ended or belongs to another execution.
        """
        made = generation or validation["cached"]
        with self.meanwhile() as begin:
            # the answer says where the pictures lie: they come while the job's row is read and written
            addresses = [*made["images"], *([made["mask"]] if made["mask"] else [])]
            read = {one: begin(partial(self._read, one)) for one in addresses}
            job = read_job(self.jobs, job_id)
            if not (job.status is Status.COMPLETED and job.execution_arn == execution_arn):
                job = self._complete(job, execution_arn, made, read, begin)
            settled = begin(partial(self._settle_reuse, job, validation["cache_key"], generation))
            write_manifest(self.pictures, self.results_bucket, job)
            settled()
        return {
            "images": [image.s3_url for image in job.images],
            "version": job.version,
            "reused": generation is None,
        }

    def _complete(
        self,
        known: Job,
        execution_arn: str,
        made: Mapping[str, Any],
        read: Mapping[str, Callable[[], bytes]],
        begin: Begin,
    ) -> Job:
        def enter(job: Job) -> Job:
            now = self.clock.now()
            return job.enter(Stage.STORING, execution_arn=execution_arn, now=now, lease_seconds=LEASE_SECONDS).settled(
                now, arrived=self._call_of(job, made)
            )

        known = change_job(self.jobs, known.id, enter, known=known)
        if not made["images"]:
            raise BadModelOutputError("the engine's answer has no pictures")
        drawn = [self._verified(f"{i}.png", one, read[one]) for i, one in enumerate(made["images"])]
        mask = self._verified("mask.png", made["mask"], read[made["mask"]]) if made["mask"] else None
        kept = Kept.of(known.id, self.results_bucket, drawn, mask)
        copied = begin(partial(self._copied, kept))
        self.pictures.write_all(kept.objects)
        copied()

        def complete(job: Job) -> Job:
            if job.status is Status.COMPLETED and job.execution_arn == execution_arn:
                return job  # our own write, whose answer was lost: the SDK asked again and met itself
            job.ensure_worked_on_by(execution_arn)
            profile = PROFILES[made["engine"]]
            declared = (one.public() for one in adaptations(profile, job.parameters))
            return job.complete(
                images=kept.images,
                mask_s3_url=kept.mask_s3_url,
                shown_s3_urls=kept.shown_s3_urls,
                previews_s3_url=kept.previews_s3_url,
                engine=profile.name,
                adaptations=(*declared, *made.get("adaptations", [])),
                now=self.clock.now(),
                is_filtered=bool(made.get("warning")),  # a finished result that is used again does not say why
            )

        done = change_job(self.jobs, known.id, complete, known=known)
        self.ended(done)
        return done

    def _call_of(self, job: Job, made: Mapping[str, Any]) -> int | None:
        """The call of this job that the pictures are of; None for those of an equal job."""
        for one in job.ledger:
            folder = one.call and str(S3Url(self.results_bucket, generated_prefix(job.id, one.call)))
            if folder and any(address.startswith(folder) for address in made["images"]):
                return one.call
        return None

    def _read(self, address: str) -> bytes:
        return self.pictures.read(S3Url.parse(address))

    def _copied(self, kept: Kept) -> None:
        """Copy what was verified as it lies: its bytes are not sent once more, and S3 says what they are."""
        try:
            self.pictures.copy_all(kept.copies)
        except PictureMissingError as problem:
            raise BadModelOutputError(f"the engine's answer is not there as it was verified: {problem}") from problem

    def _verified(self, name: str, address: str, read: Callable[[], bytes]) -> Drawn:
        try:
            content = read()
            return Drawn.of(name, S3Url.parse(address), content, self.tools.rendition(content))
        except (PictureMissingError, PictureRejectedError) as problem:
            raise BadModelOutputError(f"picture {name} of the engine's answer cannot be used: {problem}") from problem

    def _settle_reuse(self, job: Job, key: str, generation: Mapping[str, Any] | None) -> None:
        """Offer what was made for this job to equal ones, or give up the claim to it."""
        preferred = next(iter(able(self.engines, job.parameters, job.source_pixels, job.body_bytes)), None)
        if generation is not None and generation["engine"] == preferred and job.keeps_its_seed:
            # the key names seed and first engine that can do the job; what another one made is not the same result
            self._offer(job, key, generation.get("adaptations", []))
        elif generation is not None:
            self.results.release(key, job.id)

    def _offer(self, job: Job, key: str, told: Sequence[Mapping[str, str]]) -> None:
        self.results.put_ready(
            key,
            CachedResult(
                job.id,
                tuple(image.s3_url for image in job.images),
                job.mask_s3_url,
                job.engine or "",
                tuple(Adaptation(**one) for one in told),
                job.images,
                job.shown_s3_urls,
                job.previews_s3_url,
            ),
            ttl=times.epoch(self.clock.now(), days=self.retention_days - REUSE_MARGIN_DAYS),
        )
