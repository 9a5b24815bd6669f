"""Writes ``MockConfigFile.json`` for Step Functions Local: ``python -m tests.workflow.mock_file``."""

import json
import logging
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from asl.mock_config import fits, mock_config
from asl.run import Run
from asl.step_functions_local import Expected
from tests.workflow.cases import CASES, Case
from tests.workflow.world import MACHINE, World
from vto import bootstrap

FILE = Path(__file__).with_name("MockConfigFile.json")
LONGEST_WAIT = 60
"""Seconds that a case may wait in Step Functions Local."""


def play(case: Case) -> tuple[World, Run]:
    """Run a case in a world of its own, which is left as it is afterwards."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        try:
            world = World(monkeypatch, case.engines)
            job = case.ask(world)
            case.given(world)
            return world, world.run(job, **case.script)
        finally:
            bootstrap.reset()


@cache
def played() -> tuple[tuple[Case, Run], ...]:
    """All cases, and how they went; played once for all who ask, as that takes seconds."""
    return tuple((case, play(case)[1]) for case in CASES)


def mockable() -> Iterator[tuple[Case, Run]]:
    """The cases that a mock file can tell, and how they went."""
    return ((case, run) for case, run in played() if fits(run, LONGEST_WAIT))


def written() -> str:
    """What stands in the file."""
    return json.dumps(mock_config(MACHINE, {case.name: run for case, run in mockable()}), indent=1) + "\n"


def expected() -> dict[str, Expected]:
    """What is to come of each test case in the file."""
    written = json.loads(FILE.read_text())["StateMachines"][MACHINE]["TestCases"]
    return {
        case.name: Expected(list(case.path), "FAILED" if case.error else "SUCCEEDED", case.error)
        for case in CASES
        if case.name in written
    }


if __name__ == "__main__":
    logging.disable()  # the functions' own logs, and the engine's of every failure on purpose
    FILE.write_text(written())
    sys.stdout.write(f"{FILE.name} written\n")
