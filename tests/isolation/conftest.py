from collections.abc import Iterator

import pytest

from tests.isolation.mall import Mall
from vto import bootstrap


@pytest.fixture
def mall(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mall]:
    """A stack without shoppers."""
    yield Mall(monkeypatch)
    bootstrap.reset()
