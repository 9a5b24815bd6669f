"""Each rule finds what it is for, in every form in which a line may hold it, and nothing in lines as they should be."""

import base64
import io
import json
import random
import secrets

import pytest
from PIL import Image

from tests.log_scanner.rules import RULES, findings

TICKET = "hY3qT9xB0vLk2RwZ7nPfM5sJd8GcA1eUo4iVbXy6KtQ"
TOKEN = "eyJraWQiOiJhYmMiLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI1YjFlNmQwYSJ9.c2lnbmF0dXJl"
LINK = (
    "https://shop-results.s3.amazonaws.com/results/1/0.png?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261121&X-Amz-Signature=9f86d081884c7d659a2feaa0c55ad015"
)


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((32, 32), 50).save(out, kind)
    return out.getvalue()


FORMS = base64.b64encode(b'{"expiration": "2026-11-21T12:00:00Z", "conditions": []}').decode()
BAD = {
    "token": [
        TOKEN,
        TOKEN.rpartition(".")[0],
        f"Authorization: Bearer {TICKET}",
        json.dumps({"authorization": "Bearer key-1234"}),
        json.dumps({"detail": json.dumps({"access_token": "abcdefgh"})}),
        f"GET /?ticket={TICKET} HTTP/1.1",
        f"no ticket {TICKET}",
        "AccessDenied for AKIAIOSFODNN7EXAMPLE",
        "the key fa-0123456789abcdef0123 is refused",
        "'AWS_SESSION_TOKEN': 'IQoJb3JpZ2luX2VjEXAMPLE'",
        "GET /live?v=1&token=abcdef123456 HTTP/1.1",
    ],
    "signature": [LINK, json.dumps({"fields": {"x-amz-signature": "9f86d081"}}), json.dumps({"policy": FORMS})],
    "e mail": [
        "no user ada@example.com",
        "/users?name=ada%40example.com",
        "Ada <ada.l+shop@mail.example.co.uk>",
        "no user ada\\u0040example.com",
        "no user ädä@exämple.de",
    ],
    "network address": [
        '{"sourceIp":"203.0.113.24"}',
        "x-forwarded-for: 2001:db8:85a3::8a2e:370:7334",
        "from 10.1.2.3",
    ],
    "picture": [
        *(base64.b64encode(picture(kind)).decode() for kind in ("JPEG", "PNG", "WEBP")),
        *(repr(picture(kind)) for kind in ("JPEG", "PNG", "WEBP")),
        *(json.dumps({"body": picture(kind).decode("latin-1")}) for kind in ("JPEG", "PNG")),
        base64.b64encode(picture("PNG")[40:]).decode(),  # from its middle
        repr(picture("JPEG")[200:]),
    ],
    "words": [
        json.dumps({"maskPrompt": "the scar on my knee"}),
        json.dumps({"detail": json.dumps({"prompt": "a red dress"})}),
        "{'negativeText': 'my belly'}",
        "Mask(maskPrompt='the scar on my knee')",
        "cannot use maskPrompt=the scar on my knee",
        json.dumps({"negativeText": ["my belly"]}),
    ],
    "file name": [
        "s3://shop-uploads/models/users/5b1e6d0a/Ada in Rome.jpg",
        json.dumps({"filename": "ada-in-rome.HEIC"}),
        '"key":"models%2Fusers%2F5b1e6d0a%2FAda+in+Rome.jpg"',
    ],
}
GOOD = [
    '{"level":"INFO","message":"done","timestamp":"2026-11-21 14:32:44,117+0000","service":"vto",'
    '"function":"store_result","request_id":"76c49485-ee94-42e8-9eae-56da114c0456","job_id":"fa5f25d5-1541-5dec-95be-63aa'
    'ed859308","execution_arn":"arn:aws:states:us-east-1:123456789012:execution:vto-try-on:fa5f25d5-1541-5dec-95be-0","d"'
    ':"s3://vto-uploads-123456789012-us-east-1/models/users/5b1e6d0a-3c3f/0d9e3f5b7a1c4e6f8a2b4c6d8e0f1a2b.jpg"}',
    '{"detail":"there is no s3://b/prepared/models/users/5b1e6d0a/standing-person-d8e82b19/0d9e3f5b7a1c4e6f.jpg"}',
    '{"detail":"issue ticket: ResourceNotFoundException","sha256":"' + "0d9e3f5b" * 8 + '"}',
    "no answer from 127.0.0.1:8080 or [::1]:8080 at 12:32:44; boto3 1.40.3, Chrome 140.0.7339.5",
    "probe-up-sigint-EveryMinuteFunction-0A1B2C3D",
    "NotAuthorizedError: the token is an ID token; send the access token",
    '{"next_token": "abc", "path": "parameters.promptBasedMask.maskPrompt", "text": ["", ""]}',
    '"key":"models%2Fusers%2F5b1e6d0a%2F0d9e3f5b7a1c4e6f8a2b4c6d8e0f1a2b.jpg"',
    "maskPrompt is missing; send text of 1 to 1024 characters",
    '{"adapted": ["maskPrompt=has no word that is known, so the product is put into the middle"]}',
    "products/tops/green hoodie (2026).jpg has no class",
    "socket L0SM9cOFvHcCIhw= is busy with another push",
    "  File /opt/python/vto/adapters/dynamodb/" + "very_long_folder/" * 20 + "app.py, line 12, in handler",
]


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule, lines in BAD.items() for line in lines])
def test_a_rule_finds_what_it_is_for_and_does_not_repeat_it(rule: str, line: str) -> None:
    found = findings(f'{{"level":"INFO","message":"x","what":"{line}"}}')

    assert rule in {one.rule for one in found}
    told = " ".join(one.excerpt for one in found)
    assert not [secret for secret in (TICKET, TOKEN, "9f86d081", "ada@", "203.0.113", "scar", "Rome") if secret in told]


def test_every_rule_has_lines_that_it_finds() -> None:
    assert BAD.keys() == RULES.keys()


@pytest.mark.parametrize("line", GOOD)
def test_a_line_that_explains_a_job_without_its_owner_is_left_alone(line: str) -> None:
    assert findings(line) == []


def test_nearly_every_ticket_that_can_be_sold_is_known_by_its_look() -> None:
    chance = random.Random("tickets")
    tickets = [base64.urlsafe_b64encode(chance.randbytes(32)).rstrip(b"=").decode() for _ in range(200)]

    assert len(tickets[0]) == len(secrets.token_urlsafe(32))
    assert sum(bool(findings(f"no ticket {one} here")) for one in tickets) >= 190
