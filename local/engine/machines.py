"""Machines are MiniStack's: at every start the engine reads definition and role there, so a redeploy counts at once."""

import contextlib
import threading
import uuid
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.exceptions import StateMachineDoesNotExist
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.engine.clients import root
from local.engine.memory import forget_old
from local.patching import expect_source

_lock = threading.Lock()


def _mirror(backend: Any, arn: str) -> Any:
    """Make moto's copy of a machine equal to MiniStack's and return it."""
    try:
        real = root("stepfunctions", arn.split(":")[3]).describe_state_machine(stateMachineArn=arn)
    except ClientError as error:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'") from error
    with _lock:
        copy = next((machine for machine in backend.state_machines if machine.arn == arn), None)
        if copy is None:
            name, definition, role = real["name"], real["definition"], real["roleArn"]
            copy = backend.create_state_machine(name=name, definition=definition, roleArn=role)
        elif (copy.definition, copy.roleArn) != (real["definition"], real["roleArn"]):
            backend.update_state_machine(arn, definition=real["definition"], role_arn=real["roleArn"])
        return copy


def install() -> None:
    """Take machines from MiniStack, and name executions that were started without a name, as AWS does."""
    backend = StepFunctionsParserBackend
    stock = backend.start_execution
    expect_source(stock, "exec_name = name", "state_machine = self.describe_state_machine(state_machine_arn)")

    def start(self: Any, state_machine_arn: str, name: str | None = None, *rest: Any, **named: Any) -> Any:
        machine = _mirror(self, state_machine_arn)
        with _lock:
            execution = stock(self, state_machine_arn, name or str(uuid.uuid4()), *rest, **named)
            forget_old(machine)
        return execution

    backend.start_execution = start
    stock_list = backend.list_executions

    def list_executions(self: Any, state_machine_arn: str, *rest: Any, **named: Any) -> Any:
        with contextlib.suppress(StateMachineDoesNotExist):
            _mirror(self, state_machine_arn)
        return stock_list(self, state_machine_arn=state_machine_arn, *rest, **named)  # noqa: B026

    backend.list_executions = list_executions
