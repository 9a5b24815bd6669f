"""Which jobs of a user are unfinished: a set in ``vto-controls``, in which a job is counted before its row is written.

Nothing is written when a job ends. Only who finds the set full looks which of its jobs have ended, and takes those out.
A function that dies between the two writes leaves a job that was counted and never written. It is taken out too, but
not before whoever counted last is surely gone: until then its row may still come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vto.adapters.aws_errors import as_storage_error
from vto.adapters.dynamodb.items import SHORT_LIVED_SECONDS, between_transactions, conditionally
from vto.domain import times
from vto.domain.job import Job
from vto.domain.pacing import Lane

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LOOKED_AT = 100  # as many as one BatchGetItem takes; of more, other ones are looked at each time
GONE_AFTER = timedelta(seconds=30)  # beyond the timeout of any function that creates jobs


@dataclass(frozen=True, slots=True)
class Counted:
    """Whom the set counts beside a job, at most as many as can be looked up at once, and when it last counted one."""

    job_ids: list[str]
    at: str | None

    def is_quiet(self, now: str) -> bool:
        """Whether whoever counted a job has written its row by now, or never will."""
        return self.at is None or times.from_iso(self.at) + GONE_AFTER < times.from_iso(now)


class UnfinishedJobs:
    """The sets, one for each user and lane."""

    def __init__(self, jobs: "Table", controls_name: str) -> None:
        self._client: Any = jobs.meta.client  # a resource's own client takes plain values, its types do not say so
        self._name = controls_name

    def count(self, job: Job, at_most: int) -> bool:
        """Count a job whose row is about to be written, once; False when there is no room for it."""
        values = {
            ":job": {job.id},
            ":id": job.id,
            ":at_most": at_most,
            ":at": job.created_at,
            ":ttl": times.epoch(times.from_iso(job.created_at), seconds=SHORT_LIVED_SECONDS),
        }
        return conditionally(
            "count job",
            lambda: between_transactions(
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key=_key(job),
                    UpdateExpression="ADD jobs :job SET #ttl = :ttl, counted_at = :at",
                    ConditionExpression="attribute_not_exists(jobs) OR size(jobs) < :at_most OR contains(jobs, :id)",
                    ExpressionAttributeNames={"#ttl": "ttl"},
                    ExpressionAttributeValues=values,
                )
            ),
        )

    def counted(self, job: Job) -> Counted:
        """Whom the set counts beside this one."""
        with as_storage_error("get unfinished jobs"):
            item = self._client.get_item(TableName=self._name, Key=_key(job), ConsistentRead=True).get("Item", {})
        ids = sorted(str(one) for one in item.get("jobs", set()))
        begin = sum(one < job.id for one in ids)  # ids are digests: whoever comes next begins somewhere else
        return Counted([*ids[begin:], *ids[:begin]][:LOOKED_AT], item.get("counted_at"))

    def forget(self, job: Job, ended: Iterable[str], counted: Counted) -> None:
        """Count these no longer, unless somebody has counted one since: who asks looks again then."""
        gone = set(ended)
        if not gone:
            return
        unchanged = "counted_at = :at" if counted.at else "attribute_not_exists(counted_at)"
        conditionally(
            "forget ended jobs",
            lambda: between_transactions(
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key=_key(job),
                    UpdateExpression="DELETE jobs :gone",
                    ConditionExpression=unchanged,
                    ExpressionAttributeValues={":gone": gone, **({":at": counted.at} if counted.at else {})},
                )
            ),
        )

    def drop(self, user_id: str, lane: Lane, job_id: str) -> None:
        """Count a job no longer whose row was removed: nobody can look up any more that it has ended."""
        conditionally(
            "drop removed job",
            lambda: between_transactions(
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key=_key_of(user_id, lane),
                    UpdateExpression="DELETE jobs :gone",
                    ConditionExpression="contains(jobs, :id)",  # an erasure must not leave an item by it
                    ExpressionAttributeValues={":gone": {job_id}, ":id": job_id},
                )
            ),
        )


def _key(job: Job) -> dict[str, str]:
    return _key_of(job.user_id, job.lane)


def _key_of(user_id: str, lane: Lane) -> dict[str, str]:
    return {"control_id": f"open#{user_id}" + ("" if lane is Lane.SHOPPER else f"#{lane.value}")}
