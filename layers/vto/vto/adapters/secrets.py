"""A key that lives in Secrets Manager: read once for each container, and again when it is no longer accepted."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from vto.adapters.aws_errors import code_of
from vto.errors import ModelAccessDeniedError, ModelUnavailableError

MISSING = {"ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException"}  # the last: it is deleted


class SecretKey:
    """The key of a service outside AWS."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._value: str | None = None

    def get(self) -> str:
        """The key.

        Raises:
            ModelAccessDeniedError: There is none, or this function may not read it: the engine lets nobody in.
            ModelUnavailableError: Secrets Manager does not answer.
        """
        if self._value is None:
            self._value = self._read()
        return self._value

    def renewed(self) -> bool:
        """Read the key anew, because the old one was not accepted; whether it is another one now."""
        before, self._value = self._value, self._read()
        return self._value != before

    def forget(self) -> None:
        """Have it read anew when it is next asked for."""
        self._value = None

    def _read(self) -> str:
        try:
            value = self._client.get_secret_value(SecretId=self._name).get("SecretString") or ""
        except ClientError as error:
            kind = ModelAccessDeniedError if code_of(error) in MISSING else ModelUnavailableError
            raise kind(f"the secret {self._name}: {code_of(error)}") from error
        except BotoCoreError as error:
            raise ModelUnavailableError(f"the secret {self._name}: {type(error).__name__}") from error
        if not value.strip():
            raise ModelAccessDeniedError(f"the secret {self._name} is empty")
        return str(value).strip()
