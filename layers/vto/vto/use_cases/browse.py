"""What a signed-in caller may look at: their own photos and the stock models, their own try-ons; and the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vto.domain.catalogue import CatalogueItem, Readiness
from vto.domain.contract import MAX_SIDE, MIN_SIDE
from vto.domain.engines import MAX_IMAGES, PROFILES
from vto.domain.log_text import shown_id
from vto.domain.parameters import GARMENT_CLASSES
from vto.domain.pictures import MAX_UPLOAD_BYTES, UPLOAD_FORMATS
from vto.domain.retention import retention
from vto.errors import NotFoundError, Violation
from vto.ports import Catalogue, Jobs, Pictures
from vto.use_cases.publish_job import Snapshots
from vto.use_cases.showing_catalogue import model_view

PAGE = 50
MAX_PROMPT, MAX_NAME = 1024, 80  # as the schemas say


@dataclass(frozen=True, slots=True)
class Browse:
    """Answers questions; changes nothing."""

    catalogue: Catalogue
    jobs: Jobs
    pictures: Pictures
    snapshots: Snapshots
    retention_days: float
    policy_version: str
    engines: Sequence[str]
    max_jobs: int

    def config(self) -> dict[str, Any]:
        """What a client should know before it asks for anything."""
        return {
            "garment_classes": list(GARMENT_CLASSES),
            "upload": {
                "content_types": sorted(UPLOAD_FORMATS.values()),
                "max_bytes": MAX_UPLOAD_BYTES,
                "min_side_pixels": MIN_SIDE,
                "max_side_pixels": MAX_SIDE,
            },
            "retention_days": self.retention_days,
            "retention": retention(self.retention_days),
            "consent": {"policy_version": self.policy_version},
            # what the shop's first engine declares of a call; a try-on's own eta_seconds knows the queue, too
            "usual_seconds": PROFILES[self.engines[0]].usual_seconds,
            "limits": {
                "variants": MAX_IMAGES,
                "mask_prompt_characters": MAX_PROMPT,
                "unfinished_try_ons": self.max_jobs,
                "photo_name_characters": MAX_NAME,
            },
        }

    def models(self, user_id: str) -> dict[str, Any]:
        """The caller's own photos, the newest first, then the stock models."""
        stock = self.catalogue.models_of(None, limit=PAGE)
        # a photo in a wrong folder is a rejected row without an owner: its key is nobody else's business
        items = [*self._own_photos(user_id), *(item for item in stock if item.readiness is Readiness.READY)]
        return {"models": [model_view(item, self.pictures) for item in items]}

    def _own_photos(self, user_id: str) -> list[CatalogueItem]:
        """The caller's newest photos; those they deleted, whose rows go later, take no others' places."""
        found: list[CatalogueItem] = []
        cursor: str | None = None
        while True:
            page, cursor = self.catalogue.photos_of(user_id, limit=PAGE, cursor=cursor)
            found += [item for item in page if item.erased_at is None]
            if cursor is None or len(found) >= PAGE:
                return found[:PAGE]

    def try_ons(self, user_id: str, cursor: str | None) -> dict[str, Any]:
        """A page of the caller's own try-ons, the newest first."""
        jobs, following = self.jobs.of_user(user_id, limit=PAGE, cursor=cursor)
        return {"try_ons": [self.snapshots(job) for job in jobs if job.erased_at is None], "next": following}

    def try_on(self, user_id: str, job_id: str) -> dict[str, Any]:
        """The current snapshot of one of the caller's own try-ons.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
        """
        job = self.jobs.get(job_id)
        if job is None or job.user_id != user_id or job.erased_at is not None:
            found = [Violation("job_id", "is none of your try-ons", "choose one of GET /try-ons")]
            raise NotFoundError(shown_id(job_id), found)
        return self.snapshots(job)
