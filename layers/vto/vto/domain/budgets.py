"""What may be spent in a day, by a user, by all guests and by the shop, and what a change of a job does to that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vto.domain.engines import PROFILES
from vto.domain.guests import budget_used_up, is_guest
from vto.domain.ledger import CallState, Ledger, held
from vto.errors import BudgetExhaustedError, SignInRequiredError, SpendingStoppedError

SWITCH = "spending"  # the item of vto-controls that stops all spending at once while its state is this:
STOPPED = "stopped"
GUESTS = "budget#guests#"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a deployment allows.

    Args:
        shop: Most of all users together in one day (UTC), in ``micro_usd``.
        user: Most of one user in one day.
        guests: Most of all guests together in one day; it is a part of the shop's.
        may_spend: Whether engines that cost money may be called at all.
    """

    shop: int = 0
    user: int = 0
    guests: int = 0
    may_spend: bool = True


NOTHING = Limits()


@dataclass(frozen=True, slots=True)
class Move:
    """Money put on one budget, or taken off it, in ``micro_usd``; ``limit`` is the most that may stand there."""

    control_id: str
    micro_usd: int
    limit: int


@dataclass(frozen=True, slots=True)
class Booking:
    """What a change of a job does to the budgets; written together with the job, or not at all.

    Args:
        moves: Money by budget; nothing for a call that costs nothing, or whose money was set aside before.
        spends: Whether a call that costs money is about to be made; then the switch is looked at. Money that is only
            set aside does not ask it: it is asked before the call, whatever was so before.
    """

    moves: tuple[Move, ...]
    spends: bool

    def ensure_fits(self, spent: Mapping[str, int], *, is_stopped: bool) -> None:
        """Check the booking against what the budgets hold.

        Args:
            spent: ``micro_usd`` by the budget's ``control_id``.
            is_stopped: Whether somebody has stopped all spending.

        Raises:
            SpendingStoppedError: Somebody has.
            BudgetExhaustedError: A budget does not have that much left.
            SignInRequiredError: The guests' does not.
        """
        if self.spends and is_stopped:
            raise SpendingStoppedError("by the item in vto-controls")
        for move in self.moves:
            if move.micro_usd > 0 and spent.get(move.control_id, 0) + move.micro_usd > move.limit:
                raise exhausted(move)


def exhausted(move: Move) -> BudgetExhaustedError | SignInRequiredError:
    """The refusal of a move that a budget has no room for; its detail is for operators only."""
    detail = f"{move.control_id}: {move.micro_usd} more would be above {move.limit} micro-USD"
    return budget_used_up(detail) if move.control_id.startswith(GUESTS) else BudgetExhaustedError(detail)


def booking(user_id: str, before: Ledger, after: Ledger, limits: Limits) -> Booking | None:
    """What becomes of the budgets when a job's ledger changes; None where they have nothing to do with it.

    Raises:
        SpendingStoppedError: A call that costs money would be made, and the deployment allows none.
    """
    new = {one.state for one in after if one not in before and not PROFILES[one.engine].is_free}
    if new & {CallState.RESERVED, CallState.SENT} and not limits.may_spend:
        raise SpendingStoppedError("by the parameter Spending")
    spends = CallState.SENT in new
    had, has = held(before), held(after)
    moves = tuple(_moves(user_id, {day: has.get(day, 0) - had.get(day, 0) for day in {**had, **has}}, limits))
    return Booking(moves, spends) if moves or spends else None


def shop_budget(day: str) -> str:
    """The ``control_id`` of what all users together have spent in a day."""
    return f"budget#shop#{day}"


def guests_budget(day: str) -> str:
    """The ``control_id`` of what all guests together have spent in a day."""
    return f"{GUESTS}{day}"


def user_budget(user_id: str, day: str) -> str:
    """The ``control_id`` of what one user has spent in a day."""
    return f"budget#user#{user_id}#{day}"


def budgets_of(user_id: str, day: str) -> tuple[str, str]:
    """The budgets on which a user's call of a day stands: their own, or the guests', and the shop's."""
    # a guest comes back as another one at will: a budget for each would hold nobody
    return guests_budget(day) if is_guest(user_id) else user_budget(user_id, day), shop_budget(day)


def _moves(user_id: str, by_day: Mapping[str, int], limits: Limits) -> Iterator[Move]:
    for day, amount in sorted(by_day.items()):
        if amount:
            theirs, shop = budgets_of(user_id, day)
            yield Move(theirs, amount, limits.guests if is_guest(user_id) else limits.user)
            yield Move(shop, amount, limits.shop)
