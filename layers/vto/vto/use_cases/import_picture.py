"""An uploaded picture becomes a row of its catalogue: ready with a model-ready picture, or rejected with a reason."""

from dataclasses import dataclass, replace

from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness, Upload, comparable_sequencer
from vto.domain.consent import Consent
from vto.domain.curating import is_void
from vto.domain.pictures import LOWER_TIER, MAX_UPLOAD_BYTES, Tier
from vto.domain.storage import USER_MODELS, S3Url, prepared_model_key, prepared_product_key
from vto.errors import PictureMissingError, PictureRejectedError, Violation
from vto.ports import Catalogue, Clock, Erasures, ObjectVersion, Pictures, PictureTools, Versions
from vto.use_cases.removing_products import RemovePictures


@dataclass(frozen=True, slots=True)
class ImportPicture:
    """Registers one uploaded object."""

    catalogue: Catalogue
    pictures: Pictures
    versions: Versions
    erasures: Erasures
    tools: PictureTools
    clock: Clock
    retention_days: float
    tier: Tier = LOWER_TIER

    def __call__(self, original: S3Url, sequencer: str, event_time: str = "") -> CatalogueItem | None:
        """Import an upload; harmless when repeated or out of order.

        Args:
            original: The uploaded object.
            sequencer: The S3 event's ``sequencer``, which orders the events of one key.
            event_time: The event's time (ISO-8601), which orders the events of two keys with the same product id.

        Returns:
            The row as written (``rejected`` for a misplaced upload too); None when the object is gone again, is only
            a folder's marker, a later upload was first, its owner has had everything erased since, or its product was
            deleted: then the upload is removed, too.

        Raises:
            StorageUnavailableError: S3 or DynamoDB did not answer: the event has to come again.
        """
        if original.key.endswith("/"):
            return None  # the empty object that the S3 console makes for a folder
        # looked up before it is read: what is uploaded under the same form meanwhile waits for its own event
        known = self._versions(original)
        try:
            size, metadata = self.pictures.metadata(original)
        except PictureMissingError:
            return None  # deleted or expired before we came: there is nothing to register
        try:
            upload = Upload.from_key(original.key, metadata)
        except PictureRejectedError as problem:
            row = self._row(original, Upload.misplaced(original.key), sequencer, event_time)
            return self._record(self._rejected(row, problem))
        row = self._row(original, upload, sequencer, event_time)
        if upload.kind is Kind.PRODUCT:
            return self._product(row, original, size, metadata)
        if upload.user_id is None:
            return self._imported(row, original, size)
        written = self._with_consent(row, original, size, metadata, upload.user_id)
        # a photo as it was uploaded has served: what is shown and sent to engines was made from it
        self.versions.remove(known)
        return written

    def _product(
        self, row: CatalogueItem, original: S3Url, size: int, metadata: dict[str, str]
    ) -> CatalogueItem | None:
        """Import a product's picture, unless the product was deleted since, or is while we are at it."""
        if self._was_deleted(row, original, metadata):
            return None
        written = self._imported(row, original, size)
        if written is None:  # what was prepared here for a product that was deleted meanwhile goes again
            self._was_deleted(row, original, metadata)
        return written

    def _was_deleted(self, row: CatalogueItem, original: S3Url, metadata: dict[str, str]) -> bool:
        until = self.catalogue.deleted_until(row.item_id)
        if until is None or not is_void(until, metadata, row.source_time or ""):
            return False
        now = self.catalogue.get(Kind.PRODUCT, row.item_id)  # somebody may have made it anew
        remove = RemovePictures(self.versions)
        remove(original.bucket, row.item_id, original, until=until, kept=now.prepared_s3_url if now else None)
        return True

    def _versions(self, original: S3Url) -> list[ObjectVersion]:
        """What lies under the key of a private photo; of others, which are kept, nobody asks."""
        if not original.key.startswith(USER_MODELS):
            return []
        return [one for one in self.versions.below(original) if one.url == original]

    def _with_consent(
        self, row: CatalogueItem, original: S3Url, size: int, metadata: dict[str, str], user_id: str
    ) -> CatalogueItem | None:
        """Import a private photo under the consent that it carries: without one, it is not even decoded."""
        try:
            consent = Consent.of_metadata(metadata, self.clock.now())
        except PictureRejectedError as problem:
            return self._record(self._rejected(row, problem))
        erasure = self.erasures.of_user(user_id)
        if erasure is not None and erasure.covers(consent.time):
            return None
        return self._imported(replace(row, consent=consent), original, size)

    def _imported(self, row: CatalogueItem, original: S3Url, size: int) -> CatalogueItem | None:
        try:
            return self._record(self._prepared(row, original, size))
        except PictureRejectedError as problem:
            return self._record(self._rejected(row, problem))
        except PictureMissingError:
            return None

    def _row(self, original: S3Url, upload: Upload, sequencer: str, event_time: str) -> CatalogueItem:
        now = self.clock.now()
        return CatalogueItem(
            kind=upload.kind,
            item_id=upload.item_id,
            picture_s3_url=str(original),
            name=upload.name,
            category=upload.category,
            description=upload.description,
            auto_imported=True,
            created_at=times.to_iso(now),
            updated_at=times.to_iso(now),
            garment_class=upload.garment_class,
            user_id=upload.user_id,
            source_sequencer=comparable_sequencer(sequencer),
            source_time=event_time or None,
            ttl=times.epoch(now, days=self.retention_days) if upload.user_id else None,
            readiness_reason="; ".join(upload.warnings) or None,
        )

    def _prepared(self, row: CatalogueItem, original: S3Url, size: int) -> CatalogueItem:
        if size > MAX_UPLOAD_BYTES:
            problem = f"has {size / 1e6:.0f} MB; at most {MAX_UPLOAD_BYTES / 1e6:.0f} MB are accepted"
            raise PictureRejectedError(
                "bytes", [Violation("picture", problem, "save it with fewer pixels, or as a JPEG")]
            )
        picture = self.tools.prepare(self.pictures.read(original), self.tier)
        if row.kind is Kind.PRODUCT:
            key = prepared_product_key(row.item_id, picture.sha256)
        else:
            key = prepared_model_key(row.item_id, row.user_id, picture.sha256)
        prepared = S3Url(original.bucket, key)
        # the picture first, the row second: a row that says "ready" always has its picture
        carried = row.consent.metadata() if row.consent else None
        self.pictures.write(prepared, picture.content, "image/jpeg", carried)
        return replace(
            row,
            readiness=Readiness.READY,
            prepared_s3_url=str(prepared),
            sha256=picture.sha256,
            width=picture.width,
            height=picture.height,
        )

    def _rejected(self, row: CatalogueItem, problem: PictureRejectedError) -> CatalogueItem:
        said = (f"{one.path} {one.problem}{f': {one.remedy}' * bool(one.remedy)}" for one in problem.violations)
        reason = "; ".join(said) or problem.message
        return replace(row, readiness=Readiness.REJECTED, readiness_reason=reason)

    def _record(self, row: CatalogueItem) -> CatalogueItem | None:
        return row if self.catalogue.record_import(row) else None
