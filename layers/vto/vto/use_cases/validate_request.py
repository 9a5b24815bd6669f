"""State "Validate Request": takes the job; are its pictures usable, and has somebody made this result already?"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from vto.domain import times
from vto.domain.catalogue import Kind
from vto.domain.consent import TIME_KEY
from vto.domain.contract import body_violations
from vto.domain.engines import able, identity, refusals
from vto.domain.job import Job, Status
from vto.domain.nova_canvas import request_bytes
from vto.domain.parameters import cache_key
from vto.domain.prices import tier_of
from vto.domain.storage import S3Url, prepared_mask_key
from vto.errors import InvalidRequestError, PictureMissingError, PictureRejectedError
from vto.ports import CachedResult, Catalogue, Clock, Jobs, Meanwhile, Pictures, PictureTools, Results
from vto.use_cases.changing_jobs import change_job, read_job
from vto.use_cases.checking_pictures import (
    UPLOAD_MASK,
    Finding,
    ReadyPicture,
    examined,
    fetched,
    missing,
    refusal,
    rejected,
)
from vto.use_cases.meanwhile import when_asked

MAX_TWIN_WAITS = 200  # then we go on alone; the state machine compares with the same number
LEASE_SECONDS = 90
OFFER_SECONDS = 120  # all attempts of Store Result lie within
# longer than two calls of any engine, and renewed by one after a long queue; whoever ends the job without a result
# gives it up
CLAIM_SECONDS = 15 * 60


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """Takes a job for its execution, checks it once more before money is spent, and looks for an equal result."""

    jobs: Jobs
    catalogue: Catalogue
    results: Results
    pictures: Pictures
    tools: PictureTools
    clock: Clock
    engines: Sequence[str]
    versions: Mapping[str, str]
    prices_by_side: bool = False
    meanwhile: Meanwhile = when_asked

    def __call__(
        self, job_id: str, execution_arn: str, twin_waits: int, *, is_handed_on: bool = False
    ) -> dict[str, Any]:
        """Take the job, which its shopper sees at once, and validate it.

        Args:
            job_id: Which job.
            execution_arn: The execution that asks.
            twin_waits: How often this execution has waited for an equal job already.
            is_handed_on: Whether Reserve Slot is given ``measured``, and writes it together with what it writes anyway.

        Returns:
            ``source``, ``reference``, ``mask`` (addresses of prepared pictures), ``cache_key``, ``measured`` (more of
            the job's attributes), ``reuse`` (``"none"``, ``"ready"`` or ``"twin"``), ``cached`` (the finished result,
            if ready) and ``twin_waits``.

        Raises:
            InvalidRequestError: The pictures together are larger than a request may be, no engine can do the job any
                more, or several things of different kinds are wrong: each is named.
            PictureMissingError: A picture is gone.
            PictureRejectedError: A picture was rejected, or the mask does not fit the photo.
            AlreadyClaimedError: Another execution has the job.
            JobClosedError: The job has ended, or is further than this step.
        """
        known = read_job(self.jobs, job_id)
        with self.meanwhile() as begin:
            # looking changes nothing, so both pictures are looked at while the job is taken
            looks = [
                begin(partial(self._picture, kind, item_id, known))
                for kind, item_id in ((Kind.PRODUCT, known.product_id), (Kind.MODEL, known.model_id))
            ]
            job = change_job(self.jobs, job_id, lambda job: self._claimed(job, execution_arn), known=known)
            (product, found), (model, more) = looks[0](), looks[1]()
        found = [*found, *more]
        mask, job = self._mask(job, model, found)
        if found or product is None or model is None:
            raise refusal(job.id, found)
        pixels = model.width * model.height
        size = request_bytes(model.size, product.size, None if mask is None else len(mask), job.parameters)
        if broken := list(body_violations(size)) or refusals(self.engines, job.parameters, pixels, size):
            raise InvalidRequestError(job.id, broken)
        key = cache_key(
            source_sha256=model.sha256,
            reference_sha256=product.sha256,
            mask_sha256=None if mask is None else hashlib.sha256(mask).hexdigest(),
            parameters=job.parameters,
            # of the first engine that can do this job: it shares that one's results
            engine=identity(able(self.engines, job.parameters, pixels, size)[0], self.versions),
            owner=model.item.user_id,
        )
        tier = tier_of(model.width, model.height, self.prices_by_side)
        measured: dict[str, Any] = {"source_pixels": pixels, "body_bytes": size, "price_tier": tier}
        # the key at once, whoever writes the rest: whoever ends the job gives its claim of the result up by it
        if job.cache_key != key or not (is_handed_on or all(getattr(job, one) == measured[one] for one in measured)):
            job = change_job(
                self.jobs,
                job_id,
                lambda job: replace(self._claimed(job, execution_arn), cache_key=key, **measured),
                known=job,
            )
        address = None if mask is None else self._kept_mask(job, model, mask)
        reuse, cached = self._reuse(key, job, twin_waits)
        return {
            "source": str(model.address),
            "reference": str(product.address),
            "mask": address,
            "cache_key": key,
            "measured": measured,
            "reuse": reuse,
            "cached": asdict(cached) if cached else None,
            "twin_waits": twin_waits + 1 if reuse == "twin" else twin_waits,
        }

    def _claimed(self, job: Job, execution_arn: str) -> Job:
        return job.claimed(execution_arn, self.clock.now(), LEASE_SECONDS)

    def _picture(self, kind: Kind, item_id: str, job: Job) -> tuple[ReadyPicture | None, list[Finding]]:
        """A row's picture with its measures; None, and the findings, where it cannot be used."""
        path = f"{kind}_id"
        item = self.catalogue.get(kind, item_id)
        # a photo that is somebody else's by now, or past its time, is none for this job
        if item is None or not item.is_visible_to(job.user_id) or item.is_past(times.epoch(self.clock.now())):
            return None, [missing(path, "is no longer in the catalogue", f"choose one of GET /{kind}s")]
        return examined(path, item, self.pictures, self.tools)

    def _mask(self, job: Job, model: ReadyPicture | None, found: list[Finding]) -> tuple[bytes | None, Job]:
        """The job's own mask, made to fit the prepared photo; None where it has none or it cannot be used.

        And the job, which rests on the mask's consent from here on.
        """
        drawn: Mapping[str, str] | None = job.parameters.get("imageBasedMask")
        if drawn is None:
            return None, job
        path, address = "parameters.imageBasedMask.maskImage", S3Url.parse(drawn["maskImage"])
        content, wrong = fetched(path, address, self.pictures, UPLOAD_MASK)
        found.extend(wrong)
        if content is None or model is None:
            return None, job
        job = self._rest_on_its_consent(job, address)
        try:
            return self.tools.prepare_mask(content, model.width, model.height), job
        except PictureRejectedError as bad:
            found.extend(rejected(path, one.problem, one.remedy) for one in bad.violations)
            return None, job

    def _rest_on_its_consent(self, job: Job, mask: S3Url) -> Job:
        """Note when the mask's consent was given, if that is the older one: whoever withdraws it withdraws the job."""
        time = self.pictures.metadata(mask)[1].get(TIME_KEY)
        if not time or (job.consented_at and job.consented_at <= time):
            return job
        arn = job.execution_arn or ""
        return change_job(self.jobs, job.id, lambda now: replace(self._claimed(now, arn), consented_at=time), known=job)

    def _kept_mask(self, job: Job, model: ReadyPicture, mask: bytes) -> str:
        address = S3Url(model.address.bucket, prepared_mask_key(job.id))
        self.pictures.write(address, mask, "image/png")
        return str(address)

    def _reuse(self, key: str, job: Job, twin_waits: int) -> tuple[str, CachedResult | None]:
        now = self.clock.now()
        claim = self.results.claim(key, job.id, now, seconds=CLAIM_SECONDS)
        gone = claim.ready
        if gone is not None:
            if self._still_there(gone):
                return "ready", gone
            # claimed also by whoever has waited long enough: a result without its pictures must not be found later
            claim = self.results.claim(key, job.id, now, seconds=CLAIM_SECONDS, gone=gone)
        if claim.holder is not None and (dead := self._dead(claim.holder, now)):
            claim = self.results.claim(key, job.id, now, seconds=CLAIM_SECONDS, gone=gone, instead_of=dead)
        if claim.granted or twin_waits >= MAX_TWIN_WAITS:
            return "none", None
        return "twin", None

    def _dead(self, holder: str, now: datetime) -> str | None:
        """The holder of a claim if it will not make its result any more; None while it may."""
        job = self.jobs.get(holder)
        if job is None or job.status is Status.ERROR:
            return holder
        # one that has just been completed is about to offer its result; later than this it died before it did
        offers_until = times.after(times.from_iso(job.updated_at), OFFER_SECONDS)
        return holder if job.status is Status.COMPLETED and offers_until < times.to_iso(now) else None

    def _still_there(self, result: CachedResult) -> bool:
        try:
            for address in (*result.images, *([result.mask] if result.mask else [])):
                self.pictures.metadata(S3Url.parse(address))
        except PictureMissingError:
            return False
        return True
