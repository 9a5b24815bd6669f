"""A story on a screen: the answer first, nothing cut off, however narrow it is."""

import io

import pytest
from rich.console import Console

from tests.unit.client.evidence import JOB, after, events, evidence, execution, recorded, row
from vto_client.explain.parts import Evidence, LogRecord
from vto_client.explain.render import show
from vto_client.explain.story import tell
from vto_client.problems import Gap

NAMES = (
    "completed", "model_timeout", "throttled_once", "content_blocked", "reused", "stopped", "generating", "failover",
)  # fmt: skip


def shown(found: Evidence, width: int = 100) -> str:
    out = io.StringIO()
    show(tell(found), Console(file=out, width=width, highlight=False))
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_no_line_is_wider_than_the_screen_but_those_to_be_copied(name: str, width: int) -> None:
    for line in shown(recorded(name), width).split("\nNext")[0].splitlines():
        assert len(line.rstrip()) <= width


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [60, 200])
def test_nothing_is_cut_off(name: str, width: int) -> None:
    text = "".join(shown(recorded(name), width).split())
    story = tell(recorded(name))
    wanted = [story.job_id, story.headline, *(span.stage for span in story.stages)]
    wanted += [visit.state for one in story.executions for visit in one.visits] if width > 100 else []
    wanted += [story.error.runbook, story.error.message or ""] if story.error else []
    for words in wanted:
        assert "".join(words.split()) in text, words
    assert "…" not in text


def test_the_first_words_are_the_answer() -> None:
    assert shown(recorded("model_timeout"), 200).startswith("Failed in Invoke Model with model_timeout after")


def test_attempts_are_told_where_something_went_wrong_and_their_cause_once() -> None:
    text = shown(recorded("model_timeout"), 220)
    table = text[text.index("Execution ") : text.index("Told")]
    assert "1. failed" in table
    assert "2. failed after a pause of" in table
    assert table.count("Model has timed out in processing the request") == 1


def test_a_failover_and_what_it_changed_are_told() -> None:
    text = shown(recorded("failover"), 200)
    assert "engine      preview, after nova_canvas (ModelRetiredError)" in text
    assert "pictures    1 of 1 asked for" in text
    assert "parameters.imageGenerationConfig.quality  standard instead of premium" in text
    assert "3, of which 1 may be billed" in text


def test_warnings_and_the_notice_are_told() -> None:
    warnings = [{"code": "some_results_blocked", "message": "The filter kept 1 back.", "path": ""}]
    found = row("processing", (0, "created", None), warnings=warnings, notice="Try-on is paused for a moment.")
    text = shown(evidence(found), 200)
    assert "some_results_blocked  The filter kept 1 back." in text
    assert "notice      Try-on is paused for a moment." in text


def test_commands_stand_in_one_line() -> None:
    (command,) = tell(recorded("model_timeout")).next
    assert f"  {command}\n" in shown(recorded("model_timeout"), 60)


def test_of_a_job_that_waited_long_the_beginning_and_the_end_are_shown() -> None:
    names = [f"State {number}" for number in range(300)]
    ran = execution(events(*((number, "WaitStateEntered", name) for number, name in enumerate(names))))
    text = shown(evidence(row("processing", (0, "created", None), execution_arn=ran.arn), ran), 120)
    assert "260 more; --json has them all" in text
    assert [name for name in names if f" {name} " in text] == names[:20] + names[-20:]


def test_what_is_not_known_is_said_with_its_remedy() -> None:
    gap = Gap("logs", "the permission logs:FilterLogEvents is missing", "ask for it, or use another role")
    text = shown(evidence(row("created", (0, "created", None)), gaps=[gap]), 200)
    assert "Not known" in text
    assert "the permission logs:FilterLogEvents is missing: ask for it, or use another role" in text
    assert "in USD             not known" in text


def test_words_of_services_are_not_taken_for_markup() -> None:
    details = {"error": "[red]E[/red]", "cause": "no file [/var/task/app.py], :warning:"}
    failed = {"id": 2, "type": "TaskFailed", "timestamp": after(1), "taskFailedEventDetails": details}
    entered = {"id": 1, "type": "TaskStateEntered", "timestamp": after(0), "stateEnteredEventDetails": {"name": "[b]"}}
    ran = execution([entered, failed], status="FAILED")
    line = LogRecord("invoke_model", after(1), f"[ERROR] [/opt/python] of {JOB}, :warning:")
    job = row("error", (0, "created", None), (1, "error", None), error_code="internal")
    text = shown(evidence(job, ran, logs=[line]), 200)
    states, logs = text[text.index("Execution ") : text.index("Told")], text[text.index("Logs") :]
    assert "[red]E[/red]: no file [/var/task/app.py], :warning:" in states
    assert "[b]" in states
    assert "[/opt/python] of" in logs
    assert ":warning:" in logs
