"""Uploads whose event never came are imported all the same; what is lost is told, and nothing else is touched."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, UPLOADS, World, photo, shirt
from vto.adapters.batches import s3_objects
from vto.domain import times
from vto.domain.catalogue import Kind, Readiness, model_id_of, product_id_of
from vto.domain.consent import Consent
from vto.domain.reconciling import GRACE_SECONDS
from vto.domain.storage import S3Url
from vto.errors import PictureRejectedError, StorageUnavailableError, Violation, VtoError
from vto.testing import NOON, FakeImportQueue
from vto.use_cases import reconcile_uploads as module
from vto.use_cases.reconcile_uploads import ReconcileUploads, Reconciliation

OLD = NOON - timedelta(hours=1)
CONSENT = Consent.given("1", OLD).metadata()
HIS = f"models/users/{ALICE}/0d9e3f5b7a1c4e6f8a2b4c6d8e0f1a2b.jpg"


class Shop:
    """A shop with its import queue."""

    def __init__(self) -> None:
        self.world = World()
        for item in (shirt(), photo()):
            self.world.pictures.put(item.picture_s3_url, b"original")
        self.queue = FakeImportQueue()
        self.told: list[tuple[str, str, str]] = []
        self.lost: list[tuple[str, str, str]] = []
        self.reports: list[VtoError] = []

    def upload(self, key: str, **metadata: str) -> str:
        """An upload an hour ago, whose event is lost."""
        url = f"s3://{UPLOADS}/{key}"
        self.world.pictures.put(url, b"bytes", **metadata)
        self.world.pictures.modified[url] = OLD
        return url

    def reconcile(self, *, is_whole: bool = False) -> Reconciliation:
        world = self.world
        return ReconcileUploads(
            world.catalogue,
            world.pictures,
            world.operations,
            self.queue,
            world.clock,
            UPLOADS,
            lambda *told: self.told.append(told),
            lambda *told: self.lost.append(told),
            lambda what, error: self.reports.append(error),
        )(is_whole=is_whole)

    def import_all(self) -> None:
        """What the import does with the messages that were sent."""
        for url, sequencer, time in self.queue.sent:
            self.world.import_picture(S3Url.parse(url), sequencer, time)
        self.queue.sent.clear()


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_uploads_without_a_row_are_imported_after_one_pass_and_left_alone_after_that(shop: Shop) -> None:
    keys = ["products/tops/a b+c.jpg", "models/stock/tall.jpg", HIS, "models/robin.jpg"]
    for key in keys:
        shop.upload(key, **(CONSENT if key == HIS else {}))
    assert shop.reconcile().reconciled == 4
    shop.import_all()
    catalogue = shop.world.catalogue
    assert catalogue.get(Kind.PRODUCT, product_id_of(keys[0])).readiness is Readiness.READY  # type: ignore[union-attr]
    assert catalogue.get(Kind.MODEL, model_id_of(keys[1])).readiness is Readiness.READY  # type: ignore[union-attr]
    assert catalogue.get(Kind.MODEL, model_id_of(HIS)).user_id == ALICE  # type: ignore[union-attr]
    assert catalogue.get(Kind.MODEL, "models/robin.jpg").readiness is Readiness.REJECTED  # type: ignore[union-attr]
    # a private photo as it was uploaded goes as soon as it is imported
    assert shop.reconcile() == Reconciliation(objects=5, is_complete=True)
    assert all("robin.jpg" not in item_id for _, item_id, _ in shop.told), "such a key may say something of a person"


def test_a_rejected_upload_is_registered(shop: Shop) -> None:
    shop.upload("products/tops/small.jpg")
    shop.reconcile()
    shop.world.tools.problem = PictureRejectedError("size", [Violation("picture", "is small", "use a larger one")])
    shop.import_all()
    assert shop.reconcile().reconciled == 0


def test_an_upload_of_the_last_minutes_is_left_to_its_own_event(shop: Shop) -> None:
    url = shop.upload("products/tops/new.jpg")
    shop.world.pictures.modified[url] = NOON - timedelta(seconds=GRACE_SECONDS - 1)
    assert shop.reconcile().reconciled == 0
    shop.world.clock.advance(1)
    assert shop.reconcile().reconciled == 1


def test_a_picture_that_was_replaced_while_events_were_lost_is_imported_anew(shop: Shop) -> None:
    url = shop.upload("products/tops/hat.jpg")
    sequencer = "00673F3F2A1B2C3D4E"
    shop.world.import_picture(S3Url.parse(url), sequencer, times.to_iso(OLD))
    shop.world.pictures.put(url, b"replaced")
    shop.world.pictures.modified[url] = OLD + timedelta(minutes=5)
    assert shop.reconcile().reconciled == 1
    shop.import_all()
    row = shop.world.catalogue.get(Kind.PRODUCT, product_id_of("products/tops/hat.jpg"))
    assert row is not None
    assert row.sha256 == b"replaced".hex()
    assert shop.reconcile().reconciled == 0

    # the event of the next replacement comes as S3 sends it, and is not taken for an older one
    shop.world.pictures.put(url, b"once more")
    assert shop.world.import_picture(S3Url.parse(url), "00673F3F2A1B2C3D4F", times.to_iso(NOON)) is not None


def test_the_event_that_was_only_late_is_still_recorded_after_ours(shop: Shop) -> None:
    url = shop.upload("products/tops/hat.jpg")
    shop.reconcile()
    shop.import_all()
    assert shop.world.import_picture(S3Url.parse(url), "0055AED6DCD90281E5", times.to_iso(OLD)) is not None
    assert shop.world.import_picture(S3Url.parse(url), "0055AED6DCD90281E5", times.to_iso(OLD)) is None


def test_a_product_that_names_itself_is_looked_for_under_that_name(shop: Shop) -> None:
    url = shop.upload("products/tops/x.jpg", **{"product-id": "SKU-9"})
    shop.world.import_picture(S3Url.parse(url), "01", times.to_iso(OLD))
    assert shop.reconcile().reconciled == 0
    newer = shop.upload("products/tops/y.jpg", **{"product-id": "SKU-9"})
    shop.world.pictures.modified[newer] = OLD + timedelta(minutes=1)
    older = shop.upload("products/tops/z.jpg", **{"product-id": "SKU-9"})
    shop.world.pictures.modified[older] = OLD - timedelta(minutes=1)
    assert [shop.reconcile().reconciled, shop.queue.sent[0][0]] == [1, newer]
    shop.import_all()
    assert shop.reconcile().reconciled == 0


def test_what_a_shop_wrote_itself_with_a_picture_that_is_ready_is_not_overwritten(shop: Shop) -> None:
    url = shop.upload("products/tops/own.jpg")
    item_id = product_id_of("products/tops/own.jpg")
    shop.world.stock(shirt(item_id, picture_s3_url=url, readiness=None))
    assert shop.reconcile().reconciled == 0
    shop.world.catalogue.add(shirt(item_id, picture_s3_url=url, readiness=None, prepared_s3_url=None))
    assert shop.reconcile().reconciled == 1, "without one, its upload is still to be imported"


def test_a_private_photo_past_its_time_is_not_imported_anew(shop: Shop) -> None:
    shop.world.pictures.modified[shop.upload(HIS)] = NOON - timedelta(hours=24)
    other = f"models/users/{ALICE}/expired.jpg"
    shop.upload(other)
    row = photo(model_id_of(other), ALICE, readiness=None, prepared_s3_url=None, ttl=times.epoch(NOON))
    shop.world.catalogue.add(row)
    assert shop.reconcile().reconciled == 0


def test_a_prepared_picture_that_is_gone_is_made_again_from_its_original(shop: Shop) -> None:
    key, at = "products/tops/hat.jpg", times.to_iso(OLD)
    for one in (HIS, key):
        shop.world.import_picture(S3Url.parse(shop.upload(one, **CONSENT)), "0055", at)
    shop.upload(HIS, **CONSENT)  # it could not be removed after it was imported
    for item in list(shop.world.catalogue.rows.values())[2:]:
        del shop.world.pictures.objects[item.prepared_s3_url or ""]
    assert shop.reconcile().reconciled == 2
    assert shop.world.catalogue.get(Kind.PRODUCT, product_id_of(key)).source_time == at  # type: ignore[union-attr]
    shop.import_all()
    assert shop.lost == []
    assert shop.reconcile(is_whole=True).reconciled == 0


def test_a_shops_own_row_is_not_repaired_by_an_import_that_would_write_another(shop: Shop) -> None:
    del shop.world.pictures.objects[shirt().prepared_s3_url or ""]
    assert shop.reconcile().reconciled == 0
    assert shop.lost == [("product", "blue-shirt", "prepared picture")]


def test_what_s3_has_lost_is_told_and_not_touched(shop: Shop) -> None:
    pictures = shop.world.pictures
    del pictures.objects[shirt().picture_s3_url]
    del pictures.objects[photo().picture_s3_url], pictures.objects[photo().prepared_s3_url or ""]
    before = dict(shop.world.catalogue.rows), dict(pictures.objects)
    assert shop.reconcile().lost == 2
    assert shop.lost == [
        ("product", "blue-shirt", "original"),
        ("model", "stock-anna", "prepared picture and original"),
    ]
    assert (dict(shop.world.catalogue.rows), dict(pictures.objects)) == before
    assert shop.queue.sent == []


def test_the_rows_are_held_against_s3_once_a_day_and_when_somebody_asks(shop: Shop) -> None:
    assert [shop.reconcile().rows, shop.reconcile().rows, shop.reconcile(is_whole=True).rows] == [2, 0, 2]
    shop.world.clock.advance(module.ROWS_SECONDS + 1)
    assert shop.reconcile().rows == 2


@pytest.mark.parametrize("seconds", [30, 45])
def test_a_run_stops_when_its_time_is_over_and_the_next_goes_on_from_there(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    for n in range(10):
        shop.upload(f"products/tops/{n:02}.jpg")
        shop.upload(f"models/stock/{n:02}.jpg")
    listed = shop.world.pictures.listed

    def slow(*place: Any, **rest: Any) -> Any:
        shop.world.clock.advance(seconds)
        return listed(*place, **rest)

    shop.world.pictures.listed = slow  # type: ignore[method-assign]
    runs = []
    while not runs or not runs[-1].is_complete:
        runs.append(shop.reconcile())
        assert len(runs) < 10
    assert len(runs) > 2
    assert len({url for url, *_ in shop.queue.sent}) == len(shop.queue.sent) == 20, "each once, all of them"
    assert runs[-1].rows == 2


def test_rows_for_which_the_uploads_leave_no_time_have_every_other_run_for_themselves(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shop.world
    monkeypatch.setattr(module, "PAGE", 3)
    for n in range(30):
        row = shirt(f"shirt-{n:02}")
        world.catalogue.add(row)
        world.pictures.put(row.picture_s3_url, b"original")

    def slow(ask: Any, seconds: float) -> Any:
        def answer(*words: Any, **rest: Any) -> Any:
            world.clock.advance(seconds)
            return ask(*words, **rest)

        return answer

    monkeypatch.setattr(world.pictures, "listed", slow(world.pictures.listed, 8))  # 96 s for all
    monkeypatch.setattr(world.catalogue, "products", slow(world.catalogue.products, 20))
    runs = [shop.reconcile()]
    while world.operations.place(module.ROWS) or world.operations.last_run(module.ROWS) is None:
        runs.append(shop.reconcile())
        assert len(runs) < 8
    assert sum(one.rows for one in runs) == 32
    assert all(before.objects or after.objects for before, after in pairwise(runs)), "uploads do not wait for rows"


def test_no_log_has_the_file_name_of_a_photo_in_a_wrong_folder(shop: Shop) -> None:
    shop.upload("models/Ada in Rome.jpg")
    shop.upload("models/stock/Standing.jpg")
    shop.reconcile()
    names = sorted(name for _, name, _ in shop.told)
    assert [name.rpartition("-")[0] for name in names] == ["photo", "standing"]


def test_an_outage_ends_a_run_and_what_was_done_before_it_is_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for n in range(4):
        shop.upload(f"models/stock/{n}.jpg")
    send = shop.queue.send

    def fails_once(url: S3Url, *rest: str) -> None:
        if url.key.endswith("2.jpg"):
            shop.queue.send = send  # type: ignore[method-assign]
            raise StorageUnavailableError
        send(url, *rest)

    shop.queue.send = fails_once  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailableError):
        shop.reconcile()
    assert shop.reconcile().reconciled == 2
    assert len(shop.queue.sent) == 4


def test_one_odd_row_does_not_keep_the_others_from_being_found(shop: Shop) -> None:
    shop.upload("products/tops/a.jpg")
    shop.upload("products/tops/b.jpg")
    get = shop.world.catalogue.get

    def odd(kind: Kind, item_id: str) -> Any:
        if item_id.startswith("a-"):
            raise ValueError("its readiness is 'perhaps'")
        return get(kind, item_id)

    shop.world.catalogue.get = odd  # type: ignore[method-assign]
    done = shop.reconcile()
    assert (done.reconciled, done.failed, done.is_complete) == (1, 1, True)
    assert [type(one).__name__ for one in shop.reports] == ["InternalError"]


def test_folders_are_no_uploads_and_an_object_that_goes_meanwhile_is_none_either(shop: Shop) -> None:
    shop.upload("products/tops/")
    url = shop.upload("products/tops/gone.jpg")
    metadata = shop.world.pictures.metadata

    def gone(address: S3Url) -> Any:
        shop.world.pictures.objects.pop(url, None)
        return metadata(address)

    shop.world.pictures.metadata = gone  # type: ignore[method-assign]
    assert shop.reconcile().reconciled == 0


def test_nothing_of_ours_is_read_as_an_event_of_s3_that_has_no_sequencer(shop: Shop) -> None:
    body = (
        '{"Records": [{"eventTime": "t", "s3": {"bucket": {"name": "b"}, "object": {"key": "k", "sequencer": "0"}}}]}'
    )
    ((_, [written]),) = s3_objects({"Records": [{"messageId": "1", "body": body}]})
    assert written.sequencer == "0"
