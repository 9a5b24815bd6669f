"""Pictures in S3."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.domain.storage import S3Url
from vto.errors import PictureMissingError
from vto.ports import StoredObject, UploadForm

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from vto.domain.results import Copy, NewObject

AT_ONCE = 6  # requests of one function; the SDK keeps ten connections
MISSING = ("NoSuchKey", "404", "NotFound")


class S3Pictures:
    """The ``Pictures`` port on S3; the client must sign with Signature Version 4."""

    def __init__(self, client: S3Client) -> None:
        self._s3 = client

    def read(self, url: S3Url) -> bytes:
        """An object's bytes; raises PictureMissingError when it is not there."""
        with as_storage_error(f"read {url}"):
            try:
                return self._s3.get_object(Bucket=url.bucket, Key=url.key)["Body"].read()
            except ClientError as error:
                raise self._missing(url, error) from error

    def metadata(self, url: S3Url) -> tuple[int, dict[str, str]]:
        """An object's size in bytes and its user metadata; raises PictureMissingError when it is not there."""
        with as_storage_error(f"head {url}"):
            try:
                head = self._s3.head_object(Bucket=url.bucket, Key=url.key)
            except ClientError as error:
                raise self._missing(url, error) from error
        return head["ContentLength"], head["Metadata"]

    def write(self, url: S3Url, content: bytes, content_type: str, metadata: Mapping[str, str] | None = None) -> None:
        """Store an object, its bytes protected by a checksum on the way."""
        with as_storage_error(f"write {url}"):
            self._s3.put_object(
                Bucket=url.bucket,
                Key=url.key,
                Body=content,
                ContentType=content_type,
                Metadata=dict(metadata or {}),
                ChecksumAlgorithm="SHA256",
            )

    def write_all(self, objects: Sequence[NewObject]) -> None:
        """Store objects, all at once; when this raises, some of them may be there."""
        at_once(lambda one: self.write(one.url, one.content, one.content_type, one.metadata), objects)

    def copy_all(self, copies: Sequence[Copy]) -> None:
        """Copy objects within S3, all at once; when this raises, some of the copies may be there."""
        at_once(self._copy, copies)

    def _copy(self, copy: Copy) -> None:
        with as_storage_error(f"copy {copy.source}"):
            try:
                answer = self._s3.copy_object(
                    Bucket=copy.url.bucket,
                    Key=copy.url.key,
                    CopySource={"Bucket": copy.source.bucket, "Key": copy.source.key},
                    MetadataDirective="REPLACE",
                    Metadata=dict(copy.metadata),
                    ContentType=copy.content_type,
                    ChecksumAlgorithm="SHA256",
                )
            except ClientError as error:
                raise self._missing(copy.source, error) from error
        found = answer["CopyObjectResult"].get("ChecksumSHA256")
        if found and copy.sha256 and base64.b64decode(found).hex() != copy.sha256:
            raise PictureMissingError(f"{copy.source} has other bytes than it was offered with")

    def listed(self, bucket: str, prefix: str, *, after: str | None, limit: int) -> list[StoredObject]:
        """Objects below a prefix in the order of their keys, from behind a key on; fewer than limit at the end."""
        with as_storage_error(f"list s3://{bucket}/{prefix}"):
            place: dict[str, Any] = {"StartAfter": after} if after else {}
            page = self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=limit, **place)
        return [StoredObject(S3Url(bucket, one["Key"]), one["LastModified"]) for one in page.get("Contents", [])]

    def link(self, url: S3Url, *, seconds: int) -> str:
        """A presigned link to read an object."""
        return self._s3.generate_presigned_url(
            "get_object", Params={"Bucket": url.bucket, "Key": url.key}, ExpiresIn=seconds
        )

    def upload_form(
        self, url: S3Url, *, content_type: str, max_bytes: int, seconds: int, metadata: Mapping[str, str]
    ) -> UploadForm:
        """A presigned form that accepts exactly this key, type and user metadata."""
        pinned = {"Content-Type": content_type, **{f"x-amz-meta-{name}": value for name, value in metadata.items()}}
        form = self._s3.generate_presigned_post(
            url.bucket,
            url.key,
            Fields=dict(pinned),
            Conditions=[*({name: value} for name, value in pinned.items()), ["content-length-range", 1, max_bytes]],
            ExpiresIn=seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def _missing(self, url: S3Url, error: ClientError) -> Exception:
        """A missing object is the caller's business; everything else goes on as it was."""
        return PictureMissingError(str(url)) if code_of(error) in MISSING else error


def at_once[T](call: Callable[[T], object], things: Sequence[T]) -> None:
    """Call for all of them together, and raise the first error after all calls have ended."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        calls = [pool.submit(call, one) for one in things]
    for one in calls:
        one.result()
