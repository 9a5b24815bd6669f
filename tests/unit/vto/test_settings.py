"""The environment of a function."""

import pytest

from vto.bootstrap import Settings, SettingsError


def test_a_missing_or_empty_variable_is_named_with_where_to_look() -> None:
    for values in ({}, {"JOBS_TABLE": ""}):
        with pytest.raises(SettingsError, match=r"JOBS_TABLE is missing: see this function in template\.yaml"):
            Settings(values)["JOBS_TABLE"]


def test_a_number_is_read_as_one_and_anything_else_is_named() -> None:
    assert Settings({"REQUESTS_PER_MINUTE": "0.5"}).number("REQUESTS_PER_MINUTE") == 0.5
    with pytest.raises(SettingsError, match="must be a number"):
        Settings({"REQUESTS_PER_MINUTE": "many"}).number("REQUESTS_PER_MINUTE")


@pytest.mark.parametrize(("value", "on"), [("on", True), ("off", False), ("true", False)])
def test_a_switch_is_on_only_when_it_says_on(value: str, on: bool) -> None:
    assert Settings({"DIRECT_START": value}).is_on("DIRECT_START") is on


def test_a_switch_that_is_missing_is_a_mistake_and_not_off() -> None:
    with pytest.raises(SettingsError):
        Settings({}).is_on("DIRECT_START")


def test_engines_are_listed_in_their_order_of_preference() -> None:
    assert Settings({"ENGINES": "nova_canvas, preview"}).engines == ["nova_canvas", "preview"]
    assert Settings({"ENGINES": "preview"}).engines == ["preview"]


def test_an_engine_that_is_named_twice_is_asked_once_and_an_unknown_one_is_a_mistake() -> None:
    assert Settings({"ENGINES": "preview,preview,"}).engines == ["preview"]
    with pytest.raises(SettingsError, match=r"no engine 'canvas_3000'.*nova_canvas"):
        _ = Settings({"ENGINES": "preview,canvas_3000"}).engines


def test_versions_of_engines_may_hold_whatever_an_image_or_a_model_is_called() -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/canvas@sha256:0a+s3://models/fashn/"
    versions = Settings({"ENGINE_VERSIONS": f"nova_canvas=amazon.nova-canvas-v1:0,sagemaker={image}"}).versions
    assert versions == {"nova_canvas": "amazon.nova-canvas-v1:0", "sagemaker": image}
