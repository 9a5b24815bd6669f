"""The stack that `make up` keeps running, for the other commands: where it is, and who is signed in."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from local.processes import StackError
from local.stack import Endpoints, Login

RUNNING = Path(__file__).parent.parent / "out" / "local" / "running.json"
"""Written by `up`: process id, endpoints and demo login; removed when it ends."""


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def running() -> tuple[Endpoints, Login, int] | None:
    """Return where the running stack is, its login and its process; None if what wrote them lives no more."""
    try:
        told = json.loads(RUNNING.read_text())
    except (OSError, ValueError):
        return None
    if not _alive(told["process"]):
        return None
    return Endpoints(**told["endpoints"]), Login(**told["login"]), told["process"]


def need_running() -> tuple[Endpoints, Login]:
    """Return where the running stack is and its login.

    Raises:
        StackError: None is running.
    """
    found = running()
    if found is None:
        raise StackError("no local stack is running; `make up` in another terminal starts one")
    return found[:2]


@contextmanager
def announced(endpoints: Endpoints, login: Login) -> Iterator[None]:
    """Tell the other commands of a stack for as long as the block runs.

    Args:
        endpoints: The stack.
        login: Of the demo user.
    """
    told = {"process": os.getpid(), "endpoints": asdict(endpoints), "login": asdict(login)}
    RUNNING.parent.mkdir(parents=True, exist_ok=True)
    RUNNING.touch(mode=0o600)
    RUNNING.write_text(json.dumps(told, indent=2))
    try:
        yield
    finally:
        RUNNING.unlink(missing_ok=True)
