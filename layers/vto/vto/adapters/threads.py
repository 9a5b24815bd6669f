"""Calls of AWS beside each other: each waits in a thread of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from vto.ports import Begin

AT_ONCE = 6  # requests of one function; the SDK keeps ten connections


@contextmanager
def in_threads() -> Iterator[Begin]:
    """The ``Meanwhile`` port.

    Whatever was begun has ended when this is left, also by an error: Lambda freezes a function that has answered, and a
    write that went on when it thaws could come after the erasure of what it writes.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield lambda call: pool.submit(call).result
