"""How long a live socket lives, and the frame that tells its client to open another one before it ends."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from vto.domain import times

# Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
SOCKET_SECONDS = 2 * 60 * 60
IDLE_SECONDS = 10 * 60
NOTICE_SECONDS = IDLE_SECONDS
"""A socket whose client does not ping within that is closed by the gateway; so each that lives pings once within it."""
SOON_SECONDS = 1
MOST_SECONDS = 600


class Reason(StrEnum):
    """Why a socket is about to end."""

    DEPLOY = "deploy"
    SESSION = "session"
    MAXIMUM_AGE = "maximum_age"


def bye(reason: Reason, reconnect_in_seconds: int) -> dict[str, Any]:
    """The frame.

    Args:
        reason: Why the socket ends.
        reconnect_in_seconds: How long the client waits before it opens the next one, and as long again at random.
    """
    return {"type": "bye", "reason": reason.value, "reconnect_in_seconds": reconnect_in_seconds}


def ends_at(opened_at: int | None, session_until: int) -> tuple[int, Reason]:
    """When a socket ends (epoch seconds), and why.

    Args:
        opened_at: When it was opened; None where that is not known.
        session_until: When the token expires that its ticket was bought with.
    """
    closes = session_until if opened_at is None else opened_at + SOCKET_SECONDS
    return (session_until, Reason.SESSION) if session_until <= closes else (closes, Reason.MAXIMUM_AGE)


def farewell(opened_at: int | None, session_until: int, now: datetime) -> dict[str, Any] | None:
    """What to tell a socket that ends within ten minutes; None for one that lives on.

    Args:
        opened_at: As :func:`ends_at` takes it.
        session_until: Likewise.
        now: The present time.
    """
    end, reason = ends_at(opened_at, session_until)
    return bye(reason, SOON_SECONDS) if end - times.epoch(now) <= NOTICE_SECONDS else None
