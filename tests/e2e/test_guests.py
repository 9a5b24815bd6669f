"""Somebody without an account sees a product on a stock model, through the real stack, and gets at nothing else."""

import io

import httpx
from PIL import Image

from local.shopper import Shopper
from tests.e2e.conftest import World


def test_a_guest_gets_a_picture_of_a_stock_model_and_comes_back_as_the_same_guest(world: World) -> None:
    with httpx.Client(base_url=world.endpoints.api_url, timeout=30, trust_env=False) as public:
        assert public.get("/config").json()["guests"] is True
        products = public.get("/guests/products").json()["products"]
        assert world.garment in [one["product_id"] for one in products]
        assert public.get(f"/guests/products/{world.garment}").json()["readiness"] == "ready"
        models = {one["model_id"]: one for one in public.get("/guests/models").json()["models"]}
        assert httpx.get(models[world.person]["picture_url"], trust_env=False).status_code == 200

    with Shopper(world.endpoints, "no token") as guest:
        welcome = guest.post("/guests/tickets")
        guest.open(welcome["ticket"])
        job = guest.try_on(**world.request())
        picture = Image.open(io.BytesIO(guest.download(job["images"][0]["url"])))
        assert picture.size == (job["images"][0]["width"], job["images"][0]["height"])
        guest.disconnect()
        again = guest.post("/guests/tickets", {"guest": welcome["guest"]})
        assert (again["guest"], again["guest_until"]) == (welcome["guest"], welcome["guest_until"])
        guest.open(again["ticket"])
        guest.send({"action": "watchJob", "job_id": job["id"]})
        assert [one["status"] for one in guest.snapshots(job["id"])] == ["completed"]

    row = world.row("jobs", id=job["id"]) or {}
    assert (row["user_id"]["S"][:6], row["lane"]["S"]) == ("guest#", "guest")
    assert world.row("controls", control_id=f"budget#guests#{row['ledger']['L'][0]['M']['day']['S']}")
