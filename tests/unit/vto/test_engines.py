"""What engines declare, and what that makes of a request: done, adapted visibly, or left to the next engine."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto import schemas
from vto.domain.engines import (
    EXCLUSIONS,
    MASK_SHAPES,
    MASK_TYPES,
    MERGE_STYLES,
    PROFILES,
    QUALITIES,
    STYLING,
    EngineProfile,
    able,
    adaptations,
    adapted,
    misfits,
    refusals,
)
from vto.domain.parameters import GARMENT_CLASSES, Parameters, canonical, for_garment_class
from vto.domain.pictures import TIER_PIXELS
from vto.errors import Violation

names = st.sampled_from(sorted(PROFILES))
orders = st.lists(names, min_size=1, max_size=4, unique=True)
shapes = st.sampled_from(["CONTOUR", "BOUNDING_BOX", "DEFAULT"])
switches = st.sampled_from(["ON", "OFF", "DEFAULT"])


@st.composite
def requests(draw: st.DrawFn) -> Parameters:
    """Any parameters that the schema and the cross-field rules let through."""
    kind = draw(st.sampled_from(sorted(MASK_TYPES)))
    given: dict[str, Any] = {"maskType": kind}
    if kind == "GARMENT":
        given["garmentBasedMask"] = {"garmentClass": draw(st.sampled_from(GARMENT_CLASSES))}
        styling = {
            "longSleeveStyle": st.sampled_from(["SLEEVE_DOWN", "SLEEVE_UP"]),
            "tuckingStyle": st.sampled_from(["UNTUCKED", "TUCKED"]),
            "outerLayerStyle": st.sampled_from(["CLOSED", "OPEN"]),
        }
        if cues := draw(st.fixed_dictionaries({}, optional=styling)):
            given["garmentBasedMask"]["garmentStyling"] = cues
    if kind == "PROMPT":
        given["promptBasedMask"] = {"maskPrompt": "sofa"}
    if kind == "IMAGE":
        given["imageBasedMask"] = {"maskImage": "s3://uploads/masks/users/a/m.png"}
    elif draw(st.booleans()):
        given[{"GARMENT": "garmentBasedMask", "PROMPT": "promptBasedMask"}[kind]]["maskShape"] = draw(shapes)
    optional: dict[str, Any] = {
        "mergeStyle": st.sampled_from(sorted(MERGE_STYLES)),
        "returnMask": st.booleans(),
        "maskExclusions": st.dictionaries(st.sampled_from(sorted(EXCLUSIONS)), switches),
        "imageGenerationConfig": st.fixed_dictionaries(
            {},
            optional={
                "numberOfImages": st.integers(1, 5),
                "quality": st.sampled_from(sorted(QUALITIES)),
                "cfgScale": st.sampled_from([1.1, 6.5, 10]),
                "seed": st.sampled_from([0, 12, 2_147_483_646]),
            },
        ),
    }
    return canonical({**given, **draw(st.fixed_dictionaries({}, optional=optional))})


def leaves(value: Any, path: str = "parameters") -> dict[str, Any]:
    if isinstance(value, dict):
        return {name: leaf for key, one in value.items() for name, leaf in leaves(one, f"{path}.{key}").items()}
    return {path: value}


@given(names, requests())
def test_what_an_engine_is_given_differs_from_the_request_exactly_where_the_shopper_is_told(
    name: str, request: Parameters
) -> None:
    profile = PROFILES[name]
    before, after = leaves(request), leaves(adapted(profile, request))
    different = {path for path in before if after.get(path) != before[path]}
    told = [one.path for one in adaptations(profile, request) if one not in profile.always]
    assert after.keys() <= before.keys()
    assert sorted(different) == sorted(told)


@given(names, requests())
def test_what_has_been_adapted_needs_no_more_adapting_and_is_still_a_right_request(
    name: str, request: Parameters
) -> None:
    profile = PROFILES[name]
    once = adapted(profile, request)
    assert adapted(profile, once) == once
    assert adaptations(profile, once) == profile.always
    assert schemas.violations("try_on", {"product_id": "p", "parameters": once}) == []
    assert misfits(profile, once) == misfits(profile, request)


@given(names, requests())
def test_adapting_leaves_the_request_itself_alone(name: str, request: Parameters) -> None:
    before = repr(request)
    adapted(PROFILES[name], request)
    assert repr(request) == before


@given(orders, requests(), st.none() | st.integers(1, 5_000_000), st.none() | st.integers(1, 30_000_000))
def test_a_request_is_refused_exactly_when_no_engine_can_do_it(
    order: list[str], request: Parameters, pixels: int | None, body_bytes: int | None
) -> None:
    fit = able(order, request, pixels, body_bytes)
    assert bool(refusals(order, request, pixels, body_bytes)) is not bool(fit)
    assert fit == [name for name in order if name in fit]  # in the operator's order


@given(orders, requests())
def test_the_engine_that_keeps_the_whole_contract_does_everything_and_adapts_nothing(
    order: list[str], request: Parameters
) -> None:
    assert able([*order, "nova_canvas"], request)
    assert adaptations(PROFILES["nova_canvas"], request) == ()
    assert adapted(PROFILES["nova_canvas"], request) == request


def test_a_refusal_names_the_field_and_what_would_be_possible() -> None:
    (problem,) = refusals(["fashn_api"], {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}})
    assert problem == Violation("parameters.maskType", "cannot be PROMPT here", "use GARMENT")
    (problem,) = refusals(["fashn_api", "sagemaker"], for_garment_class("BOOTS"))
    assert problem.path == "parameters.garmentBasedMask.garmentClass"
    assert "cannot be BOOTS here" in problem.problem
    assert "UPPER_BODY" in problem.remedy


def test_a_refusal_asks_for_the_fewest_changes_that_would_do() -> None:
    huge = 4_000_000
    request = {"maskType": "IMAGE", "imageBasedMask": {}}
    assert [one.path for one in misfits(PROFILES["sagemaker"], request, huge)] == ["model_id"]
    assert [one.path for one in refusals(["fashn_api", "sagemaker"], request, huge)] == ["parameters.maskType"]


def test_a_request_is_as_large_as_the_engine_takes_it_and_not_a_byte_larger() -> None:
    request, limit = canonical(for_garment_class("UPPER_BODY")), PROFILES["sagemaker"].max_body_bytes
    assert misfits(PROFILES["sagemaker"], request, None, limit) == ()
    (problem,) = misfits(PROFILES["sagemaker"], request, None, limit + 1)
    assert "use pictures with fewer bytes" in problem.remedy
    assert able(["sagemaker", "preview"], request, None, limit + 1) == ["preview"]


def test_five_pictures_become_as_many_as_the_engine_makes_and_that_is_told() -> None:
    request = canonical({**for_garment_class("UPPER_BODY"), "imageGenerationConfig": {"numberOfImages": 5}})
    told, *always = adaptations(PROFILES["fashn_api"], request)
    assert told.public() == {
        "path": "parameters.imageGenerationConfig.numberOfImages",
        "change": "4 instead of 5: the most that this engine makes at once",
    }
    assert tuple(always) == PROFILES["fashn_api"].always


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_engine_declares_values_of_the_contract_and_takes_pictures_as_they_are_prepared(
    profile: EngineProfile,
) -> None:
    assert profile.mask_types <= MASK_TYPES
    assert profile.garment_classes <= set(GARMENT_CLASSES)
    assert profile.mask_shapes <= MASK_SHAPES
    assert profile.merge_styles <= MERGE_STYLES
    assert profile.styling <= STYLING
    assert profile.exclusions <= EXCLUSIONS
    assert profile.qualities <= QUALITIES
    assert len(profile.qualities) in (1, 2)  # with one quality, it is the one that takes the other's place
    assert not profile.merge_styles or "BALANCED" in profile.merge_styles  # as that one does among the styles
    assert profile.max_pixels >= TIER_PIXELS
    assert profile.price.source.startswith("https://")
    assert profile.price.date == "2026-11-21"


def test_a_picture_costs_what_its_tier_costs() -> None:
    price = PROFILES["nova_canvas"].price
    assert price.of_image(1024 * 1024, "standard") == 0.04
    assert price.of_image(1024 * 1024, "premium") == 0.06
    assert price.of_image(1024 * 1024 + 1, "standard") == 0.06
    assert price.of_image(5_000_000, "standard") is None
    assert PROFILES["sagemaker"].price.of_image(1, "standard") is None  # its hours are paid, not its pictures
