"""All cases, in the order in which they are reported."""

from collections.abc import Mapping
from typing import Final

from conformance.case import Case
from conformance.cases import accepted, masks, outcomes, pictures, refused, seeds

ALL: Final[tuple[Case, ...]] = (
    *refused.CASES,
    *pictures.CASES,
    *accepted.CASES,
    *masks.CASES,
    *seeds.CASES,
    *outcomes.CASES,
)
GROUPS: Final[Mapping[str, str]] = {
    "refused": "each field's wrong values, missing and unknown fields, several at once: `ValidationException` with "
    "exactly these paths",
    "pictures refused": "formats, transparency (of a mask, too), 16 bit, CMYK, sizes beyond each limit, base64",
    "pictures taken": "each form, shape and size that must be taken is, and is drawn from; EXIF; masks; 25 MB",
    "fields": "every value is answered, and the picture shows it also where no mask is asked for",
    "counts": "1 to 5 pictures, each another",
    "classes": "each class is drawn, and the product changes what the mask says",
    "styling": "sleeves, tucking, outer layers",
    "exclusions": "the face is kept when asked for, in a box as well",
    "prompts": "clothes, a hat, furniture: what is named is what is masked",
    "products": "the reference's product arrives, and not another one's; of an outfit, what the class names",
    "merging": "BALANCED and DETAILED leave what is white in the mask; SEAMLESS changes it little, and to no side",
    "values": "what is declared has an effect: each value's picture beside its counterpart's",
    "masks": "each class is masked where it is worn, generic ones cover finer ones, boxes hold contours, a drawn mask "
    "is kept to",
    "seeds": "one seed, one picture; all of a seed's bits count; 0 and 2,147,483,646; the documented defaults",
    "outcomes": "content filters, errors, broken answers, for an engine that can be told to fail (`--faults`)",
}
"""What each group of cases shows."""
