"""``vto-products`` as shoppers look at it and as the shop writes it by hand, beside the imports of uploads."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.vto.world import shirt
from vto.adapters.dynamodb.catalogue import DynamoCatalogue
from vto.adapters.dynamodb.items import set_and_remove
from vto.adapters.dynamodb.products import DynamoProducts
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.curating import ProductWords
from vto.testing import NOON, FakeClock, FakePictures
from vto.use_cases.browse_products import BrowseProducts, CountCategories

WORDS = ProductWords("Red coat", "coats", "Warm", "LONG_SLEEVE_SHIRT")
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def table_of_products(table: Callable[[str], Any]) -> Any:
    return table("products")


@pytest.fixture
def products(table_of_products: Any) -> DynamoProducts:
    return DynamoProducts(table_of_products)


@pytest.fixture
def imports(table_of_products: Any, table: Callable[[str], Any]) -> DynamoCatalogue:
    return DynamoCatalogue(table_of_products, table("models"))


def upload(seconds: float, item_id: str = "coat", **changes: Any) -> CatalogueItem:
    at = times.after(NOON, seconds)
    return shirt(item_id, source_sequencer=f"{int(seconds):04}", source_time=at, **changes)


def test_words_are_written_beside_the_picture_and_whatever_else_the_shop_keeps_in_the_row(
    products: DynamoProducts, imports: DynamoCatalogue, table_of_products: Any
) -> None:
    imports.record_import(upload(0))
    table_of_products.update_item(
        Key={"product_id": "coat"}, UpdateExpression="SET price = :p", ExpressionAttributeValues={":p": 30}
    )
    item, is_new = products.put_product("coat", WORDS, LATER)
    assert (is_new, item.name, item.garment_class, item.readiness) == (False, "Red coat", WORDS.garment_class, "ready")
    assert products.product("coat") == imports.get(Kind.PRODUCT, "coat") == item
    products.put_product("coat", ProductWords("Red coat", "coats", "", None), LATER)
    row = table_of_products.get_item(Key={"product_id": "coat"})["Item"]
    assert (row["price"], row["auto_imported"], row["created_at"]) == (30, True, times.to_iso(NOON))
    assert "garment_class" not in row


def test_a_new_product_has_the_attributes_of_the_published_table_but_for_its_picture(
    products: DynamoProducts, imports: DynamoCatalogue, table_of_products: Any
) -> None:
    assert products.put_product("coat", WORDS, NOON)[1] is True
    row = table_of_products.get_item(Key={"product_id": "coat"})["Item"]
    assert row == {
        **{"product_id": "coat", "name": "Red coat", "category": "coats", "description": "Warm"},
        **{"garment_class": "LONG_SLEEVE_SHIRT", "auto_imported": False},
        **{"created_at": times.to_iso(NOON), "updated_at": times.to_iso(NOON)},
    }
    assert imports.record_import(upload(5, name="Coat", category="other"))
    row = table_of_products.get_item(Key={"product_id": "coat"})["Item"]
    assert (row["name"], row["category"], row["readiness"]) == ("Red coat", "coats", "ready")


def test_what_remains_of_a_deleted_product_is_seen_by_nobody_and_goes_by_itself(
    products: DynamoProducts, imports: DynamoCatalogue, table_of_products: Any
) -> None:
    imports.record_import(upload(0))
    table_of_products.update_item(
        Key={"product_id": "coat"}, UpdateExpression="SET price = :p", ExpressionAttributeValues={":p": 30}
    )
    assert products.delete_product("coat", LATER) == shirt("coat").picture_s3_url
    assert products.product("coat") is imports.get(Kind.PRODUCT, "coat") is None
    assert products.products_behind(None, category=None, limit=9) == ([], None)
    assert products.products_behind(None, category="upper_body", limit=9) == ([], None)
    assert products.categories_behind(None) == ([], None)
    assert imports.products(limit=9) == ([], None)
    row = table_of_products.get_item(Key={"product_id": "coat"})["Item"]
    assert row.keys() == {"product_id", "product_picture_s3_url", "is_deleted", "deleted_until", "ttl"}
    assert row["ttl"] == times.epoch(LATER, days=30)


@pytest.mark.parametrize(("seconds", "is_back"), [(0, False), (59, False), (65, False), (66, True)])
def test_an_upload_brings_a_deleted_product_back_if_it_came_after(
    products: DynamoProducts, imports: DynamoCatalogue, table_of_products: Any, seconds: float, is_back: bool
) -> None:
    imports.record_import(upload(0))
    products.delete_product("coat", LATER)
    assert imports.record_import(upload(seconds)) is is_back
    assert (products.product("coat") is not None) is is_back
    row = table_of_products.get_item(Key={"product_id": "coat"})["Item"]
    assert ("ttl" in row, "is_deleted" in row) == (not is_back, not is_back)
    assert imports.deleted_until("coat") == times.after(LATER, 5)


def test_a_product_that_is_written_after_its_deletion_is_a_new_one_without_the_old_picture(
    products: DynamoProducts, imports: DynamoCatalogue, table_of_products: Any
) -> None:
    imports.record_import(upload(0))
    products.delete_product("coat", LATER)
    item, is_new = products.put_product("coat", WORDS, LATER)
    assert (is_new, item.readiness, item.picture_s3_url, item.created_at) == (True, None, "", times.to_iso(LATER))
    assert not imports.record_import(upload(30)), "an upload of before is void still"
    assert "ttl" not in table_of_products.get_item(Key={"product_id": "coat"})["Item"]


def test_a_deletion_that_comes_between_the_look_and_the_write_leaves_no_half_product(
    products: DynamoProducts, imports: DynamoCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports.record_import(upload(0))
    look = products._row

    def overtaken(product_id: str) -> dict[str, Any] | None:
        found = look(product_id)
        monkeypatch.setattr(products, "_row", look)
        DynamoProducts(products._products).delete_product(product_id, LATER)
        return found

    monkeypatch.setattr(products, "_row", overtaken)
    item, is_new = products.put_product("coat", WORDS, LATER)
    assert (is_new, item.readiness, item.picture_s3_url) == (True, None, "")


def test_an_id_that_no_key_can_be_is_not_there(products: DynamoProducts) -> None:
    assert products.product("x" * 3000) is None
    assert products.delete_product("x" * 3000, NOON) is None
    assert products.product("") is None


def test_ten_thousand_products_are_searched_and_counted_in_bounded_steps(
    products: DynamoProducts, table_of_products: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some stand for them: what a request reads does not depend on how many there are."""
    with table_of_products.batch_writer() as batch:
        for number in range(1200):
            row = {"product_id": f"p-{number:05}", "name": f"Sock {number}", "readiness": "ready"}
            batch.put_item(Item={**row, **({"category": f"c{number % 3}"} if number % 2 else {})})
    asked: list[dict[str, Any]] = []
    scan, query = table_of_products.scan, table_of_products.query
    monkeypatch.setattr(table_of_products, "scan", lambda **one: [asked.append(one), scan(**one)][1], raising=False)
    monkeypatch.setattr(table_of_products, "query", lambda **one: [asked.append(one), query(**one)][1], raising=False)
    browse = BrowseProducts(products, FakePictures())

    found, cursor, requests = [], None, 0
    while cursor is not None or requests == 0:
        answer = browse({"search": "sock 1199", **({"cursor": cursor} if cursor else {})})
        found += [one["product_id"] for one in answer["products"]]
        cursor, requests = answer["next"], requests + 1
        assert sum(one["Limit"] for one in asked) <= 1000
        asked.clear()
    assert (found, requests) == (["p-01199"], 2)

    of_category, cursor = [], None
    while cursor is not None or not of_category:
        answer = browse({"category": "c1", **({"cursor": cursor} if cursor else {})})
        of_category += [one["product_id"] for one in answer["products"]]
        cursor = answer["next"]
    assert len(of_category) == len(set(of_category)) == 200
    assert {one["IndexName"] for one in asked} == {"by_category"}, "a category is never looked for in the whole table"

    count = CountCategories(products, FakeClock())
    assert count()["categories"] == [{"category": f"c{number}", "products": 200} for number in range(3)]


def test_a_category_is_paged_in_the_order_of_ids_behind_a_product_that_is_gone(
    products: DynamoProducts, imports: DynamoCatalogue
) -> None:
    for name in ("a", "b", "c", "d"):
        imports.record_import(upload(0, name))
    first, following = products.products_behind(None, category="upper_body", limit=2)
    assert ([one.item_id for one in first], following) == (["a", "b"], "b")
    rest, following = products.products_behind("b", category="upper_body", limit=9)
    assert ([one.item_id for one in rest], following) == (["c", "d"], None)


def test_only_what_can_be_tried_on_is_counted(products: DynamoProducts, imports: DynamoCatalogue) -> None:
    imports.record_import(upload(0, "a"))
    imports.record_import(upload(0, "b", readiness=Readiness.REJECTED))
    products.put_product("c", WORDS, NOON)
    assert products.categories_behind(None) == (["upper_body"], None)


def test_a_product_can_be_deleted_whatever_its_shop_called_the_attributes_of_its_own(
    products: DynamoProducts, table_of_products: Any
) -> None:
    odd = {"price-eur": 30, "Größe (EU)": "M", "a.b": 1, "#": 2, "x" * 300: 3}
    table_of_products.put_item(Item={"product_id": "coat", "name": "Coat", **odd})
    assert products.delete_product("coat", LATER) == ""
    row = table_of_products.get_item(Key={"product_id": "coat"})["Item"]
    assert row.keys() == {"product_id", "is_deleted", "deleted_until", "ttl"}


def test_no_placeholder_of_a_removed_attribute_is_one_that_the_table_refuses() -> None:
    expression, names, _ = set_and_remove({"name": "Coat"}, ["price-eur", "Größe (EU)", "a.b", "name-2"])
    assert all(re.fullmatch("#[A-Za-z0-9_]+", one) for one in names)
    assert set(names.values()) == {"name", "price-eur", "Größe (EU)", "a.b", "name-2"}
    assert all(one in expression for one in names)


def test_a_row_that_its_shop_marked_as_not_deleted_can_be_written_and_deleted(
    products: DynamoProducts, table_of_products: Any
) -> None:
    table_of_products.put_item(Item={"product_id": "coat", "name": "Coat", "is_deleted": False})
    item, is_new = products.put_product("coat", WORDS, NOON)
    assert (item.name, is_new) == ("Red coat", False)
    assert products.delete_product("coat", LATER) == ""
    assert products.product("coat") is None


def test_a_picture_that_comes_seconds_after_a_deletion_is_of_the_product_that_was_written_in_between(
    products: DynamoProducts, imports: DynamoCatalogue
) -> None:
    imports.record_import(upload(0))
    products.delete_product("coat", LATER)
    products.put_product("coat", WORDS, LATER + timedelta(seconds=3))
    assert imports.deleted_until("coat") == times.after(LATER, 2)
    assert not imports.record_import(upload(62)), "it came before the product was written"
    assert imports.record_import(upload(63))
