"""What the preview engine promises for any person, product, class and style; checked on small drawn pictures."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from canvas.preview import notes, render
from canvas.preview.body import read_body
from canvas.preview.lowers import is_bent
from canvas.preview.people import read_scene
from canvas.preview.product import cut, cut_outfit, look
from canvas.preview.regions import GROUPS
from canvas.preview.shape import read_lower
from samples.paint import texture

Get = Callable[..., Image.Image]
few = settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def pixels(image: Image.Image) -> NDArray[Any]:
    return np.asarray(image.convert("RGB"), np.int16)


def busy(person: Image.Image) -> Image.Image:
    """The sample person before a wall of other colours, with a rough texture."""
    scene = read_scene(person)
    front = Image.fromarray(scene.front).resize(person.size, Image.Resampling.BICUBIC).convert("L")
    width, height = person.size
    tone = texture(width, height, 5, 24)[..., None] * 40 + texture(width, height, 6, 3)[..., None] * 20
    wall = np.clip(np.asarray([96, 72, 58]) + tone + (np.arange(width) % 90 < 30)[None, :, None] * 95, 0, 255)
    return Image.composite(person, Image.fromarray(wall.astype(np.uint8)), front)


def beside(*pictures: Image.Image) -> Image.Image:
    """Product pictures in one, from left to right."""
    high = min(picture.height for picture in pictures)
    fitted = [picture.resize((round(picture.width * high / picture.height), high)) for picture in pictures]
    sheet = Image.new("RGB", (sum(picture.width for picture in fitted), high), fitted[0].getpixel((3, 3)))
    left = 0
    for picture in fitted:
        sheet.paste(picture, (left, 0))
        left += picture.width
    return sheet


@few
@given(
    garment_class=st.sampled_from(sorted(GROUPS)),
    product=st.sampled_from(["green-hoodie.jpg", "camel-chinos.jpg", "floral-dress.jpg", "red-sneakers.jpg"]),
    shape=st.sampled_from(["CONTOUR", "BOUNDING_BOX", "DEFAULT"]),
    style=st.sampled_from(["BALANCED", "DETAILED"]),
    seed=st.integers(0, 2_147_483_646),
)
def test_whatever_is_asked_for_only_the_mask_changes_and_it_is_black_and_white(
    garment_class: str, product: str, shape: str, style: str, seed: int, picture: Get
) -> None:
    person = picture("standing-person.png", 320)
    parameters = {
        "maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class, "maskShape": shape},
        "mergeStyle": style, "returnMask": True, "imageGenerationConfig": {"seed": seed},
    }  # fmt: skip
    done = render(person, picture(product, 320), None, parameters)
    assert done.mask is not None
    assert done.mask.size == done.images[0].size == person.size
    mask = np.asarray(done.mask)
    assert set(np.unique(mask).tolist()) <= {0, 255}
    assert np.array_equal(pixels(done.images[0])[mask == 255], pixels(person)[mask == 255])


@pytest.mark.parametrize("mask_type", ["GARMENT", "PROMPT", "IMAGE"])
def test_face_and_hands_stay_out_of_every_kind_of_mask(mask_type: str, picture: Get) -> None:
    person = picture("standing-person.png", 320)
    body = read_body(np.asarray(person, np.float32), read_scene(person))
    assert body is not None
    drawn = Image.new("L", person.size, 0) if mask_type == "IMAGE" else None
    parameters = {
        "maskType": mask_type, "garmentBasedMask": {"garmentClass": "UPPER_BODY", "maskShape": "BOUNDING_BOX"},
        "promptBasedMask": {"maskPrompt": "shirt"}, "returnMask": True,
    }  # fmt: skip
    mask = render(person, picture("green-hoodie.jpg", 320), drawn, parameters).mask
    assert mask is not None
    edited = np.asarray(mask) == 0
    assert not edited[body.head > 0.97].any()
    assert not edited[body.hands > 0.97].any()


def test_a_person_before_a_busy_wall_is_found_and_so_is_their_mirror_image(picture: Get) -> None:
    person = picture("standing-person.png", 320)
    here, there, plain = (read_scene(one) for one in (busy(person), ImageOps.mirror(busy(person)), person))
    for scene in (here, there):
        assert scene.face is not None
        assert not scene.plain
        mirrored = slice(None, None, -1 if scene is there else 1)
        for found, true in ((scene.top, plain.top), (scene.bottom, plain.bottom)):
            seen = found[:, mirrored]
            assert (seen & true).sum() > 0.85 * (seen | true).sum()


def test_of_two_people_the_larger_is_dressed(picture: Get) -> None:
    person = picture("standing-person.png", 384)
    small = person.resize((192, 288))
    both = Image.new("RGB", (640, 576), person.getpixel((2, 2)))
    both.paste(small, (20, 240))
    both.paste(person, (240, 0))
    scene = read_scene(both)
    assert scene.face is not None
    assert scene.face.x * 640 / scene.shape[1] > 300


def test_an_outfit_is_two_garments_and_each_class_takes_its_own(picture: Get) -> None:
    both = look(beside(picture("striped-t-shirt.jpg", 320), picture("camel-chinos.jpg", 320)))
    outfit = cut_outfit(both)
    assert outfit is not None
    top, bottom = outfit
    assert top.box[0] < bottom.box[0]
    assert cut(both, "upper").box == top.box
    lower = read_lower(cut(both, "lower").region)
    assert lower is not None
    assert lower.legs is not None
    assert cut_outfit(look(picture("floral-dress.jpg", 320))) is None


def test_an_outfit_dresses_both_halves_and_its_top_alone_only_one(picture: Get) -> None:
    person = picture("standing-person.png", 320)
    both = beside(picture("green-hoodie.jpg", 320), picture("camel-chinos.jpg", 320))

    def changed(garment_class: str) -> tuple[bool, bool]:
        parameters = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class}}
        away = np.abs(pixels(render(person, both, None, parameters).images[0]) - pixels(person)).max(axis=2)
        chest, leg = away[140:190, 145:175], away[300:420, 128:146]
        return bool(np.median(chest) > 40), bool(np.median(leg) > 40)

    assert changed("FULL_BODY") == (True, True)
    assert changed("UPPER_BODY") == (True, False)
    assert changed("LOWER_BODY") == (False, True)


def test_legs_that_stand_are_not_bent(picture: Get) -> None:
    person = picture("standing-person.png", 320)
    body = read_body(np.asarray(person, np.float32), read_scene(person))
    assert body is not None
    assert not is_bent(body)


def test_a_picture_that_shows_no_feet_gets_no_shoes(picture: Get, wear: Callable[..., dict[str, Any]]) -> None:
    person = picture("standing-person.png", 384)
    half = person.crop((0, 0, 384, 330))
    done = render(half, picture("red-sneakers.jpg", 320), None, wear("SHOES"))
    assert done.mask is not None
    assert (np.asarray(done.mask) == 255).all()
    assert done.images[0].tobytes() == half.tobytes()
    assert done.told[0].startswith("garmentClass=is not drawn: feet must be seen")


def test_the_file_says_that_it_is_no_work_of_a_generative_model(picture: Get) -> None:
    parameters = {"maskType": "GARMENT", "imageGenerationConfig": {"seed": 7, "numberOfImages": 2}}
    images = render(picture("standing-person.png", 320), picture("green-hoodie.jpg", 320), None, parameters).images
    buffer = io.BytesIO()
    images[1].save(buffer, "PNG", pnginfo=notes(images[1]))
    text = Image.open(buffer).text  # type: ignore[attr-defined]
    assert "Not made by a generative model" in text["Description"]
    assert text["vto:engine"] == "preview"
    assert text["vto:seed"] == "8"
    assert notes(Image.new("L", (4, 4))) is None


@pytest.mark.parametrize(
    ("prompt", "seen", "unseen"),
    [("the wall", (0.9, 0.1), (0.5, 0.65)), ("floor", (0.04, 0.9), (0.5, 0.2)), ("curtains", (0.03, 0.3), (0.9, 0.3))],
)
def test_a_surface_is_covered_and_what_stands_before_it_is_not(
    prompt: str, seen: tuple[float, float], unseen: tuple[float, float], room: Image.Image, picture: Get
) -> None:
    parameters = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": prompt}, "returnMask": True}
    mask = render(room, picture("floral-dress.jpg", 320), None, parameters).mask
    assert mask is not None
    assert mask.getpixel((int(seen[0] * room.width), int(seen[1] * room.height))) == 0
    assert mask.getpixel((int(unseen[0] * room.width), int(unseen[1] * room.height))) == 255
