"""The hosted FASHN try-on in its own words: our parameters mapped to theirs, and what their answers mean.

Sources: https://docs.fashn.ai/api-reference/tryon-v1-6, https://docs.fashn.ai/api-overview/api-fundamentals and
https://docs.fashn.ai/api-overview/error-handling, read on 2026-11-21.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from vto.domain.engines import FASHN_MODEL
from vto.domain.log_text import without_values
from vto.domain.parameters import FULL_BODY, LOWER_BODY, UPPER_BODY, Parameters
from vto.errors import (
    BadModelOutputError,
    ContentBlockedError,
    ModelAccessDeniedError,
    ModelQuotaExceededError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    PictureRejectedError,
    Violation,
    VtoError,
)

CATEGORIES = {
    **dict.fromkeys(UPPER_BODY, "tops"),
    **dict.fromkeys(LOWER_BODY, "bottoms"),
    **dict.fromkeys(FULL_BODY, "one-pieces"),
}
MODES = {"standard": "balanced", "premium": "quality"}

# refused before anything was begun: nothing is billed. What the service calls invalid we have made, not the shopper.
API_ERRORS: Mapping[str, type[VtoError]] = {
    "BadRequest": ModelRefusedError,
    "UnauthorizedAccess": ModelAccessDeniedError,
    "NotFound": ModelUnavailableError,
    "RateLimitExceeded": ModelThrottledError,
    "ConcurrencyLimitExceeded": ModelThrottledError,
    "OutOfCredits": ModelQuotaExceededError,
    "InternalServerError": ModelUnavailableError,
}
API_ERRORS_BY_STATUS: Mapping[int, type[VtoError]] = {
    400: ModelRefusedError,
    401: ModelAccessDeniedError,
    403: ModelAccessDeniedError,
    413: ModelRefusedError,
    429: ModelThrottledError,
}

# begun and failed: failures are free, https://docs.fashn.ai/api-overview/error-handling
RUNTIME_ERRORS: Mapping[str, type[VtoError]] = {
    "ImageLoadError": PictureRejectedError,
    "PoseError": PictureRejectedError,
    "ContentModerationError": ContentBlockedError,
    "InputValidationError": ModelRefusedError,
    "PipelineError": ModelUnavailableError,
    "ThirdPartyError": ModelUnavailableError,
    "InternalServerError": ModelUnavailableError,
    "PollingTimeout": ModelTimeoutError,
}
WHAT_TO_CHANGE = {
    "ImageLoadError": ("cannot be read by the try-on service", "use another picture"),
    "PoseError": ("shows nobody whose pose can be seen", "use a picture with the whole upper body, from the front"),
}
# what a request is called invalid, or not found, for when the service no longer has the model
NAMES_THE_MODEL = ("model_name", FASHN_MODEL)
WAITING = frozenset({"starting", "in_queue", "processing"})


def run_request(source: bytes, reference: bytes, parameters: Parameters) -> dict[str, Any]:
    """The body of ``POST /v1/run``.

    Args:
        source: The prepared person.
        reference: The prepared product.
        parameters: What is left of the request after the engine's adaptations: maskType GARMENT, at most four pictures.
    """
    config = parameters["imageGenerationConfig"]
    return {
        "model_name": FASHN_MODEL,
        "inputs": {
            "model_image": data_uri(source),
            "garment_image": data_uri(reference),
            "category": CATEGORIES[parameters["garmentBasedMask"]["garmentClass"]],
            "garment_photo_type": "auto",  # product pictures come both ways, worn and laid flat
            "mode": MODES[config["quality"]],
            "moderation_level": "permissive",  # a shop sells swimwear too; nudity stays blocked
            "num_samples": config["numberOfImages"],
            "seed": config["seed"],
            "output_format": "png",
            "return_base64": True,  # kept for an hour instead of three days, and nothing has to be fetched
        },
    }


def data_uri(content: bytes) -> str:
    """A picture as they take it."""
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def from_data_uri(text: str) -> bytes | None:
    """The picture in an output; None when the output is an address.

    Raises:
        BadModelOutputError: It is neither.
    """
    if text.startswith("https://") or text.startswith("http://"):
        return None
    head, _, content = text.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadModelOutputError("an output is neither a picture nor an address")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise BadModelOutputError("an output is not base64") from problem


def refusal(status: int, document: Any) -> VtoError:
    """The error of ours behind an HTTP status other than 200."""
    name = str(document.get("error", "")) if isinstance(document, Mapping) else ""
    text = str(document.get("message", ""))[:300] if isinstance(document, Mapping) else ""
    kind = API_ERRORS.get(name) or API_ERRORS_BY_STATUS.get(status, ModelUnavailableError)
    if kind is ModelRefusedError or status == 404:
        kind = _retired_if_named(kind, text)
    return kind(f"{status} {name}: {without_values(text)}")


def outputs(document: Any) -> list[str] | None:
    """The outputs of a status; None while there are none yet.

    Raises:
        VtoError: The prediction failed, was stopped, or the answer has no known form.
    """
    if not isinstance(document, Mapping):
        raise BadModelOutputError("the status is not a JSON object")
    status = document.get("status")
    if status in WAITING:
        return None
    if status == "completed":
        found = document.get("output")
        if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
            raise BadModelOutputError("the prediction is completed without an output")
        return found
    if status == "time_out":
        raise ModelTimeoutError("the prediction timed out at the service")
    error = document.get("error")
    name, text = (
        (str(error.get("name", "")), str(error.get("message", ""))[:300])
        if isinstance(error, Mapping)
        else (
            "",
            str(error or ""),
        )
    )
    raise _failure(name, f"{status} {name}: {without_values(text)}", text)


def _failure(name: str, detail: str, text: str) -> VtoError:
    kind = RUNTIME_ERRORS.get(name, ModelUnavailableError)
    if kind is ModelRefusedError:
        kind = _retired_if_named(kind, text)
    if name in WHAT_TO_CHANGE:
        path = "product_id" if "garment" in text.lower() and "model" not in text.lower() else "model_id"
        return kind(detail, [Violation(path, *WHAT_TO_CHANGE[name])])
    return kind(detail)


def _retired_if_named(kind: type[VtoError], text: str) -> type[VtoError]:
    return ModelRetiredError if any(word in text.lower() for word in NAMES_THE_MODEL) else kind
