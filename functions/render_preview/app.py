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
from vto.errors import InvalidRequestError, PictureMissingError, PictureRejectedError, Violation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MISSING = frozenset({"NoSuchKey", "404"})  # not AccessDenied: the function may list, so that is a lacking permission


@cache
def _s3() -> "S3Client":
    return boto3.client("s3")


@cache
def _log() -> Logger:
    return Logger()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Reads the pictures, draws, writes the results below ``output_prefix`` and answers their addresses.

    Raises:
        InvalidRequestError: The event lacks a key or has one that is no ``s3://`` address.
        PictureMissingError: A picture that the event names is not in storage.
        PictureRejectedError: A picture cannot be read as PNG or JPEG, or the mask has another size than the source.
    """
    parts = ("source", "reference", "parameters", "output_prefix")
    if found := [Violation(part, "is missing", "send it") for part in parts if not event.get(part)]:
        raise InvalidRequestError("parts are missing", found)
    mask = _picture(event, "mask").convert("L") if event.get("mask") else None
    source, reference = _picture(event, "source").convert("RGB"), _picture(event, "reference").convert("RGB")
    if mask is not None and mask.size != source.size:
        problem = f"is {mask.width}×{mask.height} pixels; it must have the source's size {source.width}×{source.height}"
        raise PictureRejectedError(event["mask"], [Violation("mask", problem, "send the prepared one")])
    rendered = preview.render(source, reference, mask, event["parameters"])
    prefix = event["output_prefix"].rstrip("/")
    images = [_store(f"{prefix}/{index}.png", image) for index, image in enumerate(rendered.images)]
    shape = _store(f"{prefix}/mask.png", rendered.mask) if rendered.mask else None
    # the prefix names the job: so this line is found with the others of it
    _log().info("rendered", function="render_preview", output=prefix, images=len(images), size=source.size)
    return {"images": images, "mask": shape, "error": None}


def _address(url: Any, path: str) -> tuple[str, str]:
    bucket, _, key = str(url).removeprefix("s3://").partition("/")
    if not (str(url).startswith("s3://") and bucket and key):
        raise InvalidRequestError(str(url), [Violation(path, "is no s3:// address", "send s3://bucket/key")])
    return bucket, key


def _picture(event: dict[str, Any], path: str) -> Image.Image:
    url = event[path]
    bucket, key = _address(url, path)
    try:
        body = _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise PictureMissingError(url, [Violation(path, "is no longer in storage", "upload it again")]) from error
        raise
    try:
        picture = Image.open(io.BytesIO(body), formats=("PNG", "JPEG"))
        picture.load()
    except (OSError, SyntaxError, ValueError, DecompressionBombError) as error:
        raise PictureRejectedError(url, [Violation(path, "is no readable PNG or JPEG", "use another")]) from error
    return picture


def _store(url: str, image: Image.Image) -> str:
    bucket, key = _address(url, "output_prefix")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3, pnginfo=preview.notes(image))
    _s3().put_object(Bucket=bucket, Key=key, Body=buffer.getvalue(), ContentType="image/png")
    return url
