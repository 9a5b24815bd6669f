"""Every minute: unfinished jobs whose lease ran out are started, or brought to an honest end."""

from dataclasses import asdict
from typing import Any

from vto import bootstrap
from vto.telemetry import observed, swept

bootstrap.prepare(bootstrap.sweep_jobs)


@observed("sweep_jobs")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Repair overdue jobs and answer how many."""
    counts = asdict(bootstrap.sweep_jobs()())
    swept(counts)
    return counts
