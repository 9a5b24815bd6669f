"""The preview engine: what it promises about every picture, and that the product is to be seen on the person."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import canvas
from canvas.preview import Rendered, engine, render
from canvas.preview.people import read_scene
from canvas.preview.regions import GROUPS

Get = Callable[..., Image.Image]
Wear = Callable[..., dict[str, Any]]
Worn = Callable[[str, str], Rendered]

# the product that is tried on with each class that is treated in a way of its own
CLASSES = {
    "UPPER_BODY": "green-hoodie.jpg",
    "LONG_SLEEVE_SHIRT": "denim-jacket.jpg",
    "SHORT_SLEEVE_SHIRT": "striped-t-shirt.jpg",
    "NO_SLEEVE_SHIRT": "striped-t-shirt.jpg",
    "LOWER_BODY": "pleated-skirt.jpg",
    "LONG_PANTS": "camel-chinos.jpg",
    "SHORT_PANTS": "camel-chinos.jpg",
    "FULL_BODY": "floral-dress.jpg",
    "SHORT_DRESS": "floral-dress.jpg",
    "SHOES": "red-sneakers.jpg",
    "BOOTS": "chelsea-boots.jpg",
}


def pixels(image: Image.Image) -> NDArray[Any]:
    return np.asarray(image.convert("RGB"), np.int16)


def edited(mask: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(mask) == 0


def test_every_class_of_the_contract_belongs_to_a_group() -> None:
    schema = json.loads(Path(str(canvas.__file__)).with_name("request.schema.json").read_text(encoding="utf-8"))
    mask = schema["properties"]["virtualTryOnParams"]["properties"]["garmentBasedMask"]
    classes = mask["properties"]["garmentClass"]["enum"]
    assert len(classes) == 18
    assert set(GROUPS) == set(classes)


@pytest.mark.parametrize("garment_class", CLASSES)
def test_a_class_gives_a_picture_that_keeps_all_pixels_outside_its_mask(
    garment_class: str, person: Image.Image, worn: Worn
) -> None:
    done = worn(garment_class, CLASSES[garment_class])
    (image,), mask = done.images, done.mask
    assert mask is not None
    assert image.size == mask.size == person.size
    assert image.mode == "RGB"
    assert mask.mode == "L"
    assert set(np.unique(np.asarray(mask)).tolist()) == {0, 255}
    keep = ~edited(mask)
    assert np.array_equal(pixels(image)[keep], pixels(person)[keep])
    inside = edited(mask)
    changed = np.abs(pixels(image) - pixels(person)).max(axis=2) > 24
    assert changed[inside].mean() > 0.2
    assert 0.004 < inside.mean() < 0.5


@pytest.mark.parametrize(
    ("garment_class", "product", "box", "colour"),
    [
        ("UPPER_BODY", "green-hoodie.jpg", (0.42, 0.27, 0.58, 0.48), (94, 118, 92)),
        ("UPPER_BODY", "denim-jacket.jpg", (0.42, 0.27, 0.58, 0.48), (86, 116, 158)),
        ("LONG_PANTS", "camel-chinos.jpg", (0.40, 0.60, 0.47, 0.88), (186, 146, 100)),
        ("LOWER_BODY", "pleated-skirt.jpg", (0.42, 0.56, 0.58, 0.84), (176, 84, 58)),
        ("FULL_BODY", "floral-dress.jpg", (0.42, 0.30, 0.58, 0.86), (42, 104, 108)),
        ("SHOES", "red-sneakers.jpg", (0.38, 0.91, 0.47, 0.945), (196, 52, 50)),
    ],
)
def test_the_product_s_colour_is_where_it_is_worn(
    garment_class: str, product: str, box: tuple[float, ...], colour: tuple[int, ...], person: Image.Image, worn: Worn
) -> None:
    image = worn(garment_class, product).images[0]
    left, top, right, bottom = (round(part * side) for part, side in zip(box, image.size * 2, strict=True))

    def share(image: Image.Image) -> float:
        away = np.abs(pixels(image)[top:bottom, left:right] - colour).max(axis=2)
        return float((away < 50).mean())

    assert share(image) > 0.25
    assert share(person) < 0.1


def test_face_hair_and_hands_stay_unless_told_otherwise(
    person: Image.Image, picture: Get, wear: Wear, worn: Worn
) -> None:
    hoodie = picture("green-hoodie.jpg", 448)
    image = worn("UPPER_BODY", "green-hoodie.jpg").images[0]
    face = (slice(int(0.08 * person.height), int(0.18 * person.height)), slice(170, 214))
    hand = (slice(int(0.545 * person.height), int(0.59 * person.height)), slice(100, 118))
    for part in (face, hand):
        assert np.array_equal(pixels(image)[part], pixels(person)[part])
    free = render(person, hoodie, None, wear("UPPER_BODY", maskExclusions={"preserveHands": "OFF"})).mask
    kept = worn("UPPER_BODY", "green-hoodie.jpg").mask
    assert free is not None
    assert kept is not None
    assert edited(free).sum() > edited(kept).sum()


def test_one_seed_gives_one_picture_and_another_seed_a_slightly_different_one(
    person: Image.Image, picture: Get, wear: Wear, worn: Worn
) -> None:
    hoodie = picture("green-hoodie.jpg", 448)

    def with_seed(seed: int) -> NDArray[Any]:
        return pixels(render(person, hoodie, None, wear("UPPER_BODY", imageGenerationConfig={"seed": seed})).images[0])

    first = pixels(worn("UPPER_BODY", "green-hoodie.jpg").images[0])
    assert np.array_equal(first, with_seed(12))  # the contract's default
    other = with_seed(2_147_483_646)
    away = np.abs(first - other)
    assert 0.4 < away[away > 0].mean() < 16


def test_several_pictures_differ_and_the_first_is_the_one_that_would_come_alone(
    person: Image.Image, picture: Get, wear: Wear
) -> None:
    shirt = picture("striped-t-shirt.jpg", 448)
    five = render(person, shirt, None, wear("UPPER_BODY", imageGenerationConfig={"numberOfImages": 5, "seed": 7}))
    alone = render(person, shirt, None, wear("UPPER_BODY", imageGenerationConfig={"seed": 7}))
    assert len({image.tobytes() for image in five.images}) == 5
    assert five.images[0].tobytes() == alone.images[0].tobytes()


def test_no_mask_comes_unless_it_is_asked_for(person: Image.Image, picture: Get, wear: Wear) -> None:
    parameters = wear("SHOES") | {"returnMask": False}
    assert render(person, picture("red-sneakers.jpg", 448), None, parameters).mask is None


def test_a_bounding_box_holds_the_contour(person: Image.Image, picture: Get, wear: Wear, worn: Worn) -> None:
    contour = worn("UPPER_BODY", "green-hoodie.jpg").mask
    shape = {"garmentClass": "UPPER_BODY", "maskShape": "BOUNDING_BOX"}
    box = render(person, picture("green-hoodie.jpg", 448), None, wear("UPPER_BODY") | {"garmentBasedMask": shape}).mask
    assert contour is not None
    assert box is not None
    assert edited(box)[edited(contour)].all()
    assert edited(box).sum() > 1.15 * edited(contour).sum()


def test_seamless_touches_the_whole_picture_and_detailed_only_the_mask(
    person: Image.Image, picture: Get, wear: Wear
) -> None:
    shirt = picture("striped-t-shirt.jpg", 448)
    balanced, seamless, detailed = (
        render(person, shirt, None, wear("UPPER_BODY", mergeStyle=style))
        for style in ("BALANCED", "SEAMLESS", "DETAILED")
    )
    assert detailed.mask is not None
    keep = ~edited(detailed.mask)
    assert np.array_equal(pixels(detailed.images[0])[keep], pixels(person)[keep])
    changed = np.abs(pixels(seamless.images[0]) - pixels(person)).max(axis=2)[keep]
    assert changed.any()
    assert changed.mean() < 3
    inside = ~keep
    assert not np.array_equal(pixels(balanced.images[0])[inside], pixels(detailed.images[0])[inside])


def test_an_open_jacket_leaves_the_shirt_under_it(person: Image.Image, picture: Get, wear: Wear) -> None:
    styling = {"garmentClass": "UPPER_BODY", "garmentStyling": {"outerLayerStyle": "OPEN"}}
    image = render(person, picture("denim-jacket.jpg", 448), None, wear("UPPER_BODY") | {"garmentBasedMask": styling})
    middle = (slice(int(0.38 * person.height), int(0.42 * person.height)), slice(188, 196))
    assert np.array_equal(pixels(image.images[0])[middle], pixels(person)[middle])
    side = (slice(int(0.38 * person.height), int(0.42 * person.height)), slice(158, 164))
    assert np.abs(pixels(image.images[0])[side] - pixels(person)[side]).mean() > 40


def test_pushed_up_sleeves_leave_the_forearms_bare(person: Image.Image, picture: Get, wear: Wear, worn: Worn) -> None:
    hoodie = picture("green-hoodie.jpg", 448)
    up = wear("UPPER_BODY") | {
        "garmentBasedMask": {"garmentClass": "UPPER_BODY", "garmentStyling": {"longSleeveStyle": "SLEEVE_UP"}}
    }
    forearm = (slice(int(0.455 * person.height), int(0.47 * person.height)), slice(112, 118))
    low = pixels(worn("UPPER_BODY", "green-hoodie.jpg").images[0])[forearm]
    high = pixels(render(person, hoodie, None, up).images[0])[forearm]
    assert np.abs(low - pixels(person)[forearm]).mean() > 40
    assert np.abs(high - pixels(person)[forearm]).mean() < 6


def test_a_drawn_mask_bounds_what_changes(person: Image.Image, picture: Get) -> None:
    mask = Image.new("L", person.size, 255)
    mask.paste(0, (130, 110, 254, 310))
    done = render(person, picture("green-hoodie.jpg", 448), mask, {"maskType": "IMAGE", "returnMask": True})
    assert done.mask is not None
    assert not (edited(done.mask) & ~edited(mask)).any()
    outside = ~edited(mask)
    assert np.array_equal(pixels(done.images[0])[outside], pixels(person)[outside])
    chest = pixels(done.images[0])[190:240, 180:200].reshape(-1, 3).mean(axis=0)
    assert chest[1] > chest[0] + 8  # green
    assert chest[1] > chest[2] + 8


def test_a_thing_is_painted_into_a_drawn_mask_in_a_room(room: Image.Image, picture: Get) -> None:
    mask = Image.new("L", room.size, 255)
    mask.paste(0, (40, 230, 250, 400))
    done = render(room, picture("emerald-sofa.jpg", 448), mask, {"maskType": "IMAGE", "returnMask": True})
    inside = pixels(done.images[0])[300:380, 60:230].reshape(-1, 3)
    green = (inside[:, 1] > inside[:, 0] + 25) & (inside[:, 1] > inside[:, 2])
    assert green.mean() > 0.3


@pytest.mark.parametrize(
    ("prompt", "product"),
    [("the white T-shirt", "striped-t-shirt.jpg"), ("grey pants", "camel-chinos.jpg"), ("shoes", "red-sneakers.jpg")],
)
def test_a_prompt_that_names_a_garment_finds_it(prompt: str, product: str, person: Image.Image, picture: Get) -> None:
    done = render(
        person, picture(product, 448), None,
        {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": prompt, "maskShape": "CONTOUR"}, "returnMask": True},
    )  # fmt: skip
    assert done.mask is not None
    scene = read_scene(person)
    region = {"striped-t-shirt.jpg": scene.top, "camel-chinos.jpg": scene.bottom, "red-sneakers.jpg": scene.shoes}[
        product
    ]
    worn = np.asarray(Image.fromarray(region).resize(person.size)) > 0
    assert edited(done.mask)[worn].mean() > 0.85


def test_a_prompt_that_names_furniture_finds_it(room: Image.Image, picture: Get) -> None:
    done = render(
        room, picture("emerald-sofa.jpg", 448), None,
        {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "the grey sofa"}, "returnMask": True},
    )  # fmt: skip
    assert done.mask is not None
    rows, columns = np.nonzero(edited(done.mask))
    found = (columns.min(), rows.min(), columns.max(), rows.max())
    assert np.abs(np.asarray(found) - (168, 222, 432, 338)).max() < 16
    seat = pixels(done.images[0])[280:300, 250:350].reshape(-1, 3).mean(axis=0)
    assert seat[1] > seat[0] + 40


def prompted(prompt: str) -> dict[str, Any]:
    return {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": prompt}, "returnMask": True}


def test_a_rug_lies_under_the_table_that_stands_on_it(room: Image.Image, picture: Get) -> None:
    done = render(room, picture("striped-t-shirt.jpg", 448), None, prompted("rug"))
    away = np.abs(pixels(done.images[0]) - pixels(room)).max(axis=2)
    height, width = away.shape
    table = away[round(0.845 * height) : round(0.87 * height), round(0.42 * width) : round(0.62 * width)]
    assert (table == 0).mean() > 0.97
    rug = away[round(0.84 * height) : round(0.90 * height), round(0.25 * width) : round(0.35 * width)]
    assert (rug > 15).mean() > 0.7
    floor = away[round(0.97 * height) :]
    assert not floor.any()
    assert done.told == ("maskPrompt=has the outline of what lay there",)


def test_a_table_on_a_rug_is_told_from_it(room: Image.Image, picture: Get) -> None:
    done = render(room, picture("emerald-sofa.jpg", 448), None, prompted("coffee table"))
    assert done.mask is not None
    rows, columns = np.nonzero(edited(done.mask))
    found = np.asarray((columns.min(), rows.min(), columns.max(), rows.max())) / np.asarray(room.size * 2)
    assert np.abs(found[[0, 2]] - (0.39, 0.66)).max() < 0.04
    assert 0.78 < found[1] < 0.86
    assert found[3] < 0.93
    assert done.told == ()


@pytest.mark.parametrize("prompt", ["hat", "handbag", "something nobody has heard of"])
def test_any_prompt_gives_a_picture(prompt: str, person: Image.Image, picture: Get) -> None:
    parameters = prompted(prompt)
    done = render(person, picture("terracotta-lamp.jpg", 320), None, parameters)
    assert done.mask is not None
    assert edited(done.mask).any()
    assert not np.array_equal(pixels(done.images[0]), pixels(person))
    assert bool(done.told) == prompt.startswith("something")


def test_a_garment_for_a_picture_without_a_person_is_painted_in_the_middle(
    room: Image.Image, picture: Get, wear: Wear
) -> None:
    done = render(room, picture("green-hoodie.jpg", 448), None, wear("UPPER_BODY"))
    assert done.mask is not None
    assert edited(done.mask).any()
    assert done.told[0].startswith("sourceImage=shows nobody")
    assert done.images[0].info["vto:adapted"] == "; ".join(done.told)


@pytest.mark.parametrize("size", [(320, 320), (1280, 320)])
def test_pictures_that_show_nothing_still_give_a_picture(size: tuple[int, int], wear: Wear) -> None:
    blank = Image.new("RGB", size, (200, 200, 200))
    done = render(blank, Image.new("RGB", (320, 320), (90, 20, 20)), None, wear("UPPER_BODY"))
    assert done.images[0].size == size


def test_noise_still_gives_a_picture(wear: Wear) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (400, 330, 3), np.uint8))
    done = render(noise, noise, None, wear("FULL_BODY"))
    assert done.images[0].size == noise.size


def test_a_picture_too_large_to_be_painted_whole_keeps_its_own_pixels_outside_the_mask(
    person: Image.Image, picture: Get, wear: Wear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_PIXELS", person.width * person.height // 3)
    done = render(person, picture("green-hoodie.jpg", 448), None, wear("UPPER_BODY"))
    assert done.mask is not None
    keep = ~edited(done.mask)
    assert np.array_equal(pixels(done.images[0])[keep], pixels(person)[keep])
    assert np.abs(pixels(done.images[0]) - pixels(person))[~keep].mean() > 20


def test_between_a_long_sleeve_and_the_body_the_ground_stays(person: Image.Image, worn: Worn) -> None:
    away = np.abs(pixels(worn("UPPER_BODY", "green-hoodie.jpg").images[0]) - pixels(person)).max(axis=2)
    row = round(0.395 * person.height)
    columns = [round(part * person.width) for part in (0.374, 0.626)]
    assert max(int(away[row - 4 : row + 4, column - 1 : column + 2].max()) for column in columns) < 16
