"""`make invoke`: every sample event runs alone in the stack and ends as its name says."""

import pytest

from local.outcomes import EVENTS
from local.scene import Scene
from local.shopper import Shopper
from tests.e2e.conftest import World

STEPS = ("validate_request", "reserve_slot", "invoke_model", "store_result", "notify_client", "deliver_result")


@pytest.mark.parametrize("function", STEPS)
def test_an_accepted_event_is_accepted_by_the_running_stack(world: World, function: str) -> None:
    scene = Scene(world.endpoints, EVENTS / function / "accepted.json")
    scene.set()

    answer = world.invoke(function, scene.payload)

    assert answer.get("batchItemFailures", []) == []


def test_the_stack_leaves_the_job_of_a_sample_event_alone(world: World, ada: Shopper) -> None:
    scene = Scene(world.endpoints, EVENTS / "validate_request" / "accepted.json", fresh=True)
    scene.set()

    assert ada.try_on(**world.request())["status"] == "completed"  # behind it in the table's stream
    assert world.executions_of(scene.job_id) == []
    row = world.row("jobs", id=scene.job_id)
    assert row is not None
    assert (row["status"], row["stage"]) == ({"S": "processing"}, {"S": "validating"})
    scene.clear()
