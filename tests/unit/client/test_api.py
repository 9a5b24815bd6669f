"""Requests with a token: sent again when an answer is lost, and never a word of the token."""

import httpx
import pytest

from tests.unit.client.service import JOB, LINK, PLAN, TOKEN, URL, Service, answer, completed, refusal
from vto_client import ApiError, LostError, TokenError, Violation, Vto
from vto_client.asking import TRIES

CREATE = "POST /try-ons"
REQUEST = {"product_id": "shirt", "model_id": "anna"}


def test_a_try_on_is_asked_for_with_the_token_and_the_key() -> None:
    service = Service().says(CREATE, completed())
    assert service.vto.try_on(**REQUEST, key="order-17")["id"] == JOB
    (asked,) = service.asked
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["Idempotency-Key"] == "order-17"
    assert service.bodies() == [REQUEST]


def test_a_plan_is_a_dry_run_and_has_no_key() -> None:
    service = Service().says(CREATE, PLAN)
    assert service.vto.plan(**REQUEST) == PLAN
    assert service.bodies() == [{**REQUEST, "dry_run": True}]
    assert "Idempotency-Key" not in service.asked[0].headers


@pytest.mark.parametrize(
    "lost",
    [
        httpx.ReadTimeout("too slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("closed"),
        answer(503, {"message": "Service Unavailable"}),
        answer(504, {"message": "Endpoint request timed out"}),
        answer(429, {"message": "Too Many Requests"}),
        refusal(503, "storage_unavailable", retryable=True),
    ],
)
def test_a_lost_answer_is_asked_for_again_with_the_same_key(lost: httpx.Response | Exception) -> None:
    service = Service().says(CREATE, lost, answer(202, completed()))
    assert service.vto.try_on(**REQUEST, key="order-17")["id"] == JOB
    assert [one.headers["Idempotency-Key"] for one in service.asked] == ["order-17"] * 2
    assert service.time > 0, "not at once"


def test_a_network_that_stays_away_is_told_with_its_host_and_whether_something_may_have_arrived() -> None:
    service = Service().says(CREATE, httpx.ConnectError("[Errno 111] Connection refused"))
    with pytest.raises(LostError, match=r"https://api.example.com cannot be reached: \[Errno 111\]") as refused:
        service.vto.try_on(**REQUEST, key="k")
    assert (refused.value.sent, len(service.asked)) == (False, TRIES)
    with pytest.raises(LostError, match="it does not answer in time") as slow:
        Service().says(CREATE, httpx.ReadTimeout(""), httpx.ConnectError("refused"), httpx.ReadTimeout("")).vto.plan(
            **REQUEST
        )
    assert slow.value.sent


@pytest.mark.parametrize(
    "said",
    [refusal(429, "queue_full", retryable=True), refusal(400, "invalid_request"), refusal(409, "request_conflict")],
)
def test_a_no_of_the_service_is_not_asked_for_again(said: httpx.Response) -> None:
    service = Service().says(CREATE, said)
    with pytest.raises(ApiError):
        service.vto.try_on(**REQUEST, key="k")
    assert len(service.asked) == 1


def test_a_refusal_has_all_its_violations() -> None:
    details = [
        {"path": "product_id", "problem": "is not in the catalogue"},
        {"path": "parameters.mergeStyle", "problem": "must be one of …", "remedy": "send one of …"},
    ]
    service = Service().says(CREATE, refusal(400, "invalid_request", *details, message="Not as it is."))
    with pytest.raises(ApiError) as refused:
        service.vto.try_on(**REQUEST, key="k")
    assert (refused.value.code, refused.value.message, refused.value.status) == (
        "invalid_request",
        "Not as it is.",
        400,
    )
    assert refused.value.violations == (
        Violation("product_id", "is not in the catalogue"),
        Violation("parameters.mergeStyle", "must be one of …", "send one of …"),
    )


@pytest.mark.parametrize(
    "said",
    [
        answer(401, {"message": "Unauthorized"}),
        answer(403, {"message": "Forbidden"}),
        refusal(401, "not_authorized"),
        answer(401),
    ],
)
def test_a_token_that_is_not_accepted_is_told_as_that(said: httpx.Response) -> None:
    with pytest.raises(TokenError, match="does not accept the access token") as refused:
        Service().says("GET /products", said).vto.products_page()
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(404, {"message": "Not Found"}), "answers 404 to GET /products: Not Found"),
        (httpx.Response(200, text="<html>"), "answers 200 to GET /products: OK"),
        (httpx.Response(302, headers={"Location": "https://elsewhere"}), "answers 302 to GET /products: Found"),
        (answer(500, {"message": "Internal Server Error"}), "answers 500 to GET /products: Internal Server Error"),
    ],
)
def test_what_is_no_answer_of_the_service_is_told_with_what_it_is(said: httpx.Response, words: str) -> None:
    service = Service().says("GET /products", said)
    with pytest.raises(LostError, match=words):
        service.vto.products_page()
    assert {one.url.host for one in service.asked} == {"api.example.com"}, "a token does not follow a redirect"


def test_a_picture_is_fetched_without_the_token_and_its_link_is_not_told() -> None:
    service = Service().says("GET /0.png", httpx.Response(200, content=b"png"), httpx.Response(403))
    vto = service.vto
    assert vto.download(LINK) == b"png"
    assert "Authorization" not in service.asked[0].headers
    with pytest.raises(LostError, match="answers 403") as gone:
        vto.download(LINK)
    assert "SECRET" not in str(gone.value)


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "ftp://127.0.0.1", "api.example.com", "", "http://127.0.0.1.evil.com"]
)
def test_a_token_is_not_sent_in_the_clear_but_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="is no https:// address"):
        Vto(url, TOKEN)


def test_an_address_may_end_with_a_slash_and_ids_are_quoted() -> None:
    service = Service().says("GET /stage/try-ons/a%2Fb", completed()).says("GET /stage/try-ons/a/b", completed())
    with Vto(f"{URL}/stage/", TOKEN, world=service.world) as vto:
        vto.job("a/b")
    assert service.asked[0].url.raw_path == b"/stage/try-ons/a%2Fb"
