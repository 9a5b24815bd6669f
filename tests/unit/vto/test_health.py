"""The circuit of an engine: opened by failures, tried by one job at a time, closed by what comes of it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vto.domain.health import GONE_SECONDS, MAX_PAUSE_SECONDS, MAX_STRIKES, Door, Health, pause_seconds
from vto.testing import NOON


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def down(health: Health, *jobs: str, at: float = 0) -> Health:
    """The engine as the calls of these jobs leave it, which all found it down."""
    for job in jobs:
        health = health.failed(job, after(at), gone=False, reason="model_unavailable")
    return health


OPENED = down(Health(), "a", "b", "c")


def test_nobody_has_complained_so_it_is_closed() -> None:
    assert Health().door("job", NOON) is Door.CLOSED


@pytest.mark.parametrize("jobs", [("a", "a", "a"), ("a", "b", "c")], ids=["one job", "three jobs"])
def test_the_third_call_in_a_row_that_finds_it_down_opens_it_whosever_it_is(jobs: tuple[str, ...]) -> None:
    assert down(Health(), *jobs[:2]).door("job", NOON) is Door.SHAKY
    assert down(Health(), *jobs).door("job", NOON) is Door.OPEN


def test_it_is_open_for_half_a_minute_then_one_may_try() -> None:
    assert OPENED.door("job", after(29)) is Door.OPEN
    assert OPENED.door("job", after(30)) is Door.HALF_OPEN


def test_while_one_tries_it_the_others_find_it_open_and_a_trial_that_never_ends_lapses() -> None:
    health = OPENED.tried("first", after(30), 60)
    assert health.door("first", after(31)) is Door.HALF_OPEN
    assert health.door("second", after(89)) is Door.OPEN
    assert health.door("second", after(90)) is Door.HALF_OPEN
    assert health.tried("second", after(90), 60).door("first", after(91)) is Door.OPEN


def test_a_trial_that_did_not_come_to_pass_is_the_next_ones() -> None:
    health = OPENED.tried("first", after(30), 60)
    assert health.not_tried("second") is health
    assert health.not_tried("first").door("second", after(31)) is Door.HALF_OPEN


def test_each_trial_that_fails_opens_it_again_for_at_most_a_minute() -> None:
    assert [pause_seconds(n) for n in range(1, 5)] == [30, 60, 60, 60]
    health = down(OPENED.tried("first", after(30), 60), "first", at=40)
    assert (health.failures, health.trial, health.open_until) == (2, None, after(100))


def test_one_that_is_gone_is_opened_by_one_call_and_for_longer() -> None:
    health = Health().failed("a", NOON, gone=True, reason="model_retired")
    assert health.open_until == after(GONE_SECONDS)


def test_once_it_is_open_only_the_job_that_tries_it_brings_news() -> None:
    for late in (OPENED, OPENED.tried("first", after(30), 60)):
        assert down(late, "slow", at=300) is late


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.booleans(), st.integers(0, 500)), max_size=20))
def test_whatever_happens_it_is_tried_again_after_at_most_ten_minutes_and_a_trial(
    happened: list[tuple[str, bool, bool, int]],
) -> None:
    health, now, trial = Health(), NOON, 60
    for job, gone, tries, passed in happened:
        now += timedelta(seconds=passed)
        if tries and health.door(job, now) is Door.HALF_OPEN:
            health = health.tried(job, now, trial)
        health = health.failed(job, now, gone=gone, reason="x")
        assert health.strikes < MAX_STRIKES
    assert max(MAX_PAUSE_SECONDS, trial) < GONE_SECONDS
    assert health.door("c", now + timedelta(seconds=GONE_SECONDS)) is not Door.OPEN
