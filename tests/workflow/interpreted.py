"""The same story on the interpreter of the simulation, to see that it goes the way that it goes on moto's engine."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from asl.interpreter import SteppedEngine
from asl.run import Run
from tests.workflow.world import World
from vto import bootstrap
from vto.domain.job import Job


def ensure_same_way(world: World, tell: Callable[[World], object]) -> None:
    """Tell a story again in a world of its own, on the interpreter, and compare what came of it.

    Args:
        world: The world on moto's engine, where the story has been told and nothing has settled yet.
        tell: The story.
    """
    wanted = [_told(run) for run in world.runs], _rows(world)
    with pytest.MonkeyPatch.context() as patch:
        other = World(patch, world.engines, SteppedEngine)
        tell(other)
        got = [_told(run) for run in other.runs], _rows(other)
    bootstrap.reset()
    assert got == wanted


def _told(run: Run) -> dict[str, Any]:
    """What an execution did, in the order in which it did it."""
    # one that times out is stopped at that very second, but on moto's engine where it enters the next state
    count = len(run.visits) if run.status != "TIMED_OUT" else 100
    return {
        "status": run.status,
        "error": run.error,
        "visits": [
            {
                "state": visit.state,
                "calls": [
                    (one.outcome, one.wait, one.exhausted, one.retry and one.retry.field) for one in visit.attempts
                ],
                "waited": visit.waited,
                "left_by": visit.left_by,
                "caught": visit.error and visit.error["Error"],
                "keys": sorted(visit.document),
            }
            for visit in run.visits[:count]
        ],
    }


def _rows(world: World) -> dict[str, dict[str, Any]]:
    """The jobs as they are at the end, every attribute of them."""
    return {job.request_id: _row(job) for job in world.jobs.rows.values()}


def _row(job: Job) -> dict[str, Any]:
    return asdict(job)
