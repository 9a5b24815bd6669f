"""What a client sends is checked against the contract, and everything wrong with it is said at once."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto import schemas
from vto.domain.parameters import GARMENT_CLASSES
from vto.errors import Violation


def try_on(**parameters: Any) -> dict[str, Any]:
    return {
        "product_id": "p",
        "model_id": "m",
        "parameters": {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}, **parameters},
    }


def generation(**config: Any) -> dict[str, Any]:
    return try_on(imageGenerationConfig=config)


def garment(**mask: Any) -> dict[str, Any]:
    return try_on(garmentBasedMask={"garmentClass": "UPPER_BODY", **mask})


GOOD = [
    {"product_id": "p", "model_id": "m"},
    {"product_id": "p", "model_picture_s3_url": "s3://b/k"},
    {"action": "tryOn", "request_id": "a-1.b:c_D", "product_id": "p" * 128, "model_id": "m" * 128},
    *(garment(garmentClass=one) for one in GARMENT_CLASSES),
    *(garment(maskShape=one) for one in ("CONTOUR", "BOUNDING_BOX", "DEFAULT")),
    *(garment(garmentStyling={"longSleeveStyle": one}) for one in ("SLEEVE_DOWN", "SLEEVE_UP")),
    *(garment(garmentStyling={"tuckingStyle": one}) for one in ("UNTUCKED", "TUCKED")),
    *(garment(garmentStyling={"outerLayerStyle": one}) for one in ("CLOSED", "OPEN")),
    *(
        try_on(maskExclusions={part: one})
        for part in ("preserveBodyPose", "preserveHands", "preserveFace")
        for one in ("ON", "OFF", "DEFAULT")
    ),
    *(try_on(mergeStyle=one) for one in ("BALANCED", "SEAMLESS", "DETAILED")),
    *(try_on(returnMask=one) for one in (True, False)),
    *(try_on(maskType=one) for one in ("GARMENT", "PROMPT", "IMAGE")),
    *(try_on(promptBasedMask={"maskPrompt": one}) for one in ("x", "x" * 1024)),
    *(
        try_on(promptBasedMask={"maskPrompt": "a hat", "maskShape": one})
        for one in ("CONTOUR", "BOUNDING_BOX", "DEFAULT")
    ),
    *(
        try_on(promptBasedMask={"maskPrompt": one})
        for one in ("d\u00e9collet\u00e9", "the sofa\u2019s cushions", "3 cushions \u2013 blue", "T-shirt (white)")
    ),
    generation(numberOfImages=5.0),
    try_on(imageBasedMask={"maskImage": "s3://b/masks/users/u/x.png"}),
    *(generation(numberOfImages=one) for one in (1, 5)),
    *(generation(quality=one) for one in ("standard", "premium")),
    *(generation(cfgScale=one) for one in (1.1, 6.5, 10)),
    *(generation(seed=one) for one in (0, 2_147_483_646)),
]

NOT_ENGLISH = [
    *(
        "\u5e3d\u5b50",
        "\u0448\u043b\u044f\u043f\u0430",
        "hat\nshoes",
        "hat\n",
        "123",
        " ",
        "\U0001f9e2",
        "hat \U0001f9e2",
    ),
    *("\u202ehat", "ha\x00t"),
]
BAD = [
    ({}, "product_id", "is missing"),
    ({"product_id": ""}, "product_id", "must have at least 1 character(s)"),
    ({"product_id": "p" * 129}, "product_id", "must have at most 128 characters"),
    ({"product_id": 7}, "product_id", "must be of type string"),
    ({"product_id": "p", "request_id": "a b"}, "request_id", "may hold only the letters"),
    ({"product_id": "p", "request_id": "x" * 65}, "request_id", "must have at most 64 characters"),
    ({"product_id": "p", "action": "buy"}, "action", "must be 'tryOn'"),
    ({"product_id": "p", "parameters": {}}, "parameters.maskType", "is missing"),
    (try_on(maskType="garment"), "parameters.maskType", "must be one of GARMENT, PROMPT, IMAGE"),
    (try_on(mergeStyle="SHARP"), "parameters.mergeStyle", "must be one of BALANCED, SEAMLESS, DETAILED"),
    (try_on(returnMask="yes"), "parameters.returnMask", "must be of type boolean"),
    (try_on(garmentBasedMask={}), "parameters.garmentBasedMask.garmentClass", "is missing"),
    (try_on(promptBasedMask={"maskPrompt": ""}), "parameters.promptBasedMask.maskPrompt", "at least 1 character"),
    (try_on(promptBasedMask={"maskPrompt": "x" * 1025}), "parameters.promptBasedMask.maskPrompt", "at most 1024"),
    (
        try_on(imageBasedMask={"maskImage": "https://evil.example/x.png"}),
        "parameters.imageBasedMask.maskImage",
        "must be the s3:// address of a mask",
    ),
    (generation(numberOfImages=0), "parameters.imageGenerationConfig.numberOfImages", "must be at least 1"),
    (generation(numberOfImages=6), "parameters.imageGenerationConfig.numberOfImages", "must be at most 5"),
    (generation(numberOfImages=1.5), "parameters.imageGenerationConfig.numberOfImages", "must be of type integer"),
    (generation(quality="best"), "parameters.imageGenerationConfig.quality", "must be one of standard, premium"),
    (generation(cfgScale=1.0), "parameters.imageGenerationConfig.cfgScale", "must be at least 1.1"),
    (generation(cfgScale=10.1), "parameters.imageGenerationConfig.cfgScale", "must be at most 10"),
    (generation(seed=-1), "parameters.imageGenerationConfig.seed", "must be at least 0"),
    (generation(seed=2_147_483_647), "parameters.imageGenerationConfig.seed", "must be at most 2147483646"),
    (generation(seed=True), "parameters.imageGenerationConfig.seed", "must be of type integer"),
    (generation(seed=1.5), "parameters.imageGenerationConfig.seed", "must be of type integer"),
    (generation(seed="5"), "parameters.imageGenerationConfig.seed", "must be of type integer"),
    (generation(seed=None), "parameters.imageGenerationConfig.seed", "must be of type integer"),
    (generation(numberOfImages=True), "parameters.imageGenerationConfig.numberOfImages", "must be of type integer"),
    (generation(cfgScale=True), "parameters.imageGenerationConfig.cfgScale", "must be of type number"),
    (generation(cfgScale="7"), "parameters.imageGenerationConfig.cfgScale", "must be of type number"),
    (generation(width=1024), "parameters.imageGenerationConfig.width", "must not be sent for VIRTUAL_TRY_ON"),
    (generation(height=None), "parameters.imageGenerationConfig.height", "must not be sent for VIRTUAL_TRY_ON"),
    (generation(size=1), "parameters.imageGenerationConfig.size", "is not a known field"),
    (try_on(text="nicer"), "parameters.text", "is not supported by VIRTUAL_TRY_ON"),
    (try_on(negativeText=""), "parameters.negativeText", "is not supported by VIRTUAL_TRY_ON"),
    (try_on(maskImage="aGk="), "parameters.maskImage", "does not stand here"),
    (try_on(sourceImage="aGk="), "parameters.sourceImage", "is not sent with the parameters"),
    *(
        (try_on(promptBasedMask={"maskPrompt": one}), "parameters.promptBasedMask.maskPrompt", "must be English")
        for one in NOT_ENGLISH
    ),
    (garment(garmentClass="HAT"), "parameters.garmentBasedMask.garmentClass", "must be one of UPPER_BODY"),
]


@pytest.mark.parametrize("document", GOOD, ids=json.dumps)
def test_every_value_of_the_contract_is_accepted(document: Any) -> None:
    assert schemas.violations("try_on", document) == []


@pytest.mark.parametrize(("document", "path", "problem"), BAD, ids=lambda value: None)
def test_a_wrong_value_is_named_with_its_path_and_what_to_change(document: Any, path: str, problem: str) -> None:
    found = schemas.violations("try_on", document)
    assert [one.path for one in found] == [path]
    assert problem in found[0].problem
    assert found[0].remedy


def test_all_violations_are_reported_at_once_in_the_order_of_their_paths() -> None:
    found = schemas.violations(
        "try_on",
        {"model_id": 5, "surprise": 1, "parameters": {"mergeStyle": "X", "imageGenerationConfig": {"seed": -1}}},
    )
    assert [one.path for one in found] == [
        "model_id",
        "parameters.imageGenerationConfig.seed",
        "parameters.maskType",
        "parameters.mergeStyle",
        "product_id",
        "surprise",
    ]


def test_an_unknown_field_is_told_together_with_the_known_ones() -> None:
    (one,) = schemas.violations("watch_job", {"action": "watchJob", "job_id": "j", "jobId": "j"})
    assert one == Violation("jobId", "is not a known field", "remove it (known: action, job_id)")


@pytest.mark.parametrize("document", [None, [], "text", 7, True])
def test_something_that_is_no_object_is_one_violation_of_the_whole_request(document: Any) -> None:
    assert schemas.violations("try_on", document) == [
        Violation("(the whole request)", "must be of type object", "send an object with product_id")
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_know_are_refused(number: float) -> None:
    assert schemas.violations("try_on", generation(cfgScale=number))


def test_half_a_unicode_character_is_refused_because_no_table_can_hold_it() -> None:
    assert schemas.violations("try_on", {"product_id": "\ud800", "model_id": "m"})
    assert schemas.violations("try_on", {"product_id": "\U0001f455", "model_id": "m"}) == []


def test_the_answer_to_a_thousand_mistakes_still_fits_into_one_frame() -> None:
    found = schemas.violations("try_on", {f"{i}{'x' * 2000}": i for i in range(1000)})
    assert found
    assert len(json.dumps([one.public() for one in found])) < 20_000


def test_a_long_prompt_that_is_refused_is_refused_at_once() -> None:
    started = time.perf_counter()
    found = schemas.violations("try_on", try_on(promptBasedMask={"maskPrompt": "a" * 1023 + "\n"}))
    assert found
    assert time.perf_counter() - started < 1


@given(seed=st.integers())
def test_exactly_the_seeds_from_0_to_2147483646_are_taken(seed: int) -> None:
    assert (schemas.violations("try_on", generation(seed=seed)) == []) == (0 <= seed <= 2_147_483_646)


@given(scale=st.floats(allow_nan=False, allow_infinity=False))
def test_exactly_the_scales_from_1_1_to_10_are_taken(scale: float) -> None:
    assert (schemas.violations("try_on", generation(cfgScale=scale)) == []) == (1.1 <= scale <= 10)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(document=json_values, schema=st.sampled_from(["try_on", "watch_job", "upload"]))
def test_whatever_is_sent_gets_violations_and_never_a_crash(document: Any, schema: str) -> None:
    for one in schemas.violations(schema, document):
        assert one.path
        assert one.problem
        assert one.remedy


@given(name=st.sampled_from(["product_id", "model_id", "parameters", "request_id"]), value=json_values)
def test_a_field_of_any_shape_is_checked_without_a_crash(name: str, value: Any) -> None:
    document = {"product_id": "p", name: value}
    assert all(one.path for one in schemas.violations("try_on", document))


def test_the_schema_and_the_domain_agree_on_the_garment_classes() -> None:
    document = try_on(garmentBasedMask={"garmentClass": "?"})
    (one,) = schemas.violations("try_on", document)
    assert one.problem == f"must be one of {', '.join(GARMENT_CLASSES)}"


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({"kind": "photo", "content_type": "image/jpeg", "consent": {"policy_version": "1"}}, []),
        ({"kind": "mask", "content_type": "image/png", "consent": {"policy_version": "1"}}, []),
        ({"kind": "photo", "content_type": "image/gif", "consent": {"policy_version": "1"}}, ["content_type"]),
        ({"kind": "avatar"}, ["consent", "content_type", "kind"]),
        (
            {"kind": "mask", "content_type": "image/png", "consent": {"agreed": True}},
            ["consent.agreed", "consent.policy_version"],
        ),
    ],
)
def test_an_upload_says_what_it_is_and_of_which_type(document: Any, paths: list[str]) -> None:
    assert [one.path for one in schemas.violations("upload", document)] == paths
