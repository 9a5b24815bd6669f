"""The catalogue, as shoppers see it."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import new_router

router = new_router()


@router.get("/products")
def products() -> dict[str, Any]:
    """A page of the catalogue, of a category, or of what was searched for."""
    return bootstrap.browse_products()(router.current_event.query_string_parameters or {})


@router.get("/products/<product_id>")
def product(product_id: str) -> dict[str, Any]:
    """One product."""
    return bootstrap.browse_products().one(product_id)


@router.get("/categories")
def categories() -> dict[str, Any]:
    """What there is to choose from, by category."""
    return bootstrap.count_categories()()
