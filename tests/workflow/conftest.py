from collections.abc import Iterator

import pytest

from tests.workflow.world import World
from vto import bootstrap


@pytest.fixture
def engines() -> tuple[str, ...]:
    """The engines in their order of preference; a test may choose others."""
    return ("preview",)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, engines: tuple[str, ...]) -> Iterator[World]:
    """A world whose every story is checked at its end: each job has ended once, and its owner was told once."""
    world = World(monkeypatch, engines)
    yield world
    world.ensure_one_ending_told_once()
    bootstrap.reset()
