"""What lies in S3 is compared with the catalogue: uploads whose event was lost are imported, what is lost is told."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness, Upload, model_id_of
from vto.domain.reconciling import is_unregistered, sequencer_after
from vto.domain.storage import MODELS, PREPARED, PRODUCTS, S3Url
from vto.errors import InternalError, PictureMissingError, PictureRejectedError, StorageUnavailableError, VtoError
from vto.ports import Catalogue, Clock, ImportQueue, Operations, Pictures, StoredObject

PAGE = 200
WORK_SECONDS = 100  # of one run; the next one goes on where this one stopped
ROWS_SECONDS = 24 * 60 * 60  # rows are held against S3 once a day: two requests for each, and hardly ever news
STOCK_MODELS_LOOKED_AT = 1000
PREFIXES = (MODELS, PRODUCTS)  # in the order of keys, by which a run finds where the last one stopped
WORK, OBJECTS, ROWS = "reconcile_uploads", "reconcile_uploads#objects", "reconcile_uploads#rows"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What one run did.

    Args:
        objects: How many uploads it looked at.
        rows: How many rows it held against S3.
        reconciled: How many uploads it sent to be imported.
        lost: How many pictures a row names and S3 has not.
        failed: How many it could not judge.
        is_complete: Whether it came to the end; the next run goes on otherwise.
    """

    objects: int = 0
    rows: int = 0
    reconciled: int = 0
    lost: int = 0
    failed: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class ReconcileUploads:
    """Finds uploads that are not registered and rows whose pictures are gone; deletes and invents nothing."""

    catalogue: Catalogue
    pictures: Pictures
    operations: Operations
    import_queue: ImportQueue
    clock: Clock
    uploads_bucket: str
    reconciled: Callable[[str, str, str], None]
    lost: Callable[[str, str, str], None]
    report: Callable[[str, VtoError], None]

    def __call__(self, *, is_whole: bool = False) -> Reconciliation:
        """Go on from where the last run stopped, for as long as a run may take; harmless when two run at once.

        Args:
            is_whole: Hold the rows against S3 too, also when that was done today.

        Raises:
            StorageUnavailableError: S3, DynamoDB or SQS did not answer. What was done is kept.
        """
        until = self.clock.now() + timedelta(seconds=WORK_SECONDS)
        counts: Counter[str] = Counter()
        if self._rows_wait():
            is_complete = self._look_at_rows(counts, until, is_whole=is_whole)
            if not is_complete:
                self.operations.keep_place(OBJECTS, PREFIXES[0])  # the next run is the uploads' again
        else:
            is_complete = self._look_at_objects(counts, until) and self._look_at_rows(counts, until, is_whole=is_whole)
        done = Reconciliation(
            counts["objects"], counts["rows"], counts["reconciled"], counts["lost"], counts["failed"], is_complete
        )
        did = {"objects": done.objects, "rows": done.rows, "reconciled": done.reconciled, "lost": done.lost}
        self.operations.note_run(WORK, self.clock.now(), {**did, "failed": done.failed, "is_complete": is_complete})
        return done

    def _rows_wait(self) -> bool:
        """Whether a run is the rows': the uploads are through, and left too little time for them.

        In a shop whose uploads take nearly all of a run, or several, the rows would otherwise never come to their end.
        """
        return self.operations.place(ROWS) is not None and self.operations.place(OBJECTS) is None

    # --- S3 against the rows ---

    def _look_at_objects(self, counts: Counter[str], until: datetime) -> bool:
        after = self.operations.place(OBJECTS)
        for prefix in PREFIXES:
            if after is not None and after > prefix and not after.startswith(prefix):
                continue  # the last run came further
            while True:
                if self.clock.now() >= until:
                    return False
                page = self.pictures.listed(self.uploads_bucket, prefix, after=after, limit=PAGE)
                for one in page:
                    counts["objects"] += 1
                    counts[self._judged(model_id_of(one.url.key), self._object, one)] += 1
                if page:
                    after = page[-1].url.key
                    self.operations.keep_place(OBJECTS, after)
                if len(page) < PAGE:
                    break
        self.operations.keep_place(OBJECTS, None)
        return True

    def _object(self, stored: StoredObject) -> str:
        key = stored.url.key
        if key.endswith("/"):
            return "folders"
        upload, row = self._row_of(key, {})
        now = self.clock.now()
        if upload.kind is Kind.PRODUCT and is_unregistered(key, stored.modified, row, now):
            # it may have named itself, which only its own metadata tell
            try:
                upload, row = self._row_of(key, self.pictures.metadata(stored.url)[1])
            except PictureMissingError:
                return "gone"
        if is_unregistered(key, stored.modified, row, now):
            return self._send(upload, stored, row)
        is_private = upload.user_id is not None  # others' prepared pictures are looked at with their rows
        if is_private and row is not None and not row.is_past(times.epoch(now)) and self._lacks_prepared(row):
            return self._prepare_again(row, stored.url)
        return "registered"

    def _row_of(self, key: str, metadata: dict[str, str]) -> tuple[Upload, CatalogueItem | None]:
        try:
            upload = Upload.from_key(key, metadata)
        except PictureRejectedError:
            upload = Upload.misplaced(key)
        return upload, self.catalogue.get(upload.kind, upload.item_id)

    # --- the rows against S3 ---

    def _look_at_rows(self, counts: Counter[str], until: datetime, *, is_whole: bool) -> bool:
        cursor = self.operations.place(ROWS)
        last = self.operations.last_run(ROWS)
        due = times.after(self.clock.now(), -ROWS_SECONDS)
        if cursor is None and last is not None and last["at"] > due and not is_whole:
            return True
        while True:  # at least one page: the place behind it says that the rest waits
            products, cursor = self.catalogue.products(limit=PAGE, cursor=cursor)
            self._rows(products, counts)
            if cursor is None:
                break
            self.operations.keep_place(ROWS, cursor)
            if self.clock.now() >= until:
                return False
        self._rows(self.catalogue.models_of(None, limit=STOCK_MODELS_LOOKED_AT), counts)
        self.operations.keep_place(ROWS, None)
        self.operations.note_run(ROWS, self.clock.now(), {"rows": counts["rows"]})
        return True

    def _rows(self, items: list[CatalogueItem], counts: Counter[str]) -> None:
        for item in items:
            counts["rows"] += 1
            counts[self._judged(item.item_id, self._row, item)] += 1

    def _row(self, item: CatalogueItem) -> str:
        if item.readiness is not Readiness.READY:
            return "registered"  # one that is not imported yet is found by its object
        original = self._ours(item.picture_s3_url)
        has_original = original is not None and self._is_there(original)
        if self._lacks_prepared(item):
            if original is not None and has_original and self._becomes(item, original):
                return self._prepare_again(item, original)
            self.lost(item.kind, item.item_id, "prepared picture" if has_original else "prepared picture and original")
            return "lost"
        if original is not None and not has_original:
            self.lost(item.kind, item.item_id, "original")
            return "lost"
        return "registered"

    def _becomes(self, item: CatalogueItem, original: S3Url) -> bool:
        """Whether importing a row's original writes this row: one that a shop wrote may have an id of its own."""
        upload, _ = self._row_of(original.key, self.pictures.metadata(original)[1])
        return (upload.kind, upload.item_id) == (item.kind, item.item_id)

    # --- both ---

    def _judged[T](self, what: str, judge: Callable[[T], str], one: T) -> str:
        try:
            return judge(one)
        except StorageUnavailableError:
            raise
        except Exception as problem:  # noqa: BLE001 - one odd object or row must not keep the others from being found
            self.report(f"{what} cannot be reconciled", InternalError(repr(problem)))
            return "failed"

    def _send(self, upload: Upload, stored: StoredObject, row: CatalogueItem | None) -> str:
        self.import_queue.send(stored.url, sequencer_after(row, str(stored.url)), times.to_iso(stored.modified))
        # the id of a misplaced upload is its whole key, which may say something about a person
        item_id = model_id_of(stored.url.key) if upload.is_misplaced else upload.item_id
        self.reconciled(upload.kind, item_id, "it has no row")
        return "reconciled"

    def _prepare_again(self, row: CatalogueItem, original: S3Url) -> str:
        # it is no new upload: against those of other keys that name the same product it is as old as it was
        time = row.source_time or times.to_iso(self.clock.now())
        self.import_queue.send(original, sequencer_after(row, str(original)), time)
        self.reconciled(row.kind, row.item_id, "its prepared picture is gone")
        return "reconciled"

    def _lacks_prepared(self, row: CatalogueItem) -> bool:
        prepared = self._ours(row.prepared_s3_url or "")
        return prepared is not None and prepared.key.startswith(PREPARED) and not self._is_there(prepared)

    def _is_there(self, url: S3Url) -> bool:
        try:
            self.pictures.metadata(url)
        except PictureMissingError:
            return False
        return True

    def _ours(self, address: str) -> S3Url | None:
        """An address in the bucket of uploads; None for one elsewhere, of which nothing is known."""
        try:
            url = S3Url.parse(address)
        except ValueError:
            return None
        return url if url.bucket == self.uploads_bucket else None
