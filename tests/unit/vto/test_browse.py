"""What a signed-in caller may look at."""

import pytest

from tests.unit.vto.world import ALICE, BOB, World, photo
from vto.domain.catalogue import Readiness
from vto.domain.parameters import GARMENT_CLASSES
from vto.errors import NotFoundError
from vto.use_cases.browse import PAGE


def test_the_configuration_names_the_classes_and_the_limits_of_an_upload(world: World) -> None:
    config = world.browse.config()
    assert config["garment_classes"] == list(GARMENT_CLASSES)
    assert config["upload"]["content_types"] == ["image/jpeg", "image/png", "image/webp"]
    assert (config["upload"]["max_bytes"], config["upload"]["min_side_pixels"]) == (25_000_000, 320)
    assert config["retention_days"] == 30


def test_a_shopper_sees_their_own_photos_and_the_stock_models_and_nobody_elses(world: World) -> None:
    world.stock(photo("mine", ALICE), photo("theirs", BOB))
    views = world.browse.models(ALICE)["models"]
    assert [(view["model_id"], view["is_own"]) for view in views] == [("mine", True), ("stock-anna", False)]


def test_a_shopper_sees_why_their_own_photo_was_rejected(world: World) -> None:
    world.stock(photo("mine", ALICE, readiness=Readiness.REJECTED, readiness_reason="is damaged"))
    assert world.browse.models(ALICE)["models"][0]["reason"] == "is damaged"


def test_a_photo_that_somebody_put_into_a_wrong_folder_is_shown_to_nobody(world: World) -> None:
    world.stock(photo("models/jane.doe@example.com/me.jpg", readiness=Readiness.REJECTED, prepared_s3_url=None))
    assert "jane" not in str(world.browse.models(ALICE))


def test_history_is_ones_own_the_newest_first_and_in_pages(world: World) -> None:
    for number in range(PAGE + 1):
        world.add_job(f"mine-{number}", now=world.clock.now())
        world.clock.advance(1)
    world.add_job("theirs", user_id=BOB)
    first = world.browse.try_ons(ALICE, None)
    second = world.browse.try_ons(ALICE, first["next"])
    ids = [view["id"] for view in (*first["try_ons"], *second["try_ons"])]
    assert ids == [f"mine-{number}" for number in range(PAGE, -1, -1)]
    assert second["next"] is None


def test_someone_elses_try_on_is_answered_exactly_like_one_that_does_not_exist(world: World) -> None:
    world.completed_job()
    assert world.browse.try_on(ALICE, "job-1")["status"] == "completed"
    said = []
    for job_id in ("job-1", "job-2"):
        with pytest.raises(NotFoundError) as error:
            world.browse.try_on(BOB, job_id)
        said.append(error.value.public())
    assert said[0] == said[1]
