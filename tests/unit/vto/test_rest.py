"""HTTP's side of the API."""

import pytest

from vto.adapters.rest import with_idempotency_key
from vto.errors import InvalidRequestError


def test_the_idempotency_key_names_the_request() -> None:
    assert with_idempotency_key({"product_id": "p"}, "key") == {"product_id": "p", "request_id": "key"}
    assert with_idempotency_key({"request_id": "key"}, "key") == {"request_id": "key"}
    assert with_idempotency_key({"request_id": "mine"}, None) == {"request_id": "mine"}
    assert with_idempotency_key(["no object"], "key") == ["no object"]


def test_two_different_names_for_one_request_are_refused() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        with_idempotency_key({"request_id": "mine"}, "key")
    assert "Idempotency-Key" in refused.value.violations[0].problem
