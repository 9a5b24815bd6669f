"""The layer and the canvas endpoint check the same contract, each by itself: their schemas must not drift apart."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from scripts.facts import ROOT
from vto import schemas
from vto.domain.contract import MAX_ASPECT, MAX_BODY_BYTES, MAX_SIDE, MIN_SIDE, PIXELS_BELOW, cross_field_violations
from vto.domain.parameters import MASK_OF_TYPE

from canvas import pictures  # isort: skip
from canvas import request as endpoint  # isort: skip

OURS = json.loads((ROOT / "layers/vto/vto/schemas/parameters.schema.json").read_text())
CANVAS = json.loads((ROOT / "canvas/canvas/request.schema.json").read_text())
SAID = {"description", "x-problem", "x-remedy", "title", "$id", "$schema"}
PICTURES = {"sourceImage", "referenceImage"}


def without_refs(schema: Any) -> Any:
    """A schema with its references put in."""
    if isinstance(schema, dict):
        if reference := schema.get("$ref"):
            return without_refs(CANVAS["$defs"][reference.rpartition("/")[2]])
        return {name: without_refs(one) for name, one in schema.items()}
    return [without_refs(one) for one in schema] if isinstance(schema, list) else schema


def rules(schema: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """What a schema wants of each field, by path; fields that must not be sent are left out, as unknown ones are."""
    found = {
        path: {name: one for name, one in schema.items() if name not in SAID and name != "properties"},
    }
    found[path]["required"] = sorted(set(schema.get("required", [])) - PICTURES)
    if "enum" in schema:
        found[path]["enum"] = sorted(schema["enum"])
    for name, one in schema.get("properties", {}).items():
        if "not" not in one and name not in PICTURES:
            found |= rules(one, f"{path}/{name}")
    return found


def the_endpoints() -> dict[str, dict[str, Any]]:
    """The endpoint's rules as if its two objects were one, as ours are."""
    body = without_refs(copy.deepcopy(CANVAS))
    parameters = body["properties"]["virtualTryOnParams"]
    parameters["properties"]["imageGenerationConfig"] = body["properties"]["imageGenerationConfig"]
    return rules(parameters)


# field -> the one thing in which the layer differs on purpose
DIFFERENT = {
    "/imageBasedMask/maskImage": "with us it is the address of an upload, on the wire it is the picture",
    "/promptBasedMask/maskPrompt": "English only: decided by us, see docs/contract.md",
}


def test_field_by_field_both_schemas_want_the_same() -> None:
    ours, theirs = rules(OURS), the_endpoints()
    assert set(ours) == set(theirs)
    assert {path for path in ours if ours[path] != theirs[path]} == set(DIFFERENT)
    prompt = dict(ours["/promptBasedMask/maskPrompt"])
    assert prompt.pop("pattern")
    assert prompt == theirs["/promptBasedMask/maskPrompt"]


def test_the_figures_of_pictures_and_bodies_are_the_same() -> None:
    theirs = (pictures.SHORTEST_SIDE, pictures.LONGEST_SIDE, pictures.PIXELS_BELOW, pictures.NARROWEST)
    assert theirs == (MIN_SIDE, MAX_SIDE, PIXELS_BELOW, MAX_ASPECT)
    assert (MAX_BODY_BYTES, MASK_OF_TYPE) == (endpoint.MAX_BODY_BYTES, endpoint.MASK_OF)


# --- by what they take ------------------------------------------------------------------------------------------------


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Right values of a field, wrong ones, and those just beside the edge."""
    odd: st.SearchStrategy[Any] = st.sampled_from([None, True, "", "?", 0, 1.5, [], {}])
    match schema:
        case {"enum": known}:
            return st.sampled_from(known) | odd
        case {"type": "object"}:
            return documents(schema) | odd
        case {"minimum": least, "maximum": most}:
            return st.sampled_from([least, most, least - 1, most + 1, least - 0.1, most + 0.1, 5, 5.0, 5.5]) | odd
        case {"type": "boolean"}:
            return st.booleans() | odd
    return st.just("s3://bucket/masks/users/me/m.png") | st.just("a" * 1024) | st.just("a" * 1025) | odd


def documents(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: values(one) if "not" not in one else st.just(1) for name, one in schema["properties"].items()}
    return st.fixed_dictionaries({}, optional=fields)


def right(garment_class: str, config: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    mask = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class}}
    return {**mask, "imageGenerationConfig": config, **more}


CONFIG = OURS["properties"]["imageGenerationConfig"]
MOSTLY_RIGHT = st.builds(right, st.sampled_from(["UPPER_BODY", "SHOES", "HAT"]), documents(CONFIG), st.just({}))
VALIDATOR = Draft202012Validator(CANVAS)


@given(document=documents(OURS) | MOSTLY_RIGHT)
def test_what_the_layer_lets_through_the_endpoint_takes_and_the_other_way_round(document: dict[str, Any]) -> None:
    params = {name: one for name, one in document.items() if name != "imageGenerationConfig"}
    body = {"taskType": "VIRTUAL_TRY_ON", "virtualTryOnParams": {"sourceImage": "x", "referenceImage": "x", **params}}
    if "imageGenerationConfig" in document:
        body["imageGenerationConfig"] = document["imageGenerationConfig"]
    if PICTURES & set(params):
        return  # where the pictures stand is the one thing in which the two forms differ
    ours = schemas.violations("parameters", document)
    prompt, mask = (one for one in ("promptBasedMask.maskPrompt", "imageBasedMask.maskImage"))
    if {one.path for one in ours} & {prompt, mask}:
        return  # DIFFERENT
    assert (ours == []) == VALIDATOR.is_valid(body), ours
    if not ours:
        assert (list(_masks(document)) == []) == (list(endpoint._mask_problems(body)) == [])


def _masks(document: dict[str, Any]) -> list[str]:
    return [one.path for one in cross_field_violations(document) if "Styling" not in one.path]


@pytest.mark.parametrize("field", ["width", "height"])
def test_neither_takes_a_size(field: str) -> None:
    document = right("SHOES", {field: 1024}, {})
    (one,) = schemas.violations("parameters", document)
    assert one.path == f"imageGenerationConfig.{field}"
    body = {"taskType": "VIRTUAL_TRY_ON", "virtualTryOnParams": {}, "imageGenerationConfig": {field: 1024}}
    assert any(field in error.absolute_path for error in VALIDATOR.iter_errors(body))
