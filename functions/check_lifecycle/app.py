"""Every day: how many days are left until the model behind nova_canvas reaches its end of life."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.check_lifecycle)


@observed("check_lifecycle")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Ask Bedrock and answer what it says; see the use case."""
    return bootstrap.check_lifecycle()()
