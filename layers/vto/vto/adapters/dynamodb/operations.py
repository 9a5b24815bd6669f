"""The items of ``vto-controls`` by which operators give orders and scheduled work says how far it is.

They have no ``ttl``: an order holds until it is taken back.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import between_transactions, conditionally, get_item, to_dynamo
from vto.domain import times
from vto.ports import EngineState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

SPENDING = "spending"
STOPPED = "stopped"
PAUSED = "paused"


class DynamoOperations:
    """The ``Operations`` port."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def pause(self, engine: str, now: datetime) -> None:
        """Take an engine out of service."""
        with as_storage_error("pause engine"):
            self._table.put_item(
                Item={"control_id": _engine(engine), "state": PAUSED, "at": times.to_iso(now)},
            )

    def resume(self, engine: str) -> bool:
        """Put an engine back into service; False when it was not out of it."""
        return self._remove(_engine(engine))

    def stop_spending(self, reason: str, now: datetime) -> None:
        """Let no further call be made that may cost money; whoever makes one reads this item right before."""
        item = {"control_id": SPENDING, "state": STOPPED, "reason": reason, "at": times.to_iso(now)}
        with as_storage_error("stop spending"):
            between_transactions(lambda: self._table.put_item(Item=item))

    def resume_spending(self) -> bool:
        """Let calls be made again; False when they were not stopped."""
        return self._remove(SPENDING)

    def spending(self) -> Mapping[str, Any] | None:
        """Why and since when spending is stopped; None while it is not."""
        item = get_item(self._table, {"control_id": SPENDING})
        if item is None or item.get("state") != STOPPED:
            return None
        return {"reason": item.get("reason"), "at": item.get("at")}

    def engine(self, name: str, now: datetime) -> EngineState:
        """How jobs find an engine."""
        order = get_item(self._table, {"control_id": _engine(name)}) or {}
        health = get_item(self._table, {"control_id": f"health#{name}"}) or {}
        until = health.get("open_until")
        is_open = until is not None and until > times.to_iso(now)
        return EngineState(
            name=name,
            is_paused=order.get("state") == PAUSED,
            open_until=until if is_open else None,
            reason=health.get("reason") if is_open else None,
        )

    def note_run(self, work: str, now: datetime, did: Mapping[str, Any]) -> None:
        """Keep what scheduled work did when it last came to its end."""
        with as_storage_error("note run"):
            self._table.put_item(Item={"control_id": _run(work), "at": times.to_iso(now), "did": to_dynamo(did)})

    def last_run(self, work: str) -> Mapping[str, Any] | None:
        """When scheduled work last came to its end, and what it did."""
        item = get_item(self._table, {"control_id": _run(work)})
        return {"at": item["at"], "did": item["did"]} if item else None

    def place(self, work: str) -> str | None:
        """Where work that takes several runs goes on; None for its beginning."""
        item = get_item(self._table, {"control_id": _place(work)})
        return item["after"] if item else None

    def keep_place(self, work: str, after: str | None) -> None:
        """Remember where to go on; None for the beginning."""
        with as_storage_error("keep place"):
            if after is None:
                self._table.delete_item(Key={"control_id": _place(work)})
            else:
                self._table.put_item(Item={"control_id": _place(work), "after": after})

    def _remove(self, control_id: str) -> bool:
        return conditionally(
            f"remove {control_id}",
            lambda: between_transactions(
                lambda: self._table.delete_item(
                    Key={"control_id": control_id}, ConditionExpression="attribute_exists(control_id)"
                )
            ),
        )


def _engine(name: str) -> str:
    return f"engine#{name}"


def _run(work: str) -> str:
    return f"run#{work}"


def _place(work: str) -> str:
    return f"place#{work}"
