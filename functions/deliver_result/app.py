"""S3 → SQS: a finished result's manifest has been written; the published path of a result to its owner."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import Written, s3_objects, with_partial_failures
from vto.domain.storage import job_id_of_result
from vto.telemetry import observed, told

bootstrap.prepare(bootstrap.deliver_result, bootstrap.results_queue)


@observed("deliver_result")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish the job of each manifest; a message that could not be served comes again, at first in two seconds."""
    deliver = bootstrap.deliver_result()

    def serve(written: Written) -> int:
        job_id = job_id_of_result(written.url.key)
        return told(job_id, deliver(job_id))

    answer = with_partial_failures(s3_objects(event), serve)
    bootstrap.results_queue().retry_soon(event, answer)
    return answer
