"""What the repositories share: reads, conditional writes, pages, and numbers as DynamoDB and the domain take them."""

import base64
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.errors import InvalidRequestError, StorageUnavailableError, Violation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

CONDITION_FAILED = "ConditionalCheckFailedException"
IN_A_TRANSACTION = "TransactionConflictException"
WRITES = 16  # of an item that transactions of others hold, one after another; with their pauses some three seconds
LONGEST_PAUSE_SECONDS = 0.4
SHORT_LIVED_SECONDS = 24 * 60 * 60
MAX_KEY_BYTES = 2048
BATCH_ATTEMPTS = 4


def get_item(table: "Table", key: dict[str, str]) -> dict[str, Any] | None:
    """One row, read consistently, or None."""
    if not all(0 < len(value.encode(errors="replace")) <= MAX_KEY_BYTES for value in key.values()):
        return None  # DynamoDB would call it an error, and there can be no such item
    with as_storage_error(f"get from {table.name}"):
        item = table.get_item(Key=key, ConsistentRead=True).get("Item")
    return None if item is None else dict(plain_values(item))


def batch_get(table: "Table", keys: list[dict[str, str]]) -> list[Mapping[str, Any]]:
    """Rows with these keys, at most a hundred, read consistently, in any order; those that are not there are left out.

    Raises:
        StorageUnavailableError: DynamoDB kept some back each time.
    """
    rows: list[Mapping[str, Any]] = []
    with as_storage_error(f"get many from {table.name}"):
        for attempt in range(BATCH_ATTEMPTS):
            request: Any = {table.name: {"Keys": keys, "ConsistentRead": True}}
            answer = table.meta.client.batch_get_item(RequestItems=request)
            rows += answer["Responses"].get(table.name, [])
            left = answer.get("UnprocessedKeys", {}).get(table.name)
            if not left:
                return rows
            keys = [{name: str(value) for name, value in key.items()} for key in left["Keys"]]
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - no secret
    raise StorageUnavailableError(f"{table.name} kept {len(keys)} row(s) back {BATCH_ATTEMPTS} times")


def conditionally(what: str, write: Any) -> bool:
    """Run a conditional write; False when its condition did not hold."""
    with as_storage_error(what):
        try:
            write()
        except ClientError as error:
            if code_of(error) == CONDITION_FAILED:
                return False
            raise
    return True


def between_transactions(write: Callable[[], Any]) -> None:
    """Write an item that others write, or look at, in transactions: DynamoDB rejects it while one of them lasts.

    The SDK does not ask again after that.
    """
    for attempt in range(WRITES):
        try:
            write()
        except ClientError as error:
            if code_of(error) != IN_A_TRANSACTION or attempt == WRITES - 1:
                raise
            longest = min(LONGEST_PAUSE_SECONDS, 0.02 * 2**attempt)
            time.sleep(random.uniform(0, longest))  # noqa: S311 - so that those who met do not meet again
        else:
            return


def set_and_remove(
    values: Mapping[str, Any], remove: Iterable[str], *, keep: frozenset[str] | set[str] = frozenset()
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """An update expression that sets values (those in ``keep`` only where there is none yet) and removes others.

    What is removed may be a shop's own, under any name: a placeholder has letters, digits and underscores only.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
    """
    removed = {f"#removed_{number}": name for number, name in enumerate(sorted(remove))}
    names = {f"#{name}": name for name in values} | removed
    sets = [f"#{name} = if_not_exists(#{name}, :{name})" if name in keep else f"#{name} = :{name}" for name in values]
    expression = "SET " + ", ".join(sets)
    if removed:
        expression += " REMOVE " + ", ".join(removed)
    return expression, names, {f":{name}": value for name, value in values.items()}


def page_start(cursor: str | None, names: set[str], **own: str) -> dict[str, Any]:
    """Where a page begins; a cursor comes from a client, who may have changed it, or have it from elsewhere.

    Args:
        cursor: What the client sent.
        names: The attributes that it must say.
        own: Those that it must say as they are here: a page is never another user's.
    """
    if not cursor:
        return {}
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, RecursionError) as problem:
        raise _bad_cursor() from problem
    if not isinstance(key, dict) or key.keys() != names | own.keys():
        raise _bad_cursor()
    if not all(isinstance(one, str) and one for one in key.values()) or {**key, **own} != key:
        raise _bad_cursor()
    return {"ExclusiveStartKey": key}


def _bad_cursor() -> InvalidRequestError:
    found = [Violation("cursor", "is not the `next` of a page", "leave it out to begin with the first page")]
    return InvalidRequestError("cursor", found)


def cursor_of(key: Mapping[str, Any] | None) -> str | None:
    """What a client sends to get the next page; None behind the last one."""
    return base64.urlsafe_b64encode(json.dumps(plain_values(key)).encode()).decode() if key else None


def to_dynamo(value: Any) -> Any:
    """Numbers as DynamoDB takes them: no floats."""
    if isinstance(value, Mapping):
        return {name: to_dynamo(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_dynamo(one) for one in value]
    if isinstance(value, float):
        return Decimal(str(value))
    return str(value) if isinstance(value, StrEnum) else value


def plain_values(value: Any) -> Any:
    """Numbers as the domain takes them: no decimals."""
    if isinstance(value, Mapping):
        return {name: plain_values(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
