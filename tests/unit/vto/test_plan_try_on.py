"""A dry run says what a request would come to, and nothing is made or spent."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.vto.test_answer_message import say
from tests.unit.vto.world import ALICE, GARMENT, UPLOADS, World, photo, shirt
from vto.domain.engines import PROFILES
from vto.domain.parameters import canonical
from vto.domain.prices import price
from vto.errors import InvalidRequestError, PictureRejectedError, QueueFullError, SpendingStoppedError, VtoError

REQUEST: dict[str, Any] = {"product_id": "blue-shirt", "model_id": "stock-anna", "dry_run": True}


def plan(world: World, **changes: Any) -> dict[str, Any]:
    """The plan of a request; also checks that nothing came of it."""
    before = dict(world.results.claims), dict(world.controls.slots)
    answer = world.plan_try_on({**REQUEST, **changes}, ALICE)
    assert (world.jobs.rows, world.workflow.started, world.engine.requests, world.pictures.written) == ({}, [], [], [])
    assert (world.results.claims, world.controls.slots) == before
    return json.loads(json.dumps(answer))  # type: ignore[no-any-return]


def test_a_plan_has_all_that_a_client_wants_to_know(world: World) -> None:
    assert plan(world) == {
        "product_id": "blue-shirt",
        "model_id": "stock-anna",
        "parameters": canonical(GARMENT),
        "engine": "preview",
        "cached": False,
        "price": {
            "usd": None,
            "per_image": None,
            "images": 1,
            "tier": 1024,
            "as_of": PROFILES["preview"].price.date,
            "source": PROFILES["preview"].price.source,
        },
        "eta_seconds": 4,
        "warnings": [],
        "adaptations": [one.public() for one in PROFILES["preview"].always],
    }


def test_what_is_planned_is_what_is_made(world: World) -> None:
    parameters = {**GARMENT, "imageGenerationConfig": {"seed": 0}}
    planned = plan(world, parameters=parameters)
    job, *_ = world.create_try_on({**REQUEST, "dry_run": False, "parameters": parameters}, user_id=ALICE)
    assert (job.parameters, list(job.warnings)) == (planned["parameters"], planned["warnings"])


def test_a_finished_result_is_told_and_costs_nothing(world: World) -> None:
    world.completed_job()
    world.jobs.rows.clear()
    world.engine.requests.clear()
    world.pictures.written.clear()
    planned = plan(world)
    assert (planned["cached"], planned["eta_seconds"], planned["price"]["usd"]) == (True, 0, 0.0)


def test_with_a_drawn_mask_nobody_knows_before_its_pixels_are_looked_at(world: World) -> None:
    mask = f"s3://{UPLOADS}/masks/users/alice/m.png"
    assert plan(world, parameters={"maskType": "IMAGE", "imageBasedMask": {"maskImage": mask}})["cached"] is None


def test_the_queue_is_in_the_time_that_is_told(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(seconds=30)
    assert plan(world)["eta_seconds"] == 31 + 4


def test_a_queue_that_no_job_would_get_through_in_time_refuses_the_plan_as_it_would_the_job(world: World) -> None:
    world.controls.slots["preview"] = world.clock.now() + timedelta(minutes=15)
    with pytest.raises(QueueFullError):
        plan(world)


@pytest.mark.parametrize("minutes", [0, 10], ids=["open", "half open, for a job to try"])
def test_an_engine_that_failed_is_planned_with_when_a_job_would_get_it(world: World, minutes: int) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    world.controls.fail_engine("nova_canvas", "a job", world.clock.now(), gone=True, reason="model_retired")
    before = dict(world.controls.health)
    world.clock.advance(60 * minutes)
    assert plan(world)["engine"] == ("nova_canvas" if minutes else "preview")
    assert world.controls.health == before


def test_the_next_engine_is_planned_with_while_the_first_is_paused(world: World) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    world.controls.paused.add("nova_canvas")
    assert plan(world)["engine"] == "preview"


def test_while_all_engines_are_paused_there_is_neither_engine_nor_time(world: World) -> None:
    world.controls.paused.add("preview")
    planned = plan(world)
    assert (planned["engine"], planned["eta_seconds"]) == (None, None)


def test_warnings_are_told_and_are_those_of_the_job(world: World) -> None:
    parameters = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "SHORT_SLEEVE_SHIRT"}}
    world.stock(shirt(name="Long sleeve shirt"), photo(description="Anna in a sweater"))
    (warning,) = plan(world, parameters=parameters)["warnings"]
    assert warning["code"] == "old_sleeve_stays"
    assert warning["path"] == "parameters.garmentBasedMask.garmentClass"
    job, *_ = world.create_try_on({**REQUEST, "parameters": parameters}, user_id=ALICE)
    assert job.public()["warnings"] == [warning]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"product_id": "?"}, InvalidRequestError),
        ({"dry_run": "yes"}, InvalidRequestError),
        ({"parameters": {"maskType": "PROMPT"}}, InvalidRequestError),
        ({"product_id": "broken"}, PictureRejectedError),
    ],
)
def test_what_would_be_refused_is_refused(world: World, changes: dict[str, Any], refusal: type[VtoError]) -> None:
    from vto.domain.catalogue import Readiness

    world.stock(shirt("broken", readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None))
    with pytest.raises(refusal):
        plan(world, **changes)


def test_the_price_is_that_of_what_the_engine_will_make_and_the_difference_is_told(world: World) -> None:
    world.engine_order = ["fashn_api"]
    planned = plan(world, parameters={**GARMENT, "imageGenerationConfig": {"numberOfImages": 5}})
    assert (planned["price"]["images"], planned["price"]["usd"]) == (4, 0.3)
    assert "parameters.imageGenerationConfig.numberOfImages" in [one["path"] for one in planned["adaptations"]]


def test_over_the_socket_a_plan_is_a_frame_of_its_own(world: World) -> None:
    answered, (frame,) = say(world, {**REQUEST, "action": "tryOn", "request_id": "r-1"})
    assert answered == "tryOn"
    assert (frame["type"], frame["request_id"]) == ("plan", "r-1")
    assert frame["plan"] == plan(world)
    assert len(json.dumps(frame)) < 32 * 1024


# --- prices -----------------------------------------------------------------------------------------------------------


def config(**values: Any) -> dict[str, Any]:
    return canonical({**GARMENT, "imageGenerationConfig": values})


@pytest.mark.parametrize(
    ("size", "by_side", "values", "usd"),
    [
        ((1024, 1024), False, {}, 0.04),
        ((900, 1160), False, {}, 0.04),  # 1,044,000 pixels
        ((900, 1160), True, {}, 0.06),
        ((900, 1200), False, {}, 0.06),
        ((900, 1160), False, {"quality": "premium"}, 0.06),
        ((2000, 2000), False, {"quality": "premium", "numberOfImages": 5}, 0.4),
        ((1024, 1024), False, {"numberOfImages": 3}, 0.12),
        ((4096, 1000), True, {}, None),
    ],
)
def test_a_price_is_that_of_the_photos_tier_times_the_pictures(
    size: tuple[int, int], by_side: bool, values: dict[str, Any], usd: float | None
) -> None:
    assert price("nova_canvas", config(**values), *size, by_side)["usd"] == usd


def test_what_is_not_known_is_not_guessed() -> None:
    unknown = price("sagemaker", config(), 800, 800, False)
    assert (unknown["usd"], unknown["per_image"]) == (None, None)
    assert price("nova_canvas", config(), None, None, False)["usd"] is None


@pytest.mark.parametrize("item", [shirt(sha256=None), photo(sha256=None)])
def test_without_a_digest_in_its_row_nobody_knows_before_the_bytes_are_looked_at(world: World, item: Any) -> None:
    world.completed_job()
    world.jobs.rows.clear()
    world.engine.requests.clear()
    world.pictures.written.clear()
    world.stock(item)
    assert plan(world)["cached"] is None


def test_everything_that_would_be_refused_is_told_at_once(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        plan(world, product_id="?", parameters={**GARMENT, "imageGenerationConfig": {"seed": -1}})
    assert [one.path for one in refused.value.violations] == ["parameters.imageGenerationConfig.seed", "product_id"]


def stop(world: World, *, by_parameter: bool) -> None:
    if by_parameter:
        world.limits = replace(world.limits, may_spend=False)
    else:
        world.jobs.budgets.stopped = True


@pytest.mark.parametrize("by_parameter", [True, False])
def test_while_spending_is_stopped_a_plan_is_of_the_engine_that_costs_nothing(world: World, by_parameter: bool) -> None:
    world.engine_order = ["nova_canvas", "preview"]
    stop(world, by_parameter=by_parameter)
    planned = plan(world)
    assert (planned["engine"], planned["price"]["usd"]) == ("preview", None)
    assert planned["adaptations"] == [one.public() for one in PROFILES["preview"].always]


@pytest.mark.parametrize("by_parameter", [True, False])
def test_while_spending_is_stopped_what_would_be_refused_is_refused(world: World, by_parameter: bool) -> None:
    world.engine_order = ["nova_canvas"]
    stop(world, by_parameter=by_parameter)
    with pytest.raises(SpendingStoppedError):
        plan(world)


def test_while_spending_is_stopped_a_finished_result_is_planned_with(world: World) -> None:
    world.engine_order = ["nova_canvas"]
    world.completed_job()
    stop(world, by_parameter=True)
    planned = world.plan_try_on(REQUEST, ALICE)
    assert (planned["cached"], planned["price"]["usd"], planned["eta_seconds"]) == (True, 0.0, 0)
