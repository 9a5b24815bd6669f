"""State "Validate Request": are the pictures still there and usable, and has somebody made this result already?"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.contract import body_violations, size_violations
from vto.domain.engines import able, identity
from vto.domain.job import Job, Stage
from vto.domain.nova_canvas import request_bytes
from vto.domain.parameters import cache_key
from vto.domain.storage import S3Url, prepared_mask_key
from vto.errors import InvalidRequestError, PictureMissingError, PictureRejectedError, Violation
from vto.ports import CachedResult, Catalogue, Clock, Jobs, Pictures, PictureTools, Results
from vto.use_cases.changing_jobs import change_job

MAX_TWIN_WAITS = 200  # then we go on alone; the state machine compares with the same number
LEASE_SECONDS = 90
CLAIM_SECONDS = 15 * 60  # longer than two calls of any engine; whoever ends the job without a result gives it up


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """Checks a claimed job once more before money is spent, and looks for an equal finished result."""

    jobs: Jobs
    catalogue: Catalogue
    results: Results
    pictures: Pictures
    tools: PictureTools
    clock: Clock
    engines: Sequence[str]
    versions: Mapping[str, str]

    def __call__(self, job_id: str, execution_arn: str, twin_waits: int) -> dict[str, Any]:
        """Validate the job.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            twin_waits: How often this execution has waited for an equal job already.

        Returns:
            ``source``, ``reference``, ``mask`` (addresses of prepared pictures), ``cache_key``, ``reuse`` (``"none"``,
            ``"ready"`` or ``"twin"``), ``cached`` (the finished result, if ready) and ``twin_waits``.

        Raises:
            InvalidRequestError: The pictures together are larger than a request may be.
            PictureMissingError: A picture is gone.
            PictureRejectedError: A picture was rejected, or the mask does not fit the photo.
            JobClosedError: The job has ended or belongs to another execution.
        """
        job = change_job(self.jobs, job_id, lambda job: self._enter(job, execution_arn))
        product, product_bytes = self._usable(Kind.PRODUCT, job.product_id, "product_id")
        model, model_bytes = self._usable(Kind.MODEL, job.model_id, "model_id")
        if not model.is_visible_to(job.user_id):
            raise PictureMissingError(f"model {model.item_id} is no longer {job.user_id}'s")
        mask, mask_content = self._mask(job, model)
        mask_bytes = None if mask_content is None else len(mask_content)
        body_bytes = request_bytes(model_bytes, product_bytes, mask_bytes, job.parameters)
        if found := list(body_violations(body_bytes)):
            raise InvalidRequestError(job.id, found)
        key = cache_key(
            source_sha256=model.sha256 or "",
            reference_sha256=product.sha256 or "",
            mask_sha256=None if mask_content is None else hashlib.sha256(mask_content).hexdigest(),
            parameters=job.parameters,
            engine=self._preferred(job, body_bytes),
            owner=model.user_id,
        )
        if (job.cache_key, job.body_bytes) != (key, body_bytes):
            job = change_job(
                self.jobs,
                job_id,
                lambda job: replace(self._enter(job, execution_arn), cache_key=key, body_bytes=body_bytes),
            )
        reuse, cached = self._reuse(key, job, twin_waits)
        return {
            "source": model.prepared_s3_url,
            "reference": product.prepared_s3_url,
            "mask": mask,
            "cache_key": key,
            "reuse": reuse,
            "cached": asdict(cached) if cached else None,
            "twin_waits": twin_waits + 1 if reuse == "twin" else twin_waits,
        }

    def _preferred(self, job: Job, body_bytes: int) -> str:
        """The identity of the first engine that can do this job: the one whose results it shares."""
        name = next(iter(able(self.engines, job.parameters, job.source_pixels, body_bytes)), self.engines[0])
        return identity(name, self.versions)

    def _enter(self, job: Job, execution_arn: str) -> Job:
        return job.enter(
            Stage.VALIDATING, execution_arn=execution_arn, now=self.clock.now(), lease_seconds=LEASE_SECONDS
        )

    def _usable(self, kind: Kind, item_id: str, path: str) -> tuple[CatalogueItem, int]:
        """A row that can be used, and the size of its prepared picture in bytes."""
        item = self.catalogue.get(kind, item_id)
        if item is None:
            raise PictureMissingError(item_id, [Violation(path, "is no longer in the catalogue")])
        if item.readiness is Readiness.REJECTED or item.prepared_s3_url is None:
            raise PictureRejectedError(item_id, [Violation(path, item.readiness_reason or "has no usable picture")])
        # the import keeps to these rules; a shop's own tools may have written the row
        if item.width and item.height and (found := list(size_violations(path, item.width, item.height))):
            raise PictureRejectedError(item_id, found)
        try:
            size, _ = self.pictures.metadata(S3Url.parse(item.prepared_s3_url))
        except PictureMissingError as gone:
            raise PictureMissingError(item_id, [Violation(path, "its picture is no longer in storage")]) from gone
        return item, size

    def _mask(self, job: Job, model: CatalogueItem) -> tuple[str | None, bytes | None]:
        """The job's own mask, made to fit the prepared photo; its address and its content."""
        drawn: Mapping[str, str] | None = job.parameters.get("imageBasedMask")
        if drawn is None or model.prepared_s3_url is None or model.width is None or model.height is None:
            return None, None
        path = "parameters.imageBasedMask.maskImage"
        try:
            content = self.tools.prepare_mask(
                self.pictures.read(S3Url.parse(drawn["maskImage"])), model.width, model.height
            )
        except PictureMissingError as gone:
            raise PictureMissingError(job.id, [Violation(path, "is not in storage: upload it first")]) from gone
        except PictureRejectedError as bad:
            raise PictureRejectedError(
                job.id, [Violation(path, one.problem) for one in bad.violations] or [Violation(path, bad.detail)]
            ) from bad
        address = S3Url(S3Url.parse(model.prepared_s3_url).bucket, prepared_mask_key(job.id))
        self.pictures.write(address, content, "image/png")
        return str(address), content

    def _reuse(self, key: str, job: Job, twin_waits: int) -> tuple[str, CachedResult | None]:
        now = self.clock.now()
        ready = self.results.get_ready(key, now)
        if ready is not None and self._still_there(ready):
            return "ready", ready
        # claimed also by whoever has waited long enough: a result without its pictures must not be found ready later
        is_ours = self.results.claim(key, job.id, now, seconds=CLAIM_SECONDS, gone=ready)
        if is_ours or twin_waits >= MAX_TWIN_WAITS:
            return "none", None
        return "twin", None

    def _still_there(self, result: CachedResult) -> bool:
        try:
            for address in (*result.images, *([result.mask] if result.mask else [])):
                self.pictures.metadata(S3Url.parse(address))
        except PictureMissingError:
            return False
        return True
