"""What particular answers must be, besides what every one is (``basic``)."""

from typing import Any, Final

import numpy as np
from PIL import Image

from conformance.basic import far_problem, outside_problem
from conformance.case import Body, Check, Context
from conformance.clients import Answer
from conformance.reading import centre, edited, main_part, pictures, pixels

type Box = tuple[int, int, int, int]

ARRIVES: Final = 0.2  # of the way from one product's colour to another's


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


def other_mask_than(other: Body, most: float = 0.9) -> Check:
    """The mask has at most this share of pixels in common with another request's, of all that either has."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        mine, its = edited(answer), edited(context.answer(other))
        if mine.shape != its.shape:
            return ""
        common = float((mine & its).sum()) / max(int((mine | its).sum()), 1)
        return "" if common <= most else f"the mask is the other request's: they have {common:.0%} in common"

    return check


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
        return outside_problem(pictures(answer), context.picture(body["virtualTryOnParams"]["sourceImage"]), sent)

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


def keeps_nearly(*boxes: Box) -> Check:
    """Boxes' pixels are nearly the source's own, as with any mergeStyle far from what is edited."""

    def check(body: Body, answer: Answer, context: Context) -> str:
        source = context.picture(body["virtualTryOnParams"]["sourceImage"])
        for box in boxes:
            area = np.zeros((source.height, source.width), np.bool_)
            area[box[1] : box[3], box[0] : box[2]] = True
            if problem := far_problem(pictures(answer), source, area):
                return f"{box}: {problem}"
        return ""

    return check


def brings(box: Box, other: Body) -> Check:
    """The product arrives: in a box, this picture and that of a request for another product differ as they do.

    Engines light and shade a product, so no colour is asked for, only that the change goes the products' way.
    """

    def check(body: Body, answer: Answer, context: Context) -> str:
        name, its = (one["virtualTryOnParams"]["referenceImage"] for one in (body, other))
        meant = _colour(_middle(context.picture(name))) - _colour(_middle(context.picture(its)))
        came = _colour(pictures(answer)[0].crop(box)) - _colour(pictures(context.answer(other))[0].crop(box))
        share = float(came @ meant / (meant @ meant))
        if share >= ARRIVES:
            return ""
        return f"from {its} to {name} the picture goes {share:.0%} of the way that the products' colours go"

    return check


def _colour(image: Image.Image) -> Any:
    return pixels(image).reshape(-1, 3).mean(axis=0)


def _middle(product: Image.Image) -> Image.Image:
    """The part of a product's picture that shows the product and not its ground."""
    width, height = product.size
    return product.crop((round(0.35 * width), round(0.3 * height), round(0.65 * width), round(0.8 * height)))


def changes_inside(body: Body, answer: Answer, context: Context) -> str:
    """A good part of what may change does change."""
    area = edited(answer)
    before = pixels(context.picture(body["virtualTryOnParams"]["sourceImage"]))
    for index, image in enumerate(pictures(answer)):
        share = float((np.abs(pixels(image) - before).max(axis=2) > 8)[area].mean())
        if share < 0.1:
            return f"picture {index}: only {share:.0%} of what the mask edits changed"
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


def other_than_or_masked_otherwise(other: Body) -> Check:
    """The pictures or the mask are not those of another request: what is kept may look as it would be drawn."""

    def check(_: Body, answer: Answer, context: Context) -> str:
        its = context.answer(other)
        same_mask = np.array_equal(edited(answer), edited(its))
        return _compared(answer, its, alike=False) if same_mask else ""

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
