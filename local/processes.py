"""Processes of a stack: started with an explicit environment, logged to a file, ended always."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local import guard

TAIL = 15
"""Lines of a log shown in an error."""


class StackError(RuntimeError):
    """The local stack cannot start or is not what the template says; the message is for the person at the keyboard."""


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on, all different.

    Args:
        count: how many.
    """
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def listening(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tail(log: Path, lines: int = TAIL) -> str:
    """Return the last lines of a log file, indented."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return "    (no log)"
    kept = text.strip().splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in kept) or "    (the log is empty)"


class Child:
    """One process (and everything it starts), in a process group of its own."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name, self.process, self.log = name, process, log

    def check(self) -> None:
        """Raise when the process has ended.

        Raises:
            StackError: with the tail of its log.
        """
        status = self.process.poll()
        if status is not None:
            raise StackError(f"{self.name} ended with status {status}; the end of {self.log}:\n{tail(self.log)}")

    def finish(self, timeout: float) -> None:
        """Wait until the process has ended well.

        Args:
            timeout: seconds.

        Raises:
            StackError: it failed or took too long; with the tail of its log.
        """
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise StackError(f"{self.name} took more than {timeout:.0f} s; see {self.log}") from late
        if status:
            raise StackError(f"{self.name} failed (status {status}); the end of {self.log}:\n{tail(self.log)}")


class Processes:
    """The processes of one stack, and the guard that ends them when this process dies."""

    def __init__(self, logs: Path) -> None:
        """Start the guard.

        Args:
            logs: folder for log files; created when missing.
        """
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._children: list[Child] = []
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={},
            start_new_session=True,
        )

    def _tell_guard(self, change: str, child: Child) -> None:
        if self._guard.stdin:
            with contextlib.suppress(OSError):  # a guard that is gone guards nothing; `stop` still ends the children
                self._guard.stdin.write(f"{change}{child.process.pid}\n".encode())
                self._guard.stdin.flush()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Child:
        """Start a process whose output goes to `<logs>/<name>.log`.

        Args:
            name: for its log and for errors.
            command: program and arguments.
            environment: all variables it sees; nothing is inherited.
            folder: working directory.
        """
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        self._tell_guard("+", child)
        return child

    def check(self) -> None:
        """Raise when a child has ended that should be running."""
        for child in self._children:
            child.check()

    def wait_until(self, ready: Callable[[], bool], child: Child, timeout: float = 30.0) -> None:
        """Wait until a child is ready.

        Args:
            ready: asked every 20 ms.
            child: the one waited for.
            timeout: seconds.

        Raises:
            StackError: the child ended, or was not ready in time.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            child.check()
            if time.monotonic() > deadline:
                raise StackError(
                    f"{child.name} did not answer within {timeout:.0f} s; the end of {child.log}:\n{tail(child.log)}"
                )
            time.sleep(0.02)
        child.check()  # it may be somebody else who answered on a port that the child could not take

    def end(self, *children: Child) -> None:
        """End some children and everything they started: SIGTERM, then SIGKILL."""
        guard.end(
            {child.process.pid for child in children},
            reap=lambda: [child.process.poll() for child in children],
        )
        for child in children:
            child.process.wait()
            self._tell_guard("-", child)
            self._children.remove(child)

    def stop(self) -> None:
        """End all children, then the guard."""
        self.end(*self._children)
        if self._guard.stdin:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        self._guard.wait()


def python_environment(root: Path, *paths: Path) -> dict[str, str]:
    """Return the variables every Python process of ours starts with, and nothing of the developer's shell.

    Args:
        root: the repository.
        paths: more import paths.
    """
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "PYTHONPATH": os.pathsep.join(str(path) for path in (root, *paths)),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
