"""The pipeline's own clients of each engine keep the contract: the conformance suite over the ``Engine`` port.

Each adapter is built by ``vto.bootstrap`` and speaks to what it speaks to in production, or its nearest stand-in:
``nova_canvas`` to the canvas endpoint in Bedrock's form, ``sagemaker`` to the same as a container behind
InvokeEndpoint, ``preview`` to the handler of its function, ``fashn_api`` to a service that keeps FASHN's documents.
Pictures lie in S3 (moto). Behind the first two is the suite's right engine, so that a fault is the adapter's.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from moto import mock_aws

from conformance.case import FAILED, PASSED, Case, Result, garment
from conformance.cases import ALL
from conformance.cli import chosen
from conformance.clients import LostError
from conformance.run import Runner, written
from functions.render_preview import app
from tests.contract.canvas.conftest import MODEL, stop
from tests.stand_ins.aws_runtimes import endpoint, function
from tests.stand_ins.fashn_service import KEY, FashnService
from tests.stand_ins.serving import serving
from vto import bootstrap
from vto.adapters.fashn import FashnApi
from vto.domain.engines import PROFILES
from vto.testing import FakeClock

from .conftest import start_painter
from .ports import RESULTS, UPLOADS, PortClient, cases_of, declared

pytestmark = pytest.mark.enable_socket

# what an adapter passes on is the same for every class and every place of a mask
SAME_TO_AN_ADAPTER = frozenset({"classes", "masks"})
QUICK = [case for case in chosen(quick=True) if case.group not in SAME_TO_AN_ADAPTER]
# the preview draws for half a second: one case for each kind of answer
FEW = ("answers the shortest*", "draws 5 pictures*", "draws PROMPT «the sofa»", "leaves all * BALANCED")
ASKED: dict[str, list[Case]] = {
    "nova_canvas": cases_of(PROFILES["nova_canvas"], QUICK),
    "sagemaker": cases_of(PROFILES["sagemaker"], QUICK),
    "preview": [
        case for case in cases_of(PROFILES["preview"], QUICK) if any(fnmatchcase(case.name, one) for one in FEW)
    ],
    "fashn_api": cases_of(PROFILES["fashn_api"], ALL),
}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, PortClient]]:
    """A client over each adapter."""
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        server = start_painter(tmp_path_factory.mktemp("painter"))
        stack.callback(stop, server)
        service = FashnService()
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url,
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": stack.enter_context(serving(endpoint(server.url))),
            "AWS_ENDPOINT_URL_LAMBDA": stack.enter_context(serving(function(app.handler))),
            "MODEL_ID": MODEL,
            "CANVAS_ENDPOINT": "vto-canvas",
            "PREVIEW_FUNCTION": "vto-render-preview",
            "FASHN_SECRET": "vto/fashn-api-key",
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        fashn = stack.enter_context(serving(service.answer))
        stack.enter_context(mock_aws())
        stack.callback(_forget)
        _forget()
        for bucket in (UPLOADS, RESULTS):
            place: Any = {"LocationConstraint": "eu-central-1"}
            boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        boto3.client("secretsmanager").create_secret(Name="vto/fashn-api-key", SecretString=KEY)
        yield {name: _client(name, fashn) for name in ASKED}


@pytest.fixture(scope="module")
def results(clients: dict[str, PortClient]) -> dict[str, list[Result]]:
    """How each adapter's cases went."""
    return {name: list(Runner(clients[name], declared(PROFILES[name])).run(cases)) for name, cases in ASKED.items()}


def _forget() -> None:
    bootstrap.reset()
    app._s3.cache_clear()
    app._log.cache_clear()


def _client(name: str, fashn: str) -> PortClient:
    engine = bootstrap.engine(name)
    if isinstance(engine, FashnApi):
        engine = replace(engine, api=fashn, clock=FakeClock())
    return PortClient(engine, PROFILES[name], bootstrap.pictures(), in_its_own_size=name == "fashn_api")


@pytest.mark.parametrize("name", PROFILES)
def test_an_adapter_keeps_the_contract_in_all_that_its_profile_offers(
    name: str, results: dict[str, list[Result]]
) -> None:
    assert {one.case.name: one.detail for one in results[name] if one.outcome == FAILED} == {}


@pytest.mark.parametrize(("name", "least"), [("nova_canvas", 30), ("sagemaker", 18), ("preview", 4), ("fashn_api", 9)])
def test_each_adapter_passes_enough(name: str, least: int, results: dict[str, list[Result]]) -> None:
    """Not offered is here what is compared with a request that the profile does not offer."""
    passed = [one.case.name for one in results[name] if one.outcome == PASSED]
    assert len(passed) >= least
    assert len(passed) >= len(results[name]) - 3


@pytest.mark.parametrize("name", ["nova_canvas", "sagemaker"])
def test_what_the_endpoint_refuses_reaches_the_pipeline_with_its_place(
    name: str, clients: dict[str, PortClient]
) -> None:
    with pytest.raises(LostError, match=r"ModelRefusedError: ValidationException.*#/\S+/garmentClass: "):
        clients[name].invoke(written(garment("HAT")))
