"""Reads the money out of a run: ledgers against the engine's own calls, budgets against ledgers, at every write."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vto.domain.budgets import guests_budget, shop_budget, user_budget
from vto.domain.guests import is_guest
from vto.domain.job import Job
from vto.domain.ledger import CallState, held, micro_usd
from vto.domain.prices import of_call
from vto.testing import FakeBudgets

if TYPE_CHECKING:
    from tests.simulation.engine import Call
    from tests.simulation.simulation import Simulation


@dataclass
class Books:
    """What the budgets have to hold by all ledgers together, kept up to date at every write of a job."""

    budgets: FakeBudgets
    shop: float
    user: float
    guests: float
    owed: Counter[str] = field(default_factory=Counter)

    def compare(self, before: Job | None, after: Job) -> Iterator[str]:
        """I12: at this very moment the budgets that this write concerns hold the sum of all ledgers, and no more."""
        touched, is_theirs = set(), is_guest(after.user_id)
        for job, sign in ((before, -1), (after, 1)):
            for day, amount in held(job.ledger).items() if job else ():
                for one in (shop_budget(day), guests_budget(day) if is_theirs else user_budget(after.user_id, day)):
                    self.owed[one] += sign * amount
                    touched.add(one)
        for one in sorted(touched):
            limits = {"shop": self.shop, "guests": self.guests, "user": self.user}
            stands, limit = self.budgets.held.get(one, 0), micro_usd(limits[one.split("#")[1]])
            if stands != self.owed[one]:
                yield f"I12: {one} holds {stands} and the ledgers say {self.owed[one]}, after a write of job {after.id}"
            if stands > limit:
                yield f"I12: {one} holds {stands}, more than its {limit}, after a write of job {after.id}"


def problems_with_money(simulation: "Simulation") -> Iterator[str]:
    """I12: each job's ledger is the list of its calls, and says of none that it was not billed if it was."""
    made: dict[tuple[str, int], Call] = {(one.job_id, one.attempt): one for one in simulation.ledger.calls}
    for job in simulation.jobs.rows.values():
        written = {one.call: one for one in job.ledger if one.call is not None}
        if sorted(written) != list(range(1, job.attempts + 1)):
            yield f"I12: job {job.id} counted {job.attempts} calls, and its ledger has {sorted(written)}"
        for number, entry in written.items():
            call = made.get((job.id, number))
            if entry.state is CallState.OK and call is None:
                yield f"I12: call {number} of job {job.id} is {entry.state}, and the engine does not know it"
            if entry.state is CallState.FAILED and call is not None and call.is_billed:
                yield f"I12: call {number} of job {job.id} was billed, and its money was given back"
            if entry.micro_usd != of_call(entry.engine, job.parameters, job.price_tier, 0):
                yield f"I12: call {number} of job {job.id} stands with {entry.micro_usd} micro-USD in its ledger"
        open_ones = [one for one in job.ledger if one.state in (CallState.RESERVED, CallState.SENT)]
        if job.status.is_terminal and open_ones:
            yield f"I12: job {job.id} has ended, and its ledger awaits {open_ones}"
    for (job_id, number), call in made.items():
        if not call.is_written:
            yield f"I4: call {number} of job {job_id} was made before it stood in the ledger, at {call.begin:.3f} s"


def all_made(simulation: "Simulation") -> Iterator[str]:
    """Without faults every call in a ledger was made, and its pictures arrived."""
    made = {(one.job_id, one.attempt) for one in simulation.ledger.calls}
    for job in simulation.jobs.rows.values():
        for entry in job.ledger:
            if entry.state is not CallState.OK or (job.id, entry.call) not in made:
                yield f"I12: call {entry.call} of job {job.id} is {entry.state} although nothing went wrong"
