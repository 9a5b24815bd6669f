"""The endpoint on the wire: what boto3's Bedrock client and SageMaker's runtime get from it."""

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from PIL import Image

from .conftest import MODEL, RETIRED, Server, start, stop, text

pytestmark = pytest.mark.enable_socket

Build = Callable[..., dict[str, Any]]


def invoke(bedrock: Any, body: dict[str, Any], model: str = MODEL) -> dict[str, Any]:
    answer = bedrock.invoke_model(
        modelId=model, body=json.dumps(body), contentType="application/json", accept="application/json"
    )
    assert answer["contentType"] == "application/json"
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36
    read: dict[str, Any] = json.loads(answer["body"].read())
    return read


def refused(bedrock: Any, body: dict[str, Any], model: str = MODEL) -> ClientError:
    with pytest.raises(ClientError) as caught:
        invoke(bedrock, body, model)
    assert len(caught.value.response["ResponseMetadata"]["RequestId"]) == 36
    return caught.value


def opened(encoded: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(encoded, validate=True)))
    assert image.format == "PNG"
    return image


def test_boto3_gets_pictures_and_the_mask(bedrock: Any, request_body: Build, person: Image.Image) -> None:
    answer = invoke(bedrock, request_body({"numberOfImages": 2, "seed": 5}, returnMask=True))
    assert set(answer) == {"images", "maskImage"}
    images = [opened(one) for one in answer["images"]]
    mask = opened(answer["maskImage"])
    assert [image.size for image in [*images, mask]] == [person.size] * 3
    assert len({image.tobytes() for image in images}) == 2
    values = np.asarray(mask.convert("L"))
    assert set(np.unique(values).tolist()) == {0, 255}
    keep = values == 255
    assert keep[0, 0]  # black is edited, white is kept: the corner is kept
    assert np.array_equal(np.asarray(images[0])[keep], np.asarray(person)[keep])


def test_no_mask_and_no_error_field_come_unasked(bedrock: Any, request_body: Build) -> None:
    assert set(invoke(bedrock, request_body())) == {"images"}


def test_the_same_seed_gives_the_same_bytes(bedrock: Any, request_body: Build) -> None:
    assert invoke(bedrock, request_body({"seed": 0})) == invoke(bedrock, request_body({"seed": 0}))


@pytest.mark.parametrize("model", ["any.model-v9:2", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc"])
def test_any_model_id_is_served(model: str, bedrock: Any, request_body: Build) -> None:
    assert invoke(bedrock, request_body(), model)["images"]


def test_masks_by_picture_and_by_prompt_are_served_too(bedrock: Any, request_body: Build, person: Image.Image) -> None:
    mask = Image.new("L", person.size, 255)
    mask.paste(0, (100, 100, 220, 260))
    by_picture = request_body(maskType="IMAGE", garmentBasedMask=None, imageBasedMask={"maskImage": text(mask)})
    by_prompt = request_body(maskType="PROMPT", garmentBasedMask=None, promptBasedMask={"maskPrompt": "white shirt"})
    for body in (by_picture, by_prompt):
        assert opened(invoke(bedrock, body)["images"][0]).size == person.size


def test_sagemaker_s_container_contract_gets_the_same_answer(
    endpoint: Server, bedrock: Any, request_body: Build
) -> None:
    ping = httpx.get(endpoint.url + "/ping")
    assert ping.status_code == 200
    answer = httpx.post(endpoint.url + "/invocations", json=request_body(), timeout=30)
    assert answer.status_code == 200
    assert answer.headers["x-amzn-requestid"]
    assert answer.json() == invoke(bedrock, request_body())


def test_a_bad_request_names_every_problem(bedrock: Any, request_body: Build) -> None:
    body = request_body({"seed": -1, "width": 512}, mergeStyle="SOFT", garmentBasedMask=None, sourceImage="%")
    error = refused(bedrock, body)
    assert error.response["Error"]["Code"] == "ValidationException"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    for part in ("seed", "width", "mergeStyle", "garmentBasedMask", "sourceImage"):
        assert part in error.response["Error"]["Message"]


def test_a_body_over_25_million_bytes_is_refused(endpoint: Server) -> None:
    answer = httpx.post(f"{endpoint.url}/model/{MODEL}/invoke", content=b" " * 25_000_001, timeout=30)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")


def test_a_retired_model_says_so(bedrock: Any, request_body: Build) -> None:
    error = refused(bedrock, request_body(), RETIRED)
    assert error.response["Error"]["Code"] == "ResourceNotFoundException"
    assert "end of its life" in error.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("kind", "code", "status", "words"),
    [
        ("throttle", "ThrottlingException", 429, "Too many requests"),
        ("unavailable", "ServiceUnavailableException", 503, "unable to process"),
        ("internal", "InternalServerException", 500, "unexpected error"),
        ("timeout", "ModelTimeoutException", 408, "timed out"),
        ("retired", "ResourceNotFoundException", 404, "end of its life"),
        ("access_denied", "AccessDeniedException", 403, "don't have access"),
        ("block_text", "ValidationException", 400, "blocked by our content filters. Please adjust your text prompt"),
        ("block_image", "ValidationException", 400, "blocked by our content filters. Please adjust your input image"),
    ],
)
def test_a_planned_error_is_the_one_that_bedrock_sends(
    kind: str, code: str, status: int, words: str, bedrock: Any, plan: Callable[..., None], request_body: Build
) -> None:
    plan(kind)
    error = refused(bedrock, request_body())
    assert error.response["Error"]["Code"] == code
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert words in error.response["Error"]["Message"]
    assert "retry-after" not in error.response["ResponseMetadata"]["HTTPHeaders"]
    # boto3 has a class for it, so the code is one of the service's own
    assert type(error).__name__ == code


def test_blocked_outputs_come_with_200_and_say_so(bedrock: Any, plan: Callable[..., None], request_body: Build) -> None:
    plan("block_all")
    answer = invoke(bedrock, request_body({"numberOfImages": 3}))
    assert answer == {"images": [], "error": "All of the generated images have been blocked by our content filters."}
    plan("block_some")
    answer = invoke(bedrock, request_body({"numberOfImages": 3}))
    assert len(answer["images"]) == 2
    assert answer["error"].startswith("Some of the generated images")


def test_garbage_comes_with_200(endpoint: Server, bedrock: Any, plan: Callable[..., None], request_body: Build) -> None:
    plan("garbage_json")
    assert "images" not in invoke(bedrock, request_body())
    plan("garbage_image")
    with pytest.raises(OSError, match="cannot identify"):
        opened(invoke(bedrock, request_body())["images"][0])
    plan("not_json")
    with pytest.raises(json.JSONDecodeError):
        invoke(bedrock, request_body())


def test_a_dropped_connection_gives_no_answer(bedrock: Any, plan: Callable[..., None], request_body: Build) -> None:
    plan("drop")
    with pytest.raises(ConnectionClosedError):
        invoke(bedrock, request_body())


def test_a_slow_answer_is_held_back(bedrock: Any, plan: Callable[..., None], request_body: Build) -> None:
    plan("slow", seconds=0.8)
    started = time.monotonic()
    assert invoke(bedrock, request_body())["images"]
    assert time.monotonic() - started > 0.8


def test_calls_are_counted_and_faults_end(
    endpoint: Server, bedrock: Any, plan: Callable[..., None], request_body: Build
) -> None:
    plan("throttle", times=2)
    for _ in range(2):
        refused(bedrock, request_body())
    assert httpx.get(endpoint.url + "/_calls").json() == {"calls": 2, "planned": 0}
    assert invoke(bedrock, request_body())["images"]
    assert httpx.delete(endpoint.url + "/_faults").json() == {"calls": 0, "planned": 0}


def test_a_fault_that_does_not_exist_is_refused(endpoint: Server) -> None:
    answer = httpx.post(endpoint.url + "/_faults", json={"faults": [{"kind": "typo"}]})
    assert answer.status_code == 400
    assert "throttle" in answer.json()["message"]
    assert httpx.post(endpoint.url + "/_faults", content=b"{").status_code == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", "/model/x/invoke"), ("POST", "/model/x/converse")]
)
def test_what_is_not_served_answers_as_aws_does(method: str, path: str, endpoint: Server) -> None:
    answer = httpx.request(method, endpoint.url + path)
    assert 400 <= answer.status_code < 500
    assert answer.headers["x-amzn-errortype"].endswith("Exception")
    assert answer.headers["x-amzn-requestid"]
    assert answer.json()["message"]


def test_the_log_is_json_lines_without_pictures(endpoint: Server, bedrock: Any, request_body: Build) -> None:
    body = request_body()
    invoke(bedrock, body)
    line = [one for one in endpoint.lines() if one["message"] == "invoke"][-1]
    assert line["status"] == 200
    assert line["model_id"] == MODEL
    assert line["images"] == 1
    assert line["seconds"] > 0
    assert body["virtualTryOnParams"]["sourceImage"][40:80] not in endpoint.log.read_text()


def test_faults_are_off_by_default_and_sigterm_ends_with_0(tmp_path: Path) -> None:
    server = start(tmp_path)
    for method, path in (("POST", "/_faults"), ("DELETE", "/_faults"), ("GET", "/_calls")):
        assert httpx.request(method, server.url + path).status_code == 404
    assert stop(server) == 0
    assert [line["message"] for line in server.lines()] == ["engine ready", "listening"]


def test_a_call_in_flight_is_answered_before_the_end(tmp_path: Path, request_body: Build) -> None:
    server = start(tmp_path, "--faults")
    fault = {"faults": [{"kind": "slow", "seconds": 0.7}]}
    httpx.post(server.url + "/_faults", json=fault)
    with httpx.Client(timeout=30) as client:
        answers: list[int] = []
        url = f"{server.url}/model/{MODEL}/invoke"
        caller = threading.Thread(target=lambda: answers.append(client.post(url, json=request_body()).status_code))
        caller.start()
        time.sleep(0.35)
        assert stop(server) == 0
        caller.join(30)
    assert answers == [200]


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, endpoint: Server) -> None:
    port = endpoint.url.rsplit(":", 1)[1]
    with pytest.raises(AssertionError) as caught:
        start(tmp_path, "--port", port)
    line = json.loads(str(caught.value).splitlines()[0].split("\n")[0])
    assert line["message"] == "cannot listen"
    assert "in use" in line["reason"]


def test_the_package_needs_nothing_of_the_pipeline() -> None:
    code = Path(__file__).parents[3] / "canvas" / "canvas"
    for file in code.rglob("*.py"):
        for line in file.read_text(encoding="utf-8").splitlines():
            assert not line.startswith(("import vto", "from vto", "import boto", "from boto")), file
