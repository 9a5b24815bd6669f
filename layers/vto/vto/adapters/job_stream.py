"""The stream of ``vto-jobs``: what each of its records tells."""

from dataclasses import dataclass
from typing import Any

from vto.adapters.batches import Entries
from vto.domain.job import Status


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of a job.

    Args:
        job_id: Which.
        is_news: False where it shows that the version is the same: its owner could not be told anything.
        may_have_ended: False where the record shows that the job did not end by it.
        may_be_given: False where it shows that no finished result was given to it.
    """

    job_id: str
    is_news: bool
    may_have_ended: bool
    may_be_given: bool = False


def stream_changes(event: dict[str, Any]) -> Entries[Changed]:
    """The change of each record of the jobs table's stream, by the record's sequence number.

    A record that an operator has had read again comes without its images: whoever wants to know looks at the row.
    """
    for record in event["Records"]:
        change = record["dynamodb"]
        old, new = (change.get(name, {}) for name in ("OldImage", "NewImage"))
        before, after = (image.get("status", {}).get("S") for image in (old, new))
        is_news = "version" not in new or new["version"] != old.get("version")
        may_have_ended = after is None or (after != before and Status(after).is_terminal)
        may_be_given = after is None or (before, after) == (Status.CREATED, Status.COMPLETED)
        yield change["SequenceNumber"], [Changed(change["Keys"]["id"]["S"], is_news, may_have_ended, may_be_given)]


def stream_job_ids(event: dict[str, Any]) -> Entries[str]:
    """The job of each record of the jobs table's stream, by the record's sequence number."""
    for record in event["Records"]:
        yield record["dynamodb"]["SequenceNumber"], [record["dynamodb"]["Keys"]["id"]["S"]]
