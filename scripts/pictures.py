"""Makes the picture of a result that README.md shows: what goes in and what the preview engine makes of it.

``python -m scripts.pictures`` draws the samples, asks the engine in process, and writes docs/images/. The same code
gives the same bytes; run it after the engine or the samples have changed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from canvas import preview
from samples.catalogue import Sample, sample
from scripts.facts import ROOT
from vto.domain.parameters import canonical, for_garment_class

PANEL = (400, 400)  # at most, in pixels; the aspect is kept
GAP = 16
CAPTION = 26
BACKGROUND = "#ffffff"
INK = "#333333"
SHOWN = {
    "person.jpg": ("standing-person.png", "striped-t-shirt.jpg"),
    "room.jpg": ("living-room.jpg", "emerald-sofa.jpg"),
}


def try_on(source: Image.Image, product: Image.Image, item: Sample) -> Image.Image:
    """What the preview engine makes of a sample, with the parameters that a client would send."""
    if item.garment_class:
        parameters = for_garment_class(item.garment_class)
    else:
        parameters = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": item.mask_prompt}}
    return preview.render(source, product, None, canonical(parameters)).images[0]


def side_by_side(panels: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Pictures in one row, each above its caption."""
    fitted = [(caption, ImageOps.contain(picture, PANEL, Image.Resampling.LANCZOS)) for caption, picture in panels]
    width = sum(picture.width for _, picture in fitted) + GAP * (len(fitted) - 1)
    height = max(picture.height for _, picture in fitted)
    sheet = Image.new("RGB", (width, height + CAPTION), BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    left = 0
    for caption, picture in fitted:
        sheet.paste(picture, (left, (height - picture.height) // 2))
        draw.text((left + picture.width / 2, height + CAPTION / 2), caption, INK, font, anchor="mm")
        left += picture.width + GAP
    return sheet


def main(folder: Path = ROOT / "docs" / "images") -> None:
    """Write all pictures and say how large they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model_file, product_file) in SHOWN.items():
        model, item = sample(model_file), sample(product_file)
        source, product = model.draw().convert("RGB"), item.draw().convert("RGB")
        result = try_on(source, product, item)
        sheet = side_by_side([("the photo", source), (item.name, product), ("the preview", result)])
        sheet.save(folder / name, quality=85, optimize=True)
        sys.stdout.write(f"{folder / name}: {(folder / name).stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
