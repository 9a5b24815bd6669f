"""The Dockerfiles, as far as that can be told without Docker: what they copy is there, what they run starts."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from canvas.fashn.loading import FILES as FASHN_FILES
from canvas.fashn.loading import PARSER
from tests.contract.canvas.conftest import ROOT

CONTEXT = ROOT / "canvas"
FILES = ("Dockerfile", "fashn.Dockerfile")
each = pytest.mark.parametrize("file", FILES)

type Instruction = tuple[str, str]


def instructions(file: str) -> list[Instruction]:
    """Keyword and rest of each instruction, continuations joined, comments left out."""
    lines = [line for line in (CONTEXT / file).read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def values(file: str, keyword: str) -> list[str]:
    return [rest for word, rest in instructions(file) if word == keyword]


def settings(file: str) -> dict[str, str]:
    return dict(pair for rest in values(file, "ENV") for pair in re.findall(r"(\w+)=(\S+)", rest))


def locked(file: str) -> list[str]:
    """What the image installs of PyPI, a line each."""
    (name,) = re.findall(r"-r (\S+)", values(file, "RUN")[0])
    assert name in values(file, "COPY")[0].split()
    return [line for line in (CONTEXT / name).read_text().splitlines() if not line.startswith("#")]


def asked_for(name: str) -> Iterator[str]:
    """What the people who wrote it asked for, files that it includes too."""
    for line in (CONTEXT / name).read_text().splitlines():
        if line.startswith("-r "):
            yield from asked_for(line[3:])
        elif not line.startswith("#"):
            yield line


@each
def test_the_base_image_is_pinned_to_a_release(file: str) -> None:
    assert values(file, "FROM") == ["python:3.13.9-slim-bookworm"]


@each
def test_everything_it_copies_is_there_and_reaches_the_build(file: str) -> None:
    allowed = [line[1:] for line in (CONTEXT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for rest in values(file, "COPY"):
        *sources, _ = rest.split()
        for source in sources:
            assert (CONTEXT / source).exists(), source
            assert any(fnmatch(source.rstrip("/"), pattern) for pattern in allowed), source


@each
def test_what_is_installed_is_pinned(file: str) -> None:
    for line in locked(file):
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), line
    for command in values(file, "RUN"):
        for install in re.findall(r"pip install ([^&]+)", command):
            assert "--no-cache-dir" in install
            named = [word for word in install.split() if not word.startswith(("-", "requirements"))]
            assert all("==" in word or word == '"${PIPELINE}"' for word in named), named
    pipeline = [value for value in values(file, "ARG") if value.startswith("PIPELINE=")]
    assert all(re.search(r"/archive/[0-9a-f]{40}\.tar\.gz$", value) for value in pipeline)


@each
def test_what_is_installed_is_all_that_is_wanted_and_all_that_this_needs_in_turn(file: str) -> None:
    """As far as the packages are here, which tell what they need."""
    versions = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in locked(file)}
    for line in asked_for(f"requirements-{'fashn' if file == 'fashn.Dockerfile' else 'server'}.in"):
        name, _, version = line.partition("==")
        assert versions[canonicalize_name(name)] == version
    for name in versions:
        with suppress(PackageNotFoundError):
            for need in map(Requirement, requires(name) or []):
                if not need.marker or need.marker.evaluate({"extra": ""}):
                    assert need.specifier.contains(versions[canonicalize_name(need.name)]), f"{name} needs {need}"


def test_what_the_container_installs_is_what_the_tests_ran_with() -> None:
    tested = dict(line.split("==") for line in (ROOT / "requirements/dev.txt").read_text().splitlines() if "==" in line)
    here = {canonicalize_name(name): version for name, version in tested.items()}
    for line in locked("Dockerfile"):
        name, _, version = line.partition("==")
        assert here[canonicalize_name(name)] == version


@each
def test_it_does_not_run_as_root_and_nothing_is_installed_after_that(file: str) -> None:
    words = [word for word, _ in instructions(file)]
    assert values(file, "USER") == ["${RUN_AS}"]
    assert values(file, "ARG")[0] == "RUN_AS=10001"
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :])
    assert "ADD" not in words
    assert "sudo" not in (CONTEXT / file).read_text()


@each
def test_it_keeps_sagemaker_s_contract(file: str) -> None:
    assert values(file, "EXPOSE") == ["8080"]
    assert values(file, "ENTRYPOINT") == ['["python", "-m", "canvas"]']  # exec form: it gets SIGTERM itself
    assert values(file, "CMD")[-1] == '["serve"]'
    assert float(settings(file)["CANVAS_TIMEOUT"]) < 60
    assert settings(file)["CANVAS_ENGINE"] == {"Dockerfile": "preview", "fashn.Dockerfile": "fashn"}[file]


def test_no_fault_can_be_planned_in_a_container() -> None:
    for file in FILES:
        assert "--faults" not in (CONTEXT / file).read_text()


@each
@pytest.mark.enable_socket
def test_what_it_runs_starts_here_answers_ping_and_ends_with_0(file: str, tmp_path: Path) -> None:
    """As in the container: its environment, its command with SageMaker's argument, its port through the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = settings(file) | {"PYTHONPATH": str(CONTEXT), "CANVAS_PORT": str(port), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "canvas", "serve"]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        answer = None
        for _ in range(400):
            assert process.poll() is None, process.stderr and process.stderr.read()
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/ping")
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.json()["status"] != "loading":
                break
        assert answer is not None
        if file == "Dockerfile":
            assert answer.status_code == 200
        else:  # there is neither the package nor a GPU here, and it says so
            assert answer.status_code == 503
            assert "The package torch is not installed" in answer.json()["reason"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


@each
def test_the_health_check_is_code_that_runs(file: str) -> None:
    (check,) = values(file, "HEALTHCHECK")
    code = re.search(r'"-c", "([^"]+)"', check)
    assert code
    compile(code[1], file, "exec")
    assert "8080/ping" in code[1]


def test_the_guide_s_folder_is_the_one_that_the_engine_looks_for() -> None:
    guide = (ROOT / "docs/engines.md").read_text(encoding="utf-8")
    shown = guide[guide.index("weights/\n├──") :].partition("```")[0]
    for name in FASHN_FILES:
        assert f"── {name}\n" in shown
    home = settings("fashn.Dockerfile")["HF_HOME"].removeprefix(settings("fashn.Dockerfile")["CANVAS_FASHN_WEIGHTS"])
    assert f"── {home.strip('/')}/hub/{PARSER}/\n" in shown
    assert f"-f canvas/fashn.Dockerfile -t $REGISTRY/canvas-fashn:1 {CONTEXT.name}\n" in guide


def test_the_guide_s_weights_are_not_packed_because_the_template_does_not_unpack_them() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert "{S3Uri: !Ref CanvasWeights, S3DataType: S3Prefix, CompressionType: None}" in template
    assert "tar.gz" not in (ROOT / "docs/engines.md").read_text(encoding="utf-8")


def test_whoever_deploys_the_model_is_told_of_its_licence_first() -> None:
    section = (ROOT / "docs/deploying.md").read_text(encoding="utf-8").split("### sagemaker\n")[1].split("\n### ")[0]
    assert "non-commercial" in section.split("\n1. ")[0]
