"""The client as a shop's own program uses it, and the commands built on it, against the running stack."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.e2e.conftest import PERSON, ROOT, World
from vto_client import ApiError, SignIn, Vto
from vto_client.cli import app

type Typed = Callable[..., Result]


@pytest.fixture
def vto(world: World, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Types commands as somebody in the pool; only these variables say where the stack is."""
    for name, value in world.endpoints.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("VTO_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VTO_API_URL", world.endpoints.api_url)
    monkeypatch.setenv("VTO_SOCKET_URL", world.endpoints.socket_url)

    def typed(*words: str, login: Any = None) -> Result:
        if login:
            monkeypatch.setenv("VTO_USER", login.email)
            monkeypatch.setenv("VTO_PASSWORD", login.password)
        return CliRunner().invoke(app, [*words, "--stack", world.endpoints.name])

    return typed


def shop_of(world: World, login: Any) -> Vto:
    places = world.endpoints
    token = SignIn(places.user_pool_id, places.client_id, login.email, login.password)
    return Vto(places.api_url, token, socket_url=places.socket_url)


def test_a_shopper_of_a_shops_own_program_from_their_photo_to_its_end(world: World, vto: Typed) -> None:
    login = world.login("ada")
    with shop_of(world, login) as shop:
        consent = shop.config()["consent"]["policy_version"]
        photo = shop.upload_photo(ROOT / "out" / "samples" / PERSON, consent=consent)
        assert (photo["readiness"], photo["is_own"]) == ("ready", True)
        assert shop.rename_model(photo["model_id"], "At the sea")["name"] == "At the sea"

        request: Any = world.request(model_id=photo["model_id"])
        key = f"client-{uuid.uuid4()}"
        assert shop.plan(**request)["engine"] == "nova_canvas"
        job = shop.try_on(**request, key=key)
        assert shop.try_on(**request, key=key)["id"] == job["id"]
        seen = [one["seq"] for one in shop.watch(job)]
        assert seen == sorted(set(seen))
        ended = shop.wait(job["id"])
        assert ended["status"] == "completed"
        assert shop.result(job["id"]).startswith(b"RIFF")
        assert shop.result(job["id"], original=True).startswith(b"\x89PNG")
        assert next(shop.history())["id"] == job["id"]
        whole = shop.export()
        assert job["id"] in [one["id"] for one in whole["try_ons"]]
        assert photo["model_id"] in [one["model_id"] for one in whole["models"]]

        watched = json.loads(vto("watch", job["id"], "--json", login=login).stdout)
        assert (watched["outcome"], watched["job"]["seq"]) == ("completed", ended["seq"])
        listed = json.loads(vto("history", "--limit", "1", "--json", login=login).stdout)
        assert [one["id"] for one in listed["try_ons"]] == [job["id"]]

        shop.delete_try_on(job["id"])
        shop.delete_model(photo["model_id"])
        with pytest.raises(ApiError) as gone:
            shop.wait(job["id"])
        assert gone.value.code == "not_found"


def test_an_admin_fills_the_catalogue_from_a_table_and_a_shopper_may_not(
    world: World, vto: Typed, tmp_path: Path
) -> None:
    admin, name = world.stack.sign_in("clerk@example.com", ("admin",)), f"e2e-{uuid.uuid4().hex[:8]}"
    picture = ROOT / "out" / "samples" / "striped-t-shirt.jpg"
    table = tmp_path / "products.csv"
    header = "product_id,name,category,picture,garment_class\n"
    table.write_text(f"{header}{name},Shirt,{name},{picture},UPPER_BODY\n{name}-2,Hat,{name},{picture},HAT\n")

    refused = vto("catalogue", "import", str(table), "--json", login=world.login("eve"))
    assert (refused.exit_code, json.loads(refused.stdout)["outcome"]) == (1, "refused"), refused.output
    ran = vto("catalogue", "import", str(table), "--json", login=admin)
    told = json.loads(ran.stdout)
    assert (ran.exit_code, told["imported"], len(told["failed"])) == (3, 1, 1), ran.output
    assert told["failed"][0]["where"] == "line 3"
    assert "garment_class" in told["failed"][0]["problem"]
    assert json.loads(vto("catalogue", "import", str(table), "--json", login=admin).stdout)["unchanged"] == 1

    listed = vto("catalogue", "list", "--category", name, "--json", login=world.login("eve"))
    assert [one["product_id"] for one in json.loads(listed.stdout)["products"]] == [name]
    with shop_of(world, admin) as shop:
        assert name in [one["category"] for one in shop.categories()]
        shop.delete_product(name)
        assert list(shop.products(category=name)) == []


def test_doctor_finds_the_running_stack_sound_and_says_what_only_aws_can_tell(vto: Typed) -> None:
    told = json.loads(vto("doctor", "--json").stdout)
    failures = [one for one in told["findings"] if one["state"] == "fail"]
    # what other tests leave behind is no failure of the installation
    assert {one["check"] for one in failures} <= {"jobs", "queues", "alarms"}, failures
    sound = {one["check"] for one in told["findings"] if one["state"] == "ok"}
    assert {"stack", "api", "tables", "mappings", "schedules"} <= sound, told["findings"]
    unknown = {one["check"] for one in told["findings"] if one["state"] == "unknown"}
    assert {"engines", "buckets", "quotas"} <= unknown, told["findings"]
