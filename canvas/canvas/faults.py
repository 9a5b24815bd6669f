"""Faults on demand, so that tests can see how the pipeline takes each of them; off unless the server is told so."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from canvas.errors import (
    AccessDeniedError,
    InternalServerError,
    ModelTimeoutError,
    ResourceNotFoundError,
    ServiceError,
    ServiceUnavailableError,
    ThrottlingError,
    ValidationError,
)

BLOCKED: Final = "This request has been blocked by our content filters. Please adjust your {} to submit a new request."
ALL_BLOCKED: Final = "All of the generated images have been blocked by our content filters."
SOME_BLOCKED: Final = "Some of the generated images have been blocked by our content filters."

# kind of fault -> the answer that Bedrock sends then
ERRORS: Final[Mapping[str, tuple[type[ServiceError], str | None]]] = {
    "throttle": (ThrottlingError, None),
    "unavailable": (ServiceUnavailableError, None),
    "internal": (InternalServerError, None),
    "timeout": (ModelTimeoutError, None),
    "retired": (ResourceNotFoundError, None),
    "access_denied": (AccessDeniedError, None),
    "block_text": (ValidationError, BLOCKED.format("text prompt")),
    "block_image": (ValidationError, BLOCKED.format("input image")),
}
ANSWERS: Final = frozenset({"slow", "drop", "block_all", "block_some", "garbage_json", "garbage_image", "not_json"})
UNDRAWN: Final = frozenset({"block_all", "garbage_json", "garbage_image", "not_json"})  # nothing drawn is seen in these
KINDS: Final = frozenset(ERRORS) | ANSWERS


@dataclass(slots=True)
class Fault:
    """One planned fault: its kind, how many calls it still spoils, and for ``slow`` and ``timeout`` how long it waits.

    ``seconds`` applies to every kind: the answer is held back for so long first.
    """

    kind: str
    times: int = 1
    seconds: float = 0.0

    def error(self) -> ServiceError | None:
        """The error that this fault answers with, or None when it spoils the answer in another way."""
        if self.kind not in ERRORS:
            return None
        kind, message = ERRORS[self.kind]
        return kind(message)


class Faults:
    """The planned faults in order, and the number of model calls seen so far; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self._calls = 0

    def plan(self, data: Any) -> int:
        """Appends faults from ``{"faults": [{"kind", "times"?, "seconds"?}, …]}``; returns how many calls are spoilt.

        Raises:
            ValidationError: Some fault is unknown or has a bad number.
        """
        planned = [_fault(one) for one in data.get("faults", [])] if isinstance(data, dict) else []
        with self._lock:
            self._planned += planned
            return sum(fault.times for fault in self._planned)

    def clear(self) -> None:
        """Forgets planned faults and the count of calls."""
        with self._lock:
            self._planned.clear()
            self._calls = 0

    def next(self) -> Fault | None:
        """Counts one model call and returns the fault that spoils it, if any."""
        with self._lock:
            self._calls += 1
            if not self._planned:
                return None
            fault = self._planned[0]
            fault.times -= 1
            if fault.times <= 0:
                self._planned.pop(0)
            return fault

    def counts(self) -> dict[str, int]:
        """``{"calls": model calls seen, "planned": calls still to be spoiled}``."""
        with self._lock:
            return {"calls": self._calls, "planned": sum(fault.times for fault in self._planned)}


def _fault(data: Any) -> Fault:
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        raise ValidationError(f"A fault's kind must be one of {', '.join(sorted(KINDS))}.")
    times, seconds = data.get("times", 1), data.get("seconds", 0)
    if not isinstance(times, int) or times < 1 or not isinstance(seconds, int | float) or seconds < 0:
        raise ValidationError("A fault's times must be a whole number from 1, its seconds a number from 0.")
    return Fault(data["kind"], times, float(seconds))
