"""Hypothesis looks for a story in which the real system and the reference model part."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.simulation.checker import problems
from tests.simulation.device import Device
from tests.simulation.faults import Fault, Quiet
from tests.simulation.model import Model
from tests.simulation.mutants import _an_end_after_the_end
from tests.simulation.simulation import Simulation

USERS = ("ann", "bob")
REQUESTS = ("one", "two", "three")


class NextFault(Quiet):
    """The next crossing that can go wrong like this does."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def decide(self, point: str, kinds: object) -> Fault | None:
        """The planned fault, if it can happen here."""
        if self.planned and self.planned[0] in kinds:  # type: ignore[operator]
            return self.planned.pop(0)
        return None


class Story(RuleBasedStateMachine):
    """Two people with two devices each, and whatever happens to them."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.plan = NextFault()
        self.simulation = Simulation(self.patch, plan=self.plan)
        self.model = Model()
        self.devices = {user: [Device(self.simulation, user, f"{user}/{n}") for n in range(2)] for user in USERS}
        for devices in self.devices.values():
            for device in devices:
                self.simulation.scheduler.spawn(device.connect)
        self.simulation.run(1)
        self.simulation.schedule.begin()

    @rule(user=st.sampled_from(USERS), request=st.sampled_from(REQUESTS), times=st.integers(1, 2))
    def ask(self, user: str, request: str, times: int) -> None:
        self.model.ask(user, request)
        wish = {"request_id": request, "product_id": f"product-{REQUESTS.index(request)}", "model_id": "stock-1"}
        for _ in range(times):
            self.devices[user][0].send({"action": "tryOn", **wish})

    @precondition(lambda self: self.simulation.jobs.rows)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = self.simulation.jobs.rows[data.draw(st.sampled_from(sorted(self.simulation.jobs.rows)))]
        self.simulation.unwanted.add(job.id)
        self.devices[job.user_id][0].send({"action": "cancelTryOn", "job_id": job.id})

    @rule(seconds=st.sampled_from((0.05, 0.3, 1, 5, 30, 90)))
    def let_time_pass(self, seconds: float) -> None:
        self.simulation.run(seconds)

    @rule(fault=st.sampled_from(Fault))
    def plan_a_fault(self, fault: Fault) -> None:
        self.plan.planned.append(fault)

    @rule(user=st.sampled_from(USERS), number=st.integers(0, 1))
    def lose_a_socket(self, user: str, number: int) -> None:
        device = self.devices[user][number]
        if device.connection_id:
            self.simulation.gateway.drop(device.connection_id)

    @rule(user=st.sampled_from(USERS), number=st.integers(0, 1))
    def come_back(self, user: str, number: int) -> None:
        device = self.devices[user][number]
        if not device.is_connected:
            self.simulation.scheduler.spawn(device.connect)

    @precondition(lambda self: self.simulation.jobs.rows)
    @rule(data=st.data(), event=st.sampled_from(("stream", "start", "abort", "manifest", "lost")))
    def repeat_an_event(self, data: st.DataObject, event: str) -> None:
        simulation = self.simulation
        job_id = data.draw(st.sampled_from(sorted(simulation.jobs.rows)))
        if event == "stream":
            simulation.changed.add(10**6, job_id)
        elif event == "start":
            simulation.created.add(10**6, job_id)
        elif event == "manifest":
            simulation._object_written(f"s3://vto-results-123456789012-us-east-1/results/{job_id}/result.json")
        elif job_id in simulation.executions.started:
            one = simulation.executions.started[job_id]
            if event == "abort":
                simulation.executions.kill(one, "ABORTED", "")
            elif not one.is_running and one.execution.run.status != "SUCCEEDED":
                simulation.rule.ended(one.execution.run)

    @rule()
    def sweep(self) -> None:
        self.simulation.schedule.sweep()

    @invariant()
    def the_jobs_are_as_the_model_allows(self) -> None:
        if hasattr(self, "simulation"):
            for job in self.simulation.jobs.rows.values():
                self.model.observe(job.user_id, job.request_id, job.id, job.timeline)

    def teardown(self) -> None:
        try:
            self.plan.planned.clear()
            self.simulation.run()
            self.the_jobs_are_as_the_model_allows()
            assert problems(self.simulation) == []
        finally:
            self.patch.undo()


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def test_a_planted_bug_makes_them_part() -> None:
    with pytest.MonkeyPatch.context() as patch:
        _an_end_after_the_end(patch)
        without_shrinking = settings(TestStory.settings, phases=[Phase.generate])
        with pytest.raises(AssertionError, match=r"Status\.(ERROR|COMPLETED).*→.*Status\.ERROR"):
            run_state_machine_as_test(Story, settings=without_shrinking)
