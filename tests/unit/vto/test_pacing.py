"""When an engine may be called next."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto.domain.pacing import interval, next_slot
from vto.testing import NOON

rates = st.floats(0.5, 6000)


def test_an_idle_engine_is_free_at_once() -> None:
    assert next_slot(NOON, None, 10) == NOON
    assert next_slot(NOON, NOON - timedelta(hours=1), 10) == NOON


def test_a_busy_engine_is_free_one_interval_after_the_last_call() -> None:
    assert next_slot(NOON, NOON + timedelta(seconds=30), 10) == NOON + timedelta(seconds=36)


@given(rate=rates, arrivals=st.lists(st.floats(0, 30), min_size=1, max_size=40))
def test_no_two_slots_are_closer_than_the_rate_allows_and_none_lies_in_the_past(
    rate: float, arrivals: list[float]
) -> None:
    now, last = NOON, None
    for seconds in arrivals:
        now += timedelta(seconds=seconds)
        slot = next_slot(now, last, rate)
        assert slot >= now
        if last is not None:
            assert slot - last >= interval(rate)
        last = slot


@given(rate=rates, count=st.integers(1, 200))
def test_a_burst_is_served_without_gaps(rate: float, count: int) -> None:
    last = None
    for _ in range(count):
        last = next_slot(NOON, last, rate)
    assert last == NOON + (count - 1) * interval(rate)


@pytest.mark.parametrize(("rate", "seconds"), [(60, 1), (100, 0.6), (1, 60)])
def test_the_interval_follows_the_rate(rate: float, seconds: float) -> None:
    assert interval(rate).total_seconds() == seconds
