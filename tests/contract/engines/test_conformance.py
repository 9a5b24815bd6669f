"""Every engine of the canvas endpoint keeps the contract, or says where it does not: the conformance suite, over HTTP.

``preview`` is asked through boto3's InvokeModel, ``fashn`` (over the stand-in of its pipeline) in SageMaker's form.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
import pytest_socket
from botocore.config import Config

from conformance.case import Case, Result
from conformance.cases import ALL
from conformance.cli import chosen
from conformance.clients import BedrockClient, Client, Controls, HttpClient
from conformance.run import Runner
from tests.contract.canvas.conftest import Server, start, stop

from .conftest import start_fashn

# what an engine is known not to keep; strict, so that whoever mends it takes it out here
KNOWN: dict[str, dict[str, str]] = {"preview": {}, "fashn": {}}
EVERYTHING = os.environ.get("VTO_CONFORMANCE") == "all"
CASES = chosen(quick=not EVERYTHING)
# the endpoint checks a request before any engine sees it, so one engine's run shows that
ONCE = frozenset() if EVERYTHING else frozenset({"refused", "pictures refused"})


def _parameters() -> Iterator[object]:
    for engine, known in KNOWN.items():
        for case in (one for one in CASES if engine == "preview" or one.group not in ONCE):
            marks = [pytest.mark.xfail(reason=known[case.name])] if case.name in known else []
            yield pytest.param(engine, case, marks=marks, id=f"{engine}-{case.name}")


def _started(engine: str, folder: Path) -> Server:
    if engine == "preview":
        return start(folder, "--faults")
    return start_fashn(folder, "--faults")


def _client(engine: str, server: Server) -> Client:
    if engine == "fashn":
        return HttpClient(server.url, sagemaker=True)
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

    def result(self, engine: str, case: Case) -> Result:
        if engine not in self._results:
            self._results[engine] = {one.case.name: one for one in self._run(engine)}
        return self._results[engine][case.name]

    def _run(self, engine: str) -> list[Result]:
        (self._folder / engine).mkdir()
        server = _started(engine, self._folder / engine)
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
    result = suite.result(engine, case)
    if result.outcome == "skipped":
        pytest.skip(result.detail)
    assert result.outcome == "passed", result.detail


def test_there_are_enough_cases_and_each_has_a_name_of_its_own() -> None:
    assert len(ALL) >= 400
    assert len(chosen(quick=True)) >= 350
    assert len({case.name for case in ALL}) == len(ALL)
    assert set().union(*KNOWN.values()) <= {case.name for case in ALL}
