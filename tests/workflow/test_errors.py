"""What holds about failures beyond the way they take through the machine, which tests/workflow/cases.py tells."""

from datetime import timedelta

import pytest

from tests.workflow.cases import STEPS
from tests.workflow.world import World, definition_of
from vto import errors
from vto.domain.job import Status

EACH_STEP = pytest.mark.parametrize("step", [state.lower().replace(" ", "_") for state in STEPS])


def test_the_words_for_the_shopper_survive_the_way_through_the_machine(world: World) -> None:
    problem = errors.PictureRejectedError("detail", [errors.Violation("product_id", "is too small", "use another")])

    world.run(validate_request=[problem])

    assert world.job().error_message == errors.PictureRejectedError.message
    told = {"path": "product_id", "problem": "is too small", "remedy": "use another"}
    assert [dict(one) for one in world.job().error_details] == [told]


# --- how often an engine is called -----------------------------------------------------------------------------------


@pytest.mark.parametrize("engines", [("nova_canvas", "preview")])
def test_while_no_engine_can_be_reached_each_is_asked_three_times_and_then_once_a_minute(world: World) -> None:
    for model in world.models.values():
        model.outcomes = [errors.ModelUnavailableError() for _ in range(30)]

    run = world.run()

    assert all(3 + 10 <= len(model.requests) <= 3 + 15 for model in world.models.values())
    run.assert_end("Refused")
    assert world.job().error_code == "expired"


def test_an_engine_that_always_throttles_is_called_four_times(world: World) -> None:
    world.model.outcomes = [errors.ModelThrottledError() for _ in range(9)]

    world.run()

    assert world.model_calls == 4


def test_a_second_timeout_is_the_last(world: World) -> None:
    world.model.outcomes = [errors.ModelTimeoutError(), errors.ModelTimeoutError(), 1]

    world.run()

    assert world.model_calls == 2
    assert world.job().error_code == "model_timeout"


def test_a_call_for_which_lambda_had_no_room_never_reached_the_engine(world: World) -> None:
    world.run(invoke_model=["Lambda.TooManyRequestsException"])

    assert world.model_calls == 1
    assert world.job().attempts == 1


def test_blocked_content_is_refused_after_one_call(world: World) -> None:
    world.model.outcomes = [errors.ContentBlockedError()]

    world.run().assert_end("Refused")

    assert world.model_calls == 1
    assert world.job().error_code == "content_blocked"


def test_blocked_results_are_made_anew_once_with_another_seed(world: World) -> None:
    world.model.outcomes = [errors.ResultsBlockedError(), errors.ResultsBlockedError(), 1]

    world.run().assert_end("Refused")

    assert [one.parameters["imageGenerationConfig"]["seed"] for one in world.model.requests] == [12, 13]
    assert world.job().error_code == "results_blocked"


def test_blocked_results_of_a_seed_that_the_request_names_are_final(world: World) -> None:
    world.model.outcomes = [errors.ResultsBlockedError(), 1]
    mask = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}}

    world.run(world.ask(parameters={**mask, "imageGenerationConfig": {"seed": 12}})).assert_end("Refused")

    assert world.model_calls == 1


PAID = [errors.ModelTimeoutError, errors.ModelFailedError, errors.ResultsBlockedError]


@pytest.mark.parametrize("free", [errors.ModelThrottledError, errors.ModelUnavailableError])
@pytest.mark.parametrize("second", PAID)
@pytest.mark.parametrize("first", PAID)
def test_whatever_happens_no_execution_makes_more_than_two_calls_that_may_be_billed(
    world: World, first: type[errors.VtoError], second: type[errors.VtoError], free: type[errors.VtoError]
) -> None:
    """A visit of Reserve Slot in between would give Invoke Model's Retry new attempts."""
    planned: list[errors.VtoError | int] = [first(), *[free() for _ in range(3)], second(), free(), 1, 1]
    world.model.outcomes = list(planned)

    world.run()

    paid = [one for one in planned[: world.model_calls] if not isinstance(one, free)]
    assert 1 <= len(paid) <= 2


def test_garbage_fails_after_one_call_and_is_not_offered_to_others(world: World) -> None:
    def break_picture(world: World) -> None:
        world.tools.problem = errors.PictureRejectedError("does not decode")

    world.run(store_result=[break_picture]).assert_status("FAILED", "BadModelOutputError")

    assert world.model_calls == 1
    assert world.job().error_code == "bad_model_output"
    assert (world.results.ready, world.results.claims) == ({}, {})


def test_a_job_behind_too_long_a_queue_is_refused_at_once(world: World) -> None:
    job = world.ask()  # nobody stood there when it was asked for
    world.controls.slots["preview"] = world.clock.now() + timedelta(minutes=16)

    world.run(job).assert_end("Refused")

    assert world.job().error_code == "queue_full"
    assert world.model_calls == 0


# --- somebody else ends the job --------------------------------------------------------------------------------------


def test_a_job_that_ended_while_its_failure_was_recorded_keeps_its_first_ending(world: World) -> None:
    world.run(validate_request=[errors.InternalError()], record_failure=[World.close]).assert_end("Failed")

    assert world.job().error_code == "execution_lost"


@EACH_STEP
def test_nothing_of_a_job_that_was_erased_comes_back(world: World, step: str) -> None:
    run = world.run(**{step: [lambda _: world.jobs.rows.clear()]})

    run.assert_end("Job Closed")
    assert world.jobs.rows == {}


# --- even the repair fails -------------------------------------------------------------------------------------------


def test_a_job_whose_failure_cannot_be_recorded_is_ended_by_the_rule_on_failed_executions(world: World) -> None:
    world.run(store_result=[errors.BadModelOutputError()], record_failure=["States.Timeout"] * 7)

    assert world.job().status is Status.PROCESSING
    world.settle()
    assert world.job().error_code == "execution_lost"


def test_an_answer_without_a_field_that_the_machine_reads_fails_the_execution_at_once(world: World) -> None:
    """On AWS nothing catches States.Runtime, so this must be impossible, and end well all the same."""
    serve = world.engine.world
    world.engine.world = lambda call: {} if call.state == "Validate Request" else serve(call)

    world.run().assert_status("FAILED", "States.Runtime").assert_end("Validate Request")

    world.settle()
    assert world.job().error_code == "execution_lost"


def test_an_answer_that_is_too_large_for_the_state_fails_the_execution_at_once(world: World) -> None:
    serve = world.engine.world
    world.engine.world = lambda call: {"sockets_told": "x" * 262_144} if call.state == "Notify Client" else serve(call)

    world.run().assert_status("FAILED", "States.DataLimitExceeded")

    world.settle()
    assert world.job().status is Status.COMPLETED


def test_an_execution_that_takes_longer_than_the_machine_may_is_ended_by_the_rule(world: World) -> None:
    longer = definition_of()["TimeoutSeconds"] + 1

    world.run(invoke_model=[lambda world: world.clock.advance(longer)]).assert_status("TIMED_OUT")

    world.settle()
    assert world.job().error_code == "execution_lost"
