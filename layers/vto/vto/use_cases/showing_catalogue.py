"""What clients see of a row of the catalogue: links, and no addresses."""

from typing import Any

from vto.domain.catalogue import CatalogueItem, Readiness
from vto.domain.storage import S3Url
from vto.ports import Pictures
from vto.use_cases.publish_job import LINK_SECONDS


def product_view(item: CatalogueItem, pictures: Pictures) -> dict[str, Any]:
    """A product with a link to its model-ready picture.

    Args:
        item: Its row.
        pictures: Where its picture lies.
    """
    return {
        "product_id": item.item_id,
        **_shown(item, pictures),
        "garment_class": item.garment_class,
        "updated_at": item.updated_at or None,
    }


def model_view(item: CatalogueItem, pictures: Pictures) -> dict[str, Any]:
    """A photo or a stock model with a link to its model-ready picture; of one's own, what it rests on, too.

    Args:
        item: Its row.
        pictures: Where its picture lies.
    """
    view = {
        "model_id": item.item_id,
        **_shown(item, pictures),
        "created_at": item.created_at,
        "is_own": item.user_id is not None,
    }
    if item.user_id is not None:
        given = item.consent
        view["consent"] = given and {"policy_version": given.policy_version, "time": given.time}
    return view


def _shown(item: CatalogueItem, pictures: Pictures) -> dict[str, Any]:
    address = item.prepared_s3_url
    shown = {
        "name": item.name,
        "category": item.category,
        "description": item.description,
        "readiness": item.readiness and item.readiness.value,
        "width": item.width,
        "height": item.height,
        "picture_url": pictures.link(S3Url.parse(address), seconds=LINK_SECONDS) if address else None,
    }
    return {**shown, "reason": item.readiness_reason} if item.readiness is Readiness.REJECTED else shown
