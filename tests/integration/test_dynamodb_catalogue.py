"""``vto-products`` and ``vto-models``: imports keep what a shop has curated, and never go backwards."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, BOB, UPLOADS, photo, shirt
from vto import telemetry
from vto.adapters.dynamodb.catalogue import DynamoCatalogue
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.consent import Consent
from vto.errors import InvalidRequestError
from vto.use_cases.checking_pictures import of_row


@pytest.fixture
def tables(table: Callable[[str], Any]) -> dict[str, Any]:
    return {name: table(name) for name in ("products", "models")}


@pytest.fixture
def catalogue(tables: dict[str, Any]) -> DynamoCatalogue:
    return DynamoCatalogue(tables["products"], tables["models"])


def upload(sequencer: str = "01", **changes: Any) -> CatalogueItem:
    return shirt(source_sequencer=sequencer, **changes)


def product(catalogue: DynamoCatalogue, item_id: str = "blue-shirt") -> CatalogueItem:
    found = catalogue.get(Kind.PRODUCT, item_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "item",
    [
        upload(),
        photo(source_sequencer="01"),
        photo("me", ALICE, source_sequencer="01", ttl=1_800_000_000),
        upload(readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None, sha256=None),
    ],
    ids=["product", "stock model", "photo", "rejected"],
)
def test_an_imported_item_comes_back_as_it_was_recorded(catalogue: DynamoCatalogue, item: CatalogueItem) -> None:
    assert catalogue.record_import(item)
    assert catalogue.get(item.kind, item.item_id) == item


def test_a_row_has_the_attributes_of_the_published_tables(catalogue: DynamoCatalogue, tables: dict[str, Any]) -> None:
    catalogue.record_import(upload())
    catalogue.record_import(photo(source_sequencer="01"))
    common = {"name", "category", "description", "auto_imported", "created_at", "updated_at"}
    for kind in ("product", "model"):
        (row,) = tables[f"{kind}s"].scan()["Items"]
        assert {f"{kind}_id", f"{kind}_picture_s3_url", *common} <= row.keys()
        assert row["auto_imported"] is True
        assert "item_id" not in row


def test_the_same_event_again_is_recorded_once(catalogue: DynamoCatalogue) -> None:
    assert catalogue.record_import(upload())
    assert not catalogue.record_import(upload(sha256="other"))
    assert product(catalogue).sha256 == "shirt-digest"


@pytest.mark.parametrize("order", list(permutations(["01", "02", "03"])))
def test_events_in_any_order_leave_the_last_upload(catalogue: DynamoCatalogue, order: tuple[str, ...]) -> None:
    for sequencer in order:
        catalogue.record_import(upload(sequencer, sha256=f"digest {sequencer}"))
    assert product(catalogue).sha256 == "digest 03"


def test_curated_fields_are_kept_and_the_picture_is_the_new_one(catalogue: DynamoCatalogue) -> None:
    catalogue.record_import(upload("01", name="Mine", description="By hand", category="premium", created_at="2020"))
    catalogue.record_import(
        upload("02", name="other", description="other", category="other", garment_class="SHOES", sha256="new")
    )
    row = product(catalogue)
    assert (row.name, row.description, row.category, row.created_at) == ("Mine", "By hand", "premium", "2020")
    assert (row.garment_class, row.sha256, row.source_sequencer) == ("UPPER_BODY", "new", "02")


def test_a_row_that_a_shop_wrote_by_hand_is_completed_by_the_first_import(
    catalogue: DynamoCatalogue, tables: dict[str, Any]
) -> None:
    tables["products"].put_item(Item={"product_id": "blue-shirt", "name": "Ours", "price": 30, "auto_imported": False})
    bare = product(catalogue)
    assert (bare.name, bare.category, bare.readiness, bare.prepared_s3_url) == ("Ours", "", None, None)
    assert catalogue.record_import(upload())
    row = product(catalogue)
    assert (row.name, row.auto_imported, row.category, row.readiness) == ("Ours", False, "upper_body", Readiness.READY)
    assert tables["products"].get_item(Key={"product_id": "blue-shirt"})["Item"]["price"] == 30


def test_a_good_picture_overwritten_by_a_bad_one_leaves_nothing_of_the_good_one(catalogue: DynamoCatalogue) -> None:
    catalogue.record_import(upload("01"))
    bad = upload(
        "02", readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None, sha256=None,
        width=None, height=None,
    )  # fmt: skip
    catalogue.record_import(bad)
    assert product(catalogue) == bad
    catalogue.record_import(upload("03"))
    assert product(catalogue).readiness_reason is None


def test_products_come_in_pages_that_together_are_all_of_them(catalogue: DynamoCatalogue) -> None:
    names = {f"shirt-{number}" for number in range(5)}
    for name in names:
        catalogue.record_import(upload(item_id=name))
    seen: list[str] = []
    cursor = None
    for _ in range(9):
        page, cursor = catalogue.products(limit=2, cursor=cursor)
        seen += [item.item_id for item in page]
        if cursor is None:
            break
    assert sorted(seen) == sorted(names)


def test_a_cursor_that_is_none_of_ours_is_refused(catalogue: DynamoCatalogue) -> None:
    with pytest.raises(InvalidRequestError):
        catalogue.products(limit=2, cursor="../../etc")


def test_photos_are_listed_for_their_owner_only_the_newest_first(catalogue: DynamoCatalogue) -> None:
    for number, user in enumerate((ALICE, BOB, ALICE)):
        item = photo(f"photo-{number}", user, source_sequencer="01")
        catalogue.record_import(replace(item, created_at=f"2026-11-21T12:00:0{number}.000Z"))
    assert [item.item_id for item in catalogue.models_of(ALICE, limit=9)] == ["photo-2", "photo-0"]
    assert [item.item_id for item in catalogue.models_of(BOB, limit=9)] == ["photo-1"]


def test_photos_come_in_pages_of_their_owner_alone_that_together_are_all_of_them(catalogue: DynamoCatalogue) -> None:
    for number in range(5):
        made = f"2026-11-2{number}T00:00:00.000Z"
        catalogue.record_import(photo(f"me-{number}", ALICE, source_sequencer="01", created_at=made))
    catalogue.record_import(photo("theirs", BOB, source_sequencer="01"))
    pages, cursor = list[list[str]](), None
    while True:
        items, cursor = catalogue.photos_of(ALICE, limit=2, cursor=cursor)
        pages.append([one.item_id for one in items])
        if cursor is None:
            break
        with pytest.raises(InvalidRequestError):
            catalogue.photos_of(BOB, limit=2, cursor=cursor)
    assert pages == [["me-4", "me-3"], ["me-2", "me-1"], ["me-0"]]


def test_no_import_writes_a_photo_that_was_deleted_and_a_name_outlives_one(catalogue: DynamoCatalogue) -> None:
    catalogue.record_import(photo("me", ALICE, source_sequencer="01"))
    named = catalogue.rename_photo("me", ALICE, "Summer", "later")
    assert named is not None
    assert catalogue.record_import(photo("me", ALICE, source_sequencer="02"))
    assert (named.name, catalogue.get(Kind.MODEL, "me").name) == ("Summer", "Summer")  # type: ignore[union-attr]
    assert [catalogue.mark_erased("me", who, "now") for who in (BOB, ALICE, ALICE)] == [False, True, False]
    assert catalogue.rename_photo("me", ALICE, "Winter", "later") is None
    assert not catalogue.record_import(photo("me", ALICE, source_sequencer="03"))
    elsewhere = f"s3://{UPLOADS}/models/users/{ALICE}/other.jpg"
    assert not catalogue.record_import(photo("me", ALICE, source_sequencer="01", picture_s3_url=elsewhere))
    catalogue.delete_photo("me", ALICE)
    assert not catalogue.mark_erased("me", ALICE, "now")  # and makes no row of it
    assert catalogue.get(Kind.MODEL, "me") is None


def test_stock_models_are_found_among_any_number_of_private_photos(
    catalogue: DynamoCatalogue, tables: dict[str, Any]
) -> None:
    big = "x" * 200_000  # DynamoDB reads 1 MB a page, before it filters
    for number in range(12):
        tables["models"].put_item(Item={"model_id": f"photo-{number}", "user_id": ALICE, "note": big})
    catalogue.record_import(photo(source_sequencer="01"))
    assert [item.item_id for item in catalogue.models_of(None, limit=9)] == ["stock-anna"]


def test_no_more_models_are_listed_than_asked_for(catalogue: DynamoCatalogue) -> None:
    for number in range(4):
        catalogue.record_import(photo(f"stock-{number}", source_sequencer="01"))
        catalogue.record_import(photo(f"mine-{number}", ALICE, source_sequencer="01"))
    assert len(catalogue.models_of(None, limit=3)) == 3
    assert len(catalogue.models_of(ALICE, limit=3)) == 3


WRONG = [
    ("width", "768", "width is text; write a whole number"),
    ("height", Decimal("10.5"), "height is a number; write a whole number"),
    ("ttl", True, "ttl is a truth value; write a whole number"),
    ("name", 7, "name is a number; write text"),
    ("description", ["a", "b"], "description is a list; write text"),
    ("garment_class", {"is": "UPPER_BODY"}, "garment_class is a map; write text"),
    ("user_id", 12, "user_id is a number; write text"),
    ("auto_imported", "no", "auto_imported is text; write true or false"),
    ("readiness", "sometimes", "readiness is text; write ready or rejected"),
    ("readiness", 1, "readiness is a number; write ready or rejected"),
    ("prepared_s3_url", "https://shop.example/a.jpg", "prepared_s3_url is text; write an s3:// address"),
    ("prepared_s3_url", 5, "prepared_s3_url is a number; write an s3:// address"),
    ("updated_at", 1795262398, "updated_at is a number; write text"),
    ("sha256", b"bytes", "sha256 is something else; write text"),
    ("consent", "yes", "consent is text; write a map of policy_version and time (2026-11-21T12:00:00.000Z)"),
    *(
        ("consent", wrong, "consent is a map; write a map of policy_version and time (2026-11-21T12:00:00.000Z)")
        for wrong in (
            {},
            {"policy_version": "1"},
            {"policy_version": "1", "time": 1795262398},
            {"policy_version": "1", "time": "yesterday"},
        )
    ),
]


@pytest.mark.parametrize(("attribute", "value", "said"), WRONG)
@pytest.mark.parametrize("kind", Kind)
def test_a_curated_row_in_a_wrong_form_is_rejected_and_says_what_to_mend(
    catalogue: DynamoCatalogue, tables: dict[str, Any], kind: Kind, attribute: str, value: Any, said: str,
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vto")
    good = shirt(source_sequencer="01") if kind is Kind.PRODUCT else photo(source_sequencer="01")
    catalogue.record_import(good)
    row = tables[f"{kind}s"].scan()["Items"][0]
    tables[f"{kind}s"].put_item(Item={**row, attribute: value})
    tables[f"{kind}s"].put_item(Item={**row, f"{kind}_id": "good", f"{kind}_picture_s3_url": None})

    item, listed = catalogue.get(kind, good.item_id), _listed(catalogue, kind)

    assert item is not None
    assert item.readiness is Readiness.REJECTED
    assert item.readiness_reason == f"its row {good.item_id} cannot be read: {said}"
    assert {one.item_id: one.readiness for one in listed} == {
        good.item_id: Readiness.REJECTED, "good": Readiness.READY
    }  # fmt: skip
    assert of_row("product_id", item)[0].violation.problem == item.readiness_reason
    assert item.is_visible_to(BOB) == (kind is Kind.PRODUCT)  # whose photo it is may be what cannot be read
    assert {record.message for record in caplog.records} == {f"unusable row {good.item_id}"}
    telemetry.metrics().clear_metrics()


def _listed(catalogue: DynamoCatalogue, kind: Kind) -> list[CatalogueItem]:
    return catalogue.products(limit=9)[0] if kind is Kind.PRODUCT else catalogue.models_of(None, limit=9)


def test_all_that_is_wrong_with_a_row_is_said_at_once(
    catalogue: DynamoCatalogue, tables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "vto")
    tables["products"].put_item(Item={"product_id": "hat", "width": "a", "name": 1, "product_picture_s3_url": 2})

    assert product(catalogue, "hat") == replace(
        shirt("hat"), name="hat", category="", description="", auto_imported=False, created_at="", updated_at="",
        picture_s3_url="", prepared_s3_url=None, sha256=None, width=None, height=None, garment_class=None,
        readiness=Readiness.REJECTED, readiness_reason="its row hat cannot be read: name is a number; write text; "
        "product_picture_s3_url is a number; write text; width is text; write a whole number",
    )  # fmt: skip
    telemetry.metrics().clear_metrics()


def test_what_a_shop_notes_beside_a_consent_is_its_own(catalogue: DynamoCatalogue, tables: dict[str, Any]) -> None:
    consent = {"policy_version": "1", "time": "2026-11-21T12:00:00.000Z"}
    tables["models"].put_item(Item={"model_id": "me", "user_id": ALICE, "consent": {**consent, "form": "on paper"}})
    item = catalogue.get(Kind.MODEL, "me")
    assert item is not None
    assert item.consent == Consent(**consent)
