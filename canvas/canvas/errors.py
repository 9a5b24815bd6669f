"""The errors of Bedrock's ``InvokeModel``, as the wire shows them.

::

    ServiceError                     status
    ├── ValidationError              400  ValidationException
    ├── AccessDeniedError            403  AccessDeniedException
    ├── ResourceNotFoundError        404  ResourceNotFoundException   (unknown or retired model)
    ├── ModelTimeoutError            408  ModelTimeoutException
    ├── CallerGoneError              499  (nobody hears it: for log and figures)
    ├── ThrottlingError              429  ThrottlingException
    ├── ModelNotReadyError           429  ModelNotReadyException      (the engine loads)
    ├── InternalServerError          500  InternalServerException
    └── ServiceUnavailableError      503  ServiceUnavailableException

Source: service model ``bedrock-runtime/2023-09-30`` of botocore.
"""

from typing import ClassVar


class ServiceError(Exception):
    """An answer other than 200: ``status``, ``error_type`` (the header's value) and a message for people."""

    status: ClassVar[int] = 500
    error_type: ClassVar[str] = "InternalServerException"
    default: ClassVar[str] = "The system encountered an unexpected error during processing. Try your request again."

    def __init__(self, message: str | None = None, logged: str | None = None) -> None:
        """``logged`` is what the log may hold of a message that repeats the caller's own words."""
        # a caller's text may hold half a character (JSON's \ud800), which no answer can carry
        self.message = (message or self.default).encode("utf-8", "backslashreplace").decode()
        self.logged = logged or self.message
        super().__init__(self.message)


class ValidationError(ServiceError):
    """The request breaks the contract, or a content filter blocked what it brought."""

    status = 400
    error_type = "ValidationException"
    default = "Malformed input request, please reformat your input and try again."


class AccessDeniedError(ServiceError):
    """The caller may not use this model."""

    status = 403
    error_type = "AccessDeniedException"
    default = "You don't have access to the model with the specified model ID."


class ResourceNotFoundError(ServiceError):
    """There is no such model (any more)."""

    status = 404
    error_type = "ResourceNotFoundException"
    default = (
        "This model version has reached the end of its life. Please refer to the AWS documentation for more details."
    )


class ModelTimeoutError(ServiceError):
    """The model did not finish in its time."""

    status = 408
    error_type = "ModelTimeoutException"
    default = "Model has timed out in processing the request. Try your request again."


class CallerGoneError(ServiceError):
    """The caller closed the connection before it was answered; 499 is nginx's number for it."""

    status = 499
    error_type = "ClientClosedRequest"
    default = "The caller closed the connection."


class ThrottlingError(ServiceError):
    """Too many requests; Bedrock sends no Retry-After header with it, and so do we not."""

    status = 429
    error_type = "ThrottlingException"
    default = "Too many requests, please wait before trying again."


class ModelNotReadyError(ServiceError):
    """The engine is still loading; an AWS SDK asks again by itself, up to five times."""

    status = 429
    error_type = "ModelNotReadyException"
    default = "The model specified in the request is not ready to serve inference requests. Try your request again."


class InternalServerError(ServiceError):
    """Something of ours broke."""


class ServiceUnavailableError(ServiceError):
    """The service cannot answer right now."""

    status = 503
    error_type = "ServiceUnavailableException"
    default = "Bedrock is unable to process your request."
