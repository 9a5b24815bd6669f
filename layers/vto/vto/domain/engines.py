"""What each engine declares of itself, and what that means for a request: taken, adapted visibly, or left to another.

Nothing is dropped silently. Where the result would be useless or wrong (another mask type, a garment that the engine
cannot draw) the engine is *unfit* and the next one in order is asked; where a lesser result is still what was wanted,
the request is *adapted*, and every difference is told to whoever asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vto.domain.contract import MAX_BODY_BYTES, body_violations
from vto.domain.parameters import (
    FULL_BODY,
    GARMENT_CLASSES,
    GENERATION_DEFAULTS,
    LOWER_BODY,
    UPPER_BODY,
    Parameters,
)
from vto.domain.pictures import MAX_PIXELS, TIER_PIXELS
from vto.errors import Violation

MASK_TYPES = frozenset({"GARMENT", "PROMPT", "IMAGE"})
MASK_SHAPES = frozenset({"CONTOUR", "BOUNDING_BOX"})  # DEFAULT is whatever the engine prefers
MERGE_STYLES = frozenset({"BALANCED", "SEAMLESS", "DETAILED"})
STYLING = frozenset(
    {
        "longSleeveStyle=SLEEVE_DOWN",
        "longSleeveStyle=SLEEVE_UP",
        "tuckingStyle=UNTUCKED",
        "tuckingStyle=TUCKED",
        "outerLayerStyle=CLOSED",
        "outerLayerStyle=OPEN",
    }
)
EXCLUSIONS = frozenset({"preserveBodyPose", "preserveHands", "preserveFace"})
QUALITIES = frozenset({"standard", "premium"})
WORN = frozenset({*UPPER_BODY, *LOWER_BODY, *FULL_BODY})
MAX_IMAGES = 5

# The SDK's service model says this of both bodies of InvokeEndpoint. Of pages about real-time endpoints most say 6 MB,
# some 25: the smaller figure costs nothing where another engine can draw.
# https://docs.aws.amazon.com/sagemaker/latest/dg/deploy-model-options.html
SAGEMAKER_BODY_BYTES = 6_291_456

_MASK_FIELDS = ("garmentBasedMask", "promptBasedMask")
_CONFIG = "parameters.imageGenerationConfig"


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One way in which an engine does other than it was asked: where it stands (``path``) and what becomes of it."""

    path: str
    change: str

    def public(self) -> dict[str, str]:
        """As clients see it."""
        return {"path": self.path, "change": self.change}


@dataclass(frozen=True, slots=True)
class Price:
    """What an engine costs.

    Args:
        unit: What is paid for: ``image``, ``second of a function`` or ``hour of an instance``.
        usd: US dollars for each unit by tier; a tier is the most pixels and the quality. Empty where the unit is no
            picture: then a picture's price depends on the load.
        source: Where the figure is from.
        date: When it was read there, ISO-8601.
    """

    unit: str
    usd: Mapping[tuple[int, str], float]
    source: str
    date: str

    def of_image(self, pixels: int, quality: str) -> float | None:
        """US dollars for one picture; None where pictures are not the unit, or no tier takes that many pixels."""
        tiers = sorted((most, usd) for (most, name), usd in self.usd.items() if name == quality and most >= pixels)
        return tiers[0][1] if tiers else None


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """One engine's declaration; the defaults are the whole contract.

    Args:
        name: Its name in the ``Engine`` parameter.
        read_timeout_seconds: How long its client waits for an answer.
        timeout_seconds: How long its task may take; above the client's (and the function's) limit, so that the
            inner clock always rings first and says what happened.
        usual_seconds: What a shopper is told that a call takes.
        price: What it costs.
        is_free: Whether its calls cost so little that no budget counts them and no switch stops them.
        mask_types: The values of ``maskType`` that it can do.
        garment_classes: The garments that it can draw.
        mask_shapes, merge_styles, styling, exclusions, qualities: Values that have an effect; ``styling`` holds
            ``cue=value`` pairs, ``exclusions`` the fields whose ON and OFF are obeyed.
        max_images: The most pictures of one call.
        max_pixels: The largest source.
        max_body_bytes: The largest request, in the contract's form.
        cfg_scale: Whether ``cfgScale`` has an effect.
        returns_mask: Whether ``returnMask`` does.
        reads_by_itself: Whether it is given the pictures' addresses only.
        always: What differs from the contract in every one of its answers.
    """

    name: str
    read_timeout_seconds: int
    timeout_seconds: int
    usual_seconds: int
    price: Price
    is_free: bool = False
    mask_types: frozenset[str] = MASK_TYPES
    garment_classes: frozenset[str] = frozenset(GARMENT_CLASSES)
    mask_shapes: frozenset[str] = MASK_SHAPES
    merge_styles: frozenset[str] = MERGE_STYLES
    styling: frozenset[str] = STYLING
    exclusions: frozenset[str] = EXCLUSIONS
    qualities: frozenset[str] = QUALITIES
    max_images: int = MAX_IMAGES
    max_pixels: int = MAX_PIXELS
    max_body_bytes: int = MAX_BODY_BYTES
    cfg_scale: bool = True
    returns_mask: bool = True
    reads_by_itself: bool = False
    always: tuple[Adaptation, ...] = ()


PROFILES = {
    profile.name: profile
    for profile in (
        EngineProfile(
            "preview",
            read_timeout_seconds=20,
            timeout_seconds=25,
            usual_seconds=4,
            price=Price("second of a function", {}, "https://aws.amazon.com/lambda/pricing/", "2026-11-21"),
            is_free=True,
            reads_by_itself=True,
            # it draws tops over trousers as it finds them, and knows one quality
            styling=STYLING - {"tuckingStyle=TUCKED"},
            exclusions=frozenset({"preserveHands", "preserveFace"}),
            qualities=frozenset({"standard"}),
            # nothing on the picture says so: a banner would lie outside the mask
            always=(
                Adaptation(
                    "images", "a preview drawing that shows the idea; not a photograph, and not how it will fit"
                ),
            ),
        ),
        # 300 s is AWS's advice for Nova Canvas: giving up earlier may pay for a picture that nobody gets
        # https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
        EngineProfile(
            "nova_canvas",
            read_timeout_seconds=300,
            timeout_seconds=320,
            usual_seconds=9,
            # the last list price, from others' copies of it; the model was withdrawn on 2026-09-30
            price=Price(
                "image",
                {
                    (TIER_PIXELS, "standard"): 0.04,
                    (TIER_PIXELS, "premium"): 0.06,
                    (MAX_PIXELS, "standard"): 0.06,
                    (MAX_PIXELS, "premium"): 0.08,
                },
                "https://github.com/awslabs/startups (pricing-cache.md)",
                "2026-11-21",
            ),
        ),
        # The canvas container with FASHN VTON behind it. A container must answer within 60 s, for which AWS advises a
        # socket timeout of 70: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
        EngineProfile(
            "sagemaker",
            read_timeout_seconds=70,
            timeout_seconds=90,
            usual_seconds=10,
            price=Price("hour of an instance", {}, "https://aws.amazon.com/sagemaker/ai/pricing/", "2026-11-21"),
            mask_types=frozenset({"GARMENT", "IMAGE"}),
            garment_classes=WORN,
            merge_styles=frozenset({"BALANCED", "SEAMLESS"}),
            styling=frozenset(),
            exclusions=frozenset(),
            # What the endpoint takes from the container: request and answer have to stay below 6 MB, and two PNG of
            # 1 MP are about 5, one of 4.19 MP is about 10.
            max_images=2,
            max_pixels=TIER_PIXELS,
            max_body_bytes=SAGEMAKER_BODY_BYTES,
            always=(Adaptation("images", "the garment is drawn at 576×864 at most, and enlarged to the photo's size"),),
        ),
        # https://docs.fashn.ai/api-reference/tryon-v1-6 says 5 s, 8 s and 12 to 17 s by mode, and one credit an image
        EngineProfile(
            "fashn_api",
            read_timeout_seconds=90,
            timeout_seconds=120,
            usual_seconds=14,
            price=Price(
                "image",
                {(MAX_PIXELS, "standard"): 0.075, (MAX_PIXELS, "premium"): 0.075},
                "https://fal.ai/models/fal-ai/fashn/tryon/v1.6/llms.txt (a reseller's price)",
                "2026-11-21",
            ),
            mask_types=frozenset({"GARMENT"}),
            garment_classes=WORN,
            mask_shapes=frozenset(),
            merge_styles=frozenset(),
            styling=frozenset(),
            exclusions=frozenset(),
            max_images=4,
            cfg_scale=False,
            returns_mask=False,
            always=(
                Adaptation(
                    "parameters.mergeStyle", "the whole picture is drawn anew: it may differ outside the garment too"
                ),
                Adaptation("images", "have the engine's own size, about 864×1296, instead of the photo's"),
            ),
        ),
    )
}

PREVIEW_VERSION = "3"  # counts up when the preview engine draws differently
FASHN_MODEL = "tryon-v1.6"


def identity(name: str, versions: Mapping[str, str]) -> str:
    """Engine and version in one word: results of different identities are not interchangeable.

    Args:
        name: The engine.
        versions: What a deployment says of its engines: the model's id, the container's image.
    """
    own = {"preview": PREVIEW_VERSION, "fashn_api": FASHN_MODEL}
    return f"{name}:{own.get(name) or versions.get(name, '')}"


# --- what an engine makes of a request ------------------------------------------------------------------------------


def misfits(
    profile: EngineProfile,
    parameters: Mapping[str, Any],
    pixels: int | None = None,
    body_bytes: int | None = None,
) -> tuple[Violation, ...]:
    """Why an engine cannot do a request at all; empty when it can.

    Args:
        profile: The engine.
        parameters: Checked parameters.
        pixels: Pixels of the prepared source, where that is known.
        body_bytes: Size of the request in the contract's form, where that is known.
    """
    found = []
    if parameters["maskType"] not in profile.mask_types:
        problem = f"cannot be {parameters['maskType']} here"
        found.append(Violation("parameters.maskType", problem, f"use {_or(profile.mask_types)}"))
    garment = parameters.get("garmentBasedMask", {}).get("garmentClass")
    if garment is not None and garment not in profile.garment_classes:
        problem, remedy = f"cannot be {garment} here", f"use {_or(profile.garment_classes)}"
        found.append(Violation("parameters.garmentBasedMask.garmentClass", problem, remedy))
    if pixels is not None and pixels > profile.max_pixels:
        problem = f"its picture has {pixels:,} pixels; here it may have at most {profile.max_pixels:,}"
        found.append(Violation("model_id", problem, "use a smaller picture"))
    if body_bytes is not None:
        found += body_violations(body_bytes, profile.max_body_bytes)
    return tuple(found)


def able(
    order: Sequence[str], parameters: Mapping[str, Any], pixels: int | None = None, body_bytes: int | None = None
) -> list[str]:
    """The engines of an order that can do a request, in that order."""
    return [name for name in order if not misfits(PROFILES[name], parameters, pixels, body_bytes)]


def refusals(
    order: Sequence[str], parameters: Mapping[str, Any], pixels: int | None = None, body_bytes: int | None = None
) -> tuple[Violation, ...]:
    """What to change about a request that no engine of an order can do; empty when one can.

    Named is what the nearest engine needs, the first in order of those that need the fewest changes.
    """
    return min((misfits(PROFILES[name], parameters, pixels, body_bytes) for name in order), key=len, default=())


def adaptations(profile: EngineProfile, parameters: Mapping[str, Any]) -> tuple[Adaptation, ...]:
    """In what an engine's answer will differ from the request."""
    return (*(adaptation for adaptation, _ in _changes(profile, parameters)), *profile.always)


def adapted(profile: EngineProfile, parameters: Parameters) -> Parameters:
    """The parameters that an engine is given: those it honours; all others are left out or have its own value."""
    changed: Parameters = _copy(parameters)
    for adaptation, value in _changes(profile, parameters):
        *folders, name = adaptation.path.split(".")[1:]
        at = changed
        for folder in folders:
            at = at[folder]
        if value is None:
            del at[name]
        else:
            at[name] = value
    return changed


def _changes(profile: EngineProfile, parameters: Mapping[str, Any]) -> Iterator[tuple[Adaptation, Any]]:
    """Each adaptation of a request, with the value that takes the field's place; None for none."""
    config = parameters.get("imageGenerationConfig", {})
    asked = config.get("numberOfImages", 1)
    if asked > profile.max_images:
        change = f"{profile.max_images} instead of {asked}: the most that this engine makes at once"
        yield Adaptation(f"{_CONFIG}.numberOfImages", change), profile.max_images
    if config.get("quality", "standard") not in profile.qualities:
        (only,) = profile.qualities
        yield Adaptation(f"{_CONFIG}.quality", f"{only} instead of {config['quality']}"), only
    usual = GENERATION_DEFAULTS["cfgScale"]
    if config.get("cfgScale", usual) != usual and not profile.cfg_scale:
        yield Adaptation(f"{_CONFIG}.cfgScale", "has no effect with this engine"), usual
    if parameters.get("returnMask") and not profile.returns_mask:
        yield Adaptation("parameters.returnMask", "this engine has no mask to return"), None
    style = parameters.get("mergeStyle", "BALANCED")
    if style not in profile.merge_styles and profile.merge_styles:
        yield Adaptation("parameters.mergeStyle", f"BALANCED instead of {style}"), "BALANCED"
    elif "mergeStyle" in parameters and not profile.merge_styles:
        yield Adaptation("parameters.mergeStyle", f"{style} has no effect with this engine"), None
    for field in _MASK_FIELDS:
        shape = parameters.get(field, {}).get("maskShape", "DEFAULT")
        if shape != "DEFAULT" and shape not in profile.mask_shapes:
            yield Adaptation(f"parameters.{field}.maskShape", f"{shape} has no effect with this engine"), None
    for cue, value in parameters.get("garmentBasedMask", {}).get("garmentStyling", {}).items():
        if f"{cue}={value}" not in profile.styling:
            path = f"parameters.garmentBasedMask.garmentStyling.{cue}"
            yield Adaptation(path, f"{value} has no effect with this engine"), None
    for field, value in parameters.get("maskExclusions", {}).items():
        if value != "DEFAULT" and field not in profile.exclusions:
            yield Adaptation(f"parameters.maskExclusions.{field}", f"{value} has no effect with this engine"), None


def _or(values: frozenset[str]) -> str:
    return " or ".join(sorted(values)) if len(values) < 4 else f"one of {', '.join(sorted(values))}"


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(one) for name, one in value.items()}
    return value
