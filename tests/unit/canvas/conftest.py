"""Pictures that the tests of the canvas share, drawn once and at half size: the rules do not depend on it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from PIL import Image

from canvas.preview import Rendered, render
from samples.catalogue import sample


@cache
def full(file: str) -> Image.Image:
    return sample(file).draw()


@cache
def drawn(file: str, width: int) -> Image.Image:
    picture = full(file)
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)


@pytest.fixture(scope="session")
def picture() -> Callable[..., Image.Image]:
    """picture(file, width=384): one picture of the sample catalogue."""

    def get(file: str, width: int = 384) -> Image.Image:
        return drawn(file, width).copy()

    return get


@pytest.fixture(scope="session")
def person(picture: Callable[..., Image.Image]) -> Image.Image:
    return picture("standing-person.png")


@pytest.fixture(scope="session")
def room(picture: Callable[..., Image.Image]) -> Image.Image:
    return picture("living-room.jpg", 576)


def garment(garment_class: str, **more: Any) -> dict[str, Any]:
    return {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class}, "returnMask": True} | more


@cache
def _worn(garment_class: str, file: str) -> Rendered:
    return render(drawn("standing-person.png", 384), drawn(file, 448), None, garment(garment_class))


@pytest.fixture(scope="session")
def worn() -> Callable[[str, str], Rendered]:
    """worn(class, file): a product on the sample person, rendered once for all tests."""
    return _worn


@pytest.fixture(scope="session")
def wear() -> Callable[..., dict[str, Any]]:
    """wear(class, **more): parameters of a GARMENT request that returns its mask."""
    return garment
