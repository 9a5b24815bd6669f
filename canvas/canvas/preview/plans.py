"""From a request and what the pictures show to what is painted where, and what the caller is told of it."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from canvas.preview import compose, regions, rooms
from canvas.preview.arrays import Bools, Floats, bounds, dilated, floats
from canvas.preview.body import Body
from canvas.preview.compose import Painting
from canvas.preview.lowers import drape, drape_skirt, dress_lower, is_bent
from canvas.preview.people import Scene
from canvas.preview.product import Group, Reference, cut, cut_outfit
from canvas.preview.shoes import put_on_shoes
from canvas.preview.things import place
from canvas.preview.uppers import dress_upper
from canvas.preview.words import meaning
from canvas.preview.worn import Worn

DEFAULT_CFG: Final = 6.5
NOBODY: Final = "sourceImage=shows nobody whose face is seen, so the product is put where one would wear it"
UNSEEN: Final = "is not found, so the product is put where such a thing usually is"
PARTS: Final = {"upper": "a torso", "lower": "legs", "full": "torso and legs", "feet": "feet"}
# the field of a request that says what is drawn, by mask type
FIELDS: Final = {"GARMENT": "garmentClass", "PROMPT": "maskPrompt", "IMAGE": "imageBasedMask"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is painted, the area that may change, and what the caller is told, one ``field=what`` each."""

    painting: Painting
    area: Bools
    told: tuple[str, ...] = ()


def planned(
    pixels: Floats, scene: Scene, body: Body | None, reference: Reference, mask: Bools | None,
    parameters: dict[str, Any],
) -> Plan:  # fmt: skip
    """What is painted for a request.

    Args:
        pixels: The picture that is painted, RGB 0 to 255.
        scene: What was found in it.
        body: The person in it.
        reference: The product's picture.
        mask: Where a mask that was drawn lets it change.
        parameters: As for ``render``.
    """
    config = parameters.get("imageGenerationConfig") or {}
    mask_type = parameters.get("maskType", "GARMENT")
    size = (pixels.shape[1], pixels.shape[0])
    keep = regions.kept(body, parameters.get("maskExclusions") or {}, size)
    closeness = (float(config.get("cfgScale", DEFAULT_CFG)) - 1.1) / 8.9
    if mask_type == "IMAGE" and mask is not None:
        group = _group_under(body, mask)
        plan = _garment(body, reference, group, "", keep, closeness, {}) if body and group else None
        plan = plan or _thing(pixels, reference, mask & (keep < 0.95), keep, tidy=False)
        plan = replace(plan, area=mask & (keep < 0.95))
    elif mask_type == "PROMPT":
        options = parameters.get("promptBasedMask") or {}
        shape = options.get("maskShape", "DEFAULT")
        plan = _prompted(pixels, scene, body, reference, str(options.get("maskPrompt", "")), shape, keep, closeness)
    else:
        plan = _classed(pixels, scene, body, reference, parameters.get("garmentBasedMask") or {}, keep, closeness)
    field = FIELDS.get(mask_type, mask_type)
    return replace(plan, told=tuple(one if "=" in one else f"{field}={one}" for one in dict.fromkeys(plan.told)))


def _classed(
    pixels: Floats, scene: Scene, body: Body | None, reference: Reference, options: dict[str, Any], keep: Floats,
    closeness: float,
) -> Plan:  # fmt: skip
    """The plan for a garment class; where a person does not show what it needs, nothing changes."""
    garment_class = str(options.get("garmentClass", "UPPER_BODY"))
    group = regions.GROUPS[garment_class]
    if body is None:
        size = (pixels.shape[1], pixels.shape[0])
        plan = _thing(pixels, reference, _guess(scene, group, size), keep, tidy=False)
        return replace(plan, told=(NOBODY, *plan.told))
    styling = options.get("garmentStyling") or {}
    worn = _garment(body, reference, group, garment_class, keep, closeness, styling)
    if worn is None:
        nothing = np.zeros(keep.shape, np.float32)
        why = f"is not drawn: {PARTS[group]} must be seen on the person, and the garment in referenceImage"
        return Plan(Painting(pixels, nothing, nothing), nothing > 0, (why,))
    if options.get("maskShape") == "BOUNDING_BOX":
        return replace(worn, area=regions.boxed(worn.area) & (keep < 0.95))
    return worn


def _garment(
    body: Body, reference: Reference, group: Group, garment_class: str, keep: Floats, closeness: float,
    styling: dict[str, Any],
) -> Plan | None:  # fmt: skip
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
    told = [*worn.told, *(below.told if below else ())]
    if limit is not None and group in {"lower", "full"} and body.bottom[~limit].max(initial=0) > 0.5:
        told.append("ends at the knee: what is worn below it stays")
    return Plan(painting, area & (keep < 0.95), tuple(told))


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
) -> Plan:  # fmt: skip
    named = meaning(prompt)
    size = (pixels.shape[1], pixels.shape[0])
    if named.spot == "garment" and body:
        plan = _garment(body, reference, named.group, "", keep, closeness, {})
        if plan:
            return plan if shape == "CONTOUR" else replace(plan, area=regions.boxed(plan.area) & (keep < 0.95))
    if named.spot in {"head", "hand", "neck"} and body:
        region = regions.spot_on_person(body, named.spot)
        # a hat goes over the head and a bag into the hand: what is preserved elsewhere would be in its way here
        return _thing(pixels, reference, region, np.zeros_like(keep), tidy=False)
    if named.spot == "garment":
        region = _guess(scene, named.group, size)
        plan = _thing(pixels, reference, region, keep, tidy=False)
        return replace(plan, told=(NOBODY, *plan.told))
    if named.spot == "surface":
        region = rooms.surface(scene, named.boxes, size, smooth=named.smooth) & (keep < 0.95)
        cloth = Worn.bare(pixels)
        product = cut(reference, "thing")
        drape(cloth, product, 0.5 * size[0] / max(product.box[2] - product.box[0], 1))
        return Plan(compose.covering(pixels, cloth.colours, region, keep), region)
    boxes = named.boxes or ((0.28, 0.24, 0.72, 0.76),)
    if named.flat:
        whole, upon, seen = rooms.flat_thing(scene, boxes[0], size)
        area = whole & ~upon & (keep < 0.95)
        painting = compose.laid_flat(pixels, cut(reference, "thing"), whole, area)
        return Plan(painting, area, ("has the outline of what lay there",) if seen else (UNSEEN,))
    region, seen = rooms.thing_in_room(scene, boxes, size)
    if not named.boxes:
        told: tuple[str, ...] = ("has no word that is known, so the product is put into the middle",)
    else:
        told = () if seen else (UNSEEN,)
    # what was not found is not taken away
    plan = _thing(pixels, reference, region, keep, tidy=seen, contour=seen and shape == "CONTOUR")
    return replace(plan, told=(*told, *plan.told))


def _thing(
    pixels: Floats,
    reference: Reference,
    region: Bools,
    keep: Floats,
    *,
    tidy: bool,
    contour: bool = False,
    stretch: float = 0.0,
) -> Plan:
    """The plan for a thing that is put into a region; with ``tidy`` what stands there now is taken away first."""
    product = cut(reference, "thing")
    area = region if contour else regions.boxed(region)
    colours, cover = place(pixels, product, area, stretch=stretch or (1.35 if tidy else 1.12))
    cover = floats(cover * (1 - keep))
    if not tidy:
        return Plan(Painting(colours, cover, cover), area & (keep < 0.95))
    hole = dilated(region, max(2, pixels.shape[1] // 160)) & (keep < 0.05)
    empty = compose.without(pixels, hole)
    total = np.maximum(cover, floats(hole))
    share = (cover / np.maximum(total, 1e-4))[..., None]
    painting = Painting(floats(colours * share + empty * (1 - share)), floats(total), cover)
    return Plan(painting, (area | hole) & (keep < 0.95))


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
