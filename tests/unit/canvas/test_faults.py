"""Faults on demand: consumed in order, counted, and the errors that Bedrock would send."""

import pytest

from canvas.errors import ValidationError
from canvas.faults import ERRORS, KINDS, Faults


def test_faults_are_consumed_in_order_and_then_all_is_well() -> None:
    faults = Faults()
    assert faults.plan({"faults": [{"kind": "throttle", "times": 2}, {"kind": "slow", "seconds": 0.5}]}) == 3
    kinds = [fault.kind if (fault := faults.next()) else None for _ in range(4)]
    assert kinds == ["throttle", "throttle", "slow", None]
    assert faults.counts() == {"calls": 4, "planned": 0}


def test_clearing_forgets_plans_and_counts() -> None:
    faults = Faults()
    faults.plan({"faults": [{"kind": "drop"}]})
    faults.next()
    faults.plan({"faults": [{"kind": "drop"}]})
    faults.clear()
    assert faults.counts() == {"calls": 0, "planned": 0}
    assert faults.next() is None


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_an_error_has_bedrock_s_status_type_and_words(kind: str) -> None:
    faults = Faults()
    faults.plan({"faults": [{"kind": kind}]})
    fault = faults.next()
    assert fault is not None
    error = fault.error()
    assert error is not None
    assert 400 <= error.status < 600
    assert error.error_type.endswith("Exception")
    assert error.message


@pytest.mark.parametrize("kind", sorted(KINDS - set(ERRORS)))
def test_other_faults_are_no_errors(kind: str) -> None:
    faults = Faults()
    faults.plan({"faults": [{"kind": kind}]})
    fault = faults.next()
    assert fault is not None
    assert fault.error() is None


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "typo"},
        {},
        "slow",
        {"kind": "slow", "times": 0},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "times": "2"},
    ],
)
def test_a_bad_plan_is_refused_as_a_whole(bad: object) -> None:
    faults = Faults()
    with pytest.raises(ValidationError):
        faults.plan({"faults": [{"kind": "throttle"}, bad]})
    assert faults.counts()["planned"] == 0
