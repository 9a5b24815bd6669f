"""The circuit of an engine: opened by failures, tried by one job at a time, closed by what comes of it."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from vto.domain.health import MAX_PAUSE_SECONDS, Door, Health, pause_seconds
from vto.testing import NOON


def at(seconds: float) -> Health:
    return Health().failed(NOON + timedelta(seconds=seconds), gone=False, reason="model_unavailable")


moments = st.integers(0, 5000).map(lambda seconds: NOON + timedelta(seconds=seconds))


def test_nobody_has_complained_so_it_is_closed() -> None:
    assert Health().door(NOON) is Door.CLOSED


def test_one_failure_opens_it_for_half_a_minute_then_one_may_try() -> None:
    health = at(0)
    assert health.door(NOON + timedelta(seconds=29)) is Door.OPEN
    assert health.door(NOON + timedelta(seconds=30)) is Door.HALF_OPEN


def test_while_one_tries_it_the_others_find_it_open_and_a_trial_that_never_ends_lapses() -> None:
    moment = NOON + timedelta(seconds=30)
    health = at(0).probed(moment, 60)
    assert health.door(moment + timedelta(seconds=59)) is Door.OPEN
    assert health.door(moment + timedelta(seconds=60)) is Door.HALF_OPEN


def test_each_trial_that_fails_opens_it_for_twice_as_long_up_to_ten_minutes() -> None:
    assert [pause_seconds(n) for n in range(1, 8)] == [30, 60, 120, 240, 480, 600, 600]


def test_one_that_is_gone_stays_open_for_the_longest_time_at_once() -> None:
    health = Health().failed(NOON, gone=True, reason="model_retired")
    assert health.open_until == NOON + timedelta(seconds=MAX_PAUSE_SECONDS)


def test_late_news_of_the_same_trouble_change_nothing() -> None:
    health = at(0)
    assert health.failed(NOON + timedelta(seconds=3), gone=False, reason="model_unavailable") is health


def test_a_trial_that_fails_is_news() -> None:
    moment = NOON + timedelta(seconds=30)
    failed = at(0).probed(moment, 60).failed(moment, gone=False, reason="model_unavailable")
    assert (failed.failures, failed.probing_until) == (2, None)
    assert failed.open_until == moment + timedelta(seconds=60)


@given(st.lists(st.tuples(st.booleans(), moments), max_size=12), moments)
def test_whatever_happens_it_is_tried_again_after_at_most_ten_minutes_of_silence(
    happened: list[tuple[bool, object]], now: object
) -> None:
    health, latest = Health(), NOON
    for gone, moment in sorted(happened, key=lambda one: str(one[1])):
        latest = moment  # type: ignore[assignment]
        health = health.failed(latest, gone=gone, reason="x")
    assert health.door(latest + timedelta(seconds=MAX_PAUSE_SECONDS)) is not Door.OPEN
