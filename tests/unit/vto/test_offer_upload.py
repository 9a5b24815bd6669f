"""A place to upload one picture to."""

import pytest

from tests.unit.vto.world import ALICE, UPLOADS, World
from vto.domain.catalogue import Upload
from vto.errors import InvalidRequestError
from vto.use_cases.offer_upload import OfferUpload


def offer(world: World, kind: str = "photo", content_type: str = "image/png") -> dict[str, object]:
    return OfferUpload(world.pictures, UPLOADS)({"kind": kind, "content_type": content_type}, ALICE)


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
        OfferUpload(world.pictures, UPLOADS)({"kind": "video", "content_type": "image/svg+xml", "key": "x"}, ALICE)
    assert [one.path for one in refused.value.violations] == ["content_type", "key", "kind"]
