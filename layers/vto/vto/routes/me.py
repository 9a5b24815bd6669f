"""Everything that is kept about the caller."""

from http import HTTPStatus
from typing import Any

from vto import bootstrap
from vto.adapters.rest import caller_of, cursor_of, new_router

router = new_router()


@router.delete("/me")
def erase_me() -> tuple[dict[str, Any], int]:
    """The caller wants everything about them erased; the receipt says how far that is."""
    return bootstrap.request_erasure()(caller_of(router.current_event).user_id), HTTPStatus.ACCEPTED


@router.get("/me/erasures/<receipt>")
def erasure(receipt: str) -> dict[str, Any]:
    """What became of an erasure of the caller's own."""
    return bootstrap.request_erasure().state(caller_of(router.current_event).user_id, receipt)


@router.get("/me/export")
def export() -> dict[str, Any]:
    """A page of everything that is kept about the caller."""
    event = router.current_event
    return bootstrap.export_user()(caller_of(event).user_id, cursor_of(event))
