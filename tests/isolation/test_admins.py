"""The catalogue is written by members of the group admin and by nobody else, whatever their token boasts of."""

from typing import Any

import pytest

from tests.isolation.mall import PRODUCT, Mall
from vto.domain.catalogue import Kind

USER = "5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44"
COAT = {"name": "Red coat", "category": "coats"}
ATTEMPTS: tuple[tuple[str, Any], ...] = (
    ("PUT /products/coat", COAT),
    (f"PUT /products/{PRODUCT}", COAT),
    (f"POST /products/{PRODUCT}/picture", {"content_type": "image/png"}),
    (f"DELETE /products/{PRODUCT}", None),
    ("DELETE /products/no-such-product", None),
    ("PUT /products/coat", {"not": "even right"}),
)
ADMIN = {"cognito:groups": "[admin]"}

# None of these is the group admin, though somebody might read it as one.
BOASTS: dict[str, dict[str, Any]] = {
    "no group": {},
    "an empty list": {"cognito:groups": "[]"},
    "a plural": {"cognito:groups": "[admins]"},
    "capitals": {"cognito:groups": "[Admin ADMIN]"},
    "a part of it": {"cognito:groups": "[shop-admin admin-readers]"},
    "with commas": {"cognito:groups": "[staff,admin]"},
    "in brackets": {"cognito:groups": "[[admin]]"},
    "quoted": {"cognito:groups": '["admin"]'},
    "another letter": {"cognito:groups": "[\u0430dmin]"},
    "invisible": {"cognito:groups": "[admin\u200b]"},
    "a list of lists": {"cognito:groups": [["admin"]]},
    "a mapping": {"cognito:groups": {"admin": True}},
    "another claim": {"groups": "[admin]", "custom:groups": "admin", "cognito:roles": "[admin]"},
    "a name": {"username": "admin", "cognito:username": "admin"},
    "a scope": {"scope": "admin aws.cognito.signin.user.admin"},
}


def possessions(mall: Mall) -> list[object]:
    return [dict(mall.catalogue.rows), dict(mall.catalogue.deleted), dict(mall.pictures.objects)]


@pytest.mark.parametrize("claims", BOASTS.values(), ids=BOASTS)
def test_who_is_no_admin_is_refused_in_the_same_words_whatever_they_ask_for(mall: Mall, claims: dict[str, Any]) -> None:
    before = possessions(mall)
    answers = [
        mall.rest(USER, route, body, claims=claims, headers={"x-groups": "admin"}, query={"groups": "admin"})
        for route, body in ATTEMPTS
    ]
    assert [status for status, _ in answers] == [403] * len(ATTEMPTS)
    assert {answer["code"] for _, answer in answers} == {"forbidden"}
    assert len({str(answer) for _, answer in answers}) == 1, "nobody learns which products there are"
    assert possessions(mall) == before


@pytest.mark.parametrize("claims", [{"token_use": "id"}, {"token_use": None}, {"sub": None}, {"exp": None}])
def test_an_admins_token_of_another_kind_opens_nothing(mall: Mall, claims: dict[str, Any]) -> None:
    before = possessions(mall)
    answers = [mall.rest(USER, route, body, claims={**ADMIN, **claims}) for route, body in ATTEMPTS]
    assert {(status, answer["code"]) for status, answer in answers} == {(401, "not_authorized")}
    assert possessions(mall) == before


@pytest.mark.parametrize("groups", ["[admin]", "[staff admin]", ["admin"]])
def test_an_admin_writes_the_catalogue_and_shoppers_see_it(mall: Mall, groups: Any) -> None:
    claims = {"cognito:groups": groups}
    assert mall.rest(USER, "PUT /products/coat", COAT, claims=claims)[0] == 201
    status, form = mall.rest(USER, "POST /products/coat/picture", {"content_type": "image/png"}, claims=claims)
    assert (status, form["product_id"]) == (200, "coat")
    prefix = "x-amz-meta-"
    pinned = {name.removeprefix(prefix): one for name, one in form["fields"].items() if name.startswith(prefix)}
    mall.upload(form["s3_url"], **pinned)
    assert mall.rest("somebody", "GET /products/coat")[1]["readiness"] == "ready"
    mall.clock.advance(1)
    assert mall.rest(USER, "DELETE /products/coat", claims=claims) == [204, None]
    assert (Kind.PRODUCT, "coat") not in mall.catalogue.rows
    assert mall.rest("somebody", "GET /products/coat")[0] == 404


def test_the_function_that_shoppers_reach_does_not_serve_what_writes_the_catalogue(mall: Mall) -> None:
    for route, body in ATTEMPTS:
        status, answer = mall.rest(USER, route, body, claims=ADMIN, function="api")
        assert (status, answer["details"][0]["path"]) == (404, "(the route)")
