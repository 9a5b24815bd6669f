"""`python -m local` keeps a stack running for people, and says what is wrong in their words."""

import json
import os
import signal
import subprocess
import sys

import pytest
from botocore.exceptions import EndpointConnectionError
from typer.testing import CliRunner

import local.__main__ as command
from local import running as stacks
from local.stack import Login
from tests.local.conftest import PROBE, ROOT, eventually

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(command.app, [str(argument) for argument in arguments])


@pytest.fixture
def running(probe, tmp_path, monkeypatch):
    """The probe stack, as if `up` had started it."""
    monkeypatch.setattr(stacks, "RUNNING", tmp_path / "running.json")
    login = probe.stack.sign_in("somebody@example.com")
    with stacks.announced(probe.endpoints, login):
        yield login
    assert not stacks.RUNNING.exists()


@pytest.fixture
def nothing_running(tmp_path, monkeypatch):
    monkeypatch.setattr(stacks, "RUNNING", tmp_path / "running.json")


def event(tmp_path, value: object):
    file = tmp_path / "event.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return file


def test_emulate_says_in_one_line_that_the_stack_does_not_answer(run, monkeypatch):
    def ended(_):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr(command.emulation, "stack_for_it", ended)
    ran = run("emulate")
    assert (ran.exit_code, ran.stderr.strip()) == (1, '✗ Could not connect to the endpoint URL: "http://127.0.0.1:1"')


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--function", "nobody"), "no function nobody; it has api"),
        (("--function", "store_result", "--event", "acepted"), "no sample event acepted of store_result; it is one of"),
    ],
)
def test_emulate_says_what_there_is_not_before_anything_is_built(run, monkeypatch, arguments, problem):
    monkeypatch.setattr(command.emulation, "stack_for_it", None)
    ran = run("emulate", *arguments)
    assert (ran.exit_code, problem in ran.stderr) == (1, True)


def test_invoke_prints_the_answer_of_a_handler(run, running, tmp_path):
    ran = run("invoke", "WorkFunction", event(tmp_path, {}))
    assert ran.exit_code == 0
    assert ran.stdout.strip() == '"done"'


def test_invoke_takes_the_name_of_a_folder_too(run, running, tmp_path):
    assert run("invoke", "work", event(tmp_path, {})).exit_code == 0


def test_invoke_fails_with_the_functions_error_and_its_log(run, running, tmp_path):
    ran = run("invoke", "WorkFunction", event(tmp_path, {"case": "refuse"}))
    assert ran.exit_code == 1
    assert "InvalidRequestError: product_id: unknown" in ran.stderr
    assert "Traceback" in ran.stderr  # of the function, which is what one looks for here


@pytest.mark.parametrize(
    ("function", "content", "problem"),
    [("nobody", {}, "no function nobody; it has"), ("WorkFunction", "{", "is not JSON")],
)
def test_invoke_names_what_is_wrong_with_its_arguments(run, running, tmp_path, function, content, problem):
    ran = run("invoke", function, event(tmp_path, content))
    assert ran.exit_code == 1
    assert problem in ran.stderr


def test_invoke_names_a_missing_file(run, running):
    ran = run("invoke", "WorkFunction", "nowhere.json")
    assert (ran.exit_code, "nowhere.json cannot be read" in ran.stderr) == (1, True)


def test_env_points_a_shell_at_the_stack(run, running, probe):
    ran = run("env")
    assert f"export AWS_ENDPOINT_URL={probe.endpoints.aws}" in ran.stdout
    assert f"export VTO_API_URL={probe.endpoints.api_url}" in ran.stdout
    assert "export VTO_TOKEN=ey" in ran.stdout


@pytest.mark.parametrize("arguments", [("env",), ("invoke", "api", "event.json")])
def test_without_a_running_stack_one_is_told_how_to_start_it(run, nothing_running, arguments):
    ran = run(*arguments)
    assert ran.exit_code == 1
    assert "no local stack is running; `make up`" in ran.stderr


def test_what_a_killed_stack_left_behind_does_not_count(run, nothing_running, probe):
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    stacks.RUNNING.write_text(json.dumps({"process": gone.pid, "endpoints": {}, "login": {}}))
    assert run("env").exit_code == 1


def test_a_second_stack_is_not_started_over_a_running_one(run, running):
    ran = run("up")
    assert ran.exit_code == 1
    assert "is running already" in ran.stderr


def test_a_parameter_without_a_value_is_named(run, nothing_running):
    ran = run("up", "--parameter", "Colour")
    assert ran.exit_code == 1
    assert "not Colour" in ran.stderr


def test_up_ends_cleanly_when_asked_to(tmp_path):
    told = tmp_path / "running.json"
    script = (
        "import sys, pathlib, local.__main__ as command, local.running\n"
        "from local.stack import LocalStack\n"
        f"local.running.RUNNING = pathlib.Path({str(told)!r})\n"
        f"template = pathlib.Path({str(PROBE)!r})\n"
        "def probe(root, *, engine, **more): return LocalStack(root, template=template, **(more | {'canvas': False}))\n"
        "command.LocalStack = probe\n"
        "command.app(['up', '--name', 'probe-up', '--no-samples'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        eventually(lambda: (told.exists() and told.read_text()) or None, 30)
        Login(**json.loads(told.read_text())["login"])
        assert ran.stdout is not None
        said = ""
        while "Ctrl-C ends it" not in said and (line := ran.stdout.readline()):
            said += line
        ran.send_signal(signal.SIGINT)
        output = said + ran.communicate(timeout=15)[0]
    finally:
        ran.kill()
        ran.wait()
    assert ran.returncode == 0, output
    assert "Ctrl-C ends it" in output
    assert output.rstrip().endswith("ended")
    assert not told.exists()
