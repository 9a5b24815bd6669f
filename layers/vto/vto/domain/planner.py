"""What a request should say, from what a product is called, and what to warn of when it says something else.

A table of keywords and no model: quick, free, the same every time, and whoever disagrees adds a word. A request that
sends ``parameters`` of its own is never changed, only warned.

Rules of styling and masks: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-vto.html. That a finer class has
to be what the *person* wears, while the general ones fit everybody, is what people learnt who tried:
https://qiita.com/ren8k/items/af7b127cdffd859856f2
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vto.domain.notices import Notice
from vto.domain.parameters import FOOTWEAR, FULL_BODY, LOWER_BODY, UPPER_BODY, Parameters
from vto.domain.reading import Reading

GROUPS = {name: group[0] for group in (UPPER_BODY, LOWER_BODY, FULL_BODY, FOOTWEAR) for name in group}
"""The general class of each class."""

EXCLUSIONS = ("preserveBodyPose", "preserveHands", "preserveFace")
SLEEVES_OF_CLASS = {"LONG_SLEEVE_SHIRT": "long", "SHORT_SLEEVE_SHIRT": "short", "NO_SLEEVE_SHIRT": "no"}
LENGTH = {"no": 0, "short": 1, "long": 2}

WARNINGS: Mapping[str, str] = {
    "class_differs_from_product": "the class covers another part of the body than the product does",
    "no_class_for_product": "the product is of a kind that no class covers, such as a hat or a lamp",
    "fine_class_needs_same_source": "a finer class fits only whoever wears that kind; the general one fits everybody",
    "old_sleeve_stays": "the person's sleeves are longer than what the class replaces, and stay visible",
    "styling_needs_outer_layer": "`outerLayerStyle` works with outer layers only, and the product seems to be none",
    "sleeves_cannot_be_styled": "`longSleeveStyle` needs long sleeves, and the product seems to have none",
    "sleeve_up_needs_free_arms": "`SLEEVE_UP` does not work where the person wears long sleeves down",
    "tucked_needs_tucked_source": "`TUCKED` works only where what the person wears is tucked in already",
    "dress_cannot_be_tucked": "`tuckingStyle` says nothing about a dress",
    "box_covers_the_person": "a box covers face and hands too, unless `maskExclusions` says otherwise",
    "contour_keeps_old_shape": "`CONTOUR` follows the old item's outline, so a new one of another shape is cut to it",
    "item_must_be_in_photo": "the mask is found by words: something of that kind has to be in the photo",
}
"""What each warning of a request means."""


def group_of(garment_class: str | None, reading: Reading) -> str | None:
    """The general class of a product: that of its own class, if it has one, else what its words say."""
    if garment_class in GROUPS:
        return GROUPS[garment_class]
    return reading.kind.group if reading.kind else None


def propose(garment_class: str | None, reading: Reading) -> Parameters | None:
    """The parameters for a request that has none; None where nothing says what the product is.

    The class is always a general one: a finer one would have to be what the person wears, which nobody knows.

    Args:
        garment_class: The class that the product's row has, if any.
        reading: What its words say.
    """
    kind, group = reading.kind, group_of(garment_class, reading)
    if group is None:
        if kind is None or kind.prompt is None:
            return None
        return {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": kind.prompt, "maskShape": "BOUNDING_BOX"}}
    mask: dict[str, Any] = {"garmentClass": group}
    parameters: Parameters = {"maskType": "GARMENT", "garmentBasedMask": mask}
    if kind and kind.group == group:
        if kind.is_bulky:
            mask["maskShape"] = "BOUNDING_BOX"  # else a hood is cut to the outline of what was there before
            parameters["maskExclusions"] = dict.fromkeys(EXCLUSIONS, "ON")  # what AWS advises with a box
        if kind.is_outer:
            mask["garmentStyling"] = {"outerLayerStyle": "OPEN"}  # else what is worn below is painted anew too
    return parameters


def warnings(
    parameters: Parameters, garment_class: str | None, product: Reading, worn: str | None, *, is_proposed: bool
) -> list[Notice]:
    """What speaks against a request that breaks no rule.

    Args:
        parameters: The request's, or those that were proposed for it.
        garment_class: The class that the product's row has, if any.
        product: What the product's words say.
        worn: The sleeves that the person wears; None where nobody knows.
        is_proposed: Whether the parameters are our own proposal.
    """
    if parameters["maskType"] == "PROMPT":
        return list(_of_prompt(parameters["promptBasedMask"], is_proposed))
    if parameters["maskType"] == "GARMENT":
        mask = parameters["garmentBasedMask"]
        group = group_of(garment_class, product)
        return [
            *_of_class(mask["garmentClass"], group, product, worn),
            *_of_styling(mask, product),
            *_of_shape(mask, parameters.get("maskExclusions", {})),
        ]
    return []


def _notice(code: str, field_: str, advice: str) -> Notice:
    meaning = WARNINGS[code].replace("`", "")
    return Notice(code, f"{meaning[0].upper()}{meaning[1:]}: {advice}.", f"parameters.{field_}")


def _of_prompt(mask: Mapping[str, Any], is_proposed: bool) -> Iterator[Notice]:
    if is_proposed:
        advice = "draw a mask (maskType IMAGE) if there is none"
        yield _notice("item_must_be_in_photo", "promptBasedMask.maskPrompt", advice)
    if mask.get("maskShape") == "CONTOUR":
        yield _notice("contour_keeps_old_shape", "promptBasedMask.maskShape", "use BOUNDING_BOX")


def _of_class(asked: str, group: str | None, product: Reading, worn: str | None) -> Iterator[Notice]:
    path, general = "garmentBasedMask.garmentClass", GROUPS[asked]
    if group and group != general:
        yield _notice("class_differs_from_product", path, f"use {group}, unless the picture shows a whole outfit")
    elif group is None and product.kind:
        words = f'use maskType PROMPT with maskPrompt "{product.kind.prompt}", or ' if product.kind.prompt else ""
        advice = f"{words}draw a mask (maskType IMAGE)"
        yield _notice("no_class_for_product", path, advice)
    if asked == general:
        return
    replaced = SLEEVES_OF_CLASS.get(asked)
    if replaced and worn and LENGTH[worn] > LENGTH[replaced]:
        yield _notice("old_sleeve_stays", path, f"use {general}")
    elif replaced is None or worn != replaced:
        yield _notice("fine_class_needs_same_source", path, f"use {general} if you do not know what they wear")


def _of_shape(mask: Mapping[str, Any], exclusions: Mapping[str, str]) -> Iterator[Notice]:
    is_upper = GROUPS[mask["garmentClass"]] in ("UPPER_BODY", "FULL_BODY")
    left_open = any(exclusions.get(one, "DEFAULT") == "DEFAULT" for one in ("preserveHands", "preserveFace"))
    if mask.get("maskShape") == "BOUNDING_BOX" and is_upper and left_open:
        advice = "set preserveFace and preserveHands to ON, or to OFF where they are to be painted anew"
        yield _notice("box_covers_the_person", "maskExclusions", advice)


def _of_styling(mask: Mapping[str, Any], product: Reading) -> Iterator[Notice]:
    path, styling, kind = "garmentBasedMask.garmentStyling", mask.get("garmentStyling", {}), product.kind
    if "outerLayerStyle" in styling and kind and not kind.is_outer:
        yield _notice("styling_needs_outer_layer", f"{path}.outerLayerStyle", "leave it out")
    if "longSleeveStyle" in styling and product.sleeves in ("short", "no"):
        yield _notice("sleeves_cannot_be_styled", f"{path}.longSleeveStyle", "leave it out")
    if styling.get("longSleeveStyle") == "SLEEVE_UP":
        yield _notice("sleeve_up_needs_free_arms", f"{path}.longSleeveStyle", "use SLEEVE_DOWN there")
    is_dress = kind.is_dress if kind else mask["garmentClass"] in ("LONG_DRESS", "SHORT_DRESS")
    if "tuckingStyle" in styling and is_dress:
        yield _notice("dress_cannot_be_tucked", f"{path}.tuckingStyle", "leave it out")
    elif styling.get("tuckingStyle") == "TUCKED":
        yield _notice("tucked_needs_tucked_source", f"{path}.tuckingStyle", "use UNTUCKED otherwise")
