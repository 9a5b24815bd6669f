"""The conformance suite itself: a right engine passes, each way of being wrong is found, and the table says so."""

import io
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from canvas.capabilities import Capabilities
from canvas.engine import Drawn
from canvas.errors import InternalServerError, ValidationError
from canvas.request import TryOn, read_request
from conformance import limits
from conformance.case import (
    REMOVED,
    SHIRT,
    Answered,
    Case,
    Padded,
    Refused,
    Result,
    changed,
    configured,
    garment,
    prompt,
)
from conformance.cases import ALL
from conformance.cli import BROKEN, DONE, NOT_RUN, STOPPED, chosen, main
from conformance.clients import LostError, RefusalError
from conformance.pictures import ENCODED, PLACES, seen, text
from conformance.run import Runner, written
from scripts.facts import ROOT

from .painter import Painter, reencoded, with_draw

QUICK = chosen(quick=True)


def drawn(case: Case) -> bool:
    return isinstance(case.expected, Answered)


# enough to need each kind of capability
DRAWN = [case for case in QUICK if drawn(case) and case.group not in {"pictures taken", "seeds", "masks"}]


def run(painter: Painter, cases: Any = QUICK) -> dict[str, Result]:
    runner = Runner(painter, painter.capabilities.document())
    return {result.case.name: result for result in runner.run(cases, 1)}


def failures(painter: Painter, cases: Any = QUICK) -> dict[str, str]:
    return {name: one.detail for name, one in run(painter, cases).items() if one.outcome == "failed"}


def test_a_right_engine_passes_all_that_can_be_asked_of_it() -> None:
    results = run(Painter())
    assert {name: one.detail for name, one in results.items() if one.outcome == "failed"} == {}
    skipped = [one.case for one in results.values() if one.outcome == "skipped"]
    assert all(case.fault for case in skipped)


# --- each way of being wrong is found ---------------------------------------------------------------------------------


def _one_short(document: dict[str, Any]) -> None:
    document["images"] = document["images"][:-1] or document["images"]


def _noted(document: dict[str, Any]) -> None:
    document["error"] = "Some of the generated images have been blocked by our content filters."


def _leaky(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    for image in drawn.images:
        image.info["vto:note"] = PLACES
    return drawn


def _over_the_edge(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    images = [np.asarray(image).copy() for image in drawn.images]
    for image in images:
        image[1, 1] ^= 64
    return Drawn(tuple(Image.fromarray(image) for image in images), drawn.mask)


def _more_than_the_mask(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    """A label in the lower edge, told in the returned mask."""
    area = painter.area(task)
    area[-18:] = True
    images = tuple(painter.painted(task, area, seed) for seed in range(len(drawn.images)))
    mask = Image.fromarray(np.where(area, 0, 255).astype(np.uint8))
    return Drawn(images, mask if drawn.mask else None)


def _untouched(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return Drawn(tuple(task.source for _ in drawn.images), drawn.mask)


def _the_other_way_round(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return Drawn(drawn.images, drawn.mask.point(lambda value: 255 - value) if drawn.mask else None)


def _everything(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    area = np.ones((task.source.height, task.source.width), np.bool_)
    mask = Image.new("L", task.source.size, 0)
    return Drawn(
        tuple(painter.painted(task, area, 12 + i) for i, _ in enumerate(drawn.images)), mask if drawn.mask else None
    )


def _always_the_top(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return painter.draw(
        replace(task, parameters=task.parameters | {"garmentBasedMask": {"garmentClass": "UPPER_BODY"}})
    )


_count = itertools.count()


def _moody(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    config = (task.parameters.get("imageGenerationConfig") or {}) | {"seed": next(_count)}
    return painter.draw(replace(task, parameters=task.parameters | {"imageGenerationConfig": config}))


def _deaf(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    config = {**(task.parameters.get("imageGenerationConfig") or {}), "seed": 12}
    return painter.draw(replace(task, parameters=task.parameters | {"imageGenerationConfig": config}))


def _seed_0_is_none(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    config = dict(task.parameters.get("imageGenerationConfig") or {})
    config["seed"] = config.get("seed") or 12
    return painter.draw(replace(task, parameters=task.parameters | {"imageGenerationConfig": config}))


def _all_alike(painter: Painter, task: TryOn, drawn: Drawn) -> Drawn:
    return Drawn(drawn.images[:1] * len(drawn.images), drawn.mask)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "one picture too few": ({"spoil": _one_short}, "pictures came instead of"),
    "an error beside all pictures": ({"spoil": _noted}, "a whole answer has no error"),
    "no mask": ({"spoil": lambda document: document.pop("maskImage", None)}, "a mask comes when"),
    "a field of its own": ({"spoil": lambda document: document.update(seed=1)}, "the answer must be an object"),
    "JPEG": ({"spoil": lambda document: reencoded(document, lambda one: one, "JPEG")}, "JPEG, not PNG"),
    "half the size": (
        {"spoil": lambda document: reencoded(document, lambda one: one.reduce(2))},
        "the source is",
    ),
    "no pictures at all": ({"spoil": lambda document: document.update(images=["bm8="])}, "cannot be read"),
    "a grey mask": (
        {"spoil": lambda document: reencoded(document, lambda one: one.point(lambda v: 200), key="maskImage")},
        "black and white",
    ),
    "a mask of another size": (
        {"spoil": lambda document: reencoded(document, lambda one: one.reduce(2), key="maskImage")},
        "the mask is",
    ),
    "a mask that edits nothing": (
        {"spoil": lambda document: reencoded(document, lambda one: one.point(lambda v: 255), key="maskImage")},
        "edits nothing",
    ),
    "the source's metadata": (dict(with_draw(_leaky)), "metadata came back"),
    "a pixel outside the mask": (dict(with_draw(_over_the_edge)), "outside the mask differ"),
    "a label over a drawn mask": (dict(with_draw(_more_than_the_mask)), "pixels more, from row"),
    "the source itself": (dict(with_draw(_untouched)), "of what the mask edits changed"),
    "a mask the wrong way round": (dict(with_draw(_the_other_way_round)), "outside the mask differ"),
    "the whole picture": (dict(with_draw(_everything)), "changed"),
    "a top whatever the class": (dict(with_draw(_always_the_top)), "the mask's centre is at"),
    "other pictures each time": (dict(with_draw(_moody)), "differ from those"),
    "the same for every seed": (dict(with_draw(_deaf)), "are the other request's"),
    "the default for seed 0": (dict(with_draw(_seed_0_is_none)), "are the other request's"),
    "one picture n times": (dict(with_draw(_all_alike)), "of the pictures differ"),
}


# the cases that find it, where it is not the number of pictures' own
GROUPS = {
    "the source's metadata": {"pictures taken"},
    "a label over a drawn mask": {"masks"},
    "the source itself": {"merging"},
    "the whole picture": {"several products"},
    "a top whatever the class": {"masks"},
    "other pictures each time": {"seeds"},
    "the same for every seed": {"seeds"},
    "the default for seed 0": {"seeds"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_engine_that_answers_wrongly_is_found_out(wrong: str) -> None:
    options, words = WRONG[wrong]
    groups = GROUPS.get(wrong, {"counts"})
    found = failures(Painter(**options), [case for case in QUICK if case.group in groups and drawn(case)])
    assert any(words in detail for detail in found.values()), found


def _careless(body: bytes) -> TryOn:
    """Takes everything that has the three things it needs."""
    try:
        return read_request(body)
    except ValidationError:
        return read_request(written(SHIRT))


def _vague(body: bytes) -> TryOn:
    try:
        return read_request(body)
    except ValidationError:
        raise ValidationError("Malformed input request.") from None


def _first_only(body: bytes) -> TryOn:
    try:
        return read_request(body)
    except ValidationError as error:
        raise ValidationError(error.message.split("; ")[0]) from None


def _broken(body: bytes) -> TryOn:
    try:
        return read_request(body)
    except ValidationError:
        raise InternalServerError from None


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (_careless, "must be refused, was answered"),
        (_vague, "names nothing, must name"),
        (_first_only, "must name"),
        (_broken, "must be refused with 400 ValidationException, not 500"),
    ],
)
def test_an_engine_that_refuses_wrongly_is_found_out(read: Any, words: str) -> None:
    refused = [case for case in QUICK if isinstance(case.expected, Refused)]
    some = [case for index, case in enumerate(refused) if index % 9 == 0 or "all at once" in case.name]
    found = failures(Painter(read=read), some)
    assert any(words in detail for detail in found.values()), found


# --- capabilities -----------------------------------------------------------------------------------------------------

LITTLE = Capabilities(
    "little", "1", mask_types=frozenset({"GARMENT"}), garment_classes=frozenset({"UPPER_BODY", "LOWER_BODY"}),
    merge_styles=frozenset({"BALANCED"}), styling=frozenset(), exclusions=frozenset(), max_images=2,
    qualities=frozenset({"standard"}), max_pixels=200_000,
)  # fmt: skip


def test_an_engine_that_can_little_passes_when_it_says_so_each_time() -> None:
    results = run(Painter(LITTLE), DRAWN)
    assert {name: one.detail for name, one in results.items() if one.outcome == "failed"} == {}
    lacking = {need.partition(":")[0] for one in results.values() for need in one.limits}
    assert lacking == {
        "maskType", "garmentClass", "mergeStyle", "garmentStyling", "maskExclusions", "images", "quality",
    }  # fmt: skip


def test_silence_about_what_it_did_otherwise_is_a_failure() -> None:
    found = failures(Painter(LITTLE, silent=True), DRAWN)
    assert any("does not tell of mergeStyle:SEAMLESS" in detail for detail in found.values())
    assert any("does not tell of quality:premium" in detail for detail in found.values())


def test_answering_what_it_declares_that_it_lacks_is_a_failure() -> None:
    whole, declared = Painter(), LITTLE.document()
    runner = Runner(whole, declared)
    found = [one.detail for one in runner.run(DRAWN, 1) if one.outcome == "failed"]
    assert any("it answers though it declares that it lacks maskType:PROMPT" in detail for detail in found)


def test_what_a_request_needs_is_read_off_it() -> None:
    body = configured(
        garment(
            "BOOTS", garmentBasedMask__garmentStyling={"tuckingStyle": "TUCKED"}, maskExclusions={"preserveFace": "ON"}
        ),
        numberOfImages=3, quality="premium",
    )  # fmt: skip
    assert limits.needs_of(body, 100) == {
        "maskType:GARMENT", "garmentClass:BOOTS", "garmentStyling:tuckingStyle=TUCKED", "maskExclusions:preserveFace",
        "images:3", "quality:premium", "pixels:100", "mergeStyle:BALANCED",
    }  # fmt: skip
    assert "maskShape:CONTOUR" in limits.needs_of(prompt("hat", "@lamp", promptBasedMask__maskShape="CONTOUR"), 1)


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
    painter = Painter()
    cases = [case for case in QUICK if case.group in {"masks", "classes"}]
    run(painter, cases)
    assert painter.calls < len(cases)


def test_a_changed_request_leaves_the_first_as_it_was() -> None:
    before = json.dumps(SHIRT)
    other = changed(SHIRT, {"virtualTryOnParams.maskType": REMOVED, "imageGenerationConfig.seed": 1, "a.b.c": 2})
    assert json.dumps(SHIRT) == before
    assert other["a"] == {"b": {"c": 2}}
    assert "maskType" not in other["virtualTryOnParams"]


def test_turned_pictures_are_seen_upright() -> None:
    for orientation in (3, 6, 8):
        assert seen(f"jpeg turned by {orientation}").size == (320, 480)


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_list_names_every_case_and_sends_nothing() -> None:
    output = io.StringIO()
    assert main(["--list"], output) == 0
    lines = output.getvalue().splitlines()
    assert len(lines) == len(ALL) + 1
    assert re.fullmatch(r"\d+ cases, at most \d+ of which draw pictures", lines[-1])


def test_cases_can_be_chosen() -> None:
    assert {case.group for case in chosen("seeds")} == {"seeds"}
    assert all("seed" in case.name for case in chosen("*seed -1*"))
    assert not any(case.decided for case in chosen(documented=True))
    assert len(chosen(quick=True)) < len(ALL)


HERE = ["--endpoint", "http://127.0.0.1:1"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--endpoint", "ftp://x"], "is no http:// or https:// address"),
        ([*HERE, "--only", "nothing like this"], "no case's name or group fits 'nothing like this'"),
        (HERE, "http://127.0.0.1:1: [Errno 111] Connection refused"),
        ([*HERE, "--capabilities", "pyproject.toml"], "Connection refused"),
    ],
)
@pytest.mark.enable_socket
def test_what_cannot_begin_ends_with_2(argv: list[str], words: str) -> None:
    output = io.StringIO()
    assert main(argv, output) == 2
    assert output.getvalue().startswith("cannot begin: ")
    assert words in output.getvalue()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "Give --endpoint URL; or --client boto3 to ask AWS itself, which costs money"),
        ([*HERE, "--parallel", "0"], "'0' is no number from 1 to 64"),
        ([*HERE, "--json", "no/such/folder/x.json"], "--json: there is no folder no/such/folder"),
        ([*HERE, "--client", "grpc"], "invalid choice: 'grpc'"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(argv)
    assert words in " ".join(capsys.readouterr().err.split())


def test_without_credentials_aws_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.session.Session.get_credentials", lambda _: None)
    output = io.StringIO()
    assert main(["--client", "boto3", "--region", "us-east-1"], output) == 2
    assert output.getvalue().startswith("cannot begin: there are no AWS credentials: ")


class Gone:
    """A client whose engine never answers."""

    def invoke(self, body: bytes) -> Any:
        raise LostError("connection reset")


def test_an_engine_that_answers_nothing_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.cli.client_for", lambda _: Gone())
    output = io.StringIO()
    assert main(["--client", "boto3", "--only", "refused"], output) == 2
    assert re.fullmatch(r"cannot begin: none of \d+ calls was answered: connection reset\n", output.getvalue())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"maskTypes": "GARMENT"}, "maskTypes must be a list of texts"),
        ({"maxImages": 0}, "maxImages must be a whole number above 0"),
        ({"deterministic": "yes"}, "deterministic must be true or false"),
        ([], "holds no JSON object"),
    ],
)
def test_capabilities_that_are_none_are_told(said: Any, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(said))
    output = io.StringIO()
    assert main(["--client", "boto3", "--capabilities", str(file)], output) == 2
    assert words in output.getvalue()


def test_an_engine_that_says_it_takes_faults_and_does_not_fails_those_cases_only() -> None:
    class Deaf:
        def plan(self, kind: str) -> None:
            raise LostError("POST /_faults: HTTP Error 404: Not Found")

        clear = staticmethod(lambda: None)

    case = next(case for case in QUICK if case.fault)
    (result,) = Runner(Painter(), limits.WHOLE, Deaf()).run([case])  # type: ignore[arg-type]
    assert (result.outcome, result.detail) == ("failed", "no answer: POST /_faults: HTTP Error 404: Not Found")


def test_every_option_and_every_exit_code_is_documented() -> None:
    help_text = io.StringIO()
    with redirect_stdout(help_text), pytest.raises(SystemExit):
        main(["--help"])
    document = (ROOT / "docs" / "conformance.md").read_text()
    options = set(re.findall(r"--[a-z][a-z-]+", help_text.getvalue())) - {"--help"}
    assert len(options) > 8
    assert {one for one in options if f"| `{one}" not in document} == set()
    assert {f"| {code} |" for code in (DONE, BROKEN, NOT_RUN, STOPPED) if f"| {code} |" not in document} == set()


def test_a_lost_connection_and_a_refusal_are_failures_with_their_words() -> None:
    class Full:
        def invoke(self, body: bytes) -> Any:
            raise RefusalError(429, "ThrottlingException", "too many")

    (case,) = chosen("answers the shortest request*")
    for client, words in (
        (Gone(), "no answer: connection reset"),
        (Full(), "refused: 429 ThrottlingException: too many"),
    ):
        (result,) = Runner(client, limits.WHOLE).run([case])
        assert (result.outcome, result.detail) == ("failed", words)
