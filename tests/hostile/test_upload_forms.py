"""A signed upload form stores one picture of its owner, and nothing else that somebody may make of it."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.hostile.post_policy import Form, refusal, utc
from vto.adapters.s3 import S3Pictures
from vto.domain.erasure import FORM_SECONDS
from vto.domain.pictures import MAX_UPLOAD_BYTES
from vto.testing import FakeClock
from vto.use_cases.offer_upload import EXTENSIONS, OfferUpload

BUCKET, ALICE, BOB = "vto-uploads", "alice", "bob"
SECRET = "secret-of-the-function"
OFFERS = [*product(("photo", "mask"), EXTENSIONS)]
TYPES = ("text/html", "image/svg+xml", "application/zip", "text/javascript", "image/gif", "", "image/jpeg; x=y", "*/*")
MORE_FIELDS = {
    "acl": "public-read",
    "success_action_redirect": "https://evil.example",
    "success_action_status": "200",
    "redirect": "https://evil.example",
    "tagging": "<Tagging/>",
    "Cache-Control": "max-age=99999999",
    "Content-Disposition": "inline; filename=x.html",
    "Content-Encoding": "gzip",
    "Expires": "Thu, 01 Dec 2044 16:00:00 GMT",
    "x-amz-meta-product-id": "somebody-elses",
    "x-amz-meta-name": "words",
    "x-amz-storage-class": "GLACIER",
    "x-amz-website-redirect-location": "https://evil.example",
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": "2044-01-01T00:00:00Z",
    "x-amz-object-lock-legal-hold": "ON",
    "x-amz-grant-read": "uri=http://acs.amazonaws.com/groups/global/AllUsers",
    "x-amz-expected-bucket-owner": "123456789012",
    "x-amz-security-token": "another",
}
CONSENT_FIELDS = ("x-amz-meta-consent-version", "x-amz-meta-consent-time")
OTHER_CONSENTS = [
    *(("consent-version", value) for value in ("0", "2", "1 ", " 1", "01", "1,1", "1\n", "*", "${filename}")),
    *(("consent-time", value) for value in ("2020-01-01T00:00:00.000Z", "2044-01-01T00:00:00.000Z", "now", "*", " ")),
    ("consent-given", "yes"),
    ("Consent-Version-2", "1"),
]


def client(secret: str = SECRET) -> Any:
    """S3 as the function signs for it."""
    config = Config(signature_version="s3v4")
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": secret}
    return boto3.client("s3", region_name="us-east-1", config=config, **keys)


def offered(kind: str, content_type: str, secret: str = SECRET) -> Form:
    """A form as Alice is offered it, filled in as it is meant."""
    agreed = {"consent": {"policy_version": "1"}}
    ask = OfferUpload(S3Pictures(client(secret)), FakeClock(), BUCKET, "1")
    offer = ask({"kind": kind, "content_type": content_type, **agreed}, ALICE)
    return Form(BUCKET, offer["fields"], 200_000, utc(offer["fields"]["x-amz-date"]) + timedelta(seconds=10))


def changed(form: Form, **fields: str | None) -> Form:
    """The form with other fields; None leaves one out."""
    kept = {name: value for name, value in {**form.fields, **fields}.items() if value is not None}
    return replace(form, fields=kept)


def keys(key: str) -> Iterator[str]:
    """Other places to put an object."""
    folder, _, file = key.rpartition("/")
    stem, _, ending = file.rpartition(".")
    for owner in (BOB, "Alice", "alice ", "alíce", "*", "", "alice/..", "bob/alice"):
        yield key.replace(ALICE, owner)
    for name in ("", "${filename}", "../x.jpg", f"{stem}.html", f"{stem}.{ending}.html", f"{stem}0.{ending}"):
        yield f"{folder}/{name}"
    yield from (f"{key}/", f"{key}x", f"/{key}", f"{key}?x=y", f"{key}%00", key.upper())
    for place in ("products/", "models/stock/", "prepared/models/users/bob/", "results/", ""):
        yield f"{place}{file}"


def policies(form: Form) -> Iterator[str]:
    """The form's policy, widened by somebody who does not have the key."""
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    conditions: list[Any] = policy["conditions"]
    wider = [
        {**policy, "expiration": "2044-01-01T00:00:00Z"},
        {**policy, "conditions": []},
        {**policy, "conditions": [["starts-with", "$key", ""], {"bucket": BUCKET}]},
        {**policy, "conditions": [one for one in conditions if "content-length-range" not in one]},
        {**policy, "conditions": [*conditions, ["starts-with", "$acl", ""]]},
    ]
    yield from (base64.b64encode(json.dumps(one).encode()).decode() for one in wider)


def hostile(form: Form) -> Iterator[tuple[str, Form]]:
    """What somebody may make of a form, by a name."""
    for key in keys(form.fields["key"]):
        yield f"key {key}", changed(form, key=key)
    for content_type in (*TYPES, *EXTENSIONS):
        if content_type != form.fields["Content-Type"]:
            yield f"type {content_type}", changed(form, **{"Content-Type": content_type})
    for size in (0, -1, MAX_UPLOAD_BYTES + 1, 10 * MAX_UPLOAD_BYTES, 5 * 2**30, 5 * 2**40):
        yield f"{size} bytes", replace(form, size=size)
    for name, value in MORE_FIELDS.items():
        yield f"field {name}", changed(form, **{name: value})
    for name, value in OTHER_CONSENTS:
        yield f"{name} {value!r}", changed(form, **{f"x-amz-meta-{name}": value})
    yield "no consent at all", changed(form, **dict.fromkeys(CONSENT_FIELDS))
    for name in form.fields:
        yield f"without {name}", changed(form, **{name: None})
        yield f"empty {name}", changed(form, **{name: ""})
        if name != "key":
            yield f"{name} twice", changed(form, **{name.upper(): form.fields[name], name: form.fields[name]})
    for bucket in ("vto-results", "somebody-elses", f"{BUCKET}2", ""):
        yield f"bucket {bucket}", replace(form, bucket=bucket)
    for number, policy in enumerate(policies(form)):
        yield f"policy {number}", changed(form, policy=policy)
    for late in (FORM_SECONDS, 3_600, 86_400 * 365):
        yield f"{late} s later", replace(form, now=form.now + timedelta(seconds=late))
    for other in ("0" * 64, form.fields["x-amz-signature"][::-1]):
        yield f"signature {other}", changed(form, **{"x-amz-signature": other})
    for part in (0, 1, 2, 3):
        credential = form.fields["x-amz-credential"].split("/")
        credential[part] = "20441231" if part == 1 else "other"
        yield f"credential {part}", changed(form, **{"x-amz-credential": "/".join(credential)})


@pytest.mark.parametrize(("kind", "content_type"), OFFERS)
def test_a_form_that_is_filled_in_as_it_is_meant_is_accepted(kind: str, content_type: str) -> None:
    form = offered(kind, content_type)
    for size in (1, 200_000, MAX_UPLOAD_BYTES):
        assert refusal(replace(form, size=size), SECRET) is None
    assert refusal(replace(form, now=form.now + timedelta(seconds=FORM_SECONDS - 15)), SECRET) is None


def test_five_hundred_hostile_forms_are_refused() -> None:
    tried = [(f"{offer}: {name}", form) for offer in OFFERS for name, form in hostile(offered(*offer))]
    assert len(tried) >= 500
    assert [name for name, form in tried if refusal(form, SECRET) is None] == []


def test_a_form_that_others_signed_is_refused() -> None:
    assert refusal(offered("photo", "image/png", secret="another"), SECRET) == "has a wrong signature"


@pytest.mark.parametrize(
    ("conditions", "wanted", "size"),
    [
        (
            [],
            {"key": "models/users/bob/x.jpg"},
            1,
        ),  # what botocore makes of ${filename}
        ([["starts-with", "$Content-Type", "image/"]], {"Content-Type": "image/svg+xml"}, 1),
        ([["starts-with", "$acl", ""]], {"acl": "public-read"}, 1),
        ([], {}, 5 * 2**30),
    ],
    ids=["any key", "any picture", "any access", "any size"],
)
def test_a_wider_policy_would_be_noticed(conditions: list[Any], wanted: dict[str, str], size: int) -> None:
    made = client().generate_presigned_post(BUCKET, "${filename}", Conditions=conditions)["fields"]
    form = Form(BUCKET, {**made, "key": "x.jpg", **wanted}, size, utc(made["x-amz-date"]))
    assert refusal(form, SECRET) is None
