"""Which jobs of a user are unfinished: a set in ``vto-controls``, counted in the transaction that creates a job.

Nothing is written when a job ends. Only who finds the set full looks which of its jobs have ended, and takes those out.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.adapters.dynamodb.items import SHORT_LIVED_SECONDS, between_transactions
from vto.domain import times
from vto.domain.job import Job
from vto.domain.pacing import Lane

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

LOOKED_AT = 100  # as many as one BatchGetItem takes; of more, other ones are looked at each time


class Put(Enum):
    """What came of a try to create a job."""

    DONE = auto()
    EXISTS = auto()
    FULL = auto()
    RACED = auto()


class UnfinishedJobs:
    """The sets, one for each user and lane."""

    def __init__(self, jobs: "Table", controls_name: str) -> None:
        self._client: Any = jobs.meta.client  # a resource's own client takes plain values, its types do not say so
        self._jobs_name, self._name = jobs.name, controls_name

    def put(self, job: Job, item: Mapping[str, Any], at_most: int) -> Put:
        """Store a new job and count it, both or neither."""
        values = {
            ":job": {job.id},
            ":at_most": at_most,
            ":ttl": times.epoch(times.from_iso(job.created_at), seconds=SHORT_LIVED_SECONDS),
        }
        create = {
            "TableName": self._jobs_name,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(id)",
        }
        count = {
            "TableName": self._name,
            "Key": _key(job),
            "UpdateExpression": "ADD jobs :job SET #ttl = :ttl",
            "ConditionExpression": "attribute_not_exists(jobs) OR size(jobs) < :at_most",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
            "ExpressionAttributeValues": values,
        }
        with as_storage_error("create job"):
            try:
                self._client.transact_write_items(TransactItems=[{"Put": create}, {"Update": count}])
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                why = [one.get("Code") for one in error.response.get("CancellationReasons", [])]
                if why[0] == "ConditionalCheckFailed":
                    return Put.EXISTS
                if why[1] == "ConditionalCheckFailed":
                    return Put.FULL
                if "TransactionConflict" in why:
                    return Put.RACED
                raise
        return Put.DONE

    def counted(self, job: Job) -> list[str]:
        """Ids of jobs that count beside this one, at most as many as can be looked up at once."""
        with as_storage_error("get unfinished jobs"):
            answer = self._client.get_item(TableName=self._name, Key=_key(job), ConsistentRead=True)
        found = answer.get("Item", {}).get("jobs", set())
        ids = sorted(str(one) for one in found)
        begin = sum(one < job.id for one in ids)  # ids are digests: whoever comes next begins somewhere else
        return [*ids[begin:], *ids[:begin]][:LOOKED_AT]

    def forget(self, job: Job, ended: Iterable[str]) -> None:
        """Count these no longer; a job that has ended stays so."""
        gone = set(ended)
        if not gone:
            return
        with as_storage_error("forget ended jobs"):
            between_transactions(
                lambda: self._client.update_item(
                    TableName=self._name,
                    Key=_key(job),
                    UpdateExpression="DELETE jobs :gone",
                    ExpressionAttributeValues={":gone": gone},
                )
            )


def _key(job: Job) -> dict[str, str]:
    lane = "" if job.lane is Lane.SHOPPER else f"#{job.lane.value}"
    return {"control_id": f"open#{job.user_id}{lane}"}
