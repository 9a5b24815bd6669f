"""Gap: SQS's batch calls are asked for under permissions that IAM does not have.

On AWS `sqs:ChangeMessageVisibility` allows ChangeMessageVisibilityBatch as well; MiniStack wants a permission of that
name, which no policy can give.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from typing import Any

import ministack.core.iam_actions as actions

from local.patching import expect_source

BATCHES = {f"sqs:{name}Batch": f"sqs:{name}" for name in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")}


def install() -> None:
    """Ask for the permission of the single call."""
    stock = actions.extract_iam_action
    expect_source(stock, "action_name = _action_from_target(headers)")

    def asked_for(*arguments: Any, **named: Any) -> str | None:
        action: str | None = stock(*arguments, **named)
        return BATCHES.get(action, action) if action else action

    actions.extract_iam_action = asked_for
