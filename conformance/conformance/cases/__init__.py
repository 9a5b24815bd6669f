"""All cases, in the order in which they are reported."""

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
