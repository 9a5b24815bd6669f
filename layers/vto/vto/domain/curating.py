"""What a shop writes of its products by hand, where their pictures go, and what is void once a product was deleted.

Deleting a product makes all void that was uploaded for it until then, and each upload form that was given out: an
import that works on one at this moment, an event that comes late, and a form that is used afterwards must not bring the
product back. What the shop uploads afterwards does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vto.domain import times
from vto.domain.consent import is_moment
from vto.domain.storage import PREPARED, PRODUCTS

PRODUCT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
PICTURE = re.compile(rf"{PRODUCTS}by-id/({PRODUCT_ID.pattern})/picture")
ID_KEY, FORM_KEY = "product-id", "form-time"  # of an upload's own metadata
REMEMBERED_DAYS = 30  # longer than any event of an upload waits: dead letters are kept for a fortnight
SKEW_SECONDS = 5  # clocks of two services may differ: what comes so shortly after a deletion counts as before it


@dataclass(frozen=True, slots=True)
class ProductWords:
    """What a shop says of a product; its picture says the rest."""

    name: str
    category: str
    description: str
    garment_class: str | None


def picture_key(product_id: str) -> str:
    """Where the picture of a product is uploaded that has its words from the API."""
    return f"{PRODUCTS}by-id/{product_id}/picture"


def product_of_picture(key: str) -> str | None:
    """The product whose picture lies at such a key; None for any other key.

    Example:
        >>> product_of_picture("products/by-id/SKU-7/picture"), product_of_picture("products/tops/by-id.jpg")
        ('SKU-7', None)
    """
    found = PICTURE.fullmatch(key)
    return found[1] if found else None


def is_prepared_of(product_id: str, key: str) -> bool:
    """Whether a key is that of a prepared picture of this product, and not of one whose id goes on with a slash."""
    folder = f"{PREPARED}{PRODUCTS}{product_id}/"
    return key.startswith(folder) and "/" not in key.removeprefix(folder)


def void_until(now: datetime) -> str:
    """Until when uploads are void for a product that is deleted at this moment (ISO-8601)."""
    return times.after(now, SKEW_SECONDS)


def anew_since(until: object, now: datetime) -> str:
    """Until when uploads are void for a product that was deleted and is written anew at this moment (ISO-8601).

    What the shop uploads from now on is of the new product, also within the seconds that a deletion reaches ahead.
    A second is left to the clocks that this moment is compared with: those of S3, and of whoever gives out a form.
    """
    if not (isinstance(until, str) and is_moment(until)):
        return void_until(now)
    deleted_at = times.after(times.from_iso(until), -SKEW_SECONDS)
    return max(deleted_at, min(until, times.after(now, -1)))


def is_void(until: str, metadata: Mapping[str, str], uploaded_at: str) -> bool:
    """Whether an upload is void for a product that was deleted.

    Args:
        until: Until when uploads are (:func:`void_until`).
        metadata: The upload's own metadata: an upload is as old as the form that it came with.
        uploaded_at: When it came (ISO-8601); empty where nobody knows.
    """
    asked_at = metadata.get(FORM_KEY)
    return (asked_at if is_moment(asked_at) and asked_at is not None else uploaded_at) <= until
