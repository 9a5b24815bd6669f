"""The engine ``nova_canvas``: Nova Canvas, or whatever keeps its contract, through Bedrock's InvokeModel."""

from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from vto.adapters.aws_errors import code_of
from vto.adapters.exchange import exchange
from vto.errors import (
    ContentBlockedError,
    InvalidRequestError,
    ModelRetiredError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    VtoError,
)
from vto.ports import Generation, Pictures, TryOnRequest

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

ERRORS: dict[str, type[VtoError]] = {
    "ThrottlingException": ModelThrottledError,
    "ModelNotReadyException": ModelThrottledError,
    "ServiceUnavailableException": ModelUnavailableError,
    "InternalServerException": ModelUnavailableError,
    "ServiceQuotaExceededException": ModelUnavailableError,
    "ModelErrorException": ModelUnavailableError,
    "ModelTimeoutException": ModelTimeoutError,
    # no access, unknown, Legacy and end of life look alike from outside, and the remedy is the same: another engine
    "AccessDeniedException": ModelRetiredError,
    "ResourceNotFoundException": ModelRetiredError,
}


class NovaCanvas:
    """The ``Engine`` port on Bedrock.

    The client must be built with one attempt and the profile's read timeout: the state machine owns the retries.
    """

    def __init__(self, client: "BedrockRuntimeClient", pictures: Pictures, model_id: str) -> None:
        self._client = client
        self._pictures = pictures
        self._model_id = model_id

    def generate(self, request: TryOnRequest) -> Generation:
        """Make the pictures; raises the Model…, ContentBlocked and BadModelOutput errors."""
        return exchange(request, self._pictures, self._invoke)

    def _invoke(self, body: bytes) -> bytes:
        try:
            response = self._client.invoke_model(
                modelId=self._model_id, body=body, contentType="application/json", accept="application/json"
            )
            return response["body"].read()
        except ClientError as error:
            raise error_of(error) from error
        except ReadTimeoutError as error:
            raise ModelTimeoutError("no answer within the read timeout") from error
        except (ConnectionClosedError, ResponseStreamingError, IncompleteReadError) as error:
            # the request was sent, so the model may have worked, and may be billed
            raise ModelTimeoutError(f"the answer was lost: {type(error).__name__}") from error
        except BotoCoreError as error:
            raise ModelUnavailableError(type(error).__name__) from error


def error_of(error: ClientError) -> VtoError:
    """The error of ours behind an exception of InvokeModel.

    Sources: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html and
    https://docs.aws.amazon.com/nova/latest/userguide/image-gen-errors.html
    """
    code, text = code_of(error), str(error.response.get("Error", {}).get("Message", ""))[:300]
    if code != "ValidationException":
        return ERRORS.get(code, ModelUnavailableError)(f"{code}: {text}")
    said = text.lower()
    if "content filter" in said or "blocked" in said:
        return ContentBlockedError(text)
    if "model identifier is invalid" in said or "end of its life" in said:
        return ModelRetiredError(text)
    return InvalidRequestError(f"the engine refused the request: {text}")
