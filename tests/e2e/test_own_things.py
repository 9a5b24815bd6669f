"""What is one's own, in the deployed stack with its permissions: asked after, named, looked at, exported, deleted."""

import io
from pathlib import Path

import httpx
from PIL import Image

from tests.e2e.conftest import World, eventually


def _left(world: World, bucket: str, prefix: str) -> list[str]:
    found = world.client("s3").list_object_versions(Bucket=world.endpoints.buckets[bucket], Prefix=prefix)
    return [one["Key"] for kind in ("Versions", "DeleteMarkers") for one in found.get(kind, [])]


def test_ones_own_things_are_asked_after_named_exported_and_deleted_one_by_one(world: World, tmp_path: Path) -> None:
    file = tmp_path / "bob.jpg"
    Image.new("RGB", (600, 900), "teal").save(file)
    user = world.login("bob").user_id
    with world.shopper("bob") as bob, world.shopper("ada") as ada:
        offer = bob.upload(file)
        upload, photo = f"/uploads/{offer['upload_id']}/complete", f"/models/{offer['model_id']}"
        assert ada._http.post(upload).status_code == 404
        told = eventually(lambda: one if (one := bob._http.post(upload).json())["state"] != "importing" else None)
        assert (told["state"], told["model"]["model_id"]) == ("ready", offer["model_id"])
        assert ada._http.patch(photo, json={"name": "mine"}).status_code == 404
        assert bob._http.patch(photo, json={"name": "Summer"}).json()["name"] == "Summer"

        request = world.request(model_id=offer["model_id"])
        job, other = (bob.try_on(**request) for _ in range(2))  # the second one shares the first one's result
        way = bob._http.get(f"/try-ons/{job['id']}/result", follow_redirects=False)
        assert (way.status_code, way.headers["cache-control"]) == (303, "no-store")
        assert Image.open(io.BytesIO(httpx.get(way.headers["location"]).content)).format == "WEBP"
        whole = bob.get("/me/export")
        assert [one["name"] for one in whole["models"]] == ["Summer"]
        assert {job["id"], other["id"]} <= {one["id"] for one in whole["try_ons"]}

        assert ada._http.delete(f"/try-ons/{job['id']}").status_code == 404
        assert [bob._http.delete(f"/try-ons/{job['id']}").status_code for _ in range(2)] == [204, 404]
        eventually(lambda: _left(world, "results", f"generated/{job['id']}/") == [])
        assert ada._http.delete(photo).status_code == 404
        assert [bob._http.delete(photo).status_code for _ in range(2)] == [204, 404]
        eventually(lambda: _left(world, "uploads", f"prepared/models/users/{user}/{offer['model_id']}/") == [])
        assert [one for one in bob.get("/models")["models"] if one["is_own"]] == []
        assert [one["id"] for one in bob.get("/try-ons")["try_ons"] if one["id"] in (job["id"], other["id"])] == [
            other["id"]
        ]
        assert bob._http.post(upload).status_code == 404
    assert _left(world, "results", f"results/{other['id']}/") != []
