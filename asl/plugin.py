"""A pytest plugin that prints edge coverage of a state machine and fails the run below 100 %.

``pytest -p asl.plugin --asl-coverage statemachines/try_on.asl.json``; the whole report, with every test's name, is
written with ``--asl-report FILE``. Where pytest-xdist runs the tests in several processes, they count together.
"""

from pathlib import Path
from typing import Any

import pytest

from asl import engine
from asl.coverage import Coverage
from asl.machine import Machine
from asl.run import Run

ALL = 100
COUNTED = "asl_coverage"  # under this name a process of pytest-xdist hands over what it counted


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("asl", "coverage of a state machine")
    group.addoption("--asl-coverage", type=Path, metavar="FILE", help="the definition whose states and edges count")
    group.addoption("--asl-report", type=Path, metavar="FILE", help="where to write who took what")


def pytest_configure(config: pytest.Config) -> None:
    """Watch, if a machine was given."""
    if definition := config.getoption("--asl-coverage"):
        if not definition.is_file():
            raise pytest.UsageError(f"--asl-coverage: there is no file {definition}")
        config.pluginmanager.register(Watcher(Coverage(Machine.read(definition)), definition), "asl-watcher")


class Watcher:
    """Counts every execution for the test that is running."""

    def __init__(self, coverage: Coverage, definition: Path) -> None:
        self._coverage, self._definition, self._test = coverage, definition, ""
        engine.observers.append(self._count)

    def _count(self, run: Run) -> None:
        self._coverage.add(run, self._test)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember which test is running."""
        self._test = nodeid.partition("::")[2]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ARG002 (pytest-xdist's hook)
        """Add what another process counted."""
        if counted := getattr(node, "workeroutput", {}).get(COUNTED):
            self._coverage.merge(counted)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what was counted, or fail a run that left something out."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[COUNTED] = self._coverage.told()
        elif self._coverage.missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Print the report."""
        coverage, write = self._coverage, terminalreporter.write_line
        terminalreporter.section(f"coverage of {self._definition}")
        for line in coverage.lines():
            write(line, red="NOT TAKEN" in line)
        write(f"{coverage.percent:.0f} %: {coverage.summary()}", red=bool(coverage.missing), green=not coverage.missing)
        if coverage.missing:
            write(f"Below {ALL} % the build fails: add a case to the workflow tests for what was not taken.", red=True)
        if report := config.getoption("--asl-report"):
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text("\n".join(coverage.lines(examples=len(terminalreporter.stats))) + "\n")

    def pytest_unconfigure(self) -> None:
        """Stop watching."""
        engine.observers.remove(self._count)
