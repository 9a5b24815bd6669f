"""One seed, one picture: for engines that declare it."""

from collections.abc import Iterator
from typing import Final

from conformance.case import Answered, Body, Case, Check, configured, drawn_mask, garment, prompt
from conformance.checks import all_different, other_than, repeats, same_as

DETERMINISTIC: Final = frozenset({"deterministic"})
LARGEST: Final = 2_147_483_646


def _case(about: str, body: Body, *checks: Check, slow: bool = False) -> Case:
    return Case(about, "seeds", body, Answered(checks), needs=DETERMINISTIC, slow=slow)


def _cases() -> Iterator[Case]:
    for seed in (0, 12, LARGEST):
        body = configured(garment(), seed=seed)
        yield _case(f"draws the same for seed {seed} again", body, repeats, slow=seed != 0)
    yield _case("draws two seeds differently", configured(garment(), seed=0), other_than(configured(garment(), seed=1)))
    yield _case("draws another picture for seed 0 than for none", configured(garment(), seed=0), other_than(garment()))
    yield _case("takes seed 12 when there is none", configured(garment(), seed=12), same_as(garment()))
    yield _case("takes cfgScale 6.5 when there is none", configured(garment(), cfgScale=6.5), same_as(garment()))
    yield _case(
        "takes standard when there is no quality", configured(garment(), quality="standard"), same_as(garment())
    )
    yield _case(
        "takes one picture when there is no number", configured(garment(), numberOfImages=1), same_as(garment())
    )
    five = configured(garment(), numberOfImages=5, seed=LARGEST)
    yield _case("draws five pictures from the largest seed on", five, all_different)
    yield _case("draws the same five pictures again", configured(garment(), numberOfImages=5), repeats)
    yield _case("draws the same into a drawn mask again", drawn_mask("@torso"), repeats, slow=True)
    yield _case("draws the same for a prompt again", prompt("white t-shirt", "@hoodie"), repeats, slow=True)


CASES: Final = tuple(_cases())
