"""Nova Canvas on the wire."""

import base64
import json
from typing import Any

import pybase64
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto import schemas
from vto.domain.contract import MAX_BODY_BYTES
from vto.domain.nova_canvas import Answer, read_answer, request_body, request_bytes
from vto.domain.parameters import canonical
from vto.errors import BadModelOutputError, InvalidRequestError, ResultsBlockedError


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def answer(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_a_request_is_exactly_what_the_contract_says() -> None:
    parameters = canonical(
        {
            "maskType": "GARMENT",
            "garmentBasedMask": {"garmentClass": "UPPER_BODY", "maskShape": "CONTOUR"},
            "mergeStyle": "BALANCED",
            "imageGenerationConfig": {"seed": 7},
        }
    )
    assert json.loads(request_body(b"person", b"shirt", None, parameters)) == {
        "taskType": "VIRTUAL_TRY_ON",
        "virtualTryOnParams": {
            "sourceImage": encoded(b"person"),
            "referenceImage": encoded(b"shirt"),
            "maskType": "GARMENT",
            "garmentBasedMask": {"garmentClass": "UPPER_BODY", "maskShape": "CONTOUR"},
            "mergeStyle": "BALANCED",
        },
        "imageGenerationConfig": {"numberOfImages": 1, "quality": "standard", "cfgScale": 6.5, "seed": 7},
    }


def test_a_mask_goes_as_a_picture_and_its_address_stays_here() -> None:
    parameters = canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": "s3://private/mask.png"}})
    body = request_body(b"person", b"shirt", b"mask", parameters)
    assert json.loads(body)["virtualTryOnParams"]["imageBasedMask"] == {"maskImage": encoded(b"mask")}
    assert b"s3://" not in body


@given(st.binary(), st.binary(), st.none() | st.binary(min_size=1), st.text())
def test_whatever_is_asked_and_whatever_the_pictures_hold_the_body_is_the_json_of_it(
    source: bytes, reference: bytes, mask: bytes | None, prompt: str
) -> None:
    parameters = canonical({"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": prompt}, "returnMask": True})
    sent = json.loads(request_body(source, reference, mask, parameters))["virtualTryOnParams"]
    masked = {"imageBasedMask": {"maskImage": encoded(mask)}} if mask else {}
    rest = {name: value for name, value in parameters.items() if name != "imageGenerationConfig"}
    assert sent == {"sourceImage": encoded(source), "referenceImage": encoded(reference), **masked, **rest}


def test_width_and_height_are_never_sent() -> None:
    body = json.loads(request_body(b"p", b"s", None, canonical({"maskType": "GARMENT"})))
    assert not {"width", "height"} & set(body["imageGenerationConfig"])


def test_a_body_larger_than_bedrock_takes_is_refused_before_it_is_sent() -> None:
    too_much = b"x" * (MAX_BODY_BYTES * 3 // 4)
    with pytest.raises(InvalidRequestError):
        request_body(too_much, b"shirt", None, canonical({"maskType": "GARMENT"}))


def test_all_pictures_came() -> None:
    read = read_answer(answer(images=[encoded(b"one"), encoded(b"two")], maskImage=encoded(b"mask")))
    assert (read.images, read.mask, read.warning) == ([b"one", b"two"], b"mask", None)


def test_some_pictures_were_blocked_and_what_came_is_kept_with_a_warning() -> None:
    read = read_answer(answer(images=[encoded(b"one")], error="Some of the generated images have been blocked"))
    assert read.images == [b"one"]
    assert read.warning == "Some of the generated images have been blocked"


@pytest.mark.parametrize("images", [{}, {"images": []}, {"images": None}])
def test_all_pictures_were_blocked(images: dict[str, Any]) -> None:
    with pytest.raises(ResultsBlockedError, match="All of the generated images"):
        read_answer(answer(error="All of the generated images have been blocked", **images))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"null",
        b"[]",
        b'"images"',
        b"{}",
        b'{"images": []}',
        b'{"images": "abc"}',
        b'{"images": {"0": "abc"}}',
        b'{"images": [null]}',
        b'{"images": [7]}',
        b'{"images": ["not base64!"]}',
        b'{"images": ["YWJj"], "maskImage": "not base64!"}',
        b'{"images": ["YWJj"], "maskImage": 5}',
        b'{"images": ["YQ"]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_garbage_is_named_as_such(body: bytes) -> None:
    with pytest.raises(BadModelOutputError):
        read_answer(body)


@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_body_whatsoever_crashes_the_reader(body: bytes) -> None:
    with pytest.raises((BadModelOutputError, ResultsBlockedError)):
        read_answer(body)


@given(
    position=st.integers(0, 10_000),
    byte=st.integers(0, 255),
    length=st.integers(0, 10_000),
)
def test_a_damaged_answer_is_read_or_refused_but_never_crashes(position: int, byte: int, length: int) -> None:
    body = bytearray(answer(images=[encoded(b"picture" * 20)], maskImage=encoded(b"mask"), error=None))
    body[position % len(body)] = byte
    try:
        read = read_answer(bytes(body[: length % len(body) + 1]))
    except (BadModelOutputError, ResultsBlockedError):
        return
    assert read.images


@given(source=st.binary(max_size=50), reference=st.binary(max_size=50), mask=st.none() | st.binary(max_size=50))
def test_the_size_of_a_body_is_known_to_the_byte_before_it_is_made(
    source: bytes, reference: bytes, mask: bytes | None
) -> None:
    parameters = canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": "s3://private/mask.png"}})
    size = request_bytes(len(source), len(reference), None if mask is None else len(mask), parameters)
    assert size == len(request_body(source, reference, mask, parameters))


@given(
    text=st.text(max_size=40)
    | st.text(st.sampled_from("AZaz09+/=-_ \n\t"), max_size=40)
    | st.binary(max_size=60).map(encoded)
    | st.none()
    | st.integers(),
)
def test_the_quick_reader_of_base64_takes_what_the_plain_one_takes_and_refuses_the_same(text: Any) -> None:
    body = answer(images=[text])

    def read(**how: Any) -> Answer | None:
        try:
            return read_answer(body, **how)
        except BadModelOutputError:
            return None

    assert read(decode=pybase64.b64decode) == read()


@given(pictures=st.tuples(st.binary(max_size=99), st.binary(max_size=99), st.binary(max_size=99)))
def test_the_quick_writer_of_base64_writes_the_same_body(pictures: tuple[bytes, bytes, bytes]) -> None:
    parameters = canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": "s3://private/mask.png"}})
    quick = request_body(*pictures, parameters, encode=pybase64.b64encode)
    assert quick == request_body(*pictures, parameters)


# --- the schema of answers, which other engines may be tested with ---


pictures = st.binary(min_size=1, max_size=9).map(encoded)
answers = st.fixed_dictionaries(
    {},
    optional={
        "images": st.none() | st.lists(pictures, max_size=5),
        "maskImage": st.none() | pictures,
        "error": st.none() | st.text(max_size=9),
    },
)


@given(document=answers)
def test_what_the_schema_of_answers_takes_is_read_and_nothing_else_is(document: dict[str, Any]) -> None:
    fits = schemas.violations("virtual_try_on_answer", document) == []
    try:
        read = read_answer(answer(**document))
    except BadModelOutputError:
        assert not fits
    except ResultsBlockedError:
        assert fits
        assert not document.get("images")
    else:
        assert fits
        assert read.images
