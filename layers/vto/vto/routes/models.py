"""Who tries things on: the caller's own photos, the stock models, and how photos and masks get here."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import caller_of, json_body, new_router

router = new_router()


@router.get("/models")
def models() -> dict[str, Any]:
    """The caller's own photos and the stock models."""
    return bootstrap.browse().models(caller_of(router.current_event).user_id)


@router.post("/uploads")
def uploads() -> dict[str, Any]:
    """A form for uploading one photo or mask."""
    return bootstrap.offer_upload()(json_body(router.current_event), caller_of(router.current_event).user_id)
