"""One photo, or one try-on, that its owner wants gone, while everything else of theirs stays."""

from dataclasses import dataclass
from datetime import datetime

from vto.domain.catalogue import CatalogueItem
from vto.domain.erasure import FORM_SECONDS, UPLOAD_SECONDS, WRITER_SECONDS, has_passed
from vto.domain.storage import S3Url, prepared_photo_folder, prepared_user_prefix, user_model_prefix


@dataclass(frozen=True, slots=True)
class Removal:
    """A wish to have one thing removed: a photo or a try-on.

    Args:
        user_id: Whose it is.
        model_id: Which photo; None where it is a try-on.
        job_id: Which try-on; None where it is a photo.
    """

    user_id: str
    model_id: str | None = None
    job_id: str | None = None


def may_go(photo: CatalogueItem, now: datetime) -> bool:
    """Whether by now nobody can write a deleted photo any more, so that its row need not stand in the way.

    An import that was at work is over a while after the deletion; an upload that began with the photo's own form, a
    while after the consent, which is when the form was made.
    """
    if photo.erased_at is None or not has_passed(photo.erased_at, WRITER_SECONDS, now):
        return False
    consented = photo.consented_at or photo.erased_at
    return has_passed(consented, FORM_SECONDS + UPLOAD_SECONDS + WRITER_SECONDS, now)


def places_of(photo: CatalogueItem, uploads_bucket: str) -> list[S3Url]:
    """Where a private photo lies: a folder (its key ends with ``/``), and single objects.

    A row that a shop wrote may name any address: one outside its owner's folders is not looked at.
    """
    if photo.user_id is None:
        return []
    found = [S3Url(uploads_bucket, prepared_photo_folder(photo.item_id, photo.user_id))]
    own = (user_model_prefix(photo.user_id), prepared_user_prefix(photo.user_id))
    for text in (photo.picture_s3_url, photo.prepared_s3_url or ""):
        try:
            address = S3Url.parse(text)
        except ValueError:
            continue
        if address.bucket == uploads_bucket and address.key.startswith(own) and not address.key.endswith("/"):
            found.append(address)
    return found
