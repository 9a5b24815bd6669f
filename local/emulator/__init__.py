"""MiniStack 1.5.33 with the gaps bridged that our template meets: one module per gap, each with `install`.

`python -m local.emulator` starts it; the environment it expects is written by `local.stack`.
"""

from local.emulator import (
    batches,
    concurrency,
    conditions,
    events,
    executions,
    http_api,
    models,
    proxy_errors,
    secrets,
    sockets,
    stream_mapping,
    streams,
    tables,
    transform,
    unpacking,
    worker,
    workers,
)

SHIMS = (
    workers,
    unpacking,
    worker,
    proxy_errors,
    transform,
    http_api,
    sockets,
    concurrency,
    tables,
    stream_mapping,
    streams,
    events,
    executions,
    models,
    conditions,
    secrets,
    batches,
)


def install() -> None:
    """Apply every shim to the MiniStack of this process.

    Raises:
        local.patching.UpstreamChangedError: a shim does not fit the installed MiniStack.
    """
    for shim in SHIMS:
        shim.install()
