"""Who may open a live socket: a one-time ticket, bought with a token over REST and used up when the socket opens.

Browsers cannot send headers with a WebSocket, and a token in an address would end up in logs; a ticket that has been
used is worth nothing there.
"""

import secrets
from dataclasses import dataclass

from vto.domain import times
from vto.domain.erasure import TICKET_SECONDS
from vto.domain.farewell import ends_at
from vto.domain.guests import is_ticket_for
from vto.ports import Clock, Connection, Connections, Controls, Ticket

MAX_TICKET_LENGTH = 128


@dataclass(frozen=True, slots=True)
class IssueTicket:
    """Gives a signed-in user a ticket for one socket."""

    controls: Controls
    clock: Clock

    def __call__(self, user_id: str, token_expires_at: int) -> Ticket:
        """Issue a ticket.

        Args:
            user_id: Whose socket it will be.
            token_expires_at: When the caller's token expires, in epoch seconds; the socket ends no later.
        """
        ticket = Ticket(
            ticket=secrets.token_urlsafe(32),
            user_id=user_id,
            expires_at=times.epoch(self.clock.now(), seconds=TICKET_SECONDS),
            session_until=token_expires_at,
        )
        self.controls.issue_ticket(ticket)
        return ticket


@dataclass(frozen=True, slots=True)
class AuthorizeSocket:
    """Decides whether a socket may open."""

    controls: Controls
    clock: Clock

    def __call__(self, ticket: str) -> Ticket | None:
        """Use a ticket up; None when it is unknown, was used before, has expired, or is of another kind than its user.

        The public door writes guests' tickets only, so whatever gets the better of it opens no shopper's socket.
        """
        if not 0 < len(ticket) <= MAX_TICKET_LENGTH:
            return None
        found = self.controls.redeem_ticket(ticket, self.clock.now())
        return found if found is not None and is_ticket_for(ticket, found.user_id) else None


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Remembers a socket that has opened."""

    connections: Connections
    clock: Clock

    def __call__(self, connection_id: str, user_id: str, session_until: int) -> None:
        """Register the socket until it must have closed.

        Args:
            connection_id: API Gateway's id of the socket.
            user_id: Whose it is, as the authorizer said.
            session_until: When the user's token expires, in epoch seconds.
        """
        now = self.clock.now()
        self.connections.add(
            Connection(
                connection_id=connection_id,
                user_id=user_id,
                connected_at=times.to_iso(now),
                ttl=ends_at(times.epoch(now), session_until)[0],
            )
        )
