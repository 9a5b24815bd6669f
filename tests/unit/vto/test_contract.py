"""Nova Canvas's rules that no schema can say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto.domain.contract import DECISIONS, MAX_BODY_BYTES, body_bytes, body_violations, size_violations

sides = st.integers(1, 5000)


@given(width=sides, height=sides)
def test_exactly_the_sizes_of_the_contract_are_taken(width: int, height: int) -> None:
    """The four rules as the page says them: https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html."""
    fits = (
        320 <= width <= 4096
        and 320 <= height <= 4096
        and width * height < 4_194_304
        and width <= 4 * height
        and height <= 4 * width
    )
    found = list(size_violations("picture", width, height))
    assert (found == []) == fits
    assert all(one.path == "picture" and f"{width}\u00d7{height}" in one.problem and one.remedy for one in found)


@pytest.mark.parametrize(
    ("size", "wrong"),
    [
        ((320, 320), 0),
        ((319, 320), 1),
        ((4096, 1024), 1),  # 4,194,304 exactly
        ((4096, 1023), 1),  # a little more than 4:1
        ((4092, 1023), 0),
        ((2048, 2048), 1),
        ((2048, 2047), 0),
        ((5000, 100), 3),
    ],
)
def test_each_rule_that_is_broken_is_named(size: tuple[int, int], wrong: int) -> None:
    assert len(list(size_violations("picture", *size))) == wrong


@given(pictures=st.lists(st.integers(0, 20_000_000), max_size=3), around=st.integers(0, 5000))
def test_a_body_is_refused_exactly_when_it_is_larger_than_the_limit(pictures: list[int], around: int) -> None:
    size = body_bytes(pictures, around)
    assert size >= around + sum(pictures) * 4 / 3
    assert (list(body_violations(size)) == []) == (size <= MAX_BODY_BYTES)


def test_every_decision_says_why_and_how_it_is_changed() -> None:
    for one in DECISIONS:
        assert one.rule
        assert one.decision
        assert one.why.endswith(".")
        assert one.changed_by
