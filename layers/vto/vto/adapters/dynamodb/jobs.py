"""``vto-jobs``: every change of a job is one conditional write."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto import telemetry
from vto.adapters.aws_errors import as_storage_error, code_of
from vto.adapters.dynamodb.budgets import DynamoBudgets
from vto.adapters.dynamodb.items import (
    IN_A_TRANSACTION,
    batch_get,
    conditionally,
    cursor_of,
    get_item,
    page_start,
    plain_values,
    set_and_remove,
    to_dynamo,
)
from vto.adapters.dynamodb.unfinished import UnfinishedJobs
from vto.domain import times
from vto.domain.budgets import Booking
from vto.domain.job import OPEN, Change, Job, Stage, Status, StoredImage
from vto.domain.ledger import CallState, Entry
from vto.domain.log_text import unforeseen
from vto.domain.pacing import Lane
from vto.errors import InternalError, StorageUnavailableError
from vto.ports import NoRoomError, VersionConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ENTRY_FIELDS = {field.name for field in fields(Entry)}
ADMISSION_RACES = 12  # requests of one user that may meet in one moment


class DynamoJobs:
    """``vto-jobs``."""

    def __init__(self, table: "Table", controls: "Table | None" = None) -> None:
        """``controls`` is where money is booked and unfinished jobs are counted; None where nobody does."""
        self._table = table
        self._budgets = DynamoBudgets(controls) if controls else None
        self._unfinished = UnfinishedJobs(table, controls.name) if controls else None

    def create(self, job: Job, *, at_most: int | None = None) -> bool:
        """Store a new job; False when its id exists.

        Raises:
            NoRoomError: Its user has ``at_most`` unfinished ones in its lane already; nothing was stored.
        """
        if at_most is None or self._unfinished is None or self._is_counted(job, at_most, self._unfinished):
            item = job_to_item(job)
            return conditionally(
                "create job",
                lambda: self._table.put_item(Item=item, ConditionExpression="attribute_not_exists(id)"),
            )
        return False

    def _is_counted(self, job: Job, at_most: int, unfinished: UnfinishedJobs) -> bool:
        """Count a new job as one of its user's; False when it is there already, and has no room any more."""
        for _ in range(ADMISSION_RACES):
            if unfinished.count(job, at_most):
                return True
            if not self._make_room(job, unfinished):
                if self.get(job.id) is not None:  # the same request came twice, and the other one was the last
                    return False
                raise NoRoomError(job.user_id)
        raise StorageUnavailableError(f"job {job.id} met {ADMISSION_RACES} others of its user")

    def _make_room(self, job: Job, unfinished: UnfinishedJobs) -> bool:
        """Forget the jobs of this user that have ended since they were counted; False when there is none."""
        counted = unfinished.counted(job)
        if not counted.job_ids:
            return True  # somebody else has made room
        now, name = times.from_iso(job.created_at), self._table.name
        with as_storage_error("look up unfinished jobs"):
            answer = self._table.meta.client.batch_get_item(
                RequestItems={name: {"Keys": [{"id": one} for one in counted.job_ids], "ConsistentRead": True}}
            )
        known = {str(item["id"]): item_to_job(item) for item in answer["Responses"].get(name, [])}
        left = answer.get("UnprocessedKeys", {}).get(name)
        unanswered = {str(key["id"]) for key in left["Keys"]} if left else set[str]()
        ended = {one for one, row in known.items() if not row.takes_room(now)}
        if counted.is_quiet(job.created_at):  # one that is not there has been erased or has expired, or never came
            ended |= {one for one in counted.job_ids if one not in known and one not in unanswered}
        unfinished.forget(job, ended, counted)
        return bool(ended)

    def get(self, job_id: str) -> Job | None:
        """One job, or None."""
        item = get_item(self._table, {"id": job_id})
        return item_to_job(item) if item else None

    def save(self, job: Job, *, expected_version: int, booking: Booking | None = None) -> None:
        """Store a changed job if nobody changed it since; raises VersionConflictError otherwise.

        Attributes that this code does not know (written by a newer version) stay as they are. With a booking that moves
        money, the job and the budgets are one transaction; one that spends looks at the switch before.
        """
        item = {**job_to_item(job), "revision": job.revision + 1}
        del item["id"]
        gone = [field.name for field in fields(Job) if field.name not in item and field.name != "id"]
        expression, names, values = set_and_remove(item, gone)
        update: dict[str, Any] = {
            "Key": {"id": job.id},
            "UpdateExpression": expression,
            "ConditionExpression": "#version = :read_version AND "
            "(#revision = :read_revision OR attribute_not_exists(#revision))",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {
                **values,
                ":read_version": expected_version,
                ":read_revision": job.revision,
            },
        }
        if booking is not None:
            if self._budgets is None:
                raise InternalError(f"job {job.id} moves money, and there are no budgets here")
            if booking.spends:
                self._budgets.ensure_not_stopped()
        if booking is not None and booking.moves and self._budgets is not None:
            self._budgets.write(job.id, {"TableName": self._table.name, **update}, booking)
        elif not conditionally("save job", lambda: self._update(update)):
            raise VersionConflictError(job.id)

    def _update(self, update: dict[str, Any]) -> None:
        try:
            self._table.update_item(**update)
        except ClientError as error:
            if code_of(error) == IN_A_TRANSACTION:
                raise VersionConflictError(update["Key"]["id"]) from error  # somebody is changing it right now
            raise

    def of_user(self, user_id: str, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """One user's jobs as they are now, newest first, and the cursor of the next page."""
        with as_storage_error("query jobs of a user"):
            page = self._table.query(
                IndexName="by_user",
                KeyConditionExpression="user_id = :user_id",
                ExpressionAttributeValues={":user_id": user_id},
                ScanIndexForward=False,
                Limit=limit,
                **page_start(cursor, {"id", "created_at"}, user_id=user_id),
            )
        return [item_to_job(item) for item in self._rows(page["Items"])], cursor_of(page.get("LastEvaluatedKey"))

    def overdue(self, now: datetime, *, limit: int, cursor: str | None = None) -> tuple[list[Job], str | None]:
        """Unfinished jobs whose lease has run out, the longest overdue first, and the cursor of the next page.

        The index follows the table by a moment: a job that has ended or been given time since then is not among them.
        """
        until = times.to_iso(now)
        with as_storage_error("query overdue jobs"):
            page = self._table.query(
                IndexName="open",
                KeyConditionExpression="#open = :open AND lease_until < :now",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":open": OPEN, ":now": until},
                Limit=limit,
                **page_start(cursor, {"id", "lease_until"}, open=OPEN),
            )
        late = (
            row for row in self._rows(page["Items"]) if row.get("open") == OPEN and row.get("lease_until", "") < until
        )
        return list(_readable(late)), cursor_of(page.get("LastEvaluatedKey"))

    def _rows(self, entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows of an index's entries, in their order; one that was removed meanwhile is left out."""
        if not entries:
            return []
        names = list(dict.fromkeys(str(one["id"]) for one in entries))  # an entry on its way may be there twice
        known = {str(row["id"]): row for row in batch_get(self._table, [{"id": name} for name in names])}
        return [known[name] for name in names if name in known]

    def delete(self, job_id: str) -> None:
        """Remove a job that was marked as erased, and count it no longer; nothing happens to any other."""
        row: dict[str, Any] = {}

        def remove() -> None:
            answer = self._table.delete_item(
                Key={"id": job_id},
                ConditionExpression="attribute_exists(erased_at) OR attribute_not_exists(id)",
                ReturnValues="ALL_OLD",
            )
            row.update(answer.get("Attributes", {}))

        conditionally("delete job", remove)
        if row and self._unfinished is not None:
            self._unfinished.drop(str(row["user_id"]), Lane(str(row.get("lane", Lane.SHOPPER))), job_id)


def _readable(items: Iterable[Mapping[str, Any]]) -> Iterator[Job]:
    """The jobs of rows that this code can read; one that it cannot must not keep the sweep from the others."""
    for item in items:
        try:
            yield item_to_job(item)
        except (KeyError, ValueError, TypeError) as problem:
            telemetry.report(f"unreadable row of job {item.get('id')}", unforeseen(problem))


def job_to_item(job: Job) -> dict[str, Any]:
    """A job as its row; absent attributes are left out, as sparse indexes want it."""
    item = {**asdict(job), "timeline": [change.public() for change in job.timeline]}
    if job.ledger or not job.attempts:  # calls that an earlier version made stand in no ledger: nobody knows
        item["cost_usd"] = job.cost_usd  # for whoever reads the table; the ledger is what counts
    return dict(to_dynamo({name: value for name, value in item.items() if value is not None}))


def item_to_job(item: Mapping[str, Any]) -> Job:
    """A row as a job; attributes that this code does not know are ignored."""
    plain = plain_values(item)
    known = {field.name for field in fields(Job)}
    values = {name: value for name, value in plain.items() if name in known}
    return Job(
        **{
            **values,
            "status": Status(plain["status"]),
            "lane": Lane(plain.get("lane", Lane.SHOPPER)),
            "stage": Stage(plain["stage"]) if plain.get("stage") else None,
            "timeline": tuple(
                Change(Status(one["status"]), one["at"], Stage(one["stage"]) if one.get("stage") else None)
                for one in plain["timeline"]
            ),
            "ledger": tuple(_entry(one) for one in plain.get("ledger", [])),
            "images": tuple(StoredImage(**one) for one in plain.get("images", [])),
            "error_details": tuple(plain.get("error_details", [])),
            "warnings": tuple(plain.get("warnings", [])),
            "adaptations": tuple(plain.get("adaptations", [])),
            "shown_s3_urls": tuple(plain.get("shown_s3_urls", [])),
            "failed_engines": tuple(plain.get("failed_engines", [])),
        }
    )


def _entry(plain: Mapping[str, Any]) -> Entry:
    known = {name: value for name, value in plain.items() if name in ENTRY_FIELDS}
    return Entry(**{**known, "state": CallState(plain["state"])})
