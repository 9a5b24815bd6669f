"""What lies in S3 of a product that was deleted: who deletes it removes it, and an import that comes upon the rest."""

from dataclasses import dataclass
from functools import partial

from vto.domain.catalogue import Upload
from vto.domain.curating import is_prepared_of, is_void, picture_key
from vto.domain.storage import PREPARED, PRODUCTS, S3Url
from vto.ports import ObjectVersion, Versions


@dataclass(frozen=True, slots=True)
class RemovePictures:
    """Removes the pictures of a deleted product with all their versions; harmless when repeated."""

    versions: Versions

    def __call__(self, bucket: str, product_id: str, original: S3Url | None, *, until: str, kept: str | None) -> None:
        """Remove what was uploaded for a product until it was deleted, and all that was prepared of it.

        Args:
            bucket: The bucket of uploads.
            product_id: The product.
            original: Where its picture was uploaded; None where nobody knows.
            until: Until when uploads are void (ISO-8601). Later ones stay: they are of the product that it is by now.
            kept: The prepared picture of the product that it is by now, if it is one again.

        Raises:
            StorageUnavailableError: S3 did not answer.
        """
        originals = {S3Url(bucket, picture_key(product_id))}
        # a picture that a shop's own row names elsewhere is the shop's business
        if original is not None and original.bucket == bucket and original.key.startswith(PRODUCTS):
            originals.add(original)
        for address in originals:
            found = [one for one in self.versions.below(address) if one.url == address and not one.is_marker]
            self.versions.remove([one for one in found if self._is_void(one, product_id, until)])
        folder = S3Url(bucket, f"{PREPARED}{PRODUCTS}{product_id}/")
        is_prepared = partial(is_prepared_of, product_id)
        prepared = [one for one in self.versions.below(folder) if is_prepared(one.url.key)]
        self.versions.remove([one for one in prepared if str(one.url) != kept])

    def _is_void(self, version: ObjectVersion, product_id: str, until: str) -> bool:
        """Whether a version goes with the product: a row that a shop wrote may name the original of another product."""
        metadata = self.versions.metadata_of(version)
        is_its_own = Upload.from_key(version.url.key, metadata).item_id == product_id
        return is_its_own and is_void(until, metadata, version.written_at)
