"""The size at which a picture is handed to an engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto.domain.contract import MIN_SIDE, size_violations
from vto.domain.pictures import Tier, fit
from vto.errors import PictureRejectedError, Violation

sides = st.integers(1, 20_000)


@given(width=sides, height=sides, tier=st.builds(Tier, st.sampled_from([1024, 2048]), st.booleans()))
def test_every_size_is_fitted_inside_all_limits_or_refused_with_a_reason(width: int, height: int, tier: Tier) -> None:
    refused: list[Violation] = []
    try:
        fitted = fit(width, height, tier)
    except PictureRejectedError as refusal:
        refused = list(refusal.violations)
    if refused:
        assert all(f"{width}×{height}" in one.problem for one in refused)
        return
    assert tier.holds(*fitted)
    assert fitted[0] * fitted[1] < 4_194_304
    assert all(320 <= side <= 4096 for side in fitted)
    assert list(size_violations("picture", *fitted)) == []


@given(width=st.integers(320, 8000), height=st.integers(320, 8000))
def test_the_aspect_is_kept_to_the_pixel_and_nothing_is_enlarged(width: int, height: int) -> None:
    try:
        fitted = fit(width, height)
    except PictureRejectedError:
        return
    assert fitted[0] <= width
    assert fitted[1] <= height
    assert abs(fitted[0] * height - fitted[1] * width) <= max(width, height)


@given(width=sides, height=sides)
def test_a_picture_and_the_same_one_turned_are_treated_alike(width: int, height: int) -> None:
    def outcome(one: int, other: int) -> tuple[int, int] | None:
        try:
            return fit(one, other)
        except PictureRejectedError:
            return None

    turned = outcome(height, width)
    assert outcome(width, height) == (turned and turned[::-1])


@given(width=sides, height=sides)
def test_a_fitted_picture_fits(width: int, height: int) -> None:
    try:
        fitted = fit(width, height)
    except PictureRejectedError:
        return
    assert fit(*fitted) == fitted


@pytest.mark.parametrize("size", [(320, 320), (320, 1280), (1280, 320), (1024, 1024)])
def test_pictures_exactly_on_the_limits_stay_as_they_are(size: tuple[int, int]) -> None:
    assert fit(*size) == size


def test_the_forbidden_square_of_2048_is_made_smaller() -> None:
    width, height = fit(2048, 2048, Tier(2048))
    assert width * height < 2048 * 2048


@pytest.mark.parametrize(
    ("size", "said"),
    [((319, 1000), "use a larger picture"), ((400, 1601), "crop it"), ((2000, 8001), "crop it")],
)
def test_a_refusal_says_what_to_do(size: tuple[int, int], said: str) -> None:
    with pytest.raises(PictureRejectedError) as refused:
        fit(*size)
    assert refused.value.violations[0].remedy == said


def test_a_picture_both_too_small_and_too_narrow_hears_of_both() -> None:
    with pytest.raises(PictureRejectedError) as refused:
        fit(100, 900)
    assert len(refused.value.violations) == 2
    assert str(MIN_SIDE) in refused.value.violations[1].problem
