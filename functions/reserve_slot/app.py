"""State "Reserve Slot" of the state machine."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.reserve_slot)


@observed("reserve_slot")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Choose the engine and the moment; see the use case for what is answered and raised."""
    return bootstrap.reserve_slot()(
        job_id=event["job_id"],
        execution_arn=event["execution_arn"],
        slot=event["slot"],
        failure=event["failure"],
        validation=event.get("validation", {}),  # a machine of before this field comes here only for a call
    )
