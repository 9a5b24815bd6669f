"""Reads every line that the product logs in a test run, and fails the test, or the run, in which one tells too much.

A line is seen as it is written: wherever a handler of Python's logging formats one, whatever logger it comes from; what
is printed, as pytest kept it (metrics are); what other processes wrote into log files, at the end of the run; and, by
`see`, what reaches none of these. What only the tools of the tests say is no log of the product.
"""

import logging
import time
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.log_scanner.rules import findings

# Tools of the tests, which are no part of what is deployed.
NOT_OURS = frozenset({"moto", "ministack", "werkzeug", "samcli", "samtranslator", "cfnlint", "hypothesis", "docker"})
NOT_OURS_EITHER = "[ses] SES "  # the emulator shows the letters that Cognito would have sent
OURS_OUTSIDE = ("out/*/*.log", "out/local/*/*.log")
MOST_TOLD = 20

_found: dict[str, None] = {}
_files: dict[Path, None] = {}


def see(where: str, line: str) -> None:
    """Look at a line of the product.

    Args:
        where: Who wrote it, for the message.
        line: What was written.
    """
    for one in findings(line):
        _found[f"{one.rule}, in a line of {where}: {one.excerpt}"] = None


def see_raised(function: str, error: Exception) -> None:
    """Look at what Lambda's runtime writes into a function's log when its handler raises.

    Source: https://github.com/aws/aws-lambda-python-runtime-interface-client (``bootstrap.py``, ``log_error``)
    """
    see(f"Lambda's runtime for {function}", f"[ERROR] {type(error).__name__}: {error}")


def watch(log: Path) -> None:
    """Look at the end of the run at what another process writes into this file."""
    _files[log] = None


class Heard:
    """Stands in for the logger of ``vto.telemetry`` where thousands of lines come: fast, and looked at all the same."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.info = self.warning = self.error = self.debug = self._line
        self.metric_set: dict[str, Any] = {}

    def _line(self, message: str, **fields: Any) -> None:
        see(self._where, f"{message} {fields}" if fields else message)

    def exception(self, message: str, **fields: Any) -> None:
        """A line with the exception that is being handled, as Powertools writes it: with all that led to it."""
        self._line(message, **fields, exception=traceback.format_exc())

    def append_keys(self, **fields: Any) -> None:
        """What every line of one event has."""
        self._line("keys", **fields)

    def add_metric(self, name: str, **options: Any) -> None:
        """A metric is a line of the log, too."""
        self._line(name)

    def clear_state(self) -> None:
        """Nothing is kept."""

    flush_metrics = clear_metrics = clear_state


class LogScanner:
    """The plugin, in every process that runs tests and in the one that started them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config, self._began = config, time.time()
        self._left: list[str] = []
        self._stock = stock = logging.Handler.format

        def format_and_look(handler: logging.Handler, record: logging.LogRecord) -> str:
            line = stock(handler, record)
            if record.name.partition(".")[0] not in NOT_OURS:
                see(f"logger {record.name}", line)
            return line

        logging.Handler.format = format_and_look  # type: ignore[method-assign]

    def pytest_unconfigure(self) -> None:
        """Leave logging as it was."""
        logging.Handler.format = self._stock  # type: ignore[method-assign]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Make red what let something be logged, also where it was skipped or was to fail."""
        report = yield
        for title, text in report.sections:
            if title in (f"Captured stdout {call.when}", f"Captured stderr {call.when}"):
                for line in text.splitlines():
                    see("what was printed", line)
        if _found:
            before = f"{report.longreprtext}\n\n" if report.failed else ""
            report.outcome, report.longrepr = "failed", before + _said(_taken())
            vars(report).pop("wasxfail", None)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look at the log files, and make the run red for what no test can be blamed for."""
        is_worker = hasattr(self._config, "workerinput")
        for log in [*_files, *([] if is_worker else self._logs_of_this_run())]:
            if log.exists():
                for number, line in enumerate(log.read_text("utf-8", "replace").splitlines(), 1):
                    if NOT_OURS_EITHER in line:
                        continue
                    see(f"{log.parent.name}/{log.name}:{number}", line)
        self._left += _taken()
        if is_worker:
            self._config.workeroutput["log_scanner"] = self._left  # type: ignore[attr-defined]
        elif self._left:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear of a process that ran tests what it found after its last one."""
        self._left += getattr(node, "workeroutput", {}).get("log_scanner", [])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why the run is red."""
        if self._left:
            terminalreporter.section("log scanner", red=True, bold=True)
            terminalreporter.write_line(_said(self._left))

    def _logs_of_this_run(self) -> list[Path]:
        found = (log for pattern in OURS_OUTSIDE for log in self._config.rootpath.glob(pattern))
        return sorted(log for log in found if log.stat().st_mtime >= self._began)


def _taken() -> list[str]:
    found = list(_found)
    _found.clear()
    return found


def _said(found: list[str]) -> str:
    more = f"\n… and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return (
        "A line of the log tells what no log may hold (docs/guarantees.md, I11; the rules: tests/log_scanner/rules.py):"
        + "".join(f"\n  {one}" for one in found[:MOST_TOLD])
        + more
    )
