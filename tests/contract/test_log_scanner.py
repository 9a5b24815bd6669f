"""A run of tests turns red when a line of the product tells what no log may hold, whoever writes the line, and how."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.deployed import ROOT

PLANTED = """
import base64, logging, os, subprocess, sys, threading
from pathlib import Path

import pytest

from tests.contract.deployed import environment, handler, module, replace_builders, use_environment
from tests.log_scanner.plugin import Heard, watch
from vto import telemetry
from vto.errors import InvalidRequestError, ModelFailedError, NotFoundError, Violation

TICKET = "hY3qT9xB0vLk2RwZ7nPfM5sJd8GcA1eUo4iVbXy6KtQ"


@pytest.fixture(autouse=True)
def deployed(monkeypatch):
    use_environment(monkeypatch, environment("api"))


def test_red_field():
    telemetry.logger().info("done", user="ada@example.com")


def test_red_key():
    telemetry.logger().append_keys(link="https://b/0.png?X-Amz-Signature=9f86d081884c7d65")
    telemetry.logger().info("done")
    telemetry.logger().clear_state()


def test_red_exception():
    @telemetry.observed("api")
    def handle(event, context):
        try:
            raise ValueError("from 203.0.113.24")
        except ValueError as cause:
            raise RuntimeError("fine") from cause

    with pytest.raises(RuntimeError):
        handle({}, None)


def test_red_raised_to_the_runtime(monkeypatch):
    def refuse(event, context):
        raise InvalidRequestError("body", [Violation("ada@example.com", "is not a known field", "remove it")])

    monkeypatch.setattr(module("connect"), "handler", refuse)
    with pytest.raises(InvalidRequestError):
        handler("connect")({})


def test_red_library():
    logging.getLogger("urllib3.connectionpool").warning("GET %s", f"/?ticket={TICKET}")


def test_red_metric():
    telemetry.count(f"message.{TICKET}")
    telemetry.metrics().flush_metrics()


def test_red_print():
    print(base64.b64encode(bytes(range(256)) * 4).decode())


def test_red_canvas():
    logging.getLogger("canvas").error("engine failed %s", {"maskPrompt": "the scar on my knee"})


def test_red_quiet_stack(monkeypatch):
    monkeypatch.setattr(telemetry, "logger", lambda: Heard("a quiet stack"))
    telemetry.report("comes again", ModelFailedError("Bearer 123456789"))


@pytest.mark.xfail(reason="a bug")
def test_red_expected_to_fail():
    logging.getLogger("vto").warning("no user ada@example.com")
    assert False


@pytest.fixture
def leaking():
    yield
    logging.getLogger("vto").warning("no user ada@example.com")


def test_red_while_tidying_up(leaking):
    pass


def test_green():
    telemetry.report("refused", NotFoundError("job-1"))
    logging.getLogger("moto").warning("ada@example.com")


def test_green_with_a_file(tmp_path):
    log = tmp_path / "canvas.log"
    watch(log)
    program = "print('fine', 'no user ada@example.com', sep=chr(10))"
    subprocess.run([sys.executable, "-c", program], stdout=log.open("w"), check=True)
"""


def run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The planted tests in a run of their own, with this project's conftest."""
    places = os.pathsep.join(str(ROOT / one) for one in (".", "layers/vto", "canvas", "client"))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        folder,
    ]
    return subprocess.run(
        [*command, "-c", os.devnull, *options, folder],
        env={"PYTHONPATH": places, "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_run_is_red_wherever_a_line_tells_too_much_and_does_not_repeat_it(tmp_path: Path, processes: str) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED)

    ran = run(tmp_path, "--numprocesses", processes, "-rA")

    told = ran.stdout
    passed = set(re.findall(r"^PASSED .*::(\w+)", told, re.MULTILINE))
    red = set(re.findall(r"^(?:FAILED|ERROR) .*::(\w+)", told, re.MULTILINE))
    assert red == set(re.findall(r"def (test_red\w+)", PLANTED)), told + ran.stderr
    assert {"test_green", "test_green_with_a_file"} <= passed
    rules = {"e mail", "signature", "network address", "token", "picture", "words"}
    assert all(f"{rule}, in a line of " in told for rule in rules)
    for where in ("logger vto", "logger urllib3.connectionpool", "logger canvas", "a quiet stack", "what was printed"):
        assert f"in a line of {where}" in told
    assert "Lambda's runtime for connect" in told
    assert re.search(r"log scanner.*e mail, in a line of \S*/canvas.log:2", told, re.DOTALL), told
    summary = "".join(line for line in told.splitlines() if "in a line of" in line)
    assert not [one for one in ("ada@", "hY3qT9", "203.0.113", "scar", "9f86d0") if one in summary]


def test_a_run_is_red_for_a_log_that_is_written_after_its_last_test(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(
        "import logging, pytest\n"
        "@pytest.fixture(scope='session', autouse=True)\n"
        "def stack(request):\n"
        "    yield\n"
        "    (request.config.rootpath / 'out/local/e2e').mkdir(parents=True)\n"
        "    (request.config.rootpath / 'out/local/e2e/emulator.log').write_text('no user ada@example.com')\n"
        "def test_green(): pass\n"
    )

    ran = run(tmp_path)

    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
    assert "e mail, in a line of e2e/emulator.log:1: no user «15 characters»" in ran.stdout
