"""Where things lie in S3: the one place that knows the key layout."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote_plus

PRODUCTS = "products/"
MODELS = "models/"
STOCK_MODELS = "models/stock/"
USER_MODELS = "models/users/"
USER_MASKS = "masks/users/"
PREPARED = "prepared/"
MANIFEST = "result.json"
PREVIEWS = "previews.json"
REUSED = "reused/"  # below a job's folders: what is not its own, where no writer of its own can write over it

# What names a folder of its own in every reading of a key: no separator, no escape, no blank, nothing invisible.
USER_ID = re.compile(r"(?!\.+\Z)[^\s/\\%\x00-\x1f\x7f-\x9f]{1,128}")
FILE_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}(?<!\.)")


@dataclass(frozen=True, slots=True)
class S3Url:
    """An object's address, written ``s3://bucket/key`` wherever it is stored."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``s3://bucket/key``.

        Raises:
            ValueError: The text is not such an address.
        """
        scheme, _, rest = text.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not key:
            raise ValueError(f"not an s3://bucket/key address: {text[:200]!r}")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def key_from_event(encoded: str) -> str:
    """The real key behind a key as S3 writes it into its events (URL-encoded, blanks as ``+``)."""
    return unquote_plus(encoded)


def is_user_id(text: str) -> bool:
    """Whether a user's id can name the folders of their pictures, and no other user's.

    Example:
        >>> is_user_id("5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44"), is_user_id("guest#7"), is_user_id("a/b")
        (True, True, False)
    """
    return USER_ID.fullmatch(text) is not None


def user_model_prefix(user_id: str) -> str:
    """Where one shopper's private photos are uploaded."""
    return f"{USER_MODELS}{user_id}/"


def user_mask_prefix(user_id: str) -> str:
    """Where one shopper's hand-drawn masks are uploaded."""
    return f"{USER_MASKS}{user_id}/"


def is_mask_of(user_id: str, key: str) -> bool:
    """Whether a key is that of a mask of this user: a plain file in their own folder, with no way out of it."""
    prefix = user_mask_prefix(user_id)
    return key.startswith(prefix) and FILE_NAME.fullmatch(key.removeprefix(prefix)) is not None


def prepared_product_key(product_id: str, digest: str) -> str:
    """Where a product's model-ready picture lies; its SHA-256 ``digest`` keeps a new one from overwriting."""
    return f"{PREPARED}products/{product_id}/{digest[:16]}.jpg"


def prepared_model_key(model_id: str, user_id: str | None, digest: str) -> str:
    """Where a model's model-ready picture lies; private photos under their owner, to expire and be erased together."""
    owner = f"users/{user_id}" if user_id else "stock"
    return f"{PREPARED}models/{owner}/{model_id}/{digest[:16]}.jpg"


def prepared_photo_folder(model_id: str, user_id: str) -> str:
    """Where all that was made of one private photo lies."""
    return f"{prepared_user_prefix(user_id)}{model_id}/"


def prepared_user_prefix(user_id: str) -> str:
    """Where one shopper's model-ready photos lie."""
    return f"{PREPARED}{user_model_prefix(user_id)}"


def prepared_mask_folder(job_id: str) -> str:
    """Where what was made of one job's mask lies."""
    return f"{PREPARED}masks/{job_id}/"


def prepared_mask_key(job_id: str) -> str:
    """Where the model-ready mask of one job lies."""
    return f"{prepared_mask_folder(job_id)}mask.png"


def generated_folder(job_id: str) -> str:
    """Where all that engines answered to one job lies."""
    return f"generated/{job_id}/"


def generated_prefix(job_id: str, attempt: int) -> str:
    """Where an engine's unverified answer lies; each attempt has its own place, so a late one overwrites nothing."""
    return f"{generated_folder(job_id)}{attempt}/"


def result_folder(job_id: str) -> str:
    """Where one job's result lies, with all that was made of it."""
    return f"results/{job_id}/"


def result_key(job_id: str, name: str) -> str:
    """Where a verified result lies: ``0.png`` … ``4.png``, ``mask.png``, ``result.json``."""
    return f"{result_folder(job_id)}{name}"


def derived_folder(job_id: str) -> str:
    """Where what was made of one job's result lies, outside what the bucket's event tells of."""
    return f"derived/{job_id}/"


def derived_key(job_id: str, name: str) -> str:
    """Where one thing that was made of a result lies: ``0.webp`` … ``4.webp``, ``previews.json``."""
    return f"{derived_folder(job_id)}{name}"


def job_id_of_result(key: str) -> str:
    """The job that a key below ``results/`` belongs to."""
    _, job_id, _ = key.split("/", 2)
    return job_id
