"""What every answer must be: its form, and that what is not edited is the source's own."""

import base64
from typing import Any, Final

import numpy as np
from PIL import Image

from conformance.case import Body, Check, Context
from conformance.clients import Answer
from conformance.pictures import PLACES
from conformance.reading import Area, edited, is_plain, notes, opened, pictures, pixels

FIELDS: Final = frozenset({"images", "maskImage", "error"})
KEPT_STYLES: Final = frozenset({"BALANCED", "DETAILED"})
DECODERS_DIFFER: Final = 6  # two JPEG decoders round differently
# Where an engine may touch all pixels: how far they may go on average, and how far to one side. A picture that went
# through a model's codec differs by two or three levels to both sides; one that was made lighter, to one side.
LITTLE: Final = 5.0
ASIDE: Final = 2.0


def judged(checks: tuple[Check, ...], body: Body, answer: Answer, context: Context) -> str:
    """The first problem that a check finds; raises BadAnswerError."""
    return next((problem for check in (basic, *checks) if (problem := check(body, answer, context))), "")


def basic(body: Body, answer: Answer, context: Context) -> str:
    """Every good answer: its fields, as many PNGs as asked for in the source's size, a mask if it was asked for.

    With BALANCED and DETAILED, what is white in the returned mask is the source's own; otherwise it is nearly so.
    """
    return (
        _fields_problem(body, answer.document)
        or _pictures_problem(body, answer, context)
        or ("maskImage" in answer.document and _mask_problem(body, answer, context))
        or ""
    )


def _fields_problem(body: Body, document: Any) -> str:
    if not isinstance(document, dict) or set(document) - FIELDS:
        return f"the answer must be an object with {', '.join(sorted(FIELDS))}, not {str(document)[:100]}"
    if "error" in document:
        return f"a whole answer has no error, this one says {document['error']!r}"
    images, wanted = document.get("images"), body.get("imageGenerationConfig", {}).get("numberOfImages", 1)
    if not isinstance(images, list):
        return f"images must be a list, not {str(images)[:100]}"
    if len(images) != wanted:
        return f"{len(images)} pictures came instead of {wanted}"
    asked = bool(body["virtualTryOnParams"].get("returnMask"))
    return "" if asked == ("maskImage" in document) else "a mask comes when and only when it was asked for"


def _pictures_problem(body: Body, answer: Answer, context: Context) -> str:
    size = context.picture(body["virtualTryOnParams"]["sourceImage"]).size
    came = [opened(text) for text in answer.document["images"]]
    if any(one.size != size for one in came):
        return f"pictures are {[one.size for one in came]}, the source is {size}"
    if unlike := [one.mode for one in came if not is_plain(one)]:
        return f"pictures must be opaque RGB, this one is {unlike[0]}"
    texts = [*(note for one in came for note in notes(one)), *_raw(answer)]
    back = any(PLACES in text or text == "GPS" for text in texts)
    return "the source's metadata came back" if back else ""


def _raw(answer: Answer) -> list[str]:
    return [base64.b64decode(text).decode("latin-1") for text in answer.document["images"]]


def _mask_problem(body: Body, answer: Answer, context: Context) -> str:
    name = body["virtualTryOnParams"]["sourceImage"]
    source = context.picture(name)
    mask = opened(answer.document["maskImage"])
    levels = [level for level, count in enumerate(mask.convert("L").histogram()) if count]
    if mask.size != source.size:
        return f"the mask is {mask.size}, the source is {source.size}"
    if not set(levels) <= {0, 255}:
        return f"the mask must be black and white, it has {len(levels)} values"
    if 0 not in levels:
        return "the mask edits nothing"
    if body["virtualTryOnParams"].get("mergeStyle") not in KEPT_STYLES:
        return far_problem(pictures(answer), source, ~edited(answer))
    slack = DECODERS_DIFFER if "jpeg" in name or "large" in name else 0
    return outside_problem(pictures(answer), source, edited(answer), slack)


def outside_problem(images: list[Image.Image], source: Image.Image, area: Area, slack: int = 0) -> str:
    """Pixels outside an area that are not the source's own."""
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


def far_problem(images: list[Image.Image], source: Image.Image, area: Area) -> str:
    """Whether the pixels of an area are on average not nearly the source's."""
    if not area.any():
        return ""
    before = pixels(source)[area]
    for index, image in enumerate(images):
        change = pixels(image)[area] - before
        mean, aside = float(np.abs(change).mean()), float(np.abs(change.mean(axis=0)).max())
        if mean > LITTLE or aside > ASIDE:
            return (
                f"picture {index}: what is not edited changes by {mean:.1f} of 255 on average, by {aside:.1f} to one "
                f"side; at most {LITTLE} and {ASIDE} may be"
            )
    return ""
