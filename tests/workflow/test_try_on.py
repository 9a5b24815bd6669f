from tests.workflow.world import World

HAPPY_PATH = [
    "Claim Job",
    "Validate Request",
    "Already Generated?",
    "Reserve Slot",
    "Wait For Slot",
    "Invoke Model",
    "Store Result",
    "Notify Client",
    "Job Completed",
]


def test_a_try_on_passes_nine_states_in_order_each_once(world: World) -> None:
    run = world.run()

    assert run.path == HAPPY_PATH
    assert run.transitions == 9
    assert run.status == "SUCCEEDED"
    assert world.job().status == "completed"
    assert world.model_calls == 1
