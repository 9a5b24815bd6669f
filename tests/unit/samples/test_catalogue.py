"""The sample catalogue: complete, well named, the same on every run, and small enough to ship."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samples.catalogue import CATALOGUE, DRAWINGS, models, products, sample

GARMENT_CLASSES = {"SHORT_SLEEVE_SHIRT", "UPPER_BODY", "LONG_PANTS", "LOWER_BODY", "FULL_BODY", "SHOES", "FOOTWEAR"}


def test_there_are_a_person_a_room_six_garments_and_something_for_the_room() -> None:
    assert len(list(models())) >= 2
    assert sum(one.garment_class is not None for one in products()) >= 6
    assert sum(one.mask_prompt is not None for one in products()) >= 1


def test_every_drawing_is_listed_once_and_every_entry_has_its_drawing() -> None:
    files = [one.file for one in CATALOGUE]
    assert len(set(files)) == len(files)
    assert {file.rsplit(".", 1)[0] for file in files} == set(DRAWINGS)


def test_keys_follow_the_upload_folders() -> None:
    keys = [one.key for one in CATALOGUE]
    assert len(set(keys)) == len(keys)
    for one in CATALOGUE:
        expected = f"products/{one.category}/{one.file}" if one.kind == "product" else f"models/stock/{one.file}"
        assert one.key == expected
        assert one.content_type == ("image/png" if one.file.endswith("png") else "image/jpeg")


def test_a_product_says_how_it_is_tried_on_and_a_model_does_not() -> None:
    for one in products():
        assert (one.garment_class is None) != (one.mask_prompt is None)
    assert {one.garment_class for one in products() if one.garment_class} <= GARMENT_CLASSES
    assert all(one.garment_class is None and one.mask_prompt is None for one in models())


def test_names_and_descriptions_are_for_people() -> None:
    for one in CATALOGUE:
        assert one.name
        assert one.name[0].isupper()
        assert one.description.endswith(".")


def test_an_unknown_sample_is_an_error() -> None:
    with pytest.raises(KeyError):
        sample("nothing.jpg")


@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.file)
def test_every_picture_keeps_the_contract_s_limits_and_is_no_blank(one: object, tmp_path: Path) -> None:
    entry = sample(one.file)  # type: ignore[attr-defined]
    path = entry.write(tmp_path)
    assert path.stat().st_size < 900_000
    with Image.open(path) as picture:
        assert picture.mode == "RGB"
        assert 320 <= min(picture.size) <= max(picture.size) <= 1152
        assert picture.width * picture.height <= 1_050_000
        assert np.asarray(picture).std() > 12


def test_drawing_twice_gives_the_same_pixels() -> None:
    assert sample("camel-chinos.jpg").draw().tobytes() == sample("camel-chinos.jpg").draw().tobytes()
