"""The endpoint's routes: Bedrock's ``InvokeModel`` and SageMaker's container contract, over the same engine."""

import asyncio
import json
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from PIL import Image
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from canvas.answer import answer_body
from canvas.capabilities import negotiated
from canvas.engine import Drawn, Engine, EngineBrokenError, EngineBusyError
from canvas.errors import (
    InternalServerError,
    ModelTimeoutError,
    ResourceNotFoundError,
    ServiceError,
    ServiceUnavailableError,
    ValidationError,
)
from canvas.faults import UNDRAWN, Fault, Faults
from canvas.gate import Gate
from canvas.health import STATES, Health
from canvas.metrics import CONTENT_TYPE, Metrics
from canvas.request import MAX_BODY_BYTES, TryOn, megapixels, output_count, read_request

log = logging.getLogger("canvas")

ADAPTED: Final = "x-vto-adapted"
CUSTOM: Final = "X-Amzn-SageMaker-Custom-Attributes"  # the one response header that SageMaker passes on
MOST_CUSTOM: Final = 1024  # characters of ASCII: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
READ_AND_DROPPED: Final = 2 * MAX_BODY_BYTES  # a sender of too much hears so, if it stops here


@dataclass(frozen=True, slots=True)
class Settings:
    """How the endpoint serves; times in seconds.

    ``parallel`` pictures are drawn at once; ``waiting`` further calls wait up to ``wait_seconds`` and then get 429;
    a call that is not answered after ``timeout_seconds`` gets 408. ``retired`` model ids answer as after their end of
    life; with ``faults`` tests may plan what goes wrong.
    """

    parallel: int = 2
    waiting: int = 32
    wait_seconds: float = 30.0
    timeout_seconds: float = 300.0
    retired: frozenset[str] = frozenset()
    faults: bool = False


class Endpoint:
    """One engine behind both wire forms."""

    def __init__(self, engine: Engine, settings: Settings | None = None) -> None:
        self._engine = engine
        self._settings = settings or Settings()
        self._faults = Faults()
        self.health = Health()
        parallel = min(self._settings.parallel, engine.parallel or self._settings.parallel)
        self._gate = Gate(parallel, self._settings.waiting, self._settings.wait_seconds)
        self._reading = Gate(parallel, 10_000, self._settings.timeout_seconds)
        self._capabilities = engine.capabilities
        self._metrics = Metrics(self._capabilities.engine)

    def start(self) -> None:
        """Starts the engine: at once, or in a thread when it has much to load."""
        if self._engine.loads:
            threading.Thread(target=self._load, name="load", daemon=True).start()
        else:
            self._load()

    def stop(self) -> None:
        """Takes no more calls; those being drawn are finished, those that wait are sent elsewhere (503)."""
        self.health.stop()
        self._gate.close()

    def abandon(self) -> bool:
        """Gives up what is still being drawn after the time for that; says whether there was any."""
        for gate in (self._gate, self._reading):
            gate.abandon()
        return bool(self._gate.drawing)

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/model/{model_id:path}/invoke", self.invoke, methods=["POST"]),
            Route("/invocations", self.invoke, methods=["POST"]),
            Route("/ping", self.ping, methods=["GET"]),
            Route("/capabilities", self.capabilities, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]
        if self._settings.faults:
            routes += [
                Route("/_faults", self.plan_faults, methods=["POST"]),
                Route("/_faults", self.clear_faults, methods=["DELETE"]),
                Route("/_calls", self.calls, methods=["GET"]),
            ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _not_here})

    async def ping(self, _: Request) -> Response:
        """200 when a call would be drawn, 503 while the engine loads, has failed for good, or the process stops."""
        said: dict[str, str] = {"status": "ok" if self.health.state == "ready" else self.health.state}
        if self.health.reason:
            said["reason"] = self.health.reason
        return _answer(JSONResponse(said, 200 if self.health.state == "ready" else 503))

    async def capabilities(self, _: Request) -> Response:
        """What the engine can honour of the contract."""
        return _answer(JSONResponse(self._capabilities.document() | {"faults": self._settings.faults}))

    async def metrics(self, _: Request) -> Response:
        """Prometheus' text."""
        gauges: dict[str, tuple[str, float]] = {
            "canvas_drawing": ("Requests being drawn.", self._gate.drawing),
            "canvas_waiting": ("Requests that wait for a place.", self._gate.waiting),
        }
        for state in STATES:
            gauges[f"canvas_state_{state}"] = (f"1 while the endpoint is {state}.", float(self.health.state == state))
        return Response(self._metrics.text(gauges), media_type=CONTENT_TYPE)

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
        self._metrics.arrived()
        request_id = str(uuid.uuid4())
        model_id = request.path_params.get("model_id", "")
        fields: dict[str, Any] = {"request_id": request_id, "model_id": model_id}
        error_type = ""
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                response = await self._invoke(request, model_id, fields)
        except TimeoutError:
            response, error_type = self._refused(ModelTimeoutError(), fields)
        except ServiceError as error:
            response, error_type = self._refused(error, fields)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.health.state != "stopping" or task is None:
                raise
            task.uncancel()  # the grace is over; the caller shall hear what can be retried, and not a bare 500
            response, error_type = self._refused(ServiceUnavailableError(), fields)
        except ClientDisconnect:
            response, error_type = self._refused(ValidationError("The request's body did not come whole."), fields)
        except EngineBusyError as error:
            log.warning("engine busy", extra={"fields": fields | {"reason": str(error)}})
            response, error_type = self._refused(ServiceUnavailableError(), fields)
        except EngineBrokenError as error:
            self.health.fail(str(error))
            log.exception("engine broken", extra={"fields": fields})
            response, error_type = self._refused(ServiceUnavailableError(), fields)
        except Exception:
            log.exception("engine failed", extra={"fields": fields})
            response, error_type = self._refused(InternalServerError(), fields)
        seconds = time.monotonic() - started
        response.headers["x-amzn-RequestId"] = request_id
        response.headers["X-Amzn-Bedrock-Invocation-Latency"] = str(round(seconds * 1000))
        self._metrics.answered(response.status_code, error_type, seconds)
        log.info("invoke", extra={"fields": fields | {"status": response.status_code, "seconds": round(seconds, 3)}})
        return response

    def _load(self) -> None:
        started = time.monotonic()
        self.health.load(self._engine.start)
        fields = {"engine": self._capabilities.engine, "seconds": round(time.monotonic() - started, 3)}
        if self.health.state == "failed":
            log.error("engine did not start", extra={"fields": fields | {"reason": self.health.reason}})
        else:
            log.info("engine ready", extra={"fields": fields})

    def _refused(self, error: ServiceError, fields: dict[str, Any]) -> tuple[Response, str]:
        fields |= {"error_type": error.error_type, "error": error.message[:500]}
        return _failed(error), error.error_type

    async def _invoke(self, request: Request, model_id: str, fields: dict[str, Any]) -> Response:
        refusal = self.health.refusal()
        body = await _body(request)
        if refusal:
            raise refusal
        fault = self._faults.next()
        if fault:
            fields["fault"] = fault.kind
            await asyncio.sleep(fault.seconds)
            if fault.kind == "drop":
                return await _drop(request)
            error = fault.error()
            if error:
                raise error
        if model_id in self._settings.retired:
            raise ResourceNotFoundError
        task = await self._reading.run(partial(self._read, body))
        del body  # a call that waits holds its pictures, not their text as well
        fields |= {"mask_type": task.parameters.get("maskType"), "megapixels": megapixels(task.source)}
        answer, adapted = await self._gate.run(lambda: self._draw(task, fault, fields))
        response = _whole(answer, fault)
        if adapted:
            response.headers[ADAPTED] = "; ".join(adapted)
            response.headers[CUSTOM] = passed_on(adapted)
        return response

    def _read(self, body: bytes) -> TryOn:
        task = read_request(body)
        parameters, adapted = negotiated(self._capabilities, task.parameters, task.source.width * task.source.height)
        return TryOn(task.source, task.reference, task.mask, parameters, (*task.adapted, *adapted))

    def _draw(self, task: TryOn, fault: Fault | None, fields: dict[str, Any]) -> tuple[bytes, tuple[str, ...]]:
        started = time.monotonic()
        if fault and fault.kind in UNDRAWN:
            count = output_count(task.parameters)
            drawn = Drawn(tuple(Image.new("RGB", (1, 1)) for _ in range(count)))
        else:
            drawn = self._engine.draw(task)
        adapted = (*task.adapted, *drawn.adapted)
        self._metrics.drawn(len(drawn.images), time.monotonic() - started, adapted)
        fields["images"] = len(drawn.images)
        if adapted:
            fields["adapted"] = list(adapted)
        engine = f"{self._capabilities.engine} {self._capabilities.version}"
        return answer_body(Drawn(drawn.images, drawn.mask, adapted), engine, fault), adapted


def passed_on(adapted: Sequence[str]) -> str:
    """What was adapted as SageMaker's one header takes it: in ASCII, and as many whole adaptations as there is room."""
    plain = [one.encode("ascii", "replace").decode() for one in adapted]
    while len(text := f"{ADAPTED}={'; '.join(plain)}") > MOST_CUSTOM:
        plain.pop()
    return text


async def _body(request: Request) -> bytes:
    """The request's body; what is over Bedrock's limit is read but not kept, so memory stays bounded."""
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= MAX_BODY_BYTES:
            body += chunk
        elif length > READ_AND_DROPPED:
            break
        else:
            body.clear()
    if length > MAX_BODY_BYTES:
        # InvokeModel has no 413 among its errors (botocore's service model), so it is a ValidationException
        raise ValidationError(f"The request body is over the limit of {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _whole(body: bytes, fault: Fault | None) -> Response:
    if fault and fault.kind == "not_json":
        return Response("<html><body>502 Bad Gateway</body></html>", media_type="application/json")
    return Response(body, media_type="application/json")


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
