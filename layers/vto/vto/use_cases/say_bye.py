"""Before a deployment that ends live sockets, each is told to open another one a while later.

Clients then come back spread over time, and look at nothing in vain meanwhile. Sockets are told in pages; how far that
is is remembered, so that an order that was cut short goes on where it stopped. Whoever opened a socket since the order
was first given has come back already, and is not sent away again.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vto.domain import times
from vto.domain.farewell import MOST_SECONDS, Reason, bye
from vto.errors import InvalidRequestError, NotifierUnavailableError, Violation, VtoError
from vto.ports import Clock, Connection, Connections, Notifier, Operations

WORK = "say_bye"
PAGE = 100
WORK_SECONDS = 40
RESUME_SECONDS = 15 * 60
"""An order that comes later than that after one which did not end is a new one: all sockets are told."""


@dataclass(frozen=True, slots=True)
class SayBye:
    """Tells all live sockets; harmless when it is repeated."""

    connections: Connections
    notifier: Notifier
    operations: Operations
    clock: Clock
    report: Callable[[str, VtoError], None]

    def __call__(self, reconnect_in_seconds: Any) -> dict[str, Any]:
        """Tell sockets, the ones that were not told yet, while there is time.

        Args:
            reconnect_in_seconds: How long clients wait before they come back; as long again at random.

        Returns:
            ``told``, ``gone`` (nobody was there any more), ``failed`` (could not be reached: their clients find out
            when the socket ends), and ``is_complete``: False where time was over; then order it again.

        Raises:
            InvalidRequestError: That is no number of seconds from 1 to 600.
            StorageUnavailableError: DynamoDB did not answer: order it again.
        """
        seconds = _seconds(reconnect_in_seconds)
        now = self.clock.now()
        began, after = self._place(now)
        counts = Counter({"told": 0, "gone": 0, "failed": 0})
        while True:
            page, following = self.connections.page(limit=PAGE, cursor=after)
            for one in page:
                if self.clock.now() >= now + timedelta(seconds=WORK_SECONDS):
                    self.operations.keep_place(WORK, after and f"{began} {after}")
                    return {**counts, "is_complete": False}
                if one.connected_at < began and one.ttl > times.epoch(now):
                    counts[self._tell(one, seconds)] += 1
                after = one.connection_id
            self.operations.keep_place(WORK, following and f"{began} {following}")
            if following is None:
                return {**counts, "is_complete": True}
            after = following

    def _place(self, now: datetime) -> tuple[str, str | None]:
        """When the order was first given, and where to go on."""
        began, _, after = (self.operations.place(WORK) or "").partition(" ")
        if began and times.from_iso(began) > now - timedelta(seconds=RESUME_SECONDS):
            return began, after
        return times.to_iso(now), None

    def _tell(self, connection: Connection, seconds: int) -> str:
        try:
            if self.notifier.send(connection.connection_id, bye(Reason.DEPLOY, seconds)):
                return "told"
        except NotifierUnavailableError as problem:
            self.report(f"socket {connection.connection_id} could not be told bye", problem)
            return "failed"
        self.connections.remove(connection.connection_id, connection.user_id)
        return "gone"


def _seconds(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SECONDS:
        return value
    problem, remedy = "is no number of seconds", f"send a whole number from 1 to {MOST_SECONDS}"
    raise InvalidRequestError("reconnect_in_seconds", [Violation("reconnect_in_seconds", problem, remedy)])
