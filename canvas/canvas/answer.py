"""From what an engine drew to the body of an answer."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from canvas.engine import Drawn
from canvas.errors import ValidationError
from canvas.faults import ALL_BLOCKED, SOME_BLOCKED, Fault
from canvas.request import MAX_BODY_BYTES

OWN: Final = frozenset({"Description", "Disclaimer"})
FAST: Final = 3  # zlib's level: the default 6 takes three times as long for 5 % less
SMALL: Final = 9
SAVED: Final = 0.15  # what SMALL saves of FAST on photos at most; it takes four to twenty times as long


def answer_body(drawn: Drawn, engine: str, fault: Fault | None = None) -> bytes:
    """The JSON body of a 200 answer.

    Args:
        drawn: The pictures, and what was adapted.
        engine: Name and version for the pictures' metadata.
        fault: A planned fault that spoils the answer.

    Raises:
        ValidationError: The answer would be larger than InvokeModel lets through (25,000,000 bytes, botocore's
            service model: InvokeModelResponse$body), even with slow compression.
    """
    kind = fault.kind if fault else None
    if kind == "garbage_json":
        return _json({"outcome": "done", "pictures": 1})
    texts = {"Software": "vto canvas endpoint", "vto:engine": engine}
    if drawn.adapted:
        texts["vto:adapted"] = "; ".join(drawn.adapted)
    # pictures that even SMALL could not bring below the limit are not encoded to the end, and not again
    document = _document(drawn, texts, FAST, round(MAX_BODY_BYTES / (1 - SAVED)), kind)
    body = _json(document)
    if len(body) > MAX_BODY_BYTES:
        body = _json(_document(drawn, texts, SMALL, MAX_BODY_BYTES, kind))
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    return body


def _too_large() -> ValidationError:
    return ValidationError(
        f"The answer would have more than {MAX_BODY_BYTES} bytes: ask for fewer pictures "
        "(#/imageGenerationConfig/numberOfImages) or send a smaller source (#/virtualTryOnParams/sourceImage)."
    )


def _document(drawn: Drawn, texts: Mapping[str, str], level: int, most: int, kind: str | None) -> dict[str, Any]:
    images: list[str] = []
    for image in drawn.images:
        images.append(encoded(image, texts, level))
        if sum(map(len, images)) > most:
            raise _too_large()
    answer: dict[str, Any] = {"images": images}
    if drawn.mask is not None:
        answer["maskImage"] = encoded(drawn.mask, {}, level)
    if kind == "garbage_image":
        answer["images"] = [base64.b64encode(b"this is not a picture").decode() for _ in images]
    elif kind == "block_all":
        answer = {"images": [], "error": ALL_BLOCKED}
    elif kind == "block_some":
        # the contract does not say which index goes missing; with one picture asked for, that one is "all"
        kept: Sequence[str] = images[:-1]
        answer |= {"images": kept, "error": SOME_BLOCKED if kept else ALL_BLOCKED}
    return answer


def encoded(image: Image.Image, texts: Mapping[str, str], level: int = FAST) -> str:
    """The picture as base64 text of a PNG, with these texts in its metadata and no others than the engine's own.

    What an engine says of itself stands in ``image.info`` under ``Description``, ``Disclaimer`` or a name that begins
    with ``vto:``; nothing else of it goes out, because it may come from the caller's photo (places, cameras, profiles).
    """
    notes = PngInfo()
    own = {str(key): one for key, one in image.info.items() if key in OWN or str(key).startswith("vto:")}
    for key, value in (own | dict(texts)).items():
        notes.add_text(key, str(value))
    plain = image.copy()
    plain.info = {}
    buffer = io.BytesIO()
    plain.save(buffer, "PNG", compress_level=level, pnginfo=notes)
    return base64.b64encode(buffer.getvalue()).decode()


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
