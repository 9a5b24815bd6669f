"""The ways through the state machine that end with pictures, or with nothing left to do."""

from typing import Any

import pytest

from asl.run import Run
from tests.workflow.cases import HAPPY_PATH, IN_THE_QUEUE, REUSE_PATH
from tests.workflow.world import SOCKET, AnswerLost, World
from vto.domain.job import Stage
from vto.errors import ModelRefusedError, ModelRetiredError, ModelThrottledError, ModelTimeoutError


def test_a_try_on_passes_six_states_in_order_each_once(world: World) -> None:
    run = world.run()

    assert run.path == HAPPY_PATH
    assert run.transitions == 6
    assert run.status == "SUCCEEDED"
    assert world.model_calls == 1


def test_the_job_walks_through_its_stages_and_its_owner_sees_each_of_them(world: World) -> None:
    world.run()
    world.settle()

    frames = [frame["job"] for frame in world.notifier.sent[SOCKET]]
    assert [(frame["status"], frame["stage"]) for frame in frames] == [
        ("created", None),
        ("processing", "validating"),
        ("processing", "queued"),
        ("processing", "generating"),
        ("processing", "storing"),
        ("completed", None),
    ]
    assert len(frames[-1]["images"]) == 1


# --- two executions of one job -------------------------------------------------------------------------------------


def test_a_second_execution_of_a_running_job_ends_quietly(world: World) -> None:
    job, second = world.ask(), list[Run]()

    first = world.run(job, invoke_model=[lambda _: second.append(world.run(job, name=f"{job.id}-2"))])

    assert first.path == HAPPY_PATH
    assert second[0].path == ["Validate Request", "Already Claimed"]
    assert second[0].attempts("Validate Request") == 1
    assert second[0].status == "SUCCEEDED"
    assert world.model_calls == 1


def test_a_second_execution_of_a_finished_job_ends_quietly(world: World) -> None:
    world.run()
    again = world.run(world.job(), name="again")

    assert again.path == ["Validate Request", "Already Claimed"]
    assert world.model_calls == 1


@pytest.mark.parametrize("step", ["validate_request", "reserve_slot", "store_result", "notify_client"])
def test_a_step_whose_answer_was_lost_is_repeated_without_harm(world: World, step: str) -> None:
    run = world.run(**{step: [AnswerLost("Lambda.ServiceException"), AnswerLost("States.Timeout")]})

    assert run.path == HAPPY_PATH
    assert run.transitions == 8
    assert world.model_calls == 1
    assert len({job.slot_at for job in world.jobs.changes if job.slot_at}) == 1  # one slot was taken, not three


# --- an equal job --------------------------------------------------------------------------------------------------


def test_a_finished_result_whose_pictures_are_gone_is_made_anew(world: World) -> None:
    world.run(world.ask("first"))
    del world.pictures.objects[world.job("first").images[0].s3_url]

    run = world.run(world.ask("second"))

    assert run.path == IN_THE_QUEUE
    assert world.model_calls == 2


def test_who_uses_an_equal_result_takes_no_slot_and_is_never_queued(world: World) -> None:
    first, second = world.ask("first"), world.ask("second")
    world.run(first)
    taken = dict(world.controls.slots)

    run = world.run(second)

    assert run.path == REUSE_PATH
    assert world.controls.slots == taken
    assert Stage.QUEUED not in {change.stage for change in world.job("second").timeline}


def test_a_twin_waits_for_the_one_who_is_first_and_shares_its_result(world: World) -> None:
    first, second = world.ask("first"), world.ask("second")

    run = world.run(second, validate_request=[lambda _: world.validates("first"), None, lambda _: world.run(first)])

    assert run.waited("Wait For Twin") == [3, 3]
    assert "Invoke Model" not in run.path
    assert run.end == "Notify Client"
    assert world.model_calls == 1


def test_a_twin_goes_on_alone_when_the_first_one_fails(world: World) -> None:
    first, second = world.ask("first"), world.ask("second")
    world.model.outcomes = [ModelRefusedError()]

    run = world.run(second, validate_request=[lambda _: world.validates("first"), lambda _: world.run(first)])

    assert run.waited("Wait For Twin") == [3]
    assert run.end == "Notify Client"
    assert world.job("first").error_code == "model_refused"
    assert world.model_calls == 2


# --- slots and engines ---------------------------------------------------------------------------------------------


def test_a_throttled_call_takes_a_new_slot_each_time_further_away(world: World) -> None:
    world.model.outcomes = [ModelThrottledError(), ModelThrottledError(), ModelThrottledError()]

    run = world.run()

    assert run.end == "Notify Client"
    assert run.path.count("Reserve Slot") == 4
    assert run.waited("Wait For Slot") == [1, 2, 4]
    assert run.waited("Invoke Model") == []
    assert world.job().attempts == 4


def test_a_busy_engine_makes_the_next_job_wait_for_its_slot(world: World) -> None:
    world.run(world.ask("first"))
    run = world.run(world.ask("second", parameters=prompt("another thing")))

    assert run.waited("Wait For Slot") == [1]
    assert run.path == IN_THE_QUEUE


def prompt(text: str) -> dict[str, Any]:
    """Parameters that no other job has."""
    return {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": text}}


@pytest.mark.parametrize("engines", [("nova_canvas", "preview")])
def test_a_retired_engine_is_left_at_once(world: World) -> None:
    world.model.outcomes = [ModelRetiredError()]

    run = world.run()

    assert run.attempts("Invoke Model") == 2
    assert run.waited("Invoke Model") == []
    assert world.job().engine == "preview"


@pytest.mark.parametrize("engines", [("nova_canvas", "preview")])
def test_what_the_second_choice_made_is_not_offered_in_the_name_of_the_first(world: World) -> None:
    world.model.outcomes = [ModelRetiredError()]
    world.run()

    assert world.results.ready == {}


@pytest.mark.parametrize("engines", [("nova_canvas", "preview")])
def test_an_engine_that_failed_is_not_asked_again_while_the_other_one_is_paused(world: World) -> None:
    world.model.outcomes = [ModelRetiredError()]
    world.controls.paused = {"preview"}

    run = world.run(reserve_slot=[None, None, lambda _: world.controls.paused.clear()])

    assert run.end == "Notify Client"
    assert world.job().engine == "preview"
    assert world.model_calls == 2


def test_throttles_are_not_forgotten_over_a_pause(world: World) -> None:
    world.model.outcomes = [ModelThrottledError()] * 5
    pause, resume = (lambda _: world.controls.paused.add("preview")), (lambda _: world.controls.paused.clear())

    run = world.run(reserve_slot=[None, pause, resume, pause, resume])

    assert run.end == "Failed"
    assert run.attempts("Invoke Model") == 4
    assert world.job().error_code == "model_throttled"


def test_a_call_that_timed_out_is_repeated_once(world: World) -> None:
    world.model.outcomes = [ModelTimeoutError()]

    run = world.run()

    assert run.waited("Invoke Model") == [2]
    assert run.path == HAPPY_PATH
    assert run.transitions == 7
    assert world.model_calls == 2


def test_a_late_answer_of_the_first_call_cannot_overwrite_the_second_ones_pictures(world: World) -> None:
    world.model.outcomes = [ModelTimeoutError()]
    world.run()

    assert len({request.output for request in world.model.requests}) == 2
