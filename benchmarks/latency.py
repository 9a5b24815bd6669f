"""How long a shopper waits besides the model: computed from measured parts and from latencies that others measured.

A way is a list of steps. What a function does by itself is measured (``benchmarks.steps``) and stretched by the share
of a processor that its memory buys; the services' own latencies are those of ``SERVICES``, each with its source. The
sums are arithmetic: ``tests/contract/test_performance.py`` holds them to their aims.
"""

import hashlib
import json
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cold_start import FLOOR_MS
from benchmarks.plot import bars
from benchmarks.processes import fresh, median
from scripts.tables import table

ROUNDS = 12
WHOLE_PROCESSOR_MB = 1769
"""So much memory has one processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html."""
LINK_MBIT = 10
START, PUSH = "states:StartExecution", "execute-api:PostToConnection"
AIMS = {"fresh": 0.8, "cache_hit": 0.25}
"""Seconds until the push, which carries a small picture."""

MEASURED_BY_OTHERS = {
    1: "https://bitesizedserverless.com/bite/serverless-messaging-latency-compared/",
    2: "https://github.com/Holmusk/aws_benchmarks/blob/master/s3_event_to_sqs/README.md",
}
ESTIMATE = "estimated"


@dataclass(frozen=True)
class Latency:
    """What a service takes (p50, warm, same region).

    Args:
        ms: Milliseconds.
        source: Number of who measured it; None for our estimate.
        what: In words.
    """

    ms: float
    source: int | None
    what: str


SERVICES = {
    "frame": Latency(30, None, "a frame from the client to API Gateway, or back"),
    "invoke": Latency(15, None, "API Gateway runs a function that is warm"),
    "first-task": Latency(99, 1, "StartExecution (Standard) until the first function runs, the call included"),
    "task": Latency(30, None, "Step Functions goes on to a Task"),
    "state": Latency(15, None, "Step Functions goes on to a state without a call (Choice, Wait of 0 s, Succeed)"),
    "stream": Latency(213, 1, "DynamoDB Streams runs a function"),
    "s3-to-sqs": Latency(1300, 2, "S3 tells SQS of an object"),
    "sqs": Latency(16, 1, "SQS runs a function"),
    "dynamodb:TransactWriteItems": Latency(10, None, "a transaction of DynamoDB"),
    "dynamodb:": Latency(5, None, "any other call of DynamoDB"),
    "s3:HeadObject": Latency(15, None, "HeadObject"),
    "s3:PutObject.json": Latency(20, None, "PutObject of a small document"),
    "s3:GetObject": Latency(20, None, "GetObject of a prepared picture"),
    "s3:": Latency(40, None, "PutObject or CopyObject of a picture"),
    "execute-api:PostToConnection": Latency(30, None, "PostToConnection"),
    "bedrock:InvokeModel": Latency(25, None, "sending a request of 1 MB to the model; its answer is the model's time"),
    "original": Latency(90, None, "GetObject of an original of some MB"),
    "reply": Latency(60, None, "one round trip of the client, before the first byte of a download"),
}
"""By the name of a call or of a hop; a name that ends with a colon stands for the rest of its service."""


@dataclass(frozen=True)
class Step:
    """A part of a way.

    Args:
        name: In words.
        ms: Of it all.
        cpu_ms: Part of it that was measured here, stretched to the function's memory.
        calls_ms: Part of it in which a function waits for services.
    """

    name: str
    ms: float
    cpu_ms: float = 0.0
    calls_ms: float = 0.0


def latency_of(call: str) -> float:
    """What a call takes, in milliseconds."""
    names = call, call.removesuffix(".json"), call.partition(":")[0] + ":"
    return next(SERVICES[name].ms for name in names if name in SERVICES)


def function(figures: Mapping[str, Any], way: str, name: str, until: str | None = None) -> Step:
    """A function's own part: its processor time, and its calls one after another.

    Args:
        figures: Of :func:`measure`.
        way: Which try-on.
        name: The function.
        until: The last call that is waited for; None for all. An execution begins while it is started, so the
            call that starts it is part of that hop.
    """
    made = figures["ways"][way]["functions"][name]
    calls: list[str] = made["calls"]
    if until in calls:
        calls = calls[: len(calls) - calls[::-1].index(until)]
    calls = [call for call in calls if call != START]
    stretched = _scaled(made["cpu_ms"], figures) * max(1.0, WHOLE_PROCESSOR_MB / figures["memory_mb"][name])
    return _work(f"`{name}`, {len(calls)} calls", stretched, sum(map(latency_of, calls)))


def _scaled(cpu_ms: float, figures: Mapping[str, Any]) -> float:
    """What it would have been on the machine on which the aims were written."""
    return cpu_ms * FLOOR_MS / float(figures["floor_ms"])


def _work(name: str, cpu_ms: float, calls_ms: float) -> Step:
    return Step(name, cpu_ms + calls_ms, cpu_ms, calls_ms)


def ours(figures: Mapping[str, Any], way: str) -> Iterator[Step]:
    """The way of this stack, from the shopper's frame to the frame that says it is done.

    What Step Functions does is read from the states that the measured try-on went through.
    """
    states: list[str] = figures["ways"][way]["states"]
    frame = SERVICES["frame"].ms
    yield Step("the shopper's frame arrives", frame + SERVICES["invoke"].ms)
    if not states:
        yield function(figures, way, "message", PUSH)
        yield Step("the frame with the result", frame)
        return
    yield function(figures, way, "message", START)
    has_run = False
    for state in states:
        task = figures["machine"][state]
        if task is None:
            yield Step(f"*{state}*", SERVICES["state"].ms)
            continue
        yield Step(f"*{state}*", SERVICES["task" if has_run else "first-task"].ms)
        yield function(figures, way, task, PUSH)
        has_run = True
        if task == "notify_client":
            break
    yield Step("the frame with the result", frame)


def published(figures: Mapping[str, Any]) -> Iterator[Step]:
    """The published design in its obvious implementation: each hop one after another."""
    dynamodb, frame = latency_of("dynamodb:"), SERVICES["frame"].ms
    prepared = figures["baseline"]
    share = WHOLE_PROCESSOR_MB / prepared["memory_mb"]
    yield Step("the shopper's frame arrives", frame + SERVICES["invoke"].ms)
    yield _work("request function, 3 calls", 20, 3 * dynamodb)
    yield Step("the stream runs the starter", SERVICES["stream"].ms)
    yield Step("StartExecution, until the first function runs", SERVICES["first-task"].ms)
    yield Step("two more states", 2 * SERVICES["task"].ms)
    yield _work("two originals, one after the other", 0, 2 * SERVICES["original"].ms)
    cpu = 2 * _scaled(prepared["prepare_ms"], prepared) * share
    yield _work("both decoded and scaled", cpu, 0)
    body = _scaled(prepared["body_ms"], prepared) * share
    yield _work("the request's body, and its sending", body, latency_of("bedrock:InvokeModel"))
    stored = _scaled(prepared["store_ms"], prepared) * share
    yield _work("the answer read, the PNG stored", stored, latency_of("s3:PutObject"))
    yield Step("S3 tells SQS", SERVICES["s3-to-sqs"].ms)
    yield Step("SQS runs the deliverer", SERVICES["sqs"].ms)
    yield _work("its reading and its push", 10, 2 * dynamodb + latency_of("execute-api:PostToConnection"))
    yield Step("the frame with the result", frame)


def download_ms(size: float) -> float:
    """Until a picture is whole at the client."""
    return SERVICES["reply"].ms + size * 8 / LINK_MBIT / 1000


def sums(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """By way: seconds until the push, and until the picture is whole."""
    cases = {
        "published": (list(published(figures)), figures["ways"]["fresh"]["original_bytes"]),
        "fresh": (list(ours(figures, "fresh")), figures["ways"]["fresh"]["shown_bytes"]),
        "cache_hit": (list(ours(figures, "cache_hit")), figures["ways"]["cache_hit"]["shown_bytes"]),
    }
    return {
        name: {
            "push": round(sum(step.ms for step in steps) / 1000, 3),
            "whole": round((sum(step.ms for step in steps) + download_ms(size)) / 1000, 3),
            "processor": round(sum(step.cpu_ms for step in steps) / 1000, 3),
            "calls": round(sum(step.calls_ms for step in steps) / 1000, 3),
        }
        for name, (steps, size) in cases.items()
    }


def measure() -> dict[str, Any]:
    """What each function does by itself on both ways of ours, and what the published worker does with its pictures."""
    from benchmarks import steps  # noqa: PLC0415 - the documents import this module for its report

    floors: list[float] = []
    made = {name: steps.middle(some) for name, some in steps.ways(ROUNDS, lambda: floors.append(_floor())).items()}
    functions = sorted({name for way in made.values() for name in way["functions"]})
    return {
        "about": (
            "Computed, not clocked. What is measured: the processor time of each function on the way of a try-on, real"
            f" adapters included, what stands for AWS taken out (median of {ROUNDS}, warm, pictures of one megapixel),"
            f" scaled to the quiet machine of the aims, on which boto3 and one table are loaded in {FLOOR_MS} ms (they"
            " are, after each round), and stretched to the share of a processor that its memory has; the calls that it"
            " waits for; the"
            " states that the machine goes through; the size of the picture. What is not: the services' latencies, p50,"
            " below with their sources. Of the push: hops are what services take between functions, calls are what"
            " functions wait for, processor is what they do. The model's own time is left out, and a queue for it, too."
            " Of the published design only the work on pictures is measured (two photographs of 12 megapixels, at 1,024"
            " MB); its other functions and calls are assumed (benchmarks/baseline/README.md)."
        ),
        "ways": made,
        "memory_mb": {name: _memory(name) for name in functions},
        "machine": _tasks(),
        "floor_ms": median(floors),
        "baseline": {"memory_mb": 1024, **_baseline()},
    }


def _floor() -> float:
    """How long boto3 and one table take in a new process just now: what the budgets of a cold start are scaled by.

    The quickest of three, one after another: the first finds the processor's caches full of what ran before.
    """
    from benchmarks.loading import timed  # noqa: PLC0415 - heavy
    from tests.contract.deployed import LAMBDAS_OWN  # noqa: PLC0415 - heavy

    return min(timed("floor", [], LAMBDAS_OWN)["ms"] for _ in range(3))


def _baseline() -> dict[str, float]:
    before = [_floor() for _ in range(3)]
    told: dict[str, float] = fresh([sys.executable, "-m", "benchmarks.latency"]).told
    return {**told, "floor_ms": median([*before, *(_floor() for _ in range(3))])}


def _memory(name: str) -> int:
    from scripts import facts  # noqa: PLC0415

    usual: int = facts.template()["Globals"]["Function"]["MemorySize"]
    own = {Path(one["CodeUri"]).name: one for _, one in facts.resources(facts.FUNCTION)}[name]
    return int(own.get("MemorySize", usual))


def _tasks() -> dict[str, str | None]:
    """By state: the function that it runs; None for one that runs none."""
    from scripts import facts  # noqa: PLC0415

    def work(state: Mapping[str, Any]) -> str | None:
        function = facts.function_of(state)
        return facts.folder(function) if function else None

    return {name: work(state) for name, state in facts.states().items()}


def worker() -> dict[str, float]:
    """What the published worker does by itself, in this process, with two photos of 12 megapixels."""
    from benchmarks.baseline import prepare  # noqa: PLC0415
    from benchmarks.photographs import SIZES, jpeg, photograph  # noqa: PLC0415
    from benchmarks.steps import drawing  # noqa: PLC0415

    photo, answer = jpeg(photograph(SIZES[12])), json.dumps({"images": [drawing()]}).encode()
    ready = prepare.prepare(photo)
    parameters = {"maskType": "GARMENT", "imageGenerationConfig": {"numberOfImages": 1}}

    def body() -> None:
        base64 = b64encode(ready).decode()
        hashlib.sha256(json.dumps({**parameters, "a": base64, "b": base64}).encode()).digest()

    def store() -> None:
        picture = b64decode(json.loads(answer)["images"][0])
        hashlib.sha256(picture).digest()

    return {
        name: median([_timed(work) for _ in range(5)], 2)
        for name, work in (("prepare_ms", lambda: prepare.prepare(photo)), ("body_ms", body), ("store_ms", store))
    }


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def _judged(seconds: float, aim: float | None) -> str:
    if aim is None:
        return "—"
    return f"≤ {aim} s: {'kept' if seconds <= aim else f'**missed by {seconds - aim:.2f} s**'}"


NAMES = {"published": "the published design", "fresh": "ours", "cache_hit": "ours, an equal result is there"}


def report(figures: Mapping[str, Any]) -> str:
    """The sums, then what they are made of."""
    made = sums(figures)
    rows = [
        (
            NAMES[name],
            f"**{of['push']:.2f} s**",
            f"**{of['whole']:.2f} s**",
            f"{of['push'] - of['calls'] - of['processor']:.2f} s",
            f"{of['calls']:.2f} s",
            f"{of['processor']:.2f} s",
            _judged(of["push"], AIMS.get(name)),
        )
        for name, of in made.items()
    ]
    heads = ("until the push", "until the picture is whole", "hops", "calls", "processor", "aim, to the push")
    parts = [table("Besides the model, warm, p50", *heads, rows=rows)]
    for name, steps in (
        ("fresh", list(ours(figures, "fresh"))),
        ("cache_hit", list(ours(figures, "cache_hit"))),
        ("published", list(published(figures))),
    ):
        listed = [(step.name, f"{step.ms:.0f}", f"{step.cpu_ms:.0f}" if step.cpu_ms else "") for step in steps]
        told = table("Step", "ms", "of it processor", rows=listed)
        parts.append(f"<details><summary>{NAMES[name].capitalize()}, step by step</summary>\n\n{told}\n\n</details>")
    latencies = table(
        "What a service takes (p50, warm)",
        "ms",
        "from",
        rows=[
            (one.what, f"{one.ms:g}", f"[measured]({MEASURED_BY_OTHERS[one.source]})" if one.source else ESTIMATE)
            for one in SERVICES.values()
        ],
    )
    parts.append(f"<details><summary>The services' latencies</summary>\n\n{latencies}\n\n</details>")
    return "\n\n".join(parts)


def plots(figures: Mapping[str, Any]) -> dict[str, str]:
    """Where the time goes on each way: hops, our functions, the download."""
    made = sums(figures)
    series = {
        "until the push": [made[name]["push"] for name in NAMES],
        "until the picture is whole": [made[name]["whole"] for name in NAMES],
    }
    return {"bench-latency.svg": bars("Besides the model, warm, p50", "s", list(NAMES.values()), series)}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(worker()) + "\n")
