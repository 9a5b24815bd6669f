"""What anybody may ask, before they sign in."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import new_router

router = new_router()


@router.get("/health")
def health() -> dict[str, str]:
    """Whether the API answers."""
    return {"status": "ok"}


@router.get("/config")
def config() -> dict[str, Any]:
    """What a client needs to know before anybody signs in."""
    return {**bootstrap.browse().config(), "guests": bootstrap.lets_guests_in()}
