"""The proof of a password is the one that Cognito's other clients give, and holds nothing of the password."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from vto_client.srp import BadChallengeError, N, Proof, stamp

NOW = datetime(2026, 11, 7, 9, 3, 5, tzinfo=UTC)


def number(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest() * 4, 16)


PROOF = Proof("eu-central-1_AbCdEfGhI", "Correct-horse-9", number("a") % N)
CHALLENGE = {
    "USER_ID_FOR_SRP": "7b1f0c6e-aaaa-4bbb-8ccc-123456789abc",
    "SALT": "9f63479ad69a090b258277ec8fba6f99",
    "SRP_B": f"{pow(2, number('b'), N):x}",
    "SECRET_BLOCK": base64.b64encode(b"secret block " * 8).decode(),
}


def test_the_proof_is_that_of_another_implementation() -> None:
    # computed with pycognito 2024.5.1 from the same numbers
    given = PROOF.answer(CHALLENGE, NOW)
    assert PROOF.public.startswith("e9597fa116e1c49743fe35a8a32f7cf0e2296dee")
    assert given["PASSWORD_CLAIM_SIGNATURE"] == "AoOgtJuzQ+aBhgEoHjfoBANUPDcW8TZxAsrDxJFSs5U="
    assert given["TIMESTAMP"] == "Sat Nov 7 09:03:05 UTC 2026"
    assert given["USERNAME"] == CHALLENGE["USER_ID_FOR_SRP"]
    assert given["PASSWORD_CLAIM_SECRET_BLOCK"] == CHALLENGE["SECRET_BLOCK"]


def test_another_password_or_moment_gives_another_proof() -> None:
    right = PROOF.answer(CHALLENGE, NOW)["PASSWORD_CLAIM_SIGNATURE"]
    other = Proof(PROOF.pool_id, "Correct-horse-8", PROOF.a)
    assert other.answer(CHALLENGE, NOW)["PASSWORD_CLAIM_SIGNATURE"] != right
    assert PROOF.answer(CHALLENGE, NOW + timedelta(seconds=1))["PASSWORD_CLAIM_SIGNATURE"] != right


def test_each_sign_in_has_a_secret_of_its_own() -> None:
    assert Proof("r_pool", "x").public != Proof("r_pool", "x").public


@pytest.mark.parametrize(
    "wrong",
    [{"SRP_B": "0"}, {"SRP_B": f"{N:x}"}, {"SRP_B": f"{2 * N:x}"}, {"SRP_B": "-5"}, {"SRP_B": "xyz"}, {"SALT": "-1"}],
)
def test_a_challenge_that_would_give_the_password_away_is_not_answered(wrong: dict[str, str]) -> None:
    with pytest.raises(BadChallengeError):
        PROOF.answer(CHALLENGE | wrong, NOW)


def test_a_challenge_without_its_parts_is_not_answered() -> None:
    with pytest.raises(BadChallengeError, match="unreadable: KeyError"):
        PROOF.answer({}, NOW)


def test_a_proof_that_is_printed_tells_no_secret() -> None:
    assert "horse" not in repr(PROOF)
    assert str(PROOF.a) not in repr(PROOF)


def test_the_moment_is_in_utc_and_in_english() -> None:
    assert stamp(datetime(2027, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))) == "Thu Dec 31 22:30:00 UTC 2026"
