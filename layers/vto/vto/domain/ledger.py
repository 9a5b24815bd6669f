"""The ledger of a job: every call of an engine and what it may cost, written down before the call is made.

Money is counted in whole millionths of a US dollar (``micro_usd``): sums are exact, and DynamoDB adds them up itself.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vto.domain import times

MICRO = 1_000_000  # micro_usd in a US dollar


class CallState(StrEnum):
    """What is known of one call."""

    RESERVED = "reserved"
    """Its money is set aside; it has not been made."""
    SENT = "sent"
    """It was about to be made, and nothing has been heard of it."""
    OK = "ok"
    """Its pictures have arrived."""
    FAILED = "failed"
    """It was surely not billed: its money is given back."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was billed, or will: it counts as if it was."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call.

    Args:
        engine: Whose call it is.
        micro_usd: What it may cost; 0 where nothing is paid for a call, or no price is known.
        state: What is known of it.
        day: On whose budget it stands, an ISO date (UTC): that on which its money was set aside.
        at: When it came into its state.
        call: Its number among the job's calls, and in the address of its pictures; None while it is only reserved.
    """

    engine: str
    micro_usd: int
    state: CallState
    day: str
    at: str
    call: int | None = None


type Ledger = tuple[Entry, ...]


def micro_usd(usd: float) -> int:
    """US dollars as the ledger counts them."""
    return round(usd * MICRO)


def reserved(ledger: Ledger, engine: str, price: int, now: datetime) -> Ledger:
    """The ledger with the money for one call set aside; a reservation for another call is given up.

    Asked again for the same call, the reservation that is there stays as it is.
    """
    before = settled(ledger, now)
    kept = [one for one in ledger if _is_for(one, engine, price)]
    if kept:
        return (*before, kept[0])
    return (*before, Entry(engine, price, CallState.RESERVED, day_of(now), times.to_iso(now)))


def sent(ledger: Ledger, call: int, engine: str, price: int, now: datetime) -> Ledger:
    """The ledger with a call that is about to be made, with the money that was reserved for it, or else with new."""
    (entry,) = reserved(ledger, engine, price, now)[-1:]
    return (*settled(ledger, now), replace(entry, state=CallState.SENT, call=call, at=times.to_iso(now)))


def heard(ledger: Ledger, call: int, state: CallState, now: datetime) -> Ledger:
    """The ledger with what was heard of a call; unchanged where nobody waits for that any longer."""
    return tuple(
        replace(one, state=state, at=times.to_iso(now)) if one.call == call and one.state is CallState.SENT else one
        for one in ledger
    )


def settled(ledger: Ledger, now: datetime, *, arrived: int | None = None) -> Ledger:
    """The ledger when another call begins or the job ends: nothing is awaited, and nothing held for what was not made.

    Args:
        ledger: The ledger until now.
        now: This moment.
        arrived: The call whose pictures have arrived; all others of which nothing was heard may have been billed.
    """
    known = ledger if arrived is None else heard(ledger, arrived, CallState.OK, now)
    return tuple(
        replace(one, state=CallState.UNKNOWN, at=times.to_iso(now)) if one.state is CallState.SENT else one
        for one in known
        if one.state is not CallState.RESERVED
    )


def held(ledger: Ledger) -> Mapping[str, int]:
    """The money that stands on each day's budget, in ``micro_usd``."""
    by_day: Counter[str] = Counter()
    for one in ledger:
        if one.state is not CallState.FAILED:
            by_day[one.day] += one.micro_usd
    return by_day


def cost(ledger: Ledger) -> int:
    """What the calls may have cost, in ``micro_usd``: all that were made and not surely unbilled."""
    return sum(one.micro_usd for one in ledger if one.state in (CallState.OK, CallState.UNKNOWN))


def day_of(now: datetime) -> str:
    """The day on whose budget a call of this moment stands: budgets are new at 00:00 UTC."""
    return times.to_iso(now)[:10]


def _is_for(entry: Entry, engine: str, price: int) -> bool:
    return (entry.state, entry.engine, entry.micro_usd) == (CallState.RESERVED, engine, price)
