"""The catalogue, as the shop writes it: only for members of the group admin, on a function of its own."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from vto import bootstrap
from vto.adapters.rest import admin_of, json_body, new_router

router = new_router()


@router.put("/products/<product_id>")
def put_product(product_id: str) -> tuple[dict[str, Any], int]:
    """What a product is called; new ones are not shown before their picture is there."""
    admin_of(router.current_event)
    view, is_new = bootstrap.manage_products().put(product_id, json_body(router.current_event))
    return view, HTTPStatus.CREATED if is_new else HTTPStatus.OK


@router.post("/products/<product_id>/picture")
def offer_picture(product_id: str) -> dict[str, Any]:
    """A form for uploading a product's picture."""
    admin_of(router.current_event)
    return bootstrap.manage_products().offer_picture(product_id, json_body(router.current_event))


@router.delete("/products/<product_id>")
def delete_product(product_id: str) -> Response[str]:
    """Take a product out of the catalogue, with its pictures."""
    admin_of(router.current_event)
    bootstrap.manage_products().delete(product_id)
    return Response(int(HTTPStatus.NO_CONTENT), body="")
