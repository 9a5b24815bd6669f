"""Every hour: uploads whose event was lost are imported after all, and pictures that are lost are told."""

from dataclasses import asdict
from typing import Any

from vto import bootstrap
from vto.telemetry import observed

bootstrap.prepare(bootstrap.reconcile_uploads)


@observed("reconcile_uploads")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Go on comparing S3 with the catalogue; an operator may ask for the rows too (``{"whole": true}``)."""
    return asdict(bootstrap.reconcile_uploads()(is_whole=event.get("whole") is True))
