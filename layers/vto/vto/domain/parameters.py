"""The parameters of a try-on in Nova Canvas's words: classes, defaults, and their canonical form.

Source: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-vto.html
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

type Parameters = dict[str, Any]

MASK_OF_TYPE = {"GARMENT": "garmentBasedMask", "PROMPT": "promptBasedMask", "IMAGE": "imageBasedMask"}

UPPER_BODY = ("UPPER_BODY", "LONG_SLEEVE_SHIRT", "SHORT_SLEEVE_SHIRT", "NO_SLEEVE_SHIRT", "OTHER_UPPER_BODY")
LOWER_BODY = ("LOWER_BODY", "LONG_PANTS", "SHORT_PANTS", "OTHER_LOWER_BODY")
FULL_BODY = ("FULL_BODY", "LONG_DRESS", "SHORT_DRESS", "FULL_BODY_OUTFIT", "OTHER_FULL_BODY")
FOOTWEAR = ("FOOTWEAR", "SHOES", "BOOTS", "OTHER_FOOTWEAR")
GARMENT_CLASSES = (*UPPER_BODY, *LOWER_BODY, *FULL_BODY, *FOOTWEAR)

# Nova Canvas's own defaults; written out so that two requests that mean the same get the same cache key.
GENERATION_DEFAULTS: Mapping[str, Any] = {"numberOfImages": 1, "quality": "standard", "cfgScale": 6.5, "seed": 12}

MAX_SEED = (
    2_147_483_646  # not 2³¹ − 1: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
)

PREPARATION_VERSION = 1  # counts up when import_picture prepares pictures differently: old results are then not reused


def canonical(parameters: Mapping[str, Any]) -> Parameters:
    """The parameters with Nova Canvas's defaults written out and DynamoDB's decimals turned back into numbers.

    Args:
        parameters: Checked parameters, from a client or from a table.

    Example:
        >>> canonical({"maskType": "GARMENT"})["imageGenerationConfig"]["cfgScale"]
        6.5
    """
    plain: Parameters = _plain(parameters)
    plain["imageGenerationConfig"] = {**GENERATION_DEFAULTS, **plain.get("imageGenerationConfig", {})}
    return plain


def names_a_seed(parameters: Mapping[str, Any]) -> bool:
    """Whether a request's own parameters say which seed to use; 0 is one."""
    return "seed" in parameters.get("imageGenerationConfig", {})


def for_garment_class(garment_class: str) -> Parameters:
    """The parameters of a request that only says which product: the mask follows the product's own class."""
    return {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": garment_class}}


def fingerprint(document: Any) -> str:
    """SHA-256, in hex, of a JSON-like document, whatever the order of its fields."""
    text = json.dumps(_plain(document), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def cache_key(
    *,
    source_sha256: str,
    reference_sha256: str,
    mask_sha256: str | None,
    parameters: Parameters,
    engine: str,
    owner: str | None,
) -> str:
    """The key under which equal try-ons share one result.

    Args:
        source_sha256: Digest of the prepared person or room picture.
        reference_sha256: Digest of the prepared product picture.
        mask_sha256: Digest of the prepared mask, if the request brings one.
        parameters: Canonical parameters.
        engine: Engine and model version, for example ``"nova_canvas:amazon.nova-canvas-v1:0"``.
        owner: The shopper, when the picture is private: nobody else's request may meet theirs; None for a stock model.
    """
    without_address = {name: value for name, value in parameters.items() if name != "imageBasedMask"}
    return fingerprint(
        [PREPARATION_VERSION, source_sha256, reference_sha256, mask_sha256, without_address, engine, owner]
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        value = float(value) if value % 1 else int(value)
    # a table gives back 5 for 5.0: both have to be one request and one cache key
    return int(value) if isinstance(value, float) and value.is_integer() else value
