"""An address that a client sends is compared with what is registered, and nothing is ever fetched from it."""

import json
import unicodedata
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from tests.isolation.mall import PRODUCT, RESULTS, STOCK_MODEL, UPLOADS, Mall, Shopper, users
from vto.domain.storage import S3Url

HOSTS = ("169.254.169.254/latest/meta-data/", "localhost:8080/x.jpg", "[::1]/x.jpg", "127.1/x", "0x7f000001/x",
         "2130706433/x", "metadata.google.internal/", "evil.example/x.jpg", "user:pass@evil.example/x",
         f"{UPLOADS}.s3.amazonaws.com/models/x.jpg", f"s3.amazonaws.com/{UPLOADS}/models/x.jpg")  # fmt: skip
SCHEMES = ("http", "https", "ftp", "file", "gopher", "dict", "ldap", "S3", "s3n", "s3a", "jar:http", "data")
PLAIN = (
    "",
    " ",
    "s3:",
    "s3:/",
    "s3://",
    "s3:///",
    "s3:////etc/passwd",
    "//evil.example/x.jpg",
    "/etc/passwd",
    "\\\\evil\\share",
    "file:///etc/passwd",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "arn:aws:s3:::other/x.jpg",
    "urn:x",
    "s3://other-bucket/x.jpg",
    f"s3://{UPLOADS}",
    f"s3://{UPLOADS}/",
    f"s3://{UPLOADS}//",
    f"s3://{RESULTS}/x",
    f"s3://{UPLOADS}@evil.example/x",
    f"s3://evil.example#@{UPLOADS}/x",
    f"s3://{UPLOADS}%2Fx",
    f"s3:%2F%2F{UPLOADS}/x",
    f"s3://{UPLOADS}.evil.example/x",
    f"s3://{UPLOADS}:80/x",
    f"s3://{UPLOADS.upper()}/x",
    "\x00",
    "\ud800",
    "s3://\ud800/x",
    "s3://a/\u202egpj.x",
    "s3://[/x",
    "s3://]/x",
    "🦊",
    "a" * 1200,
)


def disguises(address: str) -> list[str]:
    """Addresses that some reader might take for this one."""
    at = S3Url.parse(address)
    folder, _, name = at.key.rpartition("/")
    keys = (
        f"/{at.key}",
        f"./{at.key}",
        f"x/../{at.key}",
        f"{folder}//{name}",
        f"{folder}/./{name}",
        f"{folder}/x/../{name}",
        f"{at.key}/",
        f"{at.key} ",
        f" {at.key}",
        f"{at.key}\n",
        f"{at.key}\x00",
        f"{at.key}%00",
        f"{at.key}?versionId=1",
        f"{at.key}?x",
        f"{at.key}#x",
        f"{at.key};x",
        f"{at.key}.",
        at.key.upper(),
        at.key.replace("/", "%2F"),
        at.key.replace("/", "%2f"),
        at.key.replace("/", "%252F"),
        at.key.replace("/", "\\"),
        at.key.replace("/", "\u2215"),
        at.key.replace("-", "\u2010"),
        quote(at.key, safe=""),
        quote(quote(at.key, safe=""), safe=""),
        at.key.replace("a", "\u0430"),
        at.key.replace(".", "\u3002"),
        at.key.replace("m", "\uff4d"),
        unicodedata.normalize("NFKD", f"\ufb01{at.key}"),
        f"{folder}/*",
        f"{folder}/",
        f"*/{name}",
        f"{at.key}\u200b",
        f"\ufeff{at.key}",
    )
    return [f"s3://{at.bucket}/{key}" for key in keys]


def shapes(me: Shopper, other: Shopper) -> list[str]:
    """Foreign hosts in every scheme, broken addresses, and disguises of the other's and of one's own pictures."""
    hosts = [f"{scheme}://{host}" for scheme, host in product(SCHEMES, HOSTS)]
    theirs = [one for address in (other.photo, other.mask, other.prepared) for one in (address, *disguises(address))]
    mine = [*disguises(me.photo), *disguises(me.mask), me.prepared, me.result]
    return [one for one in (*hosts, *PLAIN, *theirs, *mine) if one not in (me.photo, me.mask)]


def test_nothing_is_fetched_from_any_shape_of_url_wherever_it_stands(mall: Mall) -> None:
    mall.move_in(users(2))
    me, other = mall.shoppers
    tried = shapes(me, other)
    assert len(set(tried)) >= 200
    mall.pictures.touched.clear()
    made = len(mall.jobs.changes)
    for url in tried:
        mask = {"maskType": "IMAGE", "imageBasedMask": {"maskImage": url}}
        for body in (
            {"product_id": PRODUCT, "model_picture_s3_url": url},
            {"product_id": PRODUCT, "model_id": url},
            {"product_id": url, "model_id": STOCK_MODEL},
            {"product_id": PRODUCT, "model_id": STOCK_MODEL, "parameters": mask},
        ):
            status, answer = mall.rest(me.user_id, "POST /try-ons", body)
            assert (status, answer.get("code")) == (400, "invalid_request"), (body, answer)
            [frame] = mall.say(me.user_id, me.socket, {"action": "tryOn", **body})
            assert frame["error"] == answer, body
    assert mall.pictures.touched == []
    assert len(mall.jobs.changes) == made


def test_a_picture_cannot_be_sent_as_a_url_in_the_contracts_own_words(mall: Mall) -> None:
    mall.move_in(users(2))
    me, other = mall.shoppers
    mall.pictures.touched.clear()
    for name in ("sourceImage", "referenceImage", "image", "url", "callback", "webhook_url"):
        for where in ("body", "parameters"):
            named: dict[str, Any] = {name: other.photo}
            more = named if where == "body" else {"parameters": {"maskType": "GARMENT", **named}}
            body = {"product_id": PRODUCT, "model_id": STOCK_MODEL, **more}
            assert mall.rest(me.user_id, "POST /try-ons", body)[0] == 400
    assert mall.pictures.touched == []


def test_ones_own_pictures_are_found_under_their_address_alone(mall: Mall) -> None:
    mall.move_in(users(1))
    [me] = mall.shoppers
    status, answer = mall.rest(me.user_id, "POST /try-ons", {"product_id": PRODUCT, "model_picture_s3_url": me.photo})
    assert (status, answer["model_id"]) == (202, me.model_id)
    assert me.photo not in json.dumps(answer)


@pytest.mark.parametrize("route", ["GET /try-ons/*", "GET /products/*"])
def test_an_address_in_a_path_is_nothing_by_that_name(mall: Mall, route: str) -> None:
    mall.move_in(users(2))
    me, other = mall.shoppers
    for thing in (other.photo, quote(other.photo, safe=""), other.done.upper(), f"{other.done}%00", f"{other.done} "):
        assert mall.rest(me.user_id, route.replace("*", thing))[0] == 404
