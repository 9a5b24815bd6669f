"""The function that runs the preview engine: S3 addresses in, S3 addresses out, errors by name."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from PIL import Image

from functions.render_preview import app
from vto.errors import InvalidRequestError, PictureMissingError, PictureRejectedError

Get = Callable[..., Image.Image]
PREFIX = "s3://results/generated/job-1/0/"


@pytest.fixture
def buckets(monkeypatch: pytest.MonkeyPatch, person: Image.Image, picture: Get) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "vto",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    app._s3.cache_clear()
    app._log.cache_clear()
    with mock_aws():
        s3 = boto3.client("s3")
        for bucket in ("uploads", "results"):
            s3.create_bucket(Bucket=bucket)
        mask = Image.new("L", person.size, 255)
        mask.paste(0, (100, 100, 300, 400))
        for key, image in {
            "person.png": person, "hoodie.png": picture("green-hoodie.jpg", 448), "mask.png": mask,
            "small.png": mask.resize((100, 100)),
        }.items():  # fmt: skip
            buffer = io.BytesIO()
            image.save(buffer, "PNG")
            s3.put_object(Bucket="uploads", Key=f"prepared/{key}", Body=buffer.getvalue())
        s3.put_object(Bucket="uploads", Key="prepared/text.png", Body=b"no picture")
        yield s3
    app._s3.cache_clear()
    app._log.cache_clear()


def event(**change: Any) -> dict[str, Any]:
    return {
        "source": "s3://uploads/prepared/person.png",
        "reference": "s3://uploads/prepared/hoodie.png",
        "mask": None,
        "parameters": {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}},
        "output_prefix": PREFIX,
    } | change


def stored(s3: Any, url: str) -> Image.Image:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    answer = s3.get_object(Bucket=bucket, Key=key)
    assert answer["ContentType"] == "image/png"
    return Image.open(io.BytesIO(answer["Body"].read()))


def test_pictures_are_written_below_the_prefix(buckets: Any, person: Image.Image) -> None:
    answer = app.handler(
        event(parameters=event()["parameters"] | {"imageGenerationConfig": {"numberOfImages": 2}, "returnMask": True}),
        None,
    )
    assert answer == {"images": [PREFIX + "0.png", PREFIX + "1.png"], "mask": PREFIX + "mask.png", "error": None}
    assert all(stored(buckets, url).size == person.size for url in [*answer["images"], answer["mask"]])


def test_a_drawn_mask_is_read_from_its_address(buckets: Any, person: Image.Image) -> None:
    answer = app.handler(event(mask="s3://uploads/prepared/mask.png", parameters={"maskType": "IMAGE"}), None)
    assert answer["mask"] is None
    assert stored(buckets, answer["images"][0]).size == person.size


@pytest.mark.parametrize("missing", ["source", "reference", "parameters", "output_prefix"])
def test_an_event_without_a_part_is_refused_by_name(missing: str, buckets: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        app.handler(event(**{missing: None}), None)
    assert [(one.path, one.problem) for one in caught.value.violations] == [(missing, "is missing")]


def test_all_parts_that_an_event_lacks_are_told_at_once(buckets: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        app.handler({"source": "s3://uploads/prepared/person.png"}, None)
    assert [one.path for one in caught.value.violations] == ["reference", "parameters", "output_prefix"]


@pytest.mark.parametrize("url", ["https://example.com/a.png", "s3://uploads", "s3:///a.png", 7])
def test_only_s3_addresses_are_read(url: Any, buckets: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        app.handler(event(source=url), None)
    (one,) = caught.value.violations
    assert (one.path, one.problem) == ("source", "is no s3:// address")
    assert "s3://bucket/key" in one.remedy


def test_a_missing_picture_is_said_to_be_missing(buckets: Any) -> None:
    with pytest.raises(PictureMissingError, match=r"nobody\.png") as caught:
        app.handler(event(reference="s3://uploads/prepared/nobody.png"), None)
    assert [one.path for one in caught.value.violations] == ["reference"]


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "SlowDown"])
def test_a_lacking_permission_or_another_error_of_s3_is_not_said_to_be_a_missing_picture(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    class Refusing:
        def get_object(self, **_: str) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")

    monkeypatch.setattr(app, "_s3", Refusing)
    with pytest.raises(ClientError, match=code):
        app.handler(event(), None)


def test_what_is_no_picture_is_said_to_be_none(buckets: Any) -> None:
    with pytest.raises(PictureRejectedError, match=r"text\.png") as caught:
        app.handler(event(source="s3://uploads/prepared/text.png"), None)
    assert [one.path for one in caught.value.violations] == ["source"]


def test_a_mask_of_another_size_is_refused(buckets: Any) -> None:
    with pytest.raises(PictureRejectedError, match=r"small\.png") as caught:
        app.handler(event(mask="s3://uploads/prepared/small.png"), None)
    assert caught.value.violations[0].problem.startswith("is 100×100 pixels")


def test_the_log_names_the_job_and_no_picture(buckets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    for handler in app._log().handlers:
        monkeypatch.setattr(handler, "stream", log)
    app.handler(event(), None)
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["function"], line["output"], line["images"]) == ("render_preview", PREFIX.rstrip("/"), 1)
    assert "person.png" not in log.getvalue()
