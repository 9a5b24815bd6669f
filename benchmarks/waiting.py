"""Which of a function's calls are waited for: what other threads do meanwhile costs no more than the longest of it.

Each thread has a list of the calls that lie before it. One that is begun starts with the list of who begins it; whoever
asks for its answer goes on with the longer of the two, by the latencies of ``benchmarks.latency``.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary


class Waiting:
    """Watches the threads that are begun by executors, and the calls that they make."""

    def __init__(self) -> None:
        self._thread = local()
        self._ended: WeakKeyDictionary[Future[Any], list[str]] = WeakKeyDictionary()

    @contextmanager
    def anew(self, calls: list[str]) -> Iterator[None]:
        """While it is open, the list gets the calls that this thread waits for; what ran before goes on then."""
        before = self._calls
        self._thread.calls = []
        try:
            yield
        finally:
            calls += self._calls
            self._thread.calls = before

    def note(self, call: str) -> None:
        """Note a call that this thread makes."""
        self._calls.append(call)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While it is open, it is known what executors run."""
        submit, result = ThreadPoolExecutor.submit, Future.result

        def submitted(pool: Any, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
            before, ended = list(self._calls), list[str]()

            def run() -> Any:
                self._thread.calls = list(before)
                try:
                    return call(*args, **named)
                finally:
                    ended.extend(self._calls)

            future = submit(pool, run)
            self._ended[future] = ended
            return future

        def asked(future: Future[Any], timeout: float | None = None) -> Any:
            try:
                return result(future, timeout)
            finally:
                self._thread.calls = longer(self._calls, self._ended.pop(future, []))

        with patch.object(ThreadPoolExecutor, "submit", submitted), patch.object(Future, "result", asked):
            yield

    @property
    def _calls(self) -> list[str]:
        if not hasattr(self._thread, "calls"):
            self._thread.calls = []
        calls: list[str] = self._thread.calls
        return calls


def longer(one: list[str], other: list[str]) -> list[str]:
    """Of two lists of calls the one that takes longer; the first where they take the same."""
    from benchmarks.latency import latency_of  # noqa: PLC0415 - it measures with us

    return max(one, other, key=lambda calls: sum(map(latency_of, calls)))
