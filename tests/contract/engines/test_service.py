"""The endpoint as a service: what a load balancer, a monitor and a crowd of callers see of it."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conformance.case import changed, configured, garment
from conformance.run import written
from tests.contract.canvas.conftest import MODEL, Server, start, stop

from .conftest import start_fashn

pytestmark = pytest.mark.enable_socket

BODY = written(garment())


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def ping(server: Server) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(server.url + "/ping")
    return answer.status_code, answer.json()


def invoke(server: Server, body: bytes = BODY) -> httpx.Response:
    return httpx.post(f"{server.url}/model/{MODEL}/invoke", content=body, timeout=60)


def figure(server: Server, name: str) -> float:
    text = httpx.get(server.url + "/metrics").text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} in {text}"
    return float(found[1])


@contextmanager
def fashn(folder: Path, *options: str, **environment: str) -> Iterator[Server]:
    server = start_fashn(folder, *options, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            stop(server)


@contextmanager
def busy(server: Server, calls: int) -> Iterator[list[httpx.Response]]:
    """Calls on the way while the block runs; their answers are in the list when it has ended."""
    answers: list[httpx.Response] = []
    with ThreadPoolExecutor(calls) as pool:
        asked = [pool.submit(invoke, server) for _ in range(calls)]
        yield answers
        answers += [call.result() for call in asked]


def test_ping_says_503_while_the_engine_loads_and_calls_are_told_to_come_back(tmp_path: Path) -> None:
    with fashn(tmp_path, STAND_IN_LOADS="1.5") as server:
        assert ping(server) == (503, {"status": "loading"})
        refused = invoke(server)
        assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (429, "ModelNotReadyException")
        until(lambda: ping(server) == (200, {"status": "ok"}))
        assert invoke(server).status_code == 200


def test_an_engine_that_cannot_start_stays_at_503_and_says_once_what_is_missing(tmp_path: Path) -> None:
    with fashn(tmp_path, CANVAS_FASHN_WEIGHTS=str(tmp_path / "none")) as server:
        until(lambda: ping(server)[1]["status"] == "failed")
        status, said = ping(server)
        assert status == 503
        assert "model.safetensors" in said["reason"]
        assert "CANVAS_FASHN_WEIGHTS" in said["reason"]
        refused = invoke(server)
        assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (503, "ServiceUnavailableException")
        lines = [line for line in server.lines() if line["message"] == "engine did not start"]
        assert [line["level"] for line in lines] == ["ERROR"]


def test_a_gpu_that_fails_takes_the_endpoint_out_of_service(tmp_path: Path) -> None:
    with fashn(tmp_path, STAND_IN_BREAKS="CUDA error: unspecified launch failure") as server:
        until(lambda: ping(server)[0] == 200)
        assert invoke(server).status_code == 503
        status, said = ping(server)
        assert (status, said["status"]) == (503, "failed")
        assert "unspecified launch failure" in said["reason"]


def test_no_gpu_memory_is_a_503_that_a_retry_may_mend(tmp_path: Path) -> None:
    with fashn(tmp_path, STAND_IN_BREAKS="CUDA out of memory") as server:
        until(lambda: ping(server)[0] == 200)
        refused = invoke(server)
        assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (503, "ServiceUnavailableException")
        assert ping(server)[0] == 200


def test_callers_beyond_the_line_get_429_at_once_and_those_in_it_after_their_wait(tmp_path: Path) -> None:
    with fashn(tmp_path, "--waiting", "1", "--wait", "0.4", STAND_IN_DRAWS="1.5") as server:
        until(lambda: ping(server)[0] == 200)
        with busy(server, 1) as first:
            until(lambda: figure(server, "canvas_drawing") == 1)
            with busy(server, 1) as second:
                until(lambda: figure(server, "canvas_waiting") == 1)
                started = time.monotonic()
                third = invoke(server)
                assert time.monotonic() - started < 0.4
        assert (third.status_code, third.headers["x-amzn-errortype"]) == (429, "ThrottlingException")
        assert "retry-after" not in third.headers
        assert [answer.status_code for answer in second] == [429]
        assert [answer.status_code for answer in first] == [200]
        assert figure(server, "canvas_requests_in_flight") == 0


def test_boto3_knows_the_exception_of_a_full_endpoint(tmp_path: Path) -> None:
    with fashn(tmp_path, "--waiting", "0", STAND_IN_DRAWS="1") as server:
        until(lambda: ping(server)[0] == 200)
        bedrock = boto3.client(
            "bedrock-runtime", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip
        with busy(server, 1):
            until(lambda: figure(server, "canvas_drawing") == 1)
            with pytest.raises(ClientError) as caught:
                bedrock.invoke_model(modelId=MODEL, body=BODY)
        assert type(caught.value).__name__ == "ThrottlingException"


def test_a_call_that_takes_too_long_gets_408_and_its_place_is_free_when_it_ends(tmp_path: Path) -> None:
    with fashn(tmp_path, "--timeout", "0.5", STAND_IN_DRAWS="1.2") as server:
        until(lambda: ping(server)[0] == 200)
        late = invoke(server)
        assert (late.status_code, late.headers["x-amzn-errortype"]) == (408, "ModelTimeoutException")
        assert figure(server, "canvas_drawing") == 1
        until(lambda: figure(server, "canvas_drawing") == 0)


def test_a_body_that_does_not_come_in_time_gets_408(tmp_path: Path) -> None:
    def trickle() -> Iterator[bytes]:
        yield b"{"
        time.sleep(1.0)
        yield b"}"

    server = start(tmp_path, "--timeout", "0.3")
    try:
        answer = httpx.post(f"{server.url}/invocations", content=trickle(), timeout=10)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (408, "ModelTimeoutException")
    finally:
        assert stop(server) == 0


def test_stopping_finishes_what_is_drawn_sends_away_who_waits_and_takes_nobody(tmp_path: Path) -> None:
    with fashn(tmp_path, STAND_IN_DRAWS="1.5") as server:
        until(lambda: ping(server)[0] == 200)
        with busy(server, 1) as drawing:
            until(lambda: figure(server, "canvas_drawing") == 1)
            with busy(server, 1) as waiting:
                until(lambda: figure(server, "canvas_waiting") == 1)
                ended: list[int] = []
                stopping = threading.Thread(target=lambda: ended.append(stop(server)))
                stopping.start()
                time.sleep(0.3)
                with pytest.raises(httpx.TransportError):
                    invoke(server)
            stopping.join(30)
    assert [answer.status_code for answer in drawing] == [200]
    assert [answer.status_code for answer in waiting] == [503]
    assert ended == [0]


def test_a_drawing_that_does_not_end_is_given_up_after_the_grace_and_the_exit_code_says_so(tmp_path: Path) -> None:
    with fashn(tmp_path, "--grace", "1", STAND_IN_DRAWS="20") as server:
        until(lambda: ping(server)[0] == 200)
        with busy(server, 1) as drawing:
            until(lambda: figure(server, "canvas_drawing") == 1)
            started = time.monotonic()
            assert stop(server) == 1
            assert time.monotonic() - started < 10
        assert [answer.status_code for answer in drawing] == [503]
        assert drawing[0].headers["x-amzn-errortype"] == "ServiceUnavailableException"
        assert server.lines()[-1]["message"] == "stopped while a picture was being read or drawn"


def test_what_an_engine_can_do_is_told_and_what_it_did_otherwise_too(tmp_path: Path) -> None:
    with fashn(tmp_path) as server:
        until(lambda: ping(server)[0] == 200)
        document = httpx.get(server.url + "/capabilities").json()
        assert document["engine"] == "fashn"
        assert document["maskTypes"] == ["GARMENT", "IMAGE"]
        assert document["faults"] is False
        body = configured(garment(mergeStyle="DETAILED"), numberOfImages=5)
        answer = httpx.post(server.url + "/invocations", content=written(body), timeout=30)
        assert answer.headers["x-vto-adapted"] == "mergeStyle=BALANCED"
        # SageMaker strips all headers but its own
        assert answer.headers["x-amzn-sagemaker-custom-attributes"] == "x-vto-adapted=mergeStyle=BALANCED"
        assert set(answer.json()) == {"images", "maskImage"}
        whole = invoke(server)
        assert "x-vto-adapted" not in whole.headers
        assert figure(server, 'canvas_adapted_total{field="mergeStyle"}') == 1
        assert figure(server, "canvas_pictures_total") == 6
        line = next(one for one in server.lines() if one["message"] == "invoke")
        assert line["adapted"] == ["mergeStyle=BALANCED"]


def test_what_goes_wrong_is_counted_by_its_type(tmp_path: Path) -> None:
    server = start(tmp_path)
    try:
        invoke(server, b"{}")
        invoke(server, written(changed(garment(), {"imageGenerationConfig.seed": -1})))
        assert figure(server, 'canvas_requests_total{status="400",error_type="ValidationException"}') == 2
        assert figure(server, "canvas_state_ready") == 1
        answer = httpx.get(server.url + "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    finally:
        assert stop(server) == 0


def test_a_sender_of_far_too_much_hears_so_in_both_forms(tmp_path: Path) -> None:
    server = start(tmp_path)
    try:
        for path in (f"/model/{MODEL}/invoke", "/invocations"):
            answer = httpx.post(server.url + path, content=b" " * 40_000_000, timeout=30)
            assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
            assert "25000000" in json.loads(answer.content)["message"]
    finally:
        assert stop(server) == 0
