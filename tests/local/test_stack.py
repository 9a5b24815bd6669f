"""Stacks start, stand side by side, say what is wrong, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from local import checks
from local.processes import Processes, StackError, free_ports, listening
from local.stack import LocalStack
from local.template import read_template
from tests.local.conftest import PROBE, ROOT, eventually

pytestmark = pytest.mark.enable_socket


def processes_naming(text: str) -> list[str]:
    """Return the command lines and environments of this machine's processes that name a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in told and int(entry.name) != os.getpid():
                found.append(told.replace(b"\0", b" ").decode(errors="replace")[:200])
    return found


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[-1])


def test_two_stacks_stand_side_by_side_and_leave_nothing_behind(probe):
    other = LocalStack(ROOT, name="probe-second", template=PROBE, canvas=False)
    with other:
        assert other.endpoints.aws != probe.endpoints.aws
        invoked = other.client("lambda").invoke(FunctionName=other.function_name("WorkFunction"), Payload=b"{}")
        assert invoked["Payload"].read() == b'"done"'
        assert probe.invoke("WorkFunction") == (None, "done")
        port = port_of(other.endpoints.aws)
        assert processes_naming("local/probe-second/")  # the emulator, and a worker of the function
    assert not processes_naming("local/probe-second/")
    assert not listening(port)
    assert not list((ROOT / "out/local/probe-second").glob("tmp"))
    with pytest.raises(StackError, match="not running"):
        _ = other.endpoints
    assert probe.invoke("WorkFunction") == (None, "done")


def test_everything_dies_with_a_launcher_that_is_killed(tmp_path):
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from local.processes import Processes, python_environment
        root = Path({str(ROOT)!r})
        processes = Processes(Path({str(tmp_path)!r}))
        command = ["/bin/sh", "-c", "trap '' TERM; sleep 61.25 & sleep 62.25"]
        print(processes.start("stubborn", command, python_environment(root), root).process.pid, flush=True)
        input()
        """
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with launcher:
        assert launcher.stdout
        group = int(launcher.stdout.readline())
        launcher.send_signal(signal.SIGKILL)
    eventually(lambda: True if group_is_gone(group) else None, 10)


def group_is_gone(group: int) -> bool:
    states = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group:
                states.append(fields[0])
    return all(state == "Z" for state in states)


def test_a_taken_port_is_named(tmp_path, probe):
    port = port_of(probe.endpoints.aws)
    with pytest.raises(StackError, match=f"port {port} of 127.0.0.1 is taken"):
        LocalStack(ROOT, name="probe-port", template=PROBE, port=port).start()


def test_a_second_stack_of_the_same_name_is_refused_and_does_the_first_no_harm(probe):
    with pytest.raises(StackError, match="a stack named probe is running already"):
        LocalStack(ROOT, name="probe", template=PROBE, canvas=False).start()
    assert probe.invoke("WorkFunction") == (None, "done")


def test_a_missing_sam_is_named(tmp_path):
    (tmp_path / "template.yaml").write_text(PROBE.read_text())
    with pytest.raises(StackError, match="AWS SAM CLI is not installed"):
        LocalStack(tmp_path, name="probe-bare").start()


def test_an_unknown_parameter_is_named():
    with pytest.raises(StackError, match="no parameter Colour"):
        LocalStack(ROOT, name="probe-colour", template=PROBE, parameters={"Colour": "red"}).start()


@pytest.mark.parametrize("name", ["Vto", "a b", "", "../x"])
def test_a_name_that_cloudformation_would_refuse_is_refused(name):
    with pytest.raises(StackError, match="name of a stack"):
        LocalStack(ROOT, name=name)


def test_a_child_that_dies_early_shows_the_end_of_its_log(tmp_path):
    processes = Processes(tmp_path)
    try:
        child = processes.start("broken", ["/bin/sh", "-c", "echo the reason; exit 3"], {}, tmp_path)
        with pytest.raises(StackError, match=r"(?s)broken ended with status 3.*the reason"):
            processes.wait_until(lambda: False, child)
    finally:
        processes.stop()


def test_a_child_that_ignores_sigterm_is_killed(tmp_path):
    processes = Processes(tmp_path)
    child = processes.start("deaf", ["/bin/sh", "-c", "trap '' TERM; echo up; sleep 63.25"], {}, tmp_path)
    eventually(lambda: child.log.read_text() or None)
    started = time.monotonic()
    processes.stop()
    assert child.process.returncode is not None
    assert time.monotonic() - started < 8


def test_the_template_is_read_as_sam_reads_it():
    promise = read_template(PROBE)
    assert promise.routes == {"GET /me", "GET /health", "GET /boom/{id}"}
    assert promise.socket_routes == {"$connect", "$disconnect", "$default", "post", "boom"}
    assert (promise.mappings, promise.rules, promise.notifying_buckets) == (3, 2, 1)
    assert promise.reserved == {"ReservedFunction": 1}


def test_what_the_emulator_drops_is_named(probe):
    promise = read_template(PROBE)
    checks.check(probe.client, "probe", promise)
    functions, name = probe.client("lambda"), probe.stack.function_name("ModifyFunction")
    mapping = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0]["UUID"]
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    more = replace(
        promise,
        routes=promise.routes | {"PUT /lost"},
        mappings=promise.mappings + 1,
        reserved={"ReservedFunction": 9},
    )
    try:
        with pytest.raises(StackError) as told:
            checks.check(probe.client, "probe", more)
    finally:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    for problem in ("PUT /lost", "3 event source mappings", "is Disabled", "reserved concurrency of ReservedFunction"):
        assert problem in str(told.value)


def test_free_ports_differ():
    assert len(set(free_ports(5))) == 5
