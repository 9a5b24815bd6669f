"""Whatever is uploaded: a picture without a past, or a row with a reason; and its neighbours in the batch untouched."""

import sys
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.contract.deployed import ROOT, create_storage, environment, handler, resolved, resources, use_environment
from tests.hostile import corpus
from tests.hostile.residue import residue
from tests.hostile.shop import Shop, message, some
from vto.adapters.pillow import DECODING_BYTES, DECODING_LIMIT, PillowTools
from vto.domain.catalogue import CatalogueItem, Readiness
from vto.domain.pictures import MAX_UPLOAD_BYTES, MAX_UPLOAD_PIXELS
from vto.errors import PictureRejectedError

GOOD = {f"products/tops/good {number}.jpg": corpus.good(number) for number in range(9)}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop()
    shop.open(monkeypatch)
    return shop


def with_neighbours(shop: Shop, bad: bytes, at: int = 0) -> CatalogueItem:
    """The row of a bad upload that came fifth in a batch of ten, whose other nine were each prepared once."""
    uploads = [*GOOD.items()]
    uploads.insert(5, ("products/tops/bad.jpg", bad))
    rows = shop.receive(dict(uploads))
    assert len(rows) == 10
    neighbours = [row for row in rows if "good" in row.picture_s3_url]
    assert [row.readiness for row in neighbours] == [Readiness.READY] * 9
    return rows[5]


def reason(row: CatalogueItem) -> str:
    """Why a picture was rejected; a sentence about the picture, for a person."""
    assert row.readiness is Readiness.REJECTED, row
    assert row.prepared_s3_url is None
    said = str(row.readiness_reason)
    assert said.startswith("picture ")
    assert not any(word in said for word in ("Error", "Traceback", "PIL", "None", "0x"))
    return said


@pytest.mark.parametrize("name", corpus.BOMBS)
def test_a_bomb_is_rejected_with_a_reason_and_its_nine_neighbours_are_prepared_once(name: str, shop: Shop) -> None:
    said = reason(with_neighbours(shop, corpus.BOMBS[name]()))
    assert any(word in said for word in ("megapixels", "parts", "passes", "side may be at most")), said


def test_thirty_files_that_lie_about_what_they_are_become_pictures_without_a_past_or_reasons(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as the function is shipped
    files = corpus.polyglots()
    assert len(files) == 30
    for name, (content, is_picture) in files.items():
        (row,) = shop.receive({f"products/{name}.jpg": content})
        if is_picture:
            assert row.readiness is Readiness.READY, name
            prepared = shop.pictures.objects[str(row.prepared_s3_url)]
            assert corpus.PAYLOAD not in prepared
            assert b"payload" not in prepared
        else:
            said = (
                "is a HEIC photo, which this shop does not read" if name == "a HEIC" else "is not a JPEG, PNG or WebP"
            )
            assert said in reason(row), name
            assert "save it as" in reason(row)
    assert shop.scanned == sum(is_picture for _, is_picture in files.values())


@pytest.mark.parametrize("kind", corpus.animations())
def test_a_moving_picture_is_rejected_among_its_neighbours(kind: str, shop: Shop) -> None:
    said = reason(with_neighbours(shop, corpus.animations()[kind]))
    assert ("still picture" if kind != "GIF" else "is not a JPEG, PNG or WebP") in said


def damaged(kind: str) -> Iterator[bytes]:
    yield from corpus.truncations(kind, some(200, 100))
    yield from corpus.flips(kind, some(1_000, 200))
    yield from corpus.bad_exif(kind, some(200, 40))


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata, as it should
@pytest.mark.parametrize("kind", corpus.KINDS)
def test_damaged_pictures_are_prepared_or_rejected_and_never_stop_the_function(kind: str, shop: Shop) -> None:
    outcomes = set()
    files = list(damaged(kind))
    for first in range(0, len(files), 10):
        batch = files[first : first + 10]
        for row in shop.receive({f"products/{number}.jpg": one for number, one in enumerate(batch, first)}):
            outcomes.add(row.readiness)
            if row.readiness is Readiness.REJECTED:
                reason(row)
    assert outcomes == {Readiness.READY, Readiness.REJECTED}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", corpus.KINDS)
def test_a_damaged_mask_is_prepared_or_rejected_but_never_crashes(kind: str) -> None:
    outcomes = set()
    for content in damaged(kind):
        try:
            outcomes.add(residue(PillowTools().prepare_mask(content, 320, 330)) == [])
        except PictureRejectedError as refusal:
            outcomes.add(type(refusal))
    assert outcomes == {True, PictureRejectedError}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", corpus.KINDS)
def test_a_damaged_picture_leaves_its_nine_neighbours_alone(kind: str, shop: Shop) -> None:
    files = [*corpus.truncations(kind, some(200, 3)), *corpus.flips(kind, some(200, 3))]
    for content in files:
        with_neighbours(shop, content)


@pytest.mark.parametrize("kind", corpus.KINDS)
def test_no_output_holds_anything_but_a_picture(kind: str, shop: Shop) -> None:
    for seed in range(some(334, 8)):
        image = corpus.drawn(320 + seed % 90, 330 + seed % 70, seed)
        upload = corpus.saved(image, kind, exif=corpus.ON_ITS_SIDE, icc_profile=b"\0" * (seed % 300))
        (row,) = shop.receive({f"models/users/somebody/{seed}.jpg": upload + corpus.PAYLOAD})
        assert row.readiness is Readiness.READY
        assert row.user_id == "somebody"
    assert shop.scanned == some(334, 8)


def test_a_batch_with_a_bomb_goes_through_real_storage_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        use_environment(monkeypatch, environment("import_picture"))
        create_storage()
        s3, dynamodb = boto3.client("s3"), boto3.resource("dynamodb")
        bucket = resolved(resources("AWS::S3::Bucket")["UploadsBucket"]["BucketName"])
        keys = [*GOOD, "products/tops/bad + 100%.png"]
        for key in keys:
            content = GOOD.get(key) or corpus.BOMBS["144 megapixels of RGB in 445 KB"]()
            s3.put_object(Bucket=bucket, Key=key, Body=content)
        event = {"Records": [message(key, bucket=bucket) for key in keys]}
        for _ in range(2):  # the second time nothing is left to do
            assert handler("import_picture")(event) == {"batchItemFailures": []}
        rows = dynamodb.Table("vto-products").scan()["Items"]
        assert sorted(row["readiness"] for row in rows) == ["ready"] * 9 + ["rejected"]
        for row in rows:
            if row["readiness"] == "ready":
                key = row["prepared_s3_url"].removeprefix(f"s3://{bucket}/")
                assert residue(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) == []
            else:
                assert row["product_picture_s3_url"] == f"s3://{bucket}/products/tops/bad + 100%.png"
                assert "at most 60 megapixels" in row["readiness_reason"]


# --- what is shown above would be noticed ---------------------------------------------------------------------------


def test_the_corpus_has_the_bombs_that_were_measured() -> None:
    first, second = (corpus.BOMBS[name]() for name in list(corpus.BOMBS)[:2])
    assert 100_000 < len(first) < 120_000
    assert 400_000 < len(second) < 480_000


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"exif": corpus.ON_ITS_SIDE}, "EXIF"),
        ({"xmp": b"<x:xmpmeta/>"}, "XMP"),
        ({"icc_profile": b"\0" * 200}, "ICC profile"),
        ({"comment": b"words"}, "marker FE"),
    ],
)
def test_the_scanner_finds_metadata_in_a_jpeg(options: dict[str, bytes], found: str) -> None:
    assert residue(corpus.saved(corpus.drawn(), "JPEG", **options)) == [found]


def test_the_scanner_finds_words_thumbnails_and_trailers() -> None:
    jpeg, png = corpus.good(0), corpus.good(0, "PNG")
    iptc = b"\xff\xed\0\x12Photoshop 3.0\0xx"
    thumbnail = jpeg[:18] + b"\1\1" + jpeg[20:]
    assert residue(jpeg) == residue(png) == []
    assert residue(jpeg[:2] + iptc + jpeg[2:]) == ["IPTC"]
    assert residue(thumbnail) == ["thumbnail"]
    assert residue(jpeg + b"PK") == ["2 bytes behind the end"]
    assert residue(jpeg[:-2]) == ["no end"]
    assert residue(png + b"PK") == ["2 bytes behind the end"]
    assert residue(png[:33] + corpus.chunk(b"eXIf", b"MM") + png[33:]) == ["chunk eXIf"]
    assert residue(corpus.saved(corpus.drawn(), "PNG", icc_profile=b"\0" * 200)) == ["chunk iCCP"]
    assert residue(png[:-3]) == ["damaged IEND"]


def test_the_readme_names_the_limits_that_hold() -> None:
    said = (ROOT / "README.md").read_text()
    most = DECODING_LIMIT // DECODING_BYTES["WEBP"] // 1_000_000
    assert f"at most 25 MB and 60 megapixels, WebP {most}" in said
    assert (MAX_UPLOAD_BYTES, MAX_UPLOAD_PIXELS) == (25_000_000, 60_000_000)
