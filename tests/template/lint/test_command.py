"""The command that ``make lint`` runs: what it prints for a good file, and for bad ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from asl import lint
from scripts import facts, lint_machine
from tests.template.lint.machines import MACHINE, Change, changed, drop, put

COMMAND = ("-m", "scripts.lint_machine")


def lint_file(path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What ``make lint`` runs, for another file."""
    search = os.pathsep.join(str(facts.ROOT / one) for one in ("", "layers/vto", "canvas"))
    return subprocess.run(
        [sys.executable, *COMMAND, *([str(path)] if path else [])],
        cwd=facts.ROOT,
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_lint_runs_the_command() -> None:
    recipe = (facts.ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert f"$(PY) {' '.join(COMMAND)}" in recipe


def test_the_command_says_what_it_has_checked() -> None:
    run = lint_file()

    assert (run.returncode, run.stderr) == (0, "")
    summary = run.stdout.splitlines()[-1]
    assert summary.startswith(
        f"statemachines/try_on.asl.json: {len(MACHINE.states)} states keep {len(lint.RULES)} rules"
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            put("Store Result/Next", "Notfy Client"),
            'Store Result: dangling-target: Next names "Notfy Client", which is no state; '
            'name one that exists (did you mean "Notify Client"?)',
        ),
        (
            drop("Store Result/Catch"),
            "Store Result: task-catch: does not catch States.ALL; "
            "end its Catch with States.ALL and the state that records failures",
        ),
        (
            put("Invoke Model/Retry/2/ErrorEquals", ["ModelTiredError"]),
            "Invoke Model: known-errors: Retry[2] names ModelTiredError, which nothing raises; "
            'name a known error (did you mean "ModelRetiredError"?)',
        ),
        (
            put("Store Result/Output", "{% $states.result %}"),
            "Store Result: query-language: Output belongs to JSONata, and this state speaks JSONPath; "
            "write ResultSelector and ResultPath instead",
        ),
    ],
    ids=["dangling target", "missing catch", "wrong error name", "field of the other query language"],
)
def test_a_bad_file_fails_the_command_with_exactly_one_line(change: Change, line: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.asl.json"
    bad.write_text(json.dumps(changed(change).definition, indent=2))

    run = lint_file(bad)

    assert (run.returncode, run.stderr) == (1, f"{bad}: {line}\n")


def test_what_only_an_outside_validator_finds_fails_the_command_too(tmp_path: Path) -> None:
    bad = tmp_path / "bad.asl.json"
    bad.write_text(json.dumps(changed(put("Call Now?/Choices/0/StringEqual", "x")).definition))

    run = lint_file(bad)

    assert run.returncode == 1
    assert f"{bad}: Call Now?: statelint: " in run.stderr


def test_a_file_that_is_no_json_is_one_finding(tmp_path: Path) -> None:
    bad = tmp_path / "bad.asl.json"
    bad.write_text('{"StartAt": "Validate Request",}')

    found, _ = lint_machine.check(bad, lint_machine.TEMPLATE)

    assert [one.rule for one in found] == ["json"]
