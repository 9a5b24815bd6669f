"""How an uploaded object says which catalogue row it becomes."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import photo, shirt
from vto.domain.catalogue import Kind, Upload, comparable_sequencer, model_id_of, product_id_of
from vto.errors import PictureRejectedError

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=40)


@given(keys=st.lists(st.builds("products/{}/{}".format, names, names), unique=True, min_size=2, max_size=8))
def test_different_keys_get_different_product_ids(keys: list[str]) -> None:
    assert len({Upload.from_key(key, {}).item_id for key in keys}) == len(keys)


def test_equal_file_names_in_different_folders_are_different_products() -> None:
    ids = {Upload.from_key(f"products/{folder}/shirt.jpg", {}).item_id for folder in ("men", "women", "kids")}
    assert len(ids) == 3
    assert all(item_id.startswith("shirt-") for item_id in ids)


def test_names_that_differ_only_in_signs_are_different_products() -> None:
    assert product_id_of("products/a+b.jpg") != product_id_of("products/a b.jpg")
    assert product_id_of("products/Ä.jpg") != product_id_of("products/ä.jpg")


@given(name=names)
def test_an_id_is_short_and_readable_whatever_the_file_is_called(name: str) -> None:
    item_id = Upload.from_key(f"products/{name}", {}).item_id
    assert len(item_id) <= 80
    assert item_id.replace("-", "").isalnum()
    assert item_id.isascii()


def test_the_same_key_always_gets_the_same_id() -> None:
    assert Upload.from_key("models/stock/anna.jpg", {}).item_id == model_id_of("models/stock/anna.jpg")


@pytest.mark.parametrize(
    ("key", "category", "garment_class"),
    [
        ("products/upper_body/shirt.jpg", "upper_body", "UPPER_BODY"),
        ("products/tops/summer/shirt.jpg", "tops/summer", "UPPER_BODY"),
        ("products/Shoes/boot.jpg", "Shoes", "FOOTWEAR"),
        ("products/dresses/red.jpg", "dresses", "FULL_BODY"),
        ("products/lamps/tall.jpg", "lamps", None),
        ("products/tall.jpg", "uncategorised", None),
    ],
)
def test_a_products_folder_is_its_category_and_tells_its_class(
    key: str, category: str, garment_class: str | None
) -> None:
    upload = Upload.from_key(key, {})
    assert (upload.kind, upload.category, upload.garment_class) == (Kind.PRODUCT, category, garment_class)


def test_a_shop_names_and_describes_its_products_by_metadata() -> None:
    upload = Upload.from_key(
        "products/upper_body/img_0042.jpg",
        {
            "product-id": "SKU-42",
            "name": "Blue shirt",
            "category": "shirts",
            "description": "Cotton",
            "garment-class": "LONG_SLEEVE_SHIRT",
        },
    )
    assert upload == Upload(Kind.PRODUCT, "SKU-42", "Blue shirt", "shirts", "Cotton", "LONG_SLEEVE_SHIRT")


def test_without_metadata_the_file_name_becomes_a_name_for_people() -> None:
    assert Upload.from_key("products/tops/blue-linen_shirt.v2.jpg", {}).name == "Blue linen shirt v2"


def test_an_unknown_garment_class_falls_back_to_the_folders_and_is_warned_about() -> None:
    upload = Upload.from_key("products/tops/shirt.jpg", {"garment-class": "T_SHIRT"})
    assert upload.garment_class == "UPPER_BODY"
    assert "T_SHIRT" in upload.warnings[0]


def test_a_stock_model_may_be_described_but_has_no_class() -> None:
    upload = Upload.from_key("models/stock/a.jpg", {"name": "Anna", "garment-class": "UPPER_BODY", "product-id": "x"})
    assert (upload.kind, upload.name, upload.garment_class, upload.user_id) == (Kind.MODEL, "Anna", None, None)
    assert upload.item_id == model_id_of("models/stock/a.jpg")


def test_a_private_photo_belongs_to_the_user_of_its_folder_and_its_metadata_is_not_believed() -> None:
    upload = Upload.from_key(
        "models/users/alice/me.jpg",
        {"name": "Free shirts", "category": "stock", "product-id": "SKU-1", "user-id": "bob", "description": "buy"},
    )
    assert (upload.user_id, upload.name, upload.category) == ("alice", "My photo", "personal")
    assert upload.description == ""


def test_a_private_photos_file_name_is_not_repeated_in_its_id() -> None:
    assert "passport" not in Upload.from_key("models/users/alice/passport-anna-smith.jpg", {}).item_id


@pytest.mark.parametrize(
    "key", ["models/me.jpg", "models/alice/me.jpg", "models/users/me.jpg", "models/users//me.jpg", "models/Stock/a.jpg"]
)
def test_a_photo_in_a_wrong_folder_is_refused_and_so_can_never_become_public(key: str) -> None:
    with pytest.raises(PictureRejectedError) as refused:
        Upload.from_key(key, {})
    assert "models/stock/" in refused.value.violations[0].remedy
    assert "models/users/{user_id}/" in refused.value.violations[0].remedy


def test_products_and_stock_models_are_everybodys_and_a_photo_its_owners() -> None:
    assert shirt().is_visible_to("bob")
    assert photo().is_visible_to("bob")
    assert photo(user_id="alice").is_visible_to("alice")
    assert not photo(user_id="alice").is_visible_to("bob")
    assert not photo(user_id="alice").is_visible_to("")


@given(numbers=st.lists(st.integers(0, 16**16 - 1), min_size=2, unique=True))
def test_sequencers_of_one_length_keep_their_order(numbers: list[int]) -> None:
    sequencers = [f"{number:016X}" for number in sorted(numbers)]
    assert all(comparable_sequencer(one) < comparable_sequencer(two) for one, two in pairwise(sequencers))


@given(sequencer=st.text("0123456789ABCDEF", min_size=16, max_size=20), more=st.text("123456789ABCDEF", max_size=6))
def test_a_longer_sequencer_is_compared_as_if_the_shorter_one_were_padded_with_zeros(sequencer: str, more: str) -> None:
    assert comparable_sequencer(sequencer) == comparable_sequencer(sequencer + "0")
    if more:
        assert comparable_sequencer(sequencer) < comparable_sequencer(sequencer + more)


def test_sequencers_in_either_case_are_the_same() -> None:
    sequencer = f"{random.Random(7).getrandbits(64):016x}"
    assert comparable_sequencer(sequencer.upper()) == comparable_sequencer(sequencer)
