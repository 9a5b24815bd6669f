"""Guests in ``vto-controls``: by the digest of their secret, until their hour is over."""

from typing import TYPE_CHECKING

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import get_item
from vto.domain.guests import PREFIX, Guest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class DynamoGuests:
    """The ``Guests`` port."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def remember(self, digest: str, guest: Guest) -> None:
        """Store a guest; the table forgets them by itself."""
        with as_storage_error("remember guest"):
            self._table.put_item(
                Item={
                    "control_id": f"{PREFIX}{digest}",
                    "user_id": guest.user_id,
                    "until": guest.until,
                    "ttl": guest.until,
                }
            )

    def find(self, digest: str) -> Guest | None:
        """The guest of a secret, also one whose time is over; None when there is none."""
        item = get_item(self._table, {"control_id": f"{PREFIX}{digest}"})
        return Guest(item["user_id"], int(item["until"])) if item else None
