"""A small watcher that ends every process of a stack when the process that started them is gone.

It reads lines from its standard input, a pipe that only the launcher holds: `+PID` when the launcher starts a
process group, `-PID` when it has ended one. When the pipe closes, for whatever reason (the launcher ended, was
killed, or its terminal went away), the groups still listed are terminated. Standard library only: it is run by its
path, without site packages.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable

GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL."""


def alive(group: int) -> bool:
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end(groups: set[int], grace: float = GRACE, reap: Callable[[], object] = lambda: None) -> None:
    """Terminate process groups, and kill what is left of them after a while.

    Args:
        groups: process group ids.
        grace: seconds to wait between SIGTERM and SIGKILL.
        reap: called again and again by a parent, whose dead children count as alive until it has asked for them.
    """
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, sign)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            reap()
            if not any(alive(group) for group in groups):
                return
            time.sleep(0.02)


def main() -> None:
    """Keep the list until the pipe closes, then end what is on it."""
    # the terminal's Ctrl-C is for the launcher, which closes the pipe when it is done
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        (groups.add if change == "+" else groups.discard)(group)
    end(groups)


if __name__ == "__main__":
    main()
