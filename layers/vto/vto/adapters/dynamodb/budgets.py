"""The budgets and the switch in ``vto-controls``, and the transactions that write budgets together with a job."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.adapters.dynamodb.items import get_item, get_together
from vto.domain import times
from vto.domain.budgets import STOPPED, SWITCH, Booking, Move, exhausted
from vto.errors import SpendingStoppedError, StorageUnavailableError
from vto.ports import VersionConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEPT_DAYS = 2  # its own, and the next, on which the last of its money may be given back
ATTEMPTS = 9
LONGEST_PAUSE_SECONDS = 0.4
NO_ROOM = "ConditionalCheckFailed"
BUSY = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class DynamoBudgets:
    """The part of ``vto-controls`` that is about money."""

    def __init__(self, table: "Table", sleep: Callable[[float], None] = time.sleep) -> None:
        self._table, self._sleep = table, sleep

    def is_stopped(self) -> bool:
        """Whether the item ``spending`` has the state ``stopped``."""
        return (get_item(self._table, {"control_id": SWITCH}) or {}).get("state") == STOPPED

    def spent(self, control_ids: Iterable[str]) -> dict[str, int]:
        """What stands on budgets, in ``micro_usd``."""
        return self._read(list(control_ids))[1]

    def look(self, control_ids: Iterable[str]) -> tuple[bool, dict[str, int]]:
        """Whether spending is stopped, and what stands on budgets."""
        first, spent = self._read([SWITCH, *control_ids])
        del spent[SWITCH]
        return (first or {}).get("state") == STOPPED, spent

    def _read(self, names: list[str]) -> tuple[dict[str, Any] | None, dict[str, int]]:
        """The first of these items, and what stands on each of them."""
        items = get_together([(self._table, {"control_id": one}) for one in names])
        spent = {one: (item or {}).get("spent", 0) for one, item in zip(names, items, strict=True)}
        return next(iter(items), None), spent

    def ensure_not_stopped(self) -> None:
        """Look at the switch, right before a call is written down that costs money, each time that is tried.

        It is read, not checked in a transaction with the job's row: between either and the call lie milliseconds in
        which it may be thrown. An item that every call locked would cost four write units of each try-on and be what
        breaks first; reads of it are cheap and never meet.

        Raises:
            SpendingStoppedError: Somebody has stopped all spending.
        """
        if self.is_stopped():
            raise SpendingStoppedError("by the item in vto-controls")

    def write(self, job_id: str, job: dict[str, Any], booking: Booking) -> None:
        """Write a job's row and its booking in one transaction.

        The SDK gives each transaction a token, so one whose answer was lost and that is sent again counts once.

        Args:
            job_id: Whose row.
            job: The ``Update`` of the row, conditional on what was read.
            booking: The money that moves with it.

        Raises:
            VersionConflictError: The row has changed since it was read.
            BudgetExhaustedError: A budget has not that much left.
            SignInRequiredError: The guests' has not.
            SpendingStoppedError: Somebody has stopped all spending while others were writing.
            StorageUnavailableError: DynamoDB did not answer, or others were writing every time.
        """
        items = [{"Update": job}, *(self._move(one) for one in booking.moves)]
        for attempt in range(ATTEMPTS):
            reasons = self._send(items)
            if reasons is None:
                return
            if reasons[0] == NO_ROOM:
                raise VersionConflictError(job_id)
            for move, reason in zip(booking.moves, reasons[1:], strict=True):
                if reason == NO_ROOM:
                    raise exhausted(move)
            if not BUSY & set(reasons):
                raise StorageUnavailableError(f"save job with its money: {', '.join(reasons)}")
            longest = min(LONGEST_PAUSE_SECONDS, 0.02 * 2**attempt)
            self._sleep(random.uniform(0, longest))  # noqa: S311 - so that those who met do not meet again
            if booking.spends:  # the pauses add up to seconds
                self.ensure_not_stopped()
        raise StorageUnavailableError(f"the budgets of job {job_id} were being written {ATTEMPTS} times")

    def _send(self, items: Sequence[dict[str, Any]]) -> list[str] | None:
        """Send a transaction; None when it was written, otherwise why not, item by item."""
        client: Any = self._table.meta.client
        with as_storage_error("save job with its money"):
            try:
                client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                reasons: list[dict[str, str]] = error.response.get("CancellationReasons") or []  # type: ignore[assignment]
                if len(reasons) != len(items):
                    raise
                return [reason.get("Code") or "None" for reason in reasons]
        return None

    def _move(self, move: Move) -> dict[str, Any]:
        """Money on a budget, as long as there is room; or off it, in any case."""
        day = times.from_iso(f"{move.control_id[-10:]}T00:00:00Z")
        update: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": {"control_id": move.control_id},
            "UpdateExpression": "SET #ttl = :ttl ADD spent :amount",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": {":amount": move.micro_usd, ":ttl": times.epoch(day, days=KEPT_DAYS)},
        }
        if move.micro_usd > 0:
            room = move.limit - move.micro_usd
            # where a call costs more than a whole day there is no room on a new day either
            new_day = "attribute_not_exists(spent) OR " if room >= 0 else ""
            update["ConditionExpression"] = f"{new_day}spent <= :room"
            update["ExpressionAttributeValues"][":room"] = room
        return {"Update": update}
