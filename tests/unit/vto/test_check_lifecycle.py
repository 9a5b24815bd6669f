"""The daily look at the model's end: a warning months before the first job fails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samtranslator.yaml_helper import yaml_parse

from vto.domain.lifecycle import GONE, WARN_DAYS, Lifecycle
from vto.errors import ModelUnavailableError
from vto.testing import NOON, FakeClock, FakeModels
from vto.use_cases.check_lifecycle import CheckLifecycle

MODEL = "amazon.nova-canvas-v1:0"
# what Bedrock said of it, https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle-legacy.html
NOVA = Lifecycle("LEGACY", datetime(2026, 3, 30, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC))


def check(models: FakeModels, now: datetime = NOON) -> tuple[dict[str, object], list[tuple[str, str, int | None]]]:
    told: list[tuple[str, str, int | None]] = []
    answer = CheckLifecycle(models, MODEL, FakeClock(now), lambda *one: told.append(one))()
    return answer, told


def test_a_model_without_an_end_in_sight_is_told_without_days() -> None:
    answer, told = check(FakeModels({MODEL: Lifecycle("ACTIVE")}))
    assert answer == {"model_id": MODEL, "status": "ACTIVE", "end_of_life": None, "days_to_end_of_life": None}
    assert told == [(MODEL, "ACTIVE", None)]


def test_the_days_until_the_end_are_counted() -> None:
    answer, told = check(FakeModels({MODEL: NOVA}), datetime(2026, 6, 2, tzinfo=UTC))
    assert answer["days_to_end_of_life"] == WARN_DAYS
    assert answer["end_of_life"] == "2026-09-30T00:00:00.000Z"
    assert told == [(MODEL, "LEGACY", WARN_DAYS)]


def test_this_check_would_have_warned_of_the_end_of_nova_canvas_four_months_before() -> None:
    first = next(
        day
        for day in (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(365))
        if (NOVA.days_left(day) or 0) < WARN_DAYS
    )
    assert first == datetime(2026, 6, 3, tzinfo=UTC)


def test_a_model_that_is_gone_has_no_days_left() -> None:
    answer, told = check(FakeModels())
    assert (answer["status"], answer["days_to_end_of_life"]) == ("gone", 0)
    assert told == [(MODEL, "gone", 0)]


def test_a_legacy_model_without_a_date_has_its_six_months_of_notice_or_nothing() -> None:
    assert Lifecycle("LEGACY", legacy_at=NOON).days_left(NOON + timedelta(days=100)) == 80
    assert Lifecycle("LEGACY").days_left(NOON) == 0


def test_when_bedrock_does_not_say_nothing_is_noted() -> None:
    with pytest.raises(ModelUnavailableError):
        check(FakeModels(problem=ModelUnavailableError("down")))


@given(st.integers(-5000, 5000), st.integers(0, 5000))
def test_days_left_never_grow_and_never_fall_below_zero(end: int, later: int) -> None:
    model = Lifecycle("LEGACY", end_at=NOON + timedelta(days=end))
    now, then = model.days_left(NOON), model.days_left(NOON + timedelta(days=later))
    assert now is not None
    assert then is not None
    assert now >= then >= 0
    assert GONE.days_left(NOON) == 0


def test_the_alarm_of_the_template_warns_as_early() -> None:
    template = yaml_parse((Path(__file__).parents[3] / "template.yaml").read_text())
    assert template["Resources"]["ModelEndOfLifeAlarm"]["Properties"]["Threshold"] == WARN_DAYS
