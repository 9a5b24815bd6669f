"""The conformance suite itself: each way of being wrong is found, what is not offered stands apart, nothing stops it.

That a right engine passes is shown over the wire, in ``test_conformance.py``.
"""

import base64
import io
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest
from PIL import Image

from canvas.capabilities import Capabilities
from conformance import limits
from conformance.case import (
    FAILED,
    NOT_OFFERED,
    PASSED,
    REMOVED,
    SHIRT,
    Answered,
    Case,
    Padded,
    Result,
    changed,
    configured,
    garment,
    prompt,
)
from conformance.cases import ALL
from conformance.clients import Answer, Client, LostError, RefusalError
from conformance.pictures import ENCODED, seen, text
from conformance.run import Runner

from .local import Local
from .mutants import MUTANTS
from .painter import Painter


def named(*patterns: str) -> list[Case]:
    cases = [case for case in ALL if any(fnmatchcase(case.name, pattern) for pattern in patterns)]
    assert cases, patterns
    return cases


def run(client: Client, capabilities: Capabilities, cases: list[Case]) -> dict[str, Result]:
    return {result.case.name: result for result in Runner(client, capabilities.document()).run(cases, 1)}


def failures(results: dict[str, Result]) -> list[str]:
    return [one.detail for one in results.values() if one.outcome == FAILED]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_an_engine_that_is_wrong_is_found_out(mutant: str) -> None:
    client = MUTANTS[mutant].client()
    results = run(client, client.engine.capabilities, named(*MUTANTS[mutant].cases))
    assert any(MUTANTS[mutant].words in detail for detail in failures(results)), results


def test_there_are_as_many_ways_of_being_wrong_as_the_changelog_says() -> None:
    assert len(MUTANTS) > 60


# --- what is declared -------------------------------------------------------------------------------------------------

LITTLE = Capabilities(
    "little", "1", mask_types=frozenset({"GARMENT"}), garment_classes=frozenset({"UPPER_BODY", "LOWER_BODY"}),
    merge_styles=frozenset({"BALANCED"}), styling=frozenset(), exclusions=frozenset(), max_images=2,
    qualities=frozenset({"standard"}), max_pixels=200_000,
)  # fmt: skip
# one case for each kind of capability, and some that LITTLE has
EACH = named(
    "answers the shortest*", "draws LOWER_BODY", "draws FOOTWEAR", "takes quality premium", "draws 5 pictures*",
    "takes SLEEVE_UP*OPEN", "takes all maskExclusions ON", "draws PROMPT «white*", "merges a garment SEAMLESS",
    "draws the same for seed 0 again", "masks LOWER_BODY above*", "draws otherwise with sleeves up*",
)  # fmt: skip


def test_what_an_engine_declares_that_it_lacks_is_not_offered_and_no_pass() -> None:
    results = run(Local(Painter(LITTLE)), LITTLE, EACH)
    assert failures(results) == []
    lacking = {need.partition(":")[0] for one in results.values() for need in one.limits}
    assert lacking == {
        "maskType", "garmentClass", "mergeStyle", "garmentStyling", "maskExclusions", "images", "quality",
    }  # fmt: skip
    assert {name for name, one in results.items() if one.outcome == PASSED} == {
        case.name for case in named("answers the shortest*", "draws LOWER_BODY", "draws the same for seed 0 again")
    }


def test_a_case_that_compares_with_what_is_not_offered_is_not_offered() -> None:
    (result,) = run(Local(Painter(LITTLE)), LITTLE, named("masks LOWER_BODY above*")).values()
    assert (result.outcome, result.limits) == (NOT_OFFERED, ("garmentClass:FOOTWEAR",))


def test_silence_about_what_it_did_otherwise_is_a_failure() -> None:
    found = failures(run(Local(Painter(LITTLE), silent=True), LITTLE, EACH))
    assert any("does not tell of mergeStyle:SEAMLESS" in detail for detail in found)
    assert any("does not tell of quality:premium" in detail for detail in found)


def test_answering_what_it_declares_that_it_lacks_is_a_failure() -> None:
    found = failures(run(Local(Painter()), LITTLE, EACH))
    assert any("it answers though it declares that it lacks maskType:PROMPT" in detail for detail in found)


def test_an_engine_without_masks_is_asked_for_none() -> None:
    class Maskless:
        """Drops ``returnMask``, and says so."""

        def invoke(self, body: bytes) -> Answer:
            document = json.loads(body)
            asked = document["virtualTryOnParams"].pop("returnMask", False)
            answer = Local(Painter()).invoke(json.dumps(document).encode())
            return Answer(answer.body, {"x-vto-adapted": "returnMask=ignored"} if asked else {})

    declared = {**Capabilities("maskless", "1").document(), "returnMask": False}
    cases = named("answers the shortest*", "draws UPPER_BODY")
    results = list(Runner(Maskless(), declared).run(cases, 1))
    assert [(one.outcome, one.limits) for one in results] == [(PASSED, ()), (NOT_OFFERED, ("returnMask",))]


def test_what_a_request_needs_is_read_off_it() -> None:
    body = configured(
        garment(
            "BOOTS", garmentBasedMask__garmentStyling={"tuckingStyle": "TUCKED"}, maskExclusions={"preserveFace": "ON"}
        ),
        numberOfImages=3, quality="premium", cfgScale=4,
    )  # fmt: skip
    assert limits.needs_of(body, 100) == {
        "maskType:GARMENT", "garmentClass:BOOTS", "garmentStyling:tuckingStyle=TUCKED", "maskExclusions:preserveFace",
        "images:3", "quality:premium", "pixels:100", "mergeStyle:BALANCED", "cfgScale", "returnMask",
    }  # fmt: skip
    assert "maskShape:CONTOUR" in limits.needs_of(prompt("hat", "@lamp", promptBasedMask__maskShape="CONTOUR"), 1)


# --- answers of any kind ----------------------------------------------------------------------------------------------


def _png(image: Image.Image, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return base64.b64encode(buffer.getvalue()).decode()


DOT = _png(Image.new("RGB", (1, 1)))
NASTY: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<html><body>502 Bad Gateway</body></html>",
    "no text": b"\xff\xfe\x00",
    "nesting without an end": b"[" * 200_000,
    "a number": b"7",
    "a number without an end": b"9" * 5_000,
    "null": b"null",
    "a list": b"[]",
    "an empty object": b"{}",
    "images that are a number": b'{"images": 5}',
    "images that are null": b'{"images": null, "maskImage": null}',
    "an image that is a number": b'{"images": [5], "maskImage": 5}',
    "an image that is a list": b'{"images": [[]], "maskImage": {}}',
    "an image that is no base64": b'{"images": ["*"], "maskImage": "*"}',
    "an image of 60,000 × 60,000": json.dumps({"images": [text("bomb")], "maskImage": text("bomb")}).encode(),
    "half an image": json.dumps({"images": [text("half a png")], "maskImage": text("half a png")}).encode(),
    "one pixel": json.dumps({"images": [DOT], "maskImage": DOT}).encode(),
    "an error that is a list": b'{"images": [], "error": [1]}',
    "half a character": b'{"images": "\\ud800", "\\ud800": "\\u001b[2J"}',
}
# every check, and every kind of thing that is expected
CHECKED = [
    *{str(case.expected): case for case in ALL if isinstance(case.expected, Answered) and not case.slow}.values(),
    *named("refuses seed -1", "shows*"),
]


class Obedient:
    """Controls that take every order."""

    def plan(self, kind: str) -> None: ...

    def clear(self) -> None: ...


class Says:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def invoke(self, _: bytes) -> Answer:
        return Answer(self.body, {})


class Raises:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def invoke(self, _: bytes) -> Answer:
        raise self.error


def judged(client: Client, cases: list[Case]) -> list[Result]:
    controls: Any = Obedient()
    return list(Runner(client, {**limits.WHOLE, "faults": True}, controls).run(cases, 1))


@pytest.mark.parametrize("answer", NASTY)
def test_no_answer_stops_the_run(answer: str) -> None:
    results = judged(Says(NASTY[answer]), CHECKED)
    assert len(results) == len(CHECKED)
    assert not [one.case.name for one in results if one.outcome != FAILED and not one.case.fault]
    assert all(one.detail.isprintable() for one in results)


@pytest.mark.parametrize(
    "error",
    [
        RefusalError(200, "", ""), RefusalError(418, "Tea", "\ud800\x1b[2J"), LostError("\x00"), ValueError("\n" * 9),
        TypeError(), MemoryError(), RecursionError(),
    ],
)  # fmt: skip
def test_no_error_stops_the_run(error: Exception) -> None:
    results = judged(Raises(error), CHECKED)
    assert not [one.case.name for one in results if one.outcome != FAILED and not one.case.fault]
    assert all(one.detail.isprintable() for one in results)


def test_an_answer_that_is_wrong_only_for_a_compared_request_is_a_failure() -> None:
    class Tired(Local):
        def invoke(self, body: bytes) -> Answer:
            answer = super().invoke(body)
            return answer if self.calls == 1 else Answer(b"<html>", {})

    for pattern in ("draws the same for seed 0 again", "masks LOWER_BODY above*", "draws the product that*"):
        (result,) = run(Tired(Painter()), Capabilities("tired", "1"), named(pattern)).values()
        assert (result.outcome, result.detail[:26]) == (FAILED, "the answer cannot be read:")


def test_a_lost_connection_and_a_refusal_are_failures_with_their_words() -> None:
    for error, words in (
        (LostError("connection reset"), "no answer: connection reset"),
        (RefusalError(429, "ThrottlingException", "too many"), "refused: 429 ThrottlingException: too many"),
    ):
        (result,) = judged(Raises(error), named("answers the shortest request*"))
        assert (result.outcome, result.detail) == (FAILED, words)


def test_an_engine_that_says_it_takes_faults_and_does_not_fails_those_cases_only() -> None:
    class Deaf(Obedient):
        def plan(self, kind: str) -> None:
            raise LostError("POST /_faults: HTTP Error 404: Not Found")

    deaf: Any = Deaf()
    cases = named("shows too many calls", "answers the shortest request*")
    results = {one.case.name: one for one in Runner(Local(Painter()), limits.WHOLE, deaf).run(cases, 1)}
    assert [one.outcome for one in results.values()] == [PASSED, FAILED]
    assert results["shows too many calls"].detail == "no answer: POST /_faults: HTTP Error 404: Not Found"


# --- the cases themselves ---------------------------------------------------------------------------------------------


def _pictures(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _pictures(one)
    elif isinstance(value, str) and value.startswith("@"):
        yield value[1:]


def test_every_picture_of_the_cases_is_drawn_and_every_drawing_is_used() -> None:
    bodies = [case.body.body if isinstance(case.body, Padded) else case.body for case in ALL]
    used = {name for body in bodies if not isinstance(body, bytes) for name in _pictures(body)}
    assert all(text(name) for name in used)
    assert set(ENCODED) - {"person"} <= used


def test_every_value_of_the_contract_is_in_some_case() -> None:
    said = " ".join(case.name for case in ALL) + json.dumps([case.body for case in ALL if isinstance(case.body, dict)])
    whole = Capabilities("all", "1").document()
    for field in ("maskTypes", "garmentClasses", "maskShapes", "mergeStyles", "qualities", "maskExclusions"):
        assert all(value in said for value in whole[field]), field


def test_one_request_is_sent_once_however_many_cases_look_at_its_answer() -> None:
    client = Local(Painter())
    cases = named("masks UPPER_BODY *", "masks LOWER_BODY *", "draws ?PPER_BODY", "draws LOWER_BODY")
    run(client, client.engine.capabilities, cases)
    assert (len(cases), client.calls) == (8, 4)


def test_a_changed_request_leaves_the_first_as_it_was() -> None:
    before = json.dumps(SHIRT)
    other = changed(SHIRT, {"virtualTryOnParams.maskType": REMOVED, "imageGenerationConfig.seed": 1, "a.b.c": 2})
    assert json.dumps(SHIRT) == before
    assert other["a"] == {"b": {"c": 2}}
    assert "maskType" not in other["virtualTryOnParams"]


def test_turned_pictures_are_seen_upright() -> None:
    for orientation in (3, 6, 8):
        assert seen(f"jpeg turned by {orientation}").size == (320, 480)
