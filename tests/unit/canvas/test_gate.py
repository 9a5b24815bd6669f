"""The gate: few draw at once, a bounded number waits for a bounded time, and nobody's place is lost."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from canvas.errors import ServiceUnavailableError, ThrottlingError
from canvas.gate import Gate


class Work:
    """Takes until it is told to end; counts how many are at it at once."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.end.wait(10)
        with self._lock:
            self.now -= 1
        return "drawn"


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to that")


def test_no_more_than_allowed_draw_at_once_and_all_are_drawn_in_the_end() -> None:
    async def scene() -> tuple[list[str], int]:
        gate, work = Gate("draw", 2, 10, 10), Work()
        calls = [asyncio.create_task(gate.run(work)) for _ in range(6)]
        await _until(lambda: gate.busy == 2 and gate.waiting == 4)
        work.end.set()
        return await asyncio.gather(*calls), work.most

    drawn, most = asyncio.run(scene())
    assert drawn == ["drawn"] * 6
    assert most == 2


def test_who_finds_the_line_full_is_told_at_once() -> None:
    async def scene() -> None:
        gate, work = Gate("draw", 1, 1, 10), Work()
        calls = [asyncio.create_task(gate.run(work)) for _ in range(2)]
        await _until(lambda: gate.waiting == 1)
        with pytest.raises(ThrottlingError):
            await gate.run(work)
        work.end.set()
        assert await asyncio.gather(*calls) == ["drawn"] * 2

    asyncio.run(scene())


def test_who_waits_too_long_is_told_and_leaves_the_line() -> None:
    async def scene() -> None:
        gate, work = Gate("draw", 1, 5, 0.05), Work()
        first = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.busy == 1)
        with pytest.raises(ThrottlingError):
            await gate.run(work)
        assert gate.waiting == 0
        work.end.set()
        assert await first == "drawn"

    asyncio.run(scene())


def test_a_place_is_kept_until_the_work_ends_even_if_its_caller_went() -> None:
    async def scene() -> None:
        gate, work = Gate("draw", 1, 5, 5), Work()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await gate.run(work)
        assert gate.busy == 1
        second = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.waiting == 1)
        assert work.most == 1
        work.end.set()
        assert await second == "drawn"
        await _until(lambda: gate.busy == 0)
        assert await gate.run(lambda: "again") == "again"

    asyncio.run(scene())


def test_the_place_of_a_caller_who_goes_while_waiting_is_not_lost() -> None:
    async def scene() -> None:
        gate, work = Gate("draw", 1, 5, 5), Work()
        first = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.busy == 1)
        waiting = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.waiting == 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert gate.waiting == 0
        work.end.set()
        await first
        assert await gate.run(lambda: "next") == "next"

    asyncio.run(scene())


def test_the_turn_that_comes_as_its_caller_goes_is_given_on() -> None:
    async def scene() -> None:
        gate, work = Gate("draw", 1, 5, 5), Work()
        first = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.busy == 1)
        leaving = asyncio.create_task(gate.run(lambda: "left"))
        await _until(lambda: gate.waiting == 1)
        gate._give_on()  # as when the first one ends …
        leaving.cancel()  # … in the very moment in which the second one goes
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert (gate.busy, gate._free) == (0, 1)
        gate.busy, gate._free = 1, 0  # the first one is still there
        work.end.set()
        await first

    asyncio.run(scene())


def test_closing_sends_away_who_waits_and_lets_finish_who_draws() -> None:
    async def scene() -> None:
        gate, work = Gate("draw", 1, 5, 5), Work()
        drawing = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.busy == 1)
        waiting = asyncio.create_task(gate.run(work))
        await _until(lambda: gate.waiting == 1)
        gate.close()
        with pytest.raises(ServiceUnavailableError):
            await waiting
        with pytest.raises(ServiceUnavailableError):
            await gate.run(work)
        work.end.set()
        assert await drawing == "drawn"

    asyncio.run(scene())


def test_the_work_s_own_error_comes_out_and_frees_the_place() -> None:
    def failing() -> None:
        raise KeyError("bug")

    async def scene() -> None:
        gate = Gate("draw", 1, 0, 1)
        for _ in range(3):
            with pytest.raises(KeyError):
                await gate.run(failing)
        await _until(lambda: gate.busy == 0)

    asyncio.run(scene())
