"""Step Functions: executions of the real machine on the interpreter, thousands at once; the ``Workflow`` port."""

import json
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from asl.interpreter import Ask, Execution, Interpreter, Pause, Steps, TaskError
from tests.contract.deployed import function_of
from tests.simulation.faults import TASK, Fault
from tests.simulation.lambdas import Outcome
from vto.domain.job import execution_input

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_function = cache(function_of)
LOST_ANSWER = Outcome(error="Lambda.ServiceException", cause="injected after")
NO_ROOM = Outcome(error="Lambda.TooManyRequestsException", cause="injected before")


@dataclass
class Started:
    """One execution on its way."""

    job_id: str
    execution: Execution
    steps: Steps
    turn: int = 0
    """Counts what it was told: an answer to an earlier question comes too late."""
    waits_for: str = ""
    """The invocation whose answer it waits for."""

    @property
    def is_running(self) -> bool:
        return self.execution.run.status == "RUNNING"


class Executions:
    """The state machine, and all executions of it."""

    def __init__(self, simulation: "Simulation", interpreter: Interpreter) -> None:
        self._simulation, self._interpreter = simulation, interpreter
        self.started: dict[str, Started] = {}
        self.running = 0
        self.heard: dict[str, str | None] = {}
        """The invocations of which an execution has heard, each with the error that it heard."""
        self.largest = 0
        """Bytes of the largest payload of a Task."""

    # --- the port

    def start(self, job_id: str, rerun: int = 0) -> bool:
        """Start an execution; False when its name was used."""
        name = f"{job_id}-{rerun}" if rerun else job_id
        if name in self.started:
            return False
        execution = self._interpreter.begin(name, execution_input(job_id))
        one = Started(job_id, execution, execution.steps())
        self.started[name] = one
        self.running += 1
        self._simulation.trace("starts", f"execution {name}")
        self._simulation.scheduler.after(self._simulation.latency(), partial(self._go_on, one, None))
        return True

    def execution_of(self, job_id: str, rerun: int = 0) -> str:
        """The ARN of the execution that :meth:`start` gives a job."""
        return self._interpreter.arn(f"{job_id}-{rerun}" if rerun else job_id)

    def is_running(self, execution_arn: str) -> bool:
        """Whether it still works."""
        one = self.started.get(execution_arn.rpartition(":")[2])
        return one is not None and one.is_running

    # --- what makes it go

    def kill(self, one: Started, status: str = "FAILED", error: str = "States.Runtime") -> None:
        """End an execution in a way that no Catch catches."""
        if one.is_running:
            one.turn += 1
            if one.waits_for.startswith("invoke_model"):  # its call goes on alone
                self._simulation.ledger.given_up(one.waits_for, self._simulation.scheduler.seconds)
                self.heard[one.waits_for] = error or status  # nor does anybody wait for one that it makes from now on
            one.execution.run.status, one.execution.run.error = status, error
            self._end(one)

    def _go_on(self, one: Started, outcome: Outcome | None) -> None:
        """Tell an execution what came of its wish, and see to the next one."""
        if not one.is_running:
            return
        one.turn += 1
        if one.waits_for.startswith("invoke_model"):
            self._simulation.ledger.given_up(one.waits_for, self._simulation.scheduler.seconds)
            self.heard[one.waits_for] = outcome and outcome.error
            one.waits_for = ""
        try:
            if outcome is None:
                wish = one.steps.send(None)
            elif outcome.error is None:
                wish = one.steps.send(outcome.answer)
            else:
                wish = one.steps.throw(TaskError(outcome.error, outcome.cause))
        except StopIteration:
            self._end(one)
            return
        if isinstance(wish, Pause):
            self._simulation.scheduler.after(wish.seconds, partial(self._if_still, one, one.turn, None))
        else:
            self._ask(one, wish)

    def _if_still(self, one: Started, turn: int, outcome: Outcome | None) -> None:
        if one.turn == turn:
            self._go_on(one, outcome)

    def _ask(self, one: Started, wish: Ask) -> None:
        simulation, call = self._simulation, wish.call
        tell = partial(self._if_still, one, one.turn)
        fault = simulation.decide(f"{one.execution.name[:8]} {call.state}", TASK)
        late = simulation.plan.seconds(1, wish.timeout + 5) if fault in (Fault.DELAY, Fault.LATE) else 0.0
        simulation.scheduler.after(wish.timeout, lambda: tell(Outcome(error="States.Timeout", cause="")))
        if fault is Fault.KILL:
            simulation.scheduler.after(simulation.latency(), lambda: self.kill(one))
            return
        payload = json.dumps(call.payload)
        self.largest = max(self.largest, len(payload))
        if fault is Fault.FAIL_BEFORE:
            simulation.scheduler.after(simulation.latency(), lambda: tell(NO_ROOM))
            return

        def answered(outcome: Outcome) -> None:
            if fault is Fault.FAIL_AFTER:
                tell(LOST_ANSWER)
            elif fault is Fault.LATE:
                simulation.scheduler.after(late, lambda: tell(outcome))
            else:
                tell(outcome)

        function = _function(call.target)
        begins = late if fault is Fault.DELAY else 0.0
        one.waits_for = simulation.lambdas.invoke(function, json.loads(payload), answered, seconds=begins)

    def _end(self, one: Started) -> None:
        run = one.execution.run
        self.running -= 1
        one.steps.close()
        self._simulation.trace("ends", f"execution {one.execution.name} {run.status} {run.error or ''}")
        if run.status != "SUCCEEDED":
            self._simulation.rule.ended(run)
