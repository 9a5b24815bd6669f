"""A try-on opens no picture: they were prepared and measured at their upload, and go to the engine as they are."""

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.vto.world import BLANK_SLOT, EXECUTION, GARMENT, World, photo, shirt
from vto.adapters.exchange import exchange, read_pictures
from vto.domain.parameters import canonical
from vto.domain.storage import S3Url
from vto.errors import PictureRejectedError, Violation
from vto.ports import TryOnRequest
from vto.testing import FakePictureTools


class Unopened(FakePictureTools):
    """Tools that nobody may use."""

    def _raise(self) -> None:
        raise AssertionError("a picture was opened")


@pytest.fixture
def reads(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the pictures that were read whole."""
    found: list[str] = []
    read: Callable[[S3Url], bytes] = world.pictures.read

    def noted(url: S3Url) -> bytes:
        found.append(str(url))
        return read(url)

    def metadata(url: S3Url) -> tuple[int, dict[str, str]]:
        return len(read(url)), {}

    monkeypatch.setattr(world.pictures, "read", noted)
    monkeypatch.setattr(world.pictures, "metadata", metadata)
    return found


def test_a_try_on_opens_no_picture_and_reads_each_once_for_the_request(world: World, reads: list[str]) -> None:
    world = replace(world, tools=Unopened())
    world.claimed_job()
    validation = world.validate_request("job-1", EXECUTION, 0)
    slot = world.reserve_slot("job-1", EXECUTION, BLANK_SLOT, None)
    assert reads == []
    world.invoke_model("job-1", EXECUTION, validation, slot)
    (request,) = world.engine.requests
    sent: list[bytes] = []

    def ask(body: bytes) -> tuple[bytes, tuple[()]]:
        sent.append(body)
        return json.dumps({"images": [base64.b64encode(b"made").decode()]}).encode(), ()

    exchange(request, world.pictures, ask)
    params = json.loads(sent[0])["virtualTryOnParams"]
    prepared = [photo().prepared_s3_url or "", shirt().prepared_s3_url or ""]
    assert sorted(reads) == sorted(prepared)
    assert [base64.b64decode(params[name]) for name in ("sourceImage", "referenceImage")] == [
        world.pictures.objects[address] for address in prepared
    ]


def test_only_a_row_that_a_shop_wrote_without_its_measures_has_its_picture_opened(
    world: World, reads: list[str]
) -> None:
    world.catalogue.rows[shirt().kind, shirt().item_id] = replace(shirt(), sha256=None)
    world.claimed_job()
    world.validate_request("job-1", EXECUTION, 0)
    assert reads == [shirt().prepared_s3_url]
    world.tools.problem = PictureRejectedError("as it is", [Violation("picture", "is a GIF", "save it as a JPEG")])
    with pytest.raises(PictureRejectedError):
        world.validate_request("job-1", EXECUTION, 0)


def test_the_pictures_of_a_request_are_read_at_the_same_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2, timeout=10)  # breaks where one read waits for the other's end
    read: Callable[[S3Url], bytes] = world.pictures.read

    def slow(url: S3Url) -> bytes:
        together.wait()
        return read(url)

    monkeypatch.setattr(world.pictures, "read", slow)
    source, reference = (S3Url.parse(one.prepared_s3_url or "") for one in (photo(), shirt()))
    request = TryOnRequest(source, reference, None, canonical(GARMENT), S3Url("results", "generated/"))
    assert read_pictures(request, world.pictures) == [read(source), read(reference)]
