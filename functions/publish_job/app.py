"""MODIFY on the jobs table's stream: the guarantee that every change of a job reaches its owner's sockets."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import stream_job_ids, with_partial_failures
from vto.telemetry import observed


@observed("publish_job")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish each changed job; records that could not be served come again."""
    return with_partial_failures(stream_job_ids(event), bootstrap.publish_job())
