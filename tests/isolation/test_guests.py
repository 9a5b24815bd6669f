"""Guests among shoppers: who comes in without an account gets at nothing that is anybody's, and is nobody else."""

from typing import Any

import pytest

from tests.isolation.mall import PRODUCT, STOCK_MODEL, UPLOADS, Mall, Shopper
from vto import bootstrap
from vto.domain import times
from vto.domain.catalogue import Kind

USER = "5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44"
NOBODYS = "00000000-0000-4000-8000-000000000000"
ROUTES = ("GET /guests/products", f"GET /guests/products/{PRODUCT}", "GET /guests/models", "POST /guests/tickets")


@pytest.fixture
def shopper(mall: Mall) -> Shopper:
    """Somebody with an account, and everything of theirs."""
    mall.move_in([USER])
    return mall.shoppers[0]


def come_in(mall: Mall, socket: str) -> str:
    """Open a guest's socket; who they are."""
    return mall.open(mall.at_the_public_door("POST /guests/tickets")[1]["ticket"], socket)


def try_on(mall: Mall, guest: str, socket: str, **request: Any) -> dict[str, Any]:
    """What a guest hears when they ask for a try-on."""
    return dict(mall.say(guest, socket, {"action": "tryOn", "product_id": PRODUCT, **request})[-1])


def test_a_guest_gets_their_picture_and_hears_of_it(mall: Mall) -> None:
    guest = come_in(mall, "g-1")
    job = try_on(mall, guest, "g-1", model_id=STOCK_MODEL)["job"]
    mall.finish(job["id"])
    mall.publish(job["id"])
    assert mall.notifier.sent["g-1"][-1]["job"]["images"]
    assert mall.say(guest, "g-1", {"action": "watchJob", "job_id": job["id"]})[-1]["job"]["status"] == "completed"


def test_what_is_a_shoppers_is_to_a_guest_as_if_it_were_not_there(mall: Mall, shopper: Shopper) -> None:
    guest = come_in(mall, "g-1")
    had = mall.possessions(shopper)
    mask = {"maskType": "IMAGE", "imageBasedMask": {"maskImage": shopper.mask}}
    tried = [
        try_on(mall, guest, "g-1", model_id=shopper.model_id),
        try_on(mall, guest, "g-1", model_picture_s3_url=shopper.photo),
        try_on(mall, guest, "g-1", model_id=STOCK_MODEL, parameters=mask),
    ]
    assert [one["error"]["code"] for one in tried] == ["invalid_request"] * 3
    for action in ("watchJob", "cancelTryOn"):
        for job in (shopper.waiting, shopper.done):
            theirs, nobodys = (
                mall.say(guest, "g-1", {"action": action, "job_id": one})[-1]["error"] for one in (job, NOBODYS)
            )
            assert theirs == nobodys
    told = str(mall.notifier.sent["g-1"]) + str([mall.at_the_public_door(one) for one in ROUTES])
    assert not [secret for secret in shopper.secrets if secret in told.replace(shopper.mask, "")]
    assert mall.possessions(shopper) == had
    assert {job.user_id for job in mall.jobs.rows.values()} == {USER}


def test_guests_are_strangers_to_each_other_and_to_shoppers(mall: Mall, shopper: Shopper) -> None:
    first, second = come_in(mall, "g-1"), come_in(mall, "g-2")
    assert first != second
    job = try_on(mall, first, "g-1", model_id=STOCK_MODEL, request_id="r")["job"]
    assert try_on(mall, second, "g-2", model_id=STOCK_MODEL, request_id="r")["job"]["id"] != job["id"]
    mall.publish(job["id"])
    assert job["id"] not in str(mall.notifier.sent["g-2"]) + str(mall.notifier.sent[shopper.socket])
    for user, socket in ((second, "g-2"), (USER, shopper.socket)):
        for action in ("watchJob", "cancelTryOn"):
            assert mall.say(user, socket, {"action": action, "job_id": job["id"]})[-1]["error"]["code"] == "not_found"
    assert mall.rest(USER, f"GET /try-ons/{job['id']}")[0] == 404


def test_no_token_makes_anybody_a_guest_and_no_guest_has_a_token(mall: Mall) -> None:
    guest = come_in(mall, "g-1")
    job = try_on(mall, guest, "g-1", model_id=STOCK_MODEL)["job"]
    routes = ("GET /models", "GET /try-ons", f"GET /try-ons/{job['id']}", "POST /socket-tickets", "POST /uploads")
    assert [mall.rest(guest, route, {})[0] for route in (*routes, "POST /try-ons", "DELETE /me")] == [401] * 7


def test_a_photo_in_a_guests_folder_is_imported_for_nobody(mall: Mall) -> None:
    guest = come_in(mall, "g-1")
    address = f"s3://{UPLOADS}/models/users/{guest}/1.jpg"
    mall.upload(address, **{"consent-version": "1", "consent-at": times.to_iso(mall.clock.now())})
    assert [row.user_id for (kind, _), row in mall.catalogue.rows.items() if kind is Kind.MODEL] == [None, None]
    assert not [one for one in mall.pictures.objects if "/prepared/models/users/" in one]
    assert try_on(mall, guest, "g-1", model_picture_s3_url=address)["error"]["code"] == "invalid_request"
    assert [one["model_id"] for one in mall.at_the_public_door("GET /guests/models")[1]["models"]] == [STOCK_MODEL]


def test_switched_off_there_is_nothing_at_the_public_door_and_a_guest_who_is_there_hears_why(mall: Mall) -> None:
    guest = come_in(mall, "g-1")
    secret = mall.at_the_public_door("POST /guests/tickets")[1]["guest"]
    mall.monkeypatch.setenv("GUEST_TRY_ONS", "off")
    bootstrap.reset()
    tickets = len(mall.controls.tickets)
    answers = [mall.at_the_public_door(one, {"guest": secret} if "POST" in one else None) for one in ROUTES]
    assert [(status, error["code"]) for status, error in answers] == [(404, "not_found")] * len(ROUTES)
    assert {error["details"][0]["path"] for _, error in answers} == {"(the route)"}
    assert len(mall.controls.tickets) == tickets
    assert try_on(mall, guest, "g-1", model_id=STOCK_MODEL)["error"]["code"] == "sign_in_required"
    assert mall.rest(USER, "GET /config")[1]["guests"] is False
