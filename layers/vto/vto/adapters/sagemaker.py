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

MAX_BODY_BYTES = 6_291_456  # of a real-time endpoint, in botocore's service model; taken to hold for the answer too

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
    "ValidationError": ModelRefusedError,
}

# what InvokeEndpoint says, as a ValidationError, of an endpoint that is being made or has been scaled to zero
COMES_BACK = ("no capacity", "inservice", "in service")


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
        return exchange(request, self._pictures, self._invoke, max_bytes=MAX_BODY_BYTES)

    def _invoke(self, body: bytes) -> bytes:
        with told(endpoint_error):
            response = self._client.invoke_endpoint(
                EndpointName=self._endpoint,
                InferenceComponentName=self._endpoint,
                Body=body,
                ContentType="application/json",
                Accept="application/json",
            )
            answer: bytes = response["Body"].read()
        return answer


def endpoint_error(error: ClientError) -> VtoError:
    """The error of ours behind an exception of InvokeEndpoint.

    ``ModelError`` (424) is the container's own answer, with its status and its body, which is Bedrock's; or
    SageMaker's word that it did not answer within its 60 seconds, or not at all.
    """
    code, text = code_of(error), str(error.response.get("Error", {}).get("Message", ""))[:300]
    if code == "ModelError":
        return _container_error(error.response, text)
    if code == "ValidationError" and "not found" in text.lower():
        return ModelRetiredError(text)  # there is none of that name: as good as a model that is gone
    if code == "ValidationError" and any(said in text.lower() for said in COMES_BACK):
        return ModelUnavailableError(text)
    return ERRORS.get(code, ModelUnavailableError)(f"{code}: {text}")


def _container_error(response: Any, text: str) -> VtoError:
    status, body = int(response.get("OriginalStatusCode") or 0), str(response.get("OriginalMessage") or "")
    if status == 504 or "invocation timed out" in text.lower():
        return ModelTimeoutError(text)
    message = _message_in(body) or text
    if status not in CONTRACT_BY_STATUS:
        return ModelUnavailableError(f"the container answered {status}: {message}")
    contract: Any = {"Error": {"Code": CONTRACT_BY_STATUS[status], "Message": message}}
    return error_of(ClientError(contract, "InvokeEndpoint"))


def _message_in(body: str) -> str:
    """The words in the container's own error, ``{"message": …}``."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body[:300]
    return str(document.get("message", ""))[:300] if isinstance(document, dict) else ""
