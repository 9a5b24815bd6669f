"""The sample catalogue as data: what each picture is, where it goes in S3 and how to try it on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from PIL import Image

from samples import garments, person, rooms


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of the catalogue.

    Exactly one of ``garment_class`` (Nova Canvas class, worn by a person) and ``mask_prompt`` (what it replaces in a
    room) is set for a product; a model has neither.
    """

    file: str
    kind: Literal["product", "model"]
    name: str
    category: str
    description: str
    garment_class: str | None = None
    mask_prompt: str | None = None

    @property
    def key(self) -> str:
        """Where it is uploaded: ``products/{category}/{file}`` or ``models/stock/{file}``."""
        return f"products/{self.category}/{self.file}" if self.kind == "product" else f"models/stock/{self.file}"

    @property
    def content_type(self) -> str:
        """Its media type."""
        return "image/png" if self.file.endswith(".png") else "image/jpeg"

    def draw(self) -> Image.Image:
        """The picture itself; takes about a second."""
        return DRAWINGS[self.file.rsplit(".", 1)[0]]()

    def write(self, folder: Path) -> Path:
        """Draws it into a folder, which must exist, and returns the file's path."""
        path = folder / self.file
        self.draw().save(path, quality=92, subsampling=0)
        return path


DRAWINGS: Final = {**garments.DRAWINGS, **rooms.DRAWINGS, "standing-person": person.draw_person}

CATALOGUE: Final = (
    Sample(
        "standing-person.png",
        "model",
        "Robin",
        "people",
        "A person standing in a studio, in a white T-shirt and grey trousers, arms a little away from the body.",
    ),
    Sample(
        "living-room.jpg",
        "model",
        "Living room",
        "rooms",
        "A bright living room with a grey sofa, a floor lamp, a plant and a low table.",
    ),
    Sample(
        "striped-t-shirt.jpg",
        "product",
        "Breton T-shirt",
        "tops",
        "Cream cotton T-shirt with navy stripes and a ribbed collar.",
        garment_class="SHORT_SLEEVE_SHIRT",
    ),
    Sample(
        "green-hoodie.jpg",
        "product",
        "Moss hoodie",
        "tops",
        "Moss green hoodie with a pouch pocket and cream cords.",
        garment_class="UPPER_BODY",
    ),
    Sample(
        "denim-jacket.jpg",
        "product",
        "Denim jacket",
        "outerwear",
        "Blue denim jacket with copper buttons and contrast stitching.",
        garment_class="UPPER_BODY",
    ),
    Sample(
        "camel-chinos.jpg",
        "product",
        "Camel chinos",
        "bottoms",
        "Straight chinos in camel cotton twill.",
        garment_class="LONG_PANTS",
    ),
    Sample(
        "pleated-skirt.jpg",
        "product",
        "Pleated skirt",
        "bottoms",
        "Rust midi skirt with knife pleats.",
        garment_class="LOWER_BODY",
    ),
    Sample(
        "floral-dress.jpg",
        "product",
        "Meadow dress",
        "dresses",
        "Long teal dress with a tied belt and a print of small flowers.",
        garment_class="FULL_BODY",
    ),
    Sample(
        "red-sneakers.jpg",
        "product",
        "Red canvas sneakers",
        "shoes",
        "Red canvas sneakers with white toe caps and laces.",
        garment_class="SHOES",
    ),
    Sample(
        "chelsea-boots.jpg",
        "product",
        "Chelsea boots",
        "shoes",
        "Dark brown leather Chelsea boots with elastic sides.",
        garment_class="FOOTWEAR",
    ),
    Sample(
        "emerald-sofa.jpg",
        "product",
        "Emerald sofa",
        "living",
        "Three-seat sofa in emerald velvet with copper cushions.",
        mask_prompt="sofa",
    ),
    Sample(
        "terracotta-lamp.jpg",
        "product",
        "Terracotta lamp",
        "living",
        "Brass floor lamp with a terracotta shade.",
        mask_prompt="floor lamp",
    ),
)


def sample(file: str) -> Sample:
    """The sample with this file name.

    Raises:
        KeyError: There is none.
    """
    for one in CATALOGUE:
        if one.file == file:
            return one
    raise KeyError(file)


def products() -> Iterator[Sample]:
    """The products, in the catalogue's order."""
    return (one for one in CATALOGUE if one.kind == "product")


def models() -> Iterator[Sample]:
    """The people and rooms, in the catalogue's order."""
    return (one for one in CATALOGUE if one.kind == "model")
