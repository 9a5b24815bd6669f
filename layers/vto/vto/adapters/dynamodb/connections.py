"""``vto-connections``: live sockets."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import conditionally, get_item
from vto.ports import Connection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class DynamoConnections:
    """``vto-connections``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def add(self, connection: Connection) -> None:
        """Remember a socket."""
        with as_storage_error("add connection"):
            self._table.put_item(Item=asdict(connection))

    def get(self, connection_id: str) -> Connection | None:
        """One socket, read consistently."""
        item = get_item(self._table, {"connection_id": connection_id})
        return _connection(item) if item else None

    def remove(self, connection_id: str, user_id: str) -> None:
        """Forget a user's socket; nothing happens when it is unknown, or somebody else's by now."""
        conditionally(
            "remove connection",
            lambda: self._table.delete_item(
                Key={"connection_id": connection_id},
                ConditionExpression="user_id = :user_id",
                ExpressionAttributeValues={":user_id": user_id},
            ),
        )

    def of_user(self, user_id: str) -> list[Connection]:
        """A user's sockets; one that was opened this instant may be missing."""
        with as_storage_error("query connections"):
            page = self._table.query(
                IndexName="by_user",
                KeyConditionExpression="user_id = :user_id",
                ExpressionAttributeValues={":user_id": user_id},
            )
        return [_connection(item) for item in page["Items"]]

    def page(self, limit: int, cursor: str | None) -> tuple[list[Connection], str | None]:
        """Some of all sockets, and where to go on."""
        after: Any = {} if cursor is None else {"ExclusiveStartKey": {"connection_id": cursor}}
        with as_storage_error("scan connections"):
            page = self._table.scan(Limit=limit, **after)
        following: Any = page.get("LastEvaluatedKey")
        return [_connection(item) for item in page["Items"]], following and following["connection_id"]


def _connection(item: Mapping[str, Any]) -> Connection:
    return Connection(item["connection_id"], item["user_id"], item["connected_at"], int(item["ttl"]))
