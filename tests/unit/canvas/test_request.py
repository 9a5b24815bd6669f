"""The check of a request's body: what the contract allows passes, and every problem is named at once."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from canvas.errors import ValidationError
from canvas.request import read_request


def encoded(image: Image.Image, format_: str = "PNG", **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return base64.b64encode(buffer.getvalue()).decode()


PICTURE = encoded(Image.new("RGB", (320, 480), (120, 80, 60)))


def request(config: Any = None, **params: Any) -> dict[str, Any]:
    """A good GARMENT request, changed by the arguments; a parameter of None is left out."""
    merged = {
        "sourceImage": PICTURE,
        "referenceImage": PICTURE,
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
    } | params
    body: dict[str, Any] = {
        "taskType": "VIRTUAL_TRY_ON",
        "virtualTryOnParams": {key: value for key, value in merged.items() if value is not None},
    }
    return body if config is None else body | {"imageGenerationConfig": config}


def read(body: Any) -> Any:
    return read_request(json.dumps(body).encode())


def refused(body: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(body)
    return caught.value.message


def masked(image: Image.Image, format_: str = "PNG", **options: Any) -> dict[str, Any]:
    mask = {"maskImage": encoded(image, format_, **options)}
    return request(maskType="IMAGE", garmentBasedMask=None, imageBasedMask=mask)


def test_a_good_request_comes_out_decoded_and_without_pictures_in_its_parameters() -> None:
    task = read(request({"seed": 0, "numberOfImages": 5, "cfgScale": 1.1, "quality": "premium"}, returnMask=True))
    assert task.source.size == (320, 480)
    assert task.reference.mode == "RGB"
    assert task.mask is None
    assert task.parameters == {
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
        "returnMask": True,
        "imageGenerationConfig": {"seed": 0, "numberOfImages": 5, "cfgScale": 1.1, "quality": "premium"},
    }


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 2_147_483_647}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"cfgScale": 1.0}, "cfgScale"),
        ({"cfgScale": 10.1}, "cfgScale"),
        ({"numberOfImages": 0}, "numberOfImages"),
        ({"numberOfImages": 6}, "numberOfImages"),
        ({"quality": "best"}, "quality"),
        ({"width": 1024}, "width"),
        ({"height": 1024}, "height"),
        ({"steps": 30}, "steps"),
    ],
)
def test_a_number_out_of_range_is_named(config: dict[str, Any], where: str) -> None:
    message = refused(request(config))
    assert "#/imageGenerationConfig" in message
    assert where in message


@pytest.mark.parametrize(
    "config", [{"seed": 2_147_483_646}, {"cfgScale": 10}, {"cfgScale": 1.1}, {"numberOfImages": 1}]
)
def test_the_ends_of_the_ranges_are_allowed(config: dict[str, Any]) -> None:
    assert read(request(config)).parameters["imageGenerationConfig"] == config


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"maskType": "GARMENTS"}, "#/virtualTryOnParams/maskType"),
        ({"garmentBasedMask": {"garmentClass": "HAT"}}, "garmentBasedMask/garmentClass"),
        ({"garmentBasedMask": {}}, "garmentBasedMask"),
        ({"garmentBasedMask": None}, "#/virtualTryOnParams/garmentBasedMask: is required when maskType is GARMENT"),
        (
            {"promptBasedMask": {"maskPrompt": "hat"}},
            "#/virtualTryOnParams/promptBasedMask: must not be sent when maskType is GARMENT",
        ),
        ({"mergeStyle": "SOFT"}, "mergeStyle"),
        ({"returnMask": "yes"}, "returnMask"),
        ({"maskExclusions": {"preserveFace": "MAYBE"}}, "maskExclusions/preserveFace"),
        ({"text": "a hat"}, "extraneous key [text]"),
        ({"sourceImage": None}, "sourceImage"),
        ({"sourceImage": "data:image/png;base64," + PICTURE}, "#/virtualTryOnParams/sourceImage: is not base64"),
        (
            {"referenceImage": base64.b64encode(b"hello").decode()},
            "#/virtualTryOnParams/referenceImage: is not a readable",
        ),
        ({"maskType": "PROMPT", "garmentBasedMask": None, "promptBasedMask": {"maskPrompt": ""}}, "maskPrompt"),
        ({"maskType": "PROMPT", "garmentBasedMask": None, "promptBasedMask": {"maskPrompt": "a" * 1025}}, "maskPrompt"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], where: str) -> None:
    assert where in refused(request(**change))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"taskType": NaN}', b"[" * 100_000]
)
def test_what_is_no_request_at_all_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        read_request(body)


def test_another_task_is_refused() -> None:
    assert "#/taskType" in refused(request() | {"taskType": "TEXT_IMAGE"})


def test_all_problems_are_named_at_once() -> None:
    message = refused(
        request(
            {"seed": -5, "width": 512, "cfgScale": 99},
            sourceImage="%%%",
            referenceImage=encoded(Image.new("RGB", (100, 100))),
            mergeStyle="SOFT",
            imageBasedMask={"maskImage": PICTURE},
        )
    )
    for part in ("seed", "width", "cfgScale", "sourceImage", "referenceImage", "mergeStyle", "imageBasedMask"):
        assert part in message


def test_no_message_repeats_a_picture() -> None:
    assert len(refused(request(sourceImage="!" + PICTURE * 3, maskType="NONE"))) < 2000


@pytest.mark.parametrize(
    ("size", "allowed"),
    [
        ((320, 320), True),
        ((319, 400), False),
        ((320, 1280), True),
        ((320, 1281), False),
        ((2048, 2047), True),
        ((2048, 2048), False),
        ((4097, 1024), False),
    ],
)
def test_sizes_follow_the_rules_for_input_pictures(size: tuple[int, int], allowed: bool) -> None:
    body = request(sourceImage=encoded(Image.new("RGB", size, "white"), "JPEG"))
    if allowed:
        assert read(body).source.size == size
    else:
        assert "#/virtualTryOnParams/sourceImage" in refused(body)


def test_only_opaque_8_bit_png_and_jpeg_are_pictures() -> None:
    opaque = Image.new("RGBA", (320, 320), (9, 9, 9, 255))
    assert read(request(sourceImage=encoded(opaque))).source.mode == "RGB"
    assert "translucent" in refused(request(sourceImage=encoded(Image.new("RGBA", (320, 320), (9, 9, 9, 254)))))
    assert "colour mode" in refused(request(sourceImage=encoded(Image.new("CMYK", (320, 320)), "JPEG")))
    assert "not a readable" in refused(request(sourceImage=encoded(Image.new("RGB", (320, 320)), "WEBP")))
    sixteen = Image.fromarray(np.zeros((320, 320), np.uint16))
    assert "colour mode" in refused(request(sourceImage=encoded(sixteen)))


def test_a_truncated_picture_is_refused() -> None:
    raw = base64.b64decode(encoded(Image.effect_noise((320, 320), 90).convert("RGB")))
    assert "not a readable" in refused(request(sourceImage=base64.b64encode(raw[: len(raw) // 2]).decode()))


def test_a_mask_must_have_the_source_s_size() -> None:
    assert "320x480" in refused(masked(Image.new("L", (320, 481))))


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_black_and_white_mask_is_read_in_any_mode(mode: str) -> None:
    mask = Image.new("L", (320, 480), 255)
    mask.paste(0, (100, 100, 200, 200))
    task = read(masked(mask.convert(mode)))
    assert task.mask is not None
    assert task.mask.getpixel((150, 150)) == 0
    assert task.mask.getpixel((10, 10)) == 255
    assert task.parameters["imageBasedMask"] == {}


def test_a_mask_with_grey_or_coloured_pixels_is_refused_except_for_what_jpeg_adds() -> None:
    grey = Image.new("L", (320, 480), 255)
    grey.putpixel((5, 5), 254)
    assert "pure black" in refused(masked(grey))
    red = Image.new("RGB", (320, 480), (255, 0, 0))
    assert "pure black" in refused(masked(red))
    square = Image.new("L", (320, 480), 255)
    square.paste(0, (96, 96, 200, 200))
    assert read(masked(square, "JPEG", quality=100)).mask is not None
    assert "pure black" in refused(masked(Image.new("L", (320, 480), 60), "JPEG", quality=100))


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValidationError, match="25000000"):
        read_request(b" " * 25_000_001)
