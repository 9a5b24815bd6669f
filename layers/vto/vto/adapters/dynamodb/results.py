"""``vto-results``: finished results by cache key, and who is making one right now."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from vto.adapters.aws_errors import as_storage_error, code_of
from vto.adapters.dynamodb.items import (
    CONDITION_FAILED,
    SHORT_LIVED_SECONDS,
    conditionally,
    get_item,
    old_item,
    set_and_remove,
)
from vto.domain import times
from vto.domain.engines import Adaptation
from vto.domain.job import StoredImage
from vto.ports import CachedResult, ResultClaim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class DynamoResults:
    """``vto-results``."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get_ready(self, key: str, now: datetime) -> CachedResult | None:
        """A finished result that still lives, or None."""
        return ready_of(get_item(self._table, {"cache_key": key}) or {}, now)

    def claim(
        self,
        key: str,
        job_id: str,
        now: datetime,
        *,
        seconds: float,
        gone: CachedResult | None = None,
        instead_of: str | None = None,
    ) -> ResultClaim:
        """Become the one who makes this result; a refusal answers what stands in the way, without another read."""
        with as_storage_error("claim result"):
            try:
                self._table.update_item(
                    Key={"cache_key": key},
                    UpdateExpression="SET #state = :making, job_id = :job_id, claimed_until = :until, #ttl = :ttl",
                    ConditionExpression="attribute_not_exists(cache_key) OR #ttl <= :epoch"
                    " OR (#state = :making AND (job_id IN (:job_id, :instead_of) OR claimed_until < :now))"
                    " OR (#state = :ready AND job_id = :gone)",
                    ExpressionAttributeNames={"#state": "state", "#ttl": "ttl"},
                    ExpressionAttributeValues={
                        ":making": "making",
                        ":ready": "ready",
                        ":job_id": job_id,
                        ":gone": gone.job_id if gone else "(none)",
                        ":instead_of": instead_of or "(none)",
                        ":now": times.to_iso(now),
                        ":epoch": times.epoch(now),
                        ":until": times.after(now, seconds),
                        ":ttl": times.epoch(now, seconds=SHORT_LIVED_SECONDS),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise
                found = old_item(error) or {}
                holder = found["job_id"] if found.get("state") == "making" else None
                return ResultClaim(granted=False, ready=ready_of(found, now), holder=holder)
        return ResultClaim(granted=True)

    def put_ready(self, key: str, result: CachedResult, *, ttl: int) -> None:
        """Offer a finished result to equal requests."""
        expression, names, values = set_and_remove(
            {"state": "ready", "images": list(result.images), "engine": result.engine, "ttl": ttl,
             "job_id": result.job_id, "adaptations": [one.public() for one in result.adaptations],
             "stored": [asdict(one) for one in result.stored], "shown": list(result.shown),
             **({"mask": result.mask} if result.mask else {}),
             **({"previews": result.previews} if result.previews else {})},
            ["claimed_until", *([] if result.mask else ["mask"]), *([] if result.previews else ["previews"])],
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
        conditionally(
            "release result",
            lambda: self._table.delete_item(
                Key={"cache_key": key},
                ConditionExpression="job_id = :job_id AND #state = :making",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":job_id": job_id, ":making": "making"},
            ),
        )

    def withdraw(self, key: str, job_id: str) -> bool:
        """Take away what this job claims or offers; False when that is nothing, or another job's."""
        return conditionally(
            "withdraw result",
            lambda: self._table.delete_item(
                Key={"cache_key": key},
                ConditionExpression="job_id = :job_id",
                ExpressionAttributeValues={":job_id": job_id},
            ),
        )


def ready_of(item: Mapping[str, Any], now: datetime) -> CachedResult | None:
    """The finished result of a row with plain values, if it is one that still lives."""
    if item.get("state") != "ready" or item["ttl"] <= times.epoch(now):
        return None
    told = tuple(Adaptation(**one) for one in item.get("adaptations", []))
    stored = tuple(StoredImage(**one) for one in item.get("stored", []))
    shown, previews = tuple(item.get("shown", [])), item.get("previews")
    images, mask = tuple(item["images"]), item.get("mask")
    if tuple(one.s3_url for one in stored) != images:  # of another offer: an earlier version left them there
        stored, shown, previews = (), (), None
    return CachedResult(item["job_id"], images, mask, item["engine"], told, stored, shown, previews)
