"""What the stack says of engines that draw in the canvas is what the canvas says of them."""

from dataclasses import fields
from functools import cache

import pytest
from PIL import Image

from canvas.capabilities import Capabilities, negotiated
from canvas.engines import PreviewEngine
from canvas.fashn import FashnEngine, mapping
from canvas.request import TryOn
from canvas.wire import passed_on
from samples.catalogue import sample
from vto.adapters.sagemaker import adaptations_in
from vto.domain.engines import PROFILES, EngineProfile
from vto.domain.parameters import for_garment_class

CANVAS = {"preview": PreviewEngine.capabilities, "sagemaker": FashnEngine.capabilities}
OF_ITS_OWN = {"engine", "version", "deterministic", "generative"}  # no property of a request
# SageMaker's limit on the bytes of an answer lets fewer and smaller pictures through than the container draws
LESS_BY_TRANSPORT = {("sagemaker", "max_images"), ("sagemaker", "max_pixels")}


@pytest.mark.parametrize("name", CANVAS)
@pytest.mark.parametrize("field", [one.name for one in fields(Capabilities) if one.name not in OF_ITS_OWN])
def test_each_capability_of_an_engine_is_declared_alike_on_both_sides(name: str, field: str) -> None:
    declared, drawn = getattr(PROFILES[name], field), getattr(CANVAS[name], field)
    assert declared < drawn if (name, field) in LESS_BY_TRANSPORT else declared == drawn


def test_what_the_container_adapts_is_told_by_the_fields_of_the_request() -> None:
    plain = Capabilities(
        "plain", "1", merge_styles=frozenset({"BALANCED"}), mask_shapes=frozenset(), styling=frozenset(),
        exclusions=frozenset(), qualities=frozenset({"standard"}),
    )  # fmt: skip
    asked = {
        "maskType": "GARMENT",
        "garmentBasedMask": {
            "garmentClass": "UPPER_BODY", "maskShape": "CONTOUR", "garmentStyling": {"tuckingStyle": "TUCKED"},
        },
        "mergeStyle": "DETAILED",
        "maskExclusions": {"preserveFace": "OFF"},
        "imageGenerationConfig": {"quality": "premium"},
    }  # fmt: skip
    _, adapted = negotiated(plain, asked, 1)
    told = adaptations_in(passed_on(adapted))
    assert len(told) == len(adapted)
    for one in told:
        value: object = {"parameters": asked}
        for name in one.path.split("."):
            assert isinstance(value, dict)
            value = value[name]


@cache
def small(file: str) -> Image.Image:
    return sample(file).draw().resize((384, 576))


def try_on(scale: float) -> TryOn:
    """A shirt on a person, with the mask."""
    parameters = {**for_garment_class("UPPER_BODY"), "returnMask": True, "imageGenerationConfig": {"cfgScale": scale}}
    return TryOn(small("standing-person.png"), small("striped-t-shirt.jpg"), None, parameters)


def test_guidance_and_mask_have_an_effect_where_that_is_declared() -> None:
    """The canvas's capabilities have no word for these two: they are looked for in what is drawn."""
    low, high = (PreviewEngine().draw(try_on(scale)) for scale in (1.1, 10.0))
    preview: EngineProfile = PROFILES["preview"]
    assert (low.images[0].tobytes() != high.images[0].tobytes()) is preview.cfg_scale
    assert (low.mask is not None) is preview.returns_mask
    guided = mapping.guidance_of({"cfgScale": 1.1}) != mapping.guidance_of({"cfgScale": 10.0})
    assert guided is PROFILES["sagemaker"].cfg_scale
