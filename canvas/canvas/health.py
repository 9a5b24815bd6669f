"""Whether the endpoint can draw: loading, ready, failed for good, stopping."""

import threading
from collections.abc import Callable
from typing import Final, Literal

from canvas.engine import EngineStartError
from canvas.errors import ModelNotReadyError, ServiceError, ServiceUnavailableError

State = Literal["loading", "ready", "failed", "stopping"]
STATES: Final[tuple[State, ...]] = ("loading", "ready", "failed", "stopping")


class Health:
    """The endpoint's state, changed from the thread that loads and read from the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.state: State = "loading"
        self.reason = ""

    def load(self, start: Callable[[], None]) -> None:
        """Runs ``start`` and notes how it went; never raises."""
        try:
            start()
        except EngineStartError as error:
            self.fail(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a model's loader raises, the endpoint must say so at /ping
            self.fail(f"the engine did not start: {type(error).__name__}: {error}")
        else:
            with self._lock:
                if self.state == "loading":
                    self.state = "ready"

    def fail(self, reason: str) -> None:
        """The engine will not draw in this process."""
        with self._lock:
            if self.state != "stopping":
                self.state, self.reason = "failed", reason

    def stop(self) -> None:
        """No new call is taken."""
        with self._lock:
            self.state = "stopping"

    def refusal(self) -> ServiceError | None:
        """What a call gets now instead of a picture, or None when it may go on."""
        if self.state == "ready":
            return None
        if self.state == "loading":
            return ModelNotReadyError()
        return ServiceUnavailableError()
