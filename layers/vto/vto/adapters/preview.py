"""The engine ``preview``: our own drawing engine as a function of this stack; no model, no weights."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from vto.adapters.aws_errors import code_of
from vto.domain.log_text import error_name, without_values
from vto.errors import (
    BadModelOutputError,
    InvalidRequestError,
    ModelFailedError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    PictureMissingError,
    PictureRejectedError,
    ResultsBlockedError,
    VtoError,
    all_errors,
)
from vto.ports import Generation, TryOnRequest

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

REFUSALS = (InvalidRequestError, PictureMissingError, PictureRejectedError)  # what the function raises by design
# what says nothing about the pictures: the package is broken, or S3 did not do what the function asked of it
NOT_THE_PICTURES = {
    "Runtime.ImportModuleError",
    "Runtime.HandlerNotFound",
    "Runtime.UserCodeSyntaxError",
    "ClientError",
}


class Preview:
    """The ``Engine`` port on the function ``render_preview``: pictures travel as S3 keys (a payload may have 6 MB)."""

    def __init__(self, client: "LambdaClient", function_name: str) -> None:
        self._client = client
        self._function = function_name

    def generate(self, request: TryOnRequest) -> Generation:
        """Make the pictures; raises the Model…, …Blocked, BadModelOutput errors and the function's refusals."""
        answer = self._invoke(
            {
                "source": str(request.source),
                "reference": str(request.reference),
                "mask": str(request.mask) if request.mask else None,
                "parameters": request.parameters,
                "output_prefix": str(request.output),
            }
        )
        images, blocked = answer.get("images") or [], answer.get("error")
        if not images and blocked:
            raise ResultsBlockedError(without_values(str(blocked)))
        if not images:
            raise BadModelOutputError("the preview engine answered without images")
        return Generation(tuple(images), answer.get("mask"), str(blocked)[:300] if blocked else None)

    def _invoke(self, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._client.invoke(FunctionName=self._function, Payload=json.dumps(payload).encode())
            content = response["Payload"].read()
        except ClientError as error:
            if code_of(error) == "TooManyRequestsException":
                raise ModelThrottledError(code_of(error)) from error
            raise ModelUnavailableError(code_of(error)) from error
        except ReadTimeoutError as error:
            raise ModelTimeoutError("no answer within the read timeout") from error
        except BotoCoreError as error:
            raise ModelUnavailableError(type(error).__name__) from error
        if "FunctionError" in response:
            raise _failure(content)
        try:
            answer = json.loads(content)
        except ValueError as problem:
            raise BadModelOutputError("the preview engine's answer is not JSON") from problem
        return answer if isinstance(answer, dict) else {}


def _failure(content: bytes) -> VtoError:
    """The function's own refusal, told again; what else it died of it most likely died of because of these pictures.

    So the engine is not taken for down because of them, and stays open for everybody else's.
    Source of the form: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """
    said = content[:500].decode(errors="replace")
    try:
        document = json.loads(content)
        name, message = str(document["errorType"]), str(document["errorMessage"])
    except (ValueError, TypeError, KeyError):
        name, message = "", said
    known = all_errors().get(name)
    if known in REFUSALS:
        return known.from_message(message)
    said = f"{error_name(name)}: {without_values(message)}"
    if "Task timed out" in message:
        return ModelTimeoutError(said)
    kind = ModelUnavailableError if name in NOT_THE_PICTURES else ModelFailedError
    return kind(f"render_preview failed: {said}")
