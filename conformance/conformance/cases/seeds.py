"""One seed, one picture: for engines that declare it."""

from collections.abc import Iterator
from typing import Final

from conformance.case import SHIRT, Answered, Body, Case, Check, configured, drawn_mask, garment, prompt
from conformance.cases.accepted import DETERMINISTIC, FIVE, LARGEST
from conformance.checks import other_than, repeats, same_as


def _case(about: str, body: Body, *checks: Check, slow: bool = False) -> Case:
    return Case(about, "seeds", body, Answered(checks), needs=DETERMINISTIC, slow=slow)


def _seeded(seed: int) -> Body:
    """No mask and no style: as little as there can be besides the seed."""
    return configured(SHIRT, seed=seed)


def _cases() -> Iterator[Case]:
    for seed in (0, 12, LARGEST):
        body = configured(garment(), seed=seed)
        yield _case(f"draws the same for seed {seed} again", body, repeats, slow=seed != 0)
    yield _case(
        "draws two seeds differently",
        configured(garment(), seed=0),
        other_than(configured(garment(), seed=1)),
        slow=True,
    )
    yield _case("draws another picture for seed 0 than for none", configured(garment(), seed=0), other_than(garment()))
    # 12 to whoever cuts seeds to 30 bits or fewer, or to nine digits or fewer; the same to whoever rounds them
    yield _case("takes all bits of a seed", _seeded(12 + 2**30), other_than(SHIRT))
    yield _case("takes all digits of a seed", _seeded(12 + 10**9), other_than(SHIRT), slow=True)
    yield _case(
        "tells the largest seed from the one before", _seeded(LARGEST), other_than(_seeded(LARGEST - 1)), slow=True
    )
    defaults = {"seed": 12, "cfgScale": 6.5, "quality": "standard", "numberOfImages": 1}
    yield _case(
        "takes the documented defaults when there are none", configured(garment(), **defaults), same_as(garment())
    )
    for field, value in defaults.items():
        body = configured(garment(), **{field: value})
        yield _case(f"takes {field} {value} when there is none", body, same_as(garment()), slow=True)
    yield _case("draws the same five pictures again", FIVE, repeats, slow=True)
    yield _case("draws the same into a drawn mask again", drawn_mask("@torso"), repeats, slow=True)
    yield _case("draws the same for a prompt again", prompt("white t-shirt", "@hoodie"), repeats, slow=True)


CASES: Final = tuple(_cases())
