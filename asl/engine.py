"""Runs a state machine in this process, on moto's States Language engine: nothing is slept, everything is written down.

The definition is the real one, with its paths, retries, catches and choices. What a Task calls is a Python function of
the caller's, time is the caller's clock, and a wait moves that clock. An exception's class name is what ``ErrorEquals``
sees, as with a Lambda function on AWS.
"""

import io
import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.component.common.flow.start_at import StartAt
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramTimedOut
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker
from moto.stepfunctions.parser.mocking.mock_config import MockTestCase

from asl import shims
from asl.machine import Machine
from asl.run import Attempt, Call, Clock, Run, ServiceError, Visit, World

ACCOUNT, REGION = "123456789012", "us-east-1"

observers: list[Callable[[Run], None]] = []
"""Told of every execution that ended; edge coverage listens here."""


@cache
def _parse(definition: str) -> Any:
    return AmazonStateLanguageParser.parse(definition)


@dataclass
class Engine:
    """Executes one definition.

    Args:
        definition: The ASL as text, substitutions made.
        clock: The clock that waits and retries move.
        world: Serves what Tasks call.

    Example:
        >>> Engine(definition, clock, lambda call: {"answer": 42}).execute("first", {"job_id": "1"}).status
        'SUCCEEDED'
    """

    definition: str
    clock: Clock
    world: World
    name: str = "machine"
    machine: Machine = field(init=False)
    _running: list["_Execution"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = Machine(json.loads(self.definition))

    def execute(
        self, name: str, document: dict[str, Any], mocks: MockTestCase | None = None, *, start_at: str | None = None
    ) -> Run:
        """Run an execution to its end; a Task may run another one of the same engine meanwhile.

        Args:
            name: The execution's name.
            document: Its input.
            mocks: What Tasks answer instead of calling the world.
            start_at: The state to begin with, as if an execution had come that far; where it begins, unless given.

        Returns:
            How it went. On AWS a second execution of that name would be refused; here it runs.
        """
        machine_arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.name}"
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        details = EvaluationDetails(
            AWSExecutionDetails(account=ACCOUNT, region=REGION, role_arn=f"arn:aws:iam::{ACCOUNT}:role/r"),
            ExecutionDetails(arn=arn, name=name, role_arn="r", inpt=document, start_time=_zulu(self.clock.now())),
            StateMachineDetails(
                arn=machine_arn, name=self.name, typ=StateMachineType.STANDARD, definition=self.definition
            ),
        )
        ended = SimpleNamespace(terminated=lambda: None)
        worker = SyncExecutionWorker(details, ended, None, {}, mocks)
        program = _parse(self.definition)[0]  # parsing takes a second
        if start_at is not None:
            program = copy(program)
            program.start_at = StartAt(start_at)
        worker._get_evaluation_entrypoint = lambda: program
        run = Run(self.machine, arn, document, mocked=mocks is not None)
        with self._watched(_Execution(self, run)):
            worker.start()
        match worker.env.program_state():
            case ProgramEnded():
                run.status, run.output = "SUCCEEDED", worker.env.states.get_input()
            case ProgramError(error=error):
                run.status, run.error = "FAILED", (error or {}).get("error")
            case ProgramTimedOut():
                run.status = "TIMED_OUT"
        for told in observers:
            told(run)
        return run

    @contextmanager
    def _watched(self, execution: "_Execution") -> Iterator[None]:
        """Make an execution the one that is told; the innermost of those that run one another."""
        self._running.append(execution)
        try:
            if len(self._running) > 1:
                yield
            else:
                with shims.hooks(_Innermost(self._running)), shims.corrections(self.clock.now):
                    yield
        finally:
            self._running.pop()


class _Innermost:
    """The hooks are installed once; whatever runs right now is who they speak to."""

    def __init__(self, running: list["_Execution"]) -> None:
        self._running = running

    def __getattr__(self, name: str) -> Any:
        return getattr(self._running[-1], name)


class _Execution:
    """One execution's side of the hooks: writes down, and calls the world."""

    def __init__(self, engine: Engine, run: Run) -> None:
        self._engine, self._run, self.now = engine, run, engine.clock.now
        limit = engine.machine.definition.get("TimeoutSeconds")
        self._until = self.now() + timedelta(seconds=limit) if limit else None
        self._retries = {(one.state, one.field): one for one in engine.machine.retries()}
        self._edges = {(one.source, one.field): one for one in engine.machine.edges()}

    @property
    def _visit(self) -> Visit:
        return self._run.visits[-1]

    def enter(self, state: str, document: Any) -> bool:
        if self._run.visits:
            self._visit.left_by = self._visit.left_by or self._edges.get((self._visit.state, self._default_way))
        self._run.visits.append(Visit(state, deepcopy(document)))
        return self._until is None or self.now() <= self._until

    @property
    def _default_way(self) -> str:
        return "Default" if self._engine.machine.states[self._visit.state]["Type"] == "Choice" else "Next"

    def wait(self, seconds: float) -> None:
        if self._visit.attempts:
            self._visit.attempts[-1].wait = seconds
        else:
            self._visit.waited = seconds
        self._engine.clock.advance(seconds)

    def choose(self, rule: int) -> None:
        self._visit.left_by = self._edges[self._visit.state, f"Choices[{rule}]"]

    def retry(self, rule: int, again: bool) -> None:
        if self._run.mocked:
            self._visit.attempts.append(Attempt("mocked"))
        attempt = self._visit.attempts[-1]
        attempt.retry, attempt.exhausted = self._retries[self._visit.state, f"Retry[{rule}]"], not again

    def catch(self, rule: int, error: dict[str, str]) -> None:
        self._visit.left_by = self._edges[self._visit.state, f"Catch[{rule}]"]
        self._visit.error = dict(error)

    def client(self, service: str) -> Any:
        return SimpleNamespace(invoke=self._invoke) if service == "lambda" else _Table(self._table_call)

    def _attempt(self, call: Call) -> Any:
        attempt = Attempt()
        self._visit.attempts.append(attempt)
        try:
            attempt.answer = self._engine.world(call)
        except ServiceError as error:
            attempt.outcome, attempt.answer = str(error), ServiceError.cause
            _raise_as_service(attempt.outcome)
        except Exception as error:
            attempt.outcome, attempt.answer = type(error).__name__, str(error)
            raise
        return attempt.answer

    def _invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - botocore's names
        try:
            answer = self._attempt(Call(self._visit.state, "lambda", FunctionName, json.loads(Payload)))
        except (ClientError, TimeoutError, lambda_eval_utils.LambdaFunctionErrorException):
            raise
        except Exception as error:  # noqa: BLE001 - Lambda reports any exception of a function in this form
            report = {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "stackTrace": traceback.format_tb(error.__traceback__),
            }
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": _body(report)}
        return {"StatusCode": 200, "Payload": _body(answer)}

    def _table_call(self, parameters: Mapping[str, Any]) -> Any:
        return self._attempt(Call(self._visit.state, "dynamodb", parameters["TableName"], dict(parameters))) or {}


class _Table:
    """Every method of a DynamoDB client is the same call; its parameters say which."""

    def __init__(self, call: Callable[[Mapping[str, Any]], Any]) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda **parameters: self._call(parameters)


def _body(document: Any) -> io.BytesIO:
    return io.BytesIO(json.dumps(document).encode())


def _zulu(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _raise_as_service(name: str) -> NoReturn:
    """Raise what moto turns into this error name."""
    if name == "States.Timeout":
        raise TimeoutError
    service, _, code = name.partition(".")
    if service in ("Lambda", "DynamoDB"):
        response = {
            "Error": {"Code": code, "Message": ServiceError.cause},
            "ResponseMetadata": {"HTTPStatusCode": 500, "RequestId": "8f5ad3ab"},
        }
        raise ClientError(response, "Call")  # type: ignore[arg-type]
    # the sandbox reports its own end as the function's error: Sandbox.Timedout, Runtime.ExitError
    report = {"errorMessage": ServiceError.cause, "errorType": name}
    raise lambda_eval_utils.LambdaFunctionErrorException("Unhandled", json.dumps(report))
