"""What a mask prompt means: its first noun decides which part of the picture it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from canvas.preview.product import Group

Spot = Literal["garment", "head", "hand", "neck", "room", "surface", "centre"]
Box = tuple[float, float, float, float]

GARMENTS: Final[Mapping[Group, str]] = {
    "upper": "shirt tshirt tee top blouse jacket hoodie sweater sweatshirt coat blazer cardigan vest jumper polo tank "
    "pullover parka",
    "lower": "pants trousers jeans chinos shorts skirt leggings bottoms slacks joggers",
    "full": "dress gown suit outfit clothes clothing jumpsuit overalls robe kimono sari costume",
    "feet": "shoe shoes sneaker sneakers boot boots sandal sandals heels trainers footwear loafers",
}
ON_A_PERSON: Final[Mapping[Spot, str]] = {
    "head": "hat cap beanie helmet headband hair glasses sunglasses",
    "hand": "bag handbag purse backpack tote clutch watch bracelet umbrella",
    "neck": "scarf necklace tie bowtie shawl collar",
}
# usual places in a picture of a room: left, top, right, bottom in parts of its size; several where there are several
IN_A_ROOM: Final[Mapping[str, tuple[Box, ...]]] = {
    "sofa sofas couch settee loveseat sectional futon": ((0.20, 0.44, 0.80, 0.80),),
    "bed mattress headboard": ((0.15, 0.42, 0.85, 0.88),),
    "armchair chair chairs stool recliner ottoman pouf bench": ((0.58, 0.44, 0.92, 0.88), (0.06, 0.44, 0.40, 0.88)),
    "table desk nightstand": ((0.34, 0.72, 0.72, 0.94),),
    "lamp light lampshade": ((0.80, 0.26, 0.96, 0.83), (0.03, 0.26, 0.20, 0.83)),
    "chandelier pendant": ((0.36, 0.02, 0.64, 0.30),),
    "rug carpet mat": ((0.12, 0.74, 0.90, 0.98),),
    "picture painting poster mirror frame art artwork print clock": ((0.42, 0.10, 0.70, 0.36),),
    "plant tree vase flowers": ((0.06, 0.40, 0.28, 0.80), (0.74, 0.40, 0.96, 0.80)),
    "window blind blinds": ((0.08, 0.08, 0.34, 0.56), (0.66, 0.08, 0.92, 0.56)),
    "shelf shelves bookshelf bookcase cabinet dresser wardrobe sideboard": (
        (0.62, 0.15, 0.95, 0.75), (0.05, 0.15, 0.38, 0.75),
    ),
    "tv television screen": ((0.32, 0.22, 0.68, 0.55),),
    "door": ((0.78, 0.12, 0.97, 0.80), (0.03, 0.12, 0.22, 0.80)),
    "cushion cushions pillow pillows blanket throw": ((0.32, 0.48, 0.48, 0.66),),
}  # fmt: skip
FLAT: Final = frozenset({"rug", "carpet", "mat"})
SMOOTH: Final = frozenset({"wall", "walls", "wallpaper", "paint", "ceiling"})
PLACES: Final = r",|\b(?:on|in|at|by|with|near|next|beside|behind|under|below|above|over|of|from|left|right)\b"
# what has no outline of its own but goes on until something stands before it: where it is surely seen
SURFACES: Final[Mapping[str, tuple[Box, ...]]] = {
    "wall walls wallpaper paint": ((0.04, 0.02, 0.96, 0.42),),
    "floor flooring parquet tiles": ((0.0, 0.74, 0.13, 0.98), (0.87, 0.74, 1.0, 0.98)),
    "ceiling": ((0.1, 0.0, 0.9, 0.06),),
    "curtain curtains drape drapes": ((0.0, 0.05, 0.10, 0.68), (0.30, 0.05, 0.40, 0.68)),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """Where a prompt points: a garment's ``group``, or a ``spot``.

    ``boxes`` are the usual places of one in a room or of a surface; ``flat`` is a thing that lies on the floor,
    ``smooth`` a surface without lines of its own.
    """

    spot: Spot
    group: Group = "thing"
    boxes: tuple[Box, ...] = ()
    flat: bool = False
    smooth: bool = False


def meaning(prompt: str) -> Meaning:
    """What the prompt names; the picture's centre when no word of it is known.

    The noun before the first preposition counts ("the lamp next to the sofa"), and of a compound its last word.
    """
    text = prompt.lower().replace("t-shirt", "tshirt")
    for part in re.split(PLACES, text):
        for word in reversed(re.findall(r"[a-z]+", part)):  # of "table lamp" and "wall clock" the last word counts
            found = _named(word)
            if found:
                return found
    return Meaning("centre")


def _named(word: str) -> Meaning | None:
    for group, known in GARMENTS.items():
        if word in known.split():
            return Meaning("garment", group)
    for spot, known in ON_A_PERSON.items():
        if word in known.split():
            return Meaning(spot)
    for known, boxes in IN_A_ROOM.items():
        if word in known.split():
            return Meaning("room", boxes=boxes, flat=word in FLAT)
    for known, boxes in SURFACES.items():
        if word in known.split():
            return Meaning("surface", boxes=boxes, smooth=word in SMOOTH)
    return None
