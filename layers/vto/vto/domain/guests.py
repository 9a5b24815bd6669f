"""Who tries things on without an account: what their id looks like, and how little is open to them, and for how long.

A guest has stock models, one unfinished try-on, and nothing that is kept of them for longer than a day. All guests
together have a budget of their own (:mod:`vto.domain.budgets`) and a lane of their own (:mod:`vto.domain.pacing`).
"""

import hashlib
from dataclasses import dataclass

from vto.errors import SignInRequiredError, Violation

PREFIX = "guest#"
TICKET_PREFIX = "guest."  # of a guest's socket ticket: the public door can write tickets of this kind and no others
SESSION_SECONDS = 60 * 60  # how long somebody is the same guest, however often they come back
RETENTION_DAYS = 1.0
MAX_JOBS = 1
NOBODY = "(guest)"  # the path of what is wrong with being a guest


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody without an account, until ``until`` (epoch seconds)."""

    user_id: str
    until: int


def is_guest(user_id: str) -> bool:
    """Whether a user's id is a guest's; no account may have such an id.

    Example:
        >>> is_guest("guest#3f0c2b9e"), is_guest("5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44")
        (True, False)
    """
    return user_id.startswith(PREFIX)


def is_ticket_for(ticket: str, user_id: str) -> bool:
    """Whether a ticket's name is of the kind that this user's may have: a guest's never opens a shopper's socket."""
    return ticket.startswith(TICKET_PREFIX) == is_guest(user_id)


def digest_of(secret: str) -> str:
    """What is kept of a guest's secret: it recognises the secret, and does not lead back to it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def switched_off() -> SignInRequiredError:
    """The refusal of a guest where guests are switched off."""
    found = [Violation(NOBODY, "may not try anything on: that is switched off here", "sign in, or create an account")]
    return SignInRequiredError("by the parameter GuestTryOns", found)


def budget_used_up(detail: str) -> SignInRequiredError:
    """The refusal of a guest when all guests together have spent what they may; the detail is for operators only."""
    remedy = "sign in, or come back tomorrow: guests go on at 00:00 UTC"
    return SignInRequiredError(detail, [Violation(NOBODY, "may not try anything on today: others have", remedy)])
