"""The endpoint's routes: Bedrock's ``InvokeModel`` and SageMaker's container contract, over the same engine."""

import asyncio
import base64
import io
import json
import logging
import time
import uuid
from collections.abc import Collection
from typing import Any

import anyio.to_thread
from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from canvas.engines import Engine
from canvas.errors import InternalServerError, ResourceNotFoundError, ServiceError, ValidationError
from canvas.faults import ALL_BLOCKED, SOME_BLOCKED, Fault, Faults
from canvas.preview import Rendered, notes
from canvas.request import MAX_BODY_BYTES, megapixels, read_request

log = logging.getLogger("canvas")


class Endpoint:
    """One engine behind both wire forms.

    Args:
        engine: What draws the pictures.
        retired: Model ids that answer as models do after their end of life.
        faults: Whether tests may plan faults over HTTP.
        parallel: How many pictures may be drawn at once.
    """

    def __init__(
        self, engine: Engine, *, retired: Collection[str] = (), faults: bool = False, parallel: int = 2
    ) -> None:
        self._engine = engine
        self._retired = frozenset(retired)
        self._faults = Faults()
        self._limit = anyio.CapacityLimiter(parallel)
        self._with_faults = faults

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/model/{model_id:path}/invoke", self.invoke, methods=["POST"]),
            Route("/invocations", self.invoke, methods=["POST"]),
            Route("/ping", self.ping, methods=["GET"]),
        ]
        if self._with_faults:
            routes += [
                Route("/_faults", self.plan_faults, methods=["POST"]),
                Route("/_faults", self.clear_faults, methods=["DELETE"]),
                Route("/_calls", self.calls, methods=["GET"]),
            ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _not_here})

    async def ping(self, _: Request) -> Response:
        """Says that the endpoint is up."""
        return _answer(JSONResponse({"status": "ok"}))

    async def plan_faults(self, request: Request) -> Response:
        """Plans faults for the calls that follow."""
        try:
            planned = self._faults.plan(json.loads(await request.body()))
        except ValueError:
            return _failed(ValidationError("The body is not JSON."))
        except ServiceError as error:
            return _failed(error)
        return _answer(JSONResponse({"planned": planned}))

    async def clear_faults(self, _: Request) -> Response:
        """Forgets planned faults and counts."""
        self._faults.clear()
        return _answer(JSONResponse(self._faults.counts()))

    async def calls(self, _: Request) -> Response:
        """Says how many model calls came since the start or the last clearing."""
        return _answer(JSONResponse(self._faults.counts()))

    async def invoke(self, request: Request) -> Response:
        """Answers one try-on; every answer carries a request id, every error Bedrock's type header."""
        started = time.monotonic()
        request_id = str(uuid.uuid4())
        model_id = request.path_params.get("model_id", "")
        fields: dict[str, Any] = {"request_id": request_id, "model_id": model_id}
        try:
            response = await self._invoke(request, model_id, fields)
        except ServiceError as error:
            fields |= {"error_type": error.error_type, "error": error.message[:500]}
            response = _failed(error)
        except Exception:
            log.exception("engine failed", extra={"fields": fields})
            response = _failed(InternalServerError())
        seconds = time.monotonic() - started
        response.headers["x-amzn-RequestId"] = request_id
        response.headers["X-Amzn-Bedrock-Invocation-Latency"] = str(round(seconds * 1000))
        log.info("invoke", extra={"fields": fields | {"status": response.status_code, "seconds": round(seconds, 3)}})
        return response

    async def _invoke(self, request: Request, model_id: str, fields: dict[str, Any]) -> Response:
        body = await _body(request)
        fault = self._faults.next()
        if fault:
            fields["fault"] = fault.kind
            await asyncio.sleep(fault.seconds)
            if fault.kind == "drop":
                return await _drop(request)
            error = fault.error()
            if error:
                raise error
        if model_id in self._retired:
            raise ResourceNotFoundError
        task = await anyio.to_thread.run_sync(read_request, body, limiter=self._limit)
        fields |= {"mask_type": task.parameters.get("maskType"), "megapixels": megapixels(task.source)}
        rendered = await anyio.to_thread.run_sync(self._engine, task, limiter=self._limit)
        fields["images"] = len(rendered.images)
        return await anyio.to_thread.run_sync(_picture_answer, rendered, fault, limiter=self._limit)


async def _body(request: Request) -> bytes:
    """The request's body; reading stops as soon as it is over Bedrock's limit, so memory stays bounded."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ValidationError(f"The request body is over the limit of {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _picture_answer(rendered: Rendered, fault: Fault | None) -> Response:
    kind = fault.kind if fault else None
    if kind == "not_json":
        return Response("<html><body>502 Bad Gateway</body></html>", media_type="application/json")
    if kind == "garbage_json":
        return JSONResponse({"outcome": "done", "pictures": 1})
    images = [encoded(image) for image in rendered.images]
    answer: dict[str, Any] = {"images": images}
    if rendered.mask is not None:
        answer["maskImage"] = encoded(rendered.mask)
    if kind == "garbage_image":
        answer["images"] = [base64.b64encode(b"this is not a picture").decode() for _ in images]
    elif kind == "block_all":
        answer = {"images": [], "error": ALL_BLOCKED}
    elif kind == "block_some":
        # the contract does not say which index goes missing; with one picture asked for, that one is "all"
        answer = answer | {"images": images[:-1], "error": SOME_BLOCKED if images[:-1] else ALL_BLOCKED}
    return JSONResponse(answer)


def encoded(image: Image.Image) -> str:
    """The picture as base64 text of a PNG."""
    buffer = io.BytesIO()
    # the default level 6 takes three times as long for 5 % less
    image.save(buffer, "PNG", compress_level=3, pnginfo=notes(image))
    return base64.b64encode(buffer.getvalue()).decode()


def _failed(error: ServiceError) -> Response:
    response = JSONResponse({"message": error.message}, status_code=error.status)
    response.headers["x-amzn-ErrorType"] = error.error_type
    return _answer(response)


def _answer(response: Response) -> Response:
    response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
    return response


async def _not_here(_: Request, error: Exception) -> Response:
    """An unknown route answers as AWS does, so that a client's parser finds what it expects."""
    failure: ServiceError = ResourceNotFoundError("There is no such operation here.")
    if isinstance(error, HTTPException) and error.status_code == 405:
        failure = ValidationError("The operation does not allow this method.")
    return _failed(failure)


async def _drop(request: Request) -> Response:
    """Closes the connection without an answer."""
    request.state.transport.abort()
    await asyncio.sleep(0)
    return Response(status_code=500)  # goes nowhere: the connection is closed
