"""Objects in S3: read, written, and offered by presigned links and forms."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.integration.conftest import REGION, RESULTS, UPLOADS, Wire
from vto import bootstrap
from vto.adapters.s3 import S3Pictures
from vto.domain.results import Copy, NewObject
from vto.domain.storage import S3Url
from vto.errors import PictureMissingError, StorageUnavailableError

URL = S3Url(RESULTS, "results/job-1/0.png")
AGREED = {"consent-version": "1", "consent-time": "2026-11-21T12:00:00.000Z"}


@pytest.fixture
def pictures(s3: Any) -> S3Pictures:
    return S3Pictures(s3)


def test_an_object_is_read_back_with_its_type_metadata_and_checksum(pictures: S3Pictures, s3: Any) -> None:
    pictures.write(URL, b"picture", "image/png", {"job-id": "job-1"})
    assert pictures.read(URL) == b"picture"
    assert pictures.metadata(URL) == (7, {"job-id": "job-1"})
    stored = s3.get_object(Bucket=RESULTS, Key=URL.key, ChecksumMode="ENABLED")
    assert stored["ContentType"] == "image/png"
    assert stored["ChecksumSHA256"]


@pytest.mark.parametrize("name", ["blue shirt", "a+b", "100%", "100%25", "Größe", "👕", "a&b=c?d#e", "..", "a//b"])
def test_keys_are_taken_literally(pictures: S3Pictures, name: str) -> None:
    url = S3Url(UPLOADS, f"products/{name}/x.jpg")
    pictures.write(url, name.encode(), "image/jpeg")
    assert pictures.read(url) == name.encode()
    assert pictures.metadata(url)[0] == len(name.encode())


def test_an_object_that_is_not_there_is_a_missing_picture(pictures: S3Pictures) -> None:
    for ask in (pictures.read, pictures.metadata):
        with pytest.raises(PictureMissingError):
            ask(S3Url(UPLOADS, "products/none.jpg"))


def test_a_bucket_that_is_not_there_is_a_mistake_of_ours_and_no_missing_picture(pictures: S3Pictures) -> None:
    with pytest.raises(StorageUnavailableError):
        pictures.read(S3Url("no-such-bucket", "x"))
    with pytest.raises(StorageUnavailableError):
        pictures.write(S3Url("no-such-bucket", "x"), b"", "image/png")


class BrokenS3:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**options: Any) -> None:
            raise self._error

        return fail


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "GetObject"),
        ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject"),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
    ids=["slow down", "forbidden", "unreachable"],
)
def test_whatever_s3_cannot_do_is_one_error_that_the_workflow_retries(error: Exception) -> None:
    client: Any = BrokenS3(error)
    pictures = S3Pictures(client)
    for ask in (pictures.read, pictures.metadata):
        with pytest.raises(StorageUnavailableError):
            ask(URL)
    with pytest.raises(StorageUnavailableError):
        pictures.write(URL, b"", "image/png")


def test_a_link_is_signed_with_version_4_for_this_object_and_these_seconds(pictures: S3Pictures) -> None:
    link = urlsplit(pictures.link(S3Url(RESULTS, "results/job 1/0.png"), seconds=900))
    query = parse_qs(link.query)
    assert link.scheme == "https"
    assert link.path.endswith("/results/job%201/0.png")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert REGION in query["X-Amz-Credential"][0]


def policy_of(fields: Any) -> list[Any]:
    return list(json.loads(base64.b64decode(fields["policy"]))["conditions"])


def test_a_form_accepts_exactly_one_key_one_type_and_a_limited_size(pictures: S3Pictures) -> None:
    url = S3Url(UPLOADS, "models/users/alice/1.jpg")
    form = pictures.upload_form(url, content_type="image/jpeg", max_bytes=25_000_000, seconds=300, metadata=AGREED)
    assert UPLOADS in form.url
    assert (form.fields["key"], form.fields["Content-Type"]) == (url.key, "image/jpeg")
    conditions = policy_of(form.fields)
    assert {"key": url.key} in conditions
    assert {"bucket": UPLOADS} in conditions
    assert {"Content-Type": "image/jpeg"} in conditions
    assert ["content-length-range", 1, 25_000_000] in conditions
    assert not [one for one in conditions if isinstance(one, list) and one[0] == "starts-with"]
    assert form.fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_a_form_lets_nobody_choose_metadata_or_access(pictures: S3Pictures) -> None:
    form = pictures.upload_form(URL, content_type="image/png", max_bytes=1, seconds=300, metadata=AGREED)
    pinned = [{f"x-amz-meta-{name}": value} for name, value in AGREED.items()]
    assert [one for one in policy_of(form.fields) if one in pinned] == pinned
    allowed = {name for one in policy_of(form.fields) if isinstance(one, dict) for name in one}
    assert allowed - {name for one in pinned for name in one} <= {
        "key", "bucket", "Content-Type", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token",
    }  # fmt: skip


@pytest.mark.parametrize("region", ["eu-west-1", "eu-south-1", "us-east-1"])
def test_links_and_forms_name_the_buckets_host_in_its_own_region(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    # S3's global host redirects requests for a new bucket elsewhere, which breaks the signature
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    bootstrap.reset()
    pictures, url = bootstrap.pictures(), S3Url("shop-results", "results/job/0.png")
    links = pictures.link(url, seconds=60), pictures.upload_form(
        url, content_type="image/png", max_bytes=9, seconds=60, metadata=AGREED
    ).url  # fmt: skip
    bootstrap.reset()

    hosts = {urlsplit(link).netloc for link in links}
    own = "s3.amazonaws.com" if region == "us-east-1" else f"s3.{region}.amazonaws.com"
    assert hosts == {f"shop-results.{own}"}


def test_objects_are_listed_page_by_page_in_the_order_of_their_keys_with_the_time_they_were_written(
    pictures: S3Pictures,
) -> None:
    keys = ["products/a b+c%.jpg", "products/tops/1.jpg", "products/tops/ä.jpg", "models/stock/1.jpg"]
    for key in keys:
        pictures.write(S3Url(UPLOADS, key), b"picture", "image/jpeg")
    first = pictures.listed(UPLOADS, "products/", after=None, limit=2)
    assert [one.url.key for one in first] == keys[:2]
    rest = pictures.listed(UPLOADS, "products/", after=keys[1], limit=2)
    assert [one.url.key for one in rest] == keys[2:3]
    assert all(one.modified.tzinfo is not None for one in [*first, *rest])
    assert pictures.listed(UPLOADS, "products/", after="products/z", limit=2) == []


# --- several at once --------------------------------------------------------------------------------------------------

PICTURE = b"picture"


def test_objects_written_together_are_all_there(pictures: S3Pictures) -> None:
    urls = [S3Url(RESULTS, f"results/job-1/{number}.png") for number in range(9)]
    pictures.write_all([NewObject(url, url.key.encode(), "image/png", {"job-id": "job-1"}) for url in urls])
    assert [pictures.read(url) for url in urls] == [url.key.encode() for url in urls]


def test_what_one_of_several_came_to_is_told_after_all_have_ended(pictures: S3Pictures) -> None:
    there, nowhere = S3Url(RESULTS, "results/job-1/0.png"), S3Url("no-such-bucket", "results/job-1/1.png")
    with pytest.raises(StorageUnavailableError):
        pictures.write_all([NewObject(url, PICTURE, "image/png", {}) for url in (nowhere, there)])
    assert pictures.read(there) == PICTURE


def copy_of(source: S3Url, sha256: str | None = None) -> Copy:
    return Copy(source, S3Url(RESULTS, "results/job-2/reused/0.png"), "image/webp", {"job-id": "job-2"}, sha256)


def test_a_copy_has_the_bytes_and_a_type_and_metadata_of_its_own(pictures: S3Pictures, s3: Any) -> None:
    pictures.write(URL, PICTURE, "image/png", {"job-id": "job-1"})
    copy = copy_of(URL, hashlib.sha256(PICTURE).hexdigest())
    pictures.copy_all([copy])
    made = s3.get_object(Bucket=RESULTS, Key=copy.url.key)
    assert (made["Body"].read(), made["ContentType"], made["Metadata"]) == (
        PICTURE,
        "image/webp",
        {"job-id": "job-2"},
    )


def test_what_is_not_there_cannot_be_copied(pictures: S3Pictures) -> None:
    with pytest.raises(PictureMissingError):
        pictures.copy_all([copy_of(S3Url(RESULTS, "results/job-1/gone.png"))])


def test_a_copy_whose_bytes_are_not_what_was_offered_is_told_as_missing(s3: Any) -> None:
    """S3 answers with the copy's own digest."""
    client = boto3.client("s3", region_name=REGION)
    wire = Wire(client)
    digest = base64.b64encode(hashlib.sha256(PICTURE).digest()).decode()
    said = f"<CopyObjectResult><ETag>x</ETag><ChecksumSHA256>{digest}</ChecksumSHA256></CopyObjectResult>".encode()
    wire.will_say(200, said, content_type="application/xml")
    pictures = S3Pictures(client)
    pictures.copy_all([copy_of(URL, hashlib.sha256(PICTURE).hexdigest())])
    with pytest.raises(PictureMissingError):
        pictures.copy_all([copy_of(URL, hashlib.sha256(b"other").hexdigest())])
