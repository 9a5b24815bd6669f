"""What an engine that can be told to fail answers then: content filters, errors, broken answers."""

import base64
from collections.abc import Iterator
from typing import Any, Final

from conformance.case import SHIRT, Answered, Blocked, Body, Case, Expected, Failed, Garbled, NoAnswer, configured
from conformance.clients import Answer, BadAnswerError

THREE: Final = configured(SHIRT, numberOfImages=3)


def _document(answer: Answer) -> Any:
    try:
        return answer.document
    except BadAnswerError:
        return None


def _is_no_json(answer: Answer) -> bool:
    return _document(answer) is None


def _has_no_pictures(answer: Answer) -> bool:
    document = _document(answer)
    return isinstance(document, dict) and "images" not in document and "error" not in document


def _has_no_picture_in_it(answer: Answer) -> bool:
    document = _document(answer)
    return isinstance(document, dict) and not base64.b64decode(document["images"][0]).startswith(b"\x89PNG")


# what the engine is told → what must come; statuses and types from botocore's service model, words from Nova's guide
OUTCOMES: Final[tuple[tuple[str, str, Body, Expected], ...]] = (
    ("a prompt that is blocked", "block_text", SHIRT, Failed(400, "ValidationException", "adjust your text prompt")),
    ("a picture that is blocked", "block_image", SHIRT, Failed(400, "ValidationException", "adjust your input image")),
    ("three results that are all blocked", "block_all", THREE, Blocked(0, "All of the generated images")),
    ("three results of which one is blocked", "block_some", THREE, Blocked(2, "Some of the generated images")),
    ("one result that is blocked", "block_some", SHIRT, Blocked(0, "All of the generated images")),
    ("too many calls", "throttle", SHIRT, Failed(429, "ThrottlingException")),
    ("no service", "unavailable", SHIRT, Failed(503, "ServiceUnavailableException")),
    ("an error of its own", "internal", SHIRT, Failed(500, "InternalServerException")),
    ("a model that takes too long", "timeout", SHIRT, Failed(408, "ModelTimeoutException")),
    ("a model after its end of life", "retired", SHIRT, Failed(404, "ResourceNotFoundException", "end of its life")),
    ("a lacking permission", "access_denied", SHIRT, Failed(403, "AccessDeniedException")),
    ("a connection that breaks", "drop", SHIRT, NoAnswer()),
    ("an answer that is late", "slow", SHIRT, Answered()),
    ("an answer that is no JSON", "not_json", SHIRT, Garbled(_is_no_json)),
    ("an answer of another shape", "garbage_json", SHIRT, Garbled(_has_no_pictures)),
    ("an answer whose picture is none", "garbage_image", SHIRT, Garbled(_has_no_picture_in_it)),
)


def _cases() -> Iterator[Case]:
    for about, fault, body, expected in OUTCOMES:
        yield Case(f"shows {about}", "outcomes", body, expected, fault=fault)


CASES: Final = tuple(_cases())
