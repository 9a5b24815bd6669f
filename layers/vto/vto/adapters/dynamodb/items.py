"""What the repositories share: reads, conditional writes, pages, and numbers as DynamoDB and the domain take them."""

import base64
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.errors import InvalidRequestError, StorageUnavailableError, Violation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PLAIN = TypeDeserializer()
CONDITION_FAILED = "ConditionalCheckFailedException"
IN_A_TRANSACTION = "TransactionConflictException"
WRITES = 16  # of an item that transactions of others hold, one after another; with their pauses some three seconds
LONGEST_PAUSE_SECONDS = 0.4
SHORT_LIVED_SECONDS = 24 * 60 * 60
MAX_KEY_BYTES = 2048
BATCH_ATTEMPTS = 4


def get_item(table: "Table", key: dict[str, str]) -> dict[str, Any] | None:
    """One row, read consistently, or None."""
    if not _can_be(key):
        return None
    with as_storage_error(f"get from {table.name}"):
        item = table.get_item(Key=key, ConsistentRead=True).get("Item")
    return None if item is None else dict(plain_values(item))


def _can_be(key: Mapping[str, str]) -> bool:
    """Whether there can be such an item; where not, DynamoDB would call the question an error."""
    return all(0 < len(value.encode(errors="replace")) <= MAX_KEY_BYTES for value in key.values())


def batch_get(table: "Table", keys: list[dict[str, str]]) -> list[Mapping[str, Any]]:
    """Rows with these keys, at most a hundred, read consistently, in any order; those that are not there are left out.

    Raises:
        StorageUnavailableError: DynamoDB kept some back each time.
    """
    return _rows(table.meta.client, {table.name: keys})[table.name]


def get_together(asked: Sequence[tuple["Table", dict[str, str]]]) -> list[dict[str, Any] | None]:
    """Rows of any tables in one request, read consistently; each, or None, in the place where it was asked for.

    Raises:
        StorageUnavailableError: DynamoDB did not answer, or kept some back each time.
    """
    wanted: dict[str, list[dict[str, str]]] = {}
    for table, key in asked:
        named = wanted.setdefault(table.name, [])
        if _can_be(key) and key not in named:
            named.append(key)
    wanted = {name: keys for name, keys in wanted.items() if keys}
    if not wanted:
        return [None for _ in asked]
    rows = _rows(asked[0][0].meta.client, wanted)

    def found(table: "Table", key: dict[str, str]) -> dict[str, Any] | None:
        row = next((one for one in rows.get(table.name, ()) if key.items() <= one.items()), None)
        return None if row is None else dict(plain_values(row))

    return [found(table, key) for table, key in asked]


def _rows(client: Any, wanted: Mapping[str, list[dict[str, str]]]) -> dict[str, list[Mapping[str, Any]]]:
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in wanted}
    left: Mapping[str, Any] = {name: {"Keys": keys, "ConsistentRead": True} for name, keys in wanted.items()}
    with as_storage_error(f"get many from {', '.join(wanted)}"):
        for attempt in range(BATCH_ATTEMPTS):
            answer = client.batch_get_item(RequestItems=left)
            for name, some in answer["Responses"].items():
                rows[name] += some
            left = {name: {**one, "ConsistentRead": True} for name, one in answer.get("UnprocessedKeys", {}).items()}
            if not left:
                return rows
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - no secret
    kept = ", ".join(f"{len(one['Keys'])} row(s) of {name}" for name, one in left.items())
    raise StorageUnavailableError(f"DynamoDB kept {kept} back {BATCH_ATTEMPTS} times")


def old_item(error: ClientError) -> dict[str, Any] | None:
    """The item for which a condition did not hold, where the write asked for it; None where there is none.

    A resource turns the items of answers into plain values, not those of errors.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    raw: Mapping[str, Any] = error.response.get("Item") or {}  # type: ignore[assignment]
    return {name: plain_values(PLAIN.deserialize(value)) for name, value in raw.items()} or None


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
    """Write an item that a transaction may hold: DynamoDB rejects it meanwhile, and the SDK does not ask again.

    The version before writes or looks at these items in its transactions, and goes on while a deployment replaces it.
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
