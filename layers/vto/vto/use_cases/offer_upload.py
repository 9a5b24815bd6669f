"""A place to upload one picture to, that nobody else can write to and that accepts nothing else."""

import uuid
from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain.catalogue import model_id_of
from vto.domain.pictures import MAX_UPLOAD_BYTES
from vto.domain.storage import S3Url, user_mask_prefix, user_model_prefix
from vto.errors import InvalidRequestError
from vto.ports import Pictures

FORM_SECONDS = 300
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class OfferUpload:
    """Makes presigned upload forms."""

    pictures: Pictures
    uploads_bucket: str

    def __call__(self, request: Any, user_id: str) -> dict[str, Any]:
        """Offer a form.

        Args:
            request: The document as the client sent it (``upload.schema.json``).
            user_id: Whose picture it will be.

        Returns:
            ``url``, ``fields``, ``s3_url`` and, for a photo, the ``model_id`` that it will have once imported.

        Raises:
            InvalidRequestError: The request breaks the schema.
        """
        found = schemas.violations("upload", request)
        if found:
            raise InvalidRequestError("schema", found)
        is_photo = request["kind"] == "photo"
        prefix = user_model_prefix(user_id) if is_photo else user_mask_prefix(user_id)
        # the server chooses the name: a client's own could overwrite, collide, or tell something about a person
        address = S3Url(self.uploads_bucket, f"{prefix}{uuid.uuid4().hex}.{EXTENSIONS[request['content_type']]}")
        form = self.pictures.upload_form(
            address, content_type=request["content_type"], max_bytes=MAX_UPLOAD_BYTES, seconds=FORM_SECONDS
        )
        return {
            "url": form.url,
            "fields": dict(form.fields),
            "s3_url": str(address),
            "model_id": model_id_of(address.key) if is_photo else None,
            "expires_in": FORM_SECONDS,
        }
