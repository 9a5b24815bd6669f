"""The caller's try-ons."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from vto import bootstrap
from vto.adapters.rest import (
    caller_of,
    cursor_of,
    json_body,
    new_router,
    nothing,
    see_other,
    with_idempotency_key,
)
from vto.use_cases.plan_try_on import is_dry_run

router = new_router()


@router.post("/try-ons")
def create_try_on() -> tuple[dict[str, Any], int]:
    """A try-on, or its plan, as over the WebSocket; an ``Idempotency-Key`` header takes the place of ``request_id``."""
    event = router.current_event
    caller, key = caller_of(event), event.headers.get("idempotency-key")
    request = with_idempotency_key(json_body(event), key)
    if is_dry_run(request):
        return bootstrap.plan_try_on()(request, caller.user_id, is_admin=caller.is_admin), HTTPStatus.OK
    job, is_new = bootstrap.request_try_on()(request, caller.user_id, is_admin=caller.is_admin)
    is_to_come = is_new and not job.status.is_terminal  # an equal finished result is given at once
    return bootstrap.snapshots()(job), HTTPStatus.ACCEPTED if is_to_come else HTTPStatus.OK


@router.get("/try-ons")
def try_ons() -> dict[str, Any]:
    """The caller's try-ons, the newest first."""
    event = router.current_event
    return bootstrap.browse().try_ons(caller_of(event).user_id, cursor=cursor_of(event))


@router.get("/try-ons/<job_id>")
def try_on(job_id: str) -> dict[str, Any]:
    """One of the caller's try-ons."""
    return bootstrap.browse().try_on(caller_of(router.current_event).user_id, job_id)


@router.post("/try-ons/<job_id>/cancel")
def cancel_try_on(job_id: str) -> dict[str, Any]:
    """One of the caller's try-ons, ended before its pictures are being made."""
    return bootstrap.snapshots()(bootstrap.cancel_try_on()(job_id, caller_of(router.current_event).user_id))


@router.delete("/try-ons/<job_id>")
def delete_try_on(job_id: str) -> Response[str]:
    """One of the caller's try-ons is to go, with its pictures."""
    bootstrap.delete_try_on()(job_id, caller_of(router.current_event).user_id)
    return nothing()


@router.get("/try-ons/<job_id>/result")
def result(job_id: str) -> Response[str]:
    """The way to one of a finished try-on's pictures."""
    event = router.current_event
    asked = event.query_string_parameters or {}
    link = bootstrap.open_result()(job_id, asked.get("image"), caller_of(event).user_id, asked.get("original"))
    return see_other(link)
