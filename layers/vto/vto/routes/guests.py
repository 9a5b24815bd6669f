"""What is open to somebody without an account, where the deployment lets guests in; elsewhere there is nothing here."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import cursor_of, json_body, new_router
from vto.errors import NotFoundError, Violation

router = new_router()


@router.get("/guests/products")
def products() -> dict[str, Any]:
    """A page of the catalogue."""
    _ensure_open()
    return bootstrap.browse_as_guest().products(cursor=cursor_of(router.current_event))


@router.get("/guests/products/<product_id>")
def product(product_id: str) -> dict[str, Any]:
    """One product."""
    _ensure_open()
    return bootstrap.browse_as_guest().product(product_id)


@router.get("/guests/models")
def models() -> dict[str, Any]:
    """The stock models."""
    _ensure_open()
    return bootstrap.browse_as_guest().models()


@router.post("/guests/tickets")
def tickets() -> dict[str, Any]:
    """A ticket for one live socket, good for seconds and for one use."""
    _ensure_open()
    event = router.current_event
    return bootstrap.welcome_guest()(json_body(event) if event.body else {})


def _ensure_open() -> None:
    if not bootstrap.lets_guests_in():
        remedy = "sign in, and use the routes of shoppers"
        raise NotFoundError("guests", [Violation("(the route)", "is for guests, and they are switched off", remedy)])
