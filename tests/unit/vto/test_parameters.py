"""Nova Canvas's parameters: what belongs together, and when two requests mean the same."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto import schemas
from vto.domain.contract import cross_field_violations
from vto.domain.parameters import (
    FOOTWEAR,
    FULL_BODY,
    GARMENT_CLASSES,
    LOWER_BODY,
    UPPER_BODY,
    cache_key,
    canonical,
    fingerprint,
    for_garment_class,
)

MASKS: dict[str, Any] = {
    "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
    "promptBasedMask": {"maskPrompt": "the hat"},
    "imageBasedMask": {"maskImage": "s3://b/masks/users/u/m.png"},
}
MASK_OF = {"GARMENT": "garmentBasedMask", "PROMPT": "promptBasedMask", "IMAGE": "imageBasedMask"}


@pytest.mark.parametrize(("mask_type", "mask"), MASK_OF.items())
def test_the_one_mask_that_belongs_to_the_type_is_right(mask_type: str, mask: str) -> None:
    assert list(cross_field_violations({"maskType": mask_type, mask: MASKS[mask]})) == []


@pytest.mark.parametrize("mask_type", MASK_OF)
def test_a_missing_mask_and_each_foreign_one_are_named(mask_type: str) -> None:
    foreign = {name: mask for name, mask in MASKS.items() if name != MASK_OF[mask_type]}
    found = list(cross_field_violations({"maskType": mask_type, **foreign}))
    assert [one.path for one in found] == [f"parameters.{name}" for name in (MASK_OF[mask_type], *foreign)]
    assert all(one.remedy for one in found)


@pytest.mark.parametrize("garment_class", GARMENT_CLASSES)
def test_styling_works_only_with_upper_and_full_body_classes(garment_class: str) -> None:
    mask = {"garmentClass": garment_class, "garmentStyling": {"tuckingStyle": "TUCKED"}}
    found = list(cross_field_violations({"maskType": "GARMENT", "garmentBasedMask": mask}))
    assert bool(found) == (garment_class in (*LOWER_BODY, *FOOTWEAR))
    assert all(one.path == "parameters.garmentBasedMask.garmentStyling" for one in found)


def test_there_are_eighteen_garment_classes_in_four_groups() -> None:
    assert len(set(GARMENT_CLASSES)) == 18
    assert set(GARMENT_CLASSES) == {*UPPER_BODY, *LOWER_BODY, *FULL_BODY, *FOOTWEAR}


@pytest.mark.parametrize("garment_class", GARMENT_CLASSES)
def test_a_product_without_parameters_gets_complete_ones_from_its_class(garment_class: str) -> None:
    parameters = for_garment_class(garment_class)
    assert schemas.violations("parameters", parameters) == []
    assert list(cross_field_violations(parameters)) == []


configs = st.fixed_dictionaries(
    {},
    optional={
        "numberOfImages": st.integers(1, 5),
        "quality": st.sampled_from(["standard", "premium"]),
        "cfgScale": st.floats(1.1, 10, allow_nan=False) | st.integers(2, 10),
        "seed": st.integers(0, 2_147_483_646),
    },
)
all_parameters = st.fixed_dictionaries(
    {"maskType": st.just("GARMENT"), "garmentBasedMask": st.just({"garmentClass": "SHOES"})},
    optional={"imageGenerationConfig": configs, "returnMask": st.booleans(), "mergeStyle": st.just("SEAMLESS")},
)


def as_from_dynamodb(value: Any) -> Any:
    """What a table gives back for what was put into it."""
    match value:
        case dict():
            return {name: as_from_dynamodb(one) for name, one in value.items()}
        case bool() | str():
            return value
        case int() | float():
            return Decimal(str(value))
    raise AssertionError(value)


@given(all_parameters)
def test_canonical_parameters_are_complete_valid_and_stay_as_they_are(parameters: dict[str, Any]) -> None:
    once = canonical(parameters)
    assert set(once["imageGenerationConfig"]) == {"numberOfImages", "quality", "cfgScale", "seed"}
    assert schemas.violations("parameters", once) == []
    assert canonical(once) == once


@given(all_parameters)
def test_a_way_through_the_table_changes_neither_parameters_nor_fingerprint(parameters: dict[str, Any]) -> None:
    stored = canonical(as_from_dynamodb(canonical(parameters)))
    assert stored == canonical(parameters)
    assert fingerprint(stored) == fingerprint(canonical(parameters))


def test_what_the_client_chose_wins_over_the_defaults_even_when_it_is_zero() -> None:
    config = canonical({"maskType": "GARMENT", "imageGenerationConfig": {"seed": 0}})["imageGenerationConfig"]
    assert config == {"numberOfImages": 1, "quality": "standard", "cfgScale": 6.5, "seed": 0}


def test_saying_a_default_and_leaving_it_out_mean_the_same() -> None:
    said = {"maskType": "GARMENT", "imageGenerationConfig": {"quality": "standard", "numberOfImages": 1}}
    assert fingerprint(canonical(said)) == fingerprint(canonical({"maskType": "GARMENT"}))


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=2, max_size=6))
def test_the_order_of_fields_does_not_matter(document: dict[str, Any]) -> None:
    assert fingerprint(dict(reversed(document.items()))) == fingerprint(document)


KEY: dict[str, Any] = {
    "source_sha256": "s",
    "reference_sha256": "r",
    "mask_sha256": None,
    "parameters": canonical(for_garment_class("UPPER_BODY")),
    "engine": "preview:2",
    "owner": None,
}


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("source_sha256", "other"),
        ("reference_sha256", "other"),
        ("mask_sha256", "drawn"),
        ("engine", "nova_canvas:amazon.nova-canvas-v1:0"),
        ("owner", "alice"),
        ("parameters", canonical(for_garment_class("LOWER_BODY"))),
        (
            "parameters",
            canonical({**for_garment_class("UPPER_BODY"), "imageGenerationConfig": {"seed": 13}}),
        ),
    ],
)
def test_changing_any_one_thing_gives_another_cache_key(what: str, value: Any) -> None:
    assert cache_key(**{**KEY, what: value}) != cache_key(**KEY)


def test_pictures_of_two_owners_never_share_a_key_however_equal_they_are() -> None:
    assert cache_key(**{**KEY, "owner": "alice"}) != cache_key(**{**KEY, "owner": "bob"})


def test_person_and_product_do_not_change_places_unnoticed() -> None:
    assert cache_key(**{**KEY, "source_sha256": "r", "reference_sha256": "s"}) != cache_key(**KEY)


def test_where_a_mask_lies_does_not_matter_only_what_is_drawn_on_it() -> None:
    def key(address: str) -> str:
        masked = {**KEY["parameters"], "imageBasedMask": {"maskImage": address}}
        return cache_key(**{**KEY, "parameters": masked, "mask_sha256": "drawn"})

    assert key("s3://b/masks/users/u/1.png") == key("s3://b/masks/users/u/2.png")
