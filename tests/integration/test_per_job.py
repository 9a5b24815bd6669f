"""What one job costs in transitions, calls and functions is what the documents and `vto cost` say it is."""

import json
from typing import Any

import pytest

from benchmarks import per_job

MOST_TRANSITIONS = {"fresh": 6, "fresh_billed": 6, "cache_hit": 0, "refused": 9}


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return per_job.measure()


def test_the_figures_of_one_job_are_those_of_the_file(measured: dict[str, Any]) -> None:
    kept = json.loads(per_job.FIGURES.read_text())
    assert measured == kept, "run `python -m benchmarks.per_job`, and look at what has become more"


def test_no_way_of_a_job_has_more_transitions_than_were_promised(measured: dict[str, Any]) -> None:
    assert {path: measured[path]["transitions"] for path in MOST_TRANSITIONS} == MOST_TRANSITIONS


def test_a_finished_result_is_used_again_without_a_model(measured: dict[str, Any]) -> None:
    assert not {"lambda:Invoke", "bedrock:InvokeModel"} & set(measured["cache_hit"]["calls"])
    assert measured["fresh_billed"]["calls"]["bedrock:InvokeModel"] == 1
