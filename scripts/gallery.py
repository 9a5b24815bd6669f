"""Makes a page of pictures: source, product, mask and results, for classes × merge styles × engines that run here.

``python -m scripts.gallery`` draws the samples, asks each engine in process and writes ``out/gallery/index.html``;
``--person`` and ``--garment`` add a section with pictures of your own; ``--docs`` also writes the small sheets of
docs/images. Look at all of them after a change of an engine: a picture that one would be ashamed of is a bug.
"""

import argparse
import html
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from canvas.capabilities import negotiated
from canvas.engine import Engine, EngineStartError
from canvas.engines import ENGINES
from canvas.errors import ValidationError
from canvas.request import TryOn
from samples.catalogue import sample
from scripts.facts import ROOT
from scripts.pictures import side_by_side

STYLES = ("BALANCED", "SEAMLESS", "DETAILED")
SIDE = 1024  # longer side of the pictures that engines are given, in pixels
SHOWN = 320  # and of those on the page
PRODUCTS = {
    "UPPER_BODY": "green-hoodie.jpg", "LONG_SLEEVE_SHIRT": "denim-jacket.jpg",
    "SHORT_SLEEVE_SHIRT": "striped-t-shirt.jpg", "NO_SLEEVE_SHIRT": "striped-t-shirt.jpg",
    "OTHER_UPPER_BODY": "denim-jacket.jpg", "LOWER_BODY": "pleated-skirt.jpg", "LONG_PANTS": "camel-chinos.jpg",
    "SHORT_PANTS": "camel-chinos.jpg", "OTHER_LOWER_BODY": "pleated-skirt.jpg", "FULL_BODY": "floral-dress.jpg",
    "LONG_DRESS": "floral-dress.jpg", "SHORT_DRESS": "floral-dress.jpg", "FULL_BODY_OUTFIT": "outfit",
    "OTHER_FULL_BODY": "outfit", "FOOTWEAR": "chelsea-boots.jpg", "SHOES": "red-sneakers.jpg",
    "BOOTS": "chelsea-boots.jpg", "OTHER_FOOTWEAR": "red-sneakers.jpg",
}  # fmt: skip
STYLING = {
    "sleeves pushed up": {"longSleeveStyle": "SLEEVE_UP"},
    "worn open": {"outerLayerStyle": "OPEN"},
    "hanging over": {"tuckingStyle": "UNTUCKED"},
}
ROOM = {
    "sofa": "emerald-sofa.jpg",
    "floor lamp": "terracotta-lamp.jpg",
    "curtains": "striped-t-shirt.jpg",
    "wall": "green-hoodie.jpg",
    "floor": "denim-jacket.jpg",
    "rug": "striped-t-shirt.jpg",
    "table": "emerald-sofa.jpg",
}
# what else is tried on a person of one's own: each is drawn in a way of its own on somebody who sits
ON_YOURS = ("LOWER_BODY", "LONG_PANTS", "SHORT_PANTS", "LONG_DRESS", "SHORT_DRESS", "SHOES", "BOOTS")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page: what goes in, and what is asked of the engines, by column."""

    title: str
    source: Image.Image
    product: Image.Image
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)


def small(picture: Image.Image, side: int = SIDE) -> Image.Image:
    """The picture as RGB, upright, no larger than that."""
    picture = ImageOps.exif_transpose(picture)
    return ImageOps.contain(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS)


def drawn(file: str) -> Image.Image:
    """A sample's picture; ``outfit`` is two of them in one."""
    if file != "outfit":
        return small(sample(file).draw())
    parts = [drawn("striped-t-shirt.jpg").resize((480, 548)), drawn("camel-chinos.jpg").resize((366, 548))]
    sheet = Image.new("RGB", (sum(part.width for part in parts), 548))
    sheet.paste(parts[0], (0, 0))
    sheet.paste(parts[1], (parts[0].width, 0))
    return sheet


def garment(garment_class: str, style: str = "BALANCED", **more: Any) -> dict[str, Any]:
    """What a client sends to try on a garment and see its mask."""
    mask = {"garmentClass": garment_class} | more
    return {"maskType": "GARMENT", "garmentBasedMask": mask, "mergeStyle": style, "returnMask": True}


def rows(person: Image.Image | None, product: Image.Image | None) -> Iterator[Row]:
    """All lines of the page; with pictures of one's own, those first."""
    if person and product:
        for name in ("UPPER_BODY", "LOWER_BODY", "FULL_BODY"):
            yield Row(f"{name}, your pictures", person, product, {style: garment(name, style) for style in STYLES})
    if person:
        for name in ON_YOURS:
            yield Row(f"{name}, your person", person, drawn(PRODUCTS[name]), {"BALANCED": garment(name)})
    standing = drawn("standing-person.png")
    for name, file in PRODUCTS.items():
        yield Row(name, standing, drawn(file), {style: garment(name, style) for style in STYLES})
    shapes = {shape: garment("UPPER_BODY", maskShape=shape) for shape in ("CONTOUR", "BOUNDING_BOX", "DEFAULT")}
    yield Row("mask shapes", standing, drawn("green-hoodie.jpg"), shapes)
    styled = {name: garment("UPPER_BODY", garmentStyling=styling) for name, styling in STYLING.items()}
    yield Row("garment styling", standing, drawn("denim-jacket.jpg"), styled)
    seeds = {f"seed {seed}": garment("UPPER_BODY") | {"imageGenerationConfig": {"seed": seed}} for seed in (12, 13, 14)}
    yield Row("seeds", standing, drawn("green-hoodie.jpg"), seeds)
    room = drawn("living-room.jpg")
    for words, file in ROOM.items():
        asked = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": words}, "returnMask": True}
        yield Row(f"prompt: {words}", room, drawn(file), {style: asked | {"mergeStyle": style} for style in STYLES})


def page(folder: Path, all_rows: Sequence[Row], engines: Mapping[str, Callable[[], Engine]] = ENGINES) -> None:
    """Writes the page and its pictures; anew after each line, so that what was drawn is there if the next one fails."""
    folder.mkdir(parents=True, exist_ok=True)
    style = "body{font:14px sans-serif;margin:2em}div{display:flex;gap:8px;overflow-x:auto}figure{margin:0}"
    body = [f"<!doctype html><meta charset=utf-8><title>Gallery</title><style>{style}</style><h1>Gallery</h1>"]
    for name, make in engines.items():
        try:
            engine = make()
            engine.start()
        except EngineStartError as reason:
            sys.stdout.write(f"{name} does not run here: {reason}\n")
            continue
        body.append(f"<h2>Engine {html.escape(name)}</h2>")
        for number, row in enumerate(all_rows):
            cells = "".join(_cells(folder, f"{name}-{number}", row, engine))
            body.append(f"<h3>{html.escape(row.title)}</h3><div>{cells}</div>")
            (folder / "index.html").write_text("\n".join(body), encoding="utf-8")
            sys.stdout.write(f"{name}: {row.title}\n")
    sys.stdout.write(f"{folder / 'index.html'}\n")


def _cells(folder: Path, name: str, row: Row, engine: Engine) -> Iterator[str]:
    """Source and product, and for each column what the engine makes of it, as the endpoint would ask it."""
    yield _cell(folder, f"{name}-source", row.source, "source")
    yield _cell(folder, f"{name}-product", row.product, "product")
    masks: list[bytes] = []
    for number, (column, asked) in enumerate(row.asked.items()):
        started = time.process_time()
        try:
            parameters, adapted = negotiated(engine.capabilities, asked, row.source.width * row.source.height)
            done = engine.draw(TryOn(row.source, row.product, None, parameters))
        except ValidationError as refusal:
            said = html.escape(f"{column}: not offered. {refusal.message}")
            yield f"<figure><figcaption>{said}</figcaption></figure>"
            continue
        said = "; ".join([f"{time.process_time() - started:.1f} s", *adapted, *done.adapted])
        mask = done.mask
        if mask is not None and mask.tobytes() not in masks:
            masks.append(mask.tobytes())
            yield _cell(folder, f"{name}-{number}-mask", mask, f"mask, {column}")
        yield _cell(folder, f"{name}-{number}", done.images[0], f"{column}, {said}")


def _cell(folder: Path, name: str, picture: Image.Image, caption: str) -> str:
    file = "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in name) + ".jpg"
    small(picture, SHOWN).save(folder / file, quality=85)
    return f"<figure><img src={file} alt=''><figcaption>{html.escape(caption)}</figcaption></figure>"


def sheets(folder: Path) -> None:
    """The small sheets of the documents, each below 150 KB."""
    engine = ENGINES["preview"]()
    standing, room = drawn("standing-person.png"), drawn("living-room.jpg")
    named = {
        "gallery-classes": [
            (name, standing, PRODUCTS[name], garment(name))
            for name in ("SHORT_SLEEVE_SHIRT", "UPPER_BODY", "LONG_PANTS", "LOWER_BODY", "FULL_BODY", "FOOTWEAR")
        ],
        "gallery-outfit": [
            (name, standing, "outfit", garment(name)) for name in ("FULL_BODY", "UPPER_BODY", "LOWER_BODY")
        ],
        "gallery-room": [
            (f"“{words}”", room, ROOM[words], {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": words}})
            for words in ("sofa", "curtains", "floor")
        ],
    }
    for name, asked in named.items():
        panels = [] if name != "gallery-outfit" else [("one picture, two products", small(drawn("outfit"), 300))]
        for caption, source, file, parameters in asked:
            done = engine.draw(TryOn(source, drawn(file), None, parameters))
            panels.append((caption, small(done.images[0], 300)))
        path = folder / f"{name}.jpg"
        side_by_side(panels).save(path, quality=82, optimize=True)
        sys.stdout.write(f"{path}: {path.stat().st_size // 1024} KiB\n")


def main() -> None:
    """Makes the page, and with ``--docs`` the sheets."""
    parser = argparse.ArgumentParser(prog="python -m scripts.gallery", description=str(__doc__).splitlines()[0])
    parser.add_argument("--person", type=Path, help="a photo of a person")
    parser.add_argument("--garment", type=Path, help="a picture of a product")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "gallery")
    parser.add_argument("--docs", action="store_true", help="also write the sheets of docs/images")
    chosen = parser.parse_args()
    person, product = (small(Image.open(one)) if one and one.name else None for one in (chosen.person, chosen.garment))
    page(chosen.folder, list(rows(person, product)))
    if chosen.docs:
        sheets(ROOT / "docs" / "images")


if __name__ == "__main__":
    main()
