"""`make sam-local`, as far as it goes without Docker: how containers reach the stack, and what SAM is given to run."""

import json
import socket
import stat
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

import local.__main__ as command
from local import docker
from local import running as stacks
from local.artefacts import built
from local.docker import address_for_containers, ask
from local.forwarder import forwarding
from local.processes import StackError
from local.sam_local import SamLocal, derived_template
from tests.local.conftest import PROBE, ROOT

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def echo():
    """A server on loopback that says everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while said := connection.recv(65536):
                        connection.sendall(said)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def said_back(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as there:
        there.sendall(text)
        there.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: there.recv(65536), b""))


def test_the_forwarder_passes_everything_on_and_ends_with_its_block(echo):
    with forwarding("127.0.0.1", echo) as port:
        assert said_back(port, b"hello") == b"hello"
        assert said_back(port, b"x" * 3_000_000) == b"x" * 3_000_000
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_forwarder_survives_a_stack_that_has_ended():
    with socket.create_server(("127.0.0.1", 0)) as held:
        gone = held.getsockname()[1]
    with forwarding("127.0.0.1", gone) as port:
        assert said_back(port, b"") == b""


def test_an_address_of_another_machine_is_refused_with_what_works_instead(echo):
    with (
        pytest.raises(StackError, match=r"cannot listen on 203\.0\.113\.1.*make emulate"),
        forwarding("203.0.113.1", echo),
    ):
        pass


@pytest.mark.parametrize(
    ("system", "settings", "address"),
    [
        ("Debian GNU/Linux 12", [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.9"}], "172.17.0.9"),
        ("Debian GNU/Linux 12", [{"Subnet": "172.18.0.0/16"}], "172.18.0.1"),
        ("Docker Desktop", None, "host.docker.internal"),
    ],
)
def test_containers_find_this_machine_at_the_gateway_of_their_bridge(system, settings, address):
    def told(what, *_):
        return system if what == "info" else json.dumps([{"IPAM": {"Config": settings}}])

    assert address_for_containers(told) == address


def test_a_bridge_without_an_address_is_an_error():
    with pytest.raises(StackError, match="has no address"):
        address_for_containers(lambda what, *_: "Linux" if what == "info" else '[{"IPAM": {"Config": null}}]')


def program(folder, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_without_docker_one_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="no docker command on the PATH; install Docker, or: `make emulate`"):
        ask("info")
    program(tmp_path, "docker", "echo first >&2; echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    with pytest.raises(StackError, match=r"engine does not answer; start it(.|\n)*Cannot connect"):
        ask("info")


@pytest.fixture(scope="module")
def template(probe, tmp_path_factory):
    work = tmp_path_factory.mktemp("sam-local")
    with built(ROOT, PROBE, work) as build:
        yield derived_template(build, probe.endpoints, "172.17.0.1:4000")


def test_the_derived_template_has_the_built_functions_as_they_are_deployed(template, probe):
    work = template["Resources"]["WorkFunction"]["Properties"]
    assert work["FunctionName"] == probe.stack.function_name("WorkFunction")
    assert (work["Timeout"], work["Handler"], work["MemorySize"]) == (2, "app.work", 128)
    assert Path(work["CodeUri"]).is_absolute()
    for layer in work["Layers"]:
        assert Path(template["Resources"][layer["Ref"]]["Properties"]["ContentUri"]).is_absolute()
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert kinds == {"AWS::Serverless::Function", "AWS::Serverless::LayerVersion"}


def test_the_derived_template_declares_where_the_stack_is_and_whose_role_asks(template, probe):
    seen = template["Resources"]["WorkFunction"]["Properties"]["Environment"]["Variables"]
    assert seen["AWS_ENDPOINT_URL"] == "http://172.17.0.1:4000"
    assert seen["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert seen["ITEMS"] == probe.endpoints.tables["items"]
    assert probe.endpoints.aws.removeprefix("http://") not in json.dumps(template)
    assert not [name for name in seen if name.startswith("AWS_LAMBDA_")]  # SAM sets those


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo '{\"statusCode\": 200}'", ""),
        ('echo \'{"errorType": "KeyError", "errorMessage": "x"}\'', "KeyError"),
        ("true", "No answer"),
        ("echo 'Task timed out after 3.00 seconds'", "Sandbox.Timedout"),
    ],
)
def test_a_failed_function_is_told_by_its_answer_since_sam_ends_with_0(tmp_path, script, error):
    local = SamLocal(tmp_path / "template.json")
    program(tmp_path, "sam", script)
    local._sam = tmp_path / "sam"
    assert local.invoke("ApiFunction", "{}").error == error


def test_a_failure_of_sam_itself_is_an_error(tmp_path):
    local = SamLocal(tmp_path / "template.json")
    program(tmp_path, "sam", "exit 3")
    local._sam = tmp_path / "sam"
    with pytest.raises(StackError, match="sam local invoke failed"):
        local.invoke("ApiFunction", "{}")


def test_an_image_that_is_here_already_is_not_pulled(tmp_path):
    local = SamLocal(tmp_path / "template.json", "local/lambda-python:3.13")
    program(tmp_path, "sam", 'echo "\\"$*\\""')
    local._sam = tmp_path / "sam"
    assert "--invoke-image local/lambda-python:3.13 --skip-pull-image" in local.invoke("ApiFunction", "{}").value


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(command.app, [str(argument) for argument in arguments])


@pytest.fixture
def running(probe, tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "RUNNING", tmp_path / "running.json")
    with stacks.announced(probe.endpoints, probe.stack.sign_in("somebody@example.com")):
        yield


@pytest.fixture
def docker_runs(tmp_path, monkeypatch):
    """A docker command whose engine answers."""
    program(tmp_path, "docker", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_a_running_stack_one_is_told_how_to_start_it(run, docker_runs, tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "RUNNING", tmp_path / "running.json")
    for arguments in (("sam-local", "api", "event.json"), ("sfn",)):
        ran = run(*arguments)
        assert (ran.exit_code, "`make up` in another terminal" in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("sam-local", "nobody", "events/api/accepted.json"), "no function nobody; it has"),
        (("sam-local", "work", "events/api/nothing.json"), "nothing.json cannot be read"),
        (("sam-local", "work", "events/api/nothing.json"), "accepted.json"),
        (("sam-local", "work", ""), "no event is named; EVENT=events/"),
        (("sfn", "--engine", "steam"), "the engine is steam; it must be one of docker, jar, moto"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_built(run, docker_runs, running, arguments, problem):
    ran = run(*arguments)
    assert ran.exit_code == 1
    assert problem in ran.stderr


@pytest.mark.parametrize("arguments", [("sam-local", "api", "event.json"), ("sfn",)])
def test_a_missing_docker_is_said_before_a_stack_is_asked_for(run, tmp_path, monkeypatch, arguments):
    monkeypatch.setattr(stacks, "RUNNING", tmp_path / "running.json")
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = run(*arguments)
    assert (ran.exit_code, "there is no docker command" in ran.stderr) == (1, True)
    assert docker.INSTEAD in ran.stderr
