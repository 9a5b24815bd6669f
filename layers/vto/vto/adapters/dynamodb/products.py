"""``vto-products`` as shoppers look at it and as the shop writes it by hand; imports write it in ``catalogue.py``."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.catalogue import DELETED_UNTIL, IS_DELETED, is_deleted, item_to_catalogue
from vto.adapters.dynamodb.items import conditionally, cursor_of, get_item, page_start, set_and_remove
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.curating import REMEMBERED_DAYS, ProductWords, anew_since, void_until
from vto.errors import StorageUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "by_category"
PICTURE = "product_picture_s3_url"
KNOWN = {one.name for one in fields(CatalogueItem)} - {"kind", "item_id", "picture_s3_url"}
KEPT = {"product_id", PICTURE, IS_DELETED, DELETED_UNTIL, "ttl"}
TRIES = 5


class DynamoProducts:
    """The ``Products`` port."""

    def __init__(self, products: "Table") -> None:
        self._products = products

    def product(self, product_id: str) -> CatalogueItem | None:
        """One product, or None."""
        item = self._row(product_id)
        return item_to_catalogue(Kind.PRODUCT, item) if item and not is_deleted(item) else None

    def products_behind(
        self, after: str | None, *, category: str | None, limit: int
    ) -> tuple[list[CatalogueItem], str | None]:
        """What the table has behind a product, in its own order, and the id behind which to go on.

        A key to start from need not exist, and a page ends after ``limit`` rows or 1 MB, whichever comes first.
        Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.Pagination
        """
        start = {} if after is None else {"product_id": after} | ({"category": category} if category else {})
        asked: dict[str, Any] = {"Limit": limit, **({"ExclusiveStartKey": start} if start else {})}
        with as_storage_error("list products"):
            if category is None:
                page: Mapping[str, Any] = self._products.scan(**asked)
            else:
                page = self._products.query(
                    IndexName=INDEX,
                    KeyConditionExpression="category = :category",
                    ExpressionAttributeValues={":category": category},
                    **asked,
                )
        last = page.get("LastEvaluatedKey")
        found = [item_to_catalogue(Kind.PRODUCT, item) for item in page["Items"] if not is_deleted(item)]
        return found, str(last["product_id"]) if last else None

    def categories_behind(self, mark: str | None) -> tuple[list[str], str | None]:
        """The categories of a page (1 MB) of products that can be tried on, one for each, and the mark of the next."""
        with as_storage_error("count categories"):
            page = self._products.scan(
                IndexName=INDEX,
                ProjectionExpression="category",
                FilterExpression="readiness = :ready",
                ExpressionAttributeValues={":ready": str(Readiness.READY)},
                **page_start(mark, {"product_id", "category"}),
            )
        return [str(item["category"]) for item in page["Items"]], cursor_of(page.get("LastEvaluatedKey"))

    def put_product(self, product_id: str, words: ProductWords, now: datetime) -> tuple[CatalogueItem, bool]:
        """Write what a shop says of a product, its picture untouched; the product, and whether it is new."""
        said = {name: value for name, value in asdict(words).items() if value is not None}
        row = {**said, "updated_at": times.to_iso(now), "created_at": times.to_iso(now), "auto_imported": False}
        gone = {"garment_class"} - said.keys()
        for _ in range(TRIES):
            known = self._row(product_id)
            was_deleted = known is not None and is_deleted(known)
            remove = gone | ({IS_DELETED, PICTURE, "ttl"} if was_deleted else set())
            kept = {DELETED_UNTIL: anew_since(known.get(DELETED_UNTIL), now)} if known and was_deleted else {}
            expression, names, values = set_and_remove({**row, **kept}, remove, keep={"created_at", "auto_imported"})
            answer: dict[str, Any] = {}
            # a deletion between our look and our write would leave half a row; a shop's own tools may write False
            not_deleted = f"attribute_not_exists({IS_DELETED}) OR {IS_DELETED} <> :yes"
            condition = f"{IS_DELETED} = :yes" if was_deleted else not_deleted
            if self._update(
                "put product",
                answer,
                Key={"product_id": product_id},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={**values, ":yes": True},
                ReturnValues="ALL_NEW",
            ):
                return item_to_catalogue(Kind.PRODUCT, answer["Attributes"]), known is None or was_deleted
        raise StorageUnavailableError(f"product {product_id} is deleted and written again and again")

    def delete_product(self, product_id: str, now: datetime) -> str | None:
        """Take a product out of the catalogue, and remember that it was; the address of its original."""
        known = self._row(product_id)
        if known is None:
            return None
        values = {IS_DELETED: True, DELETED_UNTIL: void_until(now), "ttl": times.epoch(now, days=REMEMBERED_DAYS)}
        # all that anybody may have written, and be writing at this moment
        expression, names, values = set_and_remove(values, (KNOWN | known.keys()) - KEPT)
        answer: dict[str, Any] = {}
        is_there = self._update(
            "delete product",
            answer,
            Key={"product_id": product_id},
            UpdateExpression=expression,
            ConditionExpression="attribute_exists(product_id)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        return str(answer["Attributes"].get(PICTURE) or "") if is_there else None

    def _row(self, product_id: str) -> dict[str, Any] | None:
        return get_item(self._products, {"product_id": product_id})

    def _update(self, what: str, answer: dict[str, Any], **update: Any) -> bool:
        return conditionally(what, lambda: answer.update(self._products.update_item(**update)))
