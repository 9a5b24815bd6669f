"""The engine ``nova_canvas``: Nova Canvas, or whatever keeps its contract, through Bedrock's InvokeModel."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import code_of
from vto.adapters.exchange import exchange, told
from vto.domain.log_text import without_values
from vto.errors import (
    ContentBlockedError,
    ModelAccessDeniedError,
    ModelFailedError,
    ModelQuotaExceededError,
    ModelRefusedError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    PictureBlockedError,
    PromptBlockedError,
    VtoError,
)
from vto.ports import Generation, Pictures, TryOnRequest

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

# What InvokeModel declares in the SDK's service model, and what any service may answer. By what is to be done: 429
# means wait in the queue, whichever of the two it is; 5xx means try again; the rest is for whoever operates it.
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
ERRORS: dict[str, type[VtoError]] = {
    "ThrottlingException": ModelThrottledError,
    "ModelNotReadyException": ModelThrottledError,
    "ServiceUnavailableException": ModelUnavailableError,
    "InternalServerException": ModelUnavailableError,
    "ModelTimeoutException": ModelTimeoutError,
    "ModelErrorException": ModelFailedError,
    "ServiceQuotaExceededException": ModelQuotaExceededError,
    "AccessDeniedException": ModelAccessDeniedError,
    "UnrecognizedClientException": ModelAccessDeniedError,
    "ExpiredTokenException": ModelAccessDeniedError,
    "ResourceNotFoundException": ModelRetiredError,
    "ValidationException": ModelRefusedError,
}

# What Bedrock says of a model that is gone, or that is not to be had under its id, and of an account that may not use
# it. It says the one under three codes, and the other as if the request were at fault; under any other code the same
# words mean something else.
# https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html
# https://github.com/aws/aws-cli/issues/8717, https://github.com/langchain-ai/langchain/issues/19215
# https://github.com/aws-samples/amazon-bedrock-audio-summarizer/issues/3
# https://github.com/terricain/aioboto3/issues/352
GONE_CODES = ("ValidationException", "ResourceNotFoundException", "AccessDeniedException")
GONE = ("legacy", "end of its life", "model identifier is invalid", "with on-demand throughput")
NO_ACCESS = ("operation not allowed", "not authorized to invoke")
# https://docs.aws.amazon.com/nova/latest/userguide/image-gen-errors.html
BLOCKED = (("text prompt", PromptBlockedError), ("input image", PictureBlockedError), ("", ContentBlockedError))


class NovaCanvas:
    """The ``Engine`` port on Bedrock.

    The client must be built with one attempt and the profile's read timeout: the state machine owns the retries.
    """

    def __init__(self, client: "BedrockRuntimeClient", pictures: Pictures, model_id: str) -> None:
        self._client = client
        self._pictures = pictures
        self._model_id = model_id

    def generate(self, request: TryOnRequest) -> Generation:
        """Make the pictures; raises the Model…, …Blocked and BadModelOutput errors."""
        return exchange(request, self._pictures, self._invoke)

    def _invoke(self, body: bytes) -> tuple[bytes, tuple[()]]:
        with told(error_of):
            response = self._client.invoke_model(
                modelId=self._model_id, body=body, contentType="application/json", accept="application/json"
            )
            return response["body"].read(), ()


def error_of(error: ClientError) -> VtoError:
    """The error of ours behind an exception of InvokeModel: by its code first, then by fragments of its message."""
    code, text = code_of(error), str(error.response.get("Error", {}).get("Message", ""))
    said, text = text.lower(), without_values(text)
    if code in GONE_CODES and any(words in said for words in GONE):
        return ModelRetiredError(f"{code}: {text}")
    if code == "ValidationException" and any(words in said for words in NO_ACCESS):
        return ModelAccessDeniedError(f"{code}: {text}")
    if code == "ValidationException" and ("content filter" in said or "blocked" in said):
        return next(cls for words, cls in BLOCKED if words in said)(text)
    return ERRORS.get(code, ModelUnavailableError)(f"{code}: {text}")
