"""State "Invoke Model" of the state machine."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.invoke_model, bootstrap.preferred_engine)


@observed("invoke_model")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Call the engine once; see the use case for what is answered and raised."""
    return bootstrap.invoke_model()(
        job_id=event["job_id"],
        execution_arn=event["execution_arn"],
        validation=event["validation"],
        slot=event["slot"],
        retry=event.get("retry", 0),  # a machine of before this field does not say
    )
