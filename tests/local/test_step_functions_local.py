"""AWS's Step Functions Local is started as its image; a program of ours stands in for the docker command."""

import os
import sys
import urllib.request
from pathlib import Path

import pytest

from local import docker
from local.processes import StackError
from local.step_functions_local import IMAGE, running

pytestmark = pytest.mark.enable_socket

CLIENT = """#!/bin/sh
printf '%s\\n' "$*" >> "$HOME/calls"
[ "$1 $2" = "image inspect" ] && exec test -e "$HOME/image"
[ "$1" = pull ] && { echo "$DOCKER_PULL_FAILS"; [ -z "$DOCKER_PULL_FAILS" ] && exec touch "$HOME/image"; exit 1; }
[ "$1" = run ] || exit 0
env > "$HOME/environment"
port=$(printf '%s' "$*" | sed 's/.*--publish 127.0.0.1:\\([0-9]*\\):8083.*/\\1/')
exec "$DOCKER_STAND_IN" -m http.server --bind 127.0.0.1 "$port"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, in a path with a blank, of somebody who speaks to an engine by a context."""
    home = tmp_path / "a home"
    home.mkdir()
    (home / "docker").write_text(CLIENT)
    (home / "docker").chmod(0o755)
    (home / "image").touch()
    for name, value in {"HOME": home, "DOCKER_CONTEXT": "rootless", "DOCKER_STAND_IN": sys.executable}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("PATH", f"{home}{os.pathsep}{os.environ['PATH']}")
    return home


def test_it_runs_on_the_engine_that_the_shell_speaks_to_and_is_removed(home: Path) -> None:
    with running("docker", {"AWS_DEFAULT_REGION": "us-east-1"}, home / "logs", home / "mocks.json") as endpoint:
        assert urllib.request.urlopen(endpoint, timeout=5).status == 200
        seen = (home / "environment").read_text().splitlines()

    assert {"DOCKER_CONTEXT=rootless", "AWS_DEFAULT_REGION=us-east-1"} <= set(seen)
    assert not [line for line in seen if line.startswith("PYTHONPATH=")]
    asked, _, started, *_, removed = (home / "calls").read_text().splitlines()
    name = started.partition("--name ")[2].partition(" ")[0]
    assert (asked, removed) == ("info", f"rm --force {name}")
    assert f"source={home}/mocks.json,destination=/home/StepFunctionsLocal/MockConfigFile.json" in started
    assert "us-east-1" not in started  # values are not for everybody who lists processes


def test_an_image_that_is_not_here_is_pulled_before_the_clock_of_its_start_begins(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "image").unlink()
    for _ in range(2):
        with running("docker", {}, home / "logs"):
            pass

    calls = [line.split()[0] for line in (home / "calls").read_text().splitlines()]
    once = ["info", "image", "run", "rm"]
    assert calls == [*once[:2], "pull", *once[2:], *once]
    assert capsys.readouterr().err == f"Pulling {IMAGE}, once, which takes minutes\n"


def test_an_image_that_cannot_be_pulled_is_said_with_the_reason(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "image").unlink()
    monkeypatch.setenv("DOCKER_PULL_FAILS", "no such host")
    with pytest.raises(StackError, match=r"pull failed(.|\n)*no such host"), running("docker", {}, home / "logs"):
        pass


def test_without_docker_it_is_said_what_runs_the_same_cases(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home / "nowhere"))
    with pytest.raises(StackError, match=r"SFN_ENGINE=jar .*make test-fast") as told, running("docker", {}, home):
        pass
    assert docker.INSTEAD not in str(told.value)  # `make emulate` runs functions, not the machine
