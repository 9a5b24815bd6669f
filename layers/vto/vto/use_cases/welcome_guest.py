"""Who may open a live socket without an account: a guest, known by a secret of their own for an hour at most."""

import secrets
from dataclasses import dataclass
from typing import Any

from vto import schemas
from vto.domain import times
from vto.domain.erasure import TICKET_SECONDS
from vto.domain.guests import PREFIX, SESSION_SECONDS, TICKET_PREFIX, Guest, digest_of
from vto.errors import InvalidRequestError
from vto.ports import Clock, Controls, Guests, Ticket


@dataclass(frozen=True, slots=True)
class WelcomeGuest:
    """Gives somebody without an account a ticket for one socket."""

    guests: Guests
    controls: Controls
    clock: Clock

    def __call__(self, request: Any) -> dict[str, Any]:
        """Welcome a guest, or one who comes back.

        A secret that is unknown or whose hour is over makes a new guest: what it was good for is gone, and nobody
        learns more from that than from having no secret.

        Args:
            request: The document as the client sent it (``guest_ticket.schema.json``).

        Returns:
            ``ticket``, ``expires_in`` (seconds), ``guest`` (the secret by which they are the same guest the next time)
            and ``guest_until`` (epoch seconds).

        Raises:
            InvalidRequestError: The request breaks the schema.
        """
        found = schemas.violations("guest_ticket", request)
        if found:
            raise InvalidRequestError("schema", found)
        now = self.clock.now()
        secret = request.get("guest")
        guest = self.guests.find(digest_of(secret)) if secret else None
        if guest is None or guest.until <= times.epoch(now, seconds=TICKET_SECONDS):
            secret = secrets.token_urlsafe(32)
            guest = Guest(f"{PREFIX}{secrets.token_hex(16)}", times.epoch(now, seconds=SESSION_SECONDS))
            self.guests.remember(digest_of(secret), guest)
        ticket = Ticket(
            ticket=f"{TICKET_PREFIX}{secrets.token_urlsafe(32)}",
            user_id=guest.user_id,
            expires_at=times.epoch(now, seconds=TICKET_SECONDS),
            session_until=guest.until,
        )
        self.controls.issue_ticket(ticket)
        return {
            "ticket": ticket.ticket,
            "expires_in": TICKET_SECONDS,
            "guest": secret,
            "guest_until": guest.until,
        }
