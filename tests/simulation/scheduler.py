"""Virtual time: everything that happens is an entry in one list, ordered by when; nothing is slept, nothing is random.

Code that waits (a handler at a port, a shopper for an answer) runs in a greenlet of its own: it gives the turn back to
the scheduler and gets it again when its time has come. One runs at a time, so a run is the same each time.
"""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from greenlet import getcurrent, greenlet

from vto.testing import NOON


class Timer:
    """One thing to do at one moment; a cancelled one is passed over."""

    __slots__ = ("do",)

    def __init__(self, do: Callable[[], object]) -> None:
        self.do: Callable[[], object] | None = do

    def cancel(self) -> None:
        """Do not do it."""
        self.do = None


class Scheduler:
    """The one clock of a simulation, in seconds since its begin."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._agenda: list[tuple[float, int, Timer]] = []
        self._count = 0
        self._hub = getcurrent()

    def after(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Do something later; of two things at the same moment, the one that was asked for first."""
        timer = Timer(do)
        self._count += 1
        heapq.heappush(self._agenda, (self.seconds + seconds, self._count, timer))
        return timer

    def spawn(self, do: Callable[[], object], seconds: float = 0.0) -> greenlet:
        """Run something that waits."""
        one = greenlet(do, parent=self._hub)
        self.after(seconds, one.switch)
        return one

    def sleep(self, seconds: float) -> None:
        """Let time pass for whoever runs right now."""
        self.after(seconds, getcurrent().switch)
        self._hub.switch()

    def park(self) -> None:
        """Give the turn back until somebody switches here again."""
        self._hub.switch()

    def run(self, until: float, is_done: Callable[[], bool]) -> None:
        """Do what is due, in order, until nothing of interest is left or the time is up."""
        while self._agenda and not is_done():
            moment, _, timer = heapq.heappop(self._agenda)
            if moment > until:
                self.after(moment - self.seconds, timer.do or (lambda: None))
                self.seconds = until
                return
            if timer.do is not None:
                self.seconds = moment
                timer.do()


class VirtualClock:
    """The ``Clock`` port; each process's clock is wrong by as much as its greenlet's ``skew`` says."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def now(self) -> datetime:
        """This moment."""
        return NOON + timedelta(seconds=self._scheduler.seconds + getattr(getcurrent(), "skew", 0.0))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._scheduler.sleep(seconds)
