"""The shop fills its catalogue by hand: what a product is called, a form for its picture, and its end."""

from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain import times
from vto.domain.catalogue import class_of_words
from vto.domain.curating import FORM_KEY, ID_KEY, PRODUCT_ID, ProductWords, picture_key, void_until
from vto.domain.erasure import FORM_SECONDS
from vto.domain.log_text import shown_id
from vto.domain.pictures import MAX_UPLOAD_BYTES
from vto.domain.storage import S3Url
from vto.errors import InvalidRequestError, Violation
from vto.ports import Clock, Pictures, Products, Versions
from vto.use_cases.browse_products import no_product
from vto.use_cases.removing_products import RemovePictures
from vto.use_cases.showing_catalogue import product_view


@dataclass(frozen=True, slots=True)
class ManageProducts:
    """Writes and deletes products; whoever asks has been found to be one of the shop's own."""

    products: Products
    pictures: Pictures
    versions: Versions
    clock: Clock
    uploads_bucket: str

    def put(self, product_id: str, request: Any) -> tuple[dict[str, Any], bool]:
        """Write what a product is called; its picture stays as it is. The same request again changes nothing more.

        Args:
            product_id: The product's id, of the shop's own choice.
            request: The document as the client sent it (``product.schema.json``).

        Returns:
            The product, and whether it is new.

        Raises:
            InvalidRequestError: The id or the request breaks the rules.
        """
        found = [*_of_id(product_id), *schemas.violations("product", request)]
        if found:
            raise InvalidRequestError(shown_id(product_id), found)
        name, category, description = request["name"], request["category"], request.get("description", "")
        garment_class = request.get("garment_class") or class_of_words(category, name, description)
        words = ProductWords(name, category, description, garment_class)
        item, is_new = self.products.put_product(product_id, words, self.clock.now())
        return product_view(item, self.pictures), is_new

    def offer_picture(self, product_id: str, request: Any) -> dict[str, Any]:
        """Offer a form for a product's picture; the product is what it shows as soon as it has been imported.

        Args:
            product_id: The product; its words have to be there already.
            request: The document as the client sent it (``product_picture.schema.json``).

        Returns:
            ``url``, ``fields``, ``s3_url``, ``expires_in`` and ``product_id``.

        Raises:
            InvalidRequestError: The id or the request breaks the rules.
            NotFoundError: There is no such product.
        """
        found = [*_of_id(product_id), *schemas.violations("product_picture", request)]
        if found:
            raise InvalidRequestError(shown_id(product_id), found)
        if self.products.product(product_id) is None:
            raise no_product(product_id)
        address = S3Url(self.uploads_bucket, picture_key(product_id))
        form = self.pictures.upload_form(
            address,
            content_type=request["content_type"],
            max_bytes=int(request.get("bytes", MAX_UPLOAD_BYTES)),  # 5.0 is whole to the schema, but not to S3
            seconds=FORM_SECONDS,
            metadata={ID_KEY: product_id, FORM_KEY: times.to_iso(self.clock.now())},
        )
        return {
            "url": form.url,
            "fields": dict(form.fields),
            "s3_url": str(address),
            "product_id": product_id,
            "expires_in": FORM_SECONDS,
        }

    def delete(self, product_id: str) -> None:
        """Take a product out of the catalogue, with its pictures; again is harmless, and finishes what was begun.

        The row goes first: from then on nothing can bring the product back but what the shop does afterwards. Jobs
        that need its pictures end in ``picture_missing``; what was made with it before is its owners'.

        Args:
            product_id: The product.

        Raises:
            NotFoundError: There is none under that id, and none was deleted lately.
            StorageUnavailableError: Its pictures may be there still; ask again.
        """
        now = self.clock.now()
        original = self.products.delete_product(product_id, now)
        if original is None:
            raise no_product(product_id)
        until = void_until(now)
        remove = RemovePictures(self.versions)
        remove(self.uploads_bucket, product_id, _address(original), until=until, kept=None)


def _of_id(product_id: str) -> list[Violation]:
    if PRODUCT_ID.fullmatch(product_id):
        return []
    remedy = "use 1 to 128 letters, digits, dots, hyphens or underscores, and begin with a letter or digit"
    return [Violation("product_id", "cannot be the id of a product", remedy)]


def _address(text: str) -> S3Url | None:
    try:
        return S3Url.parse(text)
    except ValueError:
        return None
