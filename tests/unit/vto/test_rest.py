"""HTTP's side of the API."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from vto.adapters.rest import Caller, caller_of, with_idempotency_key
from vto.errors import InvalidRequestError, NotAuthorizedError

CLAIMS: dict[str, Any] = {"sub": "5b1e6d0a", "exp": "1795265398", "token_use": "access"}


def caller(claims: dict[str, Any]) -> Caller:
    return caller_of(APIGatewayProxyEventV2({"requestContext": {"authorizer": {"jwt": {"claims": claims}}}}))


@pytest.mark.parametrize("user_id", ["5b1e6d0a", "guest#7", "auth0|7", "a@b.example", "zoë", "a:b", ".a"])
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
