"""What the shop has: products and stock models, ready to be tried on."""

from functools import cache

from tests.workflow.world import UPLOADS
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.testing import NOON

PRODUCTS, STOCK_MODELS = 40, 10


@cache
def shelf() -> tuple[CatalogueItem, ...]:
    """All of it."""
    products = [(Kind.PRODUCT, f"product-{number}") for number in range(PRODUCTS)]
    return tuple(_item(*one) for one in [*products, *((Kind.MODEL, f"stock-{n}") for n in range(STOCK_MODELS))])


def _item(kind: Kind, item_id: str) -> CatalogueItem:
    return CatalogueItem(
        kind,
        item_id,
        picture_s3_url=f"s3://{UPLOADS}/{kind}s/{item_id}.jpg",
        name=item_id,
        category="tops",
        description="",
        auto_imported=True,
        created_at=times.to_iso(NOON),
        updated_at=times.to_iso(NOON),
        readiness=Readiness.READY,
        prepared_s3_url=f"s3://{UPLOADS}/prepared/{kind}s/{item_id}/1.jpg",
        sha256=item_id.encode().hex(),
        width=800,
        height=1200,
        garment_class="UPPER_BODY" if kind is Kind.PRODUCT else None,
    )
