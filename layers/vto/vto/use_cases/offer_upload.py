"""A place to upload one picture to, that nobody else can write to and that accepts nothing else."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain import consent
from vto.domain.catalogue import model_id_of
from vto.domain.consent import Consent
from vto.domain.erasure import FORM_SECONDS
from vto.domain.pictures import MAX_UPLOAD_BYTES
from vto.domain.storage import S3Url
from vto.domain.uploads import EXTENSIONS, UploadName
from vto.errors import InvalidRequestError
from vto.ports import Clock, Pictures


@dataclass(frozen=True, slots=True)
class OfferUpload:
    """Makes presigned upload forms."""

    pictures: Pictures
    clock: Clock
    uploads_bucket: str
    policy_version: str

    def __call__(self, request: Any, user_id: str) -> dict[str, Any]:
        """Offer a form.

        Args:
            request: The document as the client sent it (``upload.schema.json``).
            user_id: Whose picture it will be.

        Returns:
            ``upload_id``, ``url``, ``fields``, ``s3_url``, ``expires_in`` and, for a photo, the ``model_id`` that it
            will have once imported.

        Raises:
            InvalidRequestError: The request breaks the schema, or lacks the consent to the policy that holds now.
        """
        found = schemas.violations("upload", request)
        if isinstance(request, Mapping):
            found = [one for one in found if one.path not in ("consent", "consent.policy_version")]
            found += consent.violations(request.get("consent"), self.policy_version)
        if found:
            raise InvalidRequestError("schema", found)
        is_photo = request["kind"] == "photo"
        # the server chooses the name: a client's own could overwrite, collide, or tell something about a person
        name = UploadName(request["kind"], uuid.uuid4().hex, EXTENSIONS[request["content_type"]])
        address = S3Url(self.uploads_bucket, name.key(user_id))
        form = self.pictures.upload_form(
            address,
            content_type=request["content_type"],
            max_bytes=MAX_UPLOAD_BYTES,
            seconds=FORM_SECONDS,
            # chosen here and pinned by the form: what the object says of its consent is what was agreed to
            metadata=Consent.given(self.policy_version, self.clock.now()).metadata(),
        )
        return {
            "upload_id": str(name),
            "url": form.url,
            "fields": dict(form.fields),
            "s3_url": str(address),
            "model_id": model_id_of(address.key) if is_photo else None,
            "expires_in": FORM_SECONDS,
        }
