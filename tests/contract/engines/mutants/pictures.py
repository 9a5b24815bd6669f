"""Engines whose pictures are wrong in form, or show the wrong thing."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from canvas.engine import Drawn
from canvas.request import TryOn
from conformance.pictures import PLACES

from ..local import Document, reencoded
from ..painter import Area, Painter, Shares
from .making import Change, Mutant, asking, drawing, of, spoilt


def _images(document: Document, change: Callable[[Image.Image], Image.Image], **options: Any) -> None:
    reencoded(document, change, **options)


# --- pictures that are wrong in form ----------------------------------------------------------------------------------


def _invisible(image: Image.Image) -> Image.Image:
    image.putalpha(0)
    return image


def _with_text(document: Document, *, packed: bool) -> None:
    notes = PngInfo()
    notes.add_text("Comment", PLACES, zip=packed)
    _images(document, lambda one: one, pnginfo=notes)


def _with_place(document: Document) -> None:
    exif = Image.Exif()
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitude: (35.0, 39.0, 31.0)}
    _images(document, lambda one: one, exif=exif)


def _one_short(document: Document) -> None:
    document["images"] = document["images"][:-1]


FORM: dict[str, Mutant] = {
    "one picture too few": spoilt(_one_short, "pictures came instead of", "draws 5 pictures*"),
    "an error beside all pictures": spoilt(
        lambda document: document.update(error="Some of the generated images have been blocked."),
        "a whole answer has no error", "answers the shortest*",
    ),
    "no mask": spoilt(lambda document: document.pop("maskImage", None), "a mask comes when", "draws UPPER_BODY"),
    "a field of its own": spoilt(lambda one: one.update(seed=1), "must be an object", "answers the shortest*"),
    "JPEG": spoilt(
        lambda one: _images(one, lambda image: image, kind="JPEG"), "JPEG, not PNG", "answers the shortest*"
    ),
    "half the size": spoilt(
        lambda one: _images(one, lambda image: image.reduce(2)), "the source is", "answers the shortest*"
    ),
    "no pictures at all": spoilt(lambda one: one.update(images=["bm8="]), "cannot be read", "answers the shortest*"),
    "transparent pictures": spoilt(lambda one: _images(one, _invisible), "opaque RGB", "answers the shortest*"),
    "grey pictures": spoilt(
        lambda one: _images(one, lambda image: image.convert("L")), "opaque RGB", "answers the shortest*"
    ),
    "16 bits a channel": spoilt(
        lambda one: _images(one, lambda image: image.convert("I;16")), "16 bits a channel", "answers the shortest*"
    ),
    "a grey mask": spoilt(
        lambda one: _images(one, lambda image: image.point(lambda _: 200), key="maskImage"),
        "black and white", "draws UPPER_BODY",
    ),
    "a mask of another size": spoilt(
        lambda one: _images(one, lambda image: image.reduce(2), key="maskImage"), "the mask is", "draws UPPER_BODY"
    ),
    "a mask that edits nothing": spoilt(
        lambda one: _images(one, lambda image: image.point(lambda _: 255), key="maskImage"),
        "edits nothing", "draws UPPER_BODY",
    ),
    "the source's texts": spoilt(
        lambda one: _with_text(one, packed=False), "metadata came back", "draws a jpeg source and returns*"
    ),
    "the source's texts, packed": spoilt(
        lambda one: _with_text(one, packed=True), "metadata came back", "draws a jpeg source and returns*"
    ),
    "the source's place": spoilt(_with_place, "metadata came back", "draws a jpeg source and returns*"),
}  # fmt: skip


# --- pictures that show the wrong thing -------------------------------------------------------------------------------


class _NeverLooks(Painter):
    def product(self, task: TryOn) -> Image.Image:
        return Image.new("RGB", (320, 320), (60, 84, 140))


def _changed(drawn: Drawn, change: Callable[[np.ndarray], np.ndarray]) -> Drawn:
    images = (change(np.asarray(image).astype(np.int16)) for image in drawn.images)
    return Drawn(tuple(Image.fromarray(np.clip(one, 0, 255).astype(np.uint8)) for one in images), drawn.mask)


def _grey_without_a_mask(_: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return drawn if drawn.mask else _changed(drawn, lambda image: np.full_like(image, 128))


def _negative_without(field: str) -> Change:
    def change(_: Painter, task: TryOn, drawn: Drawn) -> Drawn:
        return drawn if task.parameters.get(field) else _changed(drawn, lambda image: 255 - image)

    return change


def _lifted(_: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    seamless = task.parameters.get("mergeStyle") == "SEAMLESS"
    return _changed(drawn, lambda image: image + 7) if seamless else drawn


def _over_the_edge(_: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    def change(image: np.ndarray) -> np.ndarray:
        image[1, 1] ^= 64
        return image

    return _changed(drawn, change)


def _more_than_the_mask(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    """A label in the lower edge, told in the returned mask."""
    area = painter.area(task)
    area[-18:] = True
    return _painted(painter, task, drawn, area)


def _everything(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return _painted(painter, task, drawn, np.ones((task.source.height, task.source.width), np.bool_))


def _painted(painter: Painter, task: TryOn, drawn: Drawn, area: Area) -> Drawn:
    images = tuple(painter.painted(task, area, index) for index, _ in enumerate(drawn.images))
    return Drawn(images, Image.fromarray(np.where(area, 0, 255).astype(np.uint8)) if drawn.mask else None)


def _untouched(_: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return Drawn(tuple(task.source for _ in drawn.images), drawn.mask)


def _the_other_way_round(_: Painter, __: TryOn, drawn: Drawn) -> Drawn:
    return Drawn(drawn.images, drawn.mask.point(lambda value: 255 - value) if drawn.mask else None)


def _all_alike(_: Painter, __: TryOn, drawn: Drawn) -> Drawn:
    return Drawn(drawn.images[:1] * len(drawn.images), drawn.mask)


class _OnePlace(Painter):
    def parts(self, task: TryOn) -> tuple[Shares, ...]:
        return super().parts(task) if "garmentBasedMask" in task.parameters else ((0.25, 0.6, 0.3, 0.7),)


SHOWN: dict[str, Mutant] = {
    "one product whatever the reference": of(_NeverLooks, "the products' colours go", "draws the product that*"),
    "a grey picture without a mask": drawing(
        _grey_without_a_mask, "at most 5.0 and 2.0 may be", "answers the shortest*"
    ),
    "a negative without a mask": drawing(
        _negative_without("returnMask"), "at most 5.0 and 2.0 may be", "answers the shortest*"
    ),
    "a negative without a mergeStyle": drawing(
        _negative_without("mergeStyle"), "what is not edited changes by", "takes mergeStyle left out"
    ),
    "SEAMLESS that makes all lighter": drawing(_lifted, "what is not edited changes by", "merges a garment SEAMLESS"),
    "a pixel outside the mask": drawing(_over_the_edge, "outside the mask differ", "draws UPPER_BODY"),
    "a label over a drawn mask": drawing(_more_than_the_mask, "pixels more, from row", "returns no more*torso*"),
    "the source itself": drawing(_untouched, "of what the mask edits changed", "draws UPPER_BODY"),
    "a mask the wrong way round": drawing(_the_other_way_round, "outside the mask differ", "draws UPPER_BODY"),
    "the whole picture": drawing(_everything, "changed", "takes only the top of an outfit*"),
    "a top whatever the class": asking(
        lambda _: {"garmentBasedMask": {"garmentClass": "UPPER_BODY"}},
        "the mask's centre is at", "masks LOWER_BODY where*",
    ),
    "one place whatever the prompt": of(_OnePlace, "the mask's centre is at", "finds what a prompt names: the top*"),
    "one place whatever the thing": of(_OnePlace, "the mask is the other", "finds what a prompt names: the sofa*"),
    "one picture n times": drawing(_all_alike, "of the pictures differ", "draws 5 pictures*"),
}  # fmt: skip
