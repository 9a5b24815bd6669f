"""All that is replaced in moto's States Language engine so that it runs in this process, and as AWS does.

Two kinds, kept apart because they end differently. The *hooks* put the caller's world in the place of boto3, the clock
and the threads' sleep; they stay for as long as the engine is used. The *corrections* make up for a difference from
AWS; for each a test runs the engine without it and fails on the day upstream no longer needs it. moto is pinned, and
every replaced thing must still be there: a new version that moved one fails at once with its name.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
from moto.stepfunctions.parser.asl.component.common.catch.catcher_outcome import CatcherOutcomeCaught
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state import state as states
from moto.stepfunctions.parser.asl.component.state.choice.choice_rule import ChoiceRule
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_dynamodb
from moto.stepfunctions.parser.asl.component.state.fail import state_fail
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.utils import json_path

UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")
"""End an execution whatever it catches: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""


class World(Protocol):
    """What the engine sees of the world, and whom it tells what it does."""

    def now(self) -> datetime:
        """The time."""
        ...

    def client(self, service: str) -> Any:
        """What stands in for boto3's client of a service."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass: a Wait state, or a Task before it is tried again."""
        ...

    def enter(self, state: str, document: Any) -> bool:
        """A state is entered with an input; False stops the execution as timed out."""
        ...

    def choose(self, rule: int) -> None:
        """A choice holds: by its number."""
        ...

    def retry(self, rule: int, again: bool) -> None:
        """A Retry rule matched: by its number; ``again`` is False when its attempts are used up."""
        ...

    def catch(self, rule: int, error: dict[str, str]) -> None:
        """A Catch matched: by its number; with the Error and Cause that it puts into the document."""
        ...


parse_path = cache(json_path.parse)
"""Parsing the same paths again takes two thirds of a run's time."""


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Replace one attribute of a module or class, and put it back."""
    before = owner.__dict__[name]  # fails when upstream moved it
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def hooks(world: World) -> Iterator[None]:
    """Put a world in the place of AWS, the clock and sleep, and let it watch."""
    waits: list[float] = []
    evaluate_state, evaluate_choice = CommonStateField._eval_body, ChoiceRule._eval_body
    evaluate_retry, evaluate_catch = RetrierDecl._eval_body, CatcherDecl._eval_body

    def state(self: Any, env: Any) -> None:
        if not world.enter(self.name, env.states.get_input()):
            env.set_timed_out()
            return
        env.watched = self  # a rule does not know its state
        evaluate_state(self, env)

    def choice(self: Any, env: Any) -> None:
        evaluate_choice(self, env)
        if env.stack[-1] and self in env.watched.choices_decl.rules:  # not one inside And, Or, Not
            world.choose(env.watched.choices_decl.rules.index(self))

    def retry(self: Any, env: Any) -> None:
        rule = env.watched.retry.retriers.index(self)
        waits[:] = []
        evaluate_retry(self, env)
        outcome = env.stack[-1]
        if outcome is not RetrierOutcome.Skipped:
            world.retry(rule, outcome is RetrierOutcome.Executed)
        for seconds in waits:
            world.wait(seconds)

    def catch(self: Any, env: Any) -> None:
        rule = env.watched.catch.catchers.index(self)
        error = env.states.get_error_output()  # gone once it has been put into the document
        evaluate_catch(self, env)
        if isinstance(env.stack[-1], CatcherOutcomeCaught):
            world.catch(rule, error)

    replacements: list[tuple[Any, str, Any]] = [
        (json_path, "parse", parse_path),
        (lambda_eval_utils, "boto_client_for", lambda **_: world.client("lambda")),
        (state_task_service_dynamodb, "boto_client_for", lambda **_: world.client("dynamodb")),
        (retrier_decl, "time", SimpleNamespace(sleep=waits.append)),
        # the longest wait that jitter allows, so that what is recorded are the figures that stand in the definition
        (jitter_strategy_decl, "random", SimpleNamespace(uniform=lambda _, longest: longest)),
        (WaitFunction, "_wait_interval", lambda *_, wait_seconds, **__: world.wait(wait_seconds)),
        (CommonStateField, "_eval_body", state),
        (ChoiceRule, "_eval_body", choice),
        (RetrierDecl, "_eval_body", retry),
        (CatcherDecl, "_eval_body", catch),
    ]
    with ExitStack() as stack:
        for replacement in replacements:
            stack.enter_context(replaced(*replacement))
        yield


@contextmanager
def entered_time(now: Callable[[], datetime]) -> Iterator[None]:
    """Gap: moto writes the time of entering a state with an offset; AWS writes milliseconds and ``Z``."""

    def state_data(**data: Any) -> dict[str, Any]:
        entered = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**data, "EnteredTime": entered, "RetryCount": 0}

    with replaced(states, "StateData", state_data):
        yield


@contextmanager
def fail_with_any_name() -> Iterator[None]:
    """Gap: moto refuses a Fail state whose ErrorPath names a ``States.…`` error; AWS passes it on."""
    with replaced(state_fail, "CustomErrorName", ErrorName):
        yield


@contextmanager
def uncatchable_errors() -> Iterator[None]:
    """Gap: in moto ``States.ALL`` also takes errors that on AWS end the execution."""
    evaluate = ErrorEqualsDecl._eval_body

    def equals(self: Any, env: Any) -> None:
        if env.stack[-1].error_name in UNCATCHABLE:
            env.stack[-1] = False
        else:
            evaluate(self, env)

    with replaced(ErrorEqualsDecl, "_eval_body", equals):
        yield


@contextmanager
def errors_of_tables() -> Iterator[None]:
    """Gap: to moto all errors of a DynamoDB Task but boto3's own are one; timeouts and mocked errors have a name."""
    owner = state_task_service_dynamodb.StateTaskServiceDynamoDB
    evaluate = owner._from_error

    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        return evaluate(self, env, ex) if isinstance(ex, ClientError) else super(owner, self)._from_error(env, ex)

    with replaced(owner, "_from_error", from_error):
        yield


@contextmanager
def corrections(now: Callable[[], datetime]) -> Iterator[None]:
    """Every correction."""
    with entered_time(now), fail_with_any_name(), uncatchable_errors(), errors_of_tables():
        yield
