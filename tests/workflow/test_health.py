"""What becomes of an engine that failed: left out after three calls, tried by one job, asked again when it answers."""

import pytest

from tests.workflow.world import World
from vto import bootstrap, errors
from vto.domain.health import FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS

BOTH = pytest.mark.parametrize("engines", [("nova_canvas", "preview")])
WAITED = ("Reserve Slot", "Wait For Engine")


def calls(world: World) -> list[int]:
    return [len(model.requests) for model in world.models.values()]


@pytest.mark.parametrize(
    "problem", [errors.ModelRetiredError, errors.ModelAccessDeniedError, errors.ModelQuotaExceededError]
)
@BOTH
def test_a_model_that_is_gone_is_called_once_by_one_job_and_by_none_of_the_next(
    world: World, problem: type[errors.VtoError]
) -> None:
    world.model.outcomes = [problem() for _ in range(9)]

    for name in ("first", "second", "third"):
        world.run(world.ask(name, parameters=parameters(seed=len(name)))).assert_end("Job Completed")

    assert calls(world) == [1, 3]
    assert {job.engine for job in world.jobs.rows.values()} == {"preview"}
    world.clock.advance(MAX_PAUSE_SECONDS - 60)
    world.run(world.ask("nine-minutes-later", parameters=parameters(seed=9)))
    assert calls(world) == [1, 4]


@BOTH
def test_an_engine_that_is_down_is_called_three_times_and_by_none_of_the_next(world: World) -> None:
    world.model.outcomes = [errors.ModelUnavailableError() for _ in range(9)]

    for seed, name in enumerate(("first", "second", "third")):
        world.run(world.ask(name, parameters=parameters(seed)))

    assert calls(world) == [3, 3]


@BOTH
def test_one_job_tries_it_later_and_when_it_answers_all_do_again(world: World) -> None:
    world.model.outcomes = [errors.ModelUnavailableError() for _ in range(3)]
    world.run(world.ask("first", parameters=parameters(1)))
    world.clock.advance(FIRST_PAUSE_SECONDS)

    for seed, name in enumerate(("second", "third"), start=2):
        world.run(world.ask(name, parameters=parameters(seed)))

    assert calls(world) == [5, 1]
    assert world.controls.health == {}


@BOTH
def test_a_trial_that_fails_costs_its_job_a_change_of_engine_and_nobody_else_anything(world: World) -> None:
    world.model.outcomes = [errors.ModelRetiredError() for _ in range(9)]
    world.run(world.ask("first", parameters=parameters(1)))
    world.clock.advance(MAX_PAUSE_SECONDS)

    for seed, name in enumerate(("second", "third"), start=2):
        world.run(world.ask(name, parameters=parameters(seed))).assert_end("Job Completed")

    assert calls(world) == [2, 3]


def test_jobs_whose_only_engine_is_down_wait_and_go_on_when_it_returns(world: World) -> None:
    world.model.outcomes = [errors.ModelUnavailableError() for _ in range(3)]
    world.run(world.ask("first", parameters=parameters(1))).assert_status("FAILED", "ModelUnavailableError")

    run = world.run(world.ask("second", parameters=parameters(2)))

    run.assert_end("Job Completed")
    assert run.path.count("Wait For Engine") == FIRST_PAUSE_SECONDS // 15
    assert world.model_calls == 4


def test_jobs_whose_only_engine_is_gone_expire_and_it_is_called_only_to_try_it(world: World) -> None:
    world.model.outcomes = [errors.ModelRetiredError() for _ in range(9)]
    world.run(world.ask("first", parameters=parameters(1)))
    world.run(world.ask("second", parameters=parameters(2))).assert_status("FAILED", "ModelRetiredError")
    world.run(world.ask("third", parameters=parameters(3)), reserve_slot=[lambda world: world.clock.advance(901)])

    assert world.job("third").error_code == "expired"
    assert world.model_calls == 2


@BOTH
def test_a_job_that_waits_for_the_other_engine_brings_no_stale_news_of_the_first(world: World) -> None:
    world.model.outcomes = [errors.ModelUnavailableError() for _ in range(3)]
    world.controls.paused.add("preview")

    def back(world: World) -> None:
        world.controls.paused.clear()

    def nothing(world: World) -> None:
        """Let it ask again."""

    world.run(world.ask(), reserve_slot=[nothing] * 6 + [back]).assert_end("Job Completed")

    assert world.controls.health["nova_canvas"].failures == 1


@BOTH
def test_an_operators_pause_stands_whatever_the_engines_health(world: World) -> None:
    world.controls.paused.add("nova_canvas")
    world.run()
    assert calls(world) == [0, 1]


@BOTH
@pytest.mark.parametrize(
    ("answer", "end"), [(errors.ContentBlockedError(), "Refused"), (errors.ModelThrottledError(), "Job Completed")]
)
def test_a_no_shows_that_the_engine_lives(world: World, answer: errors.VtoError, end: str) -> None:
    world.model.outcomes = [*(errors.ModelUnavailableError() for _ in range(3)), answer]
    world.run(world.ask("first", parameters=parameters(1)))
    world.clock.advance(FIRST_PAUSE_SECONDS)
    world.run(world.ask("second", parameters=parameters(2))).assert_end(end)
    assert world.controls.health == {}


@BOTH
def test_a_call_that_is_paid_is_not_repeated_because_the_engine_could_not_be_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.model.outcomes = [errors.ModelUnavailableError() for _ in range(3)]
    world.run(world.ask("first", parameters=parameters(1)))
    world.clock.advance(FIRST_PAUSE_SECONDS)

    def broken(engine: str) -> None:
        raise errors.StorageUnavailableError("throttled")

    monkeypatch.setattr(bootstrap.controls(), "close_engine", broken)
    world.run(world.ask("second", parameters=parameters(2))).assert_end("Job Completed")
    assert calls(world) == [4, 1]


def parameters(seed: int) -> dict[str, object]:
    """A request of its own: a new seed is a new picture."""
    garment = {"garmentClass": "UPPER_BODY"}
    return {"maskType": "GARMENT", "garmentBasedMask": garment, "imageGenerationConfig": {"seed": seed}}
