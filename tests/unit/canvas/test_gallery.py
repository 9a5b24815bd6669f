"""The page of pictures: it shows what an engine makes of a request, or why it does not."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from canvas.capabilities import Capabilities
from canvas.engine import Drawn
from canvas.request import TryOn
from scripts.gallery import STYLES, Row, garment, page, small


class Limited:
    """An engine that knows shirts and one merge style, and fails at a certain product."""

    capabilities = Capabilities(
        "limited", "1", mask_types=frozenset({"GARMENT"}), garment_classes=frozenset({"UPPER_BODY"}),
        merge_styles=frozenset({"BALANCED"}),
    )  # fmt: skip
    parallel = None
    loads = False

    def start(self) -> None: ...

    def draw(self, task: TryOn) -> Drawn:
        assert task.parameters["mergeStyle"] == "BALANCED"
        if task.reference.getpixel((0, 0)) == (255, 0, 0):
            raise KeyError("bug")
        return Drawn((task.source,), None, ("resolution=small",))


def row(asked: dict[str, dict[str, Any]], product: str = "white") -> Row:
    return Row("a line", Image.new("RGB", (320, 320)), Image.new("RGB", (320, 320), product), asked)


def test_what_an_engine_does_not_offer_is_said_and_what_it_adapts_too(tmp_path: Path) -> None:
    prompt = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}}
    rows = [row({style: garment("UPPER_BODY", style) for style in STYLES}), row({"b": garment("SHOES"), "p": prompt})]
    page(tmp_path, rows, {"limited": Limited})
    written = (tmp_path / "index.html").read_text()
    assert re.search(r"DETAILED, [\d.]+ s; mergeStyle=BALANCED; resolution=small", written)
    assert "b: not offered. The engine limited cannot honour this request: #/virtualTryOnParams/garment" in written
    assert "p: not offered." in written
    for name in ("limited-0-source.jpg", "limited-0-2.jpg"):
        assert (tmp_path / name).exists()


def test_what_was_drawn_before_an_engine_failed_is_on_the_page(tmp_path: Path) -> None:
    rows = [row({"x": garment("UPPER_BODY")}), row({"x": garment("UPPER_BODY")}, "red")]
    with pytest.raises(KeyError):
        page(tmp_path, rows, {"limited": Limited})
    assert (tmp_path / "index.html").read_text().count("<h3>") == 1


def test_a_photo_that_lies_on_its_side_is_shown_upright() -> None:
    lying = Image.new("RGB", (400, 200))
    lying.getexif()[0x0112] = 6
    assert small(lying, 100).size == (50, 100)
