"""What all tests share: the same Hypothesis examples everywhere, and which tests stay together in one process."""

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# A red run is red again elsewhere.
settings.register_profile("vto", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("vto")

SHARING_A_STACK = ("tests/e2e/", "tests/local/")


class StacksTogether(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Gives the tests that share one stack to one process, and every other test to whichever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in SHARING_A_STACK if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> StacksTogether:
    """Called where tests run in several processes; pytest-xdist's own groups do not work with pytest 9.2."""
    return StacksTogether(config, log)
