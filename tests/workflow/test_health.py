"""What becomes of an engine that failed: left out after three calls, tried by one job, asked again when it answers."""

import pytest

from tests.workflow.world import World
from vto import bootstrap, errors
from vto.domain.health import FIRST_PAUSE_SECONDS, GONE_SECONDS
from vto.ports import Generation, TryOnRequest

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
        world.run(world.ask(name, parameters=parameters(seed=len(name)))).assert_end("Notify Client")

    assert calls(world) == [1, 3]
    assert {job.engine for job in world.jobs.rows.values()} == {"preview"}
    world.clock.advance(GONE_SECONDS - 60)
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
    world.clock.advance(GONE_SECONDS)

    for seed, name in enumerate(("second", "third"), start=2):
        world.run(world.ask(name, parameters=parameters(seed))).assert_end("Notify Client")

    assert calls(world) == [2, 3]


def test_a_job_whose_only_engine_is_down_waits_and_is_the_one_that_finds_it_back(world: World) -> None:
    world.model.outcomes = [errors.ModelUnavailableError() for _ in range(5)]

    run = world.run(world.ask())

    run.assert_end("Notify Client")
    assert run.path.count("Wait For Engine") == (30 + 60 + 60) // 15  # three calls, and two trials that failed
    assert world.model_calls == 6
    assert world.controls.health == {}


def test_jobs_whose_only_engine_is_gone_expire_and_it_is_called_only_to_try_it(world: World) -> None:
    world.model.outcomes = [errors.ModelRetiredError() for _ in range(9)]

    for seed, name in enumerate(("first", "second")):
        world.run(world.ask(name, parameters=parameters(seed))).assert_end("Refused")

    assert {world.job(name).error_code for name in ("first", "second")} == {"expired"}
    assert world.model_calls == 4  # within half an hour


@BOTH
def test_jobs_that_queued_when_the_engine_failed_do_not_call_it(world: World) -> None:
    """Nineteen jobs have a slot when the first of them finds the engine gone."""
    world.model.outcomes = [errors.ModelRetiredError() for _ in range(20)]

    def gone(world: World) -> None:
        for seed in range(1, 20):
            world.controls.fail_engine("nova_canvas", f"{seed}", world.clock.now(), gone=True, reason="model_retired")

    world.run(world.ask(parameters=parameters(0)), invoke_model=[gone]).assert_end("Notify Client")

    assert calls(world) == [0, 1]


@BOTH
def test_what_a_call_tells_that_began_before_the_engine_was_opened_is_no_news(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def generate(request: TryOnRequest) -> Generation:
        for job in ("a", "b", "c"):
            now = world.clock.now()
            world.controls.fail_engine("nova_canvas", job, now, gone=False, reason="model_unavailable")
        raise errors.ModelUnavailableError

    monkeypatch.setattr(world.model, "generate", generate)
    world.run().assert_end("Notify Client")

    assert world.controls.health["nova_canvas"].failures == 1


@BOTH
def test_a_trial_whose_job_is_turned_away_is_left_to_the_next_job(world: World) -> None:
    world.model.outcomes = [errors.ModelRetiredError(), errors.InvalidRequestError("the body is too large")]
    world.run(world.ask("first", parameters=parameters(1)))
    world.clock.advance(GONE_SECONDS)

    world.run(world.ask("second", parameters=parameters(2))).assert_end("Refused")
    world.run(world.ask("third", parameters=parameters(3))).assert_end("Notify Client")

    assert calls(world) == [3, 1]
    assert world.controls.health == {}


@BOTH
def test_an_operators_pause_stands_whatever_the_engines_health(world: World) -> None:
    world.controls.paused.add("nova_canvas")
    world.run()
    assert calls(world) == [0, 1]


@BOTH
@pytest.mark.parametrize(
    ("answer", "end"), [(errors.ContentBlockedError(), "Refused"), (errors.ModelThrottledError(), "Notify Client")]
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
    world.run(world.ask("second", parameters=parameters(2))).assert_end("Notify Client")
    assert calls(world) == [4, 1]


def parameters(seed: int) -> dict[str, object]:
    """A request of its own: a new seed is a new picture."""
    garment = {"garmentClass": "UPPER_BODY"}
    return {"maskType": "GARMENT", "garmentBasedMask": garment, "imageGenerationConfig": {"seed": seed}}
