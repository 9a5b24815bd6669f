"""Starts AWS's Step Functions Local, as a Docker image or as a jar; AWS no longer supports it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from local.docker import ask
from local.processes import Processes, StackError, free_ports, listening

ROOT = Path(__file__).parent.parent
IMAGE = "amazon/aws-stepfunctions-local"
ITS_PORT = 8083
"""It listens on this one only."""
READY_SECONDS = 90.0
PULL_SECONDS = 900.0
"""Longest download of the image, which is needed once."""
INSTEAD = "SFN_ENGINE=jar SFN_LOCAL_JAR=… runs it with Java, `make test-fast` the same cases on moto's engine"
_OF_THE_CLIENT = re.compile(r"PATH|HOME|XDG_RUNTIME_DIR|DOCKER_\w+")
MOCKS_IN_CONTAINER = "/home/StepFunctionsLocal/MockConfigFile.json"

Tool = Literal["docker", "jar"]


@contextmanager
def running(tool: Tool, settings: Mapping[str, str], logs: Path, mocks: Path | None = None) -> Iterator[str]:
    """Run the tool while the block runs; lends its endpoint.

    Args:
        tool: How it is to be had.
        settings: Its variables, as the developer guide names them: ``LAMBDA_ENDPOINT``, ``DYNAMODB_ENDPOINT`` …
        logs: Folder for its log.
        mocks: A mock file, from which tasks are answered.

    Raises:
        StackError: It cannot be started; with what to do.
    """
    processes = Processes(logs)
    try:
        with _jar(processes, settings, mocks) if tool == "jar" else _container(processes, settings, mocks) as port:
            yield f"http://127.0.0.1:{port}"
    finally:
        processes.stop()


@contextmanager
def _jar(processes: Processes, settings: Mapping[str, str], mocks: Path | None) -> Iterator[int]:
    jar, java = os.environ.get("SFN_LOCAL_JAR", ""), shutil.which("java")
    if not Path(jar).is_file() or java is None:
        raise StackError("SFN_LOCAL_JAR must be the path of StepFunctionsLocal.jar, and java must be on the PATH")
    if listening(ITS_PORT):
        raise StackError(f"port {ITS_PORT} of 127.0.0.1 is taken, and Step Functions Local listens on no other")
    variables = {**settings, "PATH": os.environ["PATH"]} | ({"SFN_MOCK_CONFIG": str(mocks)} if mocks else {})
    child = processes.start("engine", [java, "-jar", jar], variables, ROOT)
    processes.wait_until(lambda: listening(ITS_PORT), child, READY_SECONDS)
    yield ITS_PORT


@contextmanager
def _container(processes: Processes, settings: Mapping[str, str], mocks: Path | None) -> Iterator[int]:
    ask("info", instead=INSTEAD)
    [port] = free_ports(1)
    name = f"vto-stepfunctions-local-{os.getpid()}"
    variables = dict(settings)
    command = ["docker", "run", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:{ITS_PORT}"]
    if mocks:
        variables["SFN_MOCK_CONFIG"] = MOCKS_IN_CONTAINER
        command += ["--mount", f"type=bind,readonly,source={mocks},destination={MOCKS_IN_CONTAINER}"]
    for key in variables:
        command += ["--env", key]
    here = {name: value for name, value in os.environ.items() if _OF_THE_CLIENT.fullmatch(name)}
    if subprocess.run(["docker", "image", "inspect", IMAGE], env=here, capture_output=True, check=False).returncode:
        print(f"Pulling {IMAGE}, once, which takes minutes", file=sys.stderr)
        pull = processes.start("pull", ["docker", "pull", IMAGE], here, ROOT)
        pull.finish(PULL_SECONDS)
        processes.end(pull)
    child = processes.start("engine", [*command, IMAGE], here | variables, ROOT)
    try:
        processes.wait_until(lambda: listening(port), child, READY_SECONDS)
        yield port
    finally:
        subprocess.run(["docker", "rm", "--force", name], env=here, capture_output=True, check=False)
