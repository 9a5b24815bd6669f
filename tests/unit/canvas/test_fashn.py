"""The ``fashn`` engine, over a stand-in of the pipeline's documented interface."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from canvas.capabilities import GROUP_OF, negotiated
from canvas.engine import EngineBrokenError, EngineBusyError, EngineStartError
from canvas.errors import ValidationError
from canvas.fashn import FashnEngine, FashnSettings, mapping, merging
from canvas.fashn.loading import FILES, load
from canvas.fashn.photo import photo_type
from canvas.request import TryOn
from samples.catalogue import sample

STAND_INS = Path(__file__).parents[2] / "stand_ins"
SIZE = (320, 480)


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stand-in's class, with no calls seen."""
    for name in ("HF_HUB_OFFLINE", "STAND_IN_MEMORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(str(STAND_INS))
    import fashn_vton
    import torch

    fashn_vton.TryOnPipeline.calls.clear()
    torch.cuda.available, torch.cuda.emptied = False, 0
    yield fashn_vton.TryOnPipeline
    for name in ("fashn_vton", "torch"):
        sys.modules.pop(name, None)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"weights")
    return tmp_path


@pytest.fixture
def engine(weights: Path, pipeline: Any) -> FashnEngine:
    engine = FashnEngine(FashnSettings(weights))
    engine.start()
    pipeline.calls.clear()  # the warm-up's
    return engine


def person() -> Image.Image:
    picture = Image.new("RGB", SIZE, (230, 228, 224))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((140, 30, 180, 90), fill=(224, 178, 150))
    draw.rectangle((110, 96, 210, 240), fill=(250, 250, 250))
    draw.rectangle((115, 240, 205, 440), fill=(90, 90, 96))
    return picture


def shirt(ground: tuple[int, int, int] = (250, 250, 250)) -> Image.Image:
    picture = Image.new("RGB", (336, 384), ground)
    ImageDraw.Draw(picture).rectangle((80, 60, 256, 330), fill=(30, 110, 60))
    return picture


def task(config: dict[str, Any] | None = None, mask: Image.Image | None = None, **change: Any) -> TryOn:
    parameters: dict[str, Any] = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}}
    if mask is not None:
        parameters = {"maskType": "IMAGE", "imageBasedMask": {}}
    return TryOn(person(), shirt(), mask, parameters | change | {"imageGenerationConfig": config or {}})


def changed(before: Image.Image, after: Image.Image) -> Any:
    return (np.asarray(before) != np.asarray(after)).any(axis=2)


@pytest.mark.parametrize("garment_class", sorted(mapping.GARMENT_CLASSES))
def test_every_class_that_is_worn_above_the_feet_has_the_pipeline_s_category(
    garment_class: str, engine: FashnEngine, pipeline: Any
) -> None:
    engine.draw(task(garmentBasedMask={"garmentClass": garment_class}))
    wanted = {"upper": "tops", "lower": "bottoms", "full": "one-pieces"}[GROUP_OF[garment_class]]
    assert [call["category"] for call in pipeline.calls] == [wanted]


@pytest.mark.parametrize("garment_class", ["FOOTWEAR", "SHOES", "BOOTS", "OTHER_FOOTWEAR"])
def test_shoes_are_refused_as_a_missing_capability(garment_class: str, engine: FashnEngine) -> None:
    asked = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class}}
    with pytest.raises(ValidationError, match=rf"fashn.*garmentClass: {garment_class} is none of"):
        negotiated(engine.capabilities, asked, 1000)


def test_prompts_are_refused_as_a_missing_capability(engine: FashnEngine) -> None:
    asked = {"maskType": "PROMPT", "promptBasedMask": {"maskPrompt": "hat"}}
    with pytest.raises(ValidationError, match=r"#/virtualTryOnParams/maskType: PROMPT is none of GARMENT, IMAGE"):
        negotiated(engine.capabilities, asked, 1000)


@pytest.mark.parametrize(("count", "calls"), [(1, [(1, 7)]), (2, [(2, 7)]), (4, [(4, 7)]), (5, [(4, 7), (1, 11)])])
def test_pictures_are_drawn_in_batches_of_four_each_with_its_own_seed(
    count: int, calls: list[tuple[int, int]], engine: FashnEngine, pipeline: Any
) -> None:
    drawn = engine.draw(task({"numberOfImages": count, "seed": 7}))
    assert [(call["num_samples"], call["seed"]) for call in pipeline.calls] == calls
    assert len({image.tobytes() for image in drawn.images}) == count
    assert {image.size for image in drawn.images} == {SIZE}


def test_the_seed_after_the_largest_is_zero(engine: FashnEngine, pipeline: Any) -> None:
    engine.draw(task({"numberOfImages": 5, "seed": 2_147_483_646}))
    assert [call["seed"] for call in pipeline.calls] == [2_147_483_646, 3]
    assert mapping.seed_of({"seed": 2_147_483_646}, 1) == 0
    assert mapping.seed_of({"seed": 0}, 0) == 0
    assert mapping.seed_of({}, 0) == 12


def test_guidance_rises_with_cfg_scale_and_meets_the_pipeline_s_default_at_ours() -> None:
    scales = [1.1, 2, 4, 6.5, 8, 9.9, 10]
    guidance = [mapping.guidance_of({"cfgScale": scale}) for scale in scales]
    assert guidance == sorted(set(guidance))
    assert (guidance[0], guidance[-1]) == (1.0, 3.0)
    assert mapping.guidance_of({}) == mapping.guidance_of({"cfgScale": 6.5}) == 1.5


def test_premium_takes_more_steps_than_standard_and_standard_is_the_default() -> None:
    assert mapping.steps_of({"quality": "premium"}) > mapping.steps_of({"quality": "standard"}) == mapping.steps_of({})


def test_one_seed_gives_one_picture(engine: FashnEngine) -> None:
    first, again, other = (engine.draw(task({"seed": seed})).images[0].tobytes() for seed in (5, 5, 6))
    assert first == again != other


@pytest.mark.parametrize("style", ["BALANCED", "SEAMLESS"])
def test_balanced_keeps_every_pixel_that_is_white_in_the_mask_and_seamless_nearly(
    style: str, engine: FashnEngine
) -> None:
    drawn = engine.draw(task({"numberOfImages": 3}, mergeStyle=style, returnMask=True))
    assert drawn.mask is not None
    keep = np.asarray(drawn.mask) == 255
    assert 0.5 < keep.mean() < 0.95
    for image in drawn.images:
        outside = changed(person(), image) & keep
        assert outside.any() == (style == "SEAMLESS")
        assert (changed(person(), image) & ~keep).mean() > 0.8 * (~keep).mean()


def test_detailed_becomes_balanced_and_the_answer_says_so(engine: FashnEngine) -> None:
    asked, adapted = negotiated(engine.capabilities, task(mergeStyle="DETAILED").parameters, 1000)
    assert asked["mergeStyle"] == "BALANCED"
    assert adapted == ["mergeStyle=BALANCED"]


def test_what_cannot_be_steered_is_left_out_and_said(engine: FashnEngine) -> None:
    asked, adapted = negotiated(
        engine.capabilities,
        task(
            garmentBasedMask={"garmentClass": "UPPER_BODY", "garmentStyling": {"tuckingStyle": "TUCKED"}},
            maskExclusions={"preserveFace": "OFF", "preserveHands": "DEFAULT"},
        ).parameters,
        1000,
    )
    assert asked["garmentBasedMask"]["garmentStyling"] == {}
    assert asked["maskExclusions"] == {"preserveHands": "DEFAULT"}
    assert adapted == ["garmentStyling.tuckingStyle=ignored", "maskExclusions.preserveFace=DEFAULT"]


def test_a_bounding_box_is_a_box(engine: FashnEngine) -> None:
    options = {"garmentClass": "UPPER_BODY", "maskShape": "BOUNDING_BOX"}
    mask = engine.draw(task(garmentBasedMask=options, returnMask=True)).mask
    assert mask is not None
    area = np.asarray(mask) == 0
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    assert area[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


@pytest.mark.parametrize(
    ("box", "category"),
    [((90, 90, 230, 250), "tops"), ((100, 240, 220, 450), "bottoms"), ((90, 90, 230, 450), "one-pieces")],
)
def test_a_drawn_mask_is_kept_to_and_its_place_says_what_is_worn_there(
    box: tuple[int, int, int, int], category: str, engine: FashnEngine, pipeline: Any
) -> None:
    mask = Image.new("L", SIZE, 255)
    mask.paste(0, box)
    drawn = engine.draw(task(mask=mask, returnMask=True))
    assert [call["category"] for call in pipeline.calls] == [category]
    assert f"imageBasedMask.garment={category}, by the mask's place" in drawn.adapted
    assert drawn.mask is not None
    assert drawn.mask.tobytes() == mask.tobytes()
    assert not (changed(person(), drawn.images[0]) & (np.asarray(mask) == 255)).any()
    assert changed(person(), drawn.images[0]).any()


def test_what_was_drawn_smaller_than_the_source_is_said(engine: FashnEngine) -> None:
    large = replace(task(), source=person().resize((1000, 1500)))
    assert engine.draw(large).adapted == ("resolution=576x864 enlarged",)
    assert engine.draw(large).images[0].size == (1000, 1500)
    assert engine.draw(task()).adapted == ()


@pytest.mark.parametrize(("memory", "sizes"), [("2", [4, 2, 2, 1]), ("1", [4, 2, 1, 1, 1, 1, 1])])
def test_out_of_memory_halves_the_batch_and_the_answer_says_so(
    memory: str, sizes: list[int], engine: FashnEngine, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_MEMORY", memory)
    drawn = engine.draw(task({"numberOfImages": 5}))
    assert [call["num_samples"] for call in pipeline.calls] == sizes
    assert len(drawn.images) == 5
    assert drawn.adapted == (f"batch={memory}, for want of GPU memory",)
    assert sys.modules["torch"].cuda.emptied == len([size for size in sizes if size > int(memory)])
    pipeline.calls.clear()
    assert engine.draw(task({"numberOfImages": 1})).adapted == ()  # one picture is the same in any batch size
    assert len(pipeline.calls) == 1


def test_no_room_for_one_picture_is_an_error_that_a_retry_may_mend(
    engine: FashnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_MEMORY", "0")
    with pytest.raises(EngineBusyError, match="out of memory"):
        engine.draw(task())
    monkeypatch.delenv("STAND_IN_MEMORY")
    assert engine.draw(task()).images


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("CUDA error: an illegal memory access was encountered"), EngineBrokenError),
        (RuntimeError("[ONNXRuntimeError] : 6 : CUDA failure 2: out of memory"), EngineBusyError),
        (RuntimeError("shape '[1, 3]' is invalid"), RuntimeError),
    ],
)
def test_a_lost_gpu_a_full_one_and_a_bug_are_told_apart(
    error: Exception, expected: type[Exception], engine: FashnEngine
) -> None:
    class Failing:
        def __call__(self, **_: Any) -> Any:
            raise error

    assert engine._loaded
    engine._loaded = replace(engine._loaded, pipeline=Failing())
    with pytest.raises(expected) as caught:
        engine.draw(task())
    assert type(caught.value) is expected


def test_a_picture_without_a_person_is_refused_before_anything_is_painted(engine: FashnEngine, pipeline: Any) -> None:
    with pytest.raises(ValidationError, match="sourceImage: no person"):
        engine.draw(replace(task(), source=Image.new("RGB", SIZE, "white")))
    assert pipeline.calls == []


def test_without_the_human_parser_nobody_is_looked_for(engine: FashnEngine) -> None:
    assert engine._loaded
    del engine._loaded.pipeline.hp_model  # type: ignore[attr-defined]
    assert engine.draw(replace(task(), source=Image.new("RGB", SIZE, "white"))).images


@pytest.mark.parametrize("error", [IndexError("list index out of range"), ValueError("bad shape")])
def test_a_bug_of_the_pipeline_is_not_blamed_on_the_photo(error: Exception, engine: FashnEngine) -> None:
    class Failing:
        def __call__(self, **_: Any) -> Any:
            raise error

    assert engine._loaded
    engine._loaded = replace(engine._loaded, pipeline=Failing())
    with pytest.raises(type(error)):
        engine.draw(task())


def test_neither_progress_bars_nor_a_logger_of_its_own_get_between_the_log_s_lines(
    engine: FashnEngine, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "canvas")
    engine.start()
    engine.draw(task())
    assert capfd.readouterr().err == ""
    assert "Using device: cpu" in caplog.messages


def test_what_the_container_switches_off_besides() -> None:
    lines = (Path(__file__).parents[3] / "canvas" / "fashn.Dockerfile").read_text(encoding="utf-8")
    assert "TQDM_DISABLE=1" in lines


def noisy(picture: Image.Image, seed: int, levels: float = 2) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, levels, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def striped() -> Image.Image:
    picture = person()
    for top in range(100, 240, 26):
        picture.paste((20, 30, 90), (110, top, 210, top + 3))
    return picture


def creamy() -> Image.Image:
    picture = person()
    picture.paste((250, 245, 237), (110, 96, 210, 240))
    return picture


@pytest.mark.parametrize(
    ("painted", "least"), [(striped(), 0.8), (creamy(), 0.95)], ids=["thin stripes", "cream for white"]
)
@pytest.mark.parametrize("scale", [1, 3])
def test_a_garment_that_differs_little_arrives_all_the_same(painted: Image.Image, least: float, scale: int) -> None:
    size = (SIZE[0] * scale, SIZE[1] * scale)
    before, after = person().resize(size), noisy(painted.resize(size), 1)
    area = merging.changed_area(before, [after])
    assert area is not None
    wanted = changed(before, painted.resize(size))
    assert (area & wanted).sum() > least * wanted.sum()
    assert area.mean() < 0.3
    assert not area[: 70 * scale].any()  # the head, and the ground around it


def test_noise_alone_is_no_change() -> None:
    assert merging.changed_area(person(), [noisy(person(), 1, 3), noisy(person(), 2, 3)]) is None


def test_where_nothing_is_found_the_whole_painted_picture_comes_and_the_answer_says_so(engine: FashnEngine) -> None:
    white = person()
    white.paste((250, 250, 250), (90, 90, 230, 250))
    reference = Image.new("RGB", (336, 384), (250, 250, 250))
    drawn = engine.draw(replace(task(returnMask=True), source=white, reference=reference))
    assert drawn.images[0].tobytes() != white.tobytes()
    assert drawn.mask is not None
    assert drawn.mask.getextrema() == (0, 0)
    assert [one.partition("=")[0] for one in drawn.adapted] == ["garmentBasedMask"]


def test_it_warms_up_once_and_says_where_it_computes(
    weights: Path, pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    FashnEngine(FashnSettings(weights)).start()
    assert len(pipeline.calls) == 1
    fields: Any = next(record for record in caplog.records if record.message == "pipeline loaded")
    assert fields.fields == {"device": "cpu", "precision": "torch.float32", "batch": 4}


def test_on_a_gpu_it_computes_in_half_precision_and_repeatably(weights: Path) -> None:
    import torch

    torch.cuda.available = True
    loaded = load(FashnSettings(weights), {})
    assert (loaded.device, loaded.precision) == ("cuda", "torch.bfloat16")
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (True, False)


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_of_weights_is_named_with_its_remedy(missing: str, weights: Path) -> None:
    (weights / missing).unlink()
    with pytest.raises(EngineStartError, match=rf"lacks {missing}\. .*download_weights\.py.*CANVAS_FASHN_WEIGHTS"):
        FashnEngine(FashnSettings(weights)).start()


def test_damaged_weights_are_said_to_be_that(weights: Path) -> None:
    (weights / FILES[0]).write_bytes(b"damaged")
    with pytest.raises(EngineStartError, match=r"did not load.*HeaderTooLarge.*damaged or other weights"):
        FashnEngine(FashnSettings(weights)).start()


@pytest.mark.parametrize("package", ["torch", "fashn_vton"])
def test_a_missing_package_is_named_with_its_remedy(
    package: str, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineStartError, match=rf"package {package} is not installed: pip install"):
        FashnEngine(FashnSettings(weights)).start()


def test_a_gpu_that_is_not_there_is_said(weights: Path) -> None:
    with pytest.raises(EngineStartError, match="torch sees no GPU"):
        FashnEngine(FashnSettings(weights, device="cuda")).start()


def test_the_human_parser_must_be_there_when_it_may_not_be_fetched(weights: Path, tmp_path: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub-home")}
    with pytest.raises(EngineStartError, match="human parser's weights"):
        load(FashnSettings(weights), offline)
    (tmp_path / "hub-home" / "hub" / "models--fashn-ai--fashn-human-parser").mkdir(parents=True)
    assert load(FashnSettings(weights), offline)


@pytest.mark.parametrize("name", ["BATCH", "GARMENT_PHOTO"])
def test_a_setting_that_is_none_ends_the_start(name: str) -> None:
    with pytest.raises(SystemExit, match=f"CANVAS_FASHN_{name}"):
        FashnSettings.from_environment({f"CANVAS_FASHN_{name}": "7"})


def test_settings_come_from_the_environment() -> None:
    assert FashnSettings.from_environment({}) == FashnSettings(Path("/opt/ml/model"), "auto", 4, "auto")
    read = FashnSettings.from_environment(
        {"CANVAS_FASHN_WEIGHTS": "w", "CANVAS_FASHN_BATCH": "2", "CANVAS_FASHN_DEVICE": "cpu"}
    )
    assert read == FashnSettings(Path("w"), "cpu", 2, "auto")


@pytest.mark.parametrize("file", ["striped-t-shirt.jpg", "green-hoodie.jpg", "camel-chinos.jpg", "floral-dress.jpg"])
def test_a_product_alone_on_a_plain_ground_is_a_flat_lay(file: str) -> None:
    assert photo_type(sample(file).draw()) == "flat-lay"


def test_a_product_that_is_worn_or_lies_on_something_is_not() -> None:
    assert photo_type(sample("standing-person.png").draw()) == "model"
    assert photo_type(sample("living-room.jpg").draw()) == "model"
    assert photo_type(Image.new("RGB", (320, 320), "white")) == "flat-lay"


def test_the_operator_s_word_on_the_product_s_photo_counts(weights: Path, pipeline: Any) -> None:
    engine = FashnEngine(FashnSettings(weights, garment_photo="model"))
    engine.start()
    engine.draw(task())
    assert pipeline.calls[-1]["garment_photo_type"] == "model"
