"""States "Notify Client" and "Notify Failure": tell the owner at once what the stream would tell a moment later."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed, told

bootstrap.prepare(bootstrap.publish_job)


@observed("notify_client")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Publish the job, unless direct notification is switched off."""
    if not bootstrap.settings().is_on("DIRECT_NOTIFY"):
        return {"sockets_told": 0}
    return {"sockets_told": told(event["job_id"], bootstrap.publish_job()(event["job_id"], is_first=True))}
