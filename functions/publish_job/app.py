"""MODIFY on the jobs table's stream: the guarantee that every change reaches its owner, and every end the shop."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import with_partial_failures
from vto.adapters.job_stream import Changed, stream_changes
from vto.telemetry import observed, told

bootstrap.prepare(bootstrap.publish_job, bootstrap.announce_end, bootstrap.finish_given)


@observed("publish_job")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish each job with a new version; records that could not be served come again."""
    publish, announce, finish = bootstrap.publish_job(), bootstrap.announce_end(), bootstrap.finish_given()

    def serve(changed: Changed) -> None:
        try:
            if changed.is_news:
                told(changed.job_id, publish(changed.job_id))
        finally:  # sockets that cannot be told do not keep the end from the shop's own server
            if changed.may_have_ended:
                announce(changed.job_id)
            if changed.may_be_given:
                finish(changed.job_id)

    return with_partial_failures(stream_changes(event), serve)
