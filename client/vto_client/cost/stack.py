"""What the stack comes to for one try-on, in the units that AWS bills.

Counted are transitions, runs, requests and request units (``data/per_job.json``, from ``python -m benchmarks.per_job``)
and set are memory sizes (``template.yaml``); tests keep both equal. Declared here, because only a running shop can
measure it, is how long functions run and how large things are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from vto_client.cost.prices import DATA

DECLARED_ON = "2026-11-22"
MEMORY_MB: Mapping[str, int] = {
    "api": 1769,
    "deliver_result": 256,
    "import_picture": 1024,
    "invoke_model": 320,
    "message": 1769,
    "notify_client": 1769,
    "publish_job": 256,
    "record_failure": 256,
    "render_preview": 2048,
    "reserve_slot": 1769,
    "start_try_on": 256,
    "store_result": 1769,
    "sweep_jobs": 256,
    "validate_request": 1769,
}
SECONDS: Mapping[str, float] = {
    "api": 0.15,
    "deliver_result": 0.05,
    "import_picture": 1.2,
    "invoke_model": 0.15,  # without the model
    "message": 0.12,
    "notify_client": 0.09,
    "publish_job": 0.13,
    "record_failure": 0.25,
    "reserve_slot": 0.04,
    "start_try_on": 0.03,
    "store_result": 0.16,
    "sweep_jobs": 0.2,
    "validate_request": 0.05,
}
"""How long a warm run lasts: the calls of AWS that it waits for, by the latencies of docs/performance.md, and the time
of the processor, which was measured on one core, by the part of a core that the memory brings."""
TRACED = frozenset({"api", "message"})
"""Functions of a try-on whose runs begin a trace; the machine and its steps join that of the request."""
WRITES = frozenset({"s3:PutObject", "s3:CopyObject", "s3:ListObjectVersions", "s3:ListObjectsV2"})
READS = frozenset({"s3:GetObject", "s3:HeadObject"})
BY_QUEUE: Mapping[str, str] = {"deliver_result": "results", "import_picture": "product_uploads"}
"""Functions that a queue of S3's events calls."""
QUEUE_REQUESTS = 3
"""What a message costs: it is sent, received and deleted."""
WITH_RESULT = frozenset({"fresh", "fresh_billed", "cache_hit"})
DRAWN = WITH_RESULT - {"cache_hit"}
"""Ways on which an engine's pictures lie under ``generated/`` until they are the job's."""
GENERATED_DAYS = 3
"""How long they lie there: a lifecycle rule of one day, its delay, and a day as a version of before."""
BYTES_OF_TIER: Mapping[int, tuple[float, float]] = {1024: (1.0, 1.0), 2048: (2.38, 3.11)}
"""How many times as large, as shown and as a model returns it, a picture of a tier is (docs/figures/delivery.json)."""
SECONDS_OF_MONTH, DAYS_OF_MONTH = 730 * 3600, 365 / 12
KB, GB = 1e3, 1e9


@dataclass(frozen=True, slots=True)
class Assumed:
    """What no test can count.

    Args:
        model_seconds: How long the engine takes.
        images: Pictures of a try-on.
        shown_kb: What the shopper downloads of a picture: WebP of one megapixel, quality 85.
        original_kb: The picture as a model returns it: a PNG of one megapixel.
        preview_kb: The small picture inside the snapshot.
        minutes: How long the shopper's socket is open for it.
        log_bytes: What a run writes into logs; ours were 460 and the platform's about 350 on 2026-11-22.
        kept_days: For how long results are kept (RetentionDays), and the three days that a deletion may take.
        jobs_each_month: By which the share of traced runs goes.
        architecture: Processor of the functions.
    """

    model_seconds: float = 7.0
    images: int = 1
    shown_kb: float = 185
    original_kb: float = 1730
    preview_kb: float = 11
    minutes: float = 5
    log_bytes: float = 810
    kept_days: float = 33
    jobs_each_month: float = 100_000
    architecture: str = "arm64"
    seconds: Mapping[str, float] = field(default_factory=lambda: SECONDS)

    @property
    def traced_share(self) -> float:
        """Of runs that begin a trace: Lambda records the first of every second, and 5 % of the others."""
        rate = self.jobs_each_month / SECONDS_OF_MONTH
        return 1.0 if rate <= 1 else (1 + 0.05 * (rate - 1)) / rate

    def seconds_of(self, function: str) -> float:
        """How long a run of a function lasts."""
        if function == "render_preview":
            return self.model_seconds
        return self.seconds[function] + (self.model_seconds if function == "invoke_model" else 0)

    def of_tier(self, tier: int) -> "Assumed":
        """The same, with pictures of a tier's size instead of one megapixel; the small one stays as it is."""
        shown, original = BYTES_OF_TIER[tier]
        return replace(self, shown_kb=self.shown_kb * shown, original_kb=self.original_kb * original)

    def with_seconds(self, changed: Mapping[str, float]) -> "Assumed":
        """The same, with other durations of some functions."""
        return replace(self, seconds={**self.seconds, **changed})


@cache
def per_job() -> Mapping[str, Any]:
    """What one job comes to, by the way it takes."""
    found: Mapping[str, Any] = json.loads((DATA / "per_job.json").read_text())
    return found


def units(path: str, assumed: Assumed) -> dict[str, float]:
    """What one try-on is billed for, in units of each price."""
    counted = per_job()[path]
    calls: Mapping[str, int] = counted["calls"]
    runs: Mapping[str, int] = counted["lambda"]
    pushes = calls.get("execute-api:PostToConnection", 0)
    return {
        "states_transition": counted["transitions"],
        "lambda_request": sum(runs.values()),
        f"lambda_gb_second_{assumed.architecture}": sum(
            times * MEMORY_MB[name] / 1024 * assumed.seconds_of(name) for name, times in runs.items()
        ),
        "dynamodb_write": counted["write_units"],
        "dynamodb_read": counted["read_units"],
        "s3_write": sum(calls.get(name, 0) for name in WRITES),
        "s3_read": sum(calls.get(name, 0) for name in READS) + (assumed.images if path in WITH_RESULT else 0),
        "sqs_request": QUEUE_REQUESTS * sum(runs.get(name, 0) for name in BY_QUEUE),
        "logs_gb": sum(runs.values()) * assumed.log_bytes / GB,
        "xray_trace": sum(times for name, times in runs.items() if name in TRACED) * assumed.traced_share,
        "websocket_message": 1 + pushes if pushes else 0,
        "websocket_minute": assumed.minutes if pushes else 0,
        **_pictures(path, assumed),
    }


def _pictures(path: str, assumed: Assumed) -> dict[str, float]:
    """What the result's pictures come to: downloads, and space until they are deleted."""
    if path not in WITH_RESULT:
        return {}
    kept = (assumed.original_kb + assumed.shown_kb + assumed.preview_kb) * assumed.kept_days
    drawn = assumed.original_kb * GENERATED_DAYS if path in DRAWN else 0
    return {
        "internet_gb": assumed.images * (assumed.shown_kb + assumed.preview_kb) * KB / GB,
        "s3_gb_month": assumed.images * (kept + drawn) * KB / GB / DAYS_OF_MONTH,
    }
