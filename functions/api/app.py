"""The HTTP API: everything a client does that is not live. API Gateway has checked the token before we are called."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from vto import bootstrap
from vto.adapters.rest import answers_errors, caller_of, cursor_of, json_body, with_idempotency_key
from vto.telemetry import observed
from vto.use_cases.plan_try_on import is_dry_run
from vto.use_cases.sockets import TICKET_SECONDS

app = APIGatewayHttpResolver()
answers_errors(app)


@app.get("/health")
def health() -> dict[str, str]:
    """Whether the API answers."""
    return {"status": "ok"}


@app.get("/config")
def config() -> dict[str, Any]:
    """What a client needs to know before anybody signs in."""
    return bootstrap.browse().config()


@app.get("/products")
def products() -> dict[str, Any]:
    """A page of the catalogue."""
    return bootstrap.browse().products(cursor=cursor_of(app.current_event))


@app.get("/products/<product_id>")
def product(product_id: str) -> dict[str, Any]:
    """One product."""
    return bootstrap.browse().product(product_id)


@app.get("/models")
def models() -> dict[str, Any]:
    """The caller's own photos and the stock models."""
    return bootstrap.browse().models(caller_of(app.current_event).user_id)


@app.post("/uploads")
def uploads() -> dict[str, Any]:
    """A form for uploading one photo or mask."""
    return bootstrap.offer_upload()(json_body(app.current_event), caller_of(app.current_event).user_id)


@app.post("/try-ons")
def create_try_on() -> tuple[dict[str, Any], int]:
    """A try-on, or its plan, as over the WebSocket; an ``Idempotency-Key`` header takes the place of ``request_id``."""
    caller, key = caller_of(app.current_event), app.current_event.headers.get("idempotency-key")
    request = with_idempotency_key(json_body(app.current_event), key)
    if is_dry_run(request):
        return bootstrap.plan_try_on()(request, caller.user_id, is_admin=caller.is_admin), HTTPStatus.OK
    job, is_new = bootstrap.request_try_on()(request, caller.user_id, is_admin=caller.is_admin)
    return bootstrap.snapshots()(job), HTTPStatus.ACCEPTED if is_new else HTTPStatus.OK


@app.get("/try-ons")
def try_ons() -> dict[str, Any]:
    """The caller's try-ons, the newest first."""
    return bootstrap.browse().try_ons(caller_of(app.current_event).user_id, cursor=cursor_of(app.current_event))


@app.get("/try-ons/<job_id>")
def try_on(job_id: str) -> dict[str, Any]:
    """One of the caller's try-ons."""
    return bootstrap.browse().try_on(caller_of(app.current_event).user_id, job_id)


@app.post("/try-ons/<job_id>/cancel")
def cancel_try_on(job_id: str) -> dict[str, Any]:
    """One of the caller's try-ons, ended before its pictures are being made."""
    return bootstrap.snapshots()(bootstrap.cancel_try_on()(job_id, caller_of(app.current_event).user_id))


@app.post("/socket-tickets")
def socket_tickets() -> dict[str, Any]:
    """A ticket for one live socket, good for seconds and for one use."""
    caller = caller_of(app.current_event)
    ticket = bootstrap.issue_ticket()(caller.user_id, caller.token_expires_at)
    return {"ticket": ticket.ticket, "expires_in": TICKET_SECONDS}


@app.delete("/me")
def erase_me() -> tuple[dict[str, Any], int]:
    """The caller wants everything about them erased; the receipt says how far that is."""
    return bootstrap.request_erasure()(caller_of(app.current_event).user_id), HTTPStatus.ACCEPTED


@app.get("/me/erasures/<receipt>")
def erasure(receipt: str) -> dict[str, Any]:
    """What became of an erasure of the caller's own."""
    return bootstrap.request_erasure().state(caller_of(app.current_event).user_id, receipt)


@observed("api")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Route one request."""
    return app.resolve(event, context)
