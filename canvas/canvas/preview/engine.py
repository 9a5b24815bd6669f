"""The engine's one entry: from the parameters of a ``VIRTUAL_TRY_ON`` request to pictures."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from canvas.preview import compose, regions, rooms
from canvas.preview.arrays import Bools, Floats, bounds, dilated, floats
from canvas.preview.body import Body, read_body
from canvas.preview.compose import Painting
from canvas.preview.lowers import drape, drape_skirt, dress_lower, is_bent
from canvas.preview.people import Scene, read_scene
from canvas.preview.product import Group, Reference, cut, cut_outfit, look
from canvas.preview.shoes import put_on_shoes
from canvas.preview.things import place
from canvas.preview.uppers import dress_upper
from canvas.preview.words import meaning
from canvas.preview.worn import Worn

DEFAULT_SEED: Final = 12
DEFAULT_CFG: Final = 6.5
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
    """What the engine drew: RGB pictures of the source's size, and the mask (0 edited, 255 kept) when asked for."""

    images: tuple[Image.Image, ...]
    mask: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is painted, and the area that may change."""

    painting: Painting
    area: Bools


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
    plan = _plan(pixels, scene, body, look(reference), small_mask, parameters, config)
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
        images.append(image)
    returned = Image.fromarray(np.where(area, 0, 255).astype(np.uint8)) if parameters.get("returnMask") else None
    return Rendered(tuple(images), returned)


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


def _plan(
    pixels: Floats, scene: Scene, body: Body | None, reference: Reference, mask: Bools | None,
    parameters: dict[str, Any], config: dict[str, Any],
) -> _Plan:  # fmt: skip
    mask_type = parameters.get("maskType", "GARMENT")
    size = (pixels.shape[1], pixels.shape[0])
    keep = regions.kept(body, parameters.get("maskExclusions") or {}, size)
    closeness = (float(config.get("cfgScale", DEFAULT_CFG)) - 1.1) / 8.9
    if mask_type == "IMAGE" and mask is not None:
        group = _group_under(body, mask)
        plan = _garment(body, reference, group, "", keep, closeness, {}) if body and group else None
        plan = plan or _thing(pixels, reference, mask & (keep < 0.95), keep, tidy=False)
        return _Plan(plan.painting, mask & (keep < 0.95))
    if mask_type == "PROMPT":
        options = parameters.get("promptBasedMask") or {}
        shape = options.get("maskShape", "DEFAULT")
        return _prompted(pixels, scene, body, reference, str(options.get("maskPrompt", "")), shape, keep, closeness)
    options = parameters.get("garmentBasedMask") or {}
    garment_class = str(options.get("garmentClass", "UPPER_BODY"))
    plan = None
    if body:
        group = regions.GROUPS[garment_class]
        plan = _garment(body, reference, group, garment_class, keep, closeness, options.get("garmentStyling") or {})
    if plan is None and body and regions.GROUPS[garment_class] == "feet":
        nothing = np.zeros((size[1], size[0]), np.float32)  # shoes go on feet: where none are seen, nothing changes
        return _Plan(Painting(pixels, nothing, nothing), nothing > 0)
    if plan is None:
        return _thing(pixels, reference, _guess(scene, regions.GROUPS[garment_class], size), keep, tidy=False)
    if options.get("maskShape") == "BOUNDING_BOX":
        return _Plan(plan.painting, regions.boxed(plan.area) & (keep < 0.95))
    return plan


def _garment(
    body: Body, reference: Reference, group: Group, garment_class: str, keep: Floats, closeness: float,
    styling: dict[str, Any],
) -> _Plan | None:  # fmt: skip
    """The plan for something worn; None when the person or the product does not show the part needed."""
    outfit = cut_outfit(reference) if group == "full" else None
    product = outfit[0] if outfit else cut(reference, group)
    below = None
    if group in {"upper", "full"}:
        bent = group == "full" and is_bent(body)
        worn = dress_upper(
            body, product, long=group == "full" and not outfit and not bent,
            sleeves_up=styling.get("longSleeveStyle") == "SLEEVE_UP",
            open_front=styling.get("outerLayerStyle") == "OPEN",
            untucked=styling.get("tuckingStyle") == "UNTUCKED",
        )  # fmt: skip
        if outfit:
            below = dress_lower(body, outfit[1])
        elif bent:
            below = drape_skirt(body, product, first=0.45, short=garment_class == "SHORT_DRESS")
    elif group == "lower":
        worn = dress_lower(body, product)
    else:
        worn = put_on_shoes(body, product, boots=garment_class == "BOOTS")
    if worn is None:
        return None
    limit = regions.class_limit(body, garment_class, bent=is_bent(body))
    worn.limited(limit)
    painting = compose.dressed(body, worn, keep, closeness, long=group == "full" and not below)
    if below is not None:
        below.limited(limit)
        painting = compose.above(painting, compose.dressed(body, below, keep, closeness, long=False))
    area = dilated(painting.strength > 0.06, 2)
    if garment_class:
        area |= regions.class_region(body, garment_class)
    if limit is not None:
        area &= limit
    return _Plan(painting, area & (np.maximum(keep, 0) < 0.95))


def _group_under(body: Body | None, mask: Bools) -> Group | None:
    """The garment that a drawn mask covers, if it covers one."""
    if body is None:
        return None
    shares: dict[Group, float] = {}
    parts: dict[Group, Floats] = {"upper": body.top, "lower": body.bottom, "feet": body.shoes}
    for group, part in parts.items():
        inside = part > 0.5
        shares[group] = float((inside & mask).sum() / inside.sum()) if inside.sum() > 50 else 0.0
    if shares["upper"] > 0.55 and shares["lower"] > 0.55:
        return "full"
    best = max(shares, key=lambda one: shares[one])
    return best if shares[best] > 0.55 else None


def _prompted(
    pixels: Floats, scene: Scene, body: Body | None, reference: Reference, prompt: str, shape: str, keep: Floats,
    closeness: float,
) -> _Plan:  # fmt: skip
    named = meaning(prompt)
    size = (pixels.shape[1], pixels.shape[0])
    if named.spot == "garment" and body:
        plan = _garment(body, reference, named.group, "", keep, closeness, {})
        if plan:
            area = plan.area if shape == "CONTOUR" else regions.boxed(plan.area) & (keep < 0.95)
            return _Plan(plan.painting, area)
    if named.spot in {"head", "hand", "neck"} and body:
        region = regions.spot_on_person(body, named.spot)
        # a hat goes over the head and a bag into the hand: what is preserved elsewhere would be in its way here
        return _thing(pixels, reference, region, np.zeros_like(keep), tidy=False)
    if named.spot == "garment":
        region = _guess(scene, named.group, size)
        return _thing(pixels, reference, region, keep, tidy=False)
    if named.spot == "surface":
        region = rooms.surface(scene, named.boxes, size, smooth=named.smooth) & (keep < 0.95)
        cloth = Worn(pixels, *(np.zeros_like(keep) for _ in range(6)))
        product = cut(reference, "thing")
        drape(cloth, product, 0.5 * size[0] / max(product.box[2] - product.box[0], 1))
        return _Plan(compose.covering(pixels, cloth.colours, region, keep), region)
    boxes = named.boxes or ((0.28, 0.24, 0.72, 0.76),)
    if named.flat:
        whole, upon, _ = rooms.flat_thing(scene, boxes[0], size)
        area = whole & ~upon & (keep < 0.95)
        return _Plan(compose.laid_flat(pixels, cut(reference, "thing"), whole, area), area)
    region, _ = rooms.thing_in_room(scene, boxes, size)
    return _thing(pixels, reference, region, keep, tidy=True, contour=shape == "CONTOUR")


def _thing(
    pixels: Floats,
    reference: Reference,
    region: Bools,
    keep: Floats,
    *,
    tidy: bool,
    contour: bool = False,
    stretch: float = 0.0,
) -> _Plan:
    """The plan for a thing that is put into a region; with ``tidy`` what stands there now is taken away first."""
    product = cut(reference, "thing")
    area = region if contour else regions.boxed(region)
    colours, cover = place(pixels, product, area, stretch=stretch or (1.35 if tidy else 1.12))
    cover = floats(cover * (1 - keep))
    if not tidy:
        return _Plan(Painting(colours, cover, cover), area & (keep < 0.95))
    hole = dilated(region, max(2, pixels.shape[1] // 160)) & (keep < 0.05)
    empty = compose.without(pixels, hole)
    total = np.maximum(cover, floats(hole))
    share = (cover / np.maximum(total, 1e-4))[..., None]
    painting = Painting(floats(colours * share + empty * (1 - share)), floats(total), cover)
    return _Plan(painting, (area | hole) & (keep < 0.95))


def _guess(scene: Scene, group: Group, size: tuple[int, int]) -> Bools:
    """Where such a garment would be on a person who is not recognised: in proportion to what stands in the picture."""
    found = bounds(scene.front)
    scale = size[0] / scene.shape[1]
    left, top, right, bottom = (edge * scale for edge in found)
    parts = {
        "upper": (0.14, 0.52),
        "lower": (0.46, 0.94),
        "full": (0.14, 0.92),
        "feet": (0.9, 1.0),
        "thing": (0.25, 0.75),
    }
    start, end = parts[group]
    middle, half = (left + right) / 2, min((right - left) * 0.42, (bottom - top) * 0.24)
    region = np.zeros((size[1], size[0]), np.bool_)
    region[
        int(top + start * (bottom - top)) : int(top + end * (bottom - top)), int(middle - half) : int(middle + half)
    ] = True
    return region
