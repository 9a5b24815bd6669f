"""Requests that break the contract: refused as a whole, with the place of every problem."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.case import REMOVED, SHIRT, Body, Case, Padded, Refused, changed

PARAMS: Final = "#/virtualTryOnParams"
CONFIG: Final = "#/imageGenerationConfig"
MAX_BODY: Final = 25_000_000

IMAGE: Final[Body] = changed(
    SHIRT,
    {
        "virtualTryOnParams.maskType": "IMAGE",
        "virtualTryOnParams.garmentBasedMask": REMOVED,
        "virtualTryOnParams.imageBasedMask": {"maskImage": "@torso"},
    },
)
PROMPT: Final[Body] = changed(
    SHIRT,
    {
        "virtualTryOnParams.maskType": "PROMPT",
        "virtualTryOnParams.garmentBasedMask": REMOVED,
        "virtualTryOnParams.promptBasedMask": {"maskPrompt": "shirt"},
    },
)

# what is no request at all; nothing can be named in it
NO_REQUEST: Final[tuple[tuple[str, bytes], ...]] = (
    ("an empty body", b""),
    ("half an object", b'{"taskType": '),
    ("words", b"VIRTUAL_TRY_ON"),
    ("a form", b"taskType=VIRTUAL_TRY_ON&numberOfImages=1"),
    ("bytes that are no text", b"\xff\xfe\x00\x80" * 9),
    ("a number that JSON has not", b'{"taskType": NaN}'),
    ("an object with something behind it", b'{"taskType": "VIRTUAL_TRY_ON"} {}'),
    ("nesting without an end", b"[" * 50_000),
)

# what the body is instead of an object: the problem is the root
NO_OBJECT: Final[tuple[bytes, ...]] = (b"[]", b"null", b'"text"', b"7", b"true")

TASKS: Final[tuple[Any, ...]] = ("TEXT_IMAGE", "INPAINTING", "virtual_try_on", "", None, 1)
NO_PARAMS: Final[tuple[Any, ...]] = (None, [], "text")

# field → (values that are refused, where the problem is named)
CONFIG_VALUES: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("seed", (-1, 2_147_483_647, 4_294_967_296, 1.5, "12", None, True, [])),
    ("cfgScale", (1.0, 1.09, 0, -6.5, 10.01, 11, 100, "6.5", None, True)),
    ("numberOfImages", (0, -1, 6, 100, 1.5, "2", None, True)),
    ("quality", ("best", "STANDARD", "Premium", "", None, 1)),
    ("width", (1024, 320)),
    ("height", (1024, "1024")),
)
TRY_ON_VALUES: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("maskType", ("GARMENTS", "garment", "", None, 1)),
    ("mergeStyle", ("SOFT", "balanced", "", None, 0)),
    ("returnMask", ("true", "yes", 1, 0, None)),
    ("garmentBasedMask", (None, [], "UPPER_BODY", {})),
    ("garmentBasedMask.garmentClass", ("HAT", "upper_body", "UPPER BODY", "", None, 3, ["SHOES"])),
    ("garmentBasedMask.maskShape", ("OVAL", "contour", None)),
    ("garmentBasedMask.garmentStyling", (None, "TUCKED", [])),
    ("garmentBasedMask.garmentStyling.longSleeveStyle", ("UP", "sleeve_up", None)),
    ("garmentBasedMask.garmentStyling.tuckingStyle", ("TUCK", "", True)),
    ("garmentBasedMask.garmentStyling.outerLayerStyle", ("OPENED", 1)),
    ("maskExclusions", (None, "ON", ["preserveFace"])),
    ("maskExclusions.preserveFace", ("MAYBE", True, "on")),
    ("maskExclusions.preserveHands", (False, None)),
    ("maskExclusions.preserveBodyPose", ("YES", 1)),
)
# fields that are not there: named at the object that holds them
UNKNOWN: Final[tuple[tuple[str, Any, str], ...]] = (
    ("text", "a red shirt", "#"),
    ("virtualTryOnParams.text", "a red shirt", PARAMS),
    ("virtualTryOnParams.negativeText", "hat", PARAMS),
    ("virtualTryOnParams.maskImage", "@torso", PARAMS),
    ("virtualTryOnParams.maskPrompt", "shirt", PARAMS),
    ("virtualTryOnParams.garmentClass", "UPPER_BODY", PARAMS),
    ("virtualTryOnParams.garmentBasedMask.mode", "fast", f"{PARAMS}/garmentBasedMask"),
    ("virtualTryOnParams.garmentBasedMask.garmentStyling.collar", "UP", f"{PARAMS}/garmentBasedMask/garmentStyling"),
    ("virtualTryOnParams.maskExclusions.preserveHair", "ON", f"{PARAMS}/maskExclusions"),
    ("imageGenerationConfig.steps", 30, CONFIG),
    ("imageGenerationConfig.negativeText", "hat", CONFIG),
    ("inPaintingParams", {}, "#"),
)
MISSING: Final[tuple[tuple[Body, str, str], ...]] = (
    (SHIRT, "taskType", "#"),
    (SHIRT, "virtualTryOnParams", "#"),
    (SHIRT, "virtualTryOnParams.sourceImage", PARAMS),
    (SHIRT, "virtualTryOnParams.referenceImage", PARAMS),
    (SHIRT, "virtualTryOnParams.maskType", PARAMS),
    (SHIRT, "virtualTryOnParams.garmentBasedMask", f"{PARAMS}/garmentBasedMask"),
    (SHIRT, "virtualTryOnParams.garmentBasedMask.garmentClass", f"{PARAMS}/garmentBasedMask"),
    (IMAGE, "virtualTryOnParams.imageBasedMask", f"{PARAMS}/imageBasedMask"),
    (IMAGE, "virtualTryOnParams.imageBasedMask.maskImage", f"{PARAMS}/imageBasedMask"),
    (PROMPT, "virtualTryOnParams.promptBasedMask", f"{PARAMS}/promptBasedMask"),
    (PROMPT, "virtualTryOnParams.promptBasedMask.maskPrompt", f"{PARAMS}/promptBasedMask"),
)
# the mask object of another maskType beside the right one
SECOND_MASKS: Final[tuple[tuple[Body, str, Any], ...]] = (
    (SHIRT, "promptBasedMask", {"maskPrompt": "shirt"}),
    (SHIRT, "imageBasedMask", {"maskImage": "@torso"}),
    (IMAGE, "garmentBasedMask", {"garmentClass": "UPPER_BODY"}),
    (IMAGE, "promptBasedMask", {"maskPrompt": "shirt"}),
    (PROMPT, "garmentBasedMask", {"garmentClass": "UPPER_BODY"}),
    (PROMPT, "imageBasedMask", {"maskImage": "@torso"}),
)
PROMPTS: Final[tuple[tuple[Any, bool], ...]] = (("", False), ("x" * 1025, True), (None, False), (7, False), ([], False))
SEVERAL: Final[tuple[tuple[str, dict[str, Any], frozenset[str]], ...]] = (
    (
        "five numbers and words",
        {
            "imageGenerationConfig": {"seed": -1, "cfgScale": 0, "numberOfImages": 9, "quality": "best", "width": 512},
        },
        frozenset(f"{CONFIG}/{name}" for name in ("seed", "cfgScale", "numberOfImages", "quality", "width")),
    ),
    (
        "pictures, words and an unknown field",
        {
            "virtualTryOnParams.sourceImage": "@words",
            "virtualTryOnParams.referenceImage": "@blank:100x100",
            "virtualTryOnParams.mergeStyle": "SOFT",
            "imageGenerationConfig.steps": 3,
        },
        frozenset({f"{PARAMS}/sourceImage", f"{PARAMS}/referenceImage", f"{PARAMS}/mergeStyle", CONFIG}),
    ),
    (
        "another task and no mask",
        {"taskType": "INPAINTING", "virtualTryOnParams.garmentBasedMask": REMOVED},
        frozenset({"#/taskType", f"{PARAMS}/garmentBasedMask"}),
    ),
    (
        "two masks too many",
        {
            "virtualTryOnParams.imageBasedMask": {"maskImage": "@torso"},
            "virtualTryOnParams.promptBasedMask": {"maskPrompt": "shirt"},
        },
        frozenset({f"{PARAMS}/imageBasedMask", f"{PARAMS}/promptBasedMask"}),
    ),
)


def _told(value: Any) -> str:
    return repr(value) if len(repr(value)) < 30 else f"{len(value)} characters"


def _case(about: str, body: Body | Padded | bytes, *paths: str, decided: bool = False, slow: bool = False) -> Case:
    return Case(f"refuses {about}", "refused", body, Refused(frozenset(paths)), decided=decided, slow=slow)


def _whole() -> Iterator[Case]:
    """The body and its outermost fields."""
    for about, raw in NO_REQUEST:
        yield _case(about, raw)
    for raw in NO_OBJECT:
        yield _case(f"the body {raw.decode()}", raw, "#")
    for value in TASKS:
        yield _case(f"taskType {value!r}", changed(SHIRT, {"taskType": value}), "#/taskType")
    for value in NO_PARAMS:
        yield _case(f"virtualTryOnParams {value!r}", changed(SHIRT, {"virtualTryOnParams": value}), PARAMS)
        yield _case(f"imageGenerationConfig {value!r}", changed(SHIRT, {"imageGenerationConfig": value}), CONFIG)
    yield _case("a body of 25,000,001 bytes", Padded(SHIRT, MAX_BODY + 1))


def _values() -> Iterator[Case]:
    """Fields with a value that they must not have."""
    for field, values in CONFIG_VALUES:
        for value in values:
            body = changed(SHIRT, {f"imageGenerationConfig.{field}": value})
            yield _case(f"{field} {value!r}", body, f"{CONFIG}/{field}")
    for field, values in TRY_ON_VALUES:
        for value in values:
            body = changed(SHIRT, {f"virtualTryOnParams.{field}": value})
            yield _case(f"{field} {value!r}", body, f"{PARAMS}/{field.replace('.', '/')}")
    for value, decided in PROMPTS:
        body = changed(PROMPT, {"virtualTryOnParams.promptBasedMask.maskPrompt": value})
        yield _case(f"maskPrompt {_told(value)}", body, f"{PARAMS}/promptBasedMask/maskPrompt", decided=decided)
    shape = changed(PROMPT, {"virtualTryOnParams.promptBasedMask.maskShape": "OVAL"})
    yield _case("promptBasedMask.maskShape 'OVAL'", shape, f"{PARAMS}/promptBasedMask/maskShape")


def _fields() -> Iterator[Case]:
    """Fields that are missing, too many, or of another task; several problems at once."""
    for field, value, path in UNKNOWN:
        yield _case(f"the unknown field {field}", changed(SHIRT, {field: value}), path)
    for body, field, path in MISSING:
        about = f"{body['virtualTryOnParams']['maskType']} without {field.rpartition('.')[2]}"
        yield _case(about, changed(body, {field: REMOVED}), path)
    for body, field, value in SECOND_MASKS:
        about = f"{body['virtualTryOnParams']['maskType']} with {field}, too"
        yield _case(about, changed(body, {f"virtualTryOnParams.{field}": value}), f"{PARAMS}/{field}")
    for about, change, paths in SEVERAL:
        yield _case(f"{about}, all at once", changed(SHIRT, change), *paths)


CASES: Final = (*_whole(), *_values(), *_fields())
