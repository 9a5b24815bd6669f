"""HTTP's side of the API."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from vto.adapters.rest import Caller, caller_of, error_response, with_idempotency_key
from vto.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotAuthorizedError,
    QueueFullError,
    TooLateError,
    TooManyJobsError,
    VtoError,
)

CLAIMS: dict[str, Any] = {"sub": "5b1e6d0a", "exp": "1795265398", "token_use": "access"}


def caller(claims: dict[str, Any]) -> Caller:
    return caller_of(APIGatewayProxyEventV2({"requestContext": {"authorizer": {"jwt": {"claims": claims}}}}))


@pytest.mark.parametrize("user_id", ["5b1e6d0a", "visitor#7", "auth0|7", "a@b.example", "zoë", "a:b", ".a"])
def test_the_caller_is_the_tokens_user(user_id: str) -> None:
    assert caller({**CLAIMS, "sub": user_id}) == Caller(user_id, 1795265398)


@pytest.mark.parametrize(
    "user_id", ["", ".", "..", "a/b", "../a", "a\\b", "a%2Fb", "a b", "a\n", "a\u2028b", "a" * 129, None, 7]
)
def test_a_user_whose_id_cannot_name_a_folder_of_their_own_is_refused(user_id: Any) -> None:
    with pytest.raises(NotAuthorizedError):
        caller({**CLAIMS, "sub": user_id})


@pytest.mark.parametrize("lacking", CLAIMS)
def test_a_token_that_lacks_a_claim_is_refused(lacking: str) -> None:
    with pytest.raises(NotAuthorizedError):
        caller({name: value for name, value in CLAIMS.items() if name != lacking})


@pytest.mark.parametrize("end", ["", "never", "1e99", "-1", "1795265398.5", None, [], "٣"])
def test_a_token_whose_end_is_no_moment_is_refused(end: Any) -> None:
    with pytest.raises(NotAuthorizedError):
        caller({**CLAIMS, "exp": end})


def test_a_request_without_an_authorizer_is_refused() -> None:
    for context in ({}, {"authorizer": None}, {"authorizer": {}}, {"authorizer": {"jwt": {"claims": None}}}):
        with pytest.raises(NotAuthorizedError):
            caller_of(APIGatewayProxyEventV2({"requestContext": context}))


def test_the_idempotency_key_names_the_request() -> None:
    assert with_idempotency_key({"product_id": "p"}, "key") == {"product_id": "p", "request_id": "key"}
    assert with_idempotency_key({"request_id": "key"}, "key") == {"request_id": "key"}
    assert with_idempotency_key({"request_id": "mine"}, None) == {"request_id": "mine"}
    assert with_idempotency_key(["no object"], "key") == ["no object"]


def test_two_different_names_for_one_request_are_refused() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        with_idempotency_key({"request_id": "mine"}, "key")
    assert "Idempotency-Key" in refused.value.violations[0].problem


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("[admin]", {"admin"}),
        ("[staff admin]", {"staff", "admin"}),
        (["staff", "admin"], {"staff", "admin"}),
        ("[x,admin]", {"x,admin"}),
        ("[[admin] staff]", {"[admin]", "staff"}),
        ("[not-admin administrators]", {"not-admin", "administrators"}),
        ("[]", set()),
        (None, set()),
        (7, set()),
    ],
)
def test_the_groups_of_a_token_are_read_as_api_gateway_writes_them(claim: Any, groups: set[str]) -> None:
    found = caller({**CLAIMS, "cognito:groups": claim})
    assert found.groups == groups
    assert found.is_admin is ("admin" in groups)


@pytest.mark.parametrize(
    ("error", "status", "later"),
    [
        (TooManyJobsError(retry_after_seconds=15), 429, "15"),
        (QueueFullError(retry_after_seconds=450), 429, "450"),
        (QueueFullError(), 429, None),
        (TooLateError(), 409, None),
        (ForbiddenError(), 403, None),
    ],
)
def test_who_is_to_come_back_is_told_when_in_the_header_and_in_the_body(
    error: VtoError, status: int, later: str | None
) -> None:
    response = error_response(error)
    assert (response.status_code, response.headers.get("Retry-After")) == (status, later)
    assert json.loads(response.body or "").get("retry_after_seconds") == (None if later is None else int(later))
