"""What a mask prompt means: the first known word decides which part of the picture it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from canvas.preview.product import Group

Spot = Literal["garment", "head", "hand", "neck", "room", "centre"]
Box = tuple[float, float, float, float]

GARMENTS: Final[Mapping[Group, str]] = {
    "upper": "shirt tshirt tee top blouse jacket hoodie sweater sweatshirt coat blazer cardigan vest jumper polo tank "
    "pullover parka",
    "lower": "pants trousers jeans chinos shorts skirt leggings bottoms slacks joggers",
    "full": "dress gown suit outfit clothes clothing jumpsuit overalls robe kimono sari costume",
    "feet": "shoe shoes sneaker sneakers boot boots sandal sandals heels trainers footwear loafers",
}
ON_A_PERSON: Final[Mapping[Spot, str]] = {
    "head": "hat cap beanie helmet hair glasses sunglasses",
    "hand": "bag handbag purse backpack tote clutch",
    "neck": "scarf necklace tie",
}
# usual places in a picture of a room: left, top, right, bottom in parts of its size; several where there are several
IN_A_ROOM: Final[Mapping[str, tuple[Box, ...]]] = {
    "sofa couch settee loveseat sectional": ((0.20, 0.44, 0.80, 0.80),),
    "bed mattress": ((0.15, 0.42, 0.85, 0.88),),
    "armchair chair stool recliner": ((0.58, 0.44, 0.92, 0.88), (0.06, 0.44, 0.40, 0.88)),
    "table desk": ((0.30, 0.66, 0.72, 0.96),),
    "lamp light": ((0.80, 0.26, 0.96, 0.83), (0.03, 0.26, 0.20, 0.83)),
    "rug carpet": ((0.12, 0.74, 0.90, 0.98),),
    "picture painting poster mirror frame art": ((0.42, 0.10, 0.70, 0.36),),
    "plant tree": ((0.06, 0.40, 0.28, 0.80), (0.74, 0.40, 0.96, 0.80)),
    "window curtain curtains": ((0.05, 0.05, 0.38, 0.60),),
    "shelf bookcase cabinet dresser wardrobe": ((0.62, 0.15, 0.95, 0.75), (0.05, 0.15, 0.38, 0.75)),
    "tv television screen": ((0.32, 0.22, 0.68, 0.55),),
    "cushion pillow": ((0.32, 0.48, 0.48, 0.66),),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """Where a prompt points: a garment's ``group``, or a ``spot`` (with ``boxes`` for one in a room)."""

    spot: Spot
    group: Group = "thing"
    boxes: tuple[Box, ...] = ()


def meaning(prompt: str) -> Meaning:
    """What the prompt names; the picture's centre when no word of it is known."""
    words = re.findall(r"[a-z]+", prompt.lower().replace("t-shirt", "tshirt"))
    for word in words:
        for group, known in GARMENTS.items():
            if word in known.split():
                return Meaning("garment", group)
        for spot, known in ON_A_PERSON.items():
            if word in known.split():
                return Meaning(spot)
        for known, boxes in IN_A_ROOM.items():
            if word in known.split():
                return Meaning("room", boxes=boxes)
    return Meaning("centre", boxes=((0.28, 0.24, 0.72, 0.76),))
