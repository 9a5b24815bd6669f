"""MiniStack 1.5.33 with the gaps bridged that our template meets: one module per gap, each with `install`.

`python -m local.emulator` starts it; the environment it expects is written by `local.stack`.
"""

from local.emulator import (
    concurrency,
    events,
    executions,
    http_api,
    models,
    proxy_errors,
    sockets,
    stream_mapping,
    worker,
)

SHIMS = (
    worker,
    proxy_errors,
    http_api,
    sockets,
    concurrency,
    stream_mapping,
    events,
    executions,
    models,
)


def install() -> None:
    """Apply every shim to the MiniStack of this process.

    Raises:
        local.patching.UpstreamChangedError: a shim does not fit the installed MiniStack.
    """
    for shim in SHIMS:
        shim.install()
