"""What a stack costs that nobody uses: alarms, metrics, the sweep of every minute, and the polling of queues."""

from collections.abc import Mapping
from typing import Final

from vto_client.cost.stack import MEMORY_MB, SECONDS

ALARMS = 18
METRICS = 12
"""Names of our own metrics that a shop's month usually has; each is paid for by the month in which it occurs."""
QUEUES = 4
MINUTES = 730 * 60
POLLS = QUEUES * 5 * MINUTES * 60 // 20
"""Lambda keeps five long polls of twenty seconds open for each queue."""
SWEEP: Final = "sweep_jobs"


def units(architecture: str) -> Mapping[str, float]:
    """What a month without a try-on is billed for, in units of each price."""
    return {
        "alarm_month": ALARMS,
        "metric_month": METRICS,
        "lambda_request": MINUTES,
        f"lambda_gb_second_{architecture}": MINUTES * MEMORY_MB[SWEEP] / 1024 * SECONDS[SWEEP],
        "dynamodb_read": MINUTES,
        "dynamodb_write": MINUTES,
        "sqs_request": POLLS,
    }
