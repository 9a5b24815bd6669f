"""Runs a state machine on moto's engine in this process: nothing is slept, everything is written down.

moto's engine is real ASL: paths, retries, catches, choices. What it does to the world outside is replaced here, all in
``Engine._install``: tasks call Python instead of AWS, time is the test's clock, and jitter is at its longest, so that
the recorded waits are the figures that stand in the ASL.
"""

import io
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.state import state as states
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_dynamodb
from moto.stepfunctions.parser.asl.component.state.fail import state_fail
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

from vto.domain import times
from vto.testing import FakeClock

parse_once = staticmethod(cache(AmazonStateLanguageParser.parse))  # takes a second; what a run keeps is not in there


class ServiceError(Exception):
    """What a service says about a call that did not end by itself, by its name in the ASL: ``Lambda.Unknown`` …"""


@dataclass
class Run:
    """One execution, as it went."""

    arn: str
    input: dict[str, Any]
    path: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)
    status: str = "RUNNING"
    error: str | None = None
    output: Any = None

    @property
    def end(self) -> str:
        """The state in which the execution ended."""
        return self.path[-1]

    @property
    def transitions(self) -> int:
        """What AWS bills: each state that was entered, and each retry of one."""
        retries = sum(self.attempts(state) - self.path.count(state) for state in {state for state, _ in self.calls})
        return len(self.path) + retries

    def attempts(self, state: str) -> int:
        """How often a state called its function or table."""
        return sum(called == state for called, _ in self.calls)

    def outcomes(self, state: str) -> list[str]:
        """How each of these calls ended: ``"ok"``, or the error's name as the ASL sees it."""
        return [outcome for called, outcome in self.calls if called == state]

    def waited(self, state: str) -> list[float]:
        """The seconds that a state waited: a Wait state itself, a Task before each retry."""
        return [seconds for waiting, seconds in self.waits if waiting == state]


@dataclass
class Engine:
    """Executes one definition.

    Args:
        definition: The ASL, substitutions made.
        clock: The clock that waits and retries move.
        invoke: Serves ``lambda:invoke``: state, function ARN, payload → answer.
        update_item: Serves ``dynamodb:updateItem``: the parameters → nothing.
    """

    definition: str
    clock: FakeClock
    invoke: Callable[[str, str, Any], Any]
    update_item: Callable[[dict[str, Any]], None]
    monkeypatch: pytest.MonkeyPatch
    run: Run = field(init=False)

    def __post_init__(self) -> None:
        self._install()

    def execute(self, machine_arn: str, name: str, document: dict[str, Any]) -> Run:
        """Run an execution to its end; a task may run another one meanwhile."""
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        details = EvaluationDetails(
            AWSExecutionDetails(
                account="123456789012", region="us-east-1", role_arn="arn:aws:iam::123456789012:role/r"
            ),
            ExecutionDetails(
                arn=arn, name=name, role_arn="r", inpt=document, start_time=times.to_iso(self.clock.now())
            ),
            StateMachineDetails(
                arn=machine_arn, name="try-on", typ=StateMachineType.STANDARD, definition=self.definition
            ),
        )
        worker = SyncExecutionWorker(
            details, SimpleNamespace(terminated=lambda: None), cloud_watch_logging_session=None, activity_store={}
        )
        interrupted, self.run = getattr(self, "run", None), Run(arn, document)
        try:
            worker.start()
        finally:
            run, self.run = self.run, interrupted
        match worker.env.program_state():
            case ProgramEnded():
                run.status, run.output = "SUCCEEDED", worker.env.states.get_input()
            case ProgramError(error=error):
                run.status, run.error = "FAILED", (error or {}).get("error")
        return run

    def _install(self) -> None:
        def replace(module: Any, name: str, value: Any) -> None:
            self.monkeypatch.setattr(module, name, value)

        client = SimpleNamespace(invoke=self._invoke, update_item=self._update_item)
        replace(lambda_eval_utils, "boto_client_for", lambda **_: client)
        replace(state_task_service_dynamodb, "boto_client_for", lambda **_: client)
        replace(AmazonStateLanguageParser, "parse", parse_once)
        replace(retrier_decl, "time", SimpleNamespace(sleep=self._wait))
        replace(jitter_strategy_decl, "random", SimpleNamespace(uniform=lambda _, longest: longest))
        replace(WaitFunction, "_wait_interval", lambda _, env, wait_seconds: self._wait(wait_seconds))
        replace(states, "StateData", self._enter)
        replace(state_fail, "CustomErrorName", ErrorName)  # a Fail state may pass on an error named States.…

    def _enter(self, EnteredTime: str, Name: str) -> dict[str, Any]:  # noqa: N803 - the context object's own names
        self.run.path.append(Name)
        return {"EnteredTime": times.to_iso(self.clock.now()), "Name": Name, "RetryCount": 0}

    def _wait(self, seconds: float) -> None:
        self.run.waits.append((self.run.path[-1], seconds))
        self.clock.advance(seconds)

    def _update_item(self, **parameters: Any) -> dict[str, Any]:
        run = self.run
        try:
            self.update_item(parameters)
        except ServiceError as error:
            _raise_as_service(error, run)
        run.calls.append((run.path[-1], "ok"))
        return {}

    def _invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - botocore's names
        run, state = self.run, self.run.path[-1]
        try:
            answer = self.invoke(state, FunctionName, json.loads(Payload))
        except ServiceError as error:
            _raise_as_service(error, run)
        except Exception as error:  # noqa: BLE001 - Lambda reports any exception of a function in this form
            run.calls.append((state, type(error).__name__))
            report = {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "stackTrace": traceback.format_tb(error.__traceback__),
            }
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": _body(report)}
        run.calls.append((state, "ok"))
        return {"StatusCode": 200, "Payload": _body(answer)}


def _body(document: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(document).encode())


def _raise_as_service(error: ServiceError, run: Run) -> NoReturn:
    """Raise what moto turns into this error name."""
    name = str(error)
    run.calls.append((run.path[-1], name))
    if name == "States.Timeout":
        raise TimeoutError
    service, _, code = name.partition(".")
    if service in ("Lambda", "DynamoDB"):
        raise ClientError(
            {
                "Error": {"Code": code, "Message": "on purpose"},
                "ResponseMetadata": {"HTTPStatusCode": 500, "RequestId": "8f5ad3ab"},
            },
            "Call",
        )
    # the sandbox reports its own end as the function's error: Sandbox.Timedout, Runtime.ExitError
    report = {"errorMessage": "on purpose", "errorType": name}
    raise lambda_eval_utils.LambdaFunctionErrorException("Unhandled", json.dumps(report))
