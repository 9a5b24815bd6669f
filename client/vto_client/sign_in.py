"""Who calls: a token that is there already, or one for a name and a password."""

import base64
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import typer

from vto_client.errors import LostError, TokenError
from vto_client.problems import BotoCoreError, ClientError, CommandError, code_of, fatal, short
from vto_client.srp import BadChallengeError, Proof

NOT_SIGNED_IN: Final = 4
TOKEN, USER, PASSWORD = "VTO_TOKEN", "VTO_USER", "VTO_PASSWORD"  # names of variables
AGAIN: Final = f"unset {TOKEN} and sign in with {USER} and {PASSWORD}, or set it to a new access token"
_PASSING = frozenset({"TooManyRequestsException", "InternalErrorException", "ServiceUnavailable"})
_SENDABLE = re.compile(r"[\w.~+/=-]+", re.ASCII)
_CHALLENGES: Mapping[str, str] = {
    "NEW_PASSWORD_REQUIRED": "the password is a first one: choose another where the shop signs people in",
    "PASSWORD_RESET_REQUIRED": "the password has to be set anew: do it where the shop signs people in",
}
_ERRORS: Mapping[str, str] = {
    "UserNotFoundException": f"wrong user or password: check {USER} and {PASSWORD}",
    "UserNotConfirmedException": "this user's e-mail address is not confirmed: enter the code that was sent to it",
    "PasswordResetRequiredException": _CHALLENGES["PASSWORD_RESET_REQUIRED"],
    "TooManyRequestsException": "too many sign-ins: try again in a minute",
    "ResourceNotFoundException": "the user pool or its client is gone: check --stack and --region",
}


@dataclass(frozen=True, slots=True)
class Pool:
    """Where the shoppers of a stack sign in; ``cognito`` is boto3's client, whose calls for this are unsigned."""

    pool_id: str
    client_id: str
    cognito: Any

    def access_token(self, user: str, password: str) -> str:
        """Sign in; the password itself is not sent.

        Raises:
            CommandError: It did not work; says why, and holds nothing of the password.
        """
        proof = Proof(self.pool_id, password)
        try:
            opened = self.cognito.initiate_auth(
                ClientId=self.client_id,
                AuthFlow="USER_SRP_AUTH",
                AuthParameters={"USERNAME": user, "SRP_A": proof.public},
            )
            challenge = opened.get("ChallengeName")
            if challenge != "PASSWORD_VERIFIER":
                raise _refused(f"Cognito asks for {challenge} instead of the password")
            answered = self.cognito.respond_to_auth_challenge(
                ClientId=self.client_id,
                ChallengeName=challenge,
                ChallengeResponses=proof.answer(opened["ChallengeParameters"], datetime.now(UTC)),
                **({"Session": opened["Session"]} if opened.get("Session") else {}),
            )
        except (ClientError, BotoCoreError) as error:
            raise _problem(error) from error
        except BadChallengeError as error:
            raise _refused(f"Cognito's challenge cannot be answered: {error}") from error
        if "AuthenticationResult" not in answered:
            asked = str(answered.get("ChallengeName"))
            raise _refused(
                _CHALLENGES.get(asked, f"a second step is asked for ({asked}): set {TOKEN} to an access token")
            )
        return str(answered["AuthenticationResult"]["AccessToken"])


def token(pool: Callable[[], Pool], environment: Mapping[str, str] = os.environ) -> str:
    """An access token; arguments and errors as of `tokens`."""
    return tokens(pool, environment)(False)


def tokens(pool: Callable[[], Pool], environment: Mapping[str, str] = os.environ) -> Callable[[bool], str]:
    """What gives access tokens: the one in ``VTO_TOKEN``, or some for ``VTO_USER`` and ``VTO_PASSWORD``.

    Signs in at once. What is missing is asked for at a terminal, and kept for the next sign-in.

    Args:
        pool: Finds the pool, if it is needed.
        environment: The process's variables.

    Returns:
        Gives the token; called with True, a new one, where there is a password; then raises TokenError or LostError.

    Raises:
        CommandError: There is none, or it is none that the API takes.
    """
    given = environment.get(TOKEN, "").strip()
    if given:
        checked = _checked(given)
        return lambda _: checked
    user, password = environment.get(USER, ""), environment.get(PASSWORD, "")
    if not (user and password) and not sys.stdin.isatty():
        missing = " and ".join(name for name, value in ((USER, user), (PASSWORD, password)) if not value)
        raise _refused(f"nobody is signed in: set {missing}, or {TOKEN} to an access token")
    found = pool()
    user = user or typer.prompt("User (e-mail)", err=True)
    password = password or typer.prompt("Password", hide_input=True, err=True)
    held = [found.access_token(user, password)]

    def giving(anew: bool) -> str:
        if anew:
            try:
                held[0] = found.access_token(user, password)
            except CommandError as problem:  # the command has begun: what it did so far is told, with this
                raise in_between(problem) from problem
        return held[0]

    return giving


def in_between(problem: CommandError) -> TokenError | LostError:
    """What a sign-in that did not work is to whoever is in the middle of something.

    Args:
        problem: As `Pool.access_token` raised it.

    Returns:
        A LostError where Cognito did not answer, or was too busy: that passes, as with every other request.
    """
    why = problem.__cause__
    is_busy = isinstance(why, ClientError) and code_of(why) in _PASSING
    if is_busy or isinstance(why, BotoCoreError):
        return LostError(str(problem), sent=False)
    return TokenError(str(problem))


def _checked(given: str) -> str:
    """A token that may be sent; what its own text says is believed only where it speaks against it."""
    if not _SENDABLE.fullmatch(given):
        raise _refused(f"{TOKEN} is no token: it has characters that none has; {AGAIN}")
    try:
        middle = given.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        expires, use = claims.get("exp"), claims.get("token_use")
    except (IndexError, ValueError, AttributeError):
        return given
    if isinstance(expires, int | float) and expires < datetime.now(UTC).timestamp():
        raise _refused(f"{TOKEN} has expired: {AGAIN}")
    if use == "id":
        raise _refused(f"{TOKEN} is an ID token, which says who somebody is: set it to the access token")
    return given


def _problem(error: ClientError | BotoCoreError) -> CommandError:
    if isinstance(error, ClientError):
        said = str(error.response.get("Error", {}).get("Message", ""))
        if code_of(error) == "NotAuthorizedException":  # also of a disabled user, or after too many attempts
            wrong = said.startswith("Incorrect username or password")
            return _refused(_ERRORS["UserNotFoundException"] if wrong else said)
        return _refused(_ERRORS.get(code_of(error), short(error)))
    return fatal(error) or CommandError(short(error))


def _refused(why: str) -> CommandError:
    return CommandError(f"not signed in: {why}", exit_code=NOT_SIGNED_IN)
