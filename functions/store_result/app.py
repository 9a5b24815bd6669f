"""State "Store Result" of the state machine."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.store_result)


@observed("store_result")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Verify and keep the pictures; see the use case for what is answered and raised."""
    return bootstrap.store_result()(
        job_id=event["job_id"],
        execution_arn=event["execution_arn"],
        validation=event["validation"],
        generation=event["generation"],
    )
