"""The endpoint's figures, in Prometheus' text format.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0)  # seconds


class Histogram:
    """Counts of seconds up to each bound, their sum and their number."""

    def __init__(self) -> None:
        self._counts = [0] * len(BUCKETS)
        self._sum = 0.0
        self._count = 0

    def observe(self, seconds: float) -> None:
        """Notes one duration."""
        self._sum += seconds
        self._count += 1
        for place, bound in enumerate(BUCKETS):
            if seconds <= bound:
                self._counts[place] += 1

    def lines(self, name: str) -> Iterator[str]:
        """Bucket, sum and count lines; the buckets are cumulative."""
        for bound, count in zip(BUCKETS, self._counts, strict=True):
            yield f'{name}_bucket{{le="{bound}"}} {count}'
        yield f'{name}_bucket{{le="+Inf"}} {self._count}'
        yield f"{name}_sum {self._sum:.6f}"
        yield f"{name}_count {self._count}"


class Metrics:
    """Counters of one process; safe to use from several threads."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._requests: Counter[tuple[int, str]] = Counter()
        self._answers = Histogram()
        self._drawings = Histogram()
        self._pictures = 0
        self._adapted: Counter[str] = Counter()
        self._in_flight = 0

    def arrived(self) -> None:
        """A call came."""
        with self._lock:
            self._in_flight += 1

    def answered(self, status: int, error_type: str, seconds: float) -> None:
        """A call was answered; ``error_type`` is empty for a good answer."""
        with self._lock:
            self._in_flight -= 1
            self._requests[status, error_type] += 1
            self._answers.observe(seconds)

    def drawn(self, pictures: int, seconds: float, adapted: tuple[str, ...]) -> None:
        """The engine drew one request's pictures."""
        with self._lock:
            self._pictures += pictures
            self._drawings.observe(seconds)
            self._adapted.update(one.partition("=")[0] for one in adapted)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All figures; ``gauges`` adds what others know: name → (help, value)."""
        with self._lock:
            return "\n".join([*self._lines(gauges), ""])

    def _lines(self, gauges: Mapping[str, tuple[str, float]]) -> Iterator[str]:
        yield from _head("canvas_info", "gauge", "The engine that draws.")
        yield f'canvas_info{{engine="{_escaped(self._engine)}"}} 1'
        yield from _head("canvas_requests_total", "counter", "Calls answered, by status and error type.")
        for (status, error_type), count in sorted(self._requests.items()):
            yield f'canvas_requests_total{{status="{status}",error_type="{_escaped(error_type)}"}} {count}'
        yield from _head("canvas_requests_in_flight", "gauge", "Calls not answered yet.")
        yield f"canvas_requests_in_flight {self._in_flight}"
        yield from _head("canvas_request_seconds", "histogram", "From the first byte of a call to its answer.")
        yield from self._answers.lines("canvas_request_seconds")
        yield from _head("canvas_draw_seconds", "histogram", "Time that the engine took for one request.")
        yield from self._drawings.lines("canvas_draw_seconds")
        yield from _head("canvas_pictures_total", "counter", "Pictures drawn.")
        yield f"canvas_pictures_total {self._pictures}"
        yield from _head("canvas_adapted_total", "counter", "Fields of requests that the engine could not honour.")
        for field, count in sorted(self._adapted.items()):
            yield f'canvas_adapted_total{{field="{_escaped(field)}"}} {count}'
        for name, (explanation, value) in gauges.items():
            yield from _head(name, "gauge", explanation)
            yield f"{name} {value:g}"


def _head(name: str, kind: str, explanation: str) -> Iterator[str]:
    yield f"# HELP {name} {explanation}"
    yield f"# TYPE {name} {kind}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
