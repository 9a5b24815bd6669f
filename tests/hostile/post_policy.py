"""Decides, as S3 does, whether a browser's upload form is accepted: signature, expiry, and every field by the policy.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

UNCHECKED = {"policy", "x-amz-signature", "file"}  # fields that a policy does not have to name


@dataclass(frozen=True)
class Form:
    """What a browser posts: to which bucket, which fields, how many bytes, when."""

    bucket: str
    fields: Mapping[str, str]
    size: int
    now: datetime


def refusal(form: Form, secret_key: str) -> str | None:
    """Why a form is refused; None when S3 would store the object.

    Args:
        form: The form.
        secret_key: The secret of the credential that the form names.
    """
    fields = {name.lower(): value for name, value in form.fields.items()}
    if len(fields) != len(form.fields):
        return "a field stands twice"
    if missing := {"policy", "x-amz-signature", "x-amz-credential", "x-amz-algorithm", "x-amz-date"} - fields.keys():
        return f"lacks {min(missing)}"
    if fields["x-amz-algorithm"] != "AWS4-HMAC-SHA256":
        return "is signed in another way"
    if not hmac.compare_digest(_signature(fields, secret_key), fields["x-amz-signature"]):
        return "has a wrong signature"
    policy = json.loads(base64.b64decode(fields["policy"]))
    if form.now > datetime.fromisoformat(policy["expiration"]):
        return "has expired"
    said = {**{name: value for name, value in fields.items() if name not in UNCHECKED}, "bucket": form.bucket}
    return _breaks(policy["conditions"], said, form.size)


def _signature(fields: Mapping[str, str], secret_key: str) -> str:
    """The signature of the policy as it stands, by the date, region and service that the credential names."""
    parts = fields["x-amz-credential"].split("/")
    key = f"AWS4{secret_key}".encode()
    for part in parts[1:]:
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return hmac.new(key, fields["policy"].encode(), hashlib.sha256).hexdigest()


def _breaks(conditions: list[Any], said: Mapping[str, str], size: int) -> str | None:
    named = set()
    for condition in conditions:
        match condition:
            case dict():
                ((name, wanted),) = condition.items()
                exact, how = True, "eq"
            case ["content-length-range", least, most]:
                if not least <= size <= most:
                    return f"has {size} bytes"
                continue
            case [how, name, wanted]:
                exact, name = how == "eq", name.removeprefix("$")
                if how not in ("eq", "starts-with"):
                    return f"has a condition that nobody knows: {how}"
        named.add(name.lower())
        value = said.get(name.lower())
        if value is None or not (value == wanted if exact else value.startswith(wanted)):
            return f"has the {name} {value!r}"
    if unnamed := {name for name in said.keys() - named if not name.startswith("x-ignore-")}:
        return f"has a field that the policy does not name: {min(unnamed)}"
    return None


def utc(text: str) -> datetime:
    """A moment as signatures write it: ``20261121T120000Z``."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
