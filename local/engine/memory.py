"""Gaps: moto parses a machine's definition for every execution and keeps every thread and execution for ever.

Parsing is done once per definition text (state of a run lives in its environment, so programs can be shared);
threads are not kept; of each machine the last finished executions are.
"""

import functools
import sys
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from local.patching import UpstreamChangedError, expect_source

FINISHED_KEPT = 500
"""Finished executions kept of each machine (about 30 KB each); older ones are forgotten as on AWS after 90 days."""


class _Forgetful(list[Any]):
    """A list that keeps nothing."""

    def append(self, _: Any) -> None:
        """Do nothing."""


def forget_old(machine: Any) -> None:
    """Drop the oldest finished executions of a machine beyond `FINISHED_KEPT`.

    Args:
        machine: moto's state machine, whose `executions` are in order of their start.
    """
    finished = [one for one in machine.executions if one.status != "RUNNING"]
    for old in finished[:-FINISHED_KEPT]:
        machine.executions.remove(old)


def install() -> None:
    """Bound what the engine keeps."""
    expect_source(ExecutionWorker.start, "TMP_THREADS.append(execution_logic_thread)")
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions") and hasattr(module, "TMP_THREADS"):
            module.TMP_THREADS = _Forgetful()  # type: ignore[attr-defined]
    parser = AmazonStateLanguageParser
    if isinstance(parser.parse, functools._lru_cache_wrapper):
        raise UpstreamChangedError("moto caches parsed definitions itself now: drop the shim")
    expect_source(parser.parse, "tree = parser.state_machine()")
    parser.parse = staticmethod(functools.lru_cache(maxsize=64)(parser.parse))
