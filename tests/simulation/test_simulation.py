"""The promises hold under faults: in short runs here, in long ones with ``make sim``."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.simulation import __main__ as command
from tests.simulation import exams, repair
from tests.simulation.exams import Exam
from tests.simulation.exhaustive import PAID, choices, left_behind, tell
from tests.simulation.faults import Fault
from tests.simulation.play import play
from tests.simulation.simulation import Settings

EXAMS = [
    exams.quiet_day,
    exams.stormy_day,
    exams.nobody_starts,
    exams.started_twice,
    exams.reused_socket,
    exams.aborted_at_every_moment,
    exams.aborted_while_a_write_is_on_its_way,
    exams.cancelled_at_every_moment,
    exams.only_the_stream_tells,
    exams.budget_for_three,
    exams.guests_have_money_for_two,
    exams.spending_is_stopped,
    exams.a_thousand_want_the_same,
    repair.killed_between_the_status_and_the_manifest,
    repair.no_event_of_an_upload_ever_comes,
    repair.every_dead_letter_is_redriven_twice,
    exams.engine_says(Fault.FAIL_AFTER, Fault.THROTTLE, Fault.FAIL_AFTER),
    exams.engine_says(Fault.FAIL_BEFORE, Fault.FAIL_BEFORE, Fault.FAIL_BEFORE),
    exams.engine_says(Fault.CRASH_AFTER, Fault.CRASH_BEFORE),
    exams.engine_says(Fault.BLOCK, Fault.BLOCK),
    exams.engine_says(Fault.THROTTLE, Fault.THROTTLE, Fault.THROTTLE, Fault.THROTTLE),
]


@pytest.mark.parametrize("exam", EXAMS, ids=lambda exam: (exam.__doc__ or "").split(".")[0])
def test_no_promise_is_broken_when(exam: Exam) -> None:
    assert exam() == []


@pytest.mark.parametrize(("seed", "rate"), [(1, 0.05), (2, 0.1), (10, 0.2)])
def test_no_promise_is_broken_on_a_day_of_faults_at_every_crossing(seed: int, rate: float) -> None:
    _, made = play(seed, rate, 120)

    assert made.problems == []
    assert sum(made.rows.values()) == 0
    assert made.jobs >= 110  # a few shoppers gave up before their request was accepted
    assert made.faults > made.jobs
    assert made.endings["completed"] > made.jobs * (0.7 if rate < 0.2 else 0.2)  # it is no test of failing only
    assert made.model_calls_beyond_the_first <= made.calls_lost_to_faults


@pytest.mark.parametrize("settings", [PAID, Settings(direct=False)], ids=["direct hops", "events alone"])
def test_every_single_fault_at_every_point_of_one_jobs_way_leaves_nothing_behind(settings: Settings) -> None:
    base = tell({}, settings)
    found = {
        (number, base.points[number][0], str(fault)): problems
        for number, fault in choices(base)
        if (problems := left_behind(tell({number: fault}, settings), {number: fault}))
    }

    assert found == {}
    assert len(base.points) > 60


def test_a_pair_of_faults_leaves_every_promise_kept() -> None:
    first = tell({}).points
    starts = [n for n, (name, _) in enumerate(first) if name.endswith(("jobs.save", "engine.generate"))]
    for number in starts:
        single = tell({number: Fault.CRASH_AFTER})
        for second, fault in list(choices(single, number + 1))[number % 11 :: 11]:
            assert tell({number: Fault.CRASH_AFTER, second: fault}).problems == [], (number, second, fault)


def test_a_seed_replays_byte_for_byte() -> None:
    one, other, another = (play(seed, 0.1, 40, is_traced=True)[0] for seed in (4, 4, 5))

    assert one.log == other.log
    assert one.digest() == other.digest()
    assert one.digest() != another.digest()
    assert len(one.log) > 40 * 50


def test_the_command_replays_a_run_and_writes_every_crossing_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "OUT", tmp_path / "out")

    assert command.main(["--seed", "4", "--rate", "0.1", "--jobs", "20"]) == 0

    again = play(4, 0.1, 20, is_traced=True)[0]
    assert (tmp_path / "out/simulation-4.log").read_text() == "\n".join(again.log) + "\n"
    assert again.digest() in capsys.readouterr().out


def test_time_never_goes_back_and_a_dead_process_does_nothing_more() -> None:
    simulation = play(6, 0.2, 40, is_traced=True)[0]

    moments = [float(line.split()[0]) for line in simulation.log]
    assert all(before <= after for before, after in pairwise(moments))
    ended: set[str] = set()
    for line in simulation.log:
        what = line.split(" ", 2)[1]
        name = line.split(": ", 1)[1].split(" ", 1)[0]
        assert name not in ended or what == "ends:", line
        if what == "ends:" and "#" in name:
            ended.add(name)
    assert any("Runtime.ExitError" in line for line in simulation.log)
