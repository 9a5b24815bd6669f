"""The rules of Nova Canvas's ``VIRTUAL_TRY_ON`` that no schema can say, and what we decided where AWS leaves it open.

What a single field may hold stands in ``schemas/parameters.schema.json``; what an engine may answer in
``schemas/virtual_try_on_answer.schema.json``. All of it is checked before anything is spent, and told together.

Sources: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html (fields and ranges),
https://docs.aws.amazon.com/nova/latest/userguide/image-gen-vto.html (masks and styling) and
https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html (pictures).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vto.domain.parameters import FULL_BODY, MASK_OF_TYPE, UPPER_BODY
from vto.errors import Violation

STYLED = (*UPPER_BODY, *FULL_BODY)
MIN_SIDE = 320
MAX_SIDE = 4096
MAX_ASPECT = 4
PIXELS_BELOW = 4_194_304
MAX_BODY_BYTES = 25_000_000  # InvokeModel's limit on a body, in the SDK's service model


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule that AWS leaves open, and what we made of it.

    Args:
        rule: What is open.
        decision: What we do.
        why: Why.
        changed_by: How whoever operates the system changes it.
    """

    rule: str
    decision: str
    why: str
    changed_by: str


DECISIONS = (
    Decision(
        "Exactly 2048×2048 = 4,194,304 pixels",
        "refused: strictly fewer pixels",
        "The page on pictures says 'less than'; that one run at this size went through is no promise.",
        "`PIXELS_BELOW` in `domain/contract.py`",
    ),
    Decision(
        "Price tier of a picture that is not square",
        "by its area: up to 1024·1024 pixels it is in the lower tier, whatever its sides",
        "The price list says 'up to 1024×1024', no more. The result has the photo's size, so the photo decides.",
        "`TierMeasure=side`: then both sides must be at most 1024",
    ),
    Decision(
        "Size at which photos and products are prepared",
        "the lower price tier (1024)",
        "A third (standard) or a quarter (premium) cheaper, and a shopper looks at it on a phone.",
        "`PictureTier=2048` prepares larger ones from the next upload on",
    ),
    Decision(
        "Length of `maskPrompt`",
        "1 to 1024 characters",
        "The limit of Nova Canvas's other prompts; none is given for this one.",
        "`maxLength` in `schemas/parameters.schema.json`",
    ),
    Decision(
        "What counts as English",
        "one line of Latin letters (also accented ones), digits and signs, with at least one of A to Z",
        "The model reads English only. Telling languages apart by their words would refuse names of brands; other "
        "scripts are surely not English.",
        "`pattern` in `schemas/parameters.schema.json`",
    ),
    Decision(
        "A whole number written as 5.0",
        "accepted, and sent as 5",
        'JSON has one kind of number, and tables give 5 back for 5.0. 5.5, `true` and `"5"` are refused.',
        "no",
    ),
    Decision(
        "`outerLayerStyle` for what is no outer layer; `SLEEVE_UP`, `TUCKED` and finer classes for what somebody wears",
        "a warning, no refusal",
        "Whether they apply depends on pictures, which a request does not show.",
        "no",
    ),
    Decision(
        "`garmentStyling` with a full-body class",
        "accepted; `tuckingStyle` with a dress is a warning",
        "AWS says upper-body garments; a full-body class has one.",
        "`STYLED` in `domain/contract.py`",
    ),
    Decision(
        "Default of `mergeStyle`, `maskShape` and the exclusions",
        "not sent, so the engine's own default holds",
        "AWS does not state them.",
        "by the request",
    ),
    Decision(
        "A mask of another size, or with greys",
        "fitted to the photo without smoothing where its shape is the photo's (2 % either way), then black below half"
        " brightness, white above; refused where only one of the two colours is left",
        "The contract wants the photo's size and pure black and white; drawing tools smooth.",
        "`MASK_THRESHOLD` and `MASK_ASPECT_TOLERANCE` in `adapters/pillow.py`",
    ),
    Decision(
        "EXIF rotation, CMYK, 16 bits, colour profiles, transparency, animation",
        "turned upright, 8-bit sRGB, flattened on white; animations are refused",
        "Not documented; what the engine would make of them is a matter of luck.",
        "`adapters/pillow.py`",
    ),
    Decision(
        "All results blocked",
        "one more call with the next seed, unless the request names its seed; at most two calls that may be billed",
        "The same seed gives the same answer. Whether blocked results are billed is unknown: they count as billed.",
        "`MAX_BILLABLE_CALLS` in `domain/job.py`",
    ),
    Decision(
        "Some results blocked",
        "what came is kept; the job says how many were requested and delivered, and warns",
        "They are paid for, and which ones are missing is not reported.",
        "no",
    ),
)


# --- the parameters ---------------------------------------------------------------------------------------------------


def cross_field_violations(parameters: Mapping[str, Any]) -> Iterable[Violation]:
    """Check what no schema can say: which fields may stand together.

    Args:
        parameters: Parameters that satisfy ``parameters.schema.json``, or that part of them that does.

    Returns:
        One violation for each broken rule.
    """
    mask_type = parameters.get("maskType", "")
    wanted = MASK_OF_TYPE.get(mask_type, "")
    if wanted and wanted not in parameters:
        yield Violation(
            f"parameters.{wanted}", f"is missing: maskType {mask_type} needs it", "add it, or change maskType"
        )
    for kind, name in MASK_OF_TYPE.items():
        if wanted and name != wanted and name in parameters:
            yield Violation(
                f"parameters.{name}",
                f"does not belong to maskType {mask_type}",
                f"remove it, or change maskType to {kind}",
            )
    mask = parameters.get("garmentBasedMask", {})
    garment_class = mask.get("garmentClass")
    if mask.get("garmentStyling") and garment_class and garment_class not in STYLED:
        yield Violation(
            "parameters.garmentBasedMask.garmentStyling",
            f"works only with upper-body and full-body classes, not with {garment_class}",
            "remove it",
        )


# --- the pictures -----------------------------------------------------------------------------------------------------


def size_violations(path: str, width: int, height: int) -> Iterator[Violation]:
    """Check a picture that is to go to an engine as it is.

    Args:
        path: What the picture is called in the request.
        width: Width in pixels, upright.
        height: Height in pixels, upright.
    """
    size = f"is {width}×{height} pixels"
    if min(width, height) < MIN_SIDE:
        yield Violation(path, f"{size}; both sides need at least {MIN_SIDE}", "use a larger picture")
    if max(width, height) > MAX_SIDE:
        yield Violation(path, f"{size}; no side may have more than {MAX_SIDE}", "use a smaller picture")
    if width * height >= PIXELS_BELOW:
        yield Violation(path, f"{size}; together they must be fewer than {PIXELS_BELOW:,}", "use a smaller picture")
    if max(width, height) > MAX_ASPECT * min(width, height):
        yield Violation(path, f"{size}; one side may be at most {MAX_ASPECT} times the other", "crop it")


def body_bytes(pictures: Iterable[int], other_bytes: int) -> int:
    """The size of a request's body before it is made: base64 makes four bytes of three.

    Args:
        pictures: Sizes of the pictures in bytes.
        other_bytes: Size of the body around them.
    """
    return other_bytes + sum(4 * ((size + 2) // 3) for size in pictures)


def body_violations(size: int, limit: int = MAX_BODY_BYTES) -> Iterator[Violation]:
    """Check the size of a body in bytes."""
    if size > limit:
        problem = f"the pictures make a request of {size:,} bytes; at most {limit:,} can be sent"
        yield Violation("(the whole request)", problem, "use pictures with fewer bytes")
