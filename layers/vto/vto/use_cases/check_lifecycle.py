"""Every day: how long will the model behind ``nova_canvas`` still be there?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vto.domain import times
from vto.ports import Clock, Models


@dataclass(frozen=True, slots=True)
class CheckLifecycle:
    """Asks for the lifecycle of the one model that the stack may call, in the stack's own Region."""

    models: Models
    model_id: str
    clock: Clock
    told: Callable[[str, str, int | None], None]

    def __call__(self) -> dict[str, Any]:
        """Check.

        Returns:
            ``model_id``, ``status``, ``end_of_life`` (ISO-8601, or None) and ``days_to_end_of_life`` (0 for a model
            that is gone, None while no end is in sight).

        Raises:
            ModelUnavailableError: Bedrock does not say.
        """
        found = self.models.lifecycle(self.model_id)
        days = found.days_left(self.clock.now())
        self.told(self.model_id, found.status, days)
        return {
            "model_id": self.model_id,
            "status": found.status,
            "end_of_life": times.to_iso(found.end_at) if found.end_at else None,
            "days_to_end_of_life": days,
        }
