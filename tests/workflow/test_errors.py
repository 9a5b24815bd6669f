"""Every way in which a step can fail: where the execution ends, what the job says, and how often it was tried."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat

import pytest

from tests.workflow.world import AnswerLost, Outcome, World
from vto import errors
from vto.domain.job import Status

# how long each step waits between its attempts, as the ASL says (jitter at its longest)
BUSY = [1, 2, 4, 8, 15, 15]  # Lambda itself had no room: surely nothing has run
AGAIN = [1, 2, 4, 8]
UNREACHABLE = [2, 4]
ONCE = [2]
NEVER: list[float] = []

SERVICES = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.Timeout",
)
STEPS = {
    "validate_request": "Validate Request",
    "reserve_slot": "Reserve Slot",
    "invoke_model": "Invoke Model",
    "store_result": "Store Result",
}


@dataclass(frozen=True)
class Case:
    """A step that always fails in one way, and what comes of it."""

    step: str
    error: str
    end: str
    error_code: str
    waits: list[float]

    @property
    def outcomes(self) -> Iterable[Outcome]:
        cls = errors.all_errors().get(self.error)
        if cls is not None:
            return repeat(cls("on purpose"))
        return repeat(KeyError("a bug") if self.error == "KeyError" else self.error)

    def __str__(self) -> str:
        return f"{self.step}-{self.error}"


def refused(step: str, error: str) -> Case:
    return Case(step, error, "Refused", errors.all_errors()[error].code, NEVER)


def failed(step: str, error: str, error_code: str, waits: list[float] = NEVER) -> Case:
    return Case(step, error, "Failed", error_code, waits)


CASES = [
    refused("validate_request", "InvalidRequestError"),
    refused("validate_request", "PictureMissingError"),
    refused("validate_request", "PictureRejectedError"),
    failed("validate_request", "StorageUnavailableError", "storage_unavailable", AGAIN),
    refused("reserve_slot", "QueueFullError"),
    refused("reserve_slot", "ExpiredError"),
    failed("reserve_slot", "StorageUnavailableError", "storage_unavailable", AGAIN),
    refused("invoke_model", "InvalidRequestError"),
    refused("invoke_model", "PictureMissingError"),
    refused("invoke_model", "ContentBlockedError"),
    failed("invoke_model", "ModelThrottledError", "model_throttled"),
    failed("invoke_model", "ModelUnavailableError", "model_unavailable", UNREACHABLE),
    failed("invoke_model", "ModelTimeoutError", "model_timeout", ONCE),
    failed("invoke_model", "ModelRetiredError", "model_retired"),
    failed("invoke_model", "BadModelOutputError", "bad_model_output"),
    failed("invoke_model", "StorageUnavailableError", "storage_unavailable", AGAIN),
    failed("store_result", "BadModelOutputError", "bad_model_output"),
    failed("store_result", "StorageUnavailableError", "storage_unavailable", AGAIN),
    *(failed(step, "InternalError", "internal") for step in STEPS),
    *(failed(step, "KeyError", "internal") for step in STEPS),
    *(failed(step, "Lambda.TooManyRequestsException", "internal", BUSY) for step in STEPS if step != "invoke_model"),
    *(failed(step, name, "internal", AGAIN) for step in STEPS if step != "invoke_model" for name in SERVICES),
]
# raised at the edge (REST, socket), or told of in tests of their own
ELSEWHERE = {
    "NotFoundError",
    "NotAuthorizedError",
    "RequestConflictError",
    "NoEngineError",
    "NotifierUnavailableError",
    "ExecutionLostError",
    "JobClosedError",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_failing_step_is_tried_as_often_as_promised_and_ends_the_job(world: World, case: Case) -> None:
    state = STEPS[case.step]

    run = world.run(**{case.step: case.outcomes})

    job = world.job()
    assert run.end == case.end
    assert run.status == ("FAILED" if case.end == "Failed" else "SUCCEEDED")
    assert (job.status, job.error_code) == (Status.ERROR, case.error_code)
    assert run.waited(state) == case.waits
    if case.error != "ModelThrottledError":  # comes back through Reserve Slot: see below
        assert run.attempts(state) == 1 + len(case.waits)
    assert run.path[-4:] == ["Record Failure", "Notify Failure", "Refused Or Failed?", case.end]


def test_every_error_of_ours_has_a_case() -> None:
    assert {case.error for case in CASES} >= errors.all_errors().keys() - ELSEWHERE


def test_the_words_for_the_shopper_survive_the_way_through_the_machine(world: World) -> None:
    problem = errors.PictureRejectedError("detail", [errors.Violation("product_id", "is too small")])

    world.run(validate_request=[problem])

    assert world.job().error_message == errors.PictureRejectedError.message
    assert [dict(one) for one in world.job().error_details] == [{"path": "product_id", "problem": "is too small"}]


# --- Invoke Model ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", SERVICES)
def test_a_call_of_the_model_that_was_cut_off_counts_as_a_timeout(world: World, problem: str) -> None:
    run = world.run(invoke_model=repeat(AnswerLost(problem)))

    assert run.outcomes("Invoke Model") == [problem] * 2  # each may be billed
    assert run.waited("Invoke Model") == ONCE
    assert run.end == "Failed"
    assert world.job().error_code == "model_timeout"


def test_a_call_for_which_lambda_had_no_room_is_no_timeout(world: World) -> None:
    run = world.run(invoke_model=repeat("Lambda.TooManyRequestsException"))

    assert run.waited("Invoke Model") == BUSY
    assert world.job().error_code == "internal"
    assert world.model_calls == 0


def test_an_engine_that_always_throttles_is_asked_four_times_in_all(world: World) -> None:
    world.model.outcomes = [errors.ModelThrottledError() for _ in range(9)]

    run = world.run()

    assert run.outcomes("Reserve Slot") == ["ok"] * 4 + ["ModelThrottledError"]
    assert run.attempts("Invoke Model") == 4
    assert run.waited("Wait For Slot") == [0, 1, 2, 4]
    assert world.job().error_code == "model_throttled"


@pytest.mark.parametrize("engines", [("nova_canvas", "preview")])
def test_when_no_engine_can_be_reached_each_was_asked_three_times(world: World) -> None:
    for model in world.models.values():
        model.outcomes = [errors.ModelUnavailableError() for _ in range(9)]

    run = world.run()

    assert [len(model.requests) for model in world.models.values()] == [3, 3]
    assert run.waited("Invoke Model") == [*UNREACHABLE, *UNREACHABLE]
    assert run.end == "Failed"
    assert world.job().error_code == "model_unavailable"


def test_a_second_timeout_is_the_last(world: World) -> None:
    world.model.outcomes = [errors.ModelTimeoutError(), errors.ModelTimeoutError(), 1]

    world.run()

    assert world.model_calls == 2
    assert world.job().error_code == "model_timeout"


def test_blocked_content_is_refused_after_one_call(world: World) -> None:
    world.model.outcomes = [errors.ContentBlockedError()]

    run = world.run()

    assert run.end == "Refused"
    assert world.model_calls == 1
    assert world.job().error_code == "content_blocked"


def test_garbage_fails_after_one_call_and_is_not_offered_to_others(world: World) -> None:
    def break_picture() -> None:
        world.tools.problem = errors.PictureRejectedError("does not decode")

    run = world.run(store_result=[break_picture])

    assert run.end == "Failed"
    assert run.error == "BadModelOutputError"
    assert world.model_calls == 1
    assert world.job().error_code == "bad_model_output"
    assert (world.results.ready, world.results.claims) == ({}, {})


# --- waiting too long ------------------------------------------------------------------------------------------------


def test_a_job_whose_engines_stay_paused_expires_after_a_quarter_of_an_hour(world: World) -> None:
    world.controls.paused = {"preview"}

    run = world.run()

    assert run.waited("Wait For Engine") == [15] * 61
    assert run.end == "Refused"
    assert world.job().error_code == "expired"
    assert world.model_calls == 0


def test_a_job_behind_too_long_a_queue_is_refused_at_once(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(minutes=16)

    run = world.run()

    assert run.end == "Refused"
    assert world.job().error_code == "queue_full"


# --- somebody else ends the job --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_a_job_that_was_ended_by_somebody_else_keeps_that_ending(world: World, step: str) -> None:
    run = world.run(**{step: [world.close]})

    assert run.path[-2:] == [STEPS[step], "Job Closed"]
    assert run.attempts(STEPS[step]) == 1
    assert run.status == "SUCCEEDED"
    assert world.job().error_code == "execution_lost"


def test_a_job_that_ended_while_its_failure_was_recorded_keeps_its_first_ending(world: World) -> None:
    run = world.run(validate_request=[errors.InternalError()], record_failure=[world.close])

    assert run.end == "Failed"
    assert world.job().error_code == "execution_lost"


@pytest.mark.parametrize("step", STEPS)
def test_nothing_of_a_job_that_was_erased_comes_back(world: World, step: str) -> None:
    run = world.run(**{step: [world.jobs.rows.clear]})

    assert run.end == "Job Closed"
    assert world.jobs.rows == {}


# --- even the repair fails -------------------------------------------------------------------------------------------


def test_a_claim_that_the_table_never_answers_fails_the_job(world: World) -> None:
    run = world.run(claim_job=repeat("DynamoDB.InternalServerError"))

    assert run.waited("Claim Job") == [1, 2, 4, 8, 10]
    assert run.end == "Failed"
    assert world.job().error_code == "internal"


@pytest.mark.parametrize("problem", ["Lambda.ServiceException", "States.Timeout", KeyError("a bug")])
def test_when_even_record_failure_fails_the_rule_on_failed_executions_ends_the_job(
    world: World, problem: Outcome
) -> None:
    run = world.run(store_result=[errors.BadModelOutputError()], record_failure=repeat(problem))

    assert run.path[-2:] == ["Record Failure", "Failed"]
    assert run.waited("Record Failure") == BUSY
    assert run.error == "BadModelOutputError"
    assert world.job().status is Status.PROCESSING
    world.settle()
    assert world.job().error_code == "execution_lost"


@pytest.mark.parametrize(("error", "end"), [("ContentBlockedError", "Refused"), ("BadModelOutputError", "Failed")])
def test_a_failure_that_cannot_be_told_now_ends_as_it_would(world: World, error: str, end: str) -> None:
    run = world.run(invoke_model=[errors.all_errors()[error]()], notify_failure=repeat("Lambda.ServiceException"))

    assert run.attempts("Notify Failure") == 4
    assert run.end == end


def test_a_timeout_may_be_the_name_of_the_whole_failure(world: World) -> None:
    run = world.run(validate_request=repeat("States.Timeout"))

    assert (run.end, run.error) == ("Failed", "States.Timeout")
