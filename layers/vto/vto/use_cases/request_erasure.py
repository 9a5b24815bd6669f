"""Somebody wants everything about them erased: stored first, so that it is not lost, then worked on until done."""

import secrets
from dataclasses import dataclass
from typing import Any

from vto.domain import times
from vto.domain.erasure import SKEW_SECONDS
from vto.errors import NotFoundError, Violation
from vto.ports import Clock, ErasureRequests, Erasures

MAX_RECEIPT_LENGTH = 64


@dataclass(frozen=True, slots=True)
class RequestErasure:
    """Takes the request and tells what became of it."""

    erasures: Erasures
    requests: ErasureRequests
    clock: Clock

    def __call__(self, user_id: str) -> dict[str, Any]:
        """Ask for an erasure; asked again while one is open, that one covers what came since.

        Args:
            user_id: Who asks, about themselves.

        Returns:
            ``receipt``, ``state`` (``"erasing"``), ``requested_at``, ``done_at`` and ``removed`` (counts by kind).

        Raises:
            StorageUnavailableError: It could not be stored or passed on: ask again.
        """
        now = self.clock.now()
        before = times.after(now, SKEW_SECONDS)
        erasure = self.erasures.request(user_id, secrets.token_hex(16), now, before=before)
        self.requests.send(user_id)
        return erasure.public()

    def state(self, user_id: str, receipt: str) -> dict[str, Any]:
        """What became of an erasure of one's own.

        Args:
            user_id: Who asks.
            receipt: As it was answered to the request.

        Raises:
            NotFoundError: There is none under that name, or it is somebody else's.
        """
        if 0 < len(receipt) <= MAX_RECEIPT_LENGTH:
            running = self.erasures.of_user(user_id)
            if running is not None and running.receipt == receipt:
                return running.public()
            done = self.erasures.receipt(receipt, user_id)
            if done is not None:
                return done.public()
        remedy = "send the receipt that DELETE /me answered; it is kept for 90 days after the erasure"
        raise NotFoundError("receipt", [Violation("receipt", "is none of your erasures", remedy)])
