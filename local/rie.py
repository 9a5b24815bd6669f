"""One function on AWS's own runtime client under AWS's runtime interface emulator, without Docker.

What the emulator (RIE) leaves to its caller is done here. Two requests at once make it panic, so they wait for each
other; a raised error comes as status 200 and is told by its payload; a timeout is plain text; memory has no limit.
"""

import contextlib
import http.client
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.artefacts import Artefact
from local.processes import Child, Processes, StackError, free_ports, listening, tail
from local.stack import Endpoints, host_architecture

PATIENCE = 30.0
"""Seconds beyond a function's timeout after which the emulator is taken to be stuck."""
TIMED_OUT = re.compile(r"Task timed out after [\d.]+ seconds")


@dataclass(frozen=True)
class Answer:
    """What came back from one call.

    Args:
        value: What the function answered, or the document that describes its error.
        error: Name of the error; empty if the function answered.
        milliseconds: How long it took.
    """

    value: Any
    error: str
    milliseconds: float


def read_answer(status: int, body: bytes, milliseconds: float) -> Answer:
    """Tell an answer from an error as Lambda would, which the emulator does not.

    Args:
        status: Of the emulator's HTTP answer; 200 for an error that the function raised, too.
        body: Of the same.
        milliseconds: How long it took.
    """
    text = body.decode(errors="replace")
    if TIMED_OUT.search(text) and not text.lstrip().startswith("{"):
        return Answer({"errorMessage": text.strip()}, "Sandbox.Timedout", milliseconds)
    try:
        value = json.loads(text) if text.strip() else None
    except ValueError:
        return Answer({"errorMessage": text.strip()}, f"HTTP {status}", milliseconds)
    failed = isinstance(value, dict) and {"errorType", "errorMessage"} <= value.keys()
    if failed or status != 200:
        error = value.get("errorType", f"HTTP {status}") if isinstance(value, dict) else f"HTTP {status}"
        return Answer(value, str(error), milliseconds)
    return Answer(value, "", milliseconds)


def find_emulator(root: Path) -> Path:
    """Return the runtime interface emulator that the AWS SAM CLI carries for this processor.

    Raises:
        StackError: It is not there.
    """
    found = sorted((root / ".venv-sam").glob(f"lib/python*/site-packages/samcli/local/rapid/*-{host_architecture()}"))
    if not found:
        raise StackError("the AWS SAM CLI carries no runtime interface emulator; `make install` installs the CLI")
    if not os.access(found[0], os.X_OK):
        found[0].chmod(0o755)  # a wheel does not keep the permission
    return found[0]


def find_interpreter(root: Path) -> Path:
    """Return the Python that has only what the Lambda runtime has.

    Raises:
        StackError: It is not installed.
    """
    python = root / ".venv-lambda" / "bin" / "python"
    if not python.exists():
        raise StackError(f"the environment of the Lambda runtime is not installed at {python}; `make install` does it")
    return python


def role_credentials(endpoints: Endpoints, configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return a session of a function's role, as a function finds it in its environment.

    Args:
        endpoints: The stack.
        configuration: Of the deployed function.
    """
    told = {"RoleArn": configuration["Role"], "RoleSessionName": configuration["FunctionName"][:64]}
    session = endpoints.client("sts").assume_role(**told)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }


def environment(endpoints: Endpoints, configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return what a deployed function sees: its own variables, Lambda's, its role, and where AWS is.

    Args:
        endpoints: The stack.
        configuration: Of the deployed function.
    """
    return {
        **configuration.get("Environment", {}).get("Variables", {}),
        **role_credentials(endpoints, configuration),
        "AWS_ENDPOINT_URL": endpoints.aws,
        "AWS_REGION": endpoints.region,
        "AWS_DEFAULT_REGION": endpoints.region,
        "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(configuration["Timeout"]),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
    }


class Emulated:
    """One artefact under the emulator; use it as a context.

    Args:
        root: The repository.
        artefact: What runs.
        configuration: Of the deployed function: handler, timeout, memory, environment.
        endpoints: The stack that it finds AWS in.
        processes: What starts it; its log is named after the artefact.
    """

    def __init__(
        self,
        root: Path,
        artefact: Artefact,
        configuration: Mapping[str, Any],
        endpoints: Endpoints,
        processes: Processes,
    ) -> None:
        self._emulator, self._python = find_emulator(root), find_interpreter(root)
        self._artefact, self._configuration, self._endpoints = artefact, configuration, endpoints
        self._processes, self._one_at_a_time = processes, threading.Lock()
        self._port = 0
        self._child: Child | None = None
        self.peak_megabytes = 0.0
        """Most memory that the function's process has had, in MB."""

    def __enter__(self) -> Self:
        """Start the emulator; the function itself starts with its first call."""
        self._port, runtime = free_ports(2)
        scratch = self._artefact.task.parent / "tmp"
        scratch.mkdir()
        variables = {
            **environment(self._endpoints, self._configuration),
            "PATH": os.pathsep.join([str(self._python.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "PYTHONPATH": os.pathsep.join(map(str, self._artefact.import_path)),
            "PYTHONDONTWRITEBYTECODE": "1",  # nobody can write beside the code on Lambda, root included
            "PYTHONNOUSERSITE": "1",
            "LAMBDA_TASK_ROOT": str(self._artefact.task),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "TMPDIR": str(scratch),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [str(self._emulator), "--log-level", "error"]
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{runtime}"]
        command += [str(self._python), "-m", "awslambdaric", self._configuration["Handler"]]
        self._child = self._processes.start(self._artefact.name, command, variables, self._artefact.task)
        self._processes.wait_until(lambda: listening(self._port), self._child)
        return self

    def __exit__(self, *_: object) -> None:
        """End the emulator and its function."""
        if self._child:
            self._processes.end(self._child)
            self._child = None

    def invoke(self, payload: str) -> Answer:
        """Call the function and wait for its answer, one call at a time.

        Args:
            payload: The event, as JSON.

        Raises:
            StackError: The emulator itself has ended or does not answer.
        """
        assert self._child
        with self._one_at_a_time:
            patience = float(self._configuration["Timeout"]) + PATIENCE
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=patience)
            begun = time.perf_counter()
            try:
                path = "/2015-03-31/functions/function/invocations"
                connection.request("POST", path, payload.encode(), {"Content-Type": "application/json"})
                got = connection.getresponse()
                status, body = got.status, got.read()
            except (OSError, http.client.HTTPException) as gone:
                log = tail(self._child.log)
                raise StackError(f"the emulator of {self._artefact.name} did not answer ({gone!r}):\n{log}") from gone
            finally:
                connection.close()
            answer = read_answer(status, body, (time.perf_counter() - begun) * 1e3)
            self.peak_megabytes = max(self.peak_megabytes, self._memory())
            return answer

    def _memory(self) -> float:
        """Peak of the function's process, in MB; 0 if it is gone, after a timeout for instance."""
        assert self._child
        emulator = self._child.process.pid
        peaks = [0.0]
        for thread in Path(f"/proc/{emulator}/task").glob("*/children"):
            for child in thread.read_text().split():
                with contextlib.suppress(OSError, IndexError):  # it ended meanwhile
                    status = Path(f"/proc/{child}/status").read_text()
                    peaks.append(float(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6)
        return max(peaks)
