"""The six tables as repositories; every write that decides something is conditional."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto import telemetry
from vto.adapters.aws_errors import as_storage_error, code_of
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness
from vto.domain.engines import Adaptation
from vto.domain.health import Door, Health
from vto.domain.job import OPEN, Change, Job, Stage, Status, StoredImage
from vto.domain.pacing import next_slot
from vto.errors import InternalError, InvalidRequestError, StorageUnavailableError, Violation
from vto.ports import CachedResult, Connection, DeliveryClaim, Ticket, VersionConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

CONDITION_FAILED = "ConditionalCheckFailedException"
STOCK = "yes"  # the value of the sparse index attribute that lists the models which everybody may use
CLAIM_SECONDS = 5  # a publisher that dies while pushing blocks the others for no longer
SHORT_LIVED_SECONDS = 24 * 60 * 60
SLOT_RACES = 25
MAX_KEY_BYTES = 2048
HEALTH_RACES = 5


class DynamoJobs:
    """``vto-jobs``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def create(self, job: Job) -> bool:
        """Store a new job; False when its id exists."""
        return _conditionally(
            "create job",
            lambda: self._table.put_item(Item=job_to_item(job), ConditionExpression="attribute_not_exists(id)"),
        )

    def get(self, job_id: str) -> Job | None:
        """One job, or None."""
        item = _get(self._table, {"id": job_id})
        return item_to_job(item) if item else None

    def save(self, job: Job, *, expected_version: int) -> None:
        """Store a changed job if nobody changed it since; raises VersionConflictError otherwise.

        Attributes that this code does not know (written by a newer version) stay as they are.
        """
        item = {**job_to_item(job), "revision": job.revision + 1}
        del item["id"]
        gone = [field.name for field in fields(Job) if field.name not in item and field.name != "id"]
        expression, names, values = _set_and_remove(item, gone)
        saved = _conditionally(
            "save job",
            lambda: self._table.update_item(
                Key={"id": job.id},
                UpdateExpression=expression,
                ConditionExpression="#version = :read_version AND "
                "(#revision = :read_revision OR attribute_not_exists(#revision))",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={
                    **values,
                    ":read_version": expected_version,
                    ":read_revision": job.revision,
                },
            ),
        )
        if not saved:
            raise VersionConflictError(job.id)

    def of_user(self, user_id: str, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """One user's jobs, newest first, and the cursor of the next page."""
        with as_storage_error("query jobs of a user"):
            page = self._table.query(
                IndexName="by_user",
                KeyConditionExpression="user_id = :user_id",
                ExpressionAttributeValues={":user_id": user_id},
                ScanIndexForward=False,
                Limit=limit,
                **_start(cursor, {"id", "created_at"}, user_id=user_id),
            )
        return [item_to_job(item) for item in page["Items"]], _cursor(page.get("LastEvaluatedKey"))

    def overdue(self, now: datetime, *, limit: int) -> list[Job]:
        """Unfinished jobs whose lease has run out, the longest overdue first."""
        with as_storage_error("query overdue jobs"):
            page = self._table.query(
                IndexName="open",
                KeyConditionExpression="#open = :open AND lease_until < :now",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":open": OPEN, ":now": times.to_iso(now)},
                Limit=limit,
            )
        return list(_readable(page["Items"]))


def _readable(items: Iterable[Mapping[str, Any]]) -> Iterator[Job]:
    """The jobs of rows that this code can read; one that it cannot must not keep the sweep from the others."""
    for item in items:
        try:
            yield item_to_job(item)
        except (KeyError, ValueError, TypeError) as problem:
            telemetry.report("unreadable job row", InternalError(f"job {item.get('id')}: {problem!r}"))


class DynamoCatalogue:
    """``vto-products`` and ``vto-models``."""

    def __init__(self, products: "Table", models: "Table") -> None:
        self._tables = {Kind.PRODUCT: products, Kind.MODEL: models}

    def get(self, kind: Kind, item_id: str) -> CatalogueItem | None:
        """One item, or None."""
        item = _get(self._tables[kind], {_id_name(kind): item_id})
        return item_to_catalogue(kind, item) if item else None

    def record_import(self, item: CatalogueItem) -> bool:
        """Write what an upload says, curated fields kept; False when this or a later upload has been recorded.

        The picture and its state are the upload's; name, category, description, class, origin and creation time are
        the shop's as soon as somebody has written them.
        """
        row = catalogue_to_item(item)
        key = {_id_name(item.kind): row.pop(_id_name(item.kind))}
        curated = {"name", "category", "description", "garment_class", "auto_imported", "created_at"}
        of_picture = {"readiness_reason", "prepared_s3_url", "sha256", "width", "height", "stock", "source_time"}
        url = f"{item.kind}_picture_s3_url"
        expression, names, values = _set_and_remove(row, of_picture - row.keys(), keep=curated)
        return _conditionally(
            f"record {item.kind}",
            lambda: self._tables[item.kind].update_item(
                Key=key,
                UpdateExpression=expression,
                # sequencers say nothing about events of different keys, which may name the same product
                ConditionExpression="attribute_not_exists(#source_sequencer)"
                f" OR (#{url} = :{url} AND #source_sequencer < :source_sequencer)"
                f" OR (#{url} <> :{url} AND (attribute_not_exists(source_time) OR source_time < :event_time))",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={**values, ":event_time": item.source_time or ""},
            ),
        )

    def products(self, *, limit: int, cursor: str | None = None) -> tuple[list[CatalogueItem], str | None]:
        """A page of products and the cursor of the next one."""
        with as_storage_error("scan products"):
            page = self._tables[Kind.PRODUCT].scan(Limit=limit, **_start(cursor, {"product_id"}))
        return (
            [item_to_catalogue(Kind.PRODUCT, item) for item in page["Items"]],
            _cursor(page.get("LastEvaluatedKey")),
        )

    def models_of(self, user_id: str | None, *, limit: int) -> list[CatalogueItem]:
        """A user's private photos; the stock models when ``user_id`` is None. The newest first."""
        index, key, value = ("by_user", "user_id", user_id) if user_id else ("stock", "stock", STOCK)
        with as_storage_error("query models"):
            page = self._tables[Kind.MODEL].query(
                IndexName=index,
                KeyConditionExpression="#key = :value",
                ExpressionAttributeNames={"#key": key},
                ExpressionAttributeValues={":value": value},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [item_to_catalogue(Kind.MODEL, item) for item in page["Items"]]


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
        item = _get(self._table, {"connection_id": connection_id})
        return _connection(item) if item else None

    def remove(self, connection_id: str, user_id: str) -> None:
        """Forget a user's socket; nothing happens when it is unknown, or somebody else's by now."""
        _conditionally(
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
        item = _plain(answer.get("Attributes") or {})
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
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                item = _get(self._table, key) or {}
                return DeliveryClaim(granted=False, busy=item.get("delivered", 0) < version)
        return DeliveryClaim(granted=True, delivered=_plain(answer["Attributes"]).get("delivered"))

    def confirm_delivery(self, job_id: str, connection_id: str, version: int) -> None:
        """Record that the version was pushed; a later one, pushed after this claim had lapsed, stays."""
        _conditionally(
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

    def take_slot(self, engine: str, requests_per_minute: float, now: datetime, *, latest: datetime) -> datetime | None:
        """Take the engine's next free instant; no two callers get the same one. None, and none taken, after latest.

        Raises:
            StorageUnavailableError: Others were faster every time.
        """
        key = {"control_id": f"pace#{engine}"}
        for _ in range(SLOT_RACES):
            item = _get(self._table, key) or {}
            last = item.get("last_taken")
            slot = next_slot(now, times.from_iso(last) if last else None, requests_per_minute)
            if slot > latest:
                return None  # whoever is turned away must not make the queue longer for those who come later
            unchanged = "last_taken = :last" if last else "attribute_not_exists(last_taken)"
            taken = _conditionally(
                "take slot",
                lambda slot=slot, last=last, unchanged=unchanged: self._table.update_item(
                    Key=key,
                    UpdateExpression="SET last_taken = :slot, #ttl = :ttl",
                    ConditionExpression=unchanged,
                    ExpressionAttributeNames={"#ttl": "ttl"},
                    ExpressionAttributeValues={
                        ":slot": times.to_iso(slot),
                        ":ttl": times.epoch(slot, seconds=SHORT_LIVED_SECONDS),
                        **({":last": last} if last else {}),
                    },
                ),
            )
            if taken:
                return slot
        raise StorageUnavailableError(f"no slot of {engine} after {SLOT_RACES} races")

    def next_slot(self, engine: str, requests_per_minute: float, now: datetime) -> datetime:
        """The engine's next free instant; it is not taken, so somebody else may get it."""
        last = (_get(self._table, {"control_id": f"pace#{engine}"}) or {}).get("last_taken")
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
        item = _get(self._table, {"control_id": _health_key(engine)})
        before = _health(item)
        after = before.not_tried(job_id)
        if after is not before:
            self._save_health(engine, item, after, now)

    def fail_engine(self, engine: str, job_id: str, now: datetime, *, gone: bool, reason: str) -> datetime | None:
        """Note that a call found the engine gone or down; until when nobody asks it, if that has just been decided."""
        for _ in range(HEALTH_RACES):
            item = _get(self._table, {"control_id": _health_key(engine)})
            before = _health(item)
            after = before.failed(job_id, now, gone=gone, reason=reason)
            if after is before:
                return None
            if self._save_health(engine, item, after, now):
                return after.open_until
        return None  # so many others have said the same that it is open by now

    def _look(self, engine: str, job_id: str, now: datetime) -> tuple[Door, Mapping[str, Any] | None]:
        item = _get(self._table, {"control_id": _health_key(engine)})
        order = _get(self._table, {"control_id": f"engine#{engine}"}) or {}
        return (Door.OPEN if order.get("state") == "paused" else _health(item).door(job_id, now)), item

    def close_engine(self, engine: str) -> None:
        """Note that the engine answers."""
        with as_storage_error("close engine"):
            self._table.delete_item(Key={"control_id": _health_key(engine)})

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
        return _conditionally("save health", lambda: self._table.put_item(Item=item, **unchanged))


class DynamoResults:
    """``vto-results``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get_ready(self, key: str, now: datetime) -> CachedResult | None:
        """A finished result that still lives, or None."""
        item = _get(self._table, {"cache_key": key}) or {}
        if item.get("state") != "ready" or item["ttl"] <= times.epoch(now):
            return None
        told = tuple(Adaptation(**one) for one in item.get("adaptations", []))
        return CachedResult(item["job_id"], tuple(item["images"]), item.get("mask"), item["engine"], told)

    def claim(self, key: str, job_id: str, now: datetime, *, seconds: float, gone: CachedResult | None = None) -> bool:
        """Become the one who makes this result; False while another job's claim lasts, or when it has become ready."""
        return _conditionally(
            "claim result",
            lambda: self._table.update_item(
                Key={"cache_key": key},
                UpdateExpression="SET #state = :making, job_id = :job_id, claimed_until = :until, #ttl = :ttl",
                ConditionExpression="attribute_not_exists(cache_key) OR #ttl <= :epoch"
                " OR (#state = :making AND (job_id = :job_id OR claimed_until < :now))"
                " OR (#state = :ready AND job_id = :gone)",
                ExpressionAttributeNames={"#state": "state", "#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":making": "making",
                    ":ready": "ready",
                    ":job_id": job_id,
                    ":gone": gone.job_id if gone else "(none)",
                    ":now": times.to_iso(now),
                    ":epoch": times.epoch(now),
                    ":until": times.after(now, seconds),
                    ":ttl": times.epoch(now, seconds=SHORT_LIVED_SECONDS),
                },
            ),
        )

    def put_ready(self, key: str, result: CachedResult, *, ttl: int) -> None:
        """Offer a finished result to equal requests."""
        expression, names, values = _set_and_remove(
            {"state": "ready", "images": list(result.images), "engine": result.engine, "ttl": ttl,
             "job_id": result.job_id, "adaptations": [one.public() for one in result.adaptations],
             **({"mask": result.mask} if result.mask else {})},
            ["claimed_until", *([] if result.mask else ["mask"])],
        )  # fmt: skip
        with as_storage_error("offer result"):
            self._table.update_item(
                Key={"cache_key": key},
                UpdateExpression=expression,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )

    def release(self, key: str, job_id: str) -> None:
        """Give up a claim of this job; others' claims and finished results stay."""
        _conditionally(
            "release result",
            lambda: self._table.delete_item(
                Key={"cache_key": key},
                ConditionExpression="job_id = :job_id AND #state = :making",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":job_id": job_id, ":making": "making"},
            ),
        )


def job_to_item(job: Job) -> dict[str, Any]:
    """A job as its row; absent attributes are left out, as sparse indexes want it."""
    item = {**asdict(job), "timeline": [change.public() for change in job.timeline]}
    return dict(_to_dynamo({name: value for name, value in item.items() if value is not None}))


def item_to_job(item: Mapping[str, Any]) -> Job:
    """A row as a job; attributes that this code does not know are ignored."""
    plain = _plain(item)
    known = {field.name for field in fields(Job)}
    values = {name: value for name, value in plain.items() if name in known}
    return Job(
        **{
            **values,
            "status": Status(plain["status"]),
            "stage": Stage(plain["stage"]) if plain.get("stage") else None,
            "timeline": tuple(
                Change(Status(one["status"]), one["at"], Stage(one["stage"]) if one.get("stage") else None)
                for one in plain["timeline"]
            ),
            "images": tuple(StoredImage(**one) for one in plain.get("images", [])),
            "error_details": tuple(plain.get("error_details", [])),
            "warnings": tuple(plain.get("warnings", [])),
            "adaptations": tuple(plain.get("adaptations", [])),
            "failed_engines": tuple(plain.get("failed_engines", [])),
        }
    )


def catalogue_to_item(item: CatalogueItem) -> dict[str, Any]:
    """A catalogue item as its row, with the attribute names that the published tables have."""
    row = {name: value for name, value in asdict(item).items() if value is not None and name != "kind"}
    row[_id_name(item.kind)] = row.pop("item_id")
    row[f"{item.kind}_picture_s3_url"] = row.pop("picture_s3_url")
    if item.kind is Kind.MODEL and item.user_id is None and item.readiness is Readiness.READY:
        row["stock"] = STOCK
    return dict(_to_dynamo(row))


def item_to_catalogue(kind: Kind, item: Mapping[str, Any]) -> CatalogueItem:
    """A row as a catalogue item; a curated row may lack whatever its shop did not write."""
    plain = _plain(item)
    known = {field.name for field in fields(CatalogueItem)}
    values = {name: value for name, value in plain.items() if name in known}
    readiness = plain.get("readiness")
    defaults = {"name": plain[_id_name(kind)], "category": "", "description": "", "auto_imported": False,
                "created_at": "", "updated_at": ""}  # fmt: skip
    return CatalogueItem(
        **{
            **defaults,
            **values,
            "kind": kind,
            "item_id": plain[_id_name(kind)],
            "picture_s3_url": plain.get(f"{kind}_picture_s3_url", ""),
            "readiness": Readiness(readiness) if readiness else None,
        }
    )


def _id_name(kind: Kind) -> str:
    return f"{kind}_id"


def _connection(item: Mapping[str, Any]) -> Connection:
    return Connection(item["connection_id"], item["user_id"], item["connected_at"], int(item["ttl"]))


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


def _get(table: "Table", key: dict[str, str]) -> dict[str, Any] | None:
    if any(len(value.encode()) > MAX_KEY_BYTES for value in key.values()):
        return None  # DynamoDB would call it an error, and there can be no such item
    with as_storage_error(f"get from {table.name}"):
        item = table.get_item(Key=key, ConsistentRead=True).get("Item")
    return None if item is None else dict(_plain(item))


def _conditionally(what: str, write: Any) -> bool:
    """Run a conditional write; False when its condition did not hold."""
    with as_storage_error(what):
        try:
            write()
        except ClientError as error:
            if code_of(error) == CONDITION_FAILED:
                return False
            raise
    return True


def _set_and_remove(
    values: Mapping[str, Any], remove: Iterable[str], *, keep: frozenset[str] | set[str] = frozenset()
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """An update expression that sets values (those in ``keep`` only where there is none yet) and removes others."""
    removed = sorted(remove)
    names = {f"#{name}": name for name in (*values, *removed)}
    sets = [f"#{name} = if_not_exists(#{name}, :{name})" if name in keep else f"#{name} = :{name}" for name in values]
    expression = "SET " + ", ".join(sets)
    if removed:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    return expression, names, {f":{name}": value for name, value in values.items()}


def _start(cursor: str | None, names: set[str], **own: str) -> dict[str, Any]:
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


def _cursor(key: Mapping[str, Any] | None) -> str | None:
    return base64.urlsafe_b64encode(json.dumps(_plain(key)).encode()).decode() if key else None


def _to_dynamo(value: Any) -> Any:
    """Numbers as DynamoDB takes them: no floats."""
    if isinstance(value, Mapping):
        return {name: _to_dynamo(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_to_dynamo(one) for one in value]
    if isinstance(value, float):
        return Decimal(str(value))
    return str(value) if isinstance(value, Status | Stage | Readiness) else value


def _plain(value: Any) -> Any:
    """Numbers as the domain takes them: no decimals."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
