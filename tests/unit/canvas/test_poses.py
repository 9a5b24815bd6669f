"""People who sit, who are seen from the side or without a head, and shoes that are seen from another side."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from canvas.engines import PreviewEngine
from canvas.preview import render
from canvas.preview.arrays import Bools, Floats, floats
from canvas.preview.body import Body, read_body
from canvas.preview.flow import flow_over_legs
from canvas.preview.lowers import TO_THE_ENDS, drape_skirt, is_bent
from canvas.preview.people import read_scene
from canvas.preview.product import cut, look
from canvas.preview.regions import class_limit
from canvas.preview.shoes import RECOLOURED, put_on_shoes
from canvas.preview.worn import Pull
from canvas.request import TryOn

Get = Callable[..., Image.Image]
Wear = Callable[..., dict[str, Any]]


def pixels(image: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(image.convert("RGB"), np.int16)


def box(body: Body, left: float, top: float, right: float, bottom: float) -> Bools:
    """A box in parts of the working picture."""
    height, width = body.scene.shape
    found = np.zeros((height, width), np.bool_)
    found[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return found


@pytest.fixture(scope="module")
def standing(picture: Get) -> Body:
    person = picture("standing-person.png")
    body = read_body(floats(person), read_scene(person))
    assert body is not None
    return body


@pytest.fixture(scope="module")
def seated(standing: Body) -> Body:
    """The sample person with other legs: thighs to both sides, and from the knees straight down."""
    thighs = box(standing, 0.2, 0.53, 0.8, 0.61)
    legs = thighs | box(standing, 0.2, 0.53, 0.32, 0.86) | box(standing, 0.68, 0.53, 0.8, 0.86)
    nothing = np.zeros_like(legs)
    scene = replace(standing.scene, bottom=legs, shoes=nothing, skin=standing.scene.skin & standing.scene.head)
    matte = floats(np.asarray(Image.fromarray(legs).resize(standing.size)))
    return replace(standing, scene=scene, bottom=matte, shoes=np.zeros_like(matte), skin=floats(standing.skin * 0))


def at(values: Floats | Bools, x: float, y: float) -> float:
    return float(values[round(y * values.shape[0]), round(x * values.shape[1])])


def test_a_skirt_over_bent_legs_runs_from_waist_to_hem_and_from_side_to_side(seated: Body) -> None:
    flow = flow_over_legs(seated, belt=False)
    assert is_bent(seated)
    assert flow is not None
    assert at(flow.region, 0.5, 0.75)  # between the legs
    assert not at(flow.region, 0.5, 0.9)
    assert at(flow.down, 0.5, 0.54) < 0.1 < at(flow.down, 0.5, 0.65) < at(flow.down, 0.5, 0.83)
    assert at(flow.down, 0.5, 0.85) > 0.9
    across = [at(flow.across, x, 0.7) for x in (0.22, 0.35, 0.5, 0.65, 0.78)]
    assert across == sorted(across)
    assert across[0] < 0.1
    assert abs(across[2] - 0.5) < 0.05
    assert across[4] > 0.9


def test_a_skirt_over_bent_legs_hides_them_and_a_short_one_ends_at_the_knees(seated: Body, picture: Get) -> None:
    skirt = cut(look(picture("pleated-skirt.jpg", 448)), "lower")
    whole, short = drape_skirt(seated, skirt), drape_skirt(seated, skirt, short=True)
    assert whole is not None
    assert short is not None
    assert whole.told == [TO_THE_ENDS]
    assert at(whole.cover, 0.26, 0.8) > 0.9
    assert at(short.cover, 0.26, 0.8) < 0.1
    assert at(short.cover, 0.5, 0.6) > 0.9
    red, green, blue = (float(np.median(whole.colours[..., c][whole.cover > 0.9])) for c in range(3))
    assert red > green + 40
    assert red > blue + 40


def test_shorts_on_bent_legs_end_half_way_along_each_leg(seated: Body) -> None:
    limit = class_limit(seated, "SHORT_PANTS", bent=True)
    assert limit is not None
    for side in (0.26, 0.74):
        assert at(limit, side, 0.57)
        assert not at(limit, side, 0.83)
    assert class_limit(seated, "SHORT_DRESS", bent=True) is None


def test_shoes_seen_from_another_side_give_the_worn_ones_their_colour_and_keep_their_light(
    standing: Body, picture: Get
) -> None:
    width, height = standing.size
    shoe = box(standing, 0.3, 0.9, 0.75, 0.97)
    matte = floats(np.asarray(Image.fromarray(shoe).resize(standing.size)))
    shade = np.where(np.arange(width) < width // 2, 60, 150)[None, :, None]
    turned = replace(
        standing, feet=((0.3 * width, 0.9 * height, 0.75 * width, 0.97 * height),), shoes=matte,
        scene=replace(standing.scene, shoes=shoe), pixels=floats(np.broadcast_to(shade, (height, width, 3))),
    )  # fmt: skip
    sneakers = cut(look(picture("red-sneakers.jpg", 448)), "feet")
    worn = put_on_shoes(turned, sneakers, boots=False)
    assert worn is not None
    assert worn.told == [RECOLOURED]
    assert worn.lit
    dark, light = (worn.colours[round(0.93 * height), round(x * width)] for x in (0.4, 0.6))
    assert light[0] > 1.8 * dark[0]
    assert light[0] > 2 * light[1]
    assert put_on_shoes(standing, sneakers, boots=False).told == []  # type: ignore[union-attr]


def test_a_boot_s_shaft_goes_into_the_trouser_leg(person: Image.Image, picture: Get, wear: Wear) -> None:
    image = render(person, picture("chelsea-boots.jpg", 448), None, wear("BOOTS")).images[0]
    leg = (slice(round(0.7 * person.height), round(0.87 * person.height)), slice(152, 172))
    assert np.array_equal(pixels(image)[leg], pixels(person)[leg])
    foot = pixels(image)[round(0.935 * person.height), 152:172]
    assert np.abs(foot - pixels(person)[round(0.935 * person.height), 152:172]).max() > 20


def test_a_body_whose_head_is_out_of_the_picture_is_dressed(person: Image.Image, picture: Get, wear: Wear) -> None:
    headless = person.crop((0, round(0.185 * person.height), *person.size))
    done = render(headless, picture("camel-chinos.jpg", 448), None, wear("LONG_PANTS"))
    away = np.abs(pixels(done.images[0]) - pixels(headless)).max(axis=2)
    leg = away[round(0.55 * headless.height) : round(0.85 * headless.height), 155:170]
    assert done.told == ()
    assert np.median(leg) > 30
    assert not away[: round(0.35 * headless.height)].any()


def test_a_body_seen_from_the_side_gets_the_whole_length_of_a_dress_and_the_answer_says_so(
    person: Image.Image, picture: Get, wear: Wear
) -> None:
    width, height = person.size
    below = round(0.2 * height)
    narrow = person.crop((0, below, width, height)).resize((round(0.55 * width), height - below))
    turned = Image.new("RGB", person.size, person.getpixel((3, below)))
    turned.paste(person.crop((0, 0, width, below)), (0, 0))
    turned.paste(narrow, ((width - narrow.width) // 2, below))
    task = TryOn(turned, picture("floral-dress.jpg", 448), None, wear("LONG_DRESS"))
    done = PreviewEngine().draw(task)
    assert [one.partition("=")[0] for one in done.adapted] == ["sourceImage"]
    away = np.abs(pixels(done.images[0]) - pixels(turned)).max(axis=2)
    assert np.median(away[round(0.83 * height) : round(0.86 * height), width // 2 - 12 : width // 2 + 12]) > 30


def test_a_pull_moves_what_is_above_its_place_and_leaves_what_is_far_below() -> None:
    columns = np.broadcast_to(np.arange(60, dtype=np.float32), (80, 60))
    moved = Pull(30, 20, 5, 0, 8).moved(floats(columns), 0, 0)
    assert moved[20, 30] == pytest.approx(25)
    assert moved[5, 30] == pytest.approx(25)
    assert moved[60, 30] == pytest.approx(30, abs=0.01)
    assert moved[20, 58] == pytest.approx(58, abs=0.01)
