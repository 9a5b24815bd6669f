"""Turns what botocore raises into our own errors, in one place."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from vto.errors import StorageUnavailableError


def code_of(error: ClientError) -> str:
    """The service's error code, for example ``ConditionalCheckFailedException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def as_storage_error(what: str) -> Iterator[None]:
    """Raise StorageUnavailableError for anything that DynamoDB, S3 or Step Functions could not do.

    Args:
        what: What was tried, for people who operate the system.
    """
    try:
        yield
    except ClientError as error:
        raise StorageUnavailableError(f"{what}: {code_of(error)}") from error
    except BotoCoreError as error:
        raise StorageUnavailableError(f"{what}: {type(error).__name__}") from error
