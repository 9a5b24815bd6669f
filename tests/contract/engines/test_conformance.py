"""Every engine of the canvas endpoint keeps the contract, or says where it does not: the conformance suite, over HTTP.

Which engine is asked what, and how:

- ``painter``, the suite's own right engine, everything there is, through boto3's InvokeModel;
- ``preview``, in Bedrock's form, and ``fashn`` (over the stand-in of its pipeline), in SageMaker's, what an engine
  decides. What the endpoint decides before an engine sees a request is the same for all of them.

How the pipeline's own clients fare is in ``test_ports.py``.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import httpx
import pytest
import pytest_socket
from botocore.config import Config

from conformance.case import FAILED, NOT_OFFERED, SKIPPED, Case, Result
from conformance.cases import ALL, GROUPS
from conformance.cli import chosen
from conformance.clients import BedrockClient, Client, Controls, HttpClient
from conformance.report import undrawn
from conformance.run import Runner
from tests.contract.canvas.conftest import ROOT, Server, start, stop

from .conftest import start_fashn, start_painter

# what an engine is known not to keep; strict, so that whoever mends it takes it out here
KNOWN: dict[str, dict[str, str]] = {"painter": {}, "preview": {}, "fashn": {}}
EVERYTHING = os.environ.get("VTO_CONFORMANCE") == "all"
DECIDED_BEFORE_AN_ENGINE = frozenset({"refused", "pictures refused", "pictures taken", "outcomes"})
FEW_PICTURES = chosen(quick=not EVERYTHING)
STARTED: dict[str, Callable[..., Server]] = {"painter": start_painter, "preview": start, "fashn": start_fashn}


def cases_of(engine: str) -> list[Case]:
    """What an engine is asked: the quick cases, or all with ``VTO_CONFORMANCE=all`` in the environment."""
    if engine == "painter":  # it draws in milliseconds
        return list(ALL)
    return [case for case in FEW_PICTURES if EVERYTHING or case.group not in DECIDED_BEFORE_AN_ENGINE]


def _parameters() -> Iterator[object]:
    for engine, known in KNOWN.items():
        for case in cases_of(engine):
            marks = [pytest.mark.xfail(reason=known[case.name])] if case.name in known else []
            yield pytest.param(engine, case, marks=marks, id=f"{engine}-{case.name}")


def _client(engine: str, server: Server) -> Client:
    if engine != "painter":
        return HttpClient(server.url, sagemaker=engine == "fashn")
    bedrock = boto3.client(
        "bedrock-runtime", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
    )  # fmt: skip
    return BedrockClient(client=bedrock)


class Suite:
    """The results of one engine, had at once with two requests at a time."""

    def __init__(self, folder: Path, wanted: dict[str, list[Case]]) -> None:
        self._folder, self._wanted = folder, wanted
        self._results: dict[str, dict[str, Result]] = {}

    def results(self, engine: str) -> dict[str, Result]:
        if engine not in self._results:
            self._results[engine] = {one.case.name: one for one in self._run(engine)}
        return self._results[engine]

    def _run(self, engine: str) -> list[Result]:
        (self._folder / engine).mkdir()
        server = STARTED[engine](self._folder / engine, "--faults")
        pytest_socket.enable_socket()
        try:
            for _ in range(200):
                if httpx.get(server.url + "/ping").status_code == 200:
                    break
                time.sleep(0.05)
            controls = Controls(server.url)
            runner = Runner(_client(engine, server), controls.capabilities() or {}, controls)
            return list(runner.run(self._wanted[engine]))
        finally:
            pytest_socket.disable_socket(allow_unix_socket=True)
            assert stop(server) == 0


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Suite:
    """Runs the cases that were selected, and no others."""
    chosen_items = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted: dict[str, list[Case]] = {engine: [] for engine in KNOWN}
    for params in chosen_items:
        if isinstance(params.get("case"), Case) and params.get("engine") in wanted:
            wanted[params["engine"]].append(params["case"])
    return Suite(tmp_path_factory.mktemp("engines"), wanted)


@pytest.mark.parametrize(("engine", "case"), tuple(_parameters()))
def test_an_engine_keeps_the_contract_or_says_where_it_does_not(engine: str, case: Case, suite: Suite) -> None:
    result = suite.results(engine)[case.name]
    assert result.outcome != FAILED, result.detail
    assert result.outcome != SKIPPED


def test_the_right_engine_offers_everything(suite: Suite) -> None:
    assert not [one.case.name for one in suite.results("painter").values() if one.outcome == NOT_OFFERED]


@pytest.mark.parametrize("engine", KNOWN)
def test_an_engine_draws(engine: str, suite: Suite) -> None:
    assert undrawn(list(suite.results(engine).values())) == ""


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert len(ALL) >= 450
    assert len(chosen(quick=True)) >= 350
    assert len({case.name for case in ALL}) == len(ALL)
    assert set().union(*KNOWN.values()) <= {case.name for case in ALL}
    assert list(dict.fromkeys(case.group for case in ALL)) == list(GROUPS)


def test_the_document_says_whether_there_is_anything_that_an_engine_does_not_keep() -> None:
    document = " ".join((ROOT / "docs" / "conformance.md").read_text().split())
    assert ("Today: nothing." in document) == (not any(KNOWN.values()))
