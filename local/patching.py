"""How a gap of MiniStack or moto is bridged: replace one thing, and refuse to run when it is no longer what it was.

Both packages are pinned; every shim still checks what it patches, so that a new version fails at start
with the name of the shim and not in the middle of a try-on.
"""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


class UpstreamChangedError(RuntimeError):
    """The installed package is not the one this shim was written for."""


def expect_source(function: Callable[..., Any], *fragments: str) -> None:
    """Check that a function about to be replaced still contains the lines that make the shim necessary.

    Raises:
        UpstreamChangedError: a fragment is gone.
    """
    source = inspect.getsource(function)
    for fragment in fragments:
        if fragment not in source:
            name = f"{function.__module__}.{function.__qualname__}"
            raise UpstreamChangedError(f"{name} changed (no longer contains {fragment!r}): check the shim")


def expect_absent(function: Callable[..., Any], *fragments: str) -> None:
    """Check that a function still does not do what the shim adds.

    Raises:
        UpstreamChangedError: it does now, so the shim can go.
    """
    source = inspect.getsource(function)
    for fragment in fragments:
        if fragment in source:
            name = f"{function.__module__}.{function.__qualname__}"
            raise UpstreamChangedError(f"{name} knows {fragment!r} now: the shim may no longer be needed")


def replace_text(module: ModuleType, name: str, old: str, new: str) -> None:
    """Replace one passage in a text held by a module, such as the script of a Lambda worker.

    Raises:
        UpstreamChangedError: the passage does not occur exactly once.
    """
    text: str = getattr(module, name)
    if text.count(old) != 1:
        raise UpstreamChangedError(
            f"{module.__name__}.{name} changed (found {text.count(old)} times {old!r}): check the shim"
        )
    setattr(module, name, text.replace(old, new))
