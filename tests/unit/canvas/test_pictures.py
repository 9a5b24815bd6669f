"""What hostile or careless pictures and texts cost: it is looked at before the work is done."""

import asyncio
import base64
import gc
import io
import json
import logging
import struct
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from canvas.capabilities import Capabilities
from canvas.engine import Drawn
from canvas.errors import ValidationError
from canvas.pictures import MOST_CHUNKS, MOST_SCANS, MOST_SEGMENTS
from canvas.request import MOST_MARKS, TryOn, read_request
from canvas.server import Endpoint
from tests.unit.canvas.test_request import PICTURE, masked, read, refused, request


def jpeg(**options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((320, 320), 60).convert("RGB").save(buffer, "JPEG", **options)
    return buffer.getvalue()


def sent(raw: bytes) -> dict[str, Any]:
    return request(sourceImage=base64.b64encode(raw).decode())


def with_scans(times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again, as the decoder lets it."""
    raw = jpeg(progressive=True)
    last = raw[raw.rindex(b"\xff\xda") : -2]
    return raw[:-2] + last * times + raw[-2:]


def png_of(chunks: int) -> bytes:
    raw = base64.b64decode(PICTURE)
    own = b"abCd"
    part = struct.pack(">I", 0) + own + struct.pack(">I", zlib.crc32(own))
    return raw[:-12] + part * chunks + raw[-12:]


@pytest.mark.parametrize(
    ("build", "most"),
    [
        (with_scans, MOST_SCANS),
        (lambda times: jpeg()[:2] + b"\xff\xfe\x00\x02" * times + jpeg()[2:], MOST_SEGMENTS),
        (png_of, MOST_CHUNKS),
    ],
    ids=["scans", "segments", "chunks"],
)
def test_a_file_of_too_many_parts_is_refused_unread_and_one_of_many_is_not(
    build: Callable[[int], bytes], most: int
) -> None:
    assert read(sent(build(most // 2))).source.size[0] == 320
    assert "#/virtualTryOnParams/sourceImage: is built of more than" in refused(sent(build(most + 1)))


def test_previews_and_films_in_or_behind_a_photo_do_not_count_as_its_scans() -> None:
    inner = b"\xff\xda\x00\x02" * (MOST_SCANS + 1)
    raw = jpeg()
    segment = b"\xff\xe1" + struct.pack(">H", len(inner) + 2) + inner
    assert read(sent(raw[:2] + segment + raw[2:] + inner)).source.size == (320, 320)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_mask_with_transparent_pixels_is_refused(mode: str) -> None:
    mask = Image.new("LA", (320, 480), (0, 0))
    mask.paste((0, 255), (100, 100, 200, 200))
    assert "imageBasedMask/maskImage: has transparent" in refused(masked(mask.convert(mode)))
    opaque = Image.new("LA", (320, 480), (255, 255))
    opaque.paste((0, 255), (100, 100, 200, 200))
    assert read(masked(opaque.convert(mode))).mask.getpixel((0, 0)) == 255


@pytest.mark.parametrize("part", [b"[],", b"{},", b'"a":1,'])
def test_a_body_of_too_many_fields_is_refused_before_it_is_parsed(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canvas.request.json.loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(ValidationError, match=f"more than {MOST_MARKS} fields"):
        read_request(part * (MOST_MARKS + 1))


def test_a_prompt_of_commas_and_brackets_is_a_prompt() -> None:
    prompt = request(maskType="PROMPT", garmentBasedMask=None, promptBasedMask={"maskPrompt": ",[{," * 256})
    assert read(prompt).parameters["maskType"] == "PROMPT"


def test_what_is_nested_deeply_is_refused_by_name() -> None:
    deep = "[" * 2000 + "]" * 2000
    body = json.dumps(request() | {"taskType": "DEEP"}).replace('"DEEP"', deep)
    with pytest.raises(ValidationError, match="#/taskType: must be VIRTUAL_TRY_ON"):
        read_request(body.encode())


def test_of_many_unknown_keys_the_first_are_named_and_none_at_length() -> None:
    message = refused(request() | {f"{number:04}" + "x" * 5000: 1 for number in range(1000)})
    assert "0019" in message
    assert "and 980 more" in message
    assert len(message) < 3000


SECRET = "Jane Doe, 5 Elm Street"


@pytest.mark.parametrize(
    "change",
    [
        {"maskType": SECRET},
        {"garmentBasedMask": {"garmentClass": SECRET}},
        {"mergeStyle": [SECRET]},
        {"returnMask": SECRET},
        {SECRET: 1},
        {"maskType": "PROMPT", "garmentBasedMask": None, "promptBasedMask": {"maskPrompt": SECRET * 60}},
    ],
)
def test_no_message_repeats_a_value_and_the_log_not_even_a_key(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        read(request(**change))
    assert SECRET not in caught.value.logged
    assert "#/virtualTryOnParams" in caught.value.logged
    assert (SECRET in caught.value.message) == (SECRET in change)


def test_half_a_character_in_a_key_comes_back_as_its_escape() -> None:
    message = refused(json.loads(json.dumps(request())[:-1] + ', "\\ud800": 1}'))
    assert "[\\ud800]" in message


# --- what a refused or failed call leaves behind ----------------------------------------------------------------------


class Failing:
    """An engine that has a bug."""

    capabilities = Capabilities("failing", "1")
    parallel = None
    loads = False

    def start(self) -> None: ...

    def draw(self, task: TryOn) -> Drawn:
        raise KeyError(task.source.size)


@pytest.mark.parametrize(("body", "status"), [(request(text="x"), 400), (request(), 500)], ids=["refused", "failed"])
def test_a_call_that_fails_leaves_no_picture_for_the_garbage_collector(
    body: dict[str, Any], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("canvas"), "disabled", True)  # pytest keeps records, and so the error's trace
    endpoint = Endpoint(Failing())
    endpoint.start()

    async def scene() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint.app()), base_url="http://x") as client:
            gc.collect()
            gc.disable()
            try:
                answer = await client.post("/invocations", json=body)
                assert answer.status_code == status
                return sum(isinstance(one, Image.Image) for one in gc.get_objects())
            finally:
                gc.enable()

    before = sum(isinstance(one, Image.Image) for one in gc.get_objects())
    assert asyncio.run(scene()) <= before
