"""Engines that do otherwise than they declare, or take and refuse the wrong requests."""

import base64
import io
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from canvas.errors import InternalServerError, ServiceError, ValidationError
from canvas.request import TryOn, read_request
from conformance.case import SHIRT
from conformance.run import written

from ..painter import Painter
from .making import Mutant, asking, of, reading

# --- what is declared, and not honoured -------------------------------------------------------------------------------


def _config(**fixed: Any) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    return lambda asked: {"imageGenerationConfig": {**(asked.get("imageGenerationConfig") or {}), **fixed}}


def _styled_without(value: str) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    def fewer(asked: dict[str, Any]) -> Mapping[str, Any]:
        garment = dict(asked.get("garmentBasedMask") or {})
        cues = garment.get("garmentStyling", {}).items()
        garment["garmentStyling"] = {cue: one for cue, one in cues if one != value}
        return {"garmentBasedMask": garment}

    return fewer


def _excluding_without(field: str) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    return lambda asked: {
        "maskExclusions": {one: said for one, said in asked.get("maskExclusions", {}).items() if one != field}
    }


class _NoBoxes(Painter):
    def wants_box(self, task: TryOn) -> bool:
        return False


SAME = "are the other request's"
IGNORED: dict[str, Mutant] = {
    **{
        f"mergeStyle {style} ignored": asking(
            lambda _: {"mergeStyle": "BALANCED"}, SAME, f"draws otherwise with mergeStyle {style}*"
        )
        for style in ("DETAILED", "SEAMLESS")
    },
    "quality ignored": asking(_config(quality="standard"), SAME, "draws otherwise with quality*"),
    "cfgScale ignored": asking(_config(cfgScale=6.5), SAME, "draws otherwise with cfgScale 1.1*"),
    **{
        f"{value} ignored": asking(_styled_without(value), SAME, f"draws otherwise with {value} than*")
        for value in ("SLEEVE_UP", "TUCKED", "OPEN")
    },
    **{
        f"{field} ignored": asking(_excluding_without(field), SAME, f"draws otherwise with {field} ON*")
        for field in ("preserveBodyPose", "preserveHands", "preserveFace")
    },
    "BOUNDING_BOX ignored": of(_NoBoxes, "the mask is the other", "has the contour of UPPER_BODY*"),
    "a prompt's BOUNDING_BOX ignored": of(_NoBoxes, "the mask is the other", "gives a prompt's box*"),
    "returnMask changes the picture": asking(
        lambda asked: {} if asked.get("returnMask") else _config(seed=13)(asked), "differ from those",
        "draws the same whether or not*",
    ),
}  # fmt: skip


# --- seeds ------------------------------------------------------------------------------------------------------------


def _seeded(change: Callable[[int], int], words: str, *cases: str) -> Mutant:
    class Reseeded(Painter):
        def seed(self, task: TryOn) -> int:
            return change(super().seed(task))

    return of(Reseeded, words, *cases)


def _moody() -> Mutant:
    count: Iterator[int] = itertools.count()
    return _seeded(lambda _: next(count), "differ from those", "draws the same for seed 0*")


SEEDS: dict[str, Mutant] = {
    "other pictures each time": _moody(),
    "the same for every seed": _seeded(lambda _: 12, SAME, "draws another picture for seed 0*"),
    "the default for seed 0": _seeded(lambda seed: seed or 12, SAME, "draws another picture for seed 0*"),
    "seeds modulo 4096": _seeded(lambda seed: seed % 4096, SAME, "takes all bits of a seed"),
    "seeds of six digits": _seeded(lambda seed: seed % 1_000_000, SAME, "takes all digits of a seed"),
    "seeds that are rounded": _seeded(lambda seed: int(np.float32(seed)), SAME, "tells the largest seed*"),
    "another default": asking(
        lambda asked: _config(seed=13)(asked) if not asked["imageGenerationConfig"] else {},
        "differ from those", "takes the documented defaults*",
    ),
}  # fmt: skip


# --- pictures that must be taken --------------------------------------------------------------------------------------


def _picture(body: bytes, field: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(json.loads(body)["virtualTryOnParams"][field])))


def _stumbles(over: Callable[[Image.Image], bool]) -> Callable[[bytes], TryOn]:
    """Finds nothing wrong with a picture, and cannot draw from it."""

    def read(body: bytes) -> TryOn:
        task = read_request(body)
        if any(over(_picture(body, field)) for field in ("sourceImage", "referenceImage")):
            raise InternalServerError
        return task

    return read


STUMBLES: dict[str, Callable[[Image.Image], bool]] = {
    "progressive jpeg": lambda image: "progressive" in image.info,
    "grey jpeg": lambda image: image.mode == "L",
    "palette png": lambda image: image.mode == "P",
    "opaque alpha png": lambda image: image.mode == "RGBA",
    "png with profile": lambda image: "icc_profile" in image.info,
    "animated png": lambda image: getattr(image, "n_frames", 1) > 1,
}
TAKEN: dict[str, Mutant] = {
    **{
        f"500 for every {form}": reading(
            _stumbles(over), "500 InternalServerException", f"draws a source and a product written as {form}"
        )
        for form, over in STUMBLES.items()
    },
    "500 for every picture of 1:4": reading(
        _stumbles(lambda image: max(image.size) >= 4 * min(image.size)), "500 Internal", "draws a narrow source*"
    ),
}


def _sees_through(body: bytes) -> TryOn:
    """Takes a mask's colours and leaves its alpha channel be."""
    try:
        document = json.loads(body)
        holder = document["virtualTryOnParams"]["imageBasedMask"]
        mask = Image.open(io.BytesIO(base64.b64decode(holder["maskImage"]))).convert("RGB")
    except (ValueError, KeyError, TypeError, OSError):
        return read_request(body)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    holder["maskImage"] = base64.b64encode(buffer.getvalue()).decode()
    return read_request(json.dumps(document).encode())


def _careless(body: bytes) -> TryOn:
    """Takes whatever it does not understand for a good request."""
    try:
        return read_request(body)
    except ValidationError:
        return read_request(written(SHIRT))


def _refusing(other: Callable[[str], ServiceError]) -> Callable[[bytes], TryOn]:
    def read(body: bytes) -> TryOn:
        try:
            return read_request(body)
        except ValidationError as error:
            raise other(error.message) from None

    return read


REFUSED: dict[str, Mutant] = {
    "nothing refused": reading(_careless, "must be refused, was answered", "refuses seed -1"),
    "a refusal without a place": reading(
        _refusing(lambda _: ValidationError("Malformed input request.")), "names nothing, must name", "refuses seed -1"
    ),
    "a refusal with the first place only": reading(
        _refusing(lambda message: ValidationError(message.split("; ")[0])), "must name", "refuses two masks too many*"
    ),
    "500 instead of a refusal": reading(
        _refusing(lambda _: InternalServerError()),
        "must be refused with 400 ValidationException, not 500", "refuses seed -1",
    ),
    "everything edited where a mask is transparent": reading(
        _sees_through, "must be refused, was answered", "refuses maskImage: mask on glass"
    ),
    "an invisible mask obeyed": reading(
        _sees_through, "must be refused, was answered", "refuses maskImage: invisible mask"
    ),
}  # fmt: skip
