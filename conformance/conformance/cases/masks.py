"""Where the mask lies: by class, by shape, as it was drawn."""

from collections.abc import Iterator
from typing import Final

from conformance.case import Answered, Body, Case, Check, drawn_mask, garment
from conformance.cases.accepted import CLASSES, SLOW_CLASSES
from conformance.checks import (
    changes_inside,
    covers,
    is_box,
    keeps_outside,
    lies_above,
    lies_between,
    mask_within,
    other_mask_than,
)

UPPER: Final = garment("UPPER_BODY", CLASSES["UPPER_BODY"])
LOWER: Final = garment("LOWER_BODY", CLASSES["LOWER_BODY"])
FULL: Final = garment("FULL_BODY", CLASSES["FULL_BODY"])
FEET: Final = garment("FOOTWEAR", CLASSES["FOOTWEAR"])

PLACES: Final[tuple[tuple[tuple[str, ...], float, float], ...]] = (
    (("UPPER_BODY", "LONG_SLEEVE_SHIRT", "SHORT_SLEEVE_SHIRT", "NO_SLEEVE_SHIRT", "OTHER_UPPER_BODY"), 0.2, 0.55),
    (("LOWER_BODY", "LONG_PANTS", "SHORT_PANTS", "OTHER_LOWER_BODY"), 0.5, 0.88),
    (("FULL_BODY", "LONG_DRESS", "SHORT_DRESS", "FULL_BODY_OUTFIT", "OTHER_FULL_BODY"), 0.3, 0.8),
    (("FOOTWEAR", "SHOES", "BOOTS", "OTHER_FOOTWEAR"), 0.8, 1.0),
)
DRAWN: Final = ("torso", "legs", "figure", "two patches", "all black")


def _case(about: str, body: Body, *checks: Check, slow: bool = False) -> Case:
    return Case(about, "masks", body, Answered(checks), slow=slow)


def _shaped(garment_class: str, shape: str, **change: object) -> Body:
    return garment(garment_class, CLASSES[garment_class], garmentBasedMask__maskShape=shape, **change)


def _cases() -> Iterator[Case]:
    for classes, top, bottom in PLACES:
        for one in classes:
            check, slow = lies_between(top, bottom), one in SLOW_CLASSES
            yield _case(f"masks {one} where it is worn", garment(one, CLASSES[one]), check, slow=slow)
    yield _case("masks UPPER_BODY above LOWER_BODY", UPPER, lies_above(LOWER))
    yield _case("masks LOWER_BODY above FOOTWEAR", LOWER, lies_above(FEET))
    yield _case("masks UPPER_BODY within FULL_BODY", FULL, covers(UPPER, 0.85))
    yield _case("masks LOWER_BODY within FULL_BODY", FULL, covers(LOWER, 0.85))
    for fine in ("SHORT_SLEEVE_SHIRT", "NO_SLEEVE_SHIRT"):
        other = garment(fine, CLASSES[fine])
        about = f"masks {fine} within UPPER_BODY, whose mask has the arms in full length"
        yield _case(about, UPPER, covers(other, 0.9), slow=fine in SLOW_CLASSES)
    yield _case("masks SHORT_PANTS within LOWER_BODY", LOWER, covers(garment("SHORT_PANTS", "@chinos"), 0.9))
    for garment_class in ("UPPER_BODY", "LOWER_BODY", "FULL_BODY", "FOOTWEAR"):
        slow = garment_class in {"LOWER_BODY", "FOOTWEAR"}
        contour, box = _shaped(garment_class, "CONTOUR"), _shaped(garment_class, "BOUNDING_BOX")
        about = f"has the contour of {garment_class} within its bounding box"
        yield _case(about, box, covers(contour, 0.93), other_mask_than(contour, 0.97), changes_inside, slow=slow)
    off = {"preserveFace": "OFF", "preserveHands": "OFF"}
    whole = _shaped("UPPER_BODY", "BOUNDING_BOX", maskExclusions=off)
    yield _case("makes a bounding box that is a box when hands and face are not excluded", whole, is_box)
    for name in DRAWN:
        body, slow = drawn_mask(f"@{name}"), name in {"figure", "legs", "two patches"}
        yield _case(f"draws into the mask «{name}» and leaves the rest", body, keeps_outside(f"@{name}"), slow=slow)
        yield _case(f"returns no more than the mask «{name}»", body, mask_within(f"@{name}"), slow=slow)


CASES: Final = tuple(_cases())
