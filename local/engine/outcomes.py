"""Gaps at the end of an execution: nobody is told, and several values do not look as on AWS.

* Step Functions publishes `Step Functions Execution Status Change` on the default event bus; moto does not.
* StopExecution ends an execution at once on AWS; moto lets the running task finish first and then forgets error
  and cause, which it ignores in the call. One that timed out has no stop date.
* `$$.Execution.StartTime` is ISO-8601 with milliseconds and `Z`.
* An output that is a string is JSON (`"done"`, not `done`).

What moto's engine does otherwise than AWS inside an execution is corrected by `asl.shims`, as in the workflow tests.
"""

import datetime
import json
import queue
import threading
from contextlib import ExitStack
from typing import Any

import moto.stepfunctions.parser.backend.execution as backend
from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.responses import StepFunctionResponse

from asl import shims
from local.engine.clients import root
from local.patching import expect_absent, expect_source

DETAIL_TYPE = "Step Functions Execution Status Change"

_events: "queue.SimpleQueue[tuple[str, dict[str, Any]]]" = queue.SimpleQueue()
_ending = threading.RLock()
_corrected = ExitStack()  # for as long as the process lives


def zulu(moment: datetime.datetime) -> str:
    """Write a time as Step Functions does: ISO-8601 in UTC, milliseconds, `Z`."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(moment: datetime.datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None


def status_change(execution: Any) -> dict[str, Any]:
    """Return the event's detail (Step Functions developer guide, "Automating event delivery with EventBridge")."""
    done = execution.status == "SUCCEEDED"
    output = execution.output if isinstance(execution.output, str) else json.dumps(execution.output)
    return {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date),
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "output": output if done else None,
        "outputDetails": {"included": True} if done else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def _announce(execution: Any) -> None:
    _events.put((execution.region_name, status_change(execution)))


def _publish_for_ever() -> None:
    while True:
        region, detail = _events.get()
        entry = {
            "Source": "aws.states",
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(detail),
            "Resources": [detail["executionArn"]],
        }
        try:
            answer = root("events", region).put_events(Entries=[entry])
            if answer["FailedEntryCount"]:
                print(f"event not taken: {answer['Entries']}", flush=True)
        except Exception as error:  # noqa: BLE001  # the publisher outlives a bus that is restarting
            print(f"event not published: {error!r}", flush=True)


def _patch_ends() -> None:
    """Announce starts and ends, and end an execution at once when it is stopped."""
    stock_terminated = backend.BaseExecutionWorkerCommunication.terminated
    expect_source(stock_terminated, "self._reflect_execution_status()")
    stock_start = backend.Execution.start
    expect_source(stock_start, "self.exec_status = ExecutionStatus.RUNNING")
    stock_stop = backend.Execution.stop
    expect_source(StateMachine.stop_execution, 'error="", cause=""')

    def terminated(self: Any) -> None:
        execution = self.execution
        with _ending:
            if execution.status != "RUNNING":  # stopped before its last task came back
                return
            stock_terminated(self)
            if isinstance(execution.output, str):
                execution.output = json.dumps(execution.output)
        _announce(execution)

    def start(self: Any) -> None:
        stock_start(self)
        _announce(self)

    def stop(self: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
        with _ending:
            if self.status != "RUNNING":
                return
            stock_stop(self, stop_date=stop_date, error=error, cause=cause)
            self.exec_status = ExecutionStatus.ABORTED
            self.stop_date = datetime.datetime.now(datetime.UTC)
            self.error, self.cause = error, cause
        _announce(self)

    backend.BaseExecutionWorkerCommunication.terminated = terminated
    backend.Execution.start = start
    backend.Execution.stop = stop

    expect_source(StepFunctionResponse.stop_execution, "stepfunction_backend.stop_execution(arn)")

    def stop_execution(self: Any) -> Any:
        """Pass error and cause on, which moto drops."""
        arn = self._get_param("executionArn")
        execution = self.stepfunction_backend.describe_execution(arn)
        now = datetime.datetime.now(datetime.UTC)
        execution.stop(stop_date=now, error=self._get_param("error"), cause=self._get_param("cause"))
        return ActionResult({"stopDate": execution.stop_date})

    StepFunctionResponse.stop_execution = stop_execution
    stock_describe = StepFunctionResponse.describe_execution
    expect_absent(stock_describe, "TIMED_OUT")

    def describe_execution(self: Any) -> Any:
        """Give executions that timed out their stop date too."""
        described = stock_describe(self).result
        execution = self.stepfunction_backend.describe_execution(described["executionArn"])
        if execution.stop_date is not None:
            described["stopDate"] = execution.stop_date
        return ActionResult(described)

    StepFunctionResponse.describe_execution = describe_execution


def _patch_start_time() -> None:
    stock = backend.Execution.get_start_execution_details
    expect_source(stock, "start_time=self.start_date")

    def details(self: Any) -> Any:
        made = stock(self)
        made.start_time = zulu(self.start_date)
        return made

    backend.Execution.get_start_execution_details = details


def install() -> None:
    """Publish status changes and make times, stops and outputs look as on AWS."""
    _patch_ends()
    _patch_start_time()
    _corrected.enter_context(shims.corrections(lambda: datetime.datetime.now(datetime.UTC)))
    threading.Thread(target=_publish_for_ever, daemon=True, name="status-changes").start()
