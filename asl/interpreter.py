"""Runs a state machine one step at a time, so that whoever drives it decides when everything happens, in which order.

``asl.engine`` runs a machine on moto's engine, to its end, in one go. This one is for a simulation in which thousands
of executions take turns in virtual time: an execution is a generator that says what it wants (call a Task, let time
pass) and is told what came of it. It knows the part of the States Language in ``asl.subset`` and refuses every field,
path and name beyond it, so that a machine cannot outgrow it in silence. That both go the same way is tested with every
case of the workflow tests.

Source: https://states-language.net/spec.html
"""

import json
import traceback
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from asl.documents import DocumentError, at, ensure_size, filled, holds, put
from asl.machine import Edge, Machine, Retry
from asl.run import Attempt, Call, Clock, Run, ServiceError, Visit, World
from asl.subset import refuse_unknown

DEFAULT_TASK_SECONDS = 99999999
UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")
"""End an execution whatever it catches."""
ACCOUNT, REGION = "123456789012", "us-east-1"


class TaskError(Exception):
    """What a driver throws into an execution: its call came to this error."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(name)
        self.name, self.cause = name, cause


class _EndedError(Exception):
    """The execution is over, with a status and perhaps an error."""

    def __init__(self, status: str, error: str | None = None, cause: str | None = None) -> None:
        super().__init__(status)
        self.status, self.error, self.cause = status, error, cause


@dataclass(frozen=True, slots=True)
class Ask:
    """A Task wants this call made; answer with its result, or throw a :class:`TaskError`.

    Args:
        call: What is to be called.
        timeout: Seconds after which the driver throws ``States.Timeout``, whatever the call still does.
    """

    call: Call
    timeout: float


@dataclass(frozen=True, slots=True)
class Pause:
    """So much time is to pass before the execution goes on: a Wait state, or a Task before it is tried again."""

    seconds: float


type Steps = Generator[Ask | Pause, Any]


def longest(seconds: float) -> float:
    """Jitter at its most: what is waited are the figures of the definition."""
    return seconds


@dataclass
class Interpreter:
    """A machine that can be run in steps.

    Args:
        machine: The definition, substitutions made.
        now: The time, in UTC.
        jitter: Picks the wait from the longest one that ``JitterStrategy: FULL`` allows.
        name: The machine's name, for ARNs.

    Raises:
        UnsupportedError: The definition uses what is not known here.
    """

    machine: Machine
    now: Callable[[], datetime]
    jitter: Callable[[float], float] = longest
    name: str = "machine"

    def __post_init__(self) -> None:
        refuse_unknown(self.machine)

    @cached_property
    def retries(self) -> Mapping[str, list[Retry]]:
        """The rules of each Task, in their order."""
        return _by_state(self.machine.retries(), lambda rule: rule.state)

    @cached_property
    def edges(self) -> Mapping[tuple[str, str], Edge]:
        """Every edge by its state and field."""
        return {(one.source, one.field): one for one in self.machine.edges()}

    def arn(self, name: str) -> str:
        """The ARN of the execution of that name."""
        return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{self.name}:{name}"

    def begin(self, name: str, document: dict[str, Any]) -> "Execution":
        """An execution that has not done anything yet."""
        return Execution(self, Run(self.machine, self.arn(name), document), name)


@dataclass
class Execution:
    """One execution: ``run`` says how it goes, :meth:`steps` makes it go."""

    interpreter: Interpreter
    run: Run
    name: str

    def steps(self) -> Steps:
        """Go from state to state; the generator ends when the execution does, and ``run`` has its end."""
        machine, now = self.interpreter.machine, self.interpreter.now
        limit = machine.definition.get("TimeoutSeconds")
        self._until = now() + timedelta(seconds=limit) if limit else None
        self._started = _zulu(now())
        state, document = machine.start, self.run.input
        try:
            ensure_size(document)
            while True:
                self._check_time()
                state, document = yield from self._visit(state, document)
        except DocumentError as error:
            self.run.status, self.run.error, self.run.cause = "FAILED", error.name, error.cause
        except _EndedError as end:
            self.run.status, self.run.error, self.run.cause = end.status, end.error, end.cause

    def _visit(self, name: str, document: Any) -> Generator[Ask | Pause, Any, tuple[str, Any]]:
        """Stay in one state; the next one, and its input."""
        state = self.interpreter.machine.states[name]
        visit = Visit(name, document)
        self.run.visits.append(visit)
        context = {
            "Execution": {"Id": self.run.arn, "Name": self.name, "StartTime": self._started, "Input": self.run.input},
            "State": {"Name": name, "EnteredTime": _zulu(self.interpreter.now()), "RetryCount": 0},
            "StateMachine": {"Name": self.interpreter.name},
        }
        stay = _Stay(name, state, visit, at(document, state.get("InputPath", "$"), context), context)
        way, left = "Next", stay.given
        match state["Type"]:
            case "Task":
                way, left = yield from self._task(stay)
            case "Choice":
                way = self._choose(stay)
            case "Wait":
                visit.waited = stay.named("Seconds")
                yield from self._pause(visit.waited)
            case "Pass":
                made = filled(state["Parameters"], left, context) if "Parameters" in state else left
                left = put(document, state.get("ResultPath", "$"), state.get("Result", made))
            case "Fail":
                raise _EndedError("FAILED", stay.named("Error"), stay.named("Cause"))
        if not way.startswith("Catch"):
            left = at(left, state.get("OutputPath", "$"), context)
        ensure_size(left)
        if state["Type"] == "Succeed" or (way == "Next" and state.get("End")):
            self.run.output = left
            raise _EndedError("SUCCEEDED")
        visit.left_by = self.interpreter.edges[name, way]
        return visit.left_by.target, left

    def _task(self, stay: "_Stay") -> Generator[Ask | Pause, Any, tuple[str, Any]]:
        """Call until it goes well or no rule says to try again; the way out, and what the state leaves behind."""
        rules = self.interpreter.retries.get(stay.name, [])
        tried = [0] * len(rules)
        while True:
            try:
                result = yield from self._attempt(stay)
            except TaskError as error:
                index = next((i for i, rule in enumerate(rules) if _takes(rule.errors, error.name)), None)
                if index is None:
                    return self._catch(stay, error)
                rule, attempt = rules[index], stay.visit.attempts[-1]
                attempt.retry, attempt.exhausted = rule, tried[index] >= rule.max_attempts
                if attempt.exhausted:
                    return self._catch(stay, error)
                attempt.wait = self._wait_before_retry(stay.state["Retry"][index], rule.waits[tried[index]])
                tried[index] += 1
                stay.context["State"]["RetryCount"] += 1
                yield from self._pause(attempt.wait)
            else:
                return "Next", put(stay.visit.document, stay.state.get("ResultPath", "$"), result)

    def _attempt(self, stay: "_Stay") -> Generator[Ask | Pause, Any, Any]:
        """One call, and its result as the state wants it."""
        state = stay.state
        call = _call(stay.name, state, filled(state.get("Parameters", stay.given), stay.given, stay.context))
        ensure_size(call.payload)
        timeout, left = stay.named("TimeoutSeconds") or DEFAULT_TASK_SECONDS, self._seconds_left()
        attempt = Attempt()
        stay.visit.attempts.append(attempt)
        try:
            attempt.answer = yield Ask(call, min(timeout, left))
        except TaskError as error:
            attempt.outcome, attempt.answer = error.name, error.cause
            if error.name == "States.Timeout" and left < timeout:
                raise _EndedError("TIMED_OUT") from None
            raise
        result = {"StatusCode": 200, "Payload": attempt.answer} if call.service == "lambda" else attempt.answer
        ensure_size(result)
        return filled(state["ResultSelector"], result, stay.context) if "ResultSelector" in state else result

    def _wait_before_retry(self, rule: Mapping[str, Any], seconds: float) -> float:
        return self.interpreter.jitter(seconds) if rule.get("JitterStrategy") == "FULL" else seconds

    def _catch(self, stay: "_Stay", error: TaskError) -> tuple[str, Any]:
        for index, catch in enumerate(stay.state.get("Catch", [])):
            if _takes(catch["ErrorEquals"], error.name):
                stay.visit.error = {"Error": error.name, "Cause": error.cause}
                caught = put(stay.visit.document, catch.get("ResultPath", "$"), dict(stay.visit.error))
                return f"Catch[{index}]", caught
        raise _EndedError("FAILED", error.name, error.cause)

    def _choose(self, stay: "_Stay") -> str:
        for index, rule in enumerate(stay.state["Choices"]):
            if holds(rule, stay.given):
                return f"Choices[{index}]"
        if "Default" not in stay.state:
            raise _EndedError("FAILED", "States.NoChoiceMatched", "")
        return "Default"

    def _pause(self, seconds: float) -> Generator[Pause, Any]:
        left = self._seconds_left()
        yield Pause(min(seconds, left))
        if seconds > left:
            raise _EndedError("TIMED_OUT")

    def _seconds_left(self) -> float:
        return float("inf") if self._until is None else (self._until - self.interpreter.now()).total_seconds()

    def _check_time(self) -> None:
        if self._seconds_left() < 0:
            raise _EndedError("TIMED_OUT")


@dataclass(frozen=True, slots=True)
class _Stay:
    """What a state works with: its definition, what it was given (``InputPath`` applied), and the context object."""

    name: str
    state: Mapping[str, Any]
    visit: Visit
    given: Any
    context: Any

    def named(self, field_name: str) -> Any:
        """A field's value, or what its path (``…Path``) leads to; None where the state has neither."""
        if f"{field_name}Path" in self.state:
            return at(self.given, self.state[f"{field_name}Path"], self.context)
        return self.state.get(field_name)


@dataclass
class SteppedEngine:
    """Runs an execution to its end in one go, as ``asl.engine.Engine`` does, but on this interpreter."""

    definition: str
    clock: Clock
    world: World
    name: str = "machine"
    machine: Machine = field(init=False)

    def __post_init__(self) -> None:
        self.machine = Machine(json.loads(self.definition))
        self._interpreter = Interpreter(self.machine, self.clock.now, name=self.name)

    def execute(self, name: str, document: dict[str, Any]) -> Run:
        """Run an execution to its end; a Task may run another one of the same engine meanwhile."""
        execution = self._interpreter.begin(name, document)
        steps = execution.steps()
        try:
            wish = next(steps)
            while True:
                wish = self._do(steps, wish)
        except StopIteration:
            return execution.run

    def _do(self, steps: Steps, wish: Ask | Pause) -> Ask | Pause:
        if isinstance(wish, Pause):
            self.clock.advance(wish.seconds)
            return steps.send(None)
        try:
            answer = self.world(wish.call)
        except ServiceError as error:
            return steps.throw(TaskError(str(error), ServiceError.cause))
        except Exception as error:  # noqa: BLE001 - Lambda reports any exception of a function in this form
            return steps.throw(reported(error))
        return steps.send({} if answer is None and wish.call.service != "lambda" else _copy(answer))


def reported(error: Exception) -> TaskError:
    """A function's exception as Lambda reports it to Step Functions."""
    name = type(error).__name__
    trace = traceback.format_tb(error.__traceback__, 1)
    return TaskError(name, json.dumps({"errorMessage": str(error), "errorType": name, "stackTrace": trace}))


def _takes(names: tuple[str, ...] | list[str], error: str) -> bool:
    return error in names or ("States.ALL" in names and error not in UNCATCHABLE)


def _call(state: str, task: Mapping[str, Any], parameters: Any) -> Call:
    if task["Resource"].endswith(":lambda:invoke"):
        return Call(state, "lambda", parameters["FunctionName"], parameters["Payload"])
    return Call(state, "dynamodb", parameters["TableName"], parameters)


def _copy(answer: Any) -> Any:
    """An answer as it arrives over the wire: JSON, and nobody else's."""
    return json.loads(json.dumps(answer))


def _zulu(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _by_state(rules: Any, state_of: Callable[[Any], str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for rule in rules:
        found.setdefault(state_of(rule), []).append(rule)
    return found
