"""What is open to somebody without an account, where the deployment lets guests in; elsewhere there is nothing here."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import json_body, new_router
from vto.errors import NotFoundError, Violation

router = new_router()


@router.get("/guests/products")
def products() -> dict[str, Any]:
    """A page of the catalogue, of a category, or of what was searched for."""
    _ensure_open()
    return bootstrap.browse_products()(router.current_event.query_string_parameters or {})


@router.get("/guests/products/<product_id>")
def product(product_id: str) -> dict[str, Any]:
    """One product."""
    _ensure_open()
    return bootstrap.browse_products().one(product_id)


@router.get("/guests/categories")
def categories() -> dict[str, Any]:
    """What there is to choose from, by category."""
    _ensure_open()
    return bootstrap.count_categories()()


@router.get("/guests/models")
def models() -> dict[str, Any]:
    """The stock models."""
    _ensure_open()
    return bootstrap.browse_stock_models()()


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
