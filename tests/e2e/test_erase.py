"""Somebody has everything about them erased, in the deployed stack with its permissions."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from local.shopper import ShopperError
from tests.e2e.conftest import World

SECONDS = 30.0


def _until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _versions(world: World, bucket: str, prefix: str) -> list[str]:
    found = world.client("s3").list_object_versions(Bucket=world.endpoints.buckets[bucket], Prefix=prefix)
    return [one["Key"] for kind in ("Versions", "DeleteMarkers") for one in found.get(kind, [])]


def test_everything_of_a_shopper_goes_and_somebody_elses_receipt_is_none(world: World, tmp_path: Path) -> None:
    file = tmp_path / "eve.jpg"
    Image.new("RGB", (600, 900), "navy").save(file)
    user = world.login("eve").user_id
    with world.shopper("eve") as eve:
        offer = eve.upload(file)
        eve.wait_for_import("/models", offer["model_id"])
        row = world.row("models", model_id=offer["model_id"])
        assert row is not None
        assert row["consent"]["M"]["policy_version"] == {"S": eve.get("/config")["consent"]["policy_version"]}
        _until(lambda: _versions(world, "uploads", f"models/users/{user}/") == [])  # it was imported: it has served
        job = eve.try_on(**world.request(model_id=offer["model_id"]))
        assert job["status"] == "completed"
        assert _versions(world, "results", f"results/{job['id']}/") != []

        receipt = eve._document(eve._http.delete("/me"))["receipt"]

        for bucket, prefix in (
            ("uploads", f"prepared/models/users/{user}/"),
            ("results", f"results/{job['id']}/"),
            ("results", f"generated/{job['id']}/"),
        ):
            _until(lambda bucket=bucket, prefix=prefix: _versions(world, bucket, prefix) == [])
        assert [one for one in eve.get("/models")["models"] if one["is_own"]] == []
        assert eve.get("/try-ons")["try_ons"] == []
        with pytest.raises(ShopperError, match="404"):
            eve.get(f"/try-ons/{job['id']}")
        told = eve.get(f"/me/erasures/{receipt}")
        assert told["state"] == "erasing"  # whoever was at work may be for some minutes more
        _until(lambda: eve.get(f"/me/erasures/{receipt}")["removed"]["photos"] >= 1)
    with world.shopper("ada") as ada, pytest.raises(ShopperError, match="404"):
        ada.get(f"/me/erasures/{receipt}")
    _until(lambda: world.row("controls", control_id=f"erase#{user}") is not None)
