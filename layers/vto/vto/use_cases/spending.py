"""What a call may cost and whether it may be made: asked by Reserve Slot and Invoke Model before anybody is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vto.domain.budgets import Booking, Limits, booking, budgets_of, shop_budget
from vto.domain.engines import PROFILES
from vto.domain.job import Job
from vto.domain.ledger import day_of
from vto.domain.prices import of_call
from vto.errors import SpendingStoppedError
from vto.ports import Budgets


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether engines that cost money may be called at all.

    Args:
        budgets: Where somebody stops them at once.
        may_spend: Whether the deployment allows them.
    """

    budgets: Budgets
    may_spend: bool

    def allowed(self, engines: list[str], is_stopped: bool | None = None) -> list[str]:
        """Those that may be called: while spending is stopped, only those that cost nothing.

        Args:
            engines: Those that could.
            is_stopped: Whether somebody has stopped it, where that has just been read; None to read it.

        Raises:
            SpendingStoppedError: None may.
        """
        free = [name for name in engines if PROFILES[name].is_free]
        if free == engines:
            return engines
        if self.may_spend and not (self.budgets.is_stopped() if is_stopped is None else is_stopped):
            return engines
        if not free:
            raise SpendingStoppedError(f"none of {engines} is free")
        return free


@dataclass(frozen=True, slots=True)
class Standing:
    """How spending stands at a moment: whether somebody has stopped it, and ``micro_usd`` by budget."""

    is_stopped: bool = False
    spent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spending:
    """The deployment's limits and prices.

    Args:
        budgets: What has been spent.
        limits: What may be.
        price_per_image: US dollars for a picture by the shop's own agreement; 0 for the engine's declared price.
        used: Told how much of the shop's budget for the day is used, in per cent, whenever a call wants a part of it.
    """

    budgets: Budgets
    limits: Limits
    price_per_image: float
    used: Callable[[float], None]

    def price(self, engine: str, job: Job) -> int:
        """What a call of an engine for a job may cost, in ``micro_usd``."""
        return of_call(engine, job.parameters, job.price_tier, self.price_per_image)

    def look(self, job: Job, engines: list[str], now: datetime) -> Standing:
        """How spending stands for a job that may come to these engines; nothing is read where they all are free."""
        if all(PROFILES[name].is_free for name in engines):
            return Standing()
        return Standing(*self.budgets.look(budgets_of(job.user_id, day_of(now))))

    def allowed(self, engines: list[str], standing: Standing) -> list[str]:
        """Those that may be called: while spending is stopped, only those that cost nothing.

        Raises:
            SpendingStoppedError: None may.
        """
        return Switch(self.budgets, self.limits.may_spend).allowed(engines, standing.is_stopped)

    def ensure_room(self, job: Job, engine: str, now: datetime, standing: Standing) -> None:
        """Check that the budgets have room, before a slot is taken that others could use; nothing is set aside yet.

        Raises:
            BudgetExhaustedError: They have not.
            SignInRequiredError: The guests' has not.
        """
        wanted = booking(job.user_id, job.ledger, self.reserving(job, engine, now).ledger, self.limits)
        if wanted is not None and wanted.moves:
            spent = dict(standing.spent)
            # money comes off yesterday's budgets in any case; and midnight may lie between the look and now
            unread = [one.control_id for one in wanted.moves if one.micro_usd > 0 and one.control_id not in spent]
            if unread:
                spent |= self.budgets.spent(unread)
            self._tell(wanted, spent.get(shop_budget(day_of(now)), 0), day_of(now))
            wanted.ensure_fits(spent, is_stopped=False)

    def reserving(self, job: Job, engine: str, now: datetime) -> Job:
        """The job with the money for a call of this engine set aside."""
        return job.reserving(engine, self.price(engine, job), now)

    def _tell(self, wanted: Booking, spent: int, day: str) -> None:
        """Say how full the shop's budget gets; one that has no room for a call is as good as full."""
        for move in wanted.moves:
            if move.control_id == shop_budget(day) and move.micro_usd > 0:
                after = spent + move.micro_usd
                self.used(100.0 if after > move.limit else round(100 * after / move.limit, 1))
