"""The shop fills its catalogue by the API of the running stack, and shoppers see what it does."""

import time
from pathlib import Path
from typing import Any

import httpx

from samples.catalogue import CATALOGUE
from tests.e2e.conftest import World, eventually
from vto.domain.curating import SKEW_SECONDS

COAT = {"name": "Crimson Über coat", "category": "coats", "garment_class": "UPPER_BODY"}
PATH = "/products/crimson-coat"


def test_an_admin_adds_a_product_with_its_picture_that_shoppers_find_and_takes_it_away_again(
    world: World, tmp_path: Path
) -> None:
    garment = next(one for one in CATALOGUE if one.file == "striped-t-shirt.jpg").write(tmp_path).read_bytes()
    boss = world.stack.sign_in("boss@example.com", ("admin",))

    def ask(method: str, path: str, token: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(
            method, world.endpoints.api_url + path, headers=headers, timeout=60, trust_env=False, **more
        )

    def send(form: dict[str, Any]) -> int:
        files = {"file": ("coat.jpg", garment, "image/jpeg")}
        return httpx.post(form["url"], data=form["fields"], files=files, timeout=60, trust_env=False).status_code

    shopper = world.login("ada").access_token
    assert ask("PUT", PATH, shopper, json=COAT).json()["code"] == "forbidden"
    created = ask("PUT", PATH, boss.access_token, json=COAT)
    assert (created.status_code, created.json()["readiness"]) == (201, None)
    assert ask("GET", "/products", shopper, params={"category": "coats"}).json() == {"products": [], "next": None}

    form = ask("POST", f"{PATH}/picture", boss.access_token, json={"content_type": "image/jpeg"}).json()
    assert send({**form, "fields": {**form["fields"], "key": "products/by-id/other/picture"}}) == 403
    assert send(form) in (201, 204)
    found = eventually(lambda: ask("GET", "/products", shopper, params={"search": "uber CRIMSON"}).json()["products"])
    assert [(one["product_id"], one["category"], one["readiness"]) for one in found] == [
        ("crimson-coat", "coats", "ready")
    ]
    assert httpx.get(found[0]["picture_url"], trust_env=False).status_code == 200
    categories = ask("GET", "/categories", shopper).json()["categories"]
    assert {"category": "coats", "products": 1} in categories
    other = ask("PUT", PATH, boss.access_token, json={**COAT, "name": "Coat"})
    assert (other.status_code, other.json()["readiness"], other.json()["name"]) == (200, "ready", "Coat")

    assert ask("DELETE", PATH, boss.access_token).status_code == 204
    assert ask("GET", PATH, shopper).status_code == 404
    time.sleep(SKEW_SECONDS + 1)  # the form of before is void, whenever it is used
    assert send(form) in (201, 204)
    versions = world.client("s3").list_object_versions
    bucket = world.endpoints.buckets["uploads"]
    eventually(lambda: not versions(Bucket=bucket, Prefix="products/by-id/crimson-coat").get("Versions"))
    assert not versions(Bucket=bucket, Prefix="prepared/products/crimson-coat").get("Versions")
    assert ask("GET", PATH, shopper).status_code == 404
    assert ask("DELETE", PATH, boss.access_token).status_code == 204
