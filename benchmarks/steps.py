"""What each function of a try-on's way does by itself: its processor time, its calls of AWS in their order.

The way is that of ``benchmarks.per_job``: real handlers, real machine, real adapters, tables and buckets in memory
(moto). The time of what stands for AWS is taken out, so what is left is ours: the handler, botocore's own work,
pictures. Pictures are of the usual size, one megapixel.
"""

import gc
import io
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from threading import local
from typing import Any
from unittest.mock import patch

from benchmarks.waiting import Waiting

SIDE = 1024
NOISE = 9
"""Of a camera, so that a PNG of the picture is as large as a model's: 1.7 MB."""


@dataclass
class Run:
    """One run of one function.

    Args:
        function: Which.
        cpu_ms: Its processor time, all threads, without what stands for AWS.
        calls: Those of its calls of AWS that are waited for, in their order: name, with ``.json`` where an object is a
            small document and not a picture.
    """

    function: str
    cpu_ms: float = 0.0
    calls: list[str] = field(default_factory=list)


@dataclass
class Way:
    """One try-on.

    Args:
        runs: The functions that ran, in their order.
        states: The states of the machine, in their order; none where no execution was started.
        shown_bytes: Size of the picture that a client shows.
        original_bytes: Size of the engine's own picture.
    """

    runs: list[Run] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    shown_bytes: int = 0
    original_bytes: int = 0


class Watch:
    """Adds up the processor time of what is not ours, in every thread, also where one such thing calls another."""

    def __init__(self) -> None:
        self.seconds, self._nested = 0.0, local()

    def not_ours[**P, T](self, call: Callable[P, T]) -> Callable[P, T]:
        """The same call, with its time taken out."""

        def timed(*args: P.args, **named: P.kwargs) -> T:
            if getattr(self._nested, "is_within", False):
                return call(*args, **named)
            began, self._nested.is_within = time.thread_time(), True
            try:
                return call(*args, **named)
            finally:
                self._nested.is_within = False
                self.seconds += time.thread_time() - began

        return timed


def ways(rounds: int, between: Callable[[], object] = lambda: None) -> dict[str, list[Way]]:
    """So many new try-ons with a model that costs money, and as many equal ones that find the finished result.

    Args:
        rounds: How many of each; one more is made first, and not kept.
        between: Called after each round.
    """
    from benchmarks import per_job  # noqa: PLC0415 - the documents import the benchmarks

    fresh: list[Way] = []
    cache_hit: list[Way] = []
    with (
        _watched() as way,
        patch.object(per_job, "SIDE", SIDE),
        patch.object(per_job, "drawing", drawing),
        per_job.account("nova_canvas") as shop,
    ):
        shop.upload(f"models/users/{per_job.USER}/me.jpg", "bisque")
        wish: dict[str, Any] = {"product_id": shop.product(), "model_id": shop.photo()}
        for number in range(rounds + 1):
            wish["parameters"] = {
                "maskType": "GARMENT",
                "garmentBasedMask": {"garmentClass": "UPPER_BODY"},
                "imageGenerationConfig": {"seed": number},
            }
            for name, kept in (("fresh", fresh), ("cache_hit", cache_hit)):
                way[0] = Way()
                per_job.asked(shop, f"{name}-{number}", "completed", **wish)
                _weigh(shop, way[0], f"{name}-{number}")
                if number:  # the first is that of a container that has just begun
                    kept.append(way[0])
            between()
    return {"fresh": fresh, "cache_hit": cache_hit}


@contextmanager
def _watched() -> Iterator[list[Way]]:
    """While it is open, the first of the list notes whatever runs."""
    from moto.core.botocore_stubber import BotocoreStubber  # noqa: PLC0415

    from asl.interpreter import SteppedEngine  # noqa: PLC0415
    from benchmarks.per_job import Account  # noqa: PLC0415

    watch, way, waiting = Watch(), [Way()], Waiting()
    running: list[Run] = []
    run, execute = Account._run, SteppedEngine.execute
    before = watch.not_ours(Account._before)

    def noted_run(self: Account, function: str, event: Any) -> Any:
        mine = Run(function)
        running.append(mine)
        way[0].runs.append(mine)
        gc.freeze()  # looks for garbage are its own, but the tables in memory that they would go through are not
        began, apart = time.process_time(), watch.seconds
        try:
            with waiting.anew(mine.calls):
                return run(self, function, event)
        finally:
            mine.cpu_ms = 1000 * (time.process_time() - began - (watch.seconds - apart))
            running.pop()

    def noted_call(self: Account, model: Any, params: Any, **more: Any) -> Any:
        if running:
            size = ".json" if str(params.get("url_path", "")).endswith(".json") else ""
            waiting.note(f"{model.service_model.signing_name}:{model.name}{size}")
        return before(self, model, params, **more)

    def executed(self: Any, *args: Any) -> Any:
        made = execute(self, *args)
        way[0].states += made.path
        return made

    with waiting.watched(), ExitStack() as patches:
        for owner, name, instead in (
            (Account, "_run", noted_run),
            (Account, "_before", noted_call),
            (Account, "_after", watch.not_ours(Account._after)),
            (SteppedEngine, "execute", executed),
            (BotocoreStubber, "__call__", watch.not_ours(BotocoreStubber.__call__)),
        ):
            patches.enter_context(patch.object(owner, name, instead))
        yield way


@cache
def drawing() -> str:
    """A picture with as much in it as a model's."""
    import base64  # noqa: PLC0415

    from PIL import Image, ImageChops  # noqa: PLC0415

    from samples.catalogue import sample  # noqa: PLC0415

    person = sample("standing-person.png").draw().convert("RGB").resize((SIDE, SIDE))
    grain = Image.effect_noise((SIDE, SIDE), NOISE).convert("RGB")
    buffer = io.BytesIO()
    ImageChops.add(person, grain, scale=1.0, offset=-128).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _weigh(shop: Any, way: Way, request_id: str) -> None:
    job = shop.job(request_id)
    job_id, bucket = job["id"]["S"], job["result_s3_url"]["S"].split("/")[2]
    sizes: dict[str, int] = {}
    for page in shop._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        sizes |= {one["Key"]: one["Size"] for one in page["Contents"] if job_id in one["Key"]}
    pictures = {key: size for key, size in sizes.items() if not key.endswith(".json")}
    way.original_bytes = next(size for key, size in pictures.items() if key.startswith("results/"))
    shown = [size for key, size in pictures.items() if key.startswith("derived/")]
    way.shown_bytes = max(shown, default=way.original_bytes)


def middle(ways_of_one_kind: list[Way]) -> dict[str, Any]:
    """The functions of one kind of try-on: the middle of their processor times, and their calls.

    Of a function that runs several times, the run with the most calls is told.
    """
    by_function: dict[str, list[Run]] = defaultdict(list)
    for way in ways_of_one_kind:
        first: dict[str, Run] = {}
        for run in way.runs:
            if run.function not in first or len(run.calls) > len(first[run.function].calls):
                first[run.function] = run
        for function, run in first.items():
            by_function[function].append(run)
    last = ways_of_one_kind[-1]
    return {
        "functions": {
            function: {
                "cpu_ms": round(median(run.cpu_ms for run in runs), 2),
                "calls": runs[-1].calls,
            }
            for function, runs in by_function.items()
        },
        "states": last.states,
        "shown_bytes": last.shown_bytes,
        "original_bytes": last.original_bytes,
    }
