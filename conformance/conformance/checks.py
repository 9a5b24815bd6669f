"""What an answer must be: of every answer, and of particular ones."""

import base64
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PIL import Image

from conformance.case import Body, Check, Context
from conformance.clients import Answer
from conformance.pictures import PLACES
from conformance.reading import Area, BadAnswerError, centre, edited, main_part, opened, pictures, pixels

type Box = tuple[int, int, int, int]

FIELDS: Final = frozenset({"images", "maskImage", "error"})
KEPT_STYLES: Final = frozenset({"BALANCED", "DETAILED"})
DECODERS_DIFFER: Final = 6  # two JPEG decoders round differently


def basic(body: Body, answer: Answer, context: Context) -> str:
    """Every good answer: its fields, as many PNGs as asked for in the source's size, a mask if it was asked for.

    With BALANCED and DETAILED, what is white in the returned mask is the source's own.
    """
    try:
        document = answer.document
        return (
            _fields_problem(body, document)
            or _pictures_problem(body, answer, context)
            or ("maskImage" in document and _mask_problem(body, answer, context))
            or ""
        )
    except (ValueError, TypeError, KeyError, AttributeError, BadAnswerError) as error:
        return f"the answer cannot be read: {error}"


def _fields_problem(body: Body, document: Any) -> str:
    if not isinstance(document, dict) or set(document) - FIELDS:
        return f"the answer must be an object with {', '.join(sorted(FIELDS))}, not {str(document)[:100]}"
    if "error" in document:
        return f"a whole answer has no error, this one says {document['error']!r}"
    wanted = body.get("imageGenerationConfig", {}).get("numberOfImages", 1)
    if len(document.get("images", [])) != wanted:
        return f"{len(document.get('images', []))} pictures came instead of {wanted}"
    asked = bool(body["virtualTryOnParams"].get("returnMask"))
    return "" if asked == ("maskImage" in document) else "a mask comes when and only when it was asked for"


def _pictures_problem(body: Body, answer: Answer, context: Context) -> str:
    size = context.picture(body["virtualTryOnParams"]["sourceImage"]).size
    sizes = [image.size for image in pictures(answer)]
    if any(one != size for one in sizes):
        return f"pictures are {sizes}, the source is {size}"
    back = any(PLACES.encode() in base64.b64decode(text) for text in answer.document["images"])
    return "the source's metadata came back" if back else ""


def _mask_problem(body: Body, answer: Answer, context: Context) -> str:
    name = body["virtualTryOnParams"]["sourceImage"]
    size = context.picture(name).size
    mask = opened(answer.document["maskImage"])
    values = set(np.unique(np.asarray(mask.convert("L"))).tolist())
    if mask.size != size:
        return f"the mask is {mask.size}, the source is {size}"
    if not values <= {0, 255}:
        return f"the mask must be black and white, it has {len(values)} values"
    if 0 not in values:
        return "the mask edits nothing"
    style = body["virtualTryOnParams"].get("mergeStyle")
    if style not in KEPT_STYLES:
        return ""
    slack = DECODERS_DIFFER if "jpeg" in name or "large" in name else 0
    return _outside(pictures(answer), context.picture(name), edited(answer), slack)


def _outside(images: list[Image.Image], source: Image.Image, area: Area, slack: int = 0) -> str:
    before = pixels(source)
    for index, image in enumerate(images):
        touched = (np.abs(pixels(image) - before).max(axis=2) > slack) & ~area
        if touched.any():
            rows = np.flatnonzero(touched.any(axis=1))
            return (
                f"picture {index}: {int(touched.sum())} pixels outside the mask differ from the source "
                f"(rows {rows[0]} to {rows[-1]} of {image.height})"
            )
    return ""


def lies_between(top: float, bottom: float) -> Check:
    """The mask's centre lies between these shares of the picture's height."""

    def check(_: Body, answer: Answer, __: Context) -> str:
        place = centre(edited(answer))
        return "" if top <= place <= bottom else f"the mask's centre is at {place:.2f}, not {top} to {bottom}"

    return check


def lies_above(other: Body) -> Check:
    """The mask's centre lies above that of another request's."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        mine, its = centre(edited(answer)), centre(edited(context.answer(other)))
        return "" if mine < its else f"the mask's centre is at {mine:.2f}, the other's at {its:.2f}"

    return check


def covers(other: Body, share: float) -> Check:
    """The mask covers this share of another request's mask."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        its = main_part(edited(context.answer(other)))
        covered = float((edited(answer) & its).sum() / its.sum())
        return "" if covered >= share else f"the mask covers {covered:.0%} of the other, not {share:.0%}"

    return check


def is_box(_: Body, answer: Answer, __: Context) -> str:
    """The mask's main part is a filled upright box."""
    part = main_part(edited(answer))
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    filled = float(part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean())
    return "" if filled > 0.97 else f"the mask fills {filled:.0%} of its box"


def mask_within(name: str) -> Check:
    """The returned mask edits nothing that is white in the one that was sent; exclusions may be carved out of it."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        sent = np.asarray(context.picture(name).convert("L")) < 128
        more = edited(answer) & ~sent
        rows = np.flatnonzero(more.any(axis=1))
        return f"the mask has {int(more.sum())} pixels more, from row {rows[0]} on" if rows.size else ""

    return check


def keeps_outside(name: str) -> Check:
    """What is white in the mask that was sent is the source's own in every picture."""

    def check(body: Body, answer: Answer, context: Context) -> str:
        sent = np.asarray(context.picture(name).convert("L")) < 128
        return _outside(pictures(answer), context.picture(body["virtualTryOnParams"]["sourceImage"]), sent)

    return check


def changes(box: Box, least: float = 0.25) -> Check:
    """At least this share of a box's pixels is plainly another than in the source."""

    def check(body: Body, answer: Answer, context: Context) -> str:
        source = context.picture(body["virtualTryOnParams"]["sourceImage"]).crop(box)
        for index, image in enumerate(pictures(answer)):
            share = float((np.abs(pixels(image.crop(box)) - pixels(source)).max(axis=2) > 12).mean())
            if share < least:
                return f"picture {index}: {share:.0%} of the pixels in {box} changed, not {least:.0%}"
        return ""

    return check


def keeps(box: Box) -> Check:
    """A box's pixels are the source's own, nearly all of them."""

    def check(body: Body, answer: Answer, context: Context) -> str:
        source = context.picture(body["virtualTryOnParams"]["sourceImage"]).crop(box)
        for index, image in enumerate(pictures(answer)):
            share = float((np.abs(pixels(image.crop(box)) - pixels(source)).max(axis=2) > 2).mean())
            if share > 0.02:
                return f"picture {index}: {share:.0%} of the pixels in {box} changed"
        return ""

    return check


def changes_inside(_: Body, answer: Answer, context: Context) -> str:
    """The product arrives: a good part of what may change does change."""
    area = edited(answer)
    before = pixels(context.picture(_["virtualTryOnParams"]["sourceImage"]))
    for index, image in enumerate(pictures(answer)):
        share = float((np.abs(pixels(image) - before).max(axis=2) > 8)[area].mean())
        if share < 0.1:
            return f"picture {index}: only {share:.0%} of what the mask edits changed"
    return ""


def changes_little_outside(body: Body, answer: Answer, context: Context) -> str:
    """SEAMLESS may touch all pixels, but outside its mask only slightly."""
    area = edited(answer)
    if area.all():
        return ""
    before = pixels(context.picture(body["virtualTryOnParams"]["sourceImage"]))
    for index, image in enumerate(pictures(answer)):
        mean = float(np.abs(pixels(image) - before).mean(axis=2)[~area].mean())
        if mean > 8:
            return f"picture {index}: pixels outside the mask change by {mean:.1f} of 255 on average"
    return ""


def repeats(body: Body, answer: Answer, context: Context) -> str:
    """The same request again gives the same pictures."""
    return _compared(answer, context.again(body), alike=True)


def same_as(other: Body) -> Check:
    """The pictures are those of another request."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        return _compared(answer, context.answer(other), alike=True)

    return check


def other_than(other: Body) -> Check:
    """The pictures are not those of another request."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        return _compared(answer, context.answer(other), alike=False)

    return check


def all_different(_: Body, answer: Answer, __: Context) -> str:
    """No two of the pictures are the same."""
    different = len({image.tobytes() for image in pictures(answer)})
    return "" if different == len(pictures(answer)) else f"only {different} of the pictures differ"


def says_adapted(field: str) -> Check:
    """The answer says that it did something otherwise."""

    def check(_: Body, answer: Answer, __: Context) -> str:
        return "" if field in answer.adapted else f"x-vto-adapted ({answer.adapted!r}) does not tell of {field}"

    return check


def _compared(one: Answer, other: Answer, *, alike: bool) -> str:
    left, right = ([image.tobytes() for image in pictures(answer)] for answer in (one, other))
    if (left == right) == alike:
        return ""
    return "the pictures differ from those of the other request" if alike else "the pictures are the other request's"


def judged(checks: tuple[Callable[..., str], ...], body: Body, answer: Answer, context: Context) -> str:
    """The first problem that a check finds."""
    try:
        return next((problem for check in (basic, *checks) if (problem := check(body, answer, context))), "")
    except BadAnswerError as error:
        return f"the answer cannot be read: {error}"
