"""The name of an upload: what its owner asks after it by, and what its key follows from, for that owner alone."""

import re
from dataclasses import dataclass
from typing import Self

from vto.domain.storage import user_mask_prefix, user_model_prefix

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
UPLOAD_ID = re.compile(r"(photo|mask)-([0-9a-f]{32})-(jpg|png|webp)")


@dataclass(frozen=True, slots=True)
class UploadName:
    """One upload of somebody: nothing is stored of it, and it says nothing of whose it is.

    Args:
        kind: ``photo`` or ``mask``.
        number: 32 hexadecimal digits that nobody can guess.
        extension: Of its file.
    """

    kind: str
    number: str
    extension: str

    @classmethod
    def parse(cls, upload_id: str) -> Self | None:
        """Read an upload's id; None for what is none."""
        found = UPLOAD_ID.fullmatch(upload_id)
        return cls(*found.groups()) if found else None

    def __str__(self) -> str:
        return f"{self.kind}-{self.number}-{self.extension}"

    def key(self, user_id: str) -> str:
        """Where this user's upload of that name lies; another's lies elsewhere."""
        prefix = user_model_prefix(user_id) if self.kind == "photo" else user_mask_prefix(user_id)
        return f"{prefix}{self.number}.{self.extension}"
