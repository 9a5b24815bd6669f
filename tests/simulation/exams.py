"""Short runs that look for something in particular; each answers with the promises that were broken."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.simulation import gateway
from tests.simulation.checker import problems
from tests.simulation.exhaustive import PAID, WISH, choices, left_behind, tell
from tests.simulation.faults import Fault, Quiet, Scripted, Seeded, Sequenced
from tests.simulation.figures import longest_beyond_a_lease
from tests.simulation.shopper import Habits, Shopper
from tests.simulation.simulation import Settings, Simulation
from tests.simulation.workload import arrive

type Exam = Callable[[], list[str]]


def quiet_day() -> list[str]:
    """A hundred requests of all kinds, and nothing goes wrong."""
    return _day(Quiet(), Settings(), 100, had_faults=False)


def stormy_day() -> list[str]:
    """A hundred requests, and every tenth crossing goes wrong."""
    return _day(Seeded(3, 0.1), Settings(engines=("nova_canvas", "preview")), 100)


def reused_socket() -> list[str]:
    """Somebody leaves while their picture is made, and the next one gets a socket of the same name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gateway, "QUARANTINE_SECONDS", 1.0)
        patch.setattr(gateway, "PUBLISHER_SECONDS", 0.1)
        simulation = Simulation(patch, plan=Quiet())
        leaves = Habits(leaves_after=0.3, stays_away=60, says_goodbye=False)
        simulation.add(Shopper(simulation, "user-1", [WISH], leaves))
        simulation.add(Shopper(simulation, "user-2", [{**WISH, "product_id": "product-2"}], Habits(arrives=2)))
        simulation.run()
        names = [(one.user_id, one.connection_id) for one in simulation.gateway.pushed]
        missing = {("user-1", "socket-1"), ("user-2", "socket-1")} - set(names)
        return [*problems(simulation), *(f"the exam itself is wrong: {one} is missing" for one in missing)]


def _day(plan: Quiet | Seeded, settings: Settings, jobs: int, *, had_faults: bool = True) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(patch, seed=3, plan=plan, settings=settings)
        arrive(simulation, jobs, 3)
        simulation.run()
        return problems(simulation, had_faults=had_faults)


def nobody_starts() -> list[str]:
    """Neither the direct start nor the stream starts anything: the sweep has to."""
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(patch, plan=Scripted(), settings=Settings(direct=False, horizon=1800))
        simulation.created.is_on = False
        simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
        simulation.run()
        late = longest_beyond_a_lease(simulation)
        return [*problems(simulation, had_faults=False), *([f"repaired {late} s after its lease"] if late > 60 else [])]


def started_twice() -> list[str]:
    """An operator starts a second execution of a job that is being worked on."""
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(patch, plan=Scripted())
        shopper = simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
        simulation.scheduler.after(1.5, lambda: simulation.executions.start(shopper.first.job_of["wish"], rerun=9))
        simulation.run()
        return problems(simulation, had_faults=False)


def one_fault(where: str, *kinds: Fault, settings: Settings | None = None) -> Exam:
    """Every single fault of these kinds at the points whose names contain these words."""

    def exam() -> list[str]:
        base = tell({}, settings)
        told = [
            left_behind(tell({number: kind}, settings), {number: kind})
            for number, kind in choices(base)
            if where in base.points[number][0] and kind in (kinds or Fault)
        ]
        return [problem for problems_of_one in (left_behind(base, {}), *told) for problem in problems_of_one]

    exam.__doc__ = f"Faults at {where or 'every point'}."
    return exam


def a_late_worker(where: str) -> Exam:
    """A step begins when its task has timed out; with each engine at another moment of what goes on meanwhile."""

    def exam() -> list[str]:
        engines = ("preview", "nova_canvas", "fashn_api")
        told = [one_fault(where, Fault.DELAY, settings=Settings(engines=(name,)))() for name in engines]
        return [problem for problems_of_one in told for problem in problems_of_one]

    exam.__doc__ = f"{where} begins when its task has timed out."
    return exam


def aborted_at_every_moment() -> list[str]:
    """Somebody aborts the execution, every 50 ms of its way; the function that runs right then does not know."""
    found = []
    for step in range(1, 90):
        with pytest.MonkeyPatch.context() as patch:
            simulation = Simulation(patch, plan=Quiet())
            simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
            simulation.scheduler.after(step / 20, lambda one=simulation: _abort(one))
            simulation.run()
            found += problems(simulation)
            if simulation.results.claims:
                found.append(f"aborted after {step / 20} s: the claim was left behind")
    return found


def cancelled_at_every_moment() -> list[str]:
    """Its owner cancels the job, every 50 ms of its way, while somebody waits for the same picture."""
    found, ends = [], set[str | None]()
    for step in range(1, 90):
        with pytest.MonkeyPatch.context() as patch:
            simulation = Simulation(patch, plan=Quiet())
            shopper = Shopper(simulation, "user-1", [WISH], Habits(cancels_after=step / 20))
            simulation.add(shopper)
            simulation.add(Shopper(simulation, "user-2", [WISH], Habits(arrives=0.3)))
            simulation.run()
            found += problems(simulation, had_faults=False)
            jobs = {one.user_id: one for one in simulation.jobs.rows.values()}
            ends.add(jobs["user-1"].error_code)
            if jobs["user-2"].seconds_by_stage.get("validating", 0) > 30:
                found.append(f"cancelled after {step / 20} s: the other one waited for a claim that was given up")
            if jobs["user-2"].error_code is not None:
                found.append(f"cancelled after {step / 20} s: the other one's job ended in {jobs['user-2'].error_code}")
    return [*found, *([] if ends == {None, "cancelled"} else [f"the exam itself is wrong: it saw {ends} only"])]


def _abort(simulation: Simulation) -> None:
    for one in simulation.executions.started.values():
        simulation.executions.kill(one, "ABORTED", "")


def aborted_while_a_write_is_on_its_way() -> list[str]:
    """A write of the job's row takes seconds, and meanwhile the execution is aborted and the job ended."""
    settings = Settings()  # the writes are counted in the very world in which they are delayed
    writes = [n for n, (name, _) in enumerate(tell({}, settings).points) if name.endswith("jobs.save")]
    found = []
    for number in writes:
        with pytest.MonkeyPatch.context() as patch:
            plan = Scripted({number: Fault.DELAY})
            simulation = Simulation(patch, seed=1, plan=plan, settings=settings)
            plan.on_fault = lambda one=simulation: one.scheduler.after(0.5, lambda: _abort(one))
            simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
            simulation.run()
            found += problems(simulation)
    return found


def budget_for_three() -> list[str]:
    """Forty people want something else each, at once, and the shop's budget is for three calls."""
    with pytest.MonkeyPatch.context() as patch:
        settings = Settings(engines=("nova_canvas",), budget=0.13)
        simulation = Simulation(patch, plan=Sequenced("engine.generate", [Fault.THROTTLE]), settings=settings)
        _crowd(simulation, 40)
        simulation.run()
        found = problems(simulation)
        ends = Counter(job.error_code or str(job.status) for job in simulation.jobs.rows.values())
        if ends != {"completed": 3, "budget_exhausted": 37}:
            found.append(f"I12: the budget was for three calls, and jobs ended as {dict(ends)}")
        return found


def guests_have_money_for_two() -> list[str]:
    """Twenty guests and twenty shoppers want something else each, at once, and the guests' budget is for two calls."""
    with pytest.MonkeyPatch.context() as patch:
        settings = Settings(engines=("nova_canvas",), for_guests=0.09)
        simulation = Simulation(patch, plan=Sequenced("engine.generate", [Fault.THROTTLE]), settings=settings)
        _crowd(simulation, 20)
        _crowd(simulation, 20, kind="guest#", first=20)
        simulation.run()
        found = problems(simulation)
        ends = Counter((job.lane.value, job.error_code or str(job.status)) for job in simulation.jobs.rows.values())
        wanted = {("shopper", "completed"): 20, ("guest", "completed"): 2, ("guest", "sign_in_required"): 18}
        if ends != wanted:
            found.append(f"I12: the guests' budget was for two calls, and jobs ended as {dict(ends)}")
        return found


def spending_is_stopped() -> list[str]:
    """Somebody throws the switch while some wait for their slot and others come."""
    stopped_at = 12.0
    with pytest.MonkeyPatch.context() as patch:
        settings = Settings(engines=("nova_canvas",), requests_per_minute=60)
        simulation = Simulation(patch, plan=Quiet(), settings=settings)
        _crowd(simulation, 40, seconds=1.0)
        simulation.scheduler.after(stopped_at, lambda: setattr(simulation.jobs.budgets, "stopped", True))
        simulation.run()
        late = [one for one in simulation.ledger.calls if one.begin > stopped_at]
        found = [*problems(simulation), *(f"job {one.job_id} called after the stop, at {one.begin} s" for one in late)]
        ends = Counter(job.error_code or str(job.status) for job in simulation.jobs.rows.values())
        if set(ends) != {"completed", "spending_stopped"}:
            found.append(f"the exam itself is wrong: jobs ended as {dict(ends)}")
        return found


def a_thousand_want_the_same() -> list[str]:
    """A thousand people want one product on one stock model within the same second."""
    with pytest.MonkeyPatch.context() as patch:
        simulation = Simulation(patch, plan=Quiet(), settings=Settings(engines=("nova_canvas",)))
        _crowd(simulation, 1000, seconds=1.0, products=1)
        simulation.run()
        found = problems(simulation, had_faults=False)
        if (calls := len(simulation.ledger.calls)) != 1:
            found.append(f"I4: a thousand equal requests made {calls} calls")
        return found


def _crowd(
    simulation: Simulation,
    people: int,
    *,
    seconds: float = 0.1,
    products: int = 40,
    kind: str = "user-",
    first: int = 0,
) -> None:
    for number in range(people):
        wish = {**WISH, "product_id": f"product-{(number + first) % products}"}
        arrives = Habits(arrives=seconds * number / people)
        simulation.add(Shopper(simulation, f"{kind}{number}", [wish], arrives))


def engine_says(*faults: Fault | None) -> Exam:
    """The engine fails like this, one call after the other."""

    def exam() -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            simulation = Simulation(patch, plan=Sequenced("engine.generate", list(faults)), settings=PAID)
            simulation.add(Shopper(simulation, "user-1", [WISH], Habits()))
            simulation.run()
            return problems(simulation)

    exam.__doc__ = f"The engine's calls end in {', '.join(fault or 'ok' for fault in faults)}."
    return exam


def only_the_stream_tells() -> list[str]:
    """Without direct hops a failed job is told of by the stream alone, whose first attempt fails."""
    settings = Settings(direct=False)
    base = tell({}, settings)
    engine = _number(base.points, "engine.generate", 0)
    broken = tell({engine: Fault.BREAK}, settings)
    last = max(n for n, (name, _) in enumerate(broken.points) if name.endswith("sockets.send"))
    told = tell({engine: Fault.BREAK, last: Fault.FAIL_BEFORE}, settings)
    pushed = {one.status for one in told.simulation.gateway.pushed if one.by == "publish_job"}
    return [*told.problems, *([] if "error" in pushed else ["I6: nobody was told of the end without asking"])]


def _number(points: list[tuple[str, tuple[Fault, ...]]], words: str, first: int) -> int:
    return next(n for n, (name, _) in enumerate(points) if n >= first and words in name)
