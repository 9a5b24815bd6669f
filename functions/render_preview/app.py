"""Draws one job's pictures with the ``preview`` engine; called by Invoke Model with S3 keys, so pictures stay in S3."""

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from PIL import Image
from PIL.Image import DecompressionBombError

from canvas import preview

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404", "AccessDenied"})


class InvalidRequestError(Exception):
    """The event lacks a key or has one that is no ``s3://`` address."""


class PictureMissingError(Exception):
    """A picture that the event names is not in storage."""


class PictureRejectedError(Exception):
    """A picture that the event names cannot be read as PNG or JPEG, or the mask has another size than the source."""


@cache
def _s3() -> "S3Client":
    return boto3.client("s3")


@cache
def _log() -> Logger:
    return Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Reads the pictures, draws, writes the results below ``output_prefix`` and answers their addresses."""
    for key in ("source", "reference", "parameters", "output_prefix"):
        if not event.get(key):
            raise InvalidRequestError(f"{key} is missing")
    mask = _picture(event["mask"]).convert("L") if event.get("mask") else None
    source, reference = _picture(event["source"]).convert("RGB"), _picture(event["reference"]).convert("RGB")
    if mask is not None and mask.size != source.size:
        raise PictureRejectedError(f"{event['mask']}: {mask.size} is not the source's size {source.size}")
    rendered = preview.render(source, reference, mask, event["parameters"])
    prefix = event["output_prefix"].rstrip("/")
    images = [_store(f"{prefix}/{index}.png", image) for index, image in enumerate(rendered.images)]
    shape = _store(f"{prefix}/mask.png", rendered.mask) if rendered.mask else None
    _log().info("rendered", images=len(images), width=source.width, height=source.height)
    return {"images": images, "mask": shape, "error": None}


def _address(url: Any) -> tuple[str, str]:
    bucket, _, key = str(url).removeprefix("s3://").partition("/")
    if not (str(url).startswith("s3://") and bucket and key):
        raise InvalidRequestError(f"{url} is no s3:// address")
    return bucket, key


def _picture(url: str) -> Image.Image:
    bucket, key = _address(url)
    try:
        body = _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise PictureMissingError(url) from error
        raise
    try:
        picture = Image.open(io.BytesIO(body), formats=("PNG", "JPEG"))
        picture.load()
    except (OSError, SyntaxError, ValueError, DecompressionBombError) as error:
        raise PictureRejectedError(f"{url} is no readable PNG or JPEG") from error
    return picture


def _store(url: str, image: Image.Image) -> str:
    bucket, key = _address(url)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    _s3().put_object(Bucket=bucket, Key=key, Body=buffer.getvalue(), ContentType="image/png")
    return url
