"""The shop fills its catalogue by hand, while uploads are imported, and products that it deleted stay deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.vto.world import ALICE, UPLOADS, World, shirt
from vto import schemas
from vto.domain.catalogue import Upload
from vto.domain.curating import ID_KEY, SKEW_SECONDS, picture_key
from vto.domain.job import Status
from vto.domain.parameters import GARMENT_CLASSES
from vto.domain.pictures import MAX_UPLOAD_BYTES, UPLOAD_FORMATS
from vto.domain.storage import S3Url
from vto.errors import InvalidRequestError, NotFoundError, PictureMissingError, StorageUnavailableError
from vto.ports import UploadForm
from vto.testing import FakeImportQueue, FakeOperations, FakePictures
from vto.use_cases.reconcile_uploads import ReconcileUploads

COAT = {"name": "Red coat", "category": "upper_body"}
KEY = picture_key("coat")
PICTURE = S3Url(UPLOADS, KEY)


def put(world: World, product_id: str = "coat", **request: Any) -> tuple[dict[str, Any], bool]:
    return world.manage_products.put(product_id, {**COAT, **request})


def form(world: World, product_id: str = "coat", **request: Any) -> dict[str, Any]:
    return world.manage_products.offer_picture(product_id, {"content_type": "image/png", **request})


def use(world: World, offered: dict[str, Any], content: bytes = b"photo") -> None:
    """Upload with a form."""
    prefix = "x-amz-meta-"
    pinned = {name.removeprefix(prefix): one for name, one in offered["fields"].items() if name.startswith(prefix)}
    world.pictures.put(offered["s3_url"], content, **pinned)


def arrive(world: World, key: str = KEY, sequencer: str = "01", at: str = "") -> Any:
    """The event of an upload."""
    return world.import_picture(S3Url(UPLOADS, key), sequencer, at or world.pictures.time())


def lying(world: World, *prefixes: str) -> list[str]:
    """Whatever lies below some folders, old versions included."""
    every = [str(one.url) for one in world.pictures.old if not one.is_marker] + list(world.pictures.objects)
    return sorted(one for one in every if one.startswith(tuple(f"s3://{UPLOADS}/{prefix}" for prefix in prefixes)))


def refused(world: World, product_id: str = "coat", **request: Any) -> list[str]:
    with pytest.raises(InvalidRequestError) as error:
        world.manage_products.put(product_id, request)
    return [one.path for one in error.value.violations]


# --- words ---


def test_a_product_without_a_picture_is_not_listed_and_a_try_on_of_it_says_why(world: World) -> None:
    view, is_new = put(world)
    assert (is_new, view["product_id"], view["readiness"], view["picture_url"]) == (True, "coat", None, None)
    assert [one["product_id"] for one in world.browse_products({})["products"]] == ["blue-shirt"]
    with pytest.raises(InvalidRequestError) as error:
        world.create_try_on({"product_id": "coat", "model_id": "stock-anna"}, user_id=ALICE)
    assert [one.problem for one in error.value.violations] == ["has no picture yet"]


def test_writing_the_same_again_changes_nothing_but_the_time_and_is_no_new_product(world: World) -> None:
    first, _ = put(world, description="Warm")
    world.clock.advance(9)
    again, is_new = put(world, description="Warm")
    assert not is_new
    assert again == {**first, "updated_at": world.pictures.time()}


def test_a_request_replaces_all_words_and_leaves_the_picture(world: World) -> None:
    world.stock(shirt("coat", description="old", garment_class="SHOES", auto_imported=True))
    view, is_new = put(world, garment_class="LONG_SLEEVE_SHIRT")
    row = world.catalogue.product("coat")
    assert row is not None
    assert (is_new, view["description"], view["garment_class"]) == (False, "", "LONG_SLEEVE_SHIRT")
    assert (row.name, row.readiness, row.sha256, row.auto_imported) == ("Red coat", "ready", "shirt-digest", True)


@pytest.mark.parametrize(
    ("request_", "garment_class"),
    [
        ({"category": "shoes"}, "FOOTWEAR"),
        ({"category": "sale", "name": "Denim jeans"}, "LOWER_BODY"),
        ({"category": "sofas", "name": "Green sofa"}, None),
        ({"category": "shoes", "garment_class": "BOOTS"}, "BOOTS"),
    ],
)
def test_a_class_that_is_left_out_is_what_category_and_words_say(
    world: World, request_: dict[str, str], garment_class: str | None
) -> None:
    assert put(world, **request_)[0]["garment_class"] == garment_class


@pytest.mark.parametrize(
    ("request_", "paths"),
    [
        ({}, ["category", "name"]),
        ({**COAT, "price": 3}, ["price"]),
        ({**COAT, "name": " "}, ["name"]),
        ({**COAT, "name": "two\nlines"}, ["name"]),
        ({**COAT, "name": "ends in one\n"}, ["name"]),
        ({**COAT, "category": "a\u0000b"}, ["category"]),
        ({**COAT, "name": "n" * 201, "description": "d" * 2001}, ["description", "name"]),
        ({**COAT, "name": 7, "garment_class": "COAT"}, ["garment_class", "name"]),
        ({**COAT, "name": "half \ud800"}, ["(the whole request)"]),
    ],
)
def test_all_that_is_wrong_with_the_words_is_said_at_once(
    world: World, request_: dict[str, Any], paths: list[str]
) -> None:
    assert refused(world, **request_) == paths
    assert world.catalogue.product("coat") is None


@pytest.mark.parametrize("request_", [None, [], "name", 7])
def test_a_request_that_is_no_object_is_refused(world: World, request_: Any) -> None:
    for ask in (world.manage_products.put, world.manage_products.offer_picture):
        with pytest.raises(InvalidRequestError):
            ask("coat", request_)


@pytest.mark.parametrize("product_id", ["", "a/b", "../x", "-a", "ä", "a b", "a\n", "a%2Fb", "a" * 129])
def test_an_id_that_cannot_name_a_place_is_refused(world: World, product_id: str) -> None:
    assert refused(world, product_id, **COAT) == ["product_id"]
    with pytest.raises(InvalidRequestError):
        form(world, product_id)


def test_the_schemas_say_what_the_domain_says() -> None:
    assert schemas.violations("product", {**COAT, "garment_class": "x"})[0].problem.endswith(", ".join(GARMENT_CLASSES))
    for kind in UPLOAD_FORMATS.values():
        assert schemas.violations("product_picture", {"content_type": kind, "bytes": MAX_UPLOAD_BYTES}) == []
    assert schemas.violations("product_picture", {"content_type": "image/png", "bytes": MAX_UPLOAD_BYTES + 1})


# --- pictures ---


def test_a_form_is_for_one_product_and_its_picture_makes_the_product_ready_with_the_shops_own_words(
    world: World,
) -> None:
    put(world)
    offered = form(world)
    fields = offered["fields"]
    assert (fields["key"], fields[f"x-amz-meta-{ID_KEY}"], offered["product_id"]) == (KEY, "coat", "coat")
    use(world, offered)
    arrive(world)
    view = world.browse_products.one("coat")
    assert (view["name"], view["category"], view["readiness"]) == ("Red coat", "upper_body", "ready")
    assert Upload.from_key(KEY, {}).item_id == "coat"  # the hourly look at the bucket knows it by its key alone


def test_a_form_takes_no_larger_file_than_was_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = FakePictures.upload_form

    def noted(self: FakePictures, url: S3Url, *, max_bytes: int, **more: Any) -> Any:
        asked.append(max_bytes)
        return original(self, url, max_bytes=max_bytes, **more)

    monkeypatch.setattr(FakePictures, "upload_form", noted)
    put(world)
    form(world), form(world, bytes=1234)
    assert asked == [MAX_UPLOAD_BYTES, 1234]


def test_there_is_no_form_for_a_product_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFoundError):
        form(world)


def test_words_that_are_written_while_the_picture_is_imported_stay(world: World) -> None:
    put(world)
    use(world, form(world))

    def meanwhile() -> None:
        put(world, name="Blue coat", category="coats")

    interrupted(world, meanwhile)
    arrive(world)
    view = world.browse_products.one("coat")
    assert (view["name"], view["category"], view["readiness"]) == ("Blue coat", "coats", "ready")


def test_a_picture_from_s3_that_names_the_product_may_come_before_its_words(world: World) -> None:
    world.pictures.put(f"s3://{UPLOADS}/products/a.jpg", b"photo", **{ID_KEY: "coat"})
    arrive(world, "products/a.jpg")
    view, is_new = put(world)
    assert (is_new, view["name"], view["readiness"]) == (False, "Red coat", "ready")


# --- deleting ---


def interrupted(world: World, meanwhile: Callable[[], None]) -> None:
    """Let something happen while the next picture is being prepared."""
    prepare = world.tools.prepare

    def first(*given: Any) -> Any:
        world.tools.prepare = prepare  # type: ignore[method-assign]
        made = prepare(*given)
        meanwhile()
        return made

    world.tools.prepare = first  # type: ignore[method-assign]


def ready(world: World) -> None:
    put(world)
    use(world, form(world))
    arrive(world)
    world.clock.advance(60)


def test_a_deleted_product_is_gone_with_its_original_what_was_prepared_and_all_their_versions(world: World) -> None:
    ready(world)
    use(world, form(world), b"another")
    arrive(world, sequencer="02")
    world.stock(shirt("coat/blue"))  # its prepared pictures lie below those of the other
    world.manage_products.delete("coat")
    assert world.catalogue.product("coat") is None
    assert lying(world, "products/by-id/coat", "prepared/products/coat/") == [
        f"s3://{UPLOADS}/prepared/products/coat/blue/1.jpg"
    ]
    with pytest.raises(NotFoundError):
        world.browse_products.one("coat")


def test_the_original_of_an_upload_to_s3_goes_too_and_one_that_a_row_names_elsewhere_stays(world: World) -> None:
    world.stock(shirt("mine"), shirt("theirs", picture_s3_url="s3://other/products/a.jpg"))
    mine = str(shirt("mine").picture_s3_url)
    for url in (mine, mine + ".bak", "s3://other/products/a.jpg"):
        world.pictures.put(url, b"photo", **{ID_KEY: "mine"})
    world.manage_products.delete("mine")
    world.manage_products.delete("theirs")
    left = [one for one in world.pictures.objects if "prepared" not in one]
    assert left == [mine + ".bak", "s3://other/products/a.jpg"]


def test_deleting_again_is_answered_alike_and_what_never_was_is_not_there(world: World) -> None:
    ready(world)
    world.manage_products.delete("coat")
    world.manage_products.delete("coat")
    with pytest.raises(NotFoundError):
        world.manage_products.delete("no-such-product")


def test_what_a_deletion_could_not_remove_is_removed_when_it_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(world)
    with monkeypatch.context() as patch:

        def down(*_: Any) -> None:
            raise StorageUnavailableError("S3")

        patch.setattr(world.pictures, "remove", down)
        with pytest.raises(StorageUnavailableError):
            world.manage_products.delete("coat")
    assert world.catalogue.product("coat") is None
    assert len(lying(world, "products/", "prepared/products/coat/")) == 2
    world.manage_products.delete("coat")
    assert lying(world, "products/", "prepared/products/coat/") == []


def test_an_import_that_is_queued_finds_nothing(world: World) -> None:
    put(world)
    use(world, form(world))
    at = world.pictures.time()
    world.manage_products.delete("coat")
    assert arrive(world, at=at) is None
    assert world.catalogue.product("coat") is None


def test_an_import_that_is_at_work_does_not_bring_the_product_back_and_leaves_nothing(world: World) -> None:
    put(world)
    use(world, form(world))
    interrupted(world, lambda: world.manage_products.delete("coat"))
    assert arrive(world) is None
    assert world.catalogue.product("coat") is None
    assert lying(world, "products/", "prepared/products/coat/") == []


def test_an_import_that_is_at_work_leaves_the_product_that_was_made_anew_meanwhile_its_own_picture(
    world: World,
) -> None:
    put(world)
    use(world, form(world))
    at = world.pictures.time()

    def meanwhile() -> None:
        world.manage_products.delete("coat")
        world.clock.advance(SKEW_SECONDS + 1)
        put(world, name="Anew")
        use(world, form(world), b"the new one")
        arrive(world, sequencer="02")

    interrupted(world, meanwhile)
    assert arrive(world, at=at) is None
    view, row = world.browse_products.one("coat"), world.catalogue.product("coat")
    assert row is not None
    assert (view["name"], view["readiness"]) == ("Anew", "ready")
    assert world.pictures.objects[str(row.prepared_s3_url)] == b"prepared:the new one"
    assert world.pictures.objects[str(PICTURE)] == b"the new one"


def test_a_form_of_before_that_is_used_afterwards_uploads_a_picture_that_is_removed(world: World) -> None:
    put(world)
    offered = form(world)
    world.clock.advance(60)
    world.manage_products.delete("coat")
    world.clock.advance(60)
    use(world, offered)
    assert arrive(world) is None
    assert world.catalogue.product("coat") is None
    assert lying(world, "products/", "prepared/products/coat/") == []


@pytest.mark.parametrize("again", ["by hand", "by an upload"])
def test_what_the_shop_does_afterwards_makes_it_a_product_again(world: World, again: str) -> None:
    ready(world)
    late = form(world)
    world.manage_products.delete("coat")
    world.clock.advance(60)
    if again == "by hand":
        assert put(world, name="Anew") == (world.browse_products.one("coat"), True)
        use(world, form(world), b"the new one")
    else:
        world.pictures.put(str(PICTURE), b"the new one")
    assert arrive(world) is not None
    use(world, late)  # the form of before is void still
    assert arrive(world, sequencer="02") is None
    row = world.catalogue.product("coat")
    assert row is not None
    assert world.pictures.objects[str(row.prepared_s3_url)] == b"prepared:the new one"


def test_the_hourly_look_at_the_bucket_removes_what_is_left_and_brings_nothing_back(world: World) -> None:
    """An upload from before under another key has the deleted product's id, and no row names it."""
    old = f"s3://{UPLOADS}/products/upper_body/coat.jpg"
    world.pictures.put(old, b"photo")
    product_id = Upload.from_key("products/upper_body/coat.jpg", {}).item_id
    arrive(world, "products/upper_body/coat.jpg")
    world.clock.advance(60)
    use(world, form(world, product_id), b"another")
    arrive(world, picture_key(product_id), sequencer="02")
    world.clock.advance(60)
    world.manage_products.delete(product_id)
    assert lying(world, "products/") == [old]

    world.clock.advance(3600)
    queue = FakeImportQueue()
    nothing: Callable[..., None] = lambda *_: None  # noqa: E731
    look = ReconcileUploads(
        world.catalogue, world.pictures, FakeOperations(), queue, world.clock, UPLOADS, nothing, nothing, nothing
    )
    look()
    for url, sequencer, at in queue.sent:
        world.import_picture(S3Url.parse(url), sequencer, at)
    assert [url for url, _, _ in queue.sent] == [old]
    assert world.catalogue.product(product_id) is None
    assert lying(world, "products/") == []


def test_a_job_of_a_deleted_product_ends_with_what_to_do(world: World) -> None:
    world.add_job("job-1")
    world.jobs.claim("job-1", "arn:execution:first", world.clock.now())
    world.manage_products.delete("blue-shirt")
    with pytest.raises(PictureMissingError) as error:
        world.validate_request("job-1", "arn:execution:first", 0)
    (said,) = error.value.violations
    assert (said.path, said.problem) == ("product_id", "is no longer in the catalogue")
    assert world.jobs.rows["job-1"].status is Status.PROCESSING  # the machine ends it by that error
    with pytest.raises(InvalidRequestError):
        world.create_try_on({"product_id": "blue-shirt", "model_id": "stock-anna"}, user_id=ALICE)


def test_a_product_that_is_deleted_and_made_anew_within_a_second_gets_its_new_picture(world: World) -> None:
    ready(world)
    late = form(world)
    world.clock.advance(1)
    world.manage_products.delete("coat")
    world.clock.advance(0.2)
    put(world, name="Anew")
    world.clock.advance(0.2)
    use(world, form(world), b"the new one")
    world.clock.advance(0.2)
    assert arrive(world) is not None
    assert world.browse_products.one("coat")["readiness"] == "ready"
    use(world, late)  # the form of before is void still
    assert arrive(world, sequencer="02") is None
    row = world.catalogue.product("coat")
    assert row is not None
    assert world.pictures.objects[str(row.prepared_s3_url)] == b"prepared:the new one"


def test_the_original_of_another_product_stays_when_a_row_that_named_it_too_is_deleted(world: World) -> None:
    key = "products/upper_body/shirt.jpg"
    world.pictures.put(f"s3://{UPLOADS}/{key}", b"photo")
    imported = arrive(world, key)
    world.stock(shirt("SKU-7-M", picture_s3_url=imported.picture_s3_url))
    world.manage_products.delete("SKU-7-M")
    assert world.pictures.objects[imported.picture_s3_url] == b"photo"
    world.manage_products.delete(imported.item_id)
    assert imported.picture_s3_url not in world.pictures.objects


def test_a_size_that_is_a_whole_number_with_a_point_is_one_to_s3_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(
        FakePictures, "upload_form", lambda *_, max_bytes, **__: sizes.append(max_bytes) or UploadForm("", {})
    )
    put(world)
    form(world, bytes=5.0)
    assert repr(sizes) == "[5]"
