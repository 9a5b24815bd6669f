"""State "Validate Request" of the state machine."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.validate_request)


@observed("validate_request")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a job, and check it before money is spent; see the use case for what is answered and raised."""
    return bootstrap.validate_request()(
        job_id=event["job_id"],
        execution_arn=event["execution_arn"],
        twin_waits=event["twin_waits"],
        is_handed_on=event.get("is_handed_on", False),  # a machine of before this field hands nothing on
    )
