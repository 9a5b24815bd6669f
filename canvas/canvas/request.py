"""Reads a request's body: every problem with it is named at once, and its pictures come out decoded."""

import base64
import binascii
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaProblem
from PIL import Image, ImageOps

from canvas.errors import ValidationError

MAX_BODY_BYTES: Final = 25_000_000  # botocore's service model: InvokeModelRequest$body
SHORTEST_SIDE: Final = 320
LONGEST_SIDE: Final = 4096
PIXELS_BELOW: Final = 4_194_304  # the documents say "less than"; a run at exactly this size is not to be relied on
NARROWEST: Final = 4  # 1:4 to 4:1
MAX_PICTURE_PROBLEM: Final = 200

MASK_OF: Final = {"IMAGE": "imageBasedMask", "GARMENT": "garmentBasedMask", "PROMPT": "promptBasedMask"}
ORIENTATION: Final = 0x0112  # EXIF: 1 is upright, 2 to 8 are turned or mirrored
PNG_BIT_DEPTH: Final = 24  # its place in a PNG: 8 bytes signature, 8 of the first chunk's head, width, height

JPEG_TOLERANCE: Final = 16  # a JPEG mask of quality 100 still rings a little around its edges


@dataclass(frozen=True, slots=True)
class TryOn:
    """One try-on, decoded.

    ``source`` and ``reference`` are RGB, ``mask`` is L (0 edits, 255 keeps) or None; ``parameters`` are the
    request's ``virtualTryOnParams`` without pictures, plus its ``imageGenerationConfig``. ``adapted`` says what was
    done to the request, one ``field=what`` each.
    """

    source: Image.Image
    reference: Image.Image
    mask: Image.Image | None
    parameters: dict[str, Any]
    adapted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the request: where it stands and what the rule is."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def read_request(body: bytes) -> TryOn:
    """Checks and decodes the body of an ``InvokeModel`` call.

    Args:
        body: The JSON bytes as they came.

    Returns:
        The try-on, with pictures decoded.

    Raises:
        ValidationError: The body breaks the contract; the message names every problem with its path.

    Source of the rules: Amazon Nova user guide, "image generation request and response structure" and "access".
    """
    if len(body) > MAX_BODY_BYTES:
        raise ValidationError(f"The request body has {len(body)} bytes; the limit is {MAX_BODY_BYTES}.")
    try:
        data = json.loads(body, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise ValidationError("Malformed input request: the body is not JSON.") from error
    problems = [*_schema_problems(data), *_mask_problems(data)]
    params = data.get("virtualTryOnParams") if isinstance(data, dict) else None
    params = params if isinstance(params, dict) else {}
    adapted: list[str] = []
    source = _picture(params.get("sourceImage"), "#/virtualTryOnParams/sourceImage", problems, adapted)
    reference = _picture(params.get("referenceImage"), "#/virtualTryOnParams/referenceImage", problems, adapted)
    mask = _mask(params, source, problems)
    if problems or source is None or reference is None:  # without problems both are there: mypy cannot know
        listed = "; ".join(str(problem) for problem in problems)
        raise ValidationError(f"Malformed input request: {listed}, please reformat your input and try again.")
    parameters = {key: value for key, value in params.items() if key not in {"sourceImage", "referenceImage"}}
    if "imageBasedMask" in parameters:
        parameters["imageBasedMask"] = {}
    parameters["imageGenerationConfig"] = data.get("imageGenerationConfig", {})
    return TryOn(source, reference, mask, parameters, tuple(adapted))


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(Path(__file__).with_name("request.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


def _schema_problems(data: Any) -> Iterator[Problem]:
    errors = sorted(_validator().iter_errors(data), key=lambda one: [str(part) for part in one.absolute_path])
    for error in errors:
        path = "/".join(["#", *(str(part) for part in error.absolute_path)])
        yield Problem(path, _in_words(error))


def _in_words(error: SchemaProblem) -> str:
    """The schema library's message, except where it would echo a whole picture or says too little."""
    if error.validator == "not":
        return "must not be sent for VIRTUAL_TRY_ON: the output follows the source picture"
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        extra = sorted(key for key in _keys(error.instance) if key not in known)
        return f"extraneous key [{', '.join(extra)}] is not permitted"
    if error.validator in {"type", "minLength", "maxLength"}:
        return f"must have {error.validator} {error.validator_value}"
    return str(error.message)[:MAX_PICTURE_PROBLEM]


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _mask_problems(data: Any) -> Iterator[Problem]:
    """Exactly one mask object, and the one that ``maskType`` names."""
    params = data.get("virtualTryOnParams") if isinstance(data, dict) else None
    if not isinstance(params, dict):
        return
    mask_type = params.get("maskType")
    wanted = MASK_OF.get(mask_type) if isinstance(mask_type, str) else None
    if wanted is None:
        return
    if wanted not in params:
        yield Problem(f"#/virtualTryOnParams/{wanted}", f"is required when maskType is {mask_type}")
    for other in MASK_OF.values():
        if other != wanted and other in params:
            yield Problem(f"#/virtualTryOnParams/{other}", f"must not be sent when maskType is {mask_type}")


def _decoded(text: Any, path: str, problems: list[Problem]) -> tuple[Image.Image, str] | None:
    """The picture behind base64 text and its format, or None with a problem noted."""
    if not isinstance(text, str) or not text:
        return None  # the schema has named it
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        problems.append(Problem(path, "is not base64 (send the bytes only, without a data: prefix)"))
        return None
    try:
        with Image.open(io.BytesIO(raw), formats=("PNG", "JPEG")) as picture:
            if not _fits(picture, path, problems):
                return None
            if picture.format == "PNG" and raw[PNG_BIT_DEPTH] > 8:  # Pillow would quietly make 8 of the 16
                problems.append(Problem(path, f"has {raw[PNG_BIT_DEPTH]} bits per channel; 8 are required"))
                return None
            picture.load()
            return picture.copy(), str(picture.format)
    except Image.DecompressionBombError:
        problems.append(Problem(path, f"has too many pixels (fewer than {PIXELS_BELOW} are allowed)"))
    except Exception:  # noqa: BLE001 - a hostile file can make the decoder raise almost anything
        problems.append(Problem(path, "is not a readable PNG or JPEG picture"))
    return None


def _fits(picture: Image.Image, path: str, problems: list[Problem]) -> bool:
    """Sizes and colour, from the header alone, before any pixel is decoded."""
    width, height = picture.size
    before = len(problems)
    if min(width, height) < SHORTEST_SIDE or max(width, height) > LONGEST_SIDE:
        problems.append(
            Problem(path, f"is {width}x{height}; each side must be {SHORTEST_SIDE} to {LONGEST_SIDE} pixels")
        )
    if width * height >= PIXELS_BELOW:
        problems.append(Problem(path, f"has {width * height} pixels; fewer than {PIXELS_BELOW} are allowed"))
    if max(width, height) > NARROWEST * min(width, height):
        problems.append(Problem(path, f"is {width}x{height}; the aspect ratio must be between 1:4 and 4:1"))
    if picture.mode not in {"RGB", "RGBA", "L", "LA", "P", "1"}:
        problems.append(Problem(path, f"has colour mode {picture.mode}; 8 bits per channel RGB is required"))
    return len(problems) == before


def _picture(text: Any, path: str, problems: list[Problem], adapted: list[str]) -> Image.Image | None:
    """The RGB picture as people see it: the EXIF orientation is applied, because the PNG of the answer has none."""
    decoded = _decoded(text, path, problems)
    if decoded is None:
        return None
    picture = decoded[0]
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        if picture.getchannel("A").getextrema() != (255, 255):
            problems.append(Problem(path, "has transparent or translucent pixels; all must be opaque"))
            return None
    if picture.getexif().get(ORIENTATION, 1) in range(2, 9):
        picture = ImageOps.exif_transpose(picture)
        adapted.append(f"{path.rpartition('/')[2]}=turned upright by its EXIF orientation")
    picture = picture.convert("RGB")
    picture.info = {}  # places and cameras of the photo go no further
    return picture


def _mask(params: dict[str, Any], source: Image.Image | None, problems: list[Problem]) -> Image.Image | None:
    holder = params.get("imageBasedMask")
    if params.get("maskType") != "IMAGE" or not isinstance(holder, dict):
        return None
    path = "#/virtualTryOnParams/imageBasedMask/maskImage"
    decoded = _decoded(holder.get("maskImage"), path, problems)
    if decoded is None:
        return None
    raw, format_ = decoded
    if source is not None and raw.size != source.size:
        width, height = source.size
        problems.append(
            Problem(path, f"is {raw.width}x{raw.height}; it must have the source picture's size {width}x{height}")
        )
    values = np.asarray(raw.convert("RGB"))
    slack = JPEG_TOLERANCE if format_ == "JPEG" else 0
    dark, light = (values <= slack).all(axis=2), (values >= 255 - slack).all(axis=2)
    if not np.all(dark | light):
        problems.append(Problem(path, "must hold pure black (edit) and pure white (keep) pixels only"))
        return None
    if not dark.any():
        problems.append(Problem(path, "has no black pixel, so nothing would be edited"))
        return None
    return Image.fromarray(np.where(light, 255, 0).astype(np.uint8))


def output_count(parameters: dict[str, Any]) -> int:
    """How many pictures the request asks for (1 when it does not say)."""
    return int(parameters.get("imageGenerationConfig", {}).get("numberOfImages", 1))


def megapixels(picture: Image.Image) -> float:
    """The picture's size in megapixels, for the log."""
    return round(math.prod(picture.size) / 1e6, 2)
