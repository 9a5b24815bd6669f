"""What cannot be served is refused with the field and the remedy, and leaves nothing behind."""

import base64
import io
import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from local.shopper import Shopper, ShopperError
from tests.e2e.conftest import World, eventually


def _error(shopper: Shopper) -> dict[str, Any]:
    frame = shopper.receive()
    assert frame is not None
    assert frame["type"] == "error", frame
    error: dict[str, Any] = frame["error"]
    return error


def _paths(error: dict[str, Any]) -> list[str]:
    return [one["path"] for one in error["details"]]


@pytest.fixture(scope="module")
def photo_of_bob(_world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A private photo that is not Ada's."""
    file = tmp_path_factory.mktemp("bob") / "bob.jpg"
    Image.new("RGB", (600, 900), "grey").save(file)
    with _world.shopper("bob") as bob:
        offer = bob.upload(file)
        bob.wait_for_import("/models", offer["model_id"])
    return offer


REFUSED = {
    "malformed JSON": ("{", ["(the whole request)"], "not JSON"),
    "a list": ("[]", ["(the whole request)"], "object"),
    "an unknown action": ({"action": "dance"}, ["action"], "tryOn, watchJob, cancelTryOn, ping"),
    "no action": ({}, ["action"], "send one of"),
    "no product": ({"action": "tryOn", "model_id": "m"}, ["product_id", "model_id"], "is missing"),
    "an unknown product": ({"product_id": "nothing"}, ["product_id"], "GET /products"),
    "neither model nor picture": ({"model_id": None}, ["model_id"], "must be of type string"),
    "the shop's own lane": ({"lane": "batch"}, ["lane"], "as a member of the group admin"),
    "an unknown model": ({"model_id": "nobody"}, ["model_id"], "none of your photos"),
    "a web address": (
        {"model_picture_s3_url": "https://example.com/me.jpg"},
        ["model_picture_s3_url"],
        "none of your photos",
    ),
    "a file of the machine": ({"model_picture_s3_url": "file:///etc/passwd"}, ["model_picture_s3_url"], "none of your"),
    "a picture in a foreign bucket": (
        {"model_picture_s3_url": "s3://somebody-else/models/stock/x.jpg"},
        ["model_picture_s3_url"],
        "none of your photos",
    ),
    "a product's picture in place of a person's": (
        {"model_picture_s3_url": "s3://{uploads}/products/tops/striped-t-shirt.jpg"},
        ["model_picture_s3_url"],
        "none of your photos",
    ),
    "a foreign mask": (
        {
            "parameters": {
                "maskType": "IMAGE",
                "imageBasedMask": {"maskImage": "s3://{uploads}/masks/users/somebody/mask.png"},
            }
        },
        ["parameters.imageBasedMask.maskImage"],
        "no mask that you uploaded",
    ),
    "many bad parameters at once": (
        {
            "parameters": {
                "maskType": "GARMENT",
                "garmentBasedMask": {"garmentClass": "HAT"},
                "mergeStyle": "ROUGH",
                "returnMask": "yes",
                "imageGenerationConfig": {"numberOfImages": 6, "cfgScale": 1.0, "seed": 2147483647, "width": 1024},
            }
        },
        [
            "parameters.garmentBasedMask.garmentClass",
            "parameters.imageGenerationConfig.cfgScale",
            "parameters.imageGenerationConfig.numberOfImages",
            "parameters.imageGenerationConfig.seed",
            "parameters.imageGenerationConfig.width",
            "parameters.mergeStyle",
            "parameters.returnMask",
        ],
        "at most 2147483646",
    ),
    "a mask object that does not belong": (
        {
            "parameters": {
                "maskType": "PROMPT",
                "promptBasedMask": {"maskPrompt": "shirt"},
                "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
            }
        },
        ["parameters.garmentBasedMask"],
        "does not belong to maskType PROMPT",
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda name: name.replace(" ", "-"))
def test_a_bad_request_is_refused_by_name_and_creates_nothing(world: World, ada: Shopper, case: str) -> None:
    change, paths, remedy = REFUSED[case]
    before = world.count("jobs")
    frame: Any = change
    if isinstance(change, dict):
        request = {"action": "tryOn", "request_id": f"bad-{uuid.uuid4()}", **world.request()}
        if "model_picture_s3_url" in change:
            del request["model_id"]
        frame = change if case in ("an unknown action", "no action", "no product") else {**request, **change}
        frame = json.loads(json.dumps(frame).replace("{uploads}", world.endpoints.buckets["uploads"]))
    ada.send(frame)
    error = _error(ada)

    assert error["code"] == "invalid_request"
    assert _paths(error) == paths
    assert remedy in json.dumps(error["details"])
    assert world.count("jobs") == before


def test_somebody_elses_photo_is_refused_like_no_photo_at_all(
    world: World, ada: Shopper, photo_of_bob: dict[str, Any]
) -> None:
    before = world.count("jobs")
    answers = []
    for model in (
        {"model_id": photo_of_bob["model_id"]},
        {"model_id": "nobody"},
        {"model_picture_s3_url": photo_of_bob["s3_url"]},
        {"model_picture_s3_url": photo_of_bob["s3_url"].replace(".jpg", ".png")},
    ):
        request = world.request()
        del request["model_id"]
        ada.send({"action": "tryOn", **request, **model})
        answers.append(_error(ada))

    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    assert world.count("jobs") == before
    assert photo_of_bob["model_id"] not in json.dumps(ada.get("/models"))


def test_the_published_flows_picture_address_is_taken_for_ones_own_and_for_stock(
    world: World, photo_of_bob: dict[str, Any]
) -> None:
    stock = f"s3://{world.endpoints.buckets['uploads']}/models/stock/standing-person.png"
    with world.shopper("bob") as bob:
        for address in (photo_of_bob["s3_url"], stock):
            request = {k: v for k, v in world.request().items() if k != "model_id"}
            assert bob.try_on(**request, model_picture_s3_url=address)["status"] == "completed"


def test_somebody_elses_try_on_is_not_there(world: World, ada: Shopper) -> None:
    job = ada.try_on(**world.request())
    with world.shopper("bob") as bob:
        bob.send({"action": "watchJob", "job_id": job["id"]})
        assert _error(bob)["code"] == "not_found"
        with pytest.raises(ShopperError, match="404"):
            bob.get(f"/try-ons/{job['id']}")
        assert job["id"] not in json.dumps(bob.get("/try-ons"))
    assert ada.get(f"/try-ons/{job['id']}")["status"] == "completed"


def test_what_has_ended_cannot_be_cancelled_and_what_is_anothers_is_not_there(world: World, ada: Shopper) -> None:
    job = ada.try_on(**world.request())
    cancel = {"action": "cancelTryOn", "job_id": job["id"]}
    ada.send(cancel)
    assert _error(ada)["code"] == "too_late"
    with pytest.raises(ShopperError, match="409"):
        ada.post(f"/try-ons/{job['id']}/cancel")
    with world.shopper("bob") as bob:
        bob.send(cancel)
        assert _error(bob)["code"] == "not_found"
        with pytest.raises(ShopperError, match="404"):
            bob.post(f"/try-ons/{job['id']}/cancel")


def test_a_shopper_may_have_ten_unfinished_try_ons_and_what_is_gone_does_not_count(world: World, ada: Shopper) -> None:
    done = world.row("jobs", id=ada.try_on(**world.request())["id"])
    assert done is not None
    database, tables = world.client("dynamodb"), world.endpoints.tables
    key = {"control_id": {"S": f"open#{done['user_id']['S']}"}}
    ids = [str(uuid.uuid4()) for _ in range(10)]
    unfinished = {**done, "status": {"S": "processing"}, "execution_arn": {"S": "another"}}
    for one in ids:
        database.put_item(TableName=tables["jobs"], Item={**unfinished, "id": {"S": one}})
    try:
        database.put_item(TableName=tables["controls"], Item={**key, "jobs": {"SS": ids}})
        ada.send({"action": "tryOn", **world.request()})
        refused = _error(ada)
        assert (refused["code"], refused["retry_after_seconds"]) == ("too_many_jobs", 15)
    finally:
        for one in ids:
            database.delete_item(TableName=tables["jobs"], Key={"id": {"S": one}})
    job = ada.try_on(**world.request())
    assert job["status"] == "completed"
    counted = database.get_item(TableName=tables["controls"], Key=key)["Item"]["jobs"]["SS"]
    assert counted == [job["id"]]


def test_a_request_id_cannot_be_used_for_something_else(world: World, ada: Shopper) -> None:
    name = f"once-{uuid.uuid4()}"
    ada.try_on(**world.request(request_id=name))
    ada.send({"action": "tryOn", **world.request(request_id=name)})

    assert _error(ada)["code"] == "request_conflict"


def test_a_rejected_product_is_refused_with_the_reason(world: World, ada: Shopper) -> None:
    world.put("products/tops/tiny.jpg", _picture(100, 100), product_id="tiny")
    eventually(lambda: world.row("products", product_id="tiny"))
    ada.send({"action": "tryOn", **world.request(product_id="tiny")})
    error = _error(ada)

    assert error["code"] == "picture_rejected"
    assert "at least 320" in error["details"][0]["problem"]


# --- uploads ----------------------------------------------------------------------------------------------------


def _picture(width: int, height: int, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"I am no picture at all, whatever my name says. " * 20, "is not a JPEG, PNG or WebP picture"),
        (_picture(200, 900), "at least 320"),
        (_picture(330, 1400), "at most four times"),
        (_picture(800, 800)[:9000], "damaged or cut off"),
    ],
    ids=["text", "too-small", "too-narrow", "truncated"],
)
def test_a_bad_upload_becomes_a_rejected_row_with_a_reason_to_act_on(world: World, content: bytes, reason: str) -> None:
    item_id = f"bad-{uuid.uuid4()}"
    world.put(f"products/tops/{item_id}.jpg", content, product_id=item_id)
    row = eventually(lambda: world.row("products", product_id=item_id))

    assert row["readiness"]["S"] == "rejected"
    assert reason in row["readiness_reason"]["S"]
    assert "prepared_s3_url" not in row


def test_an_upload_has_all_published_attributes_and_a_second_import_changes_nothing_curated(world: World) -> None:
    key = f"products/upper_body/{uuid.uuid4()}/Blue Shirt+ (1).webp"
    world.put(key, _picture(900, 1200, "WEBP"), "image/webp")
    with world.shopper() as shopper:
        found = eventually(lambda: [p for p in _all_products(shopper) if p["category"].startswith("upper_body/")])
    product_id = found[0]["product_id"]
    row = world.row("products", product_id=product_id)
    assert row is not None
    published = {"product_id", "product_picture_s3_url", "name", "category", "description", "auto_imported"}
    assert published | {"created_at", "updated_at"} <= row.keys()
    assert row["auto_imported"] == {"BOOL": True}
    assert row["product_picture_s3_url"]["S"].endswith(key)
    world.client("dynamodb").update_item(
        TableName=world.endpoints.tables["products"],
        Key={"product_id": {"S": product_id}},
        UpdateExpression="SET #name = :name",
        ExpressionAttributeNames={"#name": "name"},
        ExpressionAttributeValues={":name": {"S": "Our best shirt"}},
    )
    world.put(key, _picture(600, 800, "WEBP"), "image/webp")
    again = eventually(
        lambda: (now := world.row("products", product_id=product_id)) and now["width"]["N"] != row["width"]["N"] and now
    )

    assert again["name"]["S"] == "Our best shirt"
    assert again["created_at"] == row["created_at"]


def _all_products(shopper: Shopper) -> list[dict[str, Any]]:
    products, cursor = [], ""
    while True:
        page = shopper.get("/products", **({"cursor": cursor} if cursor else {}))
        products += page["products"]
        if not (cursor := page["next"]):
            return products


def test_equal_file_names_in_different_folders_are_different_products(world: World) -> None:
    folder = uuid.uuid4().hex
    for place in ("a", "b"):
        world.put(f"products/{folder}-{place}/shirt.jpg", _picture(400, 500))
    with world.shopper() as shopper:
        found = eventually(
            lambda: len(these := [p for p in _all_products(shopper) if p["category"].startswith(folder)]) == 2 and these
        )

    assert len({product["product_id"] for product in found}) == 2


def test_a_photo_outside_the_known_folders_never_becomes_public(world: World, ada: Shopper) -> None:
    world.put("models/me.jpg", _picture(600, 800))
    row = eventually(lambda: world.row("models", model_id="models/me.jpg"))

    assert row["readiness"]["S"] == "rejected"
    assert "models/stock/" in row["readiness_reason"]["S"]
    assert "me.jpg" not in json.dumps(ada.get("/models"))


def test_a_mask_of_ones_own_is_used(world: World, ada: Shopper, tmp_path: Path) -> None:
    row = world.row("models", model_id=world.person)
    assert row is not None
    mask = Image.new("L", (int(row["width"]["N"]), int(row["height"]["N"])), 255)
    mask.paste(0, (mask.width // 3, mask.height // 4, 2 * mask.width // 3, mask.height // 2))
    mask.save(tmp_path / "mask.png")
    offer = ada.upload(tmp_path / "mask.png", kind="mask")
    parameters = {"maskType": "IMAGE", "imageBasedMask": {"maskImage": offer["s3_url"]}, "returnMask": True}
    job = ada.try_on(**world.request(parameters=parameters))

    assert job["status"] == "completed"
    used = Image.open(io.BytesIO(ada.download(job["mask"]["url"]))).convert("L")
    assert used.tobytes() == mask.tobytes()


# --- who is let in ----------------------------------------------------------------------------------------------


def test_without_a_good_ticket_no_socket_opens(world: World) -> None:
    url = world.endpoints.socket_url
    with world.shopper() as shopper:
        used = shopper.post("/socket-tickets")["ticket"]
        expired = shopper.post("/socket-tickets")["ticket"]
    with connect(f"{url}?ticket={used}", proxy=None):
        pass
    world.client("dynamodb").update_item(
        TableName=world.endpoints.tables["controls"],
        Key={"control_id": {"S": f"ticket#{expired}"}},
        UpdateExpression="SET expires_at = :then",
        ExpressionAttributeValues={":then": {"N": str(int(time.time()) - 1)}},
    )
    for address in (url, f"{url}?ticket=", f"{url}?ticket=invented", f"{url}?ticket={used}", f"{url}?ticket={expired}"):
        with pytest.raises(InvalidStatus) as refused, connect(address, proxy=None):
            pass
        assert refused.value.response.status_code in (401, 403)


def test_without_a_good_token_the_api_answers_401(world: World) -> None:
    header, payload, signature = world.login("ada").access_token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "somebody"}).encode()).decode().rstrip("=")
    for token in ("", "nonsense", f"{header}.{forged}.{signature}"):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        for path in ("/products", "/models", "/try-ons"):
            answer = httpx.get(world.endpoints.api_url + path, headers=headers, trust_env=False)
            assert answer.status_code == 401, path
    assert httpx.get(world.endpoints.api_url + "/health", trust_env=False).json() == {"status": "ok"}


def test_an_expired_token_is_refused_and_ends_its_socket(world: World) -> None:
    cognito, pool = world.client("cognito-idp"), world.endpoints.user_pool_id
    client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=world.endpoints.client_id)["UserPoolClient"]
    kept = {name: client[name] for name in ("UserPoolId", "ClientId", "ExplicitAuthFlows")}

    def tokens_last(number: int, unit: str) -> None:
        validity = {"AccessTokenValidity": number, "TokenValidityUnits": {"AccessToken": unit}}
        cognito.update_user_pool_client(**kept, **validity)

    tokens_last(4, "seconds")
    try:
        login = world.stack.sign_in("late@example.com")
    finally:
        tokens_last(60, "minutes")
    with Shopper(world.endpoints, login.access_token) as late:
        late.send({"action": "ping"})
        assert late.receive() == {"type": "pong"}
        farewell = late.receive()
        assert farewell is not None
        assert (farewell["type"], farewell["reason"]) == ("bye", "session")
        time.sleep(5)
        with pytest.raises(ShopperError, match="401"):
            late.get("/models")
        before = world.count("jobs")
        late.send({"action": "tryOn", **world.request()})
        assert _error(late)["code"] == "not_authorized"
        assert world.count("jobs") == before
        assert late.receive(timeout=3) is None
        with pytest.raises(ConnectionClosed):
            late.send({"action": "ping"})


def test_an_id_token_is_no_access_token(world: World) -> None:
    with Shopper(world.endpoints, world.id_token("ada")) as shopper, pytest.raises(ShopperError, match="access"):
        shopper.get("/models")


def test_an_upload_form_takes_only_what_it_was_made_for(world: World, ada: Shopper) -> None:
    consent = ada.get("/config")["consent"]
    offer = ada.post("/uploads", {"kind": "photo", "content_type": "image/jpeg", "consent": consent})
    user = world.login("ada").user_id
    assert offer["fields"]["key"].startswith(f"models/users/{user}/")
    changes = ({"key": "products/tops/x.jpg"}, {"Content-Type": "text/html"}, {"x-amz-meta-consent-version": "0"})
    for change in changes:
        answer = httpx.post(
            offer["url"], data={**offer["fields"], **change}, files={"file": ("x", b"x")}, trust_env=False
        )
        assert answer.status_code == 403, change
