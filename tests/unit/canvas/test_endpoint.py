"""The endpoint's parts without the wire: health, figures, capabilities, answers, the command line."""

import base64
import io
import json
import random
import re
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from canvas.__main__ import arguments
from canvas.answer import answer_body
from canvas.capabilities import CLASSES, GROUP_OF, Capabilities, negotiated
from canvas.engine import Drawn, EngineStartError
from canvas.engines import ENGINES, PreviewEngine
from canvas.errors import ModelNotReadyError, ServiceUnavailableError, ValidationError
from canvas.health import Health
from canvas.metrics import Metrics
from canvas.request import MAX_BODY_BYTES, read_request
from canvas.wire import passed_on

PARAMETERS: dict[str, Any] = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}}


# --- health -----------------------------------------------------------------------------------------------------------


def _fails(error: Exception) -> Health:
    def start() -> None:
        raise error

    health = Health()
    health.load(start)
    return health


def test_an_endpoint_is_loading_then_ready_then_stopping() -> None:
    health = Health()
    assert (health.state, type(health.refusal())) == ("loading", ModelNotReadyError)
    health.load(lambda: None)
    assert (health.state, health.refusal()) == ("ready", None)
    health.stop()
    assert (health.state, type(health.refusal())) == ("stopping", ServiceUnavailableError)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(EngineStartError("no weights in w/"), "no weights in w/"), (KeyError("x"), "did not start: KeyError")],
)
def test_an_engine_that_does_not_start_is_failed_for_good_with_the_reason(error: Exception, reason: str) -> None:
    health = _fails(error)
    assert health.state == "failed"
    assert reason in health.reason
    assert isinstance(health.refusal(), ServiceUnavailableError)


def test_what_stops_while_it_loads_does_not_become_ready() -> None:
    health = Health()
    health.load(health.stop)
    assert health.state == "stopping"
    health.fail("too late")
    assert health.state == "stopping"


# --- figures ----------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? \S+')


def test_the_figures_are_prometheus_text() -> None:
    metrics = Metrics('a "quoted"\nengine')
    metrics.arrived()
    metrics.arrived()
    metrics.answered(200, "", 0.3)
    metrics.answered(429, "ThrottlingException", 0.01)
    metrics.drawn(5, 0.2, ("mergeStyle=BALANCED", "quality=standard"))
    metrics.drawn(1, 500, ("quality=standard",))
    lines = metrics.text({"canvas_waiting": ("Requests that wait.", 3)}).splitlines()
    for line in lines:
        assert line.startswith(("# HELP ", "# TYPE ")) or SAMPLE.fullmatch(line.replace('\\"', "")), line
    for line in (
        'canvas_requests_total{status="200",error_type=""} 1',
        'canvas_requests_total{status="429",error_type="ThrottlingException"} 1',
        "canvas_requests_in_flight 0",
        'canvas_request_seconds_bucket{le="0.1"} 1',
        'canvas_request_seconds_bucket{le="0.5"} 2',
        'canvas_draw_seconds_bucket{le="120.0"} 1',
        'canvas_draw_seconds_bucket{le="+Inf"} 2',
        "canvas_draw_seconds_sum 500.200000",
        "canvas_pictures_total 6",
        'canvas_adapted_total{field="quality"} 2',
        "canvas_waiting 3",
    ):
        assert line in lines
    declared = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(declared) == len(set(declared))


# --- capabilities -----------------------------------------------------------------------------------------------------


def test_the_classes_are_those_of_the_contract_each_in_one_group() -> None:
    assert len(GROUP_OF) == 18
    assert sum(map(len, CLASSES.values())) == 18


def test_an_engine_of_the_whole_contract_adapts_and_refuses_nothing() -> None:
    asked: dict[str, Any] = {
        "maskType": "GARMENT",
        "garmentBasedMask": {
            "garmentClass": "BOOTS", "maskShape": "CONTOUR", "garmentStyling": {"outerLayerStyle": "OPEN"},
        },
        "mergeStyle": "DETAILED",
        "maskExclusions": {"preserveFace": "OFF"},
        "imageGenerationConfig": {"numberOfImages": 5, "quality": "premium"},
    }  # fmt: skip
    assert negotiated(Capabilities("all", "1"), asked, 4_194_303) == (asked, [])


def test_every_lack_is_named_at_once() -> None:
    engine = Capabilities(
        "little", "1", mask_types=frozenset({"IMAGE"}), garment_classes=frozenset({"SHOES"}), max_images=2,
        max_pixels=1000,
    )  # fmt: skip
    with pytest.raises(ValidationError) as caught:
        negotiated(engine, PARAMETERS | {"imageGenerationConfig": {"numberOfImages": 3}}, 1001)
    for path in ("maskType", "garmentClass", "numberOfImages", "sourceImage"):
        assert f"{path}: " in caught.value.message


def test_sagemaker_gets_as_many_whole_adaptations_as_its_header_takes_in_ascii() -> None:
    assert (
        passed_on(["mergeStyle=BALANCED", "quality=standard"]) == "x-vto-adapted=mergeStyle=BALANCED; quality=standard"
    )
    assert passed_on(["resolution=576×864"]) == "x-vto-adapted=resolution=576?864"
    many = passed_on([f"field{number}={'x' * 90}" for number in range(20)])
    assert 900 < len(many) <= 1024
    assert {len(one.partition("=")[2]) for one in many.removeprefix("x-vto-adapted=").split("; ")} == {90}


def test_every_adaptation_is_told_and_the_request_itself_is_left_as_it_came() -> None:
    engine = Capabilities(
        "plain", "1", merge_styles=frozenset({"BALANCED"}), mask_shapes=frozenset({"CONTOUR"}), styling=frozenset(),
        exclusions=frozenset({"preserveFace"}), qualities=frozenset({"standard"}),
    )  # fmt: skip
    request = {
        "maskType": "PROMPT",
        "promptBasedMask": {"maskPrompt": "hat", "maskShape": "BOUNDING_BOX"},
        "mergeStyle": "SEAMLESS",
        "maskExclusions": {"preserveFace": "ON", "preserveHands": "OFF", "preserveBodyPose": "DEFAULT"},
        "imageGenerationConfig": {"quality": "premium", "seed": 0},
    }
    before = json.dumps(request)
    asked, adapted = negotiated(engine, request, 1)
    assert adapted == [
        "mergeStyle=BALANCED",
        "promptBasedMask.maskShape=DEFAULT",
        "maskExclusions.preserveHands=DEFAULT",
        "quality=standard",
    ]
    assert asked == {
        "maskType": "PROMPT",
        "promptBasedMask": {"maskPrompt": "hat", "maskShape": "DEFAULT"},
        "mergeStyle": "BALANCED",
        "maskExclusions": {"preserveFace": "ON", "preserveBodyPose": "DEFAULT"},
        "imageGenerationConfig": {"quality": "standard", "seed": 0},
    }
    assert json.dumps(request) == before


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_an_engine_s_capabilities_are_words_of_the_contract(name: str) -> None:
    whole, engine = Capabilities("all", "1").document(), ENGINES[name]().capabilities
    document = engine.document()
    assert document["engine"] == name
    for field, value in document.items():
        if isinstance(value, list):
            assert set(value) <= set(whole[field]), field
    assert json.loads(json.dumps(document)) == document


# --- answers ----------------------------------------------------------------------------------------------------------


def _png(text: str) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(text)))
    picture.load()
    return picture


def test_a_picture_s_metadata_says_the_engine_and_what_was_adapted_and_nothing_of_the_source() -> None:
    picture = Image.new("RGB", (4, 4))
    picture.info = {"comment": "secret", "exif": b"Exif\0\0secret", "icc_profile": b"secret", "vto:note": "own"}
    body = json.loads(answer_body(Drawn((picture,), None, ("quality=standard",)), "x 1"))
    raw = base64.b64decode(body["images"][0])
    assert b"secret" not in raw
    assert _png(body["images"][0]).info == {
        "Software": "vto canvas endpoint", "vto:engine": "x 1", "vto:adapted": "quality=standard", "vto:note": "own",
    }  # fmt: skip


def test_an_answer_over_the_limit_is_compressed_harder_and_then_refused() -> None:
    dice = random.Random(1)
    noise = Image.frombytes("RGB", (1800, 1800), dice.randbytes(1800 * 1800 * 3))
    with pytest.raises(ValidationError, match="numberOfImages") as caught:
        answer_body(Drawn((noise, noise)), "x")
    assert "25000000" in caught.value.message
    assert len(answer_body(Drawn((noise,)), "x")) < MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("each", "levels"),
    [(4_900_000, [3] * 5), (5_100_000, [3] * 5 + [9] * 5), (6_100_000, [3] * 5), (20_000_000, [3] * 2)],
    ids=["it fits", "it nearly fits", "it does not", "by far not"],
)
def test_no_time_is_spent_on_an_answer_that_cannot_fit(
    each: int, levels: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def encode(_: Image.Image, __: Any, level: int) -> str:
        asked.append(level)
        return "x" * each

    monkeypatch.setattr("canvas.answer.encoded", encode)
    with suppress(ValidationError):
        answer_body(Drawn((Image.new("RGB", (1, 1)),) * 5), "x")
    assert asked == levels


# --- pictures that come in --------------------------------------------------------------------------------------------


def _request(picture: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, **options)
    text = base64.b64encode(buffer.getvalue()).decode()
    params = PARAMETERS | {"sourceImage": text, "referenceImage": text}
    return json.dumps({"taskType": "VIRTUAL_TRY_ON", "virtualTryOnParams": params}).encode()


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_every_exif_orientation_is_put_upright_and_said(orientation: int) -> None:
    upright = Image.new("RGB", (320, 480), (250, 250, 250))
    upright.paste((200, 30, 30), (0, 0, 120, 160))
    exif = Image.Exif()
    exif[0x0112] = orientation
    # how it lies in the file is what the tag's turning makes upright
    backwards = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    marked = upright.copy()
    marked.getexif()[0x0112] = backwards
    lying = ImageOps.exif_transpose(marked)
    task = read_request(_request(lying, exif=exif))
    assert task.source.size == (320, 480)
    assert np.abs(np.asarray(task.source).astype(int) - np.asarray(upright)).mean() < 3
    assert task.adapted == (
        "sourceImage=turned upright by its EXIF orientation",
        "referenceImage=turned upright by its EXIF orientation",
    )


def test_an_upright_picture_is_not_said_to_be_turned_and_keeps_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 1, "35.6586N"
    task = read_request(_request(Image.new("RGB", (320, 320), "red"), exif=exif))
    assert task.adapted == ()
    assert task.source.info == {}


# --- the command line -------------------------------------------------------------------------------------------------


def test_serve_listens_on_all_addresses_and_nothing_else_does() -> None:
    assert arguments([], {}).host == "127.0.0.1"
    assert (arguments(["serve"], {}).host, arguments(["serve"], {}).port) == ("0.0.0.0", 8080)
    assert arguments(["serve", "--host", "127.0.0.2"], {}).host == "127.0.0.2"


def test_options_come_from_the_environment_and_the_command_line_wins() -> None:
    environment = {"CANVAS_ENGINE": "fashn", "CANVAS_PARALLEL": "1", "CANVAS_WAIT": "2.5", "CANVAS_PORT": "9"}
    options = arguments(["serve", "--port", "10"], environment)
    assert (options.engine, options.parallel, options.wait, options.port) == ("fashn", 1, 2.5, 10)


def test_faults_cannot_be_switched_on_from_the_environment() -> None:
    assert arguments(["serve"], {"CANVAS_FAULTS": "1"}).faults is False


@pytest.mark.parametrize(
    "environment", [{"CANVAS_ENGINE": "none"}, {"CANVAS_PARALLEL": "0"}, {"CANVAS_TIMEOUT": "soon"}]
)
def test_a_setting_that_makes_no_sense_ends_the_start_with_2(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments([], environment)
    assert caught.value.code == 2
    assert capsys.readouterr().err


def test_the_preview_needs_nothing_to_load() -> None:
    engine = PreviewEngine()
    engine.start()
    assert not engine.loads
