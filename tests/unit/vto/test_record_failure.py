"""State "Record Failure": whatever was caught becomes the job's one ending."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import EXECUTION, RESULTS, World
from vto.domain.job import Stage, Status
from vto.domain.storage import S3Url
from vto.errors import (
    AlreadyClaimedError,
    ExecutionLostError,
    InternalError,
    InvalidRequestError,
    JobClosedError,
    ModelTimeoutError,
    PictureRejectedError,
    RefusalError,
    StorageUnavailableError,
    Violation,
    VtoError,
    all_errors,
)
from vto.use_cases.record_failure import error_of

OTHER = "arn:execution:second"
ERRORS = {name: cls for name, cls in all_errors().items() if not issubclass(cls, JobClosedError)}
SERVICE_NAMES = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.Timeout",
]


def caught(error: VtoError) -> dict[str, str]:
    """What Step Functions gives for an error that a function raised."""
    cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": ["..."]}
    return {"Error": type(error).__name__, "Cause": json.dumps(cause)}


def at_stage(world: World, stage: Stage) -> None:
    job = world.claimed_job()
    if stage is not Stage.VALIDATING:
        entered = job.enter(stage, execution_arn=EXECUTION, now=world.clock.now(), lease_seconds=60)
        world.jobs.save(entered, expected_version=job.version)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_ours_ends_the_job_under_its_own_code_as_refusal_or_failure(world: World, name: str) -> None:
    world.claimed_job()
    answer = world.record_failure("job-1", EXECUTION, caught(ERRORS[name]("detail")))
    job = world.jobs.rows["job-1"]
    assert answer == {
        "outcome": "refused" if issubclass(ERRORS[name], RefusalError) else "failed",
        "error_code": ERRORS[name].code,
    }
    assert (job.status, job.error_code, job.error_message) == (Status.ERROR, ERRORS[name].code, ERRORS[name].message)
    assert [(told.id, told.error_code) for told in world.endings] == [("job-1", ERRORS[name].code)]


@pytest.mark.parametrize("error", [JobClosedError, AlreadyClaimedError])
def test_who_found_the_job_to_be_another_ones_ends_nothing(world: World, error: type[JobClosedError]) -> None:
    before = world.claimed_job()
    assert world.record_failure("job-1", EXECUTION, caught(error())) == {"outcome": "closed", "error_code": None}
    assert world.jobs.rows["job-1"] == before


@pytest.mark.parametrize("name", SERVICE_NAMES)
@pytest.mark.parametrize("stage", [Stage.VALIDATING, Stage.QUEUED, Stage.STORING])
def test_what_a_service_reports_is_an_internal_error(world: World, name: str, stage: Stage) -> None:
    at_stage(world, stage)
    answer = world.record_failure("job-1", EXECUTION, {"Error": name, "Cause": "text"})
    assert answer == {"outcome": "failed", "error_code": "internal"}


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_while_the_model_was_called_it_counts_as_a_timeout_because_the_call_may_be_billed(
    world: World, name: str
) -> None:
    at_stage(world, Stage.GENERATING)
    answer = world.record_failure("job-1", EXECUTION, {"Error": name, "Cause": ""})
    assert answer["error_code"] == "model_timeout"


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_once_the_model_has_answered_it_is_no_timeout_of_the_model(world: World, name: str) -> None:
    at_stage(world, Stage.GENERATING)
    answer = world.record_failure("job-1", EXECUTION, {"Error": name, "Cause": ""}, {"images": ["s3://r/0.png"]})
    assert answer["error_code"] == "internal"


def test_a_bug_while_the_model_was_called_is_a_bug(world: World) -> None:
    at_stage(world, Stage.GENERATING)
    assert world.record_failure("job-1", EXECUTION, {"Error": "KeyError", "Cause": ""})["error_code"] == "internal"


def test_a_function_that_was_not_even_started_was_surely_not_billed(world: World) -> None:
    at_stage(world, Stage.GENERATING)
    failure = {"Error": "Lambda.TooManyRequestsException", "Cause": ""}
    assert world.record_failure("job-1", EXECUTION, failure)["error_code"] == "internal"


violations = st.lists(
    st.builds(Violation, st.text(max_size=20), st.text(max_size=40), st.text(max_size=40)), max_size=5
)


@given(detail=st.text(max_size=60), found=violations)
def test_detail_and_violations_survive_the_way_through_step_functions(detail: str, found: list[Violation]) -> None:
    error = error_of(caught(PictureRejectedError(detail, found)), Stage.VALIDATING)
    assert isinstance(error, PictureRejectedError)
    assert error.violations == tuple(found)
    if detail:
        assert error.detail == detail


def test_violations_reach_the_jobs_owner(world: World) -> None:
    world.claimed_job()
    error = InvalidRequestError("rules", [Violation("model_id", "its picture is “gone”", "use another")])
    world.record_failure("job-1", EXECUTION, caught(error))
    assert world.jobs.rows["job-1"].public()["error"]["details"] == [
        {"path": "model_id", "problem": "its picture is “gone”", "remedy": "use another"}
    ]


def test_of_a_job_that_somebody_else_ended_operators_are_told_nothing_more(world: World) -> None:
    world.completed_job()
    assert world.record_failure("job-1", EXECUTION, caught(InternalError()))["outcome"] == "closed"
    assert [told.status for told in world.endings] == [Status.COMPLETED]


def test_what_operators_are_told_stays_with_the_operators(world: World) -> None:
    world.claimed_job()
    world.record_failure("job-1", EXECUTION, caught(ModelTimeoutError("arn:aws:lambda:secret")))
    assert "arn:aws" not in str(world.jobs.rows["job-1"].public())


@pytest.mark.parametrize(
    "cause",
    ["", "plain text", "null", "[]", "7", '{"errorMessage": null}', '{"errorMessage": 7}', "{", "{}", '{"x": 1}'],
)
@pytest.mark.parametrize("name", ["PictureRejectedError", "States.TaskFailed", "KeyError"])
def test_a_cause_of_any_shape_is_understood(name: str, cause: str) -> None:
    assert isinstance(error_of({"Error": name, "Cause": cause}, None), VtoError)


@given(failure=st.dictionaries(st.sampled_from(["Error", "Cause"]), st.text() | st.none(), max_size=2))
def test_no_failure_however_strange_escapes_being_recorded(failure: dict[str, Any]) -> None:
    world = World()
    world.claimed_job()
    assert world.record_failure("job-1", EXECUTION, failure)["outcome"] in ("failed", "refused")


def test_a_bug_of_ours_is_an_internal_error(world: World) -> None:
    world.claimed_job()
    cause = json.dumps({"errorMessage": "'NoneType' object has no attribute 'x'", "errorType": "AttributeError"})
    assert world.record_failure("job-1", EXECUTION, {"Error": "AttributeError", "Cause": cause}) == {
        "outcome": "failed",
        "error_code": InternalError.code,
    }


def test_the_first_end_stands(world: World) -> None:
    done = world.completed_job()
    assert world.record_failure("job-1", EXECUTION, caught(InternalError())) == {
        "outcome": "closed",
        "error_code": None,
    }
    assert world.jobs.rows["job-1"] == done


def test_the_same_failure_recorded_twice_is_answered_alike_and_is_one_change(world: World) -> None:
    world.claimed_job()
    failure = caught(PictureRejectedError("size"))
    first = world.record_failure("job-1", EXECUTION, failure)
    ended = world.jobs.rows["job-1"]
    assert world.record_failure("job-1", EXECUTION, failure) == first
    assert world.jobs.rows["job-1"] == ended


def test_another_executions_job_is_left_alone(world: World) -> None:
    before = world.claimed_job()
    assert world.record_failure("job-1", OTHER, caught(InternalError()))["outcome"] == "closed"
    assert world.record_failure.lost("job-1", OTHER, "gone")["outcome"] == "closed"
    assert world.jobs.rows["job-1"] == before


def test_a_job_that_could_not_even_be_claimed_is_ended_too(world: World) -> None:
    world.add_job()
    failure = {"Error": "DynamoDB.ProvisionedThroughputExceededException", "Cause": "slow down"}
    assert world.record_failure("job-1", EXECUTION, failure)["outcome"] == "failed"
    assert world.status_of() is Status.ERROR


def test_an_erased_job_needs_no_ending(world: World) -> None:
    assert world.record_failure("nobody", EXECUTION, caught(InternalError()))["outcome"] == "closed"


@pytest.mark.parametrize("late", ["lost", "step"])
def test_the_result_of_an_erased_job_is_not_finished_however_late_its_execution_is_told_of(
    world: World, late: str
) -> None:
    done = world.completed_job()
    manifest = f"s3://{RESULTS}/results/job-1/result.json"
    world.pictures.objects.pop(manifest, None)
    world.jobs.save(done.erase(world.clock.now()), expected_version=done.version)

    if late == "lost":
        answer = world.record_failure.lost("job-1", EXECUTION, "aborted")
    else:
        answer = world.record_failure("job-1", EXECUTION, caught(StorageUnavailableError()))

    assert answer["outcome"] == "closed"
    assert manifest not in world.pictures.objects


def test_an_execution_that_ended_without_a_word_ends_its_job(world: World) -> None:
    world.claimed_job()
    answer = world.record_failure.lost("job-1", EXECUTION, "TIMED_OUT")
    assert answer == {"outcome": "failed", "error_code": ExecutionLostError.code}


def test_an_execution_that_ended_after_recording_changes_nothing_more(world: World) -> None:
    world.claimed_job()
    world.record_failure("job-1", EXECUTION, caught(ModelTimeoutError()))
    assert world.record_failure.lost("job-1", EXECUTION, "FAILED")["outcome"] == "closed"
    assert world.jobs.rows["job-1"].error_code == "model_timeout"


def test_a_failed_job_gives_its_claim_on_the_result_back(world: World) -> None:
    world.claimed_job()
    world.validate_request("job-1", EXECUTION, 0)
    assert world.results.claims
    world.record_failure("job-1", EXECUTION, caught(ModelTimeoutError()))
    assert world.results.claims == {}


def test_a_loss_that_is_told_twice_gives_the_claim_back_when_the_first_telling_died_before_that(world: World) -> None:
    world.claimed_job()
    world.validate_request("job-1", EXECUTION, 0)
    release, world.results.release = world.results.release, lambda key, job_id: None  # type: ignore[method-assign]
    first = world.record_failure.lost("job-1", EXECUTION, "FAILED")
    world.results.release = release  # type: ignore[method-assign]
    assert world.record_failure.lost("job-1", EXECUTION, "FAILED") == first
    assert world.results.claims == {}
    assert world.jobs.rows["job-1"].version == 3


def test_a_result_whose_manifest_was_not_written_has_one_after_its_execution_failed(world: World) -> None:
    parts = world.generated_job()
    write = world.pictures.write

    def dies_at_the_manifest(url: S3Url, *rest: Any) -> None:
        if url.key.endswith("result.json"):
            raise StorageUnavailableError("S3 is down")
        write(url, *rest)

    world.pictures.write = dies_at_the_manifest  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailableError):
        world.store_result("job-1", EXECUTION, *parts)
    with pytest.raises(StorageUnavailableError):  # it is still down: the step is repeated, then the rule asks
        world.record_failure("job-1", EXECUTION, {"Error": "StorageUnavailableError", "Cause": ""})
    world.pictures.write = write  # type: ignore[method-assign]

    answers = [
        world.record_failure("job-1", EXECUTION, {"Error": "StorageUnavailableError", "Cause": ""}),
        world.record_failure.lost("job-1", EXECUTION, "aborted"),
    ]

    assert answers == [{"outcome": "closed", "error_code": None}] * 2
    assert world.status_of() is Status.COMPLETED
    manifest = json.loads(world.pictures.read(S3Url(RESULTS, "results/job-1/result.json")))
    assert manifest["images"][0]["s3_url"] == world.jobs.rows["job-1"].result_s3_url
    assert world.results.claims == {}, "an equal job need not wait for this one any longer"


def test_nothing_is_finished_for_an_execution_whose_job_another_one_completed(world: World) -> None:
    world.completed_job()
    world.pictures.objects.pop(f"s3://{RESULTS}/results/job-1/result.json", None)
    world.record_failure.lost("job-1", "arn:execution:another", "aborted")
    assert f"s3://{RESULTS}/results/job-1/result.json" not in world.pictures.objects


@pytest.mark.parametrize("late", ["lost", "step"])
def test_what_is_told_late_of_an_execution_does_not_end_the_job_that_was_put_back_since(
    world: World, late: str
) -> None:
    world.claimed_job()
    world.record_failure.lost("job-1", EXECUTION, "gone")
    again = world.jobs.rows["job-1"].put_back(world.clock.now())
    world.jobs.save(again, expected_version=again.version - 1)

    if late == "lost":
        answer = world.record_failure.lost("job-1", EXECUTION, "gone")
    else:
        answer = world.record_failure("job-1", EXECUTION, {"Error": "InternalError", "Cause": ""})

    assert answer["outcome"] == "closed"
    assert world.status_of() is Status.CREATED
    mine = world.workflow.execution_of("job-1", rerun=again.version)
    assert world.record_failure.lost("job-1", mine, "gone")["outcome"] == "failed"
