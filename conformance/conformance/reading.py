"""Reads an answer: its pictures, its mask, and measures of them."""

import base64
import binascii
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from conformance.clients import Answer

type Pixels = NDArray[np.int16]
type Area = NDArray[np.bool_]


class BadAnswerError(Exception):
    """The answer cannot even be read."""


def pictures(answer: Answer) -> list[Image.Image]:
    """The answer's pictures, RGB."""
    return [opened(text).convert("RGB") for text in answer.document["images"]]


def edited(answer: Answer) -> Area:
    """Where the returned mask is black."""
    if "maskImage" not in answer.document:
        raise BadAnswerError("there is no mask")
    return np.asarray(opened(answer.document["maskImage"]).convert("L")) < 128


def main_part(area: Area) -> Area:
    """The rows in a row that hold most of an area: an engine may label its pictures in a strip of their own."""
    filled = np.concatenate([[False], area.any(axis=1), [False]]).astype(np.int8)
    starts, ends = np.flatnonzero(np.diff(filled) == 1), np.flatnonzero(np.diff(filled) == -1)
    if not starts.size:
        return area
    start, end = max(zip(starts, ends, strict=True), key=lambda run: int(area[run[0] : run[1]].sum()))
    part = np.zeros_like(area)
    part[start:end] = area[start:end]
    return part


def opened(text: Any) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)))
        image.load()
    except (binascii.Error, OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError) as error:
        raise BadAnswerError(f"a picture is none: {error}") from error
    if image.format != "PNG":
        raise BadAnswerError(f"a picture is {image.format}, not PNG")
    return image


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.int16)


def centre(area: Area) -> float:
    """The row of an area's main part's centre, as a share of the height."""
    rows = np.flatnonzero(main_part(area))
    return float(rows.mean() / area.size) if rows.size else 0.0
