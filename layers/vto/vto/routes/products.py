"""The catalogue, as shoppers see it."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import cursor_of, new_router

router = new_router()


@router.get("/products")
def products() -> dict[str, Any]:
    """A page of the catalogue."""
    return bootstrap.browse().products(cursor=cursor_of(router.current_event))


@router.get("/products/<product_id>")
def product(product_id: str) -> dict[str, Any]:
    """One product."""
    return bootstrap.browse().product(product_id)
