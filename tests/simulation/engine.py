"""The engine: takes its time, bills, fails as the plan says, and writes down every call that really reached it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenlet import getcurrent

from tests.simulation.faults import ENGINE, Fault
from tests.simulation.ports import Invocation, KilledError
from vto.domain.engines import PROFILES
from vto.domain.ledger import CallState
from vto.domain.storage import S3Url
from vto.errors import (
    BadModelOutputError,
    ModelThrottledError,
    ModelTimeoutError,
    ModelUnavailableError,
    ResultsBlockedError,
)
from vto.ports import Generation, TryOnRequest

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

USUAL_SECONDS = (2.0, 8.0)


@dataclass
class Call:
    """One call that reached the engine.

    Args:
        job_id, attempt: For what, and the how-manyeth, as the address of its output says.
        counted: Calls that the job's row had counted when this one began.
        begin, end: When, in seconds; the engine goes on when the caller has died.
        is_billed: Whether it costs money.
        fault: What became of it, if it did not go well.
        slot: Engine and round of the slot that the job held.
        invocation: The run of Invoke Model that made it.
        is_awaited_until: Until when somebody waited for it; it may go on alone.
        is_written: Whether it stood in the job's ledger when it began.
    """

    job_id: str
    attempt: int
    counted: int
    cache_key: str | None
    begin: float
    end: float
    is_billed: bool = True
    fault: Fault | None = None
    slot: tuple[str | None, int] = (None, 0)
    invocation: str = ""
    is_awaited_until: float = 0.0
    is_written: bool = True


@dataclass
class Ledger:
    """All calls, in the order in which they began."""

    calls: list[Call] = field(default_factory=list)

    def given_up(self, invocation: str, at: float) -> None:
        """Nobody waits for this invocation of Invoke Model any longer."""
        for call in reversed(self.calls[-200:]):
            if call.invocation == invocation:
                call.is_awaited_until = min(call.is_awaited_until, at)


@dataclass
class SimulatedEngine:
    """The ``Engine`` port."""

    simulation: "Simulation"
    name: str
    ledger: Ledger
    is_gone: Callable[[], bool] = lambda: False

    def generate(self, request: TryOnRequest) -> Generation:
        """Make one picture that says what it was made of."""
        simulation, me = self.simulation, getcurrent()
        if not isinstance(me, Invocation) or me.is_dead:
            raise KilledError
        fault = simulation.decide(f"{me.name} engine.generate", ENGINE)
        if fault is Fault.FAIL_BEFORE:
            simulation.scheduler.sleep(simulation.latency())
            raise ModelUnavailableError("injected: connection refused")
        job_id, attempt = request.output.key.split("/")[1:3]
        job, now = simulation.jobs.rows[job_id], simulation.scheduler.seconds
        patience = PROFILES[self.name].read_timeout_seconds
        takes = patience * 0.9 if fault is Fault.DELAY else simulation.plan_latency(*USUAL_SECONDS)
        call = Call(
            job_id, int(attempt), job.attempts, job.cache_key, now, now + takes, slot=(job.engine, job.slot_round)
        )
        call.fault, call.invocation, call.is_awaited_until = fault, me.name, call.end
        call.is_written = any(
            (one.call, one.engine) == (call.attempt, self.name) and one.state is not CallState.RESERVED
            for one in job.ledger
        )
        if me.name in simulation.executions.heard:
            call.is_awaited_until = now  # its task has timed out already
        self.ledger.calls.append(call)
        if fault is Fault.THROTTLE:
            call.is_billed, call.end, call.is_awaited_until = False, now, now
            simulation.scheduler.sleep(simulation.latency())
            raise ModelThrottledError("injected")
        if fault is Fault.CRASH_BEFORE:  # the caller dies, the engine does not know
            call.is_awaited_until = now
            me.die()
        if fault is Fault.FAIL_AFTER:
            call.end = now + patience
            if me.name not in simulation.executions.heard:
                call.is_awaited_until = call.end
            simulation.scheduler.sleep(patience)
            raise ModelTimeoutError("injected: the answer was lost")
        simulation.scheduler.sleep(takes)
        if fault is Fault.BLOCK:
            raise ResultsBlockedError("injected")
        if fault is Fault.BREAK:
            raise BadModelOutputError("injected")
        url = S3Url(request.output.bucket, f"{request.output.key}0.png")
        seed = request.parameters["imageGenerationConfig"]["seed"]
        simulation.pictures.put(str(url), f"{request.source} wears {request.reference} seed {seed}".encode())
        if fault is Fault.CRASH_AFTER:
            me.die()
        return Generation((str(url),), None)
