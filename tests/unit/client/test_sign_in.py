"""Who calls: from the environment or from Cognito; what does not work is one line with a remedy, without secrets."""

import base64
import io
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.client.service import JOB, URL, completed
from tests.unit.client.test_srp import CHALLENGE
from vto_client import SignIn, TokenError, Vto, sign_in
from vto_client.problems import CommandError
from vto_client.sign_in import NOT_SIGNED_IN, Pool, token
from vto_client.thread import Thread

SECRET = "Sesame-open-77"
RESULT = {"AuthenticationResult": {"AccessToken": "access"}}


@dataclass
class Cognito:
    """Answers the two calls of a sign-in with what a test gives it."""

    second: Any = field(default_factory=lambda: dict(RESULT))
    first: Any = field(default_factory=lambda: {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": CHALLENGE})
    asked: list[dict[str, Any]] = field(default_factory=list)

    def initiate_auth(self, **wanted: Any) -> Any:
        return self._answer(wanted, self.first)

    def respond_to_auth_challenge(self, **wanted: Any) -> Any:
        return self._answer(wanted, self.second)

    def _answer(self, wanted: dict[str, Any], found: Any) -> Any:
        self.asked.append(wanted)
        if isinstance(found, Exception):
            raise found
        return found


def pool(cognito: Cognito) -> Pool:
    return Pool("eu-central-1_AbCdEfGhI", "client", cognito)


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "InitiateAuth")


def a_token(**claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{middle}.{SECRET}"


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in.sys, "stdin", io.StringIO())


def test_a_name_and_a_password_become_a_token_and_the_password_is_not_sent() -> None:
    cognito = Cognito()
    environment = {"VTO_USER": "ada@example.com", "VTO_PASSWORD": SECRET}
    assert token(lambda: pool(cognito), environment) == "access"
    assert [sorted(call) for call in cognito.asked] == [
        ["AuthFlow", "AuthParameters", "ClientId"],
        ["ChallengeName", "ChallengeResponses", "ClientId"],
    ]
    assert cognito.asked[0]["AuthFlow"] == "USER_SRP_AUTH", "the one flow that a stack in prod allows"
    assert SECRET not in json.dumps(cognito.asked)


def test_a_session_is_given_back() -> None:
    cognito = Cognito(
        first={"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": CHALLENGE, "Session": "session"}
    )
    pool(cognito).access_token("ada", SECRET)
    assert cognito.asked[1]["Session"] == "session"


@pytest.mark.parametrize(
    ("cognito", "words"),
    [
        (Cognito(error("NotAuthorizedException", "Incorrect username or password.")), "wrong user or password: check"),
        (Cognito(error("NotAuthorizedException", "User is disabled.")), "User is disabled."),
        (Cognito(first=error("UserNotFoundException")), "wrong user or password"),
        (Cognito(first=error("UserNotConfirmedException")), "e-mail address is not confirmed"),
        (Cognito(first=error("PasswordResetRequiredException")), "has to be set anew"),
        (Cognito(first=error("TooManyRequestsException")), "try again in a minute"),
        (Cognito(first=error("ResourceNotFoundException")), "check --stack and --region"),
        (Cognito(first=error("InternalErrorException", "oops")), "InitiateAuth: InternalErrorException: oops"),
        (Cognito(first={"ChallengeName": "CUSTOM_CHALLENGE"}), "asks for CUSTOM_CHALLENGE instead of the password"),
        (Cognito(first={"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": {}}), "cannot be answered"),
        (Cognito({"ChallengeName": "NEW_PASSWORD_REQUIRED"}), "the password is a first one"),
        (Cognito({"ChallengeName": "SOFTWARE_TOKEN_MFA"}), "(SOFTWARE_TOKEN_MFA): set VTO_TOKEN to an access token"),
    ],
)  # fmt: skip
def test_a_sign_in_that_does_not_work_is_one_line_with_its_remedy(cognito: Cognito, words: str) -> None:
    with pytest.raises(CommandError) as problem:
        pool(cognito).access_token("ada@example.com", SECRET)
    assert problem.value.exit_code == NOT_SIGNED_IN
    assert str(problem.value).startswith("not signed in: ")
    assert words in str(problem.value)
    assert SECRET not in str(problem.value)


def test_aws_that_cannot_be_reached_is_no_wrong_password() -> None:
    with pytest.raises(CommandError, match="AWS cannot be reached") as problem:
        pool(Cognito(first=EndpointConnectionError(endpoint_url="https://x"))).access_token("ada", SECRET)
    assert problem.value.exit_code != NOT_SIGNED_IN


def nobody() -> Pool:
    raise AssertionError("a token needs no pool")


def test_a_token_that_is_there_is_taken_as_it_is() -> None:
    fresh = a_token(exp=time.time() + 60, token_use="access")
    assert token(nobody, {"VTO_TOKEN": f" {fresh}\n", "VTO_USER": "x", "VTO_PASSWORD": "y"}) == fresh
    assert token(nobody, {"VTO_TOKEN": "opaque"}) == "opaque", "whether it is good is the service's to say"
    assert token(nobody, {"VTO_TOKEN": "a.bm90IGpzb24.c"}) == "a.bm90IGpzb24.c"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (a_token(exp=1, token_use="access"), "VTO_TOKEN has expired: unset VTO_TOKEN and sign in with VTO_USER"),
        (a_token(exp=9e12, token_use="id"), "is an ID token"),
        (f"Bearer {SECRET}", "it has characters that none has"),
        (f"{SECRET}\nX-Admin: yes", "it has characters that none has"),
    ],
)
def test_a_token_that_cannot_work_is_not_sent_nor_shown(given: str, words: str) -> None:
    with pytest.raises(CommandError) as problem:
        token(nobody, {"VTO_TOKEN": given})
    assert words in str(problem.value)
    assert SECRET not in str(problem.value)
    assert problem.value.exit_code == NOT_SIGNED_IN


@pytest.mark.parametrize(
    ("environment", "missing"),
    [({}, "VTO_USER and VTO_PASSWORD"), ({"VTO_USER": "ada"}, "VTO_PASSWORD"), ({"VTO_PASSWORD": "x"}, "VTO_USER")],
)
def test_where_nobody_can_be_asked_what_is_missing_is_named(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(CommandError, match=f"nobody is signed in: set {missing}, or VTO_TOKEN"):
        token(nobody, environment)


def test_at_a_terminal_name_and_password_are_asked_for_and_the_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[tuple[str, dict[str, Any]]] = []

    def prompt(question: str, **how: Any) -> str:
        asked.append((question, how))
        return "typed"

    monkeypatch.setattr(sign_in.sys, "stdin", Terminal())
    monkeypatch.setattr(sign_in.typer, "prompt", prompt)
    assert token(lambda: pool(Cognito()), {}) == "access"
    assert asked == [("User (e-mail)", {"err": True}), ("Password", {"hide_input": True, "err": True})]


def access_token(seconds: float) -> str:
    """A token that ends so many seconds from now."""
    middle = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + seconds}).encode()).decode().rstrip("=")
    return f"head.{middle}.sign"


def test_another_token_is_given_before_one_ends_and_when_one_is_not_accepted() -> None:
    cognito = Cognito(second={"AuthenticationResult": {"AccessToken": access_token(3600)}})
    source = SignIn("eu-central-1_AbCdEfGhI", "client", "ada@example.com", "secret", cognito)
    first = source()
    assert (source(), len(cognito.asked)) == (first, 2), "it is kept"
    source(True)
    assert len(cognito.asked) == 4
    cognito.second = {"AuthenticationResult": {"AccessToken": access_token(30)}}
    source(True)
    source()
    assert len(cognito.asked) == 8, "one that is about to end is not given out again"
    assert "secret" not in repr(source)


AWAY = EndpointConnectionError(endpoint_url="https://cognito-idp.eu-central-1.amazonaws.com")


@pytest.mark.parametrize("away", [AWAY, error("TooManyRequestsException"), error("InternalErrorException")])
def test_a_try_on_is_watched_on_though_nobody_can_sign_in_for_a_moment(away: Exception) -> None:
    cognito, times = Cognito(), iter([away, away])

    def refused(request: httpx.Request) -> httpx.Response:
        is_new = request.headers["Authorization"] == "Bearer new"
        return httpx.Response(200 if is_new else 401, json=completed() if is_new else {"message": "Unauthorized"})

    def passes(_: float) -> None:
        cognito.first = next(times, Cognito().first)
        cognito.second = {"AuthenticationResult": {"AccessToken": "new"}}

    source = SignIn("eu-central-1_AbCdEfGhI", "client", "ada@example.com", "secret", cognito)
    assert source() == "access"
    cognito.first = away
    world = Thread(source, transport=httpx.MockTransport(refused), sleep=passes)
    assert Vto(URL, source, world=world).wait(JOB)["status"] == "completed"


def test_a_password_that_is_no_longer_right_ends_it_at_once() -> None:
    source = SignIn("eu-central-1_AbCdEfGhI", "client", "ada@example.com", "secret", Cognito(first=error("X")))
    with pytest.raises(TokenError, match="not signed in"):
        Vto(URL, source).models()
