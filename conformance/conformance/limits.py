"""What a request needs of an engine, and what an engine says it lacks."""

from collections.abc import Mapping
from typing import Any, Final

from conformance.case import REMOVED, Body, changed
from conformance.clients import Answer, RefusalError

WHOLE: Final[Mapping[str, Any]] = {
    "engine": "unknown",
    "maskTypes": ["GARMENT", "IMAGE", "PROMPT"],
    "garmentClasses": None,  # all
    "maskShapes": ["BOUNDING_BOX", "CONTOUR"],
    "mergeStyles": ["BALANCED", "DETAILED", "SEAMLESS"],
    "garmentStyling": None,
    "maskExclusions": ["preserveBodyPose", "preserveFace", "preserveHands"],
    "qualities": ["premium", "standard"],
    "maxImages": 5,
    "maxPixels": 4_194_303,
    "cfgScale": True,
    "returnMask": True,
    "deterministic": True,
    "faults": False,
}
"""The whole contract: what an engine that says nothing of itself is held to. Its answers need not repeat, see below."""

# Whether one seed is byte-stable on Bedrock is not documented, so only who declares it is held to it.
UNDECLARED: Final = {**WHOLE, "deterministic": False}

LISTS: Final = {
    "maskType": "maskTypes",
    "garmentClass": "garmentClasses",
    "maskShape": "maskShapes",
    "mergeStyle": "mergeStyles",
    "garmentStyling": "garmentStyling",
    "maskExclusions": "maskExclusions",
    "quality": "qualities",
}
MOST: Final = {"images": "maxImages", "pixels": "maxPixels"}
TAKEN_FOR_GRANTED: Final = frozenset({"cfgScale", "returnMask"})  # by who declares nothing of it
USUAL_SCALE: Final = 6.5
SMALLEST: Final = 320 * 320  # pixels of the smallest picture of the contract
REFUSABLE: Final = frozenset({"maskType", "garmentClass", "images", "pixels"})  # nothing lesser is still what was asked


def misdeclared(capabilities: Mapping[str, Any]) -> str:
    """The first field of a declaration that is not of its kind, in words; empty when all are. Unknown ones may stand.

    Example:
        >>> misdeclared({"maskTypes": "GARMENT"})
        'maskTypes must be a list of texts'
    """
    for name, usual in WHOLE.items():
        said = capabilities.get(name)
        if said is None:
            continue
        if name in LISTS.values():
            if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
                return f"{name} must be a list of texts"
        elif isinstance(usual, bool):
            if not isinstance(said, bool):
                return f"{name} must be true or false"
        elif isinstance(usual, int) and (not isinstance(said, int) or isinstance(said, bool) or said < 1):
            return f"{name} must be a whole number above 0"
    return _too_little(capabilities)


def _too_little(capabilities: Mapping[str, Any]) -> str:
    """What an engine must at least be able to do: some mask of the contract, and the contract's smallest picture."""
    mask_types = capabilities.get("maskTypes")
    if mask_types is not None and not set(mask_types) & set(WHOLE["maskTypes"]):
        return f"maskTypes must hold at least one of {', '.join(WHOLE['maskTypes'])}"
    if capabilities.get("garmentClasses") == [] and (mask_types is None or "GARMENT" in mask_types):
        return "garmentClasses must hold at least one, or maskTypes no GARMENT"
    pixels = capabilities.get("maxPixels")
    return f"maxPixels must be at least {SMALLEST}, 320×320" if pixels is not None and pixels < SMALLEST else ""


def needs_of(body: Body, pixels: int) -> frozenset[str]:
    """The capabilities that a good request asks for, as ``kind:value``; defaults ask for none."""
    params: Mapping[str, Any] = body.get("virtualTryOnParams", {})
    config: Mapping[str, Any] = body.get("imageGenerationConfig", {})
    needs = {f"maskType:{params.get('maskType')}", f"pixels:{pixels}", f"images:{config.get('numberOfImages', 1)}"}
    for holder in (params.get("garmentBasedMask") or {}, params.get("promptBasedMask") or {}):
        if "garmentClass" in holder:
            needs.add(f"garmentClass:{holder['garmentClass']}")
        if holder.get("maskShape", "DEFAULT") != "DEFAULT":
            needs.add(f"maskShape:{holder['maskShape']}")
        needs |= {f"garmentStyling:{cue}={value}" for cue, value in holder.get("garmentStyling", {}).items()}
    if "mergeStyle" in params:
        needs.add(f"mergeStyle:{params['mergeStyle']}")
    if "quality" in config:
        needs.add(f"quality:{config['quality']}")
    if config.get("cfgScale", USUAL_SCALE) != USUAL_SCALE:
        needs.add("cfgScale")
    if params.get("returnMask"):
        needs.add("returnMask")
    exclusions: Mapping[str, Any] = params.get("maskExclusions", {})
    return frozenset(needs | {f"maskExclusions:{name}" for name, value in exclusions.items() if value != "DEFAULT"})


def lacking(needs: frozenset[str], capabilities: Mapping[str, Any]) -> frozenset[str]:
    """Which needs the engine does not declare to meet."""
    return frozenset(need for need in needs if not _met(need, capabilities))


def _met(need: str, capabilities: Mapping[str, Any]) -> bool:
    kind, _, value = need.partition(":")
    if kind in MOST:
        return int(value) <= int(capabilities.get(MOST[kind]) or WHOLE[MOST[kind]])
    if kind in LISTS:
        declared = capabilities.get(LISTS[kind])
        return declared is None or value in declared
    said = capabilities.get(kind)
    return kind in TAKEN_FOR_GRANTED if said is None else bool(said)


def honoured(body: Body, missing: frozenset[str]) -> Body:
    """A request without what cannot be seen in an answer that was adapted: the mask, the way of merging."""
    fields = {need.partition(":")[0] for need in missing} & {"returnMask", "mergeStyle"}
    return changed(body, {f"virtualTryOnParams.{field}": REMOVED for field in fields})


def refusal_problem(missing: frozenset[str], error: RefusalError) -> str:
    """What is wrong with how a request was refused that the engine cannot honour; empty when it is as it must be."""
    if error.status != 400 or error.error_type != "ValidationException":
        return f"what it lacks ({_listed(missing)}) must be refused with 400 ValidationException, not {error}"
    return "" if any(_field(need) in error.message for need in missing) else f"does not say which it lacks: {error}"


def adaptation_problem(missing: frozenset[str], answer: Answer) -> str:
    """What is wrong with how a request was answered that the engine cannot wholly honour."""
    hard = {need for need in missing if need.partition(":")[0] in REFUSABLE}
    if hard:
        return f"it answers though it declares that it lacks {_listed(frozenset(hard))}"
    silent = {need for need in missing if _field(need) not in answer.adapted}
    return f"x-vto-adapted ({answer.adapted!r}) does not tell of {_listed(frozenset(silent))}" if silent else ""


def _field(need: str) -> str:
    """The name of the request's field that a message or a header must hold."""
    kind, _, value = need.partition(":")
    if kind == "garmentStyling":
        return value.partition("=")[0]
    return {"maskExclusions": value, "images": "numberOfImages", "pixels": "sourceImage"}.get(kind, kind)


def _listed(needs: frozenset[str]) -> str:
    return ", ".join(sorted(needs))
