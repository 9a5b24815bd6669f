"""The documents that a stack answers with, as types; fields are added, never renamed, so more may be there than here.

`tests/contract/test_client_documents.py` compares them with what the stack's own code says.
"""

from typing import Any, Literal, NotRequired, TypedDict

type Parameters = dict[str, Any]
"""Nova Canvas' parameters without pictures: docs/contract.md."""


class Item(TypedDict):
    """What products and models have in common; ``picture_url`` works for minutes."""

    name: str
    category: str
    description: str
    readiness: Literal["ready", "rejected"] | None
    reason: NotRequired[str | None]
    width: int | None
    height: int | None
    picture_url: str | None


class Product(Item):
    """A product of the catalogue; without ``readiness`` its picture has not come yet."""

    product_id: str
    garment_class: str | None
    updated_at: str | None


class Model(Item):
    """Somebody who tries on: an own photo, or one of the shop's."""

    model_id: str
    is_own: bool
    created_at: str
    consent: NotRequired[dict[str, Any] | None]


class Category(TypedDict):
    """A category, and how many products it has."""

    category: str
    products: int


class ProductPage(TypedDict):
    """A page of products; ``next`` is the cursor of the following one. It may be short, or empty, and not the last."""

    products: list[Product]
    next: str | None


class TryOnRequest(TypedDict):
    """What is asked for; with ``model_id`` or ``model_picture_s3_url``, and without ``parameters`` the shop decides."""

    product_id: str
    model_id: NotRequired[str]
    model_picture_s3_url: NotRequired[str]
    parameters: NotRequired[Parameters]
    lane: NotRequired[Literal["shopper", "batch"]]


class Plan(TypedDict):
    """What a try-on would come to."""

    product_id: str
    model_id: str
    parameters: Parameters
    engine: str | None
    cached: bool | None
    price: dict[str, Any]
    eta_seconds: int | None
    warnings: list[dict[str, Any]]
    adaptations: list[dict[str, Any]]


class Stage(TypedDict):
    """One step that a try-on came to."""

    status: str
    stage: str | None
    at: str


class Image(TypedDict):
    """One picture of a result; its links work for minutes.

    ``url`` is what to show (WebP), ``original_url`` what the engine drew, byte for byte. ``preview`` comes over the
    socket only: a ``data:`` URL with at most 256 pixels a side, to be seen at once.
    """

    url: str
    original_url: NotRequired[str]
    width: int
    height: int
    content_type: str
    original_content_type: NotRequired[str]
    preview: NotRequired[str]


class Mask(TypedDict):
    """The mask of a result."""

    url: str


class Job(TypedDict):
    """A try-on as it is at version ``seq``; an ``error`` when ``status`` says so, ``images`` once it is completed."""

    id: str
    seq: int
    status: Literal["created", "processing", "completed", "error"]
    stage: str | None
    request_id: str
    product_id: str
    model_id: str
    created_at: str
    updated_at: str
    stages: list[Stage]
    eta_seconds: int | None
    notice: str | None
    requested_images: int
    warnings: list[dict[str, Any]]
    adaptations: list[dict[str, Any]]
    error: NotRequired[dict[str, Any]]
    delivered_images: NotRequired[int]
    engine: NotRequired[str | None]
    seed: NotRequired[int | None]
    images: NotRequired[list[Image]]
    mask: NotRequired[Mask | None]
    expires_at: NotRequired[str]


class JobPage(TypedDict):
    """A page of one's own try-ons, the newest first; ``next`` is the cursor of the following one."""

    try_ons: list[Job]
    next: str | None


class ExportedModel(Model):
    """An own photo, with all that is kept of it."""

    updated_at: str
    sha256: str | None
    kept_until: str | None


class ExportedJob(Job):
    """An own try-on, with all that is kept of it."""

    parameters: Parameters
    consented_at: str | None
    kept_until: str | None
    drawn_mask: NotRequired[Mask]


class Export(TypedDict):
    """All that is kept about the caller, with links to every picture."""

    exported_at: str
    user_id: str
    models: list[ExportedModel]
    try_ons: list[ExportedJob]


class Erasure(TypedDict):
    """How far an erasure is."""

    receipt: str
    state: Literal["erasing", "done"]
    requested_at: str
    done_at: str | None
    removed: dict[str, int]


ENDED = frozenset({"completed", "error"})


def has_ended(job: Job) -> bool:
    """Whether a try-on will not change any more."""
    return job["status"] in ENDED


def newest(known: Job | None, came: Job) -> Job:
    """The newer of two snapshots of one try-on; of two equal ones, that with the longer-lived links."""
    if known is None or came["seq"] > known["seq"]:
        return came
    is_fresher = came["seq"] == known["seq"] and came.get("expires_at", "") > known.get("expires_at", "")
    return came if is_fresher else known
