"""State "Record Failure", and the rule for executions that ended without recording anything themselves."""

import json
from typing import Any

from vto import bootstrap
from vto.domain.log_text import error_name
from vto.telemetry import observed

bootstrap.prepare(bootstrap.record_failure)


@observed("record_failure")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """End a job with an error: from the state machine, or from EventBridge's "Execution Status Change"."""
    record_failure = bootstrap.record_failure()
    if event.get("source") != "aws.states":
        return record_failure(event["job_id"], event["execution_arn"], event["failure"], event["generation"])
    detail = event["detail"]
    # the cause stands in the execution; whoever stopped it may have written anything there
    reason = " ".join(["execution", *(error_name(detail[part]) for part in ("status", "error") if detail.get(part))])
    # EventBridge leaves a large input out; an execution is named after its job
    told = json.loads(detail.get("input") or "{}")
    return record_failure.lost(told.get("job_id") or detail["name"], detail["executionArn"], reason)
