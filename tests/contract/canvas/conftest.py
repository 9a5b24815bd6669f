"""One canvas endpoint, started as people start it, for all tests of the wire."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from PIL import Image

from samples.catalogue import sample
from tests.log_scanner.plugin import watch

ROOT = Path(__file__).parents[3]
RETIRED = "amazon.titan-image-generator-v1"
MODEL = "amazon.nova-canvas-v1:0"
PASSED_ON = ("PATH", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[str]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def start(folder: Path, *options: str, environment: dict[str, str] | None = None, module: str = "canvas") -> Server:
    port_file, log = folder / "port", folder / "log"
    watch(log)
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", "0", "--port-file", str(port_file), *options],
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ}
            | {"PYTHONPATH": str(ROOT / "canvas")}
            | (environment or {}),
            stderr=stream,
            text=True,
            cwd=folder,
        )
    for _ in range(600):
        if port_file.exists():
            break
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    return Server(f"http://127.0.0.1:{int(port_file.read_text())}", process, log)


def stop(server: Server) -> int:
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(30)


@pytest.fixture(scope="session")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start(tmp_path_factory.mktemp("canvas"), "--faults", "--engine", "preview", "--retired", RETIRED)
    yield server
    assert stop(server) == 0


@pytest.fixture
def endpoint(_endpoint: Server, socket_enabled: None) -> Server:
    httpx.delete(_endpoint.url + "/_faults")
    return _endpoint


@pytest.fixture
def bedrock(endpoint: Server) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=30)
    return boto3.client(
        "bedrock-runtime", endpoint_url=endpoint.url, region_name="us-east-1", config=config,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip


@pytest.fixture
def plan(endpoint: Server) -> Callable[..., None]:
    """plan(kind, times=1, seconds=0): the next calls go wrong."""

    def order(kind: str, times: int = 1, seconds: float = 0) -> None:
        fault = {"kind": kind, "times": times, "seconds": seconds}
        assert httpx.post(endpoint.url + "/_faults", json={"faults": [fault]}).status_code == 200

    return order


def text(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture(scope="session")
def person() -> Image.Image:
    return sample("standing-person.png").draw().resize((320, 480))


@pytest.fixture(scope="session")
def request_body(person: Image.Image) -> Callable[..., dict[str, Any]]:
    """request_body(config=None, **params): a good request for a T-shirt, changed by the arguments."""
    pictures = {
        "sourceImage": text(person),
        "referenceImage": text(sample("striped-t-shirt.jpg").draw().resize((336, 384))),
    }

    def build(config: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        merged = pictures | {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}} | params
        kept = {key: value for key, value in merged.items() if value is not None}
        body: dict[str, Any] = {"taskType": "VIRTUAL_TRY_ON", "virtualTryOnParams": kept}
        return body | ({"imageGenerationConfig": config} if config else {})

    return build
