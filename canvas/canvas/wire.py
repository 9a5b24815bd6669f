"""Requests' bodies and answers as HTTP has them."""

import asyncio
import uuid
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from canvas.errors import InternalServerError, ResourceNotFoundError, ServiceError, ValidationError
from canvas.request import MAX_BODY_BYTES

ADAPTED: Final = "x-vto-adapted"
CUSTOM: Final = "X-Amzn-SageMaker-Custom-Attributes"  # the one response header that SageMaker passes on
MOST_CUSTOM: Final = 1024  # characters of ASCII: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
READ_AND_DROPPED: Final = 2 * MAX_BODY_BYTES  # a sender of too much hears so, if it stops here


async def whole_body(request: Request, kept: int = MAX_BODY_BYTES) -> bytes:
    """The request's body; what is over ``kept`` bytes is read, so that the sender hears the answer, but not kept.

    Raises:
        ValidationError: It is over that limit. InvokeModel has no 413 among its errors (botocore's service model).
        ClientDisconnect: The caller went before it was whole.
    """
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= kept:
            body += chunk
        elif length <= READ_AND_DROPPED:
            body.clear()
        else:
            break
    if length > kept:
        raise ValidationError(f"The request body is over the limit of {kept} bytes.")
    return bytes(body)


async def dropped_body(request: Request) -> None:
    """Reads what still comes, so that the sender hears the answer, and keeps nothing of it."""
    with suppress(ValidationError):
        await whole_body(request, 0)


async def unless_gone[T](request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``, which is cancelled when the caller closes the connection; the body must have been read.

    Raises:
        ClientDisconnect: The caller went first.
    """
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()
        del task  # as in the gate: no circle of an error, its trace and this frame


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def answer(response: Response) -> Response:
    """The response with a request id, as every answer has one."""
    response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
    return response


def failed(error: ServiceError) -> Response:
    """The error as Bedrock sends it."""
    response = JSONResponse({"message": error.message}, status_code=error.status)
    response.headers["x-amzn-ErrorType"] = error.error_type
    return answer(response)


async def not_here(_: Request, error: Exception) -> Response:
    """An unknown route answers as AWS does, so that a client's parser finds what it expects."""
    if not isinstance(error, HTTPException) or error.status_code != 405:
        return failed(ResourceNotFoundError("There is no such operation here."))
    response = failed(ValidationError("The operation does not allow this method."))
    response.status_code = 405
    response.headers.update(error.headers or {})  # Allow
    return response


async def broken(_: Request, __: Exception) -> Response:
    """What nobody foresaw is an error of ours, in the form of the others."""
    return failed(InternalServerError())


async def drop(request: Request) -> Response:
    """Closes the connection without an answer."""
    request.state.transport.abort()
    await asyncio.sleep(0)
    return Response(status_code=500)  # goes nowhere: the connection is closed


def passed_on(adapted: Sequence[str]) -> str:
    """What was adapted as SageMaker's one header takes it: in ASCII, and as many whole adaptations as there is room."""
    plain = [one.encode("ascii", "replace").decode() for one in adapted]
    while len(text := f"{ADAPTED}={'; '.join(plain)}") > MOST_CUSTOM:
        plain.pop()
    return text
