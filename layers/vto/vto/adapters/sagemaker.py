"""The engine ``sagemaker``: the canvas container on a SageMaker endpoint, asked with the same body as Bedrock.

Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html and the service
model ``runtime.sagemaker`` of botocore.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import code_of
from vto.adapters.bedrock import error_of
from vto.adapters.exchange import exchange, told
from vto.domain.engines import PROFILES, Adaptation
from vto.domain.log_text import without_values
from vto.domain.parameters import GENERATION_DEFAULTS, MASK_OF_TYPE
from vto.errors import (
    ModelAccessDeniedError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    VtoError,
)
from vto.ports import Generation, Pictures, TryOnRequest

# The contract's errors by status, for a container that says what went wrong in a form that SageMaker did not pass on.
# InvokeEndpoint hands on the container's status and body, and none of its headers, where the contract's name stands.
CONTRACT_BY_STATUS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}

ERRORS: dict[str, type[VtoError]] = {
    "ThrottlingException": ModelThrottledError,
    "ModelNotReadyException": ModelThrottledError,
    "ServiceUnavailable": ModelUnavailableError,
    "InternalFailure": ModelUnavailableError,
    "InternalDependencyException": ModelUnavailableError,
    "AccessDeniedException": ModelAccessDeniedError,
    "UnrecognizedClientException": ModelAccessDeniedError,
    "ExpiredTokenException": ModelAccessDeniedError,
    "ValidationError": ModelRefusedError,
}

# what InvokeEndpoint says, as a ValidationError, of an endpoint that is being made or has been scaled to zero
COMES_BACK = ("no capacity", "inservice", "in service")
# and of an endpoint or an inference component that is not there, or not of the kind that we ask for
# https://github.com/aws/amazon-sagemaker-examples/issues/293
# https://github.com/aws-samples/amazon-kendra-langchain-extensions/issues/64
GONE = ("not found", "could not find", "inference component")

ADAPTED = "x-vto-adapted="  # what the canvas container puts into the one header that SageMaker hands on
DECLARED = "resolution"  # told by the engine's profile of every answer
MOST_ADAPTATIONS = 16
# the request's fields by the container's names for them
LONG_NAMES = {
    **{name: name for name in ("mergeStyle", "maskExclusions", "returnMask", *MASK_OF_TYPE.values())},
    **{name: f"imageGenerationConfig.{name}" for name in GENERATION_DEFAULTS},
    "garmentStyling": "garmentBasedMask.garmentStyling",
}


class CanvasEndpoint:
    """The ``Engine`` port on a SageMaker endpoint.

    The client must be built with one attempt and the profile's read timeout: the state machine owns the retries.
    """

    def __init__(self, client: Any, pictures: Pictures, endpoint: str) -> None:
        self._client = client
        self._pictures = pictures
        self._endpoint = endpoint

    def generate(self, request: TryOnRequest) -> Generation:
        """Make the pictures; raises the Model…, ContentBlocked and BadModelOutput errors."""
        return exchange(request, self._pictures, self._invoke, max_bytes=PROFILES["sagemaker"].max_body_bytes)

    def _invoke(self, body: bytes) -> tuple[bytes, tuple[Adaptation, ...]]:
        with told(endpoint_error):
            response = self._client.invoke_endpoint(
                EndpointName=self._endpoint,
                InferenceComponentName=self._endpoint,
                Body=body,
                ContentType="application/json",
                Accept="application/json",
            )
            answer: bytes = response["Body"].read()
        return answer, adaptations_in(response.get("CustomAttributes") or "")


def adaptations_in(attributes: str) -> tuple[Adaptation, ...]:
    """What the container says that it did otherwise, beyond what the engine's profile declares.

    Args:
        attributes: The answer's custom attributes, ``x-vto-adapted=field=what was used instead; …``.
    """
    if not attributes.startswith(ADAPTED):
        return ()
    found = []
    for one in attributes.removeprefix(ADAPTED).split("; "):
        field, _, change = one.partition("=")
        first, dot, rest = field.partition(".")
        path = LONG_NAMES.get(first)
        if path and change:
            found.append(Adaptation(f"parameters.{path}{dot}{rest}", change))
        elif one.strip("= ") and field != DECLARED:
            found.append(Adaptation("images", one))  # no field of the request: something of the engine's own
    return tuple(found[:MOST_ADAPTATIONS])


def endpoint_error(error: ClientError) -> VtoError:
    """The error of ours behind an exception of InvokeEndpoint.

    ``ModelError`` (424) is the container's own answer, with its status and its body, which is Bedrock's; or
    SageMaker's word that it did not answer within its 60 seconds, or not at all.
    """
    code, text = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    if code == "ModelError":
        return _container_error(error.response, text)
    said, text = text.lower(), without_values(text)
    if code == "ValidationError" and any(words in said for words in COMES_BACK):
        return ModelUnavailableError(text)
    if code == "ValidationError" and any(words in said for words in GONE):
        return ModelRetiredError(text)  # as good as a model that is gone
    return ERRORS.get(code, ModelUnavailableError)(f"{code}: {text}")


def _container_error(response: Any, text: str) -> VtoError:
    status, body = int(response.get("OriginalStatusCode") or 0), str(response.get("OriginalMessage") or "")
    if status == 504 or "invocation timed out" in text.lower():
        return ModelTimeoutError(without_values(text))
    message = _message_in(body) or text
    if status not in CONTRACT_BY_STATUS:
        return ModelUnavailableError(f"the container answered {status}: {without_values(message)}")
    contract: Any = {"Error": {"Code": CONTRACT_BY_STATUS[status], "Message": message}}
    return error_of(ClientError(contract, "InvokeEndpoint"))


def _message_in(body: str) -> str:
    """The words in the container's own error, ``{"message": …}``."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body[:300]
    return str(document.get("message", ""))[:300] if isinstance(document, dict) else ""
