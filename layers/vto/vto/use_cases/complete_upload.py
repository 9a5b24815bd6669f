"""A client says that it has uploaded: what became of that is told, and an import whose event is late or lost is begun.

S3 tells of a new object within seconds, as a rule; nobody has to wait for that, nor for the hourly look at what was
lost (reconcile_uploads.py), whose message this is. Whichever comes second finds nothing to do.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness, model_id_of
from vto.domain.log_text import shown_id
from vto.domain.reconciling import PRIVATE_ORIGINAL_SECONDS, sequencer_after
from vto.domain.storage import S3Url
from vto.domain.uploads import UploadName
from vto.errors import NotFoundError, Violation
from vto.ports import Catalogue, Clock, ImportQueue, Pictures, StoredObject
from vto.use_cases.showing_catalogue import model_view


@dataclass(frozen=True, slots=True)
class CompleteUpload:
    """Answers how far an upload is; asked as often as one likes."""

    catalogue: Catalogue
    pictures: Pictures
    import_queue: ImportQueue
    clock: Clock
    uploads_bucket: str

    def __call__(self, upload_id: str, user_id: str) -> dict[str, Any]:
        """Tell what became of an upload, and have it imported where nobody has done so yet.

        Args:
            upload_id: As ``POST /uploads`` answered it to the same user.
            user_id: Who asks.

        Returns:
            ``upload_id``, ``state`` (``"importing"``, ``"ready"`` or ``"rejected"``), ``model`` (the photo as
            ``GET /models`` shows it; None for a mask, and while it is imported) and, where rejected, ``reason``.

        Raises:
            NotFoundError: Nothing has arrived under that name from this user; or it is gone again.
            StorageUnavailableError: S3, DynamoDB or SQS did not answer: ask again.
        """
        name = UploadName.parse(upload_id)
        if name is None:
            raise _not_found(upload_id)
        address = S3Url(self.uploads_bucket, name.key(user_id))
        if name.kind == "mask":
            answer = _answer(upload_id, Readiness.READY.value) if self._stored(address) else None
        else:
            # looked up again when nothing lies there: an import may have ended, and removed the photo, in between
            answer = (
                self._imported(upload_id, address)
                or self._importing(upload_id, address)
                or self._imported(upload_id, address)
            )
        if answer is None:
            raise _not_found(upload_id)
        return answer

    def _imported(self, upload_id: str, address: S3Url) -> dict[str, Any] | None:
        photo = self.catalogue.get(Kind.MODEL, model_id_of(address.key))
        if photo is None or photo.readiness is None or self._is_gone(photo):
            return None
        answer = _answer(upload_id, photo.readiness.value, model_view(photo, self.pictures))
        return {**answer, "reason": photo.readiness_reason} if photo.readiness is Readiness.REJECTED else answer

    def _importing(self, upload_id: str, address: S3Url) -> dict[str, Any] | None:
        photo, stored = self.catalogue.get(Kind.MODEL, model_id_of(address.key)), self._stored(address)
        if stored is None or (photo is not None and self._is_gone(photo)):
            return None
        self.import_queue.send(stored.url, sequencer_after(photo, str(address)), times.to_iso(stored.modified))
        return _answer(upload_id, "importing")

    def _is_gone(self, photo: CatalogueItem) -> bool:
        """Whether a photo was deleted by its owner, or its time is over: what comes late under its key is not taken."""
        return photo.erased_at is not None or photo.is_past(times.epoch(self.clock.now()))

    def _stored(self, address: S3Url) -> StoredObject | None:
        """The object, listed rather than read: whoever serves clients need not be allowed to read it."""
        found = self.pictures.listed(address.bucket, address.key, after=None, limit=1)
        if not found or found[0].url != address:
            return None
        is_past = self.clock.now() - found[0].modified >= timedelta(seconds=PRIVATE_ORIGINAL_SECONDS)
        return None if is_past else found[0]


def _answer(upload_id: str, state: str, model: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"upload_id": upload_id, "state": state, "model": model}


def _not_found(upload_id: str) -> NotFoundError:
    remedy = "send the file with the form of POST /uploads first, within 5 minutes; if you did, ask for a new form"
    found = [Violation("upload_id", "is no upload of yours that has arrived", remedy)]
    return NotFoundError(shown_id(upload_id), found)
