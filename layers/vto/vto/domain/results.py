"""A verified result as it is kept: the engine's own bytes, and beside them what shoppers are shown of them."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from vto.domain.job import SHOWN_TYPE, StoredImage
from vto.domain.pictures import Rendition
from vto.domain.storage import PREVIEWS, S3Url, derived_key, result_key


@dataclass(frozen=True, slots=True)
class NewObject:
    """An object that is to be stored."""

    url: S3Url
    content: bytes
    content_type: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Copy:
    """An object that is to be copied within S3.

    Args:
        source, url: From where, and to where.
        content_type, metadata: Of the copy.
        sha256: The digest that the bytes have to have; None where it is not known.
    """

    source: S3Url
    url: S3Url
    content_type: str
    metadata: Mapping[str, str]
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture of an engine's answer, verified; its bytes stay as they are, for they carry its marks of origin.

    Args:
        name: What it is to be called.
        source: Where it lies.
        sha256: Of what was verified: a copy that has other bytes is none.
        rendition: What shoppers are shown of it.
    """

    name: str
    source: S3Url
    sha256: str
    rendition: Rendition

    @classmethod
    def of(cls, name: str, source: S3Url, content: bytes, rendition: Rendition) -> Self:
        """A picture as it was read."""
        return cls(name, source, hashlib.sha256(content).hexdigest(), rendition)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a job's row says of its pictures, and what has to be copied and stored before it does."""

    images: tuple[StoredImage, ...]
    mask_s3_url: str | None
    shown_s3_urls: tuple[str, ...]
    previews_s3_url: str | None
    copies: tuple[Copy, ...]
    objects: tuple[NewObject, ...]

    @classmethod
    def of(cls, job_id: str, bucket: str, drawn: Sequence[Drawn], mask: Drawn | None) -> Self:
        """All that is stored of an answer.

        Args:
            job_id: Whose.
            bucket: Where results lie.
            drawn: Its pictures, in their order.
            mask: Its mask, if it has one.
        """

        def copied(one: Drawn) -> Copy:
            url = S3Url(bucket, result_key(job_id, one.name))
            return Copy(one.source, url, "image/png", {"job-id": job_id}, one.sha256)

        def stored(url: str, content: bytes, content_type: str) -> NewObject:
            return NewObject(S3Url(bucket, url), content, content_type, {"job-id": job_id})

        originals = [copied(one) for one in drawn]
        masks = [copied(one) for one in ([mask] if mask else [])]
        shown = [
            stored(derived_key(job_id, f"{n}.webp"), one.rendition.shown, SHOWN_TYPE)
            for n, one in enumerate(drawn)
            if one.rendition.shown
        ]
        small = [one.rendition.preview for one in drawn if one.rendition.preview]
        if not len(shown) == len(small) == len(drawn):  # all or none, so that they stand beside each other
            shown, small = [], []
        previews = [stored(derived_key(job_id, PREVIEWS), packed(small), "application/json")] if small else []
        return cls(
            images=tuple(
                StoredImage(str(kept.url), one.sha256, one.rendition.width, one.rendition.height)
                for kept, one in zip(originals, drawn, strict=True)
            ),
            mask_s3_url=str(masks[0].url) if masks else None,
            shown_s3_urls=tuple(str(one.url) for one in shown),
            previews_s3_url=str(previews[0].url) if previews else None,
            copies=(*originals, *masks),
            objects=(*shown, *previews),
        )


def packed(previews: Sequence[bytes]) -> bytes:
    """All previews of a result in one object, as they stand in a message."""
    return json.dumps([f"data:{SHOWN_TYPE};base64,{base64.b64encode(one).decode()}" for one in previews]).encode()


def unpacked(content: bytes) -> Iterator[str]:
    """The previews of an object; nothing of one that is none."""
    try:
        found = json.loads(content)
    except ValueError:
        return
    yield from (str(one) for one in found if isinstance(found, list))
