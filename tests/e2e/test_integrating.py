"""docs/integrating.md: every snippet does what the page says, as it stands there, against the local stack."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from PIL import Image

from local.processes import free_ports, python_environment
from tests.e2e.conftest import World, eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "integrating.md"
ASIDE = ("make up\n", "VTO_API_URL/config")  # start the stack and point at it: the tests have one


def snippets(info: str) -> list[str]:
    """The snippets of the page after a fence with these words, without the indentation that a list gives them."""
    found = re.findall(rf"^( *)```{info}\n(.*?)^\1```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


@dataclass
class Reader:
    """Somebody who follows the page in one shell."""

    world: World
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "bin").mkdir()
        aws = self.folder / "bin" / "aws"
        aws.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "tests/e2e/aws_cli.py"}" "$@"\n')
        aws.chmod(0o755)
        endpoints = self.world.endpoints
        self.variables = {
            **python_environment(ROOT, ROOT / "client"),
            **endpoints.environment(),
            "PATH": f"{aws.parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "VTO_API_URL": endpoints.api_url,
            "VTO_USER_POOL_ID": endpoints.user_pool_id,
            "VTO_CLIENT_ID": endpoints.client_id,
            "WEBHOOK_SECRET_ARN": endpoints.outputs["WebhookSecretArn"],
            "NO_PROXY": "*",
        }

    def types(self, *scripts: str) -> str:
        """Run scripts one after the other in bash; what they export is there for whatever comes after."""
        kept = self.folder / "kept"
        script = "\n".join(["set -euo pipefail", *scripts, f"env -0 > '{kept}'"])
        ran = subprocess.run(
            ["bash"], input=script, cwd=ROOT, env=self.variables, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        told = (one.partition("=") for one in kept.read_text().split("\0") if one)
        self.variables |= {name: value for name, _, value in told if name.startswith(("VTO_", "WEBHOOK_"))}
        return ran.stdout

    def runs(self, name: str, text: str, **more: str) -> str:
        """Run a Python snippet to its end."""
        file = self.folder / name
        file.write_text(text)
        command = [sys.executable, str(file)]
        ran = subprocess.run(
            command, env=self.variables | more, capture_output=True, text=True, check=False, timeout=120
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    @contextmanager
    def serves(self, command: str, name: str, text: str) -> Iterator[tuple[str, Path]]:
        """Run a receiver for a while: its address, and where it writes what it was told."""
        (self.folder / name).write_text(text)
        port, said = free_ports(1)[0], self.folder / f"{name}.txt"
        with said.open("w") as out:
            process = subprocess.Popen(
                [command, str(self.folder / name)], env=self.variables | {"PORT": str(port)}, stdout=out
            )
            try:
                yield f"http://127.0.0.1:{port}/", said
            finally:
                process.terminate()
                process.wait(10)


@pytest.fixture
def reader(world: World, tmp_path: Path) -> Reader:
    return Reader(world, tmp_path)


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] = dict(attrs)


def post(address: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a message as the stack did, as soon as somebody listens."""
    for _ in range(100):
        try:
            return httpx.post(address, content=body, headers=headers, trust_env=False).status_code
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError(f"nobody listens at {address}")


def test_the_button_of_the_page_is_that_of_the_example_and_its_configuration_is_written(
    world: World, reader: Reader, tmp_path: Path
) -> None:
    (button,) = snippets("html")
    tags, example = Tags(button).found, Tags((ROOT / "web/examples/shop.html").read_text()).found
    assert tags["vto-button"] == example["vto-button"]
    assert Path(str(tags["script"]["src"])).name == Path(str(example["script"]["src"])).name == "vto-button.js"
    assert world.row("products", product_id=str(tags["vto-button"]["product-id"]))
    (commands,) = [one for one in snippets("bash") if "page_config" in one]
    configuration, headers = commands.replace(" vto ", f" {world.endpoints.name} ").splitlines()

    reader.types(configuration.replace("web/config.json", str(tmp_path / "config.json")))
    assert json.loads((tmp_path / "config.json").read_text())["userPoolId"] == world.endpoints.user_pool_id
    assert "frame-ancestors" in (told := reader.types(headers))
    assert "https://shop.example" in told


def test_a_server_asks_is_told_and_believes_nobody_else(world: World, reader: Reader) -> None:
    shell = [one for one in snippets("bash") if "page_config" not in one and not any(word in one for word in ASIDE)]
    said = reader.types(*shell).split()
    assert (said[-2], said[-1].startswith("http")) == ("completed", True)

    (polling,) = snippets("python polling")
    job_id, size, _ = reader.runs("polling.py", polling).split()
    assert int(size) > 1000

    (told,) = eventually(lambda: world.shop.told_of(job_id))
    (example,) = snippets("json webhook")
    message = json.loads(told.body)
    assert message.keys() == json.loads(example).keys()
    assert message["data"].keys() == json.loads(example)["data"].keys()
    assert message["data"]["request_id"] == "order-1017-2"

    proof = {name: value for name, value in told.headers.items() if name.startswith("webhook-")}
    (python,), (node,) = snippets("python receiver"), snippets("js receiver")
    receivers = [(sys.executable, "receiver.py", python)]
    if shutil.which("node"):
        receivers.append(("node", "receiver.mjs", node))
    for command, name, text in receivers:
        with reader.serves(command, name, text) as (address, said_there):
            assert post(address, told.body, proof) == 204, name
            assert post(address, told.body, proof) == 204, "twice is harmless"
            assert post(address, told.body.replace(b"completed", b"forgotten"), proof) == 401, name
            assert post(address, told.body, {**proof, "webhook-timestamp": "1700000000"}) == 401, name
            eventually(lambda file=said_there: file.read_text())
        assert said_there.read_text() == f"{job_id} completed\n", name


def test_a_screen_keeps_nothing_of_its_visitor(world: World, reader: Reader, tmp_path: Path) -> None:
    Image.new("RGB", (600, 900), "teal").save(tmp_path / "visitor.jpg")
    (account,) = [one for one in snippets("bash") if "admin-create-user" in one]
    reader.types(account.replace("server@", "kiosk@"))
    (kiosk,) = snippets("python kiosk")

    assert "bytes to show" in reader.runs("kiosk.py", kiosk, PHOTO=str(tmp_path / "visitor.jpg"))

    user = world.client("cognito-idp").admin_get_user(
        UserPoolId=world.endpoints.user_pool_id, Username=reader.variables["VTO_USER"]
    )
    owner = next(one["Value"] for one in user["UserAttributes"] if one["Name"] == "sub")

    def nothing_is_left() -> bool:
        found = world.client("s3").list_object_versions(
            Bucket=world.endpoints.buckets["uploads"], Prefix=f"prepared/models/users/{owner}/"
        )
        return not found.get("Versions") and not found.get("DeleteMarkers")

    eventually(nothing_is_left, timeout=60)
