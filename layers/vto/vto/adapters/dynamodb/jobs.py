"""``vto-jobs``: every change of a job is one conditional write."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from vto import telemetry
from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import (
    conditionally,
    cursor_of,
    get_item,
    page_start,
    plain_values,
    set_and_remove,
    to_dynamo,
)
from vto.domain import times
from vto.domain.job import OPEN, Change, Job, Stage, Status, StoredImage
from vto.errors import InternalError
from vto.ports import VersionConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class DynamoJobs:
    """``vto-jobs``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def create(self, job: Job) -> bool:
        """Store a new job; False when its id exists."""
        return conditionally(
            "create job",
            lambda: self._table.put_item(Item=job_to_item(job), ConditionExpression="attribute_not_exists(id)"),
        )

    def get(self, job_id: str) -> Job | None:
        """One job, or None."""
        item = get_item(self._table, {"id": job_id})
        return item_to_job(item) if item else None

    def save(self, job: Job, *, expected_version: int) -> None:
        """Store a changed job if nobody changed it since; raises VersionConflictError otherwise.

        Attributes that this code does not know (written by a newer version) stay as they are.
        """
        item = {**job_to_item(job), "revision": job.revision + 1}
        del item["id"]
        gone = [field.name for field in fields(Job) if field.name not in item and field.name != "id"]
        expression, names, values = set_and_remove(item, gone)
        saved = conditionally(
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
                **page_start(cursor, {"id", "created_at"}, user_id=user_id),
            )
        return [item_to_job(item) for item in page["Items"]], cursor_of(page.get("LastEvaluatedKey"))

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

    def delete(self, job_id: str) -> None:
        """Remove a job that was marked as erased; nothing happens to any other."""
        conditionally(
            "delete job",
            lambda: self._table.delete_item(
                Key={"id": job_id}, ConditionExpression="attribute_exists(erased_at) OR attribute_not_exists(id)"
            ),
        )


def _readable(items: Iterable[Mapping[str, Any]]) -> Iterator[Job]:
    """The jobs of rows that this code can read; one that it cannot must not keep the sweep from the others."""
    for item in items:
        try:
            yield item_to_job(item)
        except (KeyError, ValueError, TypeError) as problem:
            telemetry.report("unreadable job row", InternalError(f"job {item.get('id')}: {problem!r}"))


def job_to_item(job: Job) -> dict[str, Any]:
    """A job as its row; absent attributes are left out, as sparse indexes want it."""
    item = {**asdict(job), "timeline": [change.public() for change in job.timeline]}
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
