"""The published design, counted in the same units: what a shop pays that builds it as it was drawn.

Stream → start, decode and resize while the try-on waits, the model's PNG as it is, S3 → SQS → delivery; each function
with the memory that it needs for that, and the fewest calls that such code gets along with. No row is copied into an
index for it, nothing is traced, and nothing is done again. Its processor is the one that is asked
for, as ours; assumed of its worker are memory and seconds, below.
"""

from collections.abc import Mapping

from vto_client.cost.stack import DAYS_OF_MONTH, GB, KB, QUEUE_REQUESTS, Assumed

TRANSITIONS = 6
SMALL_RUNS, SMALL_GB_SECONDS = 3, 0.25 * 0.08
"""Taking the request, starting the machine, telling the client: 256 MB each, 80 ms."""
WORKER_GB, WORKER_SECONDS = 1.0, 1.2
"""The function that decodes two photos of 12 to 48 megapixels, and waits for the model; assumed, not measured."""
WRITES, READS = 8, 8
PUTS, GETS = 1, 3
MESSAGES = 3
LOG_BYTES = 3_000


def units(assumed: Assumed) -> Mapping[str, float]:
    """What one try-on of the published design is billed for, in units of each price."""
    return {
        "states_transition": TRANSITIONS,
        "lambda_request": SMALL_RUNS + 1,
        f"lambda_gb_second_{assumed.architecture}": SMALL_RUNS * SMALL_GB_SECONDS
        + WORKER_GB * (WORKER_SECONDS + assumed.model_seconds),
        "dynamodb_write": WRITES,
        "dynamodb_read": READS,
        "s3_write": PUTS,
        "s3_read": GETS,
        "sqs_request": QUEUE_REQUESTS,
        "logs_gb": LOG_BYTES / GB,
        "websocket_message": MESSAGES,
        "websocket_minute": assumed.minutes,
        "internet_gb": assumed.images * assumed.original_kb * KB / GB,
        "s3_gb_month": assumed.images * assumed.original_kb * KB / GB * assumed.kept_days / DAYS_OF_MONTH,
    }
