"""INSERT on the jobs table's stream: the guarantee that an accepted job is started."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import with_partial_failures
from vto.adapters.job_stream import stream_job_ids
from vto.telemetry import observed

bootstrap.prepare(bootstrap.start_created)


@observed("start_try_on")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Start the execution of each new job that waits for one; records that could not be served come again."""
    return with_partial_failures(stream_job_ids(event), bootstrap.start_created())
