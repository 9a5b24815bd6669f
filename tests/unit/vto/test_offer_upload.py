"""A place to upload one picture to."""

from typing import Any

import pytest

from tests.unit.vto.world import ALICE, UPLOADS, World
from vto.domain import times
from vto.domain.catalogue import Upload
from vto.errors import InvalidRequestError
from vto.use_cases.offer_upload import OfferUpload


def ask(world: World, **request: Any) -> dict[str, Any]:
    return OfferUpload(world.pictures, world.clock, UPLOADS, "2026-11")(request, ALICE)


def offer(world: World, kind: str = "photo", content_type: str = "image/png") -> dict[str, Any]:
    return ask(world, kind=kind, content_type=content_type, consent={"policy_version": "2026-11"})


@pytest.mark.parametrize(
    ("kind", "content_type", "place", "ending"),
    [
        ("photo", "image/jpeg", "models/users/alice/", ".jpg"),
        ("photo", "image/webp", "models/users/alice/", ".webp"),
        ("mask", "image/png", "masks/users/alice/", ".png"),
    ],
)
def test_a_picture_goes_to_its_owners_own_place_under_a_name_of_ours(
    world: World, kind: str, content_type: str, place: str, ending: str
) -> None:
    form = offer(world, kind, content_type)
    assert isinstance(form["fields"], dict)
    key = str(form["fields"]["key"])
    assert key.startswith(place)
    assert key.endswith(ending)
    assert form["fields"]["Content-Type"] == content_type
    assert form["s3_url"] == f"s3://{UPLOADS}/{key}"


def test_a_photos_form_tells_the_id_that_it_will_have_once_imported(world: World) -> None:
    form = offer(world)
    key = str(form["s3_url"]).removeprefix(f"s3://{UPLOADS}/")
    assert form["model_id"] == Upload.from_key(key, {}).item_id


def test_a_mask_becomes_no_model(world: World) -> None:
    assert offer(world, "mask")["model_id"] is None


def test_no_two_forms_share_a_place(world: World) -> None:
    assert len({str(offer(world)["s3_url"]) for _ in range(50)}) == 50


def test_a_form_lives_for_minutes(world: World) -> None:
    assert offer(world)["expires_in"] == 300


def test_a_request_that_breaks_the_schema_is_told_everything_that_is_wrong(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(world, kind="video", content_type="image/svg+xml", key="x")
    assert [one.path for one in refused.value.violations] == ["content_type", "key", "kind", "consent"]


@pytest.mark.parametrize("request_", [None, [], "photo", 3])
def test_a_request_that_is_no_object_is_refused(world: World, request_: Any) -> None:
    with pytest.raises(InvalidRequestError):
        OfferUpload(world.pictures, world.clock, UPLOADS, "2026-11")(request_, ALICE)


@pytest.mark.parametrize("kind", ["photo", "mask"])
@pytest.mark.parametrize(
    ("consent", "path", "problem"),
    [
        (None, "consent", "is missing"),
        ("yes", "consent", "must be an object"),
        (True, "consent", "must be an object"),
        ({}, "consent.policy_version", "is missing"),
        ({"policy_version": None}, "consent.policy_version", "is missing"),
        ({"policy_version": "2026-10"}, "consent.policy_version", "is version '2026-10'; version 2026-11 is the one"),
        ({"policy_version": "2026-11 "}, "consent.policy_version", "is version '2026-11 '"),
        ({"policy_version": 2026}, "consent.policy_version", "is no text"),
        ({"policy_version": ""}, "consent.policy_version", "is version ''"),
        ({"policy_version": ["2026-11"]}, "consent.policy_version", "is no text"),
    ],
)
def test_without_consent_to_the_policy_that_holds_now_there_is_no_form(
    world: World, kind: str, consent: Any, path: str, problem: str
) -> None:
    request = {"kind": kind, "content_type": "image/png", **({} if consent is None else {"consent": consent})}
    with pytest.raises(InvalidRequestError) as refused:
        ask(world, **request)
    (one,) = refused.value.violations
    assert one.path == path
    assert one.problem.startswith(problem)
    assert one.remedy == (
        'show the shopper version 2026-11 of the policy, and send {"policy_version": "2026-11"} once they agree'
    )


def test_what_a_consent_says_beside_the_version_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(world, kind="photo", content_type="image/png", consent={"policy_version": "2026-11", "time": "2020-01-01"})
    assert [one.path for one in refused.value.violations] == ["consent.time"]


def test_the_form_pins_the_version_and_the_time_of_the_consent(world: World) -> None:
    fields = offer(world)["fields"]
    assert fields["x-amz-meta-consent-version"] == "2026-11"
    assert fields["x-amz-meta-consent-time"] == times.to_iso(world.clock.now())
