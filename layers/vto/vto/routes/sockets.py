"""How a live socket is opened."""

from typing import Any

from vto import bootstrap
from vto.adapters.rest import caller_of, new_router
from vto.domain.erasure import TICKET_SECONDS

router = new_router()


@router.post("/socket-tickets")
def socket_tickets() -> dict[str, Any]:
    """A ticket for one live socket, good for seconds and for one use."""
    caller = caller_of(router.current_event)
    ticket = bootstrap.issue_ticket()(caller.user_id, caller.token_expires_at)
    return {"ticket": ticket.ticket, "expires_in": TICKET_SECONDS}
