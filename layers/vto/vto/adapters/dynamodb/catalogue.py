"""``vto-products`` and ``vto-models``: what uploads and shops write of products, photos and stock models."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from vto import telemetry
from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import (
    conditionally,
    cursor_of,
    get_item,
    page_start,
    plain_values,
    set_and_remove,
    to_dynamo,
)
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.consent import Consent, is_moment
from vto.domain.storage import S3Url
from vto.errors import PictureRejectedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def _is_address(value: Any) -> bool:
    try:
        S3Url.parse(value)
    except (ValueError, AttributeError):
        return False
    return True


def _is_consent(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("policy_version"), str) and is_moment(value.get("time"))


TEXT = "text"
# What an attribute may hold, by the words for it; read by nobody else, so no schema of a client's.
FORMS: Mapping[str, tuple[Callable[[Any], bool], tuple[str, ...]]] = {
    TEXT: (
        lambda value: isinstance(value, str),
        ("name", "category", "description", "readiness_reason", "sha256", "garment_class", "user_id", "created_at",
         "updated_at", "source_sequencer", "source_time", "erased_at"),
    ),
    "an s3:// address": (_is_address, ("prepared_s3_url",)),
    "a whole number": (lambda value: type(value) is int, ("width", "height", "ttl")),
    "true or false": (lambda value: isinstance(value, bool), ("auto_imported",)),
    "a map of policy_version and time (2026-11-21T12:00:00.000Z)": (_is_consent, ("consent",)),
    f"{Readiness.READY} or {Readiness.REJECTED}": (lambda value: value in tuple(Readiness), ("readiness",)),
}  # fmt: skip
# What stays of a product that was deleted: a row that no reader sees, until its ttl.
IS_DELETED, DELETED_UNTIL = "is_deleted", "deleted_until"
STOCK = "yes"  # the value of the sparse index attribute that lists the models which everybody may use


class DynamoCatalogue:
    """``vto-products`` and ``vto-models``."""

    def __init__(self, products: "Table", models: "Table") -> None:
        self._tables = {Kind.PRODUCT: products, Kind.MODEL: models}

    def get(self, kind: Kind, item_id: str) -> CatalogueItem | None:
        """One item, or None."""
        item = get_item(self._tables[kind], {_id_name(kind): item_id})
        return item_to_catalogue(kind, item) if item and not is_deleted(item) else None

    def deleted_until(self, product_id: str) -> str | None:
        """Until when uploads for a product are void, because it was deleted; None if it never was."""
        until = (get_item(self._tables[Kind.PRODUCT], {"product_id": product_id}) or {}).get(DELETED_UNTIL)
        return until if isinstance(until, str) else None

    def record_import(self, item: CatalogueItem) -> bool:
        """Write what an upload says, curated fields kept; False when this or a later upload has been recorded.

        False also for a product that was deleted since the upload came, which this very write decides: in whatever
        order the two come, the product stays deleted. The picture and its state are the upload's; name, category,
        description, class, origin and creation time are the shop's as soon as somebody has written them.
        """
        row = catalogue_to_item(item)
        key = {_id_name(item.kind): row.pop(_id_name(item.kind))}
        curated = {"name", "category", "description", "garment_class", "auto_imported", "created_at"}
        of_picture = {
            "readiness_reason",
            "prepared_s3_url",
            "sha256",
            "width",
            "height",
            "stock",
            "source_time",
            "consent",
        }
        url = f"{item.kind}_picture_s3_url"
        if item.kind is Kind.PRODUCT:
            of_picture |= {IS_DELETED, "ttl"}  # what was uploaded after a deletion makes the product anew
        expression, names, values = set_and_remove(row, of_picture - row.keys(), keep=curated)
        return conditionally(
            f"record {item.kind}",
            lambda: self._tables[item.kind].update_item(
                Key=key,
                UpdateExpression=expression,
                # sequencers say nothing about events of different keys, which may name the same product
                ConditionExpression="attribute_not_exists(erased_at)"
                f" AND (attribute_not_exists({DELETED_UNTIL}) OR {DELETED_UNTIL} < :event_time)"
                " AND (attribute_not_exists(#source_sequencer)"
                f" OR (#{url} = :{url} AND #source_sequencer < :source_sequencer)"
                f" OR (#{url} <> :{url} AND (attribute_not_exists(source_time) OR source_time < :event_time)))",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={**values, ":event_time": item.source_time or ""},
            ),
        )

    def products(self, *, limit: int, cursor: str | None = None) -> tuple[list[CatalogueItem], str | None]:
        """A page of products and the cursor of the next one."""
        with as_storage_error("scan products"):
            page = self._tables[Kind.PRODUCT].scan(Limit=limit, **page_start(cursor, {"product_id"}))
        return (
            [item_to_catalogue(Kind.PRODUCT, item) for item in page["Items"] if not is_deleted(item)],
            cursor_of(page.get("LastEvaluatedKey")),
        )

    def models_of(self, user_id: str | None, *, limit: int) -> list[CatalogueItem]:
        """A user's private photos; the stock models when ``user_id`` is None. The newest first."""
        index, key, value = ("by_user", "user_id", user_id) if user_id else ("stock", "stock", STOCK)
        with as_storage_error("query models"):
            page = self._tables[Kind.MODEL].query(
                IndexName=index,
                KeyConditionExpression="#key = :value",
                ExpressionAttributeNames={"#key": key},
                ExpressionAttributeValues={":value": value},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [item_to_catalogue(Kind.MODEL, item) for item in page["Items"]]

    def photos_of(
        self, user_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[CatalogueItem], str | None]:
        """A page of a user's private photos, the newest first, and the cursor of the next one."""
        with as_storage_error("query photos of a user"):
            page = self._tables[Kind.MODEL].query(
                IndexName="by_user",
                KeyConditionExpression="user_id = :user_id",
                ExpressionAttributeValues={":user_id": user_id},
                ScanIndexForward=False,
                Limit=limit,
                **page_start(cursor, {"model_id", "created_at"}, user_id=user_id),
            )
        items = [item_to_catalogue(Kind.MODEL, item) for item in page["Items"]]
        return items, cursor_of(page.get("LastEvaluatedKey"))

    def rename_photo(self, model_id: str, user_id: str, name: str, at: str) -> CatalogueItem | None:
        """Give a user's private photo a name; None when it is anybody else's, or was deleted."""
        is_theirs = self._change_photo(
            "rename photo",
            model_id,
            "SET #name = :name, updated_at = :at",
            {":user_id": user_id, ":name": name, ":at": at},
            {"#name": "name"},
        )
        return self.get(Kind.MODEL, model_id) if is_theirs else None

    def mark_erased(self, model_id: str, user_id: str, at: str) -> bool:
        """Mark a user's private photo as deleted, once: no import writes its row any more, and nobody sees it."""
        values = {":user_id": user_id, ":at": at}
        return self._change_photo("mark a photo as deleted", model_id, "SET erased_at = :at", values, {})

    def _change_photo(
        self, what: str, model_id: str, change: str, values: dict[str, str], names: dict[str, str]
    ) -> bool:
        update: dict[str, Any] = {
            "Key": {"model_id": model_id},
            "UpdateExpression": change,
            "ConditionExpression": "user_id = :user_id AND attribute_not_exists(erased_at)",
            "ExpressionAttributeValues": values,
            **({"ExpressionAttributeNames": names} if names else {}),
        }
        return conditionally(what, lambda: self._tables[Kind.MODEL].update_item(**update))

    def delete_photo(self, model_id: str, user_id: str) -> None:
        """Remove the row of a user's private photo; nothing happens when it is anybody else's."""
        conditionally(
            "delete photo",
            lambda: self._tables[Kind.MODEL].delete_item(
                Key={"model_id": model_id},
                ConditionExpression="user_id = :user_id",
                ExpressionAttributeValues={":user_id": user_id},
            ),
        )


def is_deleted(item: Mapping[str, Any]) -> bool:
    """Whether a row only says that there was a product."""
    return item.get(IS_DELETED) is True


def catalogue_to_item(item: CatalogueItem) -> dict[str, Any]:
    """A catalogue item as its row, with the attribute names that the published tables have."""
    row = {name: value for name, value in asdict(item).items() if value is not None and name != "kind"}
    row[_id_name(item.kind)] = row.pop("item_id")
    row[f"{item.kind}_picture_s3_url"] = row.pop("picture_s3_url")
    if item.kind is Kind.MODEL and item.user_id is None and item.readiness is Readiness.READY:
        row["stock"] = STOCK
    return dict(to_dynamo(row))


def item_to_catalogue(kind: Kind, item: Mapping[str, Any]) -> CatalogueItem:
    """A row as a catalogue item; a curated row may lack whatever its shop did not write.

    What a shop wrote in a wrong form makes its row a rejected one, with the attributes to mend as the reason, and is
    told to the operator; it breaks neither the pages that list the row nor the jobs that name it.
    """
    plain = plain_values(item)
    item_id, url = plain[_id_name(kind)], f"{kind}_picture_s3_url"
    wrong = [
        f"{name} is {_shown(plain[name])}; write {wanted}"
        for wanted, (is_right, names) in {**FORMS, TEXT: (FORMS[TEXT][0], (*FORMS[TEXT][1], url))}.items()
        for name in names
        if plain.get(name) is not None and not is_right(plain[name])
    ]
    bad = {one.partition(" ")[0] for one in wrong}
    known = {field.name for field in fields(CatalogueItem)}
    values = {name: value for name, value in plain.items() if name in known and value is not None and name not in bad}
    readiness = Readiness.REJECTED if wrong else values.get("readiness")
    if wrong:
        reason = f"its row {item_id} cannot be read: {'; '.join(wrong)}"
        telemetry.report(f"unusable row {item_id}", PictureRejectedError(reason))
        values["readiness_reason"] = reason
    defaults = {"name": item_id, "category": "", "description": "", "auto_imported": False,
                "created_at": "", "updated_at": ""}  # fmt: skip
    return CatalogueItem(
        **{
            **defaults,
            **values,
            "kind": kind,
            "item_id": item_id,
            "picture_s3_url": "" if url in bad else plain.get(url, ""),
            "readiness": Readiness(readiness) if readiness else None,
            "consent": _consent(values.get("consent")),
        }
    )


def _consent(value: Mapping[str, Any] | None) -> Consent | None:
    """A row's consent; what a shop noted beside it is its own."""
    return None if value is None else Consent(value["policy_version"], value["time"])


def _shown(value: Any) -> str:
    """What stands in a row, short: a shop's own word for a thing, or the kind of value that it is."""
    kinds = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "a map"}
    return kinds.get(type(value), "something else")


def _id_name(kind: Kind) -> str:
    return f"{kind}_id"
