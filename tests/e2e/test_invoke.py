"""`make invoke`: every sample event runs alone in the stack and ends as its name says."""

from pathlib import Path

import pytest

from local.scene import EVENTS, stage
from tests.e2e.conftest import World

STEPS = ("validate_request", "reserve_slot", "invoke_model", "store_result", "notify_client", "deliver_result")


@pytest.mark.parametrize("function", STEPS)
def test_an_accepted_event_is_accepted_by_the_running_stack(world: World, function: str) -> None:
    event: Path = EVENTS / function / "accepted.json"
    stage(world.endpoints, event)
    text = event.read_text().replace("vto-uploads-", "e2e-uploads-").replace("vto-results-", "e2e-results-")
    answer = world.invoke(function, text)

    assert answer.get("batchItemFailures", []) == []
