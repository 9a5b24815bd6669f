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
    brings,
    changes,
    changes_inside,
    keeps,
    keeps_nearly,
    keeps_outside,
    lies_above,
    other_mask_than,
    other_than,
    other_than_or_masked_otherwise,
    same_as,
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
# What an engine draws from one seed is comparable only where it declares that it draws the same again.
DETERMINISTIC: Final = frozenset({"deterministic"})

LARGEST: Final = 2_147_483_646
FIVE: Final = configured(garment(), numberOfImages=5, seed=LARGEST)

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


def _case(
    about: str,
    group: str,
    body: Body,
    *checks: Check,
    slow: bool = False,
    decided: bool = False,
    needs: frozenset[str] = frozenset(),
) -> Case:
    return Case(about, group, body, Answered(checks), needs=needs, slow=slow, decided=decided)


def _worn(garment_class: str, product: str) -> dict[str, str]:
    params = "virtualTryOnParams"
    return {f"{params}.referenceImage": product, f"{params}.garmentBasedMask.garmentClass": garment_class}


def _fields() -> Iterator[Case]:
    group = "fields"
    on_the_top = (changes(CHEST), keeps_nearly(CORNER, LEG))
    trousers, dress = (changed(SHIRT, _worn(one, CLASSES[one])) for one in ("LOWER_BODY", "FULL_BODY"))
    unmasked = changed(SHIRT, {"virtualTryOnParams.returnMask": False})
    empty = changed(SHIRT, {"imageGenerationConfig": {}})
    yield _case("answers the shortest request with a new top and no mask", group, SHIRT, *on_the_top)
    yield _case("answers with new trousers and no mask", group, trousers, changes(LEG), keeps_nearly(CORNER), slow=True)
    yield _case("answers with a new dress and no mask", group, dress, changes(CHEST), keeps_nearly(CORNER), slow=True)
    yield _case("takes mergeStyle left out", group, garment(mergeStyle=REMOVED), changes_inside, *on_the_top, slow=True)
    yield _case("takes returnMask false", group, unmasked, *on_the_top, slow=True)
    yield _case("takes an empty imageGenerationConfig", group, empty, *on_the_top, slow=True)
    for quality in ("standard", "premium"):
        about = f"takes quality {quality}"
        yield _case(about, group, configured(garment(), quality=quality), changes_inside, slow=quality == "standard")
    for scale in (1.1, 4, 10):
        body = configured(garment(), cfgScale=scale)
        yield _case(f"takes cfgScale {scale}", group, body, changes_inside, slow=scale != 1.1)
    for count in range(1, 5):
        body = configured(garment(), numberOfImages=count)
        yield _case(f"draws {count} pictures, each another", "counts", body, all_different, changes_inside, slow=True)
    about = "draws 5 pictures, each another, from the largest seed on"
    yield _case(about, "counts", FIVE, all_different, changes_inside)
    two = configured(SHIRT, numberOfImages=2)
    yield _case("draws 2 pictures, each another, and no mask", "counts", two, all_different, *on_the_top, slow=True)


def _values() -> Iterator[Case]:
    """A value that is taken and has no effect is not honoured: each must be seen beside its counterpart."""
    group = "values"

    def differs(value: str, than: str, body: Body, other: Body, slow: bool = False) -> Case:
        about, check = f"draws otherwise with {value} than with {than}", other_than_or_masked_otherwise(other)
        return _case(about, group, body, check, needs=DETERMINISTIC, slow=slow)

    for style in ("DETAILED", "SEAMLESS"):
        body, other = (drawn_mask("@torso", mergeStyle=one) for one in (style, "BALANCED"))
        yield differs(f"mergeStyle {style}", "BALANCED", body, other)
    yield differs("quality premium", "standard", configured(garment(), quality="premium"), garment())
    yield differs("cfgScale 1.1", "6.5", configured(garment(), cfgScale=1.1), garment())
    yield differs("cfgScale 10", "6.5", configured(garment(), cfgScale=10), garment(), slow=True)
    down, up = (garment("UPPER_BODY", "@jacket", garmentBasedMask__garmentStyling=cues) for cues in STYLING)
    yield differs("sleeves up, tucked and open", "down, untucked and closed", up, down)
    for cue, value in STYLING[1].items():
        body, other = (_styled({cue: one[cue]}) for one in (STYLING[1], STYLING[0]))
        yield differs(value, STYLING[0][cue], body, other, slow=True)
    for field, garment_class in (("BodyPose", "UPPER_BODY"), ("Hands", "FULL_BODY"), ("Face", "FULL_BODY")):
        body, other = (_excluding(field, value, garment_class) for value in ("ON", "OFF"))
        yield differs(f"preserve{field} ON", "OFF", body, other, slow=True)
    yield _case(
        "draws the same whether or not a mask is asked for, and BALANCED when there is no mergeStyle",
        group, SHIRT, same_as(garment()), needs=DETERMINISTIC, decided=True,
    )  # fmt: skip


def _styled(cues: dict[str, str]) -> Body:
    return garment("UPPER_BODY", "@jacket", garmentBasedMask__garmentStyling=cues)


def _excluding(part: str, value: str, garment_class: str) -> Body:
    """In a bounding box there is most to preserve."""
    return garment(
        garment_class, CLASSES[garment_class], garmentBasedMask__maskShape="BOUNDING_BOX",
        maskExclusions={f"preserve{part}": value},
    )  # fmt: skip


def _garments() -> Iterator[Case]:
    for garment_class, product in CLASSES.items():
        body = garment(garment_class, product)
        yield _case(f"draws {garment_class}", "classes", body, changes_inside, slow=garment_class in SLOW_CLASSES)
    for cues in STYLING:
        yield _case(f"takes {', '.join(cues.values())}", "styling", _styled(cues), changes_inside)
    for cue, value in STYLING[1].items():
        yield _case(f"takes {cue} {value} alone", "styling", _styled({cue: value}), changes_inside, slow=True)
    for value in ("ON", "OFF", "DEFAULT"):
        body = garment(maskExclusions={f"preserve{part}": value for part in ("BodyPose", "Hands", "Face")})
        checks = (keeps(FACE),) if value == "ON" else ()
        yield _case(
            f"takes all maskExclusions {value}", "exclusions", body, changes_inside, *checks, slow=value != "ON"
        )
    for part in ("BodyPose", "Hands", "Face"):
        body = garment(maskExclusions={f"preserve{part}": "ON"})
        yield _case(f"takes preserve{part} ON alone", "exclusions", body, changes_inside, slow=True)
    face = _excluding("Face", "ON", "FULL_BODY")
    yield _case("keeps the face in a bounding box with preserveFace ON", "exclusions", face, keeps(FACE))


def _prompts() -> Iterator[Case]:
    group = "prompts"
    for words, product, source in PROMPTS:
        body, slow = prompt(words, product, source), words not in QUICK_PROMPTS
        yield _case(f"draws PROMPT «{words}»", group, body, changes_inside, slow=slow)
    for shape in ("CONTOUR", "BOUNDING_BOX", "DEFAULT"):
        body = prompt("white t-shirt", "@hoodie", promptBasedMask__maskShape=shape)
        yield _case(f"takes PROMPT with maskShape {shape}", group, body, changes_inside, slow=True)
    top, trousers, hat = (prompt(words, product, source) for words, product, source in PROMPTS[:3])
    yield _case("finds what a prompt names: the top above the trousers", group, top, lies_above(trousers))
    yield _case("finds what a prompt names: the hat above the trousers", group, hat, lies_above(trousers), slow=True)
    sofa, lamp = (prompt(words, product, source) for words, product, source in PROMPTS[3:5])
    yield _case("finds what a prompt names: the sofa, not the lamp", group, sofa, other_mask_than(lamp), slow=True)
    box, contour = (
        prompt("white t-shirt", "@hoodie", promptBasedMask__maskShape=shape) for shape in ("BOUNDING_BOX", "CONTOUR")
    )
    yield _case("gives a prompt's box another mask than its contour", group, box, other_mask_than(contour), slow=True)
    longest = ("white t-shirt " * 80)[:1024]
    yield _case("takes a prompt of 1024 characters", group, prompt(longest, "@hoodie"), decided=True, slow=True)


def _references() -> Iterator[Case]:
    """A reference may show several products; the class says which of them is meant."""
    upper, full = garment("UPPER_BODY", "@outfit"), garment("FULL_BODY", "@outfit")
    lower = garment("LOWER_BODY", "@outfit")
    group = "products"
    blue, green = SHIRT, changed(SHIRT, {"virtualTryOnParams.referenceImage": "@hoodie"})
    yield _case("draws the product that the reference shows", group, blue, brings(CHEST, green), other_than(green))
    yield _case("takes only the top of an outfit with UPPER_BODY", group, upper, changes(CHEST), keeps(LEG))
    yield _case("takes only the trousers of an outfit with LOWER_BODY", group, lower, changes(LEG), keeps(CHEST))
    yield _case("takes top and trousers of an outfit with FULL_BODY", group, full, changes(CHEST), changes(LEG))
    yield _case("draws an outfit otherwise with FULL_BODY than with UPPER_BODY", group, full, other_than(upper))
    yield _case(
        "takes the top off somebody who wears it", group, garment("UPPER_BODY", "@worn"), changes(CHEST), keeps(LEG)
    )


def _merging() -> Iterator[Case]:
    for style in ("BALANCED", "DETAILED", "SEAMLESS"):
        outside: Check = keeps_nearly(CORNER) if style == "SEAMLESS" else keeps(CORNER)
        slow = style == "DETAILED"
        yield _case(
            f"merges a garment {style}", "merging", garment(mergeStyle=style), changes_inside, outside, slow=slow
        )
        body = drawn_mask("@torso", mergeStyle=style)
        yield _case(f"merges a drawn mask {style}", "merging", body, changes_inside, outside)
    for style in ("BALANCED", "DETAILED"):
        body = drawn_mask("@torso", mergeStyle=style)
        about = f"leaves all that is white in the mask that was sent with {style}"
        yield _case(about, "merging", body, keeps_outside("@torso"))
    room = changed(prompt("the sofa", "@sofa", "@room"), {"virtualTryOnParams.mergeStyle": "SEAMLESS"})
    yield _case("merges a thing into a room SEAMLESS", "merging", room, changes_inside, slow=True)


CASES: Final = (*_fields(), *_garments(), *_prompts(), *_references(), *_merging(), *_values())
