"""EventBridge: the rule on executions that ended without success, and the schedule of the sweep."""

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from asl.run import Run
from tests.contract.deployed import template
from tests.simulation.faults import DELIVERY, Fault
from tests.simulation.lambdas import Outcome

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ASYNC_RETRIES = (60.0, 120.0)
"""Seconds before Lambda runs an asynchronous event again: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""


class Rule:
    """EventBridge's rule on executions that ended without success: delivers at least once, and tries again."""

    def __init__(self, simulation: "Simulation") -> None:
        target = template()["Resources"]["ExecutionEndedRule"]["Properties"]["Targets"][0]
        self._simulation, self._attempts = simulation, target["RetryPolicy"]["MaximumRetryAttempts"]
        self.dead_letters: list[dict[str, Any]] = []
        self.waiting = 0

    def ended(self, run: Run) -> None:
        """An execution failed, timed out or was aborted."""
        detail = {
            "executionArn": run.arn,
            "status": run.status,
            "input": json.dumps(run.input),
            "error": run.error,
            "cause": run.cause,
            "name": run.arn.rpartition(":")[2],
        }
        self.waiting += 1
        self._deliver({"source": "aws.states", "detail": detail}, 0)

    def _deliver(self, event: dict[str, Any], attempt: int) -> None:
        simulation = self._simulation
        fault = simulation.decide("rule→record_failure", DELIVERY)
        if fault is Fault.FAIL_BEFORE:
            if attempt >= self._attempts:
                self._give_up(event)
            else:
                simulation.scheduler.after(5.0 * 2**attempt, partial(self._deliver, event, attempt + 1))
            return
        delay = simulation.plan.seconds(1, 30) if fault is Fault.DELAY else 0.3
        self._run(event, 0, delay)
        if fault in (Fault.DUPLICATE, Fault.FAIL_AFTER):
            self.waiting += 1
            self._run(event, 0, delay + 1.0)

    def _run(self, event: dict[str, Any], attempt: int, seconds: float) -> None:
        def done(outcome: Outcome) -> None:
            if outcome.error is None:
                self.waiting -= 1
            elif attempt < len(ASYNC_RETRIES):
                self._run(event, attempt + 1, ASYNC_RETRIES[attempt])
            else:
                self._give_up(event)

        self._simulation.lambdas.invoke("record_failure", event, done, seconds=seconds)

    def _give_up(self, event: dict[str, Any]) -> None:
        self.waiting -= 1
        self.dead_letters.append(event)


class Schedule:
    """The sweep, once a minute: a missed one is not made up for, two may run at once."""

    def __init__(self, simulation: "Simulation") -> None:
        words = template()["Resources"]["SweepRule"]["Properties"]["ScheduleExpression"]
        if words != "rate(1 minute)":
            raise AssertionError(f"the simulation sweeps once a minute, the template says {words}")
        self._simulation = simulation
        self.is_on = True
        self.repairs = {"started": 0, "left_running": 0, "ended": 0, "failed": 0, "cut_short": 0}

    def begin(self) -> None:
        """Sweep for the first time within a minute."""
        self._simulation.scheduler.after(self._simulation.plan_latency(1, 60), self._tick)

    def sweep(self, seconds: float = 0.0) -> None:
        """Sweep once."""
        self._simulation.lambdas.invoke("sweep_jobs", {}, self._done, seconds=seconds)

    def _tick(self) -> None:
        self._simulation.scheduler.after(60, self._tick)
        if not self.is_on:
            return
        fault = None
        if self._simulation.jobs.open_jobs:  # else there is nothing that a fault could touch
            fault = self._simulation.decide("schedule→sweep_jobs", DELIVERY)
        if fault is Fault.FAIL_BEFORE:
            return
        self.sweep(self._simulation.plan.seconds(1, 50) if fault is Fault.DELAY else 0.0)
        if fault in (Fault.DUPLICATE, Fault.FAIL_AFTER):
            self.sweep()

    def _done(self, outcome: Outcome) -> None:
        for name, count in (outcome.answer or {}).items():
            self.repairs[name] += count
