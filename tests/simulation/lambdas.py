"""Lambda: runs the real handlers, each in a greenlet of its own, kills what takes too long, reports what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from asl.interpreter import reported
from tests.contract import deployed
from tests.simulation.ports import Invocation

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an invocation: an answer, or an error by the name that Step Functions knows it by."""

    answer: Any = None
    error: str | None = None
    cause: str = ""
    invocation: str = ""


type Done = Callable[[Outcome], None]
CRASHED = Outcome(error="Runtime.ExitError", cause="the process died")
TIMED_OUT = Outcome(error="Sandbox.Timedout", cause="the function took too long")


@cache
def timeout_of(function: str) -> float:
    """A function's timeout, as the template says."""
    shared = deployed.template()["Globals"]["Function"]["Timeout"]
    return float({**{"Timeout": shared}, **deployed._by_folder().get(function, {})}["Timeout"])


_handler = cache(deployed.handler)


class Lambda:
    """Every function of the stack."""

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self._count = 0
        self._live: dict[str, Invocation] = {}

    @property
    def running(self) -> int:
        """How many invocations have not ended."""
        return len(self._live)

    def close(self) -> None:
        """End whatever still runs, without a word to anybody."""
        for one in list(self._live.values()):
            one.on_death = lambda: None
            one.die()
        self._live.clear()

    def invoke(
        self, function: str, event: Any, done: Done, run: Callable[[Any], Any] | None = None, seconds: float = 0.0
    ) -> str:
        """Run a function once.

        Args:
            function: Its folder.
            event: What it is given.
            done: Told what came of it, once.
            run: What runs; the function's own handler unless given.
            seconds: From now until it begins.

        Returns:
            The invocation's name.
        """
        scheduler = self._simulation.scheduler
        self._count += 1
        name = f"{function}#{self._count}"
        work = run or _handler(function)

        def body() -> None:
            if me.is_dead:
                return
            self._simulation.trace("begins", name)
            try:
                outcome = Outcome(work(event), invocation=name)
            except Exception as error:  # noqa: BLE001 - Lambda reports any exception of a function
                failure = reported(error)
                outcome = Outcome(error=failure.name, cause=failure.cause)
            me.is_dead = True
            finish(outcome)

        def finish(outcome: Outcome) -> None:
            timer.cancel()
            self._live.pop(name, None)
            self._simulation.trace("ends", f"{name} {outcome.error or 'ok'}")
            done(outcome)

        def out_of_time() -> None:
            me.on_death = lambda: finish(TIMED_OUT)
            me.die()

        skew = self._simulation.settings.skew
        skew = self._simulation.plan_latency(-skew, skew) if skew else 0.0
        me = Invocation(body, scheduler._hub, name, skew)
        me.on_death = lambda: finish(CRASHED)
        self._live[name] = me
        start = self._simulation.latency() + seconds
        timer = scheduler.after(start + timeout_of(function), out_of_time)
        scheduler.after(start, me.switch)
        return name
