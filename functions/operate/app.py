"""The door for people who operate the stack: ``vto ops`` calls it, and nothing else may."""

from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.operate)


@observed("operate")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do one order; see the use case for what can be ordered."""
    return bootstrap.operate()(event)
