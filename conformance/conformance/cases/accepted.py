"""Requests within the contract: every value of every field is answered with pictures."""

from collections.abc import Iterator
from typing import Final

from conformance.case import (
    REMOVED,
    SHIRT,
    Answered,
    Body,
    Case,
    Check,
    changed,
    configured,
    drawn_mask,
    garment,
    prompt,
)
from conformance.checks import (
    Box,
    all_different,
    changes,
    changes_inside,
    changes_little_outside,
    keeps,
    keeps_outside,
    other_than,
)

# which product each class is tried on with
CLASSES: Final[dict[str, str]] = {
    "UPPER_BODY": "@shirt",
    "LONG_SLEEVE_SHIRT": "@hoodie",
    "SHORT_SLEEVE_SHIRT": "@shirt",
    "NO_SLEEVE_SHIRT": "@shirt",
    "OTHER_UPPER_BODY": "@jacket",
    "LOWER_BODY": "@chinos",
    "LONG_PANTS": "@chinos",
    "SHORT_PANTS": "@chinos",
    "OTHER_LOWER_BODY": "@skirt",
    "FULL_BODY": "@dress",
    "LONG_DRESS": "@dress",
    "SHORT_DRESS": "@dress",
    "FULL_BODY_OUTFIT": "@outfit",
    "OTHER_FULL_BODY": "@dress",
    "FOOTWEAR": "@sneakers",
    "SHOES": "@sneakers",
    "BOOTS": "@boots",
    "OTHER_FOOTWEAR": "@boots",
}
# the person's parts, well within: left, top, right, bottom of 320×480
CHEST: Final[Box] = (134, 125, 186, 225)
LEG: Final[Box] = (126, 290, 150, 400)
FACE: Final[Box] = (148, 56, 174, 84)
CORNER: Final[Box] = (0, 0, 320, 20)

SLOW_CLASSES: Final = frozenset(
    {"OTHER_UPPER_BODY", "OTHER_LOWER_BODY", "OTHER_FULL_BODY", "OTHER_FOOTWEAR", "LONG_DRESS", "SHORT_DRESS"}
    | {"SHOES", "BOOTS", "LONG_PANTS", "NO_SLEEVE_SHIRT", "FULL_BODY_OUTFIT"}
)
STYLING: Final = (
    {"longSleeveStyle": "SLEEVE_DOWN", "tuckingStyle": "UNTUCKED", "outerLayerStyle": "CLOSED"},
    {"longSleeveStyle": "SLEEVE_UP", "tuckingStyle": "TUCKED", "outerLayerStyle": "OPEN"},
)
PROMPTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("white t-shirt", "@hoodie", "@person"),
    ("grey trousers", "@chinos", "@person"),
    ("hat", "@lamp", "@person"),
    ("the sofa", "@sofa", "@room"),
    ("floor lamp", "@lamp", "@room"),
    ("something nobody has a name for", "@lamp", "@room"),
)


QUICK_PROMPTS: Final = frozenset({"white t-shirt", "the sofa"})


def _case(about: str, group: str, body: Body, *checks: Check, slow: bool = False, decided: bool = False) -> Case:
    return Case(about, group, body, Answered(checks), slow=slow, decided=decided)


def _fields() -> Iterator[Case]:
    group = "fields"
    yield _case("answers the shortest request, without a mask", group, SHIRT)
    yield _case("takes mergeStyle left out", group, garment(mergeStyle=REMOVED), changes_inside, slow=True)
    yield _case("takes returnMask false", group, changed(SHIRT, {"virtualTryOnParams.returnMask": False}), slow=True)
    yield _case("takes an empty imageGenerationConfig", group, changed(SHIRT, {"imageGenerationConfig": {}}), slow=True)
    for quality in ("standard", "premium"):
        yield _case(f"takes quality {quality}", group, configured(garment(), quality=quality))
    for scale in (1.1, 4, 10):
        yield _case(f"takes cfgScale {scale}", group, configured(garment(), cfgScale=scale), slow=scale != 1.1)
    for count in range(1, 6):
        body = configured(garment(), numberOfImages=count)
        about = f"draws {count} pictures, each another"
        yield _case(about, "counts", body, all_different, slow=count in {2, 3, 4})


def _garments() -> Iterator[Case]:
    for garment_class, product in CLASSES.items():
        body = garment(garment_class, product)
        yield _case(f"draws {garment_class}", "classes", body, changes_inside, slow=garment_class in SLOW_CLASSES)
    for cues in STYLING:
        body = garment("UPPER_BODY", "@jacket", garmentBasedMask__garmentStyling=cues)
        yield _case(f"takes {', '.join(cues.values())}", "styling", body)
    for cue, value in STYLING[1].items():
        body = garment("UPPER_BODY", "@jacket", garmentBasedMask__garmentStyling={cue: value})
        yield _case(f"takes {cue} {value} alone", "styling", body, slow=True)
    for value in ("ON", "OFF", "DEFAULT"):
        body = garment(maskExclusions={f"preserve{part}": value for part in ("BodyPose", "Hands", "Face")})
        checks = (keeps(FACE),) if value == "ON" else ()
        yield _case(f"takes all maskExclusions {value}", "exclusions", body, *checks, slow=value != "ON")
    for part in ("BodyPose", "Hands", "Face"):
        body = garment(maskExclusions={f"preserve{part}": "ON"})
        yield _case(f"takes preserve{part} ON alone", "exclusions", body, slow=True)
    shape, face = "BOUNDING_BOX", {"preserveFace": "ON"}
    body = garment("FULL_BODY", "@dress", garmentBasedMask__maskShape=shape, maskExclusions=face)
    yield _case("keeps the face in a bounding box with preserveFace ON", "exclusions", body, keeps(FACE))


def _prompts() -> Iterator[Case]:
    group = "prompts"
    for words, product, source in PROMPTS:
        body, slow = prompt(words, product, source), words not in QUICK_PROMPTS
        yield _case(f"draws PROMPT «{words}»", group, body, changes_inside, slow=slow)
    for shape in ("CONTOUR", "BOUNDING_BOX", "DEFAULT"):
        body = prompt("white t-shirt", "@hoodie", promptBasedMask__maskShape=shape)
        yield _case(f"takes PROMPT with maskShape {shape}", group, body, changes_inside, slow=True)
    longest = ("white t-shirt " * 80)[:1024]
    yield _case("takes a prompt of 1024 characters", group, prompt(longest, "@hoodie"), decided=True, slow=True)


def _references() -> Iterator[Case]:
    """A reference may show several products; the class says which of them is meant."""
    upper, full = garment("UPPER_BODY", "@outfit"), garment("FULL_BODY", "@outfit")
    lower = garment("LOWER_BODY", "@outfit")
    group = "several products"
    yield _case("takes only the top of an outfit with UPPER_BODY", group, upper, changes(CHEST), keeps(LEG))
    yield _case("takes only the trousers of an outfit with LOWER_BODY", group, lower, changes(LEG), keeps(CHEST))
    yield _case("takes top and trousers of an outfit with FULL_BODY", group, full, changes(CHEST), changes(LEG))
    yield _case("draws an outfit otherwise with FULL_BODY than with UPPER_BODY", group, full, other_than(upper))
    yield _case(
        "takes the top off somebody who wears it", group, garment("UPPER_BODY", "@worn"), changes(CHEST), keeps(LEG)
    )


def _merging() -> Iterator[Case]:
    for style in ("BALANCED", "DETAILED", "SEAMLESS"):
        outside: Check = changes_little_outside if style == "SEAMLESS" else keeps(CORNER)
        body = garment(mergeStyle=style)
        yield _case(f"merges a garment {style}", "merging", body, changes_inside, outside)
        body = drawn_mask("@torso", mergeStyle=style)
        outside = changes_little_outside if style == "SEAMLESS" else keeps(CORNER)
        yield _case(f"merges a drawn mask {style}", "merging", body, changes_inside, outside)
    for style in ("BALANCED", "DETAILED"):
        body = drawn_mask("@torso", mergeStyle=style)
        about = f"leaves all that is white in the mask that was sent with {style}"
        yield _case(about, "merging", body, keeps_outside("@torso"))
    room = changed(prompt("the sofa", "@sofa", "@room"), {"virtualTryOnParams.mergeStyle": "SEAMLESS"})
    yield _case("merges a thing into a room SEAMLESS", "merging", room, changes_little_outside, slow=True)


CASES: Final = (*_fields(), *_garments(), *_prompts(), *_references(), *_merging())
