"""The engine's one entry: from the parameters of a ``VIRTUAL_TRY_ON`` request to pictures."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from canvas.preview import compose
from canvas.preview.arrays import Bools, Floats, floats
from canvas.preview.body import read_body
from canvas.preview.people import read_scene
from canvas.preview.plans import planned
from canvas.preview.product import look

DEFAULT_SEED: Final = 12
MOST_PIXELS: Final = 1_500_000  # larger pictures are painted at this size and the painting is enlarged
SEED_LIMIT: Final = 2_147_483_647
# keywords of the PNG specification, 11.3.3.2, and our own
NOTES: Final = {
    "Software": "vto canvas endpoint",
    "Description": "Preview of a virtual try-on, drawn by geometry on a CPU. Not made by a generative model.",
    "Disclaimer": "A preview. It says nothing about fit or size.",
    "vto:engine": "preview",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the engine drew: RGB pictures of the source's size, and the mask (0 edited, 255 kept) when asked for.

    ``told`` says what became of the request where that is not what one would expect, one ``field=what`` each.
    """

    images: tuple[Image.Image, ...]
    mask: Image.Image | None = None
    told: tuple[str, ...] = ()


def render(
    source: Image.Image, reference: Image.Image, mask: Image.Image | None, parameters: dict[str, Any]
) -> Rendered:
    """Draws the product of ``reference`` into ``source``.

    Args:
        source: The person or the room, RGB.
        reference: The product, RGB, laid flat or worn.
        mask: For ``maskType`` IMAGE: the source's size, black where the picture may change, white elsewhere.
        parameters: ``virtualTryOnParams`` without pictures, plus ``imageGenerationConfig``.

    Returns:
        As many pictures as asked for, each of the source's size; one seed always gives the same pixels.

    With mergeStyle BALANCED or DETAILED every pixel that is white in the returned mask is the source's own. That the
    picture is a preview stands in its metadata (``notes``): letters drawn into it would lie outside the mask.
    """
    source, reference = source.convert("RGB"), reference.convert("RGB")
    config = parameters.get("imageGenerationConfig") or {}
    full = floats(source)
    view = _view(source)
    pixels = full if view.size == source.size else floats(view)
    scene = read_scene(source)
    body = read_body(pixels, scene)
    small_mask = None
    if mask is not None:
        small_mask = np.asarray(mask.convert("L").resize(view.size, Image.Resampling.NEAREST)) < 128
    plan = planned(pixels, scene, body, look(reference), small_mask, parameters)
    area = _enlarged(plan.area, source.size)
    if mask is not None:
        area &= np.asarray(mask.convert("L")) < 128
    seed = int(config.get("seed", DEFAULT_SEED))
    style = parameters.get("mergeStyle", "BALANCED")
    images = []
    for index in range(int(config.get("numberOfImages", 1))):
        colours, strength = compose.varied(plan.painting, (seed + index) % SEED_LIMIT), plan.painting.strength
        if view.size != source.size:
            colours, strength = _scaled(colours, source.size), _scaled(strength, source.size)
        image = compose.merged(full, colours, strength, area, style)
        image.info.update(NOTES | {"vto:seed": str((seed + index) % SEED_LIMIT)})
        if plan.told:
            image.info["vto:adapted"] = "; ".join(plan.told)
        images.append(image)
    returned = Image.fromarray(np.where(area, 0, 255).astype(np.uint8)) if parameters.get("returnMask") else None
    return Rendered(tuple(images), returned, plan.told)


def notes(image: Image.Image) -> PngInfo | None:
    """What a picture's file says about its making, for ``Image.save(…, pnginfo=…)``; None when nothing is known."""
    texts = {key: value for key, value in image.info.items() if key in NOTES or str(key).startswith("vto:")}
    if not texts:
        return None
    info = PngInfo()
    for key, value in texts.items():
        info.add_text(str(key), str(value))
    return info


def _view(source: Image.Image) -> Image.Image:
    pixels = source.width * source.height
    if pixels <= MOST_PIXELS:
        return source
    factor = (MOST_PIXELS / pixels) ** 0.5
    return source.resize((round(source.width * factor), round(source.height * factor)), Image.Resampling.LANCZOS)


def _scaled(values: Floats, size: tuple[int, int]) -> Floats:
    if values.ndim == 3:
        return np.stack([_scaled(values[..., c], size) for c in range(values.shape[2])], axis=-1)
    return floats(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))


def _enlarged(area: Bools, size: tuple[int, int]) -> Bools:
    if (area.shape[1], area.shape[0]) == size:
        return area.copy()
    return np.asarray(Image.fromarray(area.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)) > 127
