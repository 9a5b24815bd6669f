"""Who tries things on: the caller's own photos, the stock models, and how photos and masks get here."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from vto import bootstrap
from vto.adapters.rest import caller_of, json_body, new_router, nothing

router = new_router()


@router.get("/models")
def models() -> dict[str, Any]:
    """The caller's own photos and the stock models."""
    return bootstrap.browse().models(caller_of(router.current_event).user_id)


@router.post("/uploads")
def uploads() -> dict[str, Any]:
    """A form for uploading one photo or mask."""
    return bootstrap.offer_upload()(json_body(router.current_event), caller_of(router.current_event).user_id)


@router.post("/uploads/<upload_id>/complete")
def complete_upload(upload_id: str) -> tuple[dict[str, Any], int]:
    """What became of one of the caller's uploads; an import that nobody has begun is begun."""
    answer = bootstrap.complete_upload()(upload_id, caller_of(router.current_event).user_id)
    return answer, HTTPStatus.ACCEPTED if answer["state"] == "importing" else HTTPStatus.OK


@router.patch("/models/<model_id>")
def rename_photo(model_id: str) -> dict[str, Any]:
    """One of the caller's photos, under another name."""
    event = router.current_event
    return bootstrap.rename_photo()(model_id, json_body(event), caller_of(event).user_id)


@router.delete("/models/<model_id>")
def delete_photo(model_id: str) -> Response[str]:
    """One of the caller's photos is to go, with all that was made of it."""
    bootstrap.delete_photo()(model_id, caller_of(router.current_event).user_id)
    return nothing()
