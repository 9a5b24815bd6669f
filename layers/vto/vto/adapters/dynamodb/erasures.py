"""Erasures in ``vto-controls``: one item for each that is open, one for each receipt."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import conditionally, get_item
from vto.domain import times
from vto.domain.erasure import KINDS, RECEIPT_DAYS, Erasure, Receipt, owner_of
from vto.errors import StorageUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class DynamoErasures:
    """The ``Erasures`` port; an open erasure has no ``ttl``: it ends by being done."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def request(self, user_id: str, receipt: str, now: datetime, *, before: str) -> Erasure:
        """Store the wish; one that is open already keeps its receipt, and covers from now on what came since.

        What was made or agreed to until ``before`` (ISO-8601) is covered; that moment never moves back.

        Raises:
            StorageUnavailableError: DynamoDB did not answer, or the erasure was done at this very moment.
        """
        conditionally(
            "request erasure",
            lambda: self._table.update_item(
                Key=_open(user_id),
                UpdateExpression="SET #before = :before, receipt = if_not_exists(receipt, :receipt), "
                "requested_at = if_not_exists(requested_at, :now)",
                ConditionExpression="attribute_not_exists(#before) OR #before < :before",
                ExpressionAttributeNames={"#before": "before"},
                ExpressionAttributeValues={":before": before, ":now": times.to_iso(now), ":receipt": receipt},
            ),
        )
        known = self.of_user(user_id)
        if known is None:
            raise StorageUnavailableError("an erasure was done while it was asked for again")
        return known

    def of_user(self, user_id: str) -> Erasure | None:
        """The open erasure of somebody, read consistently."""
        item = get_item(self._table, _open(user_id))
        return _erasure(user_id, item) if item else None

    def take(self, user_id: str, now: datetime, *, until: str) -> bool:
        """Be the only one who works on it until then (ISO-8601); False while somebody else is."""
        return conditionally(
            "take erasure",
            lambda: self._table.update_item(
                Key=_open(user_id),
                UpdateExpression="SET taken_until = :until",
                ConditionExpression="attribute_exists(control_id) AND "
                "(attribute_not_exists(taken_until) OR taken_until < :now)",
                ExpressionAttributeValues={":until": until, ":now": times.to_iso(now)},
            ),
        )

    def leave(self, user_id: str, removed: Mapping[str, int], *, taken_until: str) -> None:
        """Count what was removed, once, and let the next one work on it."""
        counted = {kind: count for kind, count in removed.items() if count}
        adds = " ADD " + ", ".join(f"{kind} :{kind}" for kind in counted) if counted else ""
        conditionally(
            "leave erasure",
            lambda: self._table.update_item(
                Key=_open(user_id),
                UpdateExpression=f"REMOVE taken_until{adds}",
                ConditionExpression="taken_until = :until",
                ExpressionAttributeValues={":until": taken_until, **{f":{kind}": n for kind, n in counted.items()}},
            ),
        )

    def finish(self, erasure: Erasure, now: datetime) -> bool:
        """Leave the receipt and forget who it was; False, and nothing is forgotten, when it was asked for again."""
        known = self.of_user(erasure.user_id)
        if known is None or known.before != erasure.before:
            return known is None
        with as_storage_error("write receipt"):
            self._table.put_item(
                Item={
                    "control_id": _receipt(known.receipt),
                    "owner": owner_of(known.receipt, known.user_id),
                    "requested_at": known.requested_at,
                    "done_at": times.to_iso(now),
                    **known.removed,
                    "ttl": times.epoch(now, days=RECEIPT_DAYS),
                }
            )
        return conditionally(
            "finish erasure",
            lambda: self._table.delete_item(
                Key=_open(erasure.user_id),
                ConditionExpression="#before = :before OR attribute_not_exists(control_id)",
                ExpressionAttributeNames={"#before": "before"},
                ExpressionAttributeValues={":before": erasure.before},
            ),
        )

    def receipt(self, receipt: str, user_id: str) -> Receipt | None:
        """The receipt of an erasure that is done; None when it is somebody else's."""
        item = get_item(self._table, {"control_id": _receipt(receipt)})
        if item is None or item["owner"] != owner_of(receipt, user_id):
            return None
        return Receipt(receipt, item["requested_at"], item["done_at"], _counts(item))


def _open(user_id: str) -> dict[str, str]:
    return {"control_id": f"erase#{user_id}"}


def _receipt(receipt: str) -> str:
    return f"receipt#{receipt}"


def _counts(item: Mapping[str, Any]) -> dict[str, int]:
    return {kind: item[kind] for kind in KINDS if kind in item}


def _erasure(user_id: str, item: Mapping[str, Any]) -> Erasure:
    return Erasure(user_id, item["receipt"], item["requested_at"], item["before"], _counts(item))
