"""The engine's tools: regions, colours, prompts, and what is read out of the sample pictures."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from canvas.preview import arrays
from canvas.preview.body import read_body
from canvas.preview.people import read_scene
from canvas.preview.product import cut, look
from canvas.preview.shape import read_lower, read_upper
from canvas.preview.words import meaning

Get = Callable[..., Image.Image]


def grid(*rows: str) -> arrays.Bools:
    return np.asarray([[letter == "#" for letter in row] for row in rows])


def test_components_join_what_touches_by_a_side() -> None:
    labels, sizes = arrays.components(grid("##.#", ".#.#", ".#.#", "#..#"))
    assert sorted(sizes[1:]) == [1, 4, 4]
    assert labels[0, 0] == labels[2, 1]
    assert labels[0, 0] != labels[3, 0]


def test_components_join_branches_that_meet_later() -> None:
    _, sizes = arrays.components(grid("#.#.#", "#.#.#", "#####"))
    assert sizes[1:] == [11]


def test_components_of_nothing_are_none() -> None:
    assert arrays.components(grid("...", "..."))[1] == [0]


def test_holes_are_filled_but_not_bays() -> None:
    region = grid("#####", "#.#.#", "###.#", "###.#")
    filled = arrays.filled(region)
    assert filled[1, 1]
    assert not filled[3, 3]


def test_a_walk_goes_round_a_wall() -> None:
    region = grid("###", "..#", "###")
    seeds = grid("#..", "...", "...")
    assert arrays.geodesic(region, seeds)[2, 0] > 3


def test_spread_colours_leave_known_ones_as_they_are() -> None:
    colours = np.zeros((16, 16, 3), np.float32)
    known = np.zeros((16, 16), np.float32)
    colours[4:6, 4:6] = (200, 100, 50)
    known[4:6, 4:6] = 1
    spread = arrays.spread(colours, known)
    assert np.allclose(spread[5, 5], (200, 100, 50))
    assert np.allclose(spread[15, 15], (200, 100, 50), atol=2)


def test_lab_of_white_and_grey() -> None:
    values = arrays.lab(np.asarray([[[255, 255, 255], [119, 119, 119]]], np.float32))
    assert np.allclose(values[0, 0], (100, 0, 0), atol=0.6)
    assert np.allclose(values[0, 1, 1:], (0, 0), atol=0.6)
    assert abs(values[0, 1, 0] - 50) < 1


def test_sampling_between_pixels_is_linear_and_stops_at_the_edge() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32), (4, 1))
    found = arrays.sampled(ramp, np.asarray([[2.5, -3.0, 99.0]], np.float32), np.asarray([[1.0, 1.0, 1.0]], np.float32))
    assert np.allclose(found, [[2.5, 0, 7]], atol=0.01)


@pytest.mark.parametrize(
    ("prompt", "spot", "group"),
    [
        ("the red T-shirt of the woman", "garment", "upper"),
        ("Blue JEANS", "garment", "lower"),
        ("evening gown", "garment", "full"),
        ("sneakers", "garment", "feet"),
        ("straw hat", "head", "thing"),
        ("leather handbag", "hand", "thing"),
        ("the couch by the window", "room", "thing"),
        ("a table lamp", "room", "thing"),
        ("wallpaper of the living room", "surface", "thing"),
        ("quux", "centre", "thing"),
        ("", "centre", "thing"),
    ],
)
def test_the_first_noun_of_a_prompt_counts(prompt: str, spot: str, group: str) -> None:
    assert (meaning(prompt).spot, meaning(prompt).group) == (spot, group)


def test_of_a_compound_the_last_word_counts_and_of_several_things_the_first() -> None:
    assert meaning("floor lamp").boxes == meaning("lamp").boxes == meaning("the lamp next to the sofa").boxes
    assert meaning("sofa under the lamp").boxes == meaning("sofa").boxes


def test_the_sample_person_is_read_part_by_part(person: Image.Image) -> None:
    scene = read_scene(person)
    assert scene.studio
    assert scene.face is not None
    body = read_body(arrays.floats(person), scene)
    assert body is not None
    width, height = person.size
    assert abs(body.face.x - width / 2) < 0.02 * width
    assert abs(body.face.chin - 0.187 * height) < 0.04 * height
    assert body.upper is not None
    assert body.lower is not None
    assert body.lower.legs is not None
    assert len(body.feet) == 2
    assert all(body.arms)
    assert body.hands[int(0.57 * height), int(0.27 * width)] > 0.9
    assert body.top[int(0.4 * height), width // 2] > 0.99
    assert body.bottom[int(0.75 * height), int(0.44 * width)] > 0.99
    assert body.top[int(0.4 * height), int(0.05 * width)] == 0


def test_a_room_shows_no_person(room: Image.Image) -> None:
    assert read_scene(room).face is None


@pytest.mark.parametrize("file", ["striped-t-shirt.jpg", "green-hoodie.jpg", "denim-jacket.jpg", "floral-dress.jpg"])
def test_tops_have_two_sleeves_and_long_ones_are_longer(file: str, picture: Get) -> None:
    shape = read_upper(cut(look(picture(file, 640)), "upper").region)
    assert shape is not None
    lengths = [limb.length / shape.chest for limb in shape.sleeves if limb]
    assert len(lengths) == 2
    assert all((length > 0.92) == (file in {"green-hoodie.jpg", "denim-jacket.jpg"}) for length in lengths)


def test_trousers_have_legs_and_a_skirt_has_none(picture: Get) -> None:
    trousers = read_lower(cut(look(picture("camel-chinos.jpg", 448)), "lower").region)
    skirt = read_lower(cut(look(picture("pleated-skirt.jpg", 448)), "lower").region)
    assert trousers is not None
    assert skirt is not None
    assert trousers.legs is not None
    assert skirt.legs is None


def test_a_product_is_cut_out_without_its_shadow(picture: Get) -> None:
    product = cut(look(picture("green-hoodie.jpg", 640)), "upper")
    inside = product.colours[product.cover > 0.5]
    assert (inside[:, 1] > inside[:, 2] + 2).mean() > 0.93  # green, but for cords and eyelets
    assert product.cover[5, 5] == 0


def test_what_a_person_wears_is_cut_off_them(person: Image.Image) -> None:
    top = cut(look(person), "upper")
    assert top.cover[int(0.4 * person.height), person.width // 2] > 0.9
    assert top.cover[int(0.14 * person.height), person.width // 2] == 0
    assert top.cover[int(0.8 * person.height), int(0.44 * person.width)] == 0
