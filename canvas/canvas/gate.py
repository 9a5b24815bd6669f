"""How much is done at once, how many calls may wait for it, and for how long."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from canvas.errors import ServiceUnavailableError, ThrottlingError


class Gate:
    """Lets a few calls work; others wait a bounded time in a bounded line, or are told to come back later.

    Work that outlives its caller's time keeps its place until it ends: a thread cannot be stopped, and the next
    one beside it would take memory that is not there.

    Args:
        name: Of the threads.
        parallel: Calls that work at once, at least 1.
        waiting: Calls that may wait; further ones are refused at once.
        wait_seconds: How long each may wait.
    """

    def __init__(self, name: str, parallel: int, waiting: int, wait_seconds: float) -> None:
        self._free = parallel
        self._most_waiting = waiting
        self._wait_seconds = wait_seconds
        self._line: list[asyncio.Future[None]] = []
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix=name)
        self._began: dict[asyncio.Future[Any], float] = {}
        self.busy = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """Calls in the line."""
        return len(self._line)

    def is_stuck(self, seconds: float) -> bool:
        """Whether every place is held by work that began longer ago than that, so that nobody's turn comes."""
        latest = max(self._began.values(), default=time.monotonic())
        return not self._free and time.monotonic() - latest > seconds

    async def run[T](self, work: Callable[[], T]) -> T:
        """Runs ``work``, which takes CPU or GPU time, in a thread when its turn comes.

        Being cancelled does not stop the work.

        Raises:
            ThrottlingError: The line is full, or the turn did not come in time.
            ServiceUnavailableError: The endpoint is stopping and no place is free.
        """
        await self._enter()
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        self._began[future] = time.monotonic()
        future.add_done_callback(self._leave)
        try:
            return await asyncio.shield(future)
        finally:
            del future  # an error's trace holds this frame: with the future in it, pictures would stay in a circle

    def close(self) -> None:
        """Refuses who waits and who would have to; work that began goes on."""
        self._closed = True
        for turn in self._line:
            if not turn.done():
                turn.set_exception(ServiceUnavailableError())

    def abandon(self) -> None:
        """Gives the threads up; work that still goes on is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _enter(self) -> None:
        if self._free:
            self._free -= 1
            self.busy += 1
            return
        if self._closed:
            raise ServiceUnavailableError
        if len(self._line) >= self._most_waiting:
            raise ThrottlingError
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn in self._line:
                self._line.remove(turn)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_on()  # the turn came in the very moment that the caller went: the place must not be lost
            if isinstance(error, TimeoutError):
                raise ThrottlingError from None
            raise

    def _leave[T](self, future: asyncio.Future[T]) -> None:
        del self._began[future]
        if not future.cancelled():
            future.exception()  # taken, so that the error of abandoned work is not reported by the loop
        self._give_on()

    def _give_on(self) -> None:
        self.busy -= 1
        while self._line:
            turn = self._line.pop(0)
            if not turn.done():
                self.busy += 1
                turn.set_result(None)
                return
        self._free += 1
