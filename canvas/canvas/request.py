"""Reads a request's body: every problem with it is named at once, and its pictures come out decoded."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaProblem
from PIL import Image

from canvas.errors import ValidationError
from canvas.pictures import Problem, mask, photo

MAX_BODY_BYTES: Final = 25_000_000  # botocore's service model: InvokeModelRequest$body
# A request has some thirty of these marks; base64 has none, a prompt of 1,024 characters at most as many. Each further
# one costs a hundred times its byte in memory, and the schema's check time besides.
MARKS: Final = b",[{"
MOST_MARKS: Final = 4_096
MOST_KEYS_NAMED: Final = 20
LONGEST_KEY_NAMED: Final = 100  # characters

MASK_OF: Final = {"IMAGE": "imageBasedMask", "GARMENT": "garmentBasedMask", "PROMPT": "promptBasedMask"}
# the rule that was broken, in words; never the value, which may be a picture, a prompt or a name
WORDS: Final[Mapping[str, str]] = {
    "const": "must be {}",
    "enum": "must be one of {}",
    "type": "must have type {}",
    "minLength": "must have minLength {}",
    "maxLength": "must have maxLength {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "not": "must not be sent for VIRTUAL_TRY_ON: the output follows the source picture",
}


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
    if sum(body.count(mark) for mark in MARKS) > MOST_MARKS:
        raise ValidationError(f"Malformed input request: the body has more than {MOST_MARKS} fields and list items.")
    try:
        data = json.loads(body, parse_constant=_not_a_number)
    except (ValueError, RecursionError):
        raise ValidationError("Malformed input request: the body is not JSON.") from None
    problems = [*_schema_problems(data), *_mask_problems(data)]
    params = data.get("virtualTryOnParams") if isinstance(data, dict) else None
    params = params if isinstance(params, dict) else {}
    adapted: list[str] = []
    source = photo(params.get("sourceImage"), "#/virtualTryOnParams/sourceImage", problems, adapted)
    reference = photo(params.get("referenceImage"), "#/virtualTryOnParams/referenceImage", problems, adapted)
    drawn_mask = None
    holder = params.get("imageBasedMask")
    if params.get("maskType") == "IMAGE" and isinstance(holder, dict):
        path = "#/virtualTryOnParams/imageBasedMask/maskImage"
        drawn_mask = mask(holder.get("maskImage"), path, source, problems)
    if problems or source is None or reference is None:  # without problems both are there: mypy cannot know
        raise ValidationError(
            "Malformed input request: {}, please reformat your input and try again.".format(
                "; ".join(str(problem) for problem in problems)
            ),
            logged="; ".join(problem.for_log() for problem in problems),
        )
    parameters = {key: value for key, value in params.items() if key not in {"sourceImage", "referenceImage"}}
    if "imageBasedMask" in parameters:
        parameters["imageBasedMask"] = {}
    parameters["imageGenerationConfig"] = data.get("imageGenerationConfig", {})
    return TryOn(source, reference, drawn_mask, parameters, tuple(adapted))


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
        if error.validator == "additionalProperties":
            yield _extra_keys(path, error)
        elif error.validator == "required":
            yield Problem(path, str(error.message))  # names the schema's own field
        else:
            yield Problem(path, _in_words(error))


def _in_words(error: SchemaProblem) -> str:
    value = error.validator_value
    said = ", ".join(map(str, value)) if isinstance(value, list) else value
    return WORDS.get(str(error.validator), f"breaks the rule {error.validator}").format(said)


def _extra_keys(path: str, error: SchemaProblem) -> Problem:
    known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    extra = sorted(key for key in error.instance if key not in known) if isinstance(error.instance, dict) else []
    named = [key[:LONGEST_KEY_NAMED] for key in extra[:MOST_KEYS_NAMED]]
    if len(extra) > len(named):
        named.append(f"and {len(extra) - len(named)} more")
    text = f"extraneous key [{', '.join(named)}] is not permitted"
    return Problem(path, text, f"has {len(extra)} extraneous key(s)")


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


def output_count(parameters: dict[str, Any]) -> int:
    """How many pictures the request asks for (1 when it does not say)."""
    return int(parameters.get("imageGenerationConfig", {}).get("numberOfImages", 1))


def megapixels(picture: Image.Image) -> float:
    """The picture's size in megapixels, for the log."""
    return round(math.prod(picture.size) / 1e6, 2)
