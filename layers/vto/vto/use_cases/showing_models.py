"""A photo or a stock model as clients see it."""

from typing import Any

from vto.domain.catalogue import CatalogueItem, Readiness
from vto.domain.storage import S3Url
from vto.ports import Pictures
from vto.use_cases.publish_job import LINK_SECONDS


def model_view(item: CatalogueItem, pictures: Pictures) -> dict[str, Any]:
    """A model with a link to its model-ready picture, without addresses; of one's own, what it rests on, too.

    Args:
        item: Its row.
        pictures: Where its picture lies.
    """
    view: dict[str, Any] = {
        "model_id": item.item_id,
        "name": item.name,
        "category": item.category,
        "description": item.description,
        "readiness": item.readiness and item.readiness.value,
        "width": item.width,
        "height": item.height,
        "picture_url": None,
        "created_at": item.created_at,
        "is_own": item.user_id is not None,
    }
    if item.user_id is not None:
        given = item.consent
        view["consent"] = given and {"policy_version": given.policy_version, "time": given.time}
    if item.readiness is Readiness.REJECTED:
        view["reason"] = item.readiness_reason
    if item.prepared_s3_url:
        view["picture_url"] = pictures.link(S3Url.parse(item.prepared_s3_url), seconds=LINK_SECONDS)
    return view
