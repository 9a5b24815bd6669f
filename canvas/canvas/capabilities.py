"""What an engine can honour of the contract, and what becomes of a request that asks for more.

Nothing is dropped silently. Where another result would be useless or wrong the request is *refused*
(mask type, garment class, number of pictures, size); where a lesser one is still what was asked for, it is *adapted*,
and the answer says so: in the header ``x-vto-adapted`` and in the metadata of every picture.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from canvas.errors import ValidationError

MASK_TYPES: Final = frozenset({"IMAGE", "GARMENT", "PROMPT"})
MASK_SHAPES: Final = frozenset({"CONTOUR", "BOUNDING_BOX"})  # DEFAULT is whatever the engine prefers
MERGE_STYLES: Final = frozenset({"BALANCED", "SEAMLESS", "DETAILED"})
EXCLUSIONS: Final = frozenset({"preserveBodyPose", "preserveHands", "preserveFace"})
QUALITIES: Final = frozenset({"standard", "premium"})
STYLING: Final[Mapping[str, tuple[str, ...]]] = {
    "longSleeveStyle": ("SLEEVE_DOWN", "SLEEVE_UP"),
    "tuckingStyle": ("UNTUCKED", "TUCKED"),
    "outerLayerStyle": ("CLOSED", "OPEN"),
}
CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "upper": ("UPPER_BODY", "LONG_SLEEVE_SHIRT", "SHORT_SLEEVE_SHIRT", "NO_SLEEVE_SHIRT", "OTHER_UPPER_BODY"),
    "lower": ("LOWER_BODY", "LONG_PANTS", "SHORT_PANTS", "OTHER_LOWER_BODY"),
    "full": ("FULL_BODY", "LONG_DRESS", "SHORT_DRESS", "FULL_BODY_OUTFIT", "OTHER_FULL_BODY"),
    "feet": ("FOOTWEAR", "SHOES", "BOOTS", "OTHER_FOOTWEAR"),
}
GROUP_OF: Final[Mapping[str, str]] = {one: group for group, classes in CLASSES.items() for one in classes}
MOST_IMAGES: Final = 5
MOST_PIXELS: Final = 4_194_303


def _all_styling() -> frozenset[str]:
    return frozenset(f"{cue}={value}" for cue, values in STYLING.items() for value in values)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one engine honours; the defaults are the whole contract.

    ``styling`` holds ``cue=value`` pairs of garmentStyling; ``exclusions`` the fields of maskExclusions whose ON and
    OFF have an effect; ``max_pixels`` is the largest source.
    """

    engine: str
    version: str
    mask_types: frozenset[str] = MASK_TYPES
    garment_classes: frozenset[str] = frozenset(GROUP_OF)
    mask_shapes: frozenset[str] = MASK_SHAPES
    merge_styles: frozenset[str] = MERGE_STYLES
    styling: frozenset[str] = _all_styling()
    exclusions: frozenset[str] = EXCLUSIONS
    qualities: frozenset[str] = QUALITIES
    max_images: int = MOST_IMAGES
    max_pixels: int = MOST_PIXELS
    deterministic: bool = True
    generative: bool = True

    def document(self) -> dict[str, Any]:
        """What ``GET /capabilities`` answers: sorted lists, so that one engine always says the same."""
        return {
            "engine": self.engine,
            "version": self.version,
            "maskTypes": sorted(self.mask_types),
            "garmentClasses": sorted(self.garment_classes),
            "maskShapes": sorted(self.mask_shapes),
            "mergeStyles": sorted(self.merge_styles),
            "garmentStyling": sorted(self.styling),
            "maskExclusions": sorted(self.exclusions),
            "qualities": sorted(self.qualities),
            "maxImages": self.max_images,
            "maxPixels": self.max_pixels,
            "deterministic": self.deterministic,
            "generative": self.generative,
        }


def negotiated(
    capabilities: Capabilities, parameters: Mapping[str, Any], pixels: int
) -> tuple[dict[str, Any], list[str]]:
    """What the engine is to be asked, and what differs from the request.

    Args:
        capabilities: The engine's.
        parameters: ``virtualTryOnParams`` without pictures, plus ``imageGenerationConfig``; already checked.
        pixels: Pixels of the source.

    Returns:
        Parameters that the engine honours, and one ``field=value used instead`` for each adaptation.

    Raises:
        ValidationError: The engine lacks something that cannot be replaced; every such field is named.
    """
    problems = [*_lacking(capabilities, parameters, pixels)]
    if problems:
        listed = "; ".join(problems)
        raise ValidationError(f"The engine {capabilities.engine} cannot honour this request: {listed}.")
    adapted: list[str] = []
    asked = dict(parameters)
    style = asked.get("mergeStyle")
    if style is not None and style not in capabilities.merge_styles:
        asked["mergeStyle"] = "BALANCED"
        adapted.append("mergeStyle=BALANCED")
    for holder in ("garmentBasedMask", "promptBasedMask"):
        if holder in asked:
            asked[holder] = _mask_options(capabilities, asked[holder], holder, adapted)
    exclusions = asked.get("maskExclusions")
    if exclusions:
        kept = {key: value for key, value in exclusions.items() if value == "DEFAULT" or key in capabilities.exclusions}
        adapted += [f"maskExclusions.{key}=DEFAULT" for key in exclusions if key not in kept]
        asked["maskExclusions"] = kept
    config = dict(asked.get("imageGenerationConfig") or {})
    if config.get("quality", "standard") not in capabilities.qualities:
        config["quality"] = "standard"
        adapted.append("quality=standard")
    asked["imageGenerationConfig"] = config
    return asked, adapted


def _lacking(capabilities: Capabilities, parameters: Mapping[str, Any], pixels: int) -> Iterator[str]:
    mask_type = parameters.get("maskType")
    if mask_type not in capabilities.mask_types:
        yield f"#/virtualTryOnParams/maskType: {mask_type} is none of {', '.join(sorted(capabilities.mask_types))}"
    garment_class = (parameters.get("garmentBasedMask") or {}).get("garmentClass")
    if garment_class is not None and garment_class not in capabilities.garment_classes:
        known = ", ".join(sorted(capabilities.garment_classes))
        yield f"#/virtualTryOnParams/garmentBasedMask/garmentClass: {garment_class} is none of {known}"
    count = (parameters.get("imageGenerationConfig") or {}).get("numberOfImages", 1)
    if count > capabilities.max_images:
        yield f"#/imageGenerationConfig/numberOfImages: {count} is more than {capabilities.max_images}"
    if pixels > capabilities.max_pixels:
        yield f"#/virtualTryOnParams/sourceImage: has {pixels} pixels; at most {capabilities.max_pixels} are drawn"


def _mask_options(
    capabilities: Capabilities, options: Mapping[str, Any], holder: str, adapted: list[str]
) -> dict[str, Any]:
    asked = dict(options)
    if asked.get("maskShape", "DEFAULT") not in {"DEFAULT", *capabilities.mask_shapes}:
        asked["maskShape"] = "DEFAULT"
        adapted.append(f"{holder}.maskShape=DEFAULT")
    cues = asked.get("garmentStyling")
    if cues:
        asked["garmentStyling"] = {
            cue: value for cue, value in cues.items() if f"{cue}={value}" in capabilities.styling
        }
        adapted += [f"garmentStyling.{cue}=ignored" for cue in cues if cue not in asked["garmentStyling"]]
    return asked
