"""The ``preview`` engine: a recognisable try-on from pixels alone, on one CPU core, without a model or weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

__all__ = ["Rendered", "render"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the engine drew: RGB pictures of the source's size, and the mask (0 edited, 255 kept) when asked for."""

    images: tuple[Image.Image, ...]
    mask: Image.Image | None = None


def render(
    source: Image.Image, reference: Image.Image, mask: Image.Image | None, parameters: dict[str, Any]
) -> Rendered:
    """Draws the product of ``reference`` into ``source``."""
    config = parameters.get("imageGenerationConfig") or {}
    w, h = source.size
    cls = (parameters.get("garmentBasedMask") or {}).get("garmentClass", "")
    box = (0.3, 0.2, 0.7, 0.55)
    if cls in {"LOWER_BODY", "LONG_PANTS", "SHORT_PANTS", "OTHER_LOWER_BODY"}:
        box = (0.33, 0.5, 0.67, 0.93)
    elif "DRESS" in cls or "FULL_BODY" in cls:
        box = (0.28, 0.2, 0.72, 0.9)
    elif cls in {"SHOES", "BOOTS", "FOOTWEAR", "OTHER_FOOTWEAR"}:
        box = (0.35, 0.88, 0.65, 0.97)
    if mask is None:
        region = np.full((h, w), 255, np.uint8)
        region[int(box[1] * h) : int(box[3] * h), int(box[0] * w) : int(box[2] * w)] = 0
        mask = Image.fromarray(region)
    area = Image.eval(mask, lambda v: 255 - v).getbbox() or (0, 0, w, h)
    pixels = np.asarray(reference, np.float32)
    paper = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]), axis=0)
    cut = Image.fromarray(((np.abs(pixels - paper).max(axis=2) > 22) * 255).astype(np.uint8))
    crop = cut.getbbox() or (0, 0, *reference.size)
    images = []
    for index in range(int(config.get("numberOfImages", 1))):
        size = (area[2] - area[0], area[3] - area[1])
        item = reference.crop(crop).resize(size, Image.Resampling.LANCZOS)
        shape = cut.crop(crop).resize(size).filter(ImageFilter.GaussianBlur(1))
        light = 1 + (((int(config.get("seed", 12)) + index) * 7919) % 9 - 4) / 100
        item = item.point([min(255, int(v * light)) for v in range(256)] * 3)
        full = Image.new("L", source.size, 0)
        full.paste(shape, area[:2])
        full.paste(0, mask=mask)
        layer = source.copy()
        layer.paste(item, area[:2])
        images.append(Image.composite(layer, source, full))
    return Rendered(tuple(images), mask if parameters.get("returnMask") else None)
