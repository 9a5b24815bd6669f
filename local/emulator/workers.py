"""Gap: every call that finds all workers of a function busy starts another process, without end.

Lambda does so too, on machines of its own. On a laptop ten shoppers became forty processes and 2.5 GB, and starting
them starved those at work. Starting one takes more processor time than most calls do, so here a call first waits for
a busy worker, and starts another one only when none gets free soon and the function has fewer than its share.
"""

import os
import time
from typing import Any

import ministack.core.lambda_runtime as runtime
import ministack.services.lambda_svc as functions

from local.patching import expect_source

PATIENCE = 0.5
"""Seconds a call waits for a busy worker before another one is started."""
_LONGEST_WAIT = 60.0
"""Seconds after which a call that found no worker is throttled, as on AWS when a function's concurrency is used up."""
_PAUSE = 0.005


def _take(key: str, started: bool, limit: int) -> tuple[list[Any], Any | None, bool]:
    """Return the function's workers, a free one now taken, and whether another may be started."""
    pool = runtime._workers.setdefault(key, [])
    free = next((worker for worker in pool if not worker.in_use), None)
    if free is not None:
        free.in_use, free.last_used = True, time.time()
    return pool, free, not pool or (started and len(pool) < limit)


def install() -> None:
    """Bound the workers of each function by VTO_LOCAL_WORKERS, and let calls wait for them."""
    expect_source(runtime.acquire_worker, "entries.append(worker)", 'return None, "func_cap"')
    expect_source(functions._execute_function_warm, "acquire_worker(func_name, config, code_zip, qualifier=qualifier)")
    limit = int(os.environ.get("VTO_LOCAL_WORKERS", "4"))

    def acquire(
        name: str, config: dict[str, Any], code: bytes, qualifier: str = "$LATEST", **_: Any
    ) -> tuple[Any | None, str]:
        key = runtime._worker_key(name, config, qualifier)
        asked = time.monotonic()
        while (waited := time.monotonic() - asked) < _LONGEST_WAIT:
            with runtime._lock:
                pool, free, may_start = _take(key, waited > PATIENCE, limit)
                if free is not None:
                    return free, "reused"
                if may_start:
                    worker = runtime._worker_class_for(config)(name, config, code)
                    worker.in_use, worker.last_used = True, time.time()
                    pool.append(worker)
                    return worker, "spawn"
            time.sleep(_PAUSE)
        return None, "func_cap"

    functions.acquire_worker = acquire
