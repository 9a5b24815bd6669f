"""The bounds on which the lint's payload rule rests hold for what the functions really answer."""

import json
from typing import Any

import pytest

from asl.run import OK, Run
from scripts.lint_machine import declared_bounds
from tests.workflow.cases import CASES
from tests.workflow.mock_file import play
from tests.workflow.world import World

BOUNDS = declared_bounds()
LIMIT = 262_144
"""Bytes: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def size(document: Any) -> int:
    return len(json.dumps(document).encode())


def ensure_bounded(run: Run) -> None:
    """Check every field that a Task's answer put into the document, and the document itself."""
    for visit in run.visits:
        assert size(visit.document) < LIMIT
        for attempt in visit.attempts:
            if attempt.outcome == OK and visit.state in BOUNDS:
                for field, bound in BOUNDS[visit.state].items():
                    taken = size(attempt.answer[field])
                    assert taken <= bound.size, f"{visit.state}.{field} takes {taken} bytes, not {bound.size}"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if len(case.path) < 40])
def test_no_answer_takes_more_of_the_document_than_is_declared(case: Any) -> None:
    ensure_bounded(play(case)[1])


def test_the_largest_request_stays_within_the_bounds_too(world: World) -> None:
    most = {
        "maskType": "GARMENT",
        "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
        "returnMask": True,
        "imageGenerationConfig": {"numberOfImages": 5},
    }
    world.model.outcomes = [5]
    twin, first = world.ask("twin", parameters=most), world.ask("first", parameters=most)
    world.run(twin)

    reused = world.run(first)

    for run in (world.runs[0], reused):
        ensure_bounded(run)
    assert len(world.job().images) == 5
    assert reused.visits[-1].document["validation"]["cached"] is not None
