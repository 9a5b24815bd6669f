"""What all tests share: Hypothesis' examples, readers of log lines, frames and answers, which tests stay together."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.log_scanner.plugin import LogScanner
from tests.specs.plugin import SpecsKept

# A red run is red again elsewhere.
settings.register_profile("vto", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("vto")

# Where tests take all processors, numpy's threads would only wait for each other, at full speed: a picture of the
# preview takes a third more then. Read when numpy is first imported; processes that tests start get it, too.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

SHARING_A_STACK = (
    "tests/e2e/",
    "tests/local/",
    "tests/contract/engines/test_conformance.py",
    "tests/contract/engines/test_ports.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """No line that the product logs may tell what no log may hold; no frame and no answer may break its document."""
    config.pluginmanager.register(LogScanner(config), "log-scanner")
    config.pluginmanager.register(SpecsKept(), "specs-kept")


@pytest.fixture(autouse=True)
def signals_stay_as_they_are() -> Iterator[None]:
    """What a test leaves behind for Ctrl-C would meet a later test of the same process, and fail that one instead."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


class StacksTogether(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Gives the tests that share one stack to one process, and every other test to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in SHARING_A_STACK if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> StacksTogether:
    """Called where tests run in several processes; pytest-xdist's own groups do not work with pytest 9.2."""
    return StacksTogether(config, log)
