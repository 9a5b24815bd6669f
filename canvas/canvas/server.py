"""The endpoint's routes: Bedrock's ``InvokeModel`` and SageMaker's container contract, over the same engine."""

import asyncio
import json
import logging
import math
import re
import threading
import time
import uuid
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
    CallerGoneError,
    InternalServerError,
    ModelTimeoutError,
    ResourceNotFoundError,
    ServiceError,
    ServiceUnavailableError,
    ThrottlingError,
    ValidationError,
)
from canvas.faults import UNDRAWN, Fault, Faults
from canvas.gate import Gate
from canvas.health import STATES, Health
from canvas.metrics import CONTENT_TYPE, Metrics
from canvas.request import TryOn, megapixels, output_count, read_request
from canvas.wire import (
    ADAPTED,
    CUSTOM,
    answer,
    broken,
    drop,
    dropped_body,
    failed,
    not_here,
    passed_on,
    unless_gone,
    whole_body,
)

log = logging.getLogger("canvas")

MODEL_ID: Final = re.compile(r"[\w.:/-]{0,100}")  # of Bedrock; a caller may write anything there
LONGEST_ERROR_LOGGED: Final = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """How the endpoint serves; times in seconds.

    ``parallel`` requests are drawn at once; ``waiting`` further calls are let in, of which each waits up to
    ``wait_seconds`` for its turn; others get 429;
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
        self._most_inside = parallel + self._settings.waiting
        self._inside = 0  # calls that may hold a body or pictures
        self._reading = Gate("read", parallel, self._most_inside, self._settings.timeout_seconds)
        self._drawing = Gate("draw", parallel, self._settings.waiting, self._settings.wait_seconds)
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
        self._drawing.close()

    def abandon(self) -> bool:
        """Gives up what is still being read or drawn after the time for that; says whether there was any."""
        gates = (self._reading, self._drawing)
        for gate in gates:
            gate.abandon()
        return any(gate.busy for gate in gates)

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
        app = Starlette(routes=routes, exception_handlers={HTTPException: not_here, Exception: broken})
        app.router.redirect_slashes = False  # a redirect has no error type, and clients of AWS follow none
        return app

    async def ping(self, _: Request) -> Response:
        """200 when a call would be drawn; 503 when the engine loads, failed or is stuck, or the process stops."""
        status, reason = str(self.health.state), self.health.reason
        longest = self._settings.timeout_seconds
        if status == "ready" and (self._reading.is_stuck(longest) or self._drawing.is_stuck(longest)):
            status, reason = "stuck", "every place is held by a call that has outlived its time"
        said = {"status": "ok" if status == "ready" else status} | ({"reason": reason} if reason else {})
        return answer(JSONResponse(said, 200 if status == "ready" else 503))

    async def capabilities(self, _: Request) -> Response:
        """What the engine can honour of the contract."""
        return answer(JSONResponse(self._capabilities.document() | {"faults": self._settings.faults}))

    async def metrics(self, _: Request) -> Response:
        """Prometheus' text."""
        gauges: dict[str, tuple[str, float]] = {
            "canvas_inside": ("Requests let in: being received, read or drawn, or waiting for that.", self._inside),
            "canvas_reading": ("Requests whose pictures are being read.", self._reading.busy),
            "canvas_drawing": ("Requests being drawn.", self._drawing.busy),
            "canvas_waiting": ("Requests that wait for a place.", self._drawing.waiting),
        }
        for state in STATES:
            gauges[f"canvas_state_{state}"] = (f"1 while the endpoint is {state}.", float(self.health.state == state))
        return Response(self._metrics.text(gauges), media_type=CONTENT_TYPE)

    async def plan_faults(self, request: Request) -> Response:
        """Plans faults for the calls that follow."""
        try:
            planned = self._faults.plan(json.loads(await request.body()))
        except ValueError:
            return failed(ValidationError("The body is not JSON."))
        except ServiceError as error:
            return failed(error)
        return answer(JSONResponse({"planned": planned}))

    async def clear_faults(self, _: Request) -> Response:
        """Forgets planned faults and counts."""
        self._faults.clear()
        return answer(JSONResponse(self._faults.counts()))

    async def calls(self, _: Request) -> Response:
        """Says how many model calls came since the start or the last clearing."""
        return answer(JSONResponse(self._faults.counts()))

    async def invoke(self, request: Request) -> Response:
        """Answers one try-on; every answer carries a request id, every error Bedrock's type header."""
        started = time.monotonic()
        request_id = str(uuid.uuid4())
        model_id = request.path_params.get("model_id")
        if model_id == "":
            raise HTTPException(404)
        fields: dict[str, Any] = {"request_id": request_id, "model_id": _logged(model_id or "")}
        status, error_type = InternalServerError.status, InternalServerError.error_type
        self._metrics.arrived()
        try:
            try:
                async with asyncio.timeout(self._settings.timeout_seconds):
                    response, error_type = await self._invoke(request, fields), ""
            except (Exception, asyncio.CancelledError) as caught:  # noqa: BLE001 - _answer_to knows each of them
                # not kept in a variable: with its trace it would be a circle that holds the pictures
                response, error_type = self._refused(self._answer_to(caught, fields), fields)
            status = response.status_code
            response.headers["x-amzn-RequestId"] = request_id
            response.headers["X-Amzn-Bedrock-Invocation-Latency"] = str(round((time.monotonic() - started) * 1000))
            return response
        finally:
            seconds = time.monotonic() - started
            self._metrics.answered(status, error_type, seconds)
            log.info("invoke", extra={"fields": fields | {"status": status, "seconds": round(seconds, 3)}})

    def _answer_to(self, error: BaseException, fields: dict[str, Any]) -> ServiceError:
        """What a call gets that ended in this error; what is ours to mend is logged with its trace."""
        if isinstance(error, ServiceError):
            return error
        if isinstance(error, TimeoutError):
            return ModelTimeoutError()
        if isinstance(error, ClientDisconnect):
            return CallerGoneError()
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if self.health.state != "stopping" or task is None:
                raise error
            task.uncancel()  # the grace is over; the caller shall hear what can be retried, and not a bare 500
            return ServiceUnavailableError()
        if isinstance(error, EngineBusyError):
            log.warning("engine busy", extra={"fields": fields | {"reason": str(error)}})
            return ServiceUnavailableError()
        if isinstance(error, EngineBrokenError):
            self.health.fail(str(error))
            log.error("engine broken", exc_info=error, extra={"fields": fields})
            return ServiceUnavailableError()
        log.error("engine failed", exc_info=error, extra={"fields": fields})
        return InternalServerError()

    def _load(self) -> None:
        started = time.monotonic()
        self.health.load(self._engine.start)
        fields = {"engine": self._capabilities.engine, "seconds": round(time.monotonic() - started, 3)}
        if self.health.state == "failed":
            log.error("engine did not start", extra={"fields": fields | {"reason": self.health.reason}})
        else:
            log.info("engine ready", extra={"fields": fields})

    def _refused(self, error: ServiceError, fields: dict[str, Any]) -> tuple[Response, str]:
        fields |= {"error_type": error.error_type, "error": error.logged[:LONGEST_ERROR_LOGGED]}
        return failed(error), error.error_type

    async def _invoke(self, request: Request, fields: dict[str, Any]) -> Response:
        # who is sent away is so before the body is read: those beyond the line cost no memory
        refusal = self.health.refusal()
        if refusal is None and self._inside >= self._most_inside:
            refusal = ThrottlingError()
        if refusal:
            await dropped_body(request)
            raise refusal
        self._inside += 1
        try:
            body = await whole_body(request)
            return await unless_gone(request, self._answered(request, body, fields))
        finally:
            self._inside -= 1

    async def _answered(self, request: Request, body: bytes, fields: dict[str, Any]) -> Response:
        fault = self._faults.next()
        if fault:
            fields["fault"] = fault.kind
            await asyncio.sleep(fault.seconds)
            if fault.kind == "drop":
                return await drop(request)
            error = fault.error()
            if error:
                raise error
        if request.path_params.get("model_id") in self._settings.retired:
            raise ResourceNotFoundError
        task = await self._reading.run(partial(self._read, body))
        del body  # a call that waits holds its pictures, not their text as well
        if isinstance(task, ServiceError):
            raise task
        fields |= {"mask_type": task.parameters.get("maskType"), "megapixels": megapixels(task.source)}
        made, adapted = await self._drawing.run(lambda: self._draw(task, fault, fields))
        response = _whole(made, fault)
        if adapted:
            response.headers[ADAPTED] = "; ".join(adapted)
            response.headers[CUSTOM] = passed_on(adapted)
        return response

    def _read(self, body: bytes) -> TryOn | ServiceError:
        """The task, or the refusal as a value: an error that is raised holds all pictures in its trace."""
        try:
            task = read_request(body)
            parameters, adapted = negotiated(self._capabilities, task.parameters, math.prod(task.source.size))
        except ServiceError as error:
            return type(error)(error.message, error.logged)
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


def _logged(model_id: str) -> str:
    """A model's id as the log may hold it."""
    return model_id if MODEL_ID.fullmatch(model_id) else "(no model id)"


def _whole(body: bytes, fault: Fault | None) -> Response:
    if fault and fault.kind == "not_json":
        return Response("<html><body>502 Bad Gateway</body></html>", media_type="application/json")
    return Response(body, media_type="application/json")
