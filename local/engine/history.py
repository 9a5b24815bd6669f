"""Gap: moto answers GetExecutionHistory with everything, oldest first, whatever it was asked for.

Step Functions gives pages of `maxResults` events (100 when it is left out, 1,000 at most) with a `nextToken`, the
newest first with `reverseOrder`, and without inputs and outputs when `includeExecutionData` is false. The history of
a stopped execution ends with `ExecutionAborted`; moto's goes on with what the running task does.
"""

import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse

from local.patching import expect_absent

PAGE, LARGEST_PAGE = 100, 1000
DATA = frozenset({"input", "inputDetails", "output", "outputDetails"})


def page_of(
    events: list[dict[str, Any]], *, size: int, start: int, newest_first: bool, with_data: bool
) -> dict[str, Any]:
    """Return one page of a history as GetExecutionHistory does.

    Args:
        events: the whole history, oldest first.
        size: most events of the page; 0 means the default.
        start: how many events came before.
        newest_first: turn the order round.
        with_data: keep inputs and outputs.
    """
    ordered = events[::-1] if newest_first else events
    end = start + min(size or PAGE, LARGEST_PAGE)
    chosen = ordered[start:end] if with_data else [_without_data(event) for event in ordered[start:end]]
    return {"events": chosen, **({"nextToken": str(end)} if end < len(ordered) else {})}


def as_stopped(events: list[dict[str, Any]], execution: Any) -> list[dict[str, Any]]:
    """Return the history of an execution that was stopped: what came before, and that it was aborted."""
    at = execution.stop_date.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    before = [event for event in events if event["timestamp"] <= at]
    details = {name: value for name, value in (("error", execution.error), ("cause", execution.cause)) if value}
    last = len(before)
    aborted = {"id": last + 1, "previousEventId": last, "type": "ExecutionAborted", "timestamp": at}
    return [*before, {**aborted, "executionAbortedEventDetails": details}]


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: one for key, one in value.items() if key not in DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }


def install() -> None:
    """Answer as Step Functions does."""
    stock = StepFunctionResponse.get_execution_history
    expect_absent(stock, "nextToken", "reverseOrder", "includeExecutionData", "ABORTED")

    def get_execution_history(self: Any) -> Any:
        events = stock(self).result["events"]
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        page = page_of(
            as_stopped(events, execution) if execution.status == "ABORTED" else events,
            size=int(self._get_param("maxResults", 0)),
            start=int(self._get_param("nextToken", 0)),
            newest_first=bool(self._get_param("reverseOrder", False)),
            with_data=self._get_param("includeExecutionData", True) is not False,
        )
        return ActionResult(page)

    StepFunctionResponse.get_execution_history = get_execution_history
