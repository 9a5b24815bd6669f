"""`SignIn`: an access token for a name and a password, and another one before it runs out."""

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

BEFORE_ITS_END: Final = 60.0
"""Seconds that a token has to last yet, to be given out."""


@dataclass
class SignIn:
    """Gives `Vto` its tokens, and signs in for another one when the last is about to end, or was not accepted.

    The password itself is not sent (SRP). No AWS credentials are needed. Several threads may ask at once.

    Args:
        pool_id: The stack's output ``UserPoolId``.
        client_id: Its output ``UserPoolClientId``.
        user: The account's e-mail address.
        password: Its password.
        cognito: Stands in for boto3's client, in tests.
    """

    pool_id: str
    client_id: str
    user: str
    password: str = field(repr=False)
    cognito: Any = field(default=None, repr=False)
    _token: str = field(default="", init=False, repr=False)
    _ends: float = field(default=0.0, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __call__(self, anew: bool = False) -> str:
        """An access token.

        Args:
            anew: The last one was not accepted.

        Raises:
            TokenError: It did not work; says why.
            LostError: Cognito did not answer.
        """
        with self._lock:
            if anew or not self._token or self._ends - time.time() < BEFORE_ITS_END:
                self._token = self._signed_in()
                self._ends = _end_of(self._token)
            return self._token

    def _signed_in(self) -> str:
        # boto3 takes half a second to import: only who signs in by a password waits for it
        from vto_client.problems import CommandError  # noqa: PLC0415
        from vto_client.sign_in import Pool, in_between  # noqa: PLC0415

        try:
            return Pool(self.pool_id, self.client_id, self.cognito or self._client()).access_token(
                self.user, self.password
            )
        except CommandError as problem:
            raise in_between(problem) from problem

    def _client(self) -> Any:
        import boto3  # noqa: PLC0415
        from botocore import UNSIGNED  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        region = self.pool_id.partition("_")[0]
        self.cognito = boto3.client("cognito-idp", region_name=region, config=Config(signature_version=UNSIGNED))
        return self.cognito


def _end_of(token: str) -> float:
    """When a token ends, in epoch seconds, by its own word; at once for one that does not say."""
    try:
        middle = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return 0.0
