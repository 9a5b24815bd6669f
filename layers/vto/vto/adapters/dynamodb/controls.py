"""``vto-controls``: tickets, deliveries, slots and the health of engines; all of it short-lived."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.adapters.dynamodb.items import (
    CONDITION_FAILED,
    SHORT_LIVED_SECONDS,
    conditionally,
    get_item,
    get_together,
    old_item,
    plain_values,
)
from vto.domain import times
from vto.domain.erasure import is_control_of
from vto.domain.health import Door, Health
from vto.domain.pacing import Counter, interval, next_slot
from vto.errors import StorageUnavailableError
from vto.ports import DeliveryClaim, Ticket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

CLAIM_SECONDS = 5  # a publisher that dies while pushing blocks the others for no longer
SLOT_RACES = 25
HEALTH_RACES = 5


class DynamoControls:
    """``vto-controls``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def issue_ticket(self, ticket: Ticket) -> None:
        """Store a one-time ticket."""
        with as_storage_error("issue ticket"):
            self._table.put_item(
                Item={
                    "control_id": f"ticket#{ticket.ticket}",
                    "user_id": ticket.user_id,
                    "expires_at": ticket.expires_at,
                    "session_until": ticket.session_until,
                    "ttl": ticket.expires_at + 60,
                }
            )

    def redeem_ticket(self, ticket: str, now: datetime) -> Ticket | None:
        """Use a ticket up; None when it is unknown, used or expired."""
        with as_storage_error("redeem ticket"):
            answer = self._table.delete_item(Key={"control_id": f"ticket#{ticket}"}, ReturnValues="ALL_OLD")
        item = plain_values(answer.get("Attributes") or {})
        if not item or item["expires_at"] <= times.epoch(now):
            return None
        return Ticket(ticket, item["user_id"], item["expires_at"], item["session_until"])

    def claim_delivery(self, job_id: str, connection_id: str, version: int, now: datetime) -> DeliveryClaim:
        """Ask to push a version to a socket; a granted claim lapses by itself after a few seconds."""
        key = {"control_id": _delivery(job_id, connection_id)}
        with as_storage_error("claim delivery"):
            try:
                answer = self._table.update_item(
                    Key=key,
                    UpdateExpression="SET sending_until = :until, #ttl = :ttl",
                    ConditionExpression="(attribute_not_exists(delivered) OR delivered < :version) AND "
                    "(attribute_not_exists(sending_until) OR sending_until < :now)",
                    ExpressionAttributeNames={"#ttl": "ttl"},
                    ExpressionAttributeValues={
                        ":version": version,
                        ":now": times.to_iso(now),
                        ":until": times.after(now, CLAIM_SECONDS),
                        ":ttl": times.epoch(now, seconds=SHORT_LIVED_SECONDS),
                    },
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                return DeliveryClaim(granted=False, busy=(old_item(error) or {}).get("delivered", 0) < version)
        return DeliveryClaim(granted=True, delivered=plain_values(answer["Attributes"]).get("delivered"))

    def told_version(self, job_id: str, connection_id: str) -> int | None:
        """The latest version that was pushed to a socket; None where none was."""
        item = get_item(self._table, {"control_id": _delivery(job_id, connection_id)}) or {}
        return item.get("delivered")

    def confirm_delivery(self, job_id: str, connection_id: str, version: int) -> None:
        """Record that the version was pushed; a later one, pushed after this claim had lapsed, stays."""
        conditionally(
            "confirm delivery",
            lambda: self._table.update_item(
                Key={"control_id": _delivery(job_id, connection_id)},
                UpdateExpression="SET delivered = :version REMOVE sending_until",
                ConditionExpression="attribute_not_exists(delivered) OR delivered < :version",
                ExpressionAttributeValues={":version": version},
            ),
        )

    def release_delivery(self, job_id: str, connection_id: str) -> None:
        """Give a claim back unused."""
        with as_storage_error("release delivery"):
            self._table.update_item(
                Key={"control_id": _delivery(job_id, connection_id)}, UpdateExpression="REMOVE sending_until"
            )

    def take_slot(
        self,
        engine: str,
        requests_per_minute: float,
        now: datetime,
        *,
        latest: datetime,
        counter: Counter = Counter.SLOTS,
    ) -> datetime | None:
        """Take a counter's next free instant; no two callers get the same one. None, and none taken, after latest.

        An idle engine is taken at once; where it is not idle, the refusal says when it was last taken.

        Raises:
            StorageUnavailableError: Others were faster every time.
        """
        key = {"control_id": f"{counter.value}#{engine}"}
        slot = now
        unchanged = "last_taken <= :last"
        last = times.to_iso(now - interval(requests_per_minute))
        for _ in range(SLOT_RACES):
            if slot > latest:
                return None  # whoever is turned away must not make the queue longer for those who come later
            found = self._take(key, slot, unchanged, last)
            if found is None:
                return slot
            unchanged, last = "last_taken = :last", found
            slot = next_slot(now, times.from_iso(last), requests_per_minute)
        raise StorageUnavailableError(f"no slot of {engine} after {SLOT_RACES} races")

    def _take(self, key: dict[str, str], slot: datetime, unchanged: str, last: str) -> str | None:
        """Take an instant on a condition; None when it was taken, otherwise the latest that somebody has."""
        with as_storage_error("take slot"):
            try:
                self._table.update_item(
                    Key=key,
                    UpdateExpression="SET last_taken = :slot, #ttl = :ttl",
                    ConditionExpression=f"attribute_not_exists(last_taken) OR {unchanged}",
                    ExpressionAttributeNames={"#ttl": "ttl"},
                    ExpressionAttributeValues={
                        ":slot": times.to_iso(slot),
                        ":ttl": times.epoch(slot, seconds=SHORT_LIVED_SECONDS),
                        ":last": last,
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                return str((old_item(error) or {})["last_taken"])
        return None

    def next_slot(
        self, engine: str, requests_per_minute: float, now: datetime, *, counter: Counter = Counter.SLOTS
    ) -> datetime:
        """A counter's next free instant; it is not taken, so somebody else may get it."""
        last = (get_item(self._table, {"control_id": f"{counter.value}#{engine}"}) or {}).get("last_taken")
        return next_slot(now, times.from_iso(last) if last else None, requests_per_minute)

    def door(self, engine: str, job_id: str, now: datetime) -> Door:
        """How a job would find the engine now; open also while an operator has taken it out of service.

        That is the item ``engine#{name}`` with the state ``paused``.
        """
        return self._look(engine, job_id, now)[0]

    def knock(self, engine: str, job_id: str, now: datetime, *, trial_seconds: float) -> Door:
        """The same, but one that is half-open is from then on this job's alone to try."""
        door, item = self._look(engine, job_id, now)
        if door is Door.HALF_OPEN:
            tried = _health(item).tried(job_id, now, trial_seconds)
            if not self._save_health(engine, item, tried, now):
                return Door.OPEN  # another job was faster: it tries, and this one need not
        return door

    def leave_engine(self, engine: str, job_id: str, now: datetime) -> None:
        """Note that the job which was to try the engine did not come to that; another one may."""
        item = get_item(self._table, {"control_id": _health_key(engine)})
        before = _health(item)
        after = before.not_tried(job_id)
        if after is not before:
            self._save_health(engine, item, after, now)

    def fail_engine(self, engine: str, job_id: str, now: datetime, *, gone: bool, reason: str) -> datetime | None:
        """Note that a call found the engine gone or down; until when nobody asks it, if that has just been decided."""
        for _ in range(HEALTH_RACES):
            item = get_item(self._table, {"control_id": _health_key(engine)})
            before = _health(item)
            after = before.failed(job_id, now, gone=gone, reason=reason)
            if after is before:
                return None
            if self._save_health(engine, item, after, now):
                return after.open_until
        return None  # so many others have said the same that it is open by now

    def _look(self, engine: str, job_id: str, now: datetime) -> tuple[Door, Mapping[str, Any] | None]:
        names = (_health_key(engine), f"engine#{engine}")
        item, order = get_together([(self._table, {"control_id": one}) for one in names])
        is_paused = (order or {}).get("state") == "paused"
        return (Door.OPEN if is_paused else _health(item).door(job_id, now)), item

    def close_engine(self, engine: str) -> None:
        """Note that the engine answers."""
        with as_storage_error("close engine"):
            self._table.delete_item(Key={"control_id": _health_key(engine)})

    def forget(self, *, user_id: str | None, before: str, job_ids: frozenset[str], with_limits: bool) -> int:
        """Remove what is kept of somebody, or of these jobs; how many items.

        The table is read whole: it is small, its items live for two days at most, and nothing else finds what a closed
        socket was told.
        """
        found: list[str] = []
        start: dict[str, Any] = {}
        while True:
            with as_storage_error("scan controls"):
                page = self._table.scan(
                    ProjectionExpression="control_id, user_id, expires_at, #after",
                    ExpressionAttributeNames={"#after": "after"},
                    ConsistentRead=True,
                    **start,
                )
            found += [
                str(item["control_id"])
                for item in page["Items"]
                if is_control_of(item, user_id=user_id, before=before, job_ids=job_ids, with_limits=with_limits)
            ]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        for name in found:
            with as_storage_error("forget control"):
                self._table.delete_item(Key={"control_id": name})
        return len(found)

    def _save_health(self, engine: str, read: Mapping[str, Any] | None, health: Health, now: datetime) -> bool:
        """Write what is known of an engine, if nobody has written since it was read."""
        moments = {"open_until": health.open_until, "trial_until": health.trial_until}
        item = {
            "control_id": _health_key(engine),
            "strikes": health.strikes,
            "failures": health.failures,
            "trial": health.trial,
            "reason": health.reason,
            "revision": (read or {}).get("revision", 0) + 1,
            "ttl": times.epoch(now, seconds=SHORT_LIVED_SECONDS),
            **{name: times.to_iso(moment) for name, moment in moments.items() if moment},
        }
        unchanged: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(control_id)"}
        if read is not None:
            unchanged = {
                "ConditionExpression": "revision = :read",
                "ExpressionAttributeValues": {":read": read.get("revision", 0)},
            }
        return conditionally("save health", lambda: self._table.put_item(Item=item, **unchanged))


def _health_key(engine: str) -> str:
    return f"health#{engine}"


def _health(item: Mapping[str, Any] | None) -> Health:
    if item is None:
        return Health()
    opened, trial = item.get("open_until"), item.get("trial_until")
    return Health(
        strikes=item.get("strikes", 0),
        failures=item["failures"],
        open_until=times.from_iso(opened) if opened else None,
        trial=item.get("trial"),
        trial_until=times.from_iso(trial) if trial else None,
        reason=item.get("reason"),
    )


def _delivery(job_id: str, connection_id: str) -> str:
    return f"delivered#{job_id}#{connection_id}"
