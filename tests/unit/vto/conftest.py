"""A fresh shop for each test."""

import pytest

from tests.unit.vto.world import World


@pytest.fixture
def world() -> World:
    return World()
