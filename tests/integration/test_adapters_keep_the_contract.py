"""The conformance suite through the pipeline's own clients: what a job's steps send and get, not what plain boto3 does.

The endpoint behind them is ours, with the engine ``preview``; SageMaker's and Lambda's parts in between are played at
the wire of their real clients. What the hosted service of FASHN answers is not Nova Canvas's contract.
"""

import base64
import hashlib
import io
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from canvas.engine import Drawn
from canvas.engines import PreviewEngine
from canvas.request import TryOn
from canvas.server import Settings
from conformance.case import Answered, Case, garment
from conformance.cli import chosen
from conformance.clients import Answer
from conformance.limits import lacking, needs_of
from conformance.pictures import seen
from conformance.run import Runner, written
from functions.render_preview import app
from tests.contract.canvas.running import Running
from tests.integration.conftest import RESULTS, UPLOADS, _Raw
from vto.adapters.bedrock import NovaCanvas
from vto.adapters.preview import Preview
from vto.adapters.sagemaker import CanvasEndpoint
from vto.domain.parameters import canonical
from vto.domain.storage import S3Url
from vto.errors import ModelRefusedError, VtoError
from vto.ports import Engine, TryOnRequest
from vto.testing import FakePictures

pytestmark = pytest.mark.enable_socket

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
ONCE = Config(retries={"total_max_attempts": 1})
# the banner of preview, in the terms of docs/canvas.md, and what is told in a header, which the port does not have
ASIDE = ("leaves all that is white in the mask", "draws into", "returns no more than the mask", "draws a jpeg")


class PortClient:
    """The suite's client over the port ``Engine``: pictures go through storage, parameters as a job has them."""

    def __init__(self, engine: Engine, pictures: FakePictures) -> None:
        self._engine, self._pictures, self._numbers = engine, pictures, itertools.count()

    def invoke(self, body: bytes) -> Answer:
        document = json.loads(body)
        parameters = dict(document["virtualTryOnParams"])
        folder = f"conformance/{next(self._numbers)}/"

        def kept(name: str, text: str) -> S3Url:
            url = S3Url(UPLOADS, folder + name)
            self._pictures.put(str(url), base64.b64decode(text))
            return url

        source = kept("source", parameters.pop("sourceImage"))
        reference = kept("reference", parameters.pop("referenceImage"))
        mask = None
        if "imageBasedMask" in parameters:
            mask = kept("mask", parameters["imageBasedMask"]["maskImage"])
            parameters["imageBasedMask"] = {"maskImage": str(mask)}
        parameters["imageGenerationConfig"] = document.get("imageGenerationConfig", {})
        made = self._engine.generate(
            TryOnRequest(source, reference, mask, canonical(parameters), S3Url(RESULTS, folder))
        )
        answer: dict[str, Any] = {"images": [self._text(url) for url in made.images]}
        if made.mask:
            answer["maskImage"] = self._text(made.mask)
        return Answer(json.dumps(answer).encode(), {})

    def _text(self, url: str) -> str:
        return base64.b64encode(self._pictures.objects[url]).decode()


def answering(client: Any, reply: Callable[[bytes], tuple[int, dict[str, str], bytes]]) -> Any:
    """The client, with ``reply`` in place of the service; ``reply`` gets the body as it went over the wire."""

    def send(request: Any, **_: Any) -> AWSResponse:
        body = request.body if isinstance(request.body, bytes) else request.body.read()
        status, headers, content = reply(body)
        return AWSResponse(request.url, status, headers, _Raw(content))

    client.meta.events.register_first("before-send", send)
    return client


def nova_canvas(url: str, pictures: FakePictures, _: pytest.MonkeyPatch) -> Engine:
    client = boto3.client("bedrock-runtime", endpoint_url=url, config=ONCE, **KEYS)
    return NovaCanvas(client, pictures, "amazon.nova-canvas-v1:0")


def sagemaker(url: str, pictures: FakePictures, _: pytest.MonkeyPatch) -> Engine:
    def container(body: bytes) -> tuple[int, dict[str, str], bytes]:
        answer = httpx.post(url + "/invocations", content=body, timeout=60)
        if answer.status_code == 200:
            return 200, {"content-type": "application/json"}, answer.content
        said = {"OriginalStatusCode": answer.status_code, "OriginalMessage": answer.text, "Message": "from primary"}
        return 424, {"x-amzn-errortype": "ModelError"}, json.dumps(said).encode()

    client = boto3.client("sagemaker-runtime", config=ONCE, **KEYS)
    return CanvasEndpoint(answering(client, container), pictures, "vto-canvas")


def preview(_: str, pictures: FakePictures, monkeypatch: pytest.MonkeyPatch) -> Engine:
    class Storage:
        def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
            return {"Body": io.BytesIO(pictures.objects[str(S3Url(Bucket, Key))])}

        def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
            assert ContentType == "image/png"
            pictures.put(str(S3Url(Bucket, Key)), Body)

    def function(body: bytes) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, json.dumps(app.handler(json.loads(body), None)).encode()

    monkeypatch.setattr(app, "_s3", Storage)
    return Preview(answering(boto3.client("lambda", config=ONCE, **KEYS), function), "vto-render-preview")


class Remembering(PreviewEngine):
    """Draws each task once: two clients send the same ones, and it is the clients that are looked at."""

    def __init__(self) -> None:
        self._drawn: dict[str, Drawn] = {}

    def draw(self, task: TryOn) -> Drawn:
        seen_ = [picture.tobytes() if picture else b"" for picture in (task.source, task.reference, task.mask)]
        key = hashlib.sha256(b"|".join([*seen_, json.dumps(task.parameters, sort_keys=True).encode()])).hexdigest()
        if key not in self._drawn:
            self._drawn[key] = super().draw(task)
        return self._drawn[key]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    running = Running(Remembering(), Settings())
    yield f"http://127.0.0.1:{running.port}"
    running.stop()


def _is_plain(case: Case) -> bool:
    """Whether a case asks for pictures, of what the engine draws as asked."""
    if not isinstance(case.expected, Answered) or not isinstance(case.body, dict) or case.fault:
        return False
    size = seen(case.body["virtualTryOnParams"]["sourceImage"].removeprefix("@")).size
    needs = case.needs | needs_of(case.body, size[0] * size[1])
    return not lacking(needs, PreviewEngine.capabilities.document()) and not case.name.startswith(ASIDE)


# one of each group: all of them run against the endpoint itself elsewhere; seeds cost most and are the engine's alone
CASES = list({case.group: case for case in chosen(quick=True) if _is_plain(case) and case.group != "seeds"}.values())


@pytest.mark.parametrize("build", [nova_canvas, sagemaker, preview], ids=lambda build: build.__name__)
def test_the_pipeline_s_own_clients_keep_the_contract(
    build: Callable[..., Engine], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = FakePictures()
    runner = Runner(PortClient(build(endpoint, pictures, monkeypatch), pictures), PreviewEngine.capabilities.document())
    results = list(runner.run(CASES))
    assert len(results) >= 5
    assert {result.case.name: result.detail for result in results if result.outcome != "passed"} == {}


@pytest.mark.parametrize("build", [nova_canvas, sagemaker], ids=lambda build: build.__name__)
def test_a_refusal_of_the_endpoint_is_the_model_s_refusal(
    build: Callable[..., Engine], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = FakePictures()
    client = PortClient(build(endpoint, pictures, monkeypatch), pictures)
    body = json.loads(written(garment()))
    body["virtualTryOnParams"]["mergeStyle"] = "SOFT"
    with pytest.raises(VtoError, match="mergeStyle: must be one of") as caught:
        client.invoke(json.dumps(body).encode())
    assert type(caught.value) is ModelRefusedError
