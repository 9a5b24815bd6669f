"""Options of the command line become a request; what their values may be is the service's to say, all at once."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from vto_client.connect import USAGE
from vto_client.pictures import bytes_of, type_of
from vto_client.problems import CommandError

KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_GARMENT, _PROMPT, _CONFIG = "garmentBasedMask", "promptBasedMask", "imageGenerationConfig"
_SHAPE = "maskShape"

FIELDS: Final[Mapping[str, str]] = {
    "--mask-type": "maskType",
    "--class": f"{_GARMENT}.garmentClass",
    "--mask-prompt": f"{_PROMPT}.maskPrompt",
    "--mask": "imageBasedMask.maskImage",
    "--long-sleeve": f"{_GARMENT}.garmentStyling.longSleeveStyle",
    "--tucking": f"{_GARMENT}.garmentStyling.tuckingStyle",
    "--outer-layer": f"{_GARMENT}.garmentStyling.outerLayerStyle",
    "--preserve-pose": "maskExclusions.preserveBodyPose",
    "--preserve-hands": "maskExclusions.preserveHands",
    "--preserve-face": "maskExclusions.preserveFace",
    "--merge": "mergeStyle",
    "--return-mask": "returnMask",
    "--variants": f"{_CONFIG}.numberOfImages",
    "--quality": f"{_CONFIG}.quality",
    "--cfg": f"{_CONFIG}.cfgScale",
    "--seed": f"{_CONFIG}.seed",
}
"""Each option that is a field of the parameters, in the order of the schema; `--mask-shape` goes to the mask's own."""
_TELLS_TYPE = {"--class": "GARMENT", "--mask-prompt": "PROMPT", "--mask": "IMAGE"}
_MASK_OF = {"GARMENT": _GARMENT, "PROMPT": _PROMPT}
_WHOLE = {"parameters": "--class", "request_id": "--idempotency-key"}


def option_of(path: str) -> str:
    """The option that a violation's path is about; empty when none is."""
    if path.endswith(f".{_SHAPE}"):
        return "--mask-shape"
    if path in _WHOLE:
        return _WHOLE[path]
    given = path.removeprefix("parameters.")
    return next((option for option, field in FIELDS.items() if given in (field, field.rpartition(".")[0])), "")


def request_of(
    model: str, product: str, options: Mapping[str, Any], propose: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> dict[str, Any]:
    """The request that a command line stands for.

    Args:
        model: A model's id, or the ``s3://`` address of its picture.
        product: A product's id.
        options: Values by option; None where it was not given.
        propose: Answers a request without parameters with its plan; asked only when options were given, but none that
            says what is to be replaced. The product's own class and words decide that, as without any option.

    Raises:
        ApiError: The service cannot propose anything, and says why.
    """
    names_address = model.startswith("s3://")
    request = {"product_id": product, "model_picture_s3_url" if names_address else "model_id": model}
    given = {option: value for option, value in options.items() if value is not None}
    if not given:
        return request
    parameters: dict[str, Any] = {}
    kind = given.get("--mask-type") or next((kind for one, kind in _TELLS_TYPE.items() if one in given), None)
    if kind is None:
        parameters = deepcopy(propose(request)["parameters"])
        parameters.pop(_CONFIG, None)  # its values are defaults, and a seed that is named is not changed any more
    else:
        parameters["maskType"] = kind
    for option, field in FIELDS.items():
        if option in given:
            _put(parameters, field, given[option])
    if "--mask-shape" in given:
        _put(parameters, f"{_MASK_OF.get(parameters['maskType'], _GARMENT)}.{_SHAPE}", given["--mask-shape"])
    return {**request, "parameters": parameters}


def _put(parameters: dict[str, Any], field: str, value: Any) -> None:
    *folders, name = field.split(".")
    place = parameters
    for folder in folders:
        place = place.setdefault(folder, {})
    place[name] = value


def photo_of(model: str, product: str, consent: str | None, *, dry_run: bool) -> Path | None:
    """The photo of this machine that is named in place of a model; None where none is.

    Raises:
        CommandError: A file cannot be used there.
    """
    if Path(product).is_file():
        raise CommandError(
            f"{product} is a file: bring products in with `vto catalogue import`, and name the id", USAGE
        )
    if not Path(model).is_file():
        return None
    if dry_run:
        raise CommandError(f"{model} is a file, and a plan uploads nothing: name a model's id", USAGE)
    if consent is None:
        raise CommandError(
            f"{model} is a photo of somebody: say with --consent VERSION to which version of the shop's policy they "
            "have agreed (`consent.policy_version` of GET /config)",
            USAGE,
        )
    try:
        type_of(bytes_of(Path(model)))
    except (OSError, ValueError) as problem:
        raise CommandError(f"{model}: {problem}", USAGE) from problem
    return Path(model)


def ensure_key(key: str) -> None:
    """Refuse what cannot be a request's name.

    Raises:
        CommandError: It is none.
    """
    if not KEY.fullmatch(key):
        raise CommandError(f"--idempotency-key: {key!r} is not 1 to 64 letters, digits and . _ : -", exit_code=USAGE)
