"""MODIFY on the jobs table's stream: the guarantee that every change of a job reaches its owner's sockets."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import stream_job_ids, with_partial_failures
from vto.telemetry import observed, told


@observed("publish_job")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish each changed job; records that could not be served come again."""
    publish = bootstrap.publish_job()
    return with_partial_failures(stream_job_ids(event), lambda job_id: told(job_id, publish(job_id)))
