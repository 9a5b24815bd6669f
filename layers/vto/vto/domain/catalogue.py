"""What can be tried on (products) and who tries it on (models), and how an upload becomes one of them."""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Self

from vto.domain.consent import Consent
from vto.domain.curating import ID_KEY, product_of_picture
from vto.domain.guests import is_guest
from vto.domain.parameters import GARMENT_CLASSES
from vto.domain.storage import MODELS, PRODUCTS, STOCK_MODELS, USER_MODELS
from vto.errors import PictureRejectedError, Violation

# Folders below products/ that say which class a product has, where its upload does not say so itself.
CLASS_OF_CATEGORY = {
    "upper_body": "UPPER_BODY",
    "tops": "UPPER_BODY",
    "lower_body": "LOWER_BODY",
    "bottoms": "LOWER_BODY",
    "full_body": "FULL_BODY",
    "dresses": "FULL_BODY",
    "footwear": "FOOTWEAR",
    "shoes": "FOOTWEAR",
}
DEFAULT_CATEGORY = "uncategorised"
MISPLACED = "misplaced"


class Kind(StrEnum):
    """The two catalogues that uploads fill."""

    PRODUCT = "product"
    MODEL = "model"


class Readiness(StrEnum):
    """Whether an upload can be used."""

    READY = "ready"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One row of ``vto-products`` or ``vto-models``.

    ``user_id`` stands only on private photos; a model without it is a stock model that everybody may use. One with
    ``erased_at`` was deleted by its owner: it is nobody's, and stays only until no import can write it anew.
    """

    kind: Kind
    item_id: str
    picture_s3_url: str
    name: str
    category: str
    description: str
    auto_imported: bool
    created_at: str
    updated_at: str
    readiness: Readiness | None = None
    readiness_reason: str | None = None
    prepared_s3_url: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    garment_class: str | None = None
    user_id: str | None = None
    source_sequencer: str | None = None
    source_time: str | None = None
    ttl: int | None = None
    consent: Consent | None = None
    erased_at: str | None = None

    def is_visible_to(self, user_id: str) -> bool:
        """Whether this caller may use the item: products and stock models are everybody's, photos their owner's.

        A guest owns none, whatever a row says. A rejected model without an owner is nobody's: it may be somebody's
        photo in a wrong folder.
        """
        if self.erased_at is not None:
            return False
        if self.user_id is None:
            return self.kind is Kind.PRODUCT or self.readiness is not Readiness.REJECTED
        return self.user_id == user_id and not is_guest(user_id)

    @property
    def consented_at(self) -> str | None:
        """When its owner agreed to its being here (ISO-8601): None for what is the shop's own."""
        if self.user_id is None:
            return None
        return self.consent.time if self.consent else self.created_at

    def is_past(self, now: int) -> bool:
        """Whether its time was over by then (epoch seconds): the table may keep such a row for two more days."""
        return self.ttl is not None and self.ttl <= now


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded object, and which catalogue row it is to become."""

    kind: Kind
    item_id: str
    name: str
    category: str
    description: str
    garment_class: str | None = None
    user_id: str | None = None
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def from_key(cls, key: str, metadata: dict[str, str]) -> Self:
        """Read an object's key and its own metadata.

        A product may name itself by the metadata ``product-id``, ``name``, ``category``, ``description`` and
        ``garment-class``; a stock model by all of these but the id. A private photo's metadata is its owner's word
        and is not used. A picture that was uploaded with a form of the API says by its key whose it is.

        Args:
            key: The object's key, decoded.
            metadata: The object's user metadata (names without ``x-amz-meta-``).

        Raises:
            PictureRejectedError: The key lies in none of the places that uploads belong to.

        Example:
            >>> Upload.from_key("products/upper_body/blue-shirt.jpg", {}).garment_class
            'UPPER_BODY'
        """
        if product_id := product_of_picture(key):
            return cls(Kind.PRODUCT, product_id, name=product_id, category=DEFAULT_CATEGORY, description="")
        if key.startswith(PRODUCTS):
            return cls._shop_upload(Kind.PRODUCT, key.removeprefix(PRODUCTS), key, metadata)
        if key.startswith(STOCK_MODELS):
            return cls._shop_upload(Kind.MODEL, key.removeprefix(STOCK_MODELS), key, metadata)
        owner, _, file = key.removeprefix(USER_MODELS).partition("/")
        if key.startswith(USER_MODELS) and owner and file and not is_guest(owner):  # who has agreed to nothing
            return cls(Kind.MODEL, model_id_of(key), "My photo", "personal", "", user_id=owner)
        # Anything else below models/ is refused: a photo must never become public because of a wrong folder.
        remedy = f"upload it under {STOCK_MODELS} (public) or {USER_MODELS}{{user_id}}/ (private)"
        found = [Violation("key", "lies in none of the folders that pictures are imported from", remedy)]
        raise PictureRejectedError(f"misplaced upload: {key}", found)

    @classmethod
    def misplaced(cls, key: str) -> Self:
        """What stands for an object that lies in none of the places, so that its row can say so."""
        return cls(Kind.MODEL, key[-128:], "Misplaced upload", MISPLACED, "")

    @property
    def is_misplaced(self) -> bool:
        """Whether it stands for an object that lies in none of the places."""
        return self.category == MISPLACED and self.kind is Kind.MODEL

    @classmethod
    def _shop_upload(cls, kind: Kind, path: str, key: str, metadata: dict[str, str]) -> Self:
        folder = PurePosixPath(path).parent.as_posix()
        category = metadata.get("category") or (folder if folder != "." else DEFAULT_CATEGORY)
        name, description = metadata.get("name") or _title(path), metadata.get("description", "")
        guessed = class_of_words(category, name, description)
        garment_class = metadata.get("garment-class") or guessed
        warnings = []
        if garment_class and garment_class not in GARMENT_CLASSES:
            warnings.append(f"garment-class {garment_class[:40]!r} is not one of Nova Canvas's classes and was ignored")
            garment_class = guessed
        item_id = product_id_of(key) if kind is Kind.PRODUCT else model_id_of(key)
        if kind is Kind.PRODUCT and (named := metadata.get(ID_KEY, "").strip()):
            item_id = named[:128]
        return cls(
            kind,
            item_id,
            name=name,
            category=category,
            description=description,
            garment_class=garment_class if kind is Kind.PRODUCT else None,
            warnings=warnings,
        )


def class_of_words(category: str, name: str, description: str) -> str | None:
    """The garment class that a product's own words say, its category first; None where they say none."""
    from vto.domain import planner, reading  # noqa: PLC0415 - every function knows the catalogue, few read words

    of_words = planner.group_of(None, reading.read(category, name, description))
    return CLASS_OF_CATEGORY.get(category.partition("/")[0].lower()) or of_words


def product_id_of(key: str) -> str:
    """A product's id from its key: readable, and different for equal file names in different folders."""
    return f"{_slug(key)}-{_digest(key)}"


def model_id_of(key: str) -> str:
    """A model's id from its key; the file name of a private photo, or one in a wrong folder, is not repeated in it."""
    may_be_private = key.startswith(MODELS) and not key.startswith(STOCK_MODELS)
    return f"photo-{_digest(key, 16)}" if may_be_private else f"{_slug(key)}-{_digest(key)}"


def comparable_sequencer(sequencer: str) -> str:
    """An S3 event's ``sequencer`` in a form that compares as text with others of the same key: later ones are greater.

    Sequencers are hexadecimal and may differ in length; the shorter one counts as padded with zeros on its right.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    return sequencer.lower().ljust(32, "0")


def _digest(key: str, length: int = 8) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:length]


def _slug(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", PurePosixPath(key).stem.lower()).strip("-")[:60] or "item"


def _title(path: str) -> str:
    return re.sub(r"[-_.\s]+", " ", PurePosixPath(path).stem).strip().capitalize() or "Unnamed"
