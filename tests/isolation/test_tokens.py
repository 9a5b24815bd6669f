"""Who may come in: what API Gateway checks of a token is configuration, the rest is checked here, and so is the ticket.

API Gateway's JWT authorizer verifies signature, issuer, audience and time, and refuses ``alg: none`` and any algorithm
but RSA: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html. What it lets through
are tokens of our pool and client; tests/e2e shows an expired one to a running stack.
"""

from typing import Any

import pytest

from tests.contract.deployed import resources
from tests.integration.conftest import at_the_same_time, aws, create_table, no_account
from tests.isolation.mall import Mall
from vto.adapters.dynamodb.controls import DynamoControls
from vto.domain import times
from vto.testing import FakeClock
from vto.use_cases.sockets import TICKET_SECONDS, AuthorizeSocket, IssueTicket

__all__ = ["aws", "no_account"]  # the fixtures of an account in memory

USER = "5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44"
OTHER = "0a6e8f11-2b3c-4d5e-8f90-1a2b3c4d5e6f"

# Claims that a verified token may carry all the same: None takes a claim away.
HOSTILE: dict[str, dict[str, Any]] = {
    "an id token": {"token_use": "id", "aud": "client"},
    "an id token with the groups of an operator": {"token_use": "id", "cognito:groups": "[operators]"},
    "a refresh token": {"token_use": "refresh"},
    "no use": {"token_use": None},
    "an empty use": {"token_use": ""},
    "a use in capitals": {"token_use": "ACCESS"},
    "a use with a blank": {"token_use": "access "},
    "two uses": {"token_use": "[access id]"},
    "a list of uses": {"token_use": ["access"]},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a subject that is a list": {"sub": [USER]},
    "a subject that is a way": {"sub": f"../{USER}"},
    "a subject with a folder": {"sub": f"{USER}/x"},
    "a subject in code": {"sub": f"{OTHER}%2F..%2F{USER}"},
    "a subject with a backslash": {"sub": f"{OTHER}\\..\\{USER}"},
    "a subject of dots": {"sub": ".."},
    "a subject with a line": {"sub": f"{USER}\n"},
    "a subject with a null": {"sub": f"{USER}\x00"},
    "a subject with a blank": {"sub": f" {USER}"},
    "a long subject": {"sub": "a" * 5000},
    "a subject that is a guest": {"sub": "guest#4c1f09aa"},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "never"},
    "an endless end": {"exp": "1e99"},
    "a negative end": {"exp": "-1"},
    "a client's own token": {"sub": None, "scope": "shop/try-on"},
}
# Those that say more than they should about their own user: they come in, as that user and nobody else.
BOASTFUL: dict[str, dict[str, Any]] = {
    "groups": {"cognito:groups": "[operators admin]"},
    "groups as a list": {"cognito:groups": ["operators"]},
    "another's name": {"username": OTHER, "cognito:username": OTHER},
    "another's id": {"user_id": OTHER, "custom:user_id": OTHER},
    "a wide scope": {"scope": "aws.cognito.signin.user.admin shop/operator *"},
    "a role": {"cognito:roles": "[arn:aws:iam::123456789012:role/operator]", "cognito:preferred_role": "operator"},
}
ROUTES = (
    "GET /models",
    "GET /try-ons",
    f"GET /try-ons/{USER}",
    "POST /socket-tickets",
    "POST /uploads",
    "POST /try-ons",
    "DELETE /me",
    f"GET /me/erasures/{'0' * 32}",
)


@pytest.mark.parametrize("claims", HOSTILE.values(), ids=HOSTILE)
def test_a_token_that_does_not_say_who_may_come_in_is_refused_everywhere_in_the_same_words(
    mall: Mall, claims: dict[str, Any]
) -> None:
    answers = [mall.rest(USER, route, {}, claims=claims) for route in ROUTES]
    assert [status for status, _ in answers] == [401] * len(ROUTES)
    assert {answer["code"] for _, answer in answers} == {"not_authorized"}
    assert (mall.jobs.changes, mall.controls.tickets, mall.erasures.running) == ([], {}, {})


@pytest.mark.parametrize("claims", BOASTFUL.values(), ids=BOASTFUL)
def test_what_a_token_says_besides_its_subject_gives_no_more_than_the_subject_has(
    mall: Mall, claims: dict[str, Any]
) -> None:
    mall.move_in([OTHER, USER])
    plain, boasting = (mall.rest(USER, "GET /models", claims=said) for said in ({}, claims))
    assert boasting == plain
    theirs = mall.shoppers[0]
    assert mall.rest(USER, f"GET /try-ons/{theirs.done}", claims=claims)[0] == 404
    ticket = mall.rest(USER, "POST /socket-tickets", claims=claims)[1]["ticket"]
    assert mall.authorize(ticket)["context"]["user_id"] == USER


def test_every_route_but_two_and_those_of_guests_asks_api_gateway_for_a_token_of_our_pool_and_client() -> None:
    [api] = resources("AWS::Serverless::HttpApi").values()
    authorizer = api["Auth"]["Authorizers"][api["Auth"]["DefaultAuthorizer"]]
    assert authorizer["IdentitySource"] == "$request.header.Authorization"
    assert authorizer["JwtConfiguration"]["audience"] == [{"Ref": "UserPoolClient"}]
    assert "${UserPool}" in authorizer["JwtConfiguration"]["issuer"]["Fn::Sub"]
    events = [
        event["Properties"]
        for function in resources("AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    open_to_all = {event["Path"] for event in events if event.get("Auth", {}).get("Authorizer") == "NONE"}
    of_guests = {event["Path"] for event in events if event["Path"].startswith("/guests/")}
    assert open_to_all == {"/health", "/config"} | of_guests
    assert len(of_guests) == 5
    assert len(events) > len(open_to_all)


def test_a_socket_asks_for_a_ticket_that_no_cache_remembers() -> None:
    [api] = resources("AWS::Serverless::WebSocketApi").values()
    assert api["Auth"]["AuthType"] == "CUSTOM"
    assert api["Auth"]["IdentitySource"] == ["route.request.querystring.ticket"]
    assert "ReauthorizeEvery" not in str(api)


# --- tickets ----------------------------------------------------------------------------------------------------------


def effect(policy: dict[str, Any]) -> str:
    return str(policy["policyDocument"]["Statement"][0]["Effect"])


@pytest.mark.usefixtures("no_account", "aws")
def test_of_a_hundred_who_show_one_ticket_at_once_one_comes_in() -> None:
    clock = FakeClock()
    controls = DynamoControls(create_table("controls"))
    ticket = IssueTicket(controls, clock)(USER, times.epoch(clock.now()) + 3600)
    authorize = AuthorizeSocket(controls, clock)
    answers = at_the_same_time(100, lambda number: authorize(ticket.ticket))
    assert [one for one in answers if one is not None] == [ticket]


def test_a_ticket_is_its_buyers_whoever_shows_it_and_is_gone_after_one_use_or_thirty_seconds(mall: Mall) -> None:
    used, late = mall.ticket(USER), mall.ticket(USER)
    policy = mall.authorize(used)
    assert (effect(policy), policy["context"]["user_id"]) == ("Allow", USER)
    assert effect(mall.authorize(used)) == "Deny"
    mall.clock.advance(TICKET_SECONDS)
    assert effect(mall.authorize(late)) == "Deny"
    assert mall.authorize(late)["context"] == {}


def test_a_ticket_opens_what_it_was_shown_at_and_nothing_else(mall: Mall) -> None:
    policy = mall.authorize(mall.ticket(USER))
    [statement] = policy["policyDocument"]["Statement"]
    assert statement["Resource"] == "arn:aws:execute-api:::a/live/$connect"


@pytest.mark.parametrize("guess", ["", " ", "*", "ticket#", "null", "%00", "x" * 10_000, "../", "ä", USER])
def test_a_guess_opens_nothing(mall: Mall, guess: str) -> None:
    mall.ticket(USER)
    assert effect(mall.authorize(guess)) == "Deny"
    assert len(mall.controls.tickets) == 1
