"""An upload becomes a catalogue row: ready, or rejected with a reason."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.vto.world import UPLOADS, World, shirt
from vto.domain import times
from vto.domain.catalogue import CatalogueItem, Kind, Readiness, product_id_of
from vto.domain.consent import Consent
from vto.domain.pictures import MAX_UPLOAD_BYTES, Prepared, Tier
from vto.domain.storage import S3Url
from vto.errors import PictureMissingError, PictureRejectedError, StorageUnavailableError, Violation

KEY = "products/upper_body/red shirt.jpg"
ORIGINAL = S3Url(UPLOADS, KEY)


def upload(world: World, key: str = KEY, content: bytes = b"photo", sequencer: str = "01", **metadata: str) -> None:
    """Put an object in and let its event arrive."""
    url = S3Url(UPLOADS, key)
    world.pictures.put(str(url), content, **metadata)
    world.import_picture(url, sequencer)


def consented(world: World) -> dict[str, str]:
    """What an upload form pins to a photo."""
    return Consent.given("1", world.clock.now()).metadata()


def photo_of(world: World, user_id: str = "alice") -> CatalogueItem:
    (row,) = world.catalogue.models_of(user_id, limit=9)
    return row


def row_of(world: World, key: str = KEY) -> CatalogueItem:
    row = world.catalogue.get(Kind.PRODUCT, product_id_of(key))
    assert row is not None
    return row


def test_a_product_gets_all_attributes_of_the_published_table(world: World) -> None:
    upload(world)
    row = row_of(world)
    assert row.picture_s3_url == str(ORIGINAL)
    assert (row.name, row.category, row.description) == ("Red shirt", "upper_body", "")
    assert row.auto_imported is True
    assert row.created_at == row.updated_at == times.to_iso(world.clock.now())
    assert (row.readiness, row.width, row.height) == (Readiness.READY, 800, 1200)
    assert row.ttl is None


def test_the_prepared_picture_is_there_before_the_row_says_so(world: World) -> None:
    upload(world)
    assert world.pictures.objects[str(row_of(world).prepared_s3_url)] == b"prepared:photo"


def test_a_private_photo_belongs_to_its_owner_expires_and_its_prepared_picture_lies_below_the_owner(
    world: World,
) -> None:
    upload(world, "models/users/alice/me.jpg", **consented(world))
    row = photo_of(world)
    assert row.ttl == times.epoch(world.clock.now(), days=30)
    assert f"s3://{UPLOADS}/prepared/models/users/alice/{row.item_id}/" in str(row.prepared_s3_url)


def test_a_stock_model_is_public_and_does_not_expire(world: World) -> None:
    upload(world, "models/stock/tall.jpg")
    row = world.catalogue.models_of(None, limit=9)[-1]
    assert (row.name, row.ttl, row.user_id) == ("Tall", None, None)


def test_an_event_that_comes_again_changes_nothing(world: World) -> None:
    upload(world)
    before = row_of(world)
    world.clock.advance(100)
    assert world.import_picture(ORIGINAL, "01") is None
    assert row_of(world) == before


@pytest.mark.parametrize("order", list(itertools.permutations(["01", "02", "03"])))
def test_events_in_any_order_leave_the_row_of_the_last_upload(order: tuple[str, ...]) -> None:
    world = World()
    for sequencer in order:
        upload(world, content=b"upload " + sequencer.encode(), sequencer=sequencer)
    assert row_of(world).sha256 == (b"upload 03").hex()


@given(st.lists(st.sampled_from(["055AED6DCD90281E5", "055AED6DCD90281E6", "055AED6DCD90281E6A"]), min_size=1))
def test_any_repetition_of_events_ends_with_the_latest_one_that_came(sequence: list[str]) -> None:
    world = World()
    for sequencer in sequence:
        upload(world, content=sequencer.encode(), sequencer=sequencer)
    assert row_of(world).sha256 == max(sequence).encode().hex()


def test_what_a_shop_has_curated_is_kept_when_a_new_picture_comes(world: World) -> None:
    upload(world, sequencer="01")
    curated = replace(row_of(world), name="Signature shirt", description="By hand", category="premium")
    world.catalogue.add(replace(curated, garment_class="LONG_SLEEVE_SHIRT", auto_imported=False))
    upload(world, content=b"new photo", sequencer="02", name="other name", description="other")
    row = row_of(world)
    assert (row.name, row.description, row.category) == ("Signature shirt", "By hand", "premium")
    assert (row.garment_class, row.auto_imported) == ("LONG_SLEEVE_SHIRT", False)
    assert row.sha256 == b"new photo".hex()


def test_a_row_that_a_shop_wrote_before_the_picture_came_gets_the_picture(world: World) -> None:
    bare = shirt("SKU-9", readiness=None, prepared_s3_url=None, sha256=None, name="Nine", auto_imported=False)
    world.catalogue.add(bare)
    upload(world, **{"product-id": "SKU-9"})
    row = world.catalogue.get(Kind.PRODUCT, "SKU-9")
    assert row is not None
    assert (row.name, row.readiness) == ("Nine", Readiness.READY)


def test_a_picture_that_cannot_be_used_gets_a_rejected_row_with_the_reason(world: World) -> None:
    world.tools.problem = PictureRejectedError("size", [Violation("picture", "is 100×100 pixels", "use a larger one")])
    upload(world)
    row = row_of(world)
    assert (row.readiness, row.prepared_s3_url) == (Readiness.REJECTED, None)
    assert row.readiness_reason == "picture is 100×100 pixels: use a larger one"


def test_a_rejected_picture_can_be_replaced_by_a_good_one(world: World) -> None:
    world.tools.problem = PictureRejectedError("damaged")
    upload(world, sequencer="01")
    world.tools.problem = None
    upload(world, sequencer="02")
    assert row_of(world).readiness is Readiness.READY
    assert row_of(world).readiness_reason is None


def test_a_good_picture_that_is_overwritten_by_a_bad_one_is_no_longer_offered(world: World) -> None:
    upload(world, sequencer="01")
    world.tools.problem = PictureRejectedError("damaged")
    upload(world, sequencer="02")
    row = row_of(world)
    assert (row.readiness, row.prepared_s3_url) == (Readiness.REJECTED, None)


def test_a_file_over_the_limit_is_rejected_without_being_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.pictures, "metadata", lambda url: (MAX_UPLOAD_BYTES + 1, {}))
    world.import_picture(ORIGINAL, "01")  # reading it would raise: there is no such object
    assert "at most 25 MB" in str(row_of(world).readiness_reason)


def test_an_object_that_is_gone_again_leaves_no_row(world: World) -> None:
    assert world.import_picture(ORIGINAL, "01") is None
    assert world.catalogue.get(Kind.PRODUCT, product_id_of(KEY)) is None


def test_an_object_that_goes_while_we_look_leaves_no_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.pictures, "metadata", lambda url: (5, {}))
    with pytest.raises(PictureMissingError):
        world.pictures.read(ORIGINAL)
    assert world.import_picture(ORIGINAL, "01") is None
    assert world.catalogue.get(Kind.PRODUCT, product_id_of(KEY)) is None


def test_a_misplaced_photo_is_recorded_as_rejected_and_is_never_prepared(world: World) -> None:
    upload(world, "models/alice/me.jpg")
    row = world.catalogue.get(Kind.MODEL, "models/alice/me.jpg")
    assert row is not None
    assert row.readiness is Readiness.REJECTED
    assert "models/users/{user_id}/" in str(row.readiness_reason)
    assert world.pictures.written == []


@pytest.mark.parametrize("key", ["products/tops/", "models/stock/", "models/users/alice/"])
def test_the_empty_object_that_the_console_makes_for_a_folder_is_no_upload(world: World, key: str) -> None:
    before = dict(world.catalogue.rows)
    upload(world, key, content=b"")
    assert world.catalogue.rows == before


def test_a_warning_about_metadata_stands_on_the_row_of_a_picture_that_is_ready(world: World) -> None:
    upload(world, **{"garment-class": "T_SHIRT"})
    assert row_of(world).readiness is Readiness.READY
    assert "T_SHIRT" in str(row_of(world).readiness_reason)


def test_when_storage_does_not_answer_the_event_has_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise StorageUnavailableError

    monkeypatch.setattr(world.pictures, "write", fail)
    with pytest.raises(StorageUnavailableError):
        upload(world)
    assert world.catalogue.get(Kind.PRODUCT, product_id_of(KEY)) is None


def test_of_two_files_with_the_same_product_id_the_later_one_counts_whatever_their_sequencers(world: World) -> None:
    first, second = (S3Url(UPLOADS, f"products/tops/{name}.jpg") for name in ("old", "new"))
    for url in (first, second):
        world.pictures.put(str(url), url.key.encode(), **{"product-id": "SKU-1"})
    world.import_picture(first, "FF", "2026-11-21T12:00:00.000Z")
    world.import_picture(second, "01", "2026-11-21T12:00:01.000Z")
    world.import_picture(first, "FF", "2026-11-21T12:00:00.000Z")  # delivered again, late

    item = world.catalogue.get(Kind.PRODUCT, "SKU-1")
    assert item is not None
    assert item.picture_s3_url == str(second)


# --- private photos: their consent, and how long what was uploaded is kept ---

MINE = "models/users/alice/me.jpg"


def test_the_consent_stands_on_the_row_and_on_what_was_made_of_the_photo(world: World) -> None:
    upload(world, MINE, **consented(world))
    row = photo_of(world)
    assert row.consent == Consent("1", times.to_iso(world.clock.now()))
    assert world.pictures.user_metadata[str(row.prepared_s3_url)] == row.consent.metadata()


def test_a_private_photo_as_it_was_uploaded_goes_as_soon_as_it_is_imported_with_all_its_versions(world: World) -> None:
    world.pictures.put(f"s3://{UPLOADS}/{MINE}", b"an earlier try with the same form", **consented(world))
    world.pictures.put(f"s3://{UPLOADS}/{MINE}x", b"another photo of hers", **consented(world))
    upload(world, MINE, **consented(world))
    assert photo_of(world).readiness is Readiness.READY
    assert [one.url.key for one in world.pictures.below(S3Url(UPLOADS, "models/users/"))] == [f"{MINE}x"]


def test_products_and_stock_models_are_kept_as_they_were_uploaded(world: World) -> None:
    upload(world)
    upload(world, "models/stock/tall.jpg")
    assert {str(ORIGINAL), f"s3://{UPLOADS}/models/stock/tall.jpg"} <= world.pictures.objects.keys()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"consent-version": "1"},
        {"consent-time": "2026-11-21T12:00:00.000Z"},
        {"consent-version": "", "consent-time": "2026-11-21T12:00:00.000Z"},
        {"consent-version": "one version", "consent-time": "2026-11-21T12:00:00.000Z"},
        {"consent-version": "1", "consent-time": "yesterday"},
        {"consent-version": "1", "consent-time": "2026-02-30T12:00:00.000Z"},  # no day of any calendar
        {"consent-version": "1", "consent-time": "2026-11-21T12:06:00.000Z"},  # tomorrow's consent is none
    ],
)
def test_a_private_photo_without_a_consent_is_not_looked_at_and_goes(world: World, metadata: dict[str, str]) -> None:
    upload(world, MINE, **metadata)
    row = photo_of(world)
    assert (row.readiness, row.consent) == (Readiness.REJECTED, None)
    assert str(row.readiness_reason).startswith("consent was not given for this photo: ask POST /uploads")
    assert world.pictures.below(S3Url(UPLOADS, "models/users/")) == []
    assert world.pictures.written == []


def test_a_photo_whose_owner_has_had_everything_erased_since_leaves_nothing(world: World) -> None:
    metadata = consented(world)
    world.erasures.request("alice", "receipt", world.clock.now(), before=times.to_iso(world.clock.now()))
    world.clock.advance(100)
    upload(world, MINE, **metadata)
    assert world.catalogue.models_of("alice", limit=9) == []
    assert world.pictures.below(S3Url(UPLOADS, "models/users/")) == []
    assert world.pictures.written == []


def test_a_photo_that_its_owner_agreed_to_after_an_erasure_is_imported(world: World) -> None:
    world.erasures.request("alice", "receipt", world.clock.now(), before=times.to_iso(world.clock.now()))
    world.clock.advance(1)
    upload(world, MINE, **consented(world))
    assert photo_of(world).readiness is Readiness.READY


def test_a_photo_that_cannot_be_used_goes_too(world: World) -> None:
    world.tools.problem = PictureRejectedError("damaged")
    upload(world, MINE, **consented(world))
    assert photo_of(world).readiness is Readiness.REJECTED
    assert world.pictures.below(S3Url(UPLOADS, "models/users/")) == []


def test_an_event_of_a_photo_that_comes_again_changes_nothing(world: World) -> None:
    upload(world, MINE, **consented(world))
    before = dict(world.catalogue.rows)
    assert world.import_picture(S3Url(UPLOADS, MINE), "01") is None
    assert world.catalogue.rows == before


def test_a_photo_that_comes_under_the_same_form_while_the_first_is_imported_is_left_to_its_own_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, form = world.tools.prepare, consented(world)

    def slow(content: bytes, tier: Tier) -> Prepared:
        if content == b"first":
            world.pictures.put(f"s3://{UPLOADS}/{MINE}", b"second", **form)
        return prepare(content, tier)

    monkeypatch.setattr(world.tools, "prepare", slow)
    upload(world, MINE, b"first", sequencer="01", **form)
    assert photo_of(world).sha256 == b"first".hex()
    world.import_picture(S3Url(UPLOADS, MINE), "02")
    assert photo_of(world).sha256 == b"second".hex()
    assert world.pictures.below(S3Url(UPLOADS, "models/users/")) == []
