"""Objects in S3 with all their versions, to remove them for good."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.adapters.s3 import MISSING
from vto.domain import times
from vto.domain.storage import S3Url
from vto.ports import ObjectVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GONE = (*MISSING, "NoSuchVersion", "405", "MethodNotAllowed")  # the last two: a marker has no metadata


class S3Versions:
    """The ``Versions`` port on S3."""

    def __init__(self, client: "S3Client") -> None:
        self._s3 = client

    def below(self, prefix: S3Url) -> list[ObjectVersion]:
        """All versions and delete markers of the objects whose keys begin like this."""
        found: list[ObjectVersion] = []
        with as_storage_error(f"list versions below {prefix.bucket}"):
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
            for page in pages:
                found += [_version(prefix.bucket, one) for one in page.get("Versions", [])]
                found += [_version(prefix.bucket, one, is_marker=True) for one in page.get("DeleteMarkers", [])]
        return found

    def metadata_of(self, version: ObjectVersion) -> dict[str, str]:
        """A version's user metadata; empty when it is gone."""
        where = {"Bucket": version.url.bucket, "Key": version.url.key, "VersionId": version.version_id}
        with as_storage_error("head a version"):
            try:
                return self._s3.head_object(**where)["Metadata"]  # type: ignore[arg-type]
            except ClientError as error:
                if code_of(error) in GONE:
                    return {}
                raise

    def remove(self, versions: Sequence[ObjectVersion]) -> None:
        """Remove versions for good; those that are gone already do no harm."""
        for one in versions:
            with as_storage_error(f"remove a version from {one.url.bucket}"):
                self._s3.delete_object(Bucket=one.url.bucket, Key=one.url.key, VersionId=one.version_id)


def _version(bucket: str, one: Any, *, is_marker: bool = False) -> ObjectVersion:
    written_at = times.to_iso(one["LastModified"])
    return ObjectVersion(S3Url(bucket, one["Key"]), one["VersionId"], written_at, is_marker)
