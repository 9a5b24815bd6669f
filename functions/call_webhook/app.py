"""SQS: a job has ended, and the shop's own server wants to hear of it; its message comes again until it was taken."""

from typing import Any

from vto import bootstrap
from vto.adapters.batches import ComesAgain, with_partial_failures
from vto.adapters.webhook import ended_jobs
from vto.domain.webhooks import End
from vto.telemetry import observed

bootstrap.prepare(bootstrap.call_webhook, bootstrap.webhook_queue)


@observed("call_webhook")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Make one attempt for each end; those that were not taken come again after a while that grows to hours."""
    call_webhook = bootstrap.call_webhook()

    def serve(end: End) -> None:
        if not call_webhook(end):
            raise ComesAgain

    answer = with_partial_failures(ended_jobs(event), serve)
    bootstrap.webhook_queue().retry_soon(event, answer)
    return answer
