"""What must be true of a try-on's pictures before anything is spent; each check tells all that it finds.

They go from cheap to dear: a row alone (:func:`of_row`), what lies in storage (:func:`stored`), the picture itself
(:func:`examined`, with a pixel library, and only for rows that a shop wrote without its measures).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.contract import size_violations
from vto.domain.pictures import MAX_UPLOAD_BYTES
from vto.domain.storage import PREPARED, S3Url
from vto.errors import InvalidRequestError, PictureMissingError, PictureRejectedError, RefusalError, Violation
from vto.ports import Pictures, PictureTools

OTHER = {
    Kind.PRODUCT: "choose another product, until the shop has replaced this one's picture",
    Kind.MODEL: "use another photo",
}
UPLOAD_MASK = "ask POST /uploads for a form with kind mask, upload the mask with it, and send its s3_url"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a request, and the refusal that it is when nothing else is wrong."""

    kind: type[RefusalError]
    violation: Violation


@dataclass(frozen=True, slots=True)
class ReadyPicture:
    """A picture that can go to an engine: its row, its address, and its measures.

    Args:
        item: Its row in the catalogue.
        address: Where it lies.
        size: Its size in bytes.
        sha256: Its digest.
        width: Its width in pixels.
        height: Its height in pixels.
    """

    item: CatalogueItem
    address: S3Url
    size: int
    sha256: str
    width: int
    height: int


def refusal(detail: str, found: Sequence[Finding]) -> RefusalError:
    """One error that tells all findings: of their kind where they are of one, else that the request is invalid."""
    kinds = {one.kind for one in found}
    kind = kinds.pop() if len(kinds) == 1 else InvalidRequestError
    return kind(detail, [one.violation for one in found])


def invalid(path: str, problem: str, remedy: str) -> Finding:
    """A finding that makes the request an invalid one."""
    return Finding(InvalidRequestError, Violation(path, problem, remedy))


def rejected(path: str, problem: str, remedy: str) -> Finding:
    """A finding that a picture cannot be used."""
    return Finding(PictureRejectedError, Violation(path, problem, remedy))


def missing(path: str, problem: str, remedy: str) -> Finding:
    """A finding that a picture is not, or no longer, there."""
    return Finding(PictureMissingError, Violation(path, problem, remedy))


def of_row(path: str, item: CatalogueItem, *, bucket: str | None = None) -> list[Finding]:
    """What a catalogue row says against its use; nothing is read.

    Args:
        path: What the row is called in the request.
        item: The row.
        bucket: The bucket that the engines read from, where the caller knows it.
    """
    if item.readiness is Readiness.REJECTED:
        return [rejected(path, item.readiness_reason or "its picture was rejected", OTHER[item.kind])]
    if item.prepared_s3_url is None and not item.picture_s3_url:
        return [invalid(path, "has no picture yet", OTHER[item.kind])]
    if item.prepared_s3_url is None:
        problem = "has no model-ready picture yet: its upload is still being imported"
        return [invalid(path, problem, "ask again in a moment")]
    # the import keeps to these rules; a shop's own tools may have written the row
    address = _address(item.prepared_s3_url)
    if address is None or (bucket and (address.bucket != bucket or not address.key.startswith(PREPARED))):
        problem = f"has no model-ready picture: its prepared_s3_url lies outside {PREPARED} of the uploads bucket"
        return [rejected(path, problem, OTHER[item.kind])]
    return _of_size(path, item.kind, item.width, item.height) if item.width and item.height else []


def stored(path: str, address: S3Url, pictures: Pictures, remedy: str) -> tuple[int | None, list[Finding]]:
    """The size in bytes of what lies at an address; None, and a finding, where there is nothing.

    Args:
        path: What it is called in the request.
        address: Where it should be.
        pictures: The storage.
        remedy: What to do where it is gone.
    """
    try:
        size, _ = pictures.metadata(address)
    except PictureMissingError:
        return None, [missing(path, "is not in storage", remedy)]
    return size, []


def fetched(path: str, address: S3Url, pictures: Pictures, remedy: str) -> tuple[bytes | None, list[Finding]]:
    """What lies at an address, as :func:`stored` tells its size."""
    try:
        return pictures.read(address), []
    except PictureMissingError:
        return None, [missing(path, "is not in storage", remedy)]


def examined(
    path: str, item: CatalogueItem, pictures: Pictures, tools: PictureTools
) -> tuple[ReadyPicture | None, list[Finding]]:
    """A row's picture with all its measures; None, and the findings, where it cannot be used.

    A row that lacks a measure has its picture read: without a digest two products would share one result, and without a
    size nothing could be said of a mask.

    Args:
        path: What the row is called in the request.
        item: The row.
        pictures: The storage.
        tools: The pixel library.
    """
    if found := of_row(path, item):
        return None, found
    address = S3Url.parse(item.prepared_s3_url or "")
    size, found = stored(path, address, pictures, OTHER[item.kind])
    if size is None:
        return None, found
    if item.sha256 and item.width and item.height:
        return ReadyPicture(item, address, size, item.sha256, item.width, item.height), []
    if size > MAX_UPLOAD_BYTES:  # it would not fit into the memory
        problem = f"has {size / 1e6:.0f} MB; at most {MAX_UPLOAD_BYTES / 1e6:.0f} MB can be sent"
        return None, [rejected(path, problem, OTHER[item.kind])]
    return _measured(path, item, address, pictures, tools)


def _measured(
    path: str, item: CatalogueItem, address: S3Url, pictures: Pictures, tools: PictureTools
) -> tuple[ReadyPicture | None, list[Finding]]:
    content, found = fetched(path, address, pictures, OTHER[item.kind])
    if content is None:
        return None, found
    try:
        width, height = tools.measure(content)
    except PictureRejectedError as bad:
        return None, [rejected(path, one.problem, OTHER[item.kind]) for one in bad.violations]
    digest = hashlib.sha256(content).hexdigest()
    found = _of_size(path, item.kind, width, height)
    return None if found else ReadyPicture(item, address, len(content), digest, width, height), found


def _of_size(path: str, kind: Kind, width: int, height: int) -> list[Finding]:
    found = size_violations(path, width, height)
    return [rejected(path, one.problem, one.remedy if kind is Kind.MODEL else OTHER[kind]) for one in found]


def _address(text: str) -> S3Url | None:
    try:
        return S3Url.parse(text)
    except ValueError:
        return None
