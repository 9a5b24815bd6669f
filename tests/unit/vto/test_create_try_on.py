"""A request becomes a job, once, or is refused with everything that is wrong with it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import ALICE, BOB, GARMENT, UPLOADS, World, photo, shirt
from vto.domain import times
from vto.domain.catalogue import Readiness, model_id_of
from vto.domain.job import Status
from vto.errors import (
    InvalidRequestError,
    PictureRejectedError,
    RefusalError,
    RequestConflictError,
    Violation,
    VtoError,
)

REQUEST: dict[str, Any] = {"request_id": "r-1", "product_id": "blue-shirt", "model_id": "stock-anna"}


def refused(world: World, *, user_id: str = ALICE, **changes: Any) -> VtoError:
    """The refusal of a request; also checks that nothing was created by it."""
    request = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
    with pytest.raises(RefusalError) as caught:
        world.create_try_on(request, user_id=user_id)
    assert world.jobs.changes == []
    return caught.value


def paths(error: VtoError) -> list[str]:
    return [one.path for one in error.violations]


def test_a_request_becomes_a_created_job_with_all_it_needs_to_run(world: World) -> None:
    job, is_new, _ = world.create_try_on(
        {**REQUEST, "action": "tryOn", "parameters": GARMENT}, user_id=ALICE, connection_id="socket-1"
    )
    assert is_new
    assert world.jobs.rows == {job.id: job}
    assert (job.status, job.version, job.user_id, job.connection_id) == (Status.CREATED, 1, ALICE, "socket-1")
    assert job.product_picture_s3_url == shirt().picture_s3_url
    assert job.model_picture_s3_url == photo().picture_s3_url
    assert job.parameters["imageGenerationConfig"]["numberOfImages"] == 1


def test_without_parameters_the_products_own_class_decides(world: World) -> None:
    job, *_ = world.create_try_on(REQUEST, user_id=ALICE)
    assert job.parameters["garmentBasedMask"] == {"garmentClass": "UPPER_BODY"}


def test_without_parameters_a_product_without_a_class_cannot_be_tried_on(world: World) -> None:
    world.stock(shirt("thing", garment_class=None, name="Thing", category="new", description=""))
    assert paths(refused(world, product_id="thing")) == ["parameters"]


def test_the_same_request_again_finds_the_same_job(world: World) -> None:
    first, *_ = world.create_try_on(REQUEST, user_id=ALICE)
    world.clock.advance(500)
    again, is_new, _ = world.create_try_on(REQUEST, user_id=ALICE)
    assert (again, is_new) == (first, False)
    assert len(world.jobs.changes) == 1


def test_the_same_request_said_in_other_words_is_the_same_request(world: World) -> None:
    first, *_ = world.create_try_on({**REQUEST, "parameters": GARMENT}, user_id=ALICE)
    spelled_out = {**GARMENT, "imageGenerationConfig": {"cfgScale": 6.5, "seed": 12.0, "numberOfImages": 1.0}}
    again, is_new, _ = world.create_try_on({**REQUEST, "parameters": spelled_out}, user_id=ALICE)
    assert (again.id, is_new) == (first.id, False)


def test_the_same_request_id_for_another_request_is_a_conflict(world: World) -> None:
    world.stock(shirt("red-shirt"))
    world.create_try_on(REQUEST, user_id=ALICE)
    with pytest.raises(RequestConflictError) as conflict:
        world.create_try_on({**REQUEST, "product_id": "red-shirt"}, user_id=ALICE)
    assert paths(conflict.value) == ["request_id"]
    assert len(world.jobs.rows) == 1


def test_request_ids_of_two_people_do_not_meet(world: World) -> None:
    mine, *_ = world.create_try_on(REQUEST, user_id=ALICE)
    theirs, is_new, _ = world.create_try_on(REQUEST, user_id=BOB)
    assert is_new
    assert mine.id != theirs.id


def test_two_requests_without_an_id_are_two_jobs(world: World) -> None:
    anonymous = {name: value for name, value in REQUEST.items() if name != "request_id"}
    for _ in range(2):
        world.create_try_on(anonymous, user_id=ALICE)
    assert len(world.jobs.rows) == 2


def test_a_missing_product_is_named(world: World) -> None:
    assert paths(refused(world, product_id=None)) == ["product_id"]


def test_an_unknown_product_is_named_with_where_to_look(world: World) -> None:
    error = refused(world, product_id="yellow-shirt")
    assert paths(error) == ["product_id"]
    assert "GET /products" in error.violations[0].remedy


def test_a_rejected_product_is_refused_with_the_reason_of_its_rejection(world: World) -> None:
    reason = "picture is 100×100 pixels; use a larger picture"
    world.stock(shirt("tiny", readiness=Readiness.REJECTED, readiness_reason=reason, prepared_s3_url=None))
    error = refused(world, product_id="tiny")
    assert isinstance(error, PictureRejectedError)
    assert (error.violations[0].path, error.violations[0].problem) == ("product_id", reason)


def test_a_rejected_photo_is_refused_with_the_reason_of_its_rejection(world: World) -> None:
    world.stock(photo("blurred", ALICE, readiness=Readiness.REJECTED, readiness_reason="is damaged"))
    error = refused(world, model_id="blurred")
    assert isinstance(error, PictureRejectedError)
    assert (error.violations[0].path, error.violations[0].problem) == ("model_id", "is damaged")


def test_a_product_whose_picture_is_still_being_imported_is_refused_as_such(world: World) -> None:
    world.stock(shirt("new", readiness=None, prepared_s3_url=None))
    error = refused(world, product_id="new")
    assert paths(error) == ["product_id"]
    assert "still being imported" in error.violations[0].problem


def test_ones_own_photo_may_be_used(world: World) -> None:
    world.stock(photo("me", ALICE))
    job, *_ = world.create_try_on({**REQUEST, "model_id": "me"}, user_id=ALICE)
    assert job.model_id == "me"


def test_someone_elses_photo_is_answered_exactly_like_one_that_does_not_exist(world: World) -> None:
    world.stock(photo("me", ALICE))
    theirs = refused(world, user_id=BOB, model_id="me")
    nobodys = refused(world, user_id=BOB, model_id="no-such-photo")
    assert theirs.public() == nobodys.public()
    assert paths(theirs) == ["model_id"]


def test_a_model_must_be_given_in_exactly_one_way(world: World) -> None:
    assert paths(refused(world, model_id=None)) == ["model_id"]
    assert paths(refused(world, model_picture_s3_url=photo().picture_s3_url)) == ["model_id"]


def registered(key: str, user_id: str | None = None) -> Any:
    return photo(model_id_of(key), user_id, picture_s3_url=f"s3://{UPLOADS}/{key}")


@pytest.mark.parametrize("key", ["models/stock/anna maria+1%.jpg", "models/users/alice/me.jpg"])
def test_the_address_of_a_registered_picture_of_ones_own_or_stock_stands_for_it(world: World, key: str) -> None:
    model = registered(key, ALICE if "users" in key else None)
    world.stock(model)
    url = f"s3://{UPLOADS}/{key}"
    job, *_ = world.create_try_on({"product_id": "blue-shirt", "model_picture_s3_url": url}, user_id=ALICE)
    assert job.model_id == model.item_id


BAD_URLS = [
    "https://evil.example/me.jpg",
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "s3://",
    f"s3://{UPLOADS}",
    f"s3://{UPLOADS}/",
    f"s3://{UPLOADS}/models/users/bob/me.jpg",
    f"s3://{UPLOADS}/models/users/alice/../bob/me.jpg",
    f"s3://{UPLOADS}/models/stock/unregistered.jpg",
    "s3://other-bucket/models/users/alice/me.jpg",
    f"S3://{UPLOADS}/models/users/alice/me.jpg",
    f"s3://{UPLOADS}/models/users/alice/me.jpg?versionId=1",
    f"s3://{UPLOADS}//models/users/alice/me.jpg",
    f"s3://{UPLOADS}/prepared/models/users/alice/x/1.jpg",
    " ",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_any_other_address_is_refused_and_nothing_is_fetched(world: World, url: str) -> None:
    world.stock(registered("models/users/alice/me.jpg", ALICE), registered("models/users/bob/me.jpg", BOB))
    world.pictures.objects.clear()
    error = refused(world, model_id=None, model_picture_s3_url=url)
    assert paths(error) == ["model_picture_s3_url"]


@given(url=st.text(min_size=1, max_size=60) | st.text(max_size=40).map(lambda key: f"s3://{UPLOADS}/{key}"))
def test_no_address_however_strange_is_anything_but_a_refusal(url: str) -> None:
    refused(World(), model_id=None, model_picture_s3_url=url)


def test_a_curated_row_whose_address_does_not_match_its_id_is_not_reachable_by_address(world: World) -> None:
    world.stock(replace(registered("models/stock/a.jpg"), picture_s3_url=f"s3://{UPLOADS}/models/stock/b.jpg"))
    refused(world, model_id=None, model_picture_s3_url=f"s3://{UPLOADS}/models/stock/a.jpg")


def test_a_misplaced_photo_is_answered_like_none_at_all(world: World) -> None:
    misplaced = photo("models/robin.jpg", readiness=Readiness.REJECTED, readiness_reason="key must lie elsewhere")
    world.stock(misplaced)
    there, not_there = (refused(world, model_id=name) for name in (misplaced.item_id, "models/nobody.jpg"))
    assert there.public() == not_there.public()


def masked(url: str) -> dict[str, Any]:
    return {"maskType": "IMAGE", "imageBasedMask": {"maskImage": url}}


def test_ones_own_mask_may_be_used(world: World) -> None:
    url = f"s3://{UPLOADS}/masks/users/alice/drawn.png"
    job, *_ = world.create_try_on({**REQUEST, "parameters": masked(url)}, user_id=ALICE)
    assert job.parameters["imageBasedMask"]["maskImage"] == url


@pytest.mark.parametrize(
    "url",
    [
        f"s3://{UPLOADS}/masks/users/bob/drawn.png",
        f"s3://{UPLOADS}/masks/users/alicette/drawn.png",
        f"s3://{UPLOADS}/models/users/alice/me.jpg",
        "s3://other-bucket/masks/users/alice/drawn.png",
        f"s3://{UPLOADS}/masks/users/alice/../bob/drawn.png",
        f"s3://{UPLOADS}/masks/users/alice/./../bob/drawn.png",
        f"s3://{UPLOADS}/masks/users/alice/..%2Fbob%2Fdrawn.png",
        f"s3://{UPLOADS}/masks/users/alice/..\\bob\\drawn.png",
        f"s3://{UPLOADS}/masks/users/alice/drawn.png?versionId=1",
        f"s3://{UPLOADS}/masks/users/alice/.hidden.png",
        f"s3://{UPLOADS}/masks/users/alice/",
        f"s3://{UPLOADS}/masks/users/alice/drawn.png\n",
    ],
)
def test_a_mask_from_anywhere_else_is_refused(world: World, url: str) -> None:
    assert paths(refused(world, parameters=masked(url))) == ["parameters.imageBasedMask.maskImage"]


def test_everything_that_breaks_a_rule_is_said_at_once(world: World) -> None:
    world.stock(photo("me", BOB))
    error = refused(
        world,
        product_id="no-such-product",
        model_id="me",
        parameters={
            "maskType": "IMAGE",
            "imageBasedMask": {"maskImage": f"s3://{UPLOADS}/masks/users/bob/m.png"},
            "garmentBasedMask": {"garmentClass": "SHOES", "garmentStyling": {"tuckingStyle": "TUCKED"}},
        },
    )
    assert isinstance(error, InvalidRequestError)
    assert paths(error) == [
        "product_id",
        "model_id",
        "parameters.garmentBasedMask",
        "parameters.garmentBasedMask.garmentStyling",
        "parameters.imageBasedMask.maskImage",
    ]


def test_everything_that_breaks_the_schema_is_said_at_once(world: World) -> None:
    error = refused(world, product_id=7, parameters={"mergeStyle": "X", "imageGenerationConfig": {"cfgScale": 0}})
    assert paths(error) == [
        "parameters.imageGenerationConfig.cfgScale",
        "parameters.maskType",
        "parameters.mergeStyle",
        "product_id",
    ]


@pytest.mark.parametrize("document", [None, [], "tryOn", 5])
def test_something_that_is_no_object_is_refused(world: World, document: Any) -> None:
    with pytest.raises(InvalidRequestError):
        world.create_try_on(document, user_id=ALICE)


def test_an_accepted_request_sent_again_is_answered_whatever_became_of_the_catalogue(world: World) -> None:
    first, *_ = world.create_try_on(REQUEST, user_id=ALICE)
    world.catalogue.rows.clear()
    again, is_new, _ = world.create_try_on(REQUEST, user_id=ALICE)
    assert (again.id, is_new) == (first.id, False)


def test_a_request_that_no_engine_can_do_is_refused_with_what_would_be_possible(world: World) -> None:
    world.engine_order = ["fashn_api", "sagemaker"]
    error = refused(world, parameters={"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}})
    assert paths(error) == ["parameters.maskType"]
    boots = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "BOOTS"}}
    assert paths(refused(world, parameters=boots)) == ["parameters.garmentBasedMask.garmentClass"]


def test_a_request_that_one_of_the_engines_can_do_is_admitted(world: World) -> None:
    world.engine_order = ["fashn_api", "preview"]
    parameters = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}}
    job, is_new, _ = world.create_try_on({**REQUEST, "parameters": parameters}, user_id=ALICE)
    assert is_new
    assert job.source_pixels == 800 * 1200


# --- one refusal for everything ---


def test_a_wrong_field_does_not_hide_what_else_is_wrong(world: World) -> None:
    error = refused(
        world,
        product_id="no-such-product",
        parameters={
            "maskType": "PROMPT",
            "garmentBasedMask": {"garmentClass": "SHOES", "garmentStyling": {"tuckingStyle": "TUCKED"}},
            "imageGenerationConfig": {"seed": -1},
        },
    )
    assert isinstance(error, InvalidRequestError)
    assert sorted(paths(error)) == [
        "parameters.garmentBasedMask",
        "parameters.garmentBasedMask.garmentStyling",
        "parameters.imageGenerationConfig.seed",
        "parameters.promptBasedMask",
        "product_id",
    ]


def test_what_no_engine_can_do_does_not_hide_a_rejected_photo(world: World) -> None:
    world.engine_order = ["fashn_api"]
    world.stock(photo("blurred", ALICE, readiness=Readiness.REJECTED, readiness_reason="is damaged"))
    prompt = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "sofa"}}
    error = refused(world, model_id="blurred", parameters=prompt)
    assert isinstance(error, InvalidRequestError)
    assert paths(error) == ["model_id", "parameters.maskType"]


def test_a_rejected_product_and_a_rejected_photo_are_told_together(world: World) -> None:
    world.stock(
        shirt("tiny", readiness=Readiness.REJECTED, readiness_reason="is tiny", prepared_s3_url=None),
        photo("blurred", ALICE, readiness=Readiness.REJECTED, readiness_reason="is damaged", prepared_s3_url=None),
    )
    error = refused(world, product_id="tiny", model_id="blurred")
    assert isinstance(error, PictureRejectedError)
    assert paths(error) == ["product_id", "model_id"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"product_id": 7}, ["product_id"]),
        ({"model_id": 7}, ["model_id"]),
        ({"parameters": 7}, ["parameters"]),
        ({"parameters": {"maskType": 7}}, ["parameters.maskType"]),
        ({"parameters": {**GARMENT, "garmentBasedMask": 7}}, ["parameters.garmentBasedMask"]),
        ({"parameters": {"maskType": "GARMENT", "garmentBasedMask": {}}}, ["parameters.garmentBasedMask.garmentClass"]),
        (
            {"parameters": {"maskType": "IMAGE", "imageBasedMask": {"maskImage": "me.png"}}},
            ["parameters.imageBasedMask.maskImage"],
        ),
    ],
)
def test_one_mistake_is_told_once(world: World, changes: dict[str, Any], told: list[str]) -> None:
    assert paths(refused(world, **changes)) == told


def test_whatever_is_wrong_can_be_mended_in_one_go(world: World) -> None:
    """Each violation's field put right, and nothing else touched, is a request that is accepted."""
    request = {
        "request_id": "r 1",
        "product_id": "nothing",
        "model_id": "stock-anna",
        "model_picture_s3_url": "s3://x/y",
        "parameters": {"maskType": "GARMENT", "promptBasedMask": "hat", "returnMask": 1},
    }
    error = refused(world, **request)
    right = {"request_id": "r-1", "product_id": "blue-shirt"}
    for path in paths(error):
        if path in right:
            request[path] = right[path]
    assert isinstance(request["parameters"], dict)
    assert {"parameters.garmentBasedMask", "parameters.promptBasedMask", "parameters.returnMask"} <= set(paths(error))
    request["parameters"] = GARMENT
    assert "model_id" in paths(error)
    del request["model_picture_s3_url"]
    assert world.create_try_on(request, user_id=ALICE)[1]


@given(
    request=st.fixed_dictionaries(
        {},
        optional={
            "product_id": st.sampled_from(["blue-shirt", "?", 7, None, "\ud800"]),
            "model_id": st.sampled_from(["stock-anna", "?", [], float("nan")]),
            "model_picture_s3_url": st.sampled_from(["s3://b/k", {}, ""]),
            "request_id": st.sampled_from(["r", "", 5, "a b"]),
            "dry_run": st.sampled_from([False, "yes"]),
            "parameters": st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "maskType": st.sampled_from(["GARMENT", "PROMPT", "IMAGE", "?", None, []]),
                    "garmentBasedMask": st.sampled_from([{"garmentClass": "SHOES", "garmentStyling": {}}, {}, 5, None]),
                    "promptBasedMask": st.sampled_from([{"maskPrompt": "hat"}, {"maskPrompt": 5}, {}, "hat"]),
                    "imageBasedMask": st.sampled_from([{"maskImage": "s3://b/k"}, {"maskImage": 5}, {}, []]),
                    "imageGenerationConfig": st.sampled_from([{"seed": -1}, {"cfgScale": float("inf")}, {"x": 1}, 5]),
                    "x": st.just(1),
                },
            ),
        },
    )
)
def test_no_request_however_wrong_is_anything_but_a_job_or_a_refusal_that_says_what_to_do(
    request: dict[str, Any],
) -> None:
    told: tuple[Violation, ...] | None = None
    try:
        World(engine_order=["fashn_api"]).create_try_on(request, user_id=ALICE)
    except RefusalError as error:
        told = error.violations
    assert told is None or told
    assert all(one.path and one.problem and one.remedy for one in told or ())
    assert len(set(told or ())) == len(told or ())


@pytest.mark.parametrize("document", [{}, {"product_id": "?", "model_id": "?", "parameters": {}}, REQUEST | {"x": 1}])
def test_every_violation_says_what_to_do_now(world: World, document: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as error:
        world.create_try_on(document, user_id=ALICE)
    assert error.value.violations
    assert all(one.remedy for one in error.value.violations)


def test_what_a_shopper_is_told_of_a_mask_is_no_pattern(world: World) -> None:
    (one,) = refused(world, parameters=masked("drawn.png")).violations
    assert "^" not in one.problem + one.remedy
    assert "POST /uploads" in one.remedy


# --- what would only fail later ---


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (shirt("x", width=200, height=200), "product_id"),
        (photo("x", width=319, height=800), "model_id"),
        (shirt("x", prepared_s3_url="https://shop.example/x.jpg"), "product_id"),
        (shirt("x", prepared_s3_url="s3://other-bucket/prepared/x.jpg"), "product_id"),
        (photo("x", prepared_s3_url=f"s3://{UPLOADS}/models/stock/x.jpg"), "model_id"),
    ],
)
def test_a_row_that_a_shop_wrote_wrong_is_refused_before_there_is_a_job(world: World, item: Any, path: str) -> None:
    world.stock(item)
    error = refused(world, **{path: "x"})
    assert isinstance(error, PictureRejectedError)
    assert paths(error) == [path]


def test_a_photo_past_its_time_is_answered_like_one_that_does_not_exist(world: World) -> None:
    world.stock(photo("me", ALICE, ttl=times.epoch(world.clock.now())))
    assert refused(world, model_id="me").public() == refused(world, model_id="no-such-photo").public()


@pytest.mark.parametrize("name", ["", "a/b.png", "../bob/m.png", "m" * 101, "\u5e3d.png", "m.png\n"])
def test_a_mask_under_a_name_that_no_upload_form_gives_is_refused(world: World, name: str) -> None:
    url = f"s3://{UPLOADS}/masks/users/alice/{name}"
    assert paths(refused(world, parameters=masked(url))) == ["parameters.imageBasedMask.maskImage"]


def test_a_problem_of_a_photo_named_by_its_address_is_told_there(world: World) -> None:
    world.engine_order = ["sagemaker"]
    world.stock(replace(registered("models/stock/big.jpg"), width=1500, height=1500))
    error = refused(world, model_id=None, model_picture_s3_url=f"s3://{UPLOADS}/models/stock/big.jpg")
    assert paths(error) == ["model_picture_s3_url"]
