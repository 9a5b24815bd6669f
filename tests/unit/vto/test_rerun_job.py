"""An operator's rerun: put back once, started once, and refused with a reason where it would come to nothing."""

from dataclasses import replace

import pytest

from tests.unit.vto.world import ALICE, EXECUTION, UPLOADS, World, photo, shirt
from vto.domain import times
from vto.domain.catalogue import Kind, Readiness
from vto.domain.job import Job, Status
from vto.domain.parameters import canonical
from vto.errors import InvalidRequestError, NotFoundError, PictureMissingError, PictureRejectedError, RefusalError
from vto.errors import StorageUnavailableError as Down
from vto.use_cases.rerun_job import RerunJob, rerun_all


def rerun(world: World) -> RerunJob:
    return RerunJob(world.jobs, world.catalogue, world.pictures, world.workflow, world.clock)


def failed_job(world: World, job_id: str = "job-1", **changes: object) -> Job:
    world.claimed_job(job_id, **changes)
    world.record_failure.lost(job_id, EXECUTION, "gone")
    return world.jobs.rows[job_id]


def test_a_failed_job_is_put_back_and_started_under_a_name_of_its_own(world: World) -> None:
    failed = failed_job(world)
    answer = rerun(world)("job-1")
    assert answer == {
        "job_id": "job-1",
        "version": failed.version + 1,
        "execution": f"arn:execution:job-1-{failed.version + 1}",
        "is_started": True,
    }
    assert world.workflow.started == [f"job-1-{failed.version + 1}"]
    assert world.status_of() is Status.CREATED
    assert world.jobs.claim("job-1", answer["execution"], world.clock.now())


def test_each_rerun_of_a_job_that_fails_again_has_another_name(world: World) -> None:
    failed_job(world)
    for _ in range(2):
        answer = rerun(world)("job-1")
        world.jobs.claim("job-1", answer["execution"], world.clock.now())
        world.record_failure.lost("job-1", answer["execution"], "gone")
    assert len(set(world.workflow.started)) == 2


def test_of_two_operators_at_once_one_reruns_the_job(world: World) -> None:
    failed_job(world)
    second = rerun(world)
    answers = []

    def meanwhile(job: Job) -> None:
        world.jobs.before_save = None
        answers.extend(rerun_all(second, ["job-1"]))

    world.jobs.before_save = meanwhile
    answers.extend(rerun_all(rerun(world), ["job-1"]))
    assert ["error" in one for one in answers] == [False, True]
    assert answers[1]["error"]["details"][0]["problem"].startswith("is created")
    assert len(world.workflow.started) == 1


@pytest.mark.parametrize("status", ["created", "processing", "completed"])
def test_a_job_that_has_not_failed_is_refused(world: World, status: str) -> None:
    {"created": world.add_job, "processing": world.claimed_job, "completed": world.completed_job}[status]()
    before = world.jobs.rows["job-1"]
    with pytest.raises(InvalidRequestError, match=f"is {status}: only a job in error can be run again"):
        rerun(world)("job-1")
    assert (world.jobs.rows["job-1"], world.workflow.started) == (before, [])


def test_a_job_that_is_not_there_any_more_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError, match="was erased"):
        rerun(world)("job-1")


def test_a_job_whose_pictures_are_gone_is_refused_and_all_of_them_are_named(world: World) -> None:
    mask = f"s3://{UPLOADS}/masks/users/{ALICE}/mask.png"
    failed_job(world, parameters=canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": mask}}))
    del world.pictures.objects[shirt().prepared_s3_url or ""]
    world.catalogue.rows.pop((Kind.MODEL, "stock-anna"))
    with pytest.raises(PictureMissingError) as refused:
        rerun(world)("job-1")
    paths = [one.path for one in refused.value.violations]
    assert paths == ["product_id", "model_id", "parameters.imageBasedMask.maskImage"]
    assert world.status_of() is Status.ERROR
    world.stock(shirt(), photo())
    world.pictures.put(mask, b"mask")
    assert rerun(world)("job-1")["is_started"]


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (photo(user_id="somebody-else"), PictureMissingError),
        (photo(user_id=ALICE, ttl=1), PictureMissingError),
        (photo(readiness=Readiness.REJECTED), PictureMissingError),
        (shirt(readiness=Readiness.REJECTED, readiness_reason="is small"), PictureRejectedError),
        (shirt(prepared_s3_url=None), InvalidRequestError),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_job_whose_pictures_may_not_be_used_any_more_is_refused(
    world: World, item: object, kind: type[RefusalError]
) -> None:
    failed_job(world)
    world.catalogue.add(item)  # type: ignore[arg-type]
    with pytest.raises(kind):
        rerun(world)("job-1")
    assert world.workflow.started == []


def test_a_rerun_whose_execution_cannot_be_started_now_is_started_by_the_sweep(world: World) -> None:
    world.workflow.start("job-1")  # as every job was, once
    failed = failed_job(world)
    world.workflow.problem = Down()
    assert rerun(world)("job-1")["is_started"] is False
    world.workflow.problem = None
    world.clock.advance(61)
    assert world.sweep_jobs().started == 1
    assert world.workflow.started == ["job-1", f"job-1-{failed.version + 1}"]


def test_what_is_wrong_with_one_job_says_nothing_of_the_others(world: World) -> None:
    failed_job(world, "job-2")
    answers = rerun_all(rerun(world), ["job-1", "job-2"])
    assert [one["job_id"] for one in answers] == ["job-1", "job-2"]
    assert answers[0]["error"]["code"] == "not_found"
    assert answers[1]["is_started"]
    assert times.from_iso(world.jobs.rows["job-2"].waiting_since) == world.clock.now()


def test_a_job_that_is_being_erased_is_refused_and_says_nothing_of_the_others(world: World) -> None:
    erased = failed_job(world, "job-1").erase(world.clock.now())
    failed_job(world, "job-2")
    world.jobs.rows["job-1"] = erased
    first, second = rerun_all(rerun(world), ["job-1", "job-2"])
    assert (first["error"]["code"], "was erased" in first["error"]["details"][0]["problem"]) == ("not_found", True)
    assert second["is_started"]
    assert world.jobs.rows["job-1"] is erased


def test_a_job_that_is_erased_while_it_is_put_back_is_refused(world: World) -> None:
    failed_job(world)

    def erase(_: Job) -> None:
        world.jobs.before_save = None
        world.jobs.rows["job-1"] = replace(world.jobs.rows["job-1"].erase(world.clock.now()), revision=9)

    world.jobs.before_save = erase
    with pytest.raises(NotFoundError, match="was erased"):
        rerun(world)("job-1")
    assert world.workflow.started == []


def test_what_its_owner_cancelled_is_not_run_and_paid_for(world: World) -> None:
    world.add_job()
    cancelled = world.cancel_try_on("job-1", ALICE)
    with pytest.raises(InvalidRequestError, match="was cancelled by its owner"):
        rerun(world)("job-1")
    assert (world.jobs.rows["job-1"], world.workflow.started) == (cancelled, [])
