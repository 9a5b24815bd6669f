"""The quota is used and kept, and nobody makes the others wait: short loads of what ``make bench-quota`` plays."""

import pytest

from benchmarks import quota
from benchmarks.quota import Load, play

BURST = Load("a burst of three times the quota", 90, 20)
FLOOD = Load("shoppers beside a flood of batch jobs", 40, 60, batch=120, beside=True)
ACCOUNT = Load("shoppers beside one account", 40, 60, account=60, beside=True)
BUSY = Load("more shoppers than the quota, beside batch jobs", 150, 60, batch=20)


@pytest.mark.parametrize("load", [BURST, FLOOD, ACCOUNT, BUSY], ids=lambda load: load.name)
def test_nobody_is_lost_the_quota_is_kept_and_used_and_ordinary_shoppers_hardly_wait(load: Load) -> None:
    made = play(load)

    assert made.broken == []
    assert made.completed == made.requests
    assert made.throttled_per_job <= 0.05
    assert made.quota_used >= 0.95
    if load.beside:
        assert made.shoppers.p95 <= 30


def test_batch_jobs_alone_cost_no_more_states_than_shoppers() -> None:
    made = play(Load("batch jobs alone", 0, 0, batch=60))

    # six states for the first, which finds the engine idle; each of the others waits for its moment, as shoppers do
    assert made.states_per_job == {"flood": round((6 + 59 * 7) / 60, 2)}
    assert made.quota_used >= 0.95


def test_whoever_cannot_be_served_in_time_is_told_when_to_come_back_and_served_then() -> None:
    made = play(Load("half an hour of work in a minute", 60, 60), quota=2)

    assert made.broken == []
    assert made.refusals > 0
    assert made.lost == 0
    assert made.completed + made.gave_up == 60
    assert made.completed > 30


def test_the_command_tells_which_bound_was_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quota, "OUT", tmp_path / "out" / "quota.json")  # type: ignore[operator]
    monkeypatch.setattr(quota, "LOADS", (Load("a few", 5, 5, batch=30, beside=True),))
    monkeypatch.setattr(quota, "MOST_WAIT_BESIDE_A_FLOOD", 0.0)

    assert quota.main([]) == 1

    assert "BROKEN a few: ordinary shoppers waited" in capsys.readouterr().out
