"""Everything that is kept about somebody, for themselves: page by page, with links to their pictures.

What is left out, and why, is told in docs/privacy.md.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vto.domain import times
from vto.domain.catalogue import CatalogueItem
from vto.domain.job import Job, Stage, Status
from vto.domain.storage import S3Url, prepared_mask_key
from vto.errors import InvalidRequestError, Violation
from vto.ports import Catalogue, Clock, Jobs, Pictures
from vto.use_cases.publish_job import LINK_SECONDS, Snapshots
from vto.use_cases.showing_catalogue import model_view

PAGE = 50  # a page with five pictures each is some 1 MB; an answer may have 6 MB
PHOTOS, TRY_ONS = "models", "try_ons"  # the parts, in their order; a cursor begins with its part's name


@dataclass(frozen=True, slots=True)
class ExportUser:
    """Reads; changes nothing."""

    catalogue: Catalogue
    jobs: Jobs
    pictures: Pictures
    snapshots: Snapshots
    clock: Clock
    uploads_bucket: str

    def __call__(self, user_id: str, cursor: str | None) -> dict[str, Any]:
        """One page: photos first, then try-ons, each the newest first.

        Args:
            user_id: Whose, and who asks.
            cursor: ``next`` of the page before; None for the first page.

        Returns:
            ``exported_at``, ``user_id``, ``models``, ``try_ons`` and ``next``, which is None after the last page. What
            came during the export may be missing in it; each page says when it was made.

        Raises:
            InvalidRequestError: The cursor is none of this export's.
        """
        part, following = _parse(cursor)
        now = times.epoch(self.clock.now())
        models: list[dict[str, Any]] = []
        try_ons: list[dict[str, Any]] = []
        if part == PHOTOS:
            photos, following = self.catalogue.photos_of(user_id, limit=PAGE, cursor=following)
            models = [self._model(one) for one in photos if one.erased_at is None and not one.is_past(now)]
            part = PHOTOS if following else TRY_ONS
        if part == TRY_ONS:  # on the last page of photos, too, so that most exports are one page
            jobs, following = self.jobs.of_user(user_id, limit=PAGE, cursor=following)
            try_ons = [self._try_on(one) for one in jobs if one.erased_at is None and not _is_past(one, now)]
        return {
            "exported_at": times.to_iso(self.clock.now()),
            "user_id": user_id,
            "models": models,
            "try_ons": try_ons,
            "next": f"{part}:{following}" if following else None,
        }

    def _model(self, photo: CatalogueItem) -> dict[str, Any]:
        return {
            **model_view(photo, self.pictures),
            "updated_at": photo.updated_at,
            "sha256": photo.sha256,
            "kept_until": _moment(photo.ttl),
        }

    def _try_on(self, job: Job) -> dict[str, Any]:
        drawn = self._drawn_mask(job)
        return {
            **self.snapshots(job),
            "parameters": dict(job.parameters),
            "consented_at": job.consented_at,
            "kept_until": _moment(job.ttl),
            **({"drawn_mask": {"url": self._link(drawn)}} if drawn else {}),
        }

    def _drawn_mask(self, job: Job) -> S3Url | None:
        """The shopper's own mask as it was made to fit the photo; there is one once the job was validated."""
        is_validated = job.status is Status.COMPLETED or any(one.stage is Stage.QUEUED for one in job.timeline)
        if "imageBasedMask" not in job.parameters or not is_validated:
            return None
        return S3Url(self.uploads_bucket, prepared_mask_key(job.id))

    def _link(self, address: S3Url) -> str:
        return self.pictures.link(address, seconds=LINK_SECONDS)


def _parse(cursor: str | None) -> tuple[str, str | None]:
    if not cursor:
        return PHOTOS, None
    part, _, following = cursor.partition(":")
    if part not in (PHOTOS, TRY_ONS) or not following:
        remedy = "send the `next` of the page before as it was, or leave it out to begin"
        raise InvalidRequestError("cursor", [Violation("cursor", "is not the `next` of a page", remedy)])
    return part, following


def _moment(ttl: int | None) -> str | None:
    return None if ttl is None else times.to_iso(datetime.fromtimestamp(ttl, UTC))


def _is_past(job: Job, now: int) -> bool:
    return job.ttl is not None and job.ttl <= now
