"""What breaks first when a shop grows, by calculation: what one try-on needs of each service, and what each allows.

Needs are counted (``docs/figures/per-job.json``), set in ``template.yaml``, or declared below; limits are those of
an account with the usual quotas in us-east-1, each with its page, or our own. Nothing here was tried out on AWS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, Final

from vto_client.cost.bill import Order, bill
from vto_client.cost.engines import engines
from vto_client.cost.prices import prices_of
from vto_client.cost.stack import MEMORY_MB, READS, WRITES, Assumed, per_job

BASE_PER_SECOND: Final = 100 / 60
"""Try-ons in a second at 1 ×: what Nova Canvas's quota of one Region let through, 100 in a minute."""
SCALES: Mapping[str, float] = {"1 ×": 1, "10 ×": 10, "100 ×": 100, "1,000 ×": 1000, "internet": 6000}
"""``internet``: every tenth person once a day, 10,000 try-ons in a second."""
AWS = "https://docs.aws.amazon.com/"
PATH: Final = "fresh_billed"
SHARDS = 4
"""Partitions of a new table on demand, and so shards of its stream: it begins with 4,000 write units a second."""
PUBLISH_SECONDS, UPLOAD_SECONDS, DELIVER_SECONDS, MODEL_SECONDS = 0.12, 1.2, 0.15, 7.0
IN_PARALLEL, CONCURRENCY = 10, 2
"""ParallelizationFactor of the stream's mappings, MaximumConcurrency of the queues'."""
RUNS, NEW_ACCOUNT_RUNS = 1000, 10
"""Runs of Lambda at a time: the usual quota, and what a new account has until it asks for more (docs/deploying.md)."""
HTTP_PER_SECOND, SOCKETS_PER_SECOND = 100, 500
"""ThrottlingRateLimit of the two APIs."""
UPLOADS, REQUESTS, SIGN_INS, CONNECTIONS = 0.3, 4.0, 0.2, 0.5
"""Of one try-on: photos that are uploaded, requests of the HTTP API, sign-ins, sockets that are opened."""


@dataclass(frozen=True)
class Limit:
    """One limit.

    Args:
        what: What is limited, and where.
        allows: Units in a second.
        needs: Units of one try-on.
        is_ours: Whether we have set it.
        source: The page that says so, or where we have set it.
        lever: What to do about it.
        beyond: What happens above it.
    """

    what: str
    allows: float
    needs: float
    is_ours: bool
    source: str
    lever: str
    beyond: str

    @property
    def per_second(self) -> float:
        """Try-ons in a second that it bears."""
        return self.allows / self.needs if self.needs else inf


def limits() -> list[Limit]:
    """All that we know of, the lowest first."""
    return sorted((*_engine(), *_ours(), *_services()), key=lambda one: one.per_second)


def _engine() -> Iterable[Limit]:
    yield Limit(
        "the model's quota: requests in a minute, account and Region (Nova Canvas)",
        100 / 60,
        1,
        False,
        f"{AWS}general/latest/gr/bedrock.html",
        "more Regions (three had the model: 300), a higher quota, `FallbackEngine`, finished pictures used again",
        "try-ons queue with a true estimate; none is lost, those that would wait too long are refused at once",
    )


def _ours() -> Iterable[Limit]:
    counted = per_job()[PATH]
    yield Limit(
        "uploads: runs of `import_picture` at a time, of each queue",
        CONCURRENCY / UPLOAD_SECONDS,
        UPLOADS,
        True,
        "`MaximumConcurrency` of the queues' mappings, template.yaml",
        "raise it; each run takes one upload at a time",
        "photos wait in the queue before they can be tried on",
    )
    yield Limit(
        "delivery by the queue: runs of `deliver_result` at a time",
        CONCURRENCY / DELIVER_SECONDS,
        counted["lambda"].get("deliver_result", 0),
        True,
        "`MaximumConcurrency` of the queue's mapping, template.yaml",
        "raise it",
        "nobody notices: *Notify Client* has told the result; only what it lost comes later",
    )
    yield Limit(
        "requests of the HTTP API",
        HTTP_PER_SECOND,
        REQUESTS,
        True,
        "`ThrottlingRateLimit` of `HttpApi`, template.yaml",
        "raise it (the account allows 10,000), cache the catalogue before it",
        "pages are answered 429",
    )
    yield Limit(
        "messages of the WebSocket API that come in",
        SOCKETS_PER_SECOND,
        1,
        True,
        "`ThrottlingRateLimit` of `SocketApi`, template.yaml",
        "raise it",
        "what is said on the socket is answered 429",
    )
    yield Limit(
        "changes told by the stream: a shard brings `ParallelizationFactor` batches at a time",
        SHARDS * IN_PARALLEL / PUBLISH_SECONDS,
        counted["lambda"].get("publish_job", 0),
        True,
        f"{AWS}lambda/latest/dg/with-ddb.html",
        "the table gets more shards as it grows; tell the sockets of one batch at a time in parallel",
        "stages reach the page late; the result does not, and the alarm on the iterator's age rings",
    )


def _services() -> Iterable[Limit]:
    counted = per_job()[PATH]
    calls, shared = counted["calls"], counted["shared_write_units"]
    yield Limit(
        "state transitions (bucket 5,000)",
        1500,
        counted["transitions"],
        False,
        f"{AWS}step-functions/latest/dg/service-quotas.html",
        "ask for more; finished pictures used again need none",
        "executions slow down (`ExecutionThrottled`); nothing is lost",
    )
    yield Limit(
        "StartExecution (bucket 1,300)",
        300,
        calls.get("states:StartExecution", 0),
        False,
        f"{AWS}step-functions/latest/dg/service-quotas.html",
        "ask for more; let the stream start only what `message` did not",
        "the stream starts it later, then the sweep",
    )
    yield Limit(
        "write units of one partition: index `open` has one key for all unfinished jobs",
        1000,
        shared.get("vto-jobs.open:", 0),
        False,
        f"{AWS}amazondynamodb/latest/developerguide/warm-throughput-scenarios.html",
        "spread the key over a few values (`yes-0` … `yes-9`), and let the sweep ask for each",
        "writes of jobs are throttled, and with them every step",
    )
    yield Limit(
        "write units of one item: the shop's budget of the day",
        1000,
        shared.get("vto-controls:budget#shop#", 0),
        False,
        f"{AWS}amazondynamodb/latest/developerguide/warm-throughput-scenarios.html",
        "split the day's budget into parts, each with its item; transactions meet from some hundred a second on",
        "transactions are repeated, then the step is",
    )
    yield Limit(
        "write units of one item: an engine's next free instant",
        1000,
        shared.get("vto-controls:pace#", 0),
        False,
        f"{AWS}amazondynamodb/latest/developerguide/warm-throughput-scenarios.html",
        "an item for each part of the rate",
        "Reserve Slot takes longer",
    )
    yield Limit(
        "write units of a new table, as if all were the jobs'; it doubles within half an hour",
        4000,
        counted["write_units"],
        False,
        f"{AWS}amazondynamodb/latest/developerguide/warm-throughput-scenarios.html",
        "warm it up before a known rush (`WarmThroughput`)",
        "writes are throttled until the table has grown",
    )
    yield Limit(
        "write units of one table, account and Region",
        40_000,
        counted["write_units"],
        False,
        "https://www.repost.aws/knowledge-center/on-demand-table-throttling-dynamodb",
        "ask for more",
        "writes are throttled",
    )
    yield Limit(
        "Lambda: runs at a time, account and Region",
        RUNS,
        runs_at_a_time(),
        False,
        f"{AWS}lambda/latest/dg/gettingstarted-limits.html",
        "ask for more (tens of thousands are usual); a model that calls back instead of being waited for",
        "steps are tried again (`Lambda.TooManyRequestsException`), sockets are told to come again",
    )
    yield Limit(
        "requests of all APIs, callbacks to sockets included",
        10_000,
        REQUESTS + 1 + calls.get("execute-api:PostToConnection", 0),
        False,
        f"{AWS}apigateway/latest/developerguide/limits.html",
        "ask for more; fewer stages told",
        "pushes come later by the stream",
    )
    yield Limit(
        "new sockets",
        500,
        CONNECTIONS,
        False,
        f"{AWS}apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html",
        "ask for more; pages come back at times of their own",
        "a socket is refused; the page comes back",
    )
    yield Limit(
        "S3: writes below one prefix, until it is split",
        3500,
        sum(calls.get(name, 0) for name in WRITES),
        False,
        f"{AWS}AmazonS3/latest/userguide/optimizing-performance.html",
        "none is needed: keys begin with random ids, and S3 splits by itself within an hour",
        "503 Slow Down, tried again",
    )
    yield Limit(
        "S3: reads below one prefix, until it is split",
        5500,
        sum(calls.get(name, 0) for name in READS) + 1,
        False,
        f"{AWS}AmazonS3/latest/userguide/optimizing-performance.html",
        "a content delivery network before the pictures",
        "503 Slow Down, tried again",
    )
    yield Limit(
        "sign-ins",
        120,
        SIGN_INS,
        False,
        f"{AWS}cognito/latest/developerguide/quotas.html",
        "ask for more, or the shop's own sign-in",
        "sign-in is told to come again; who is signed in notices nothing",
    )


def runs_at_a_time() -> float:
    """Runs that one try-on in every second keeps busy."""
    assumed = Assumed(model_seconds=MODEL_SECONDS)
    runs: Mapping[str, int] = per_job()[PATH]["lambda"]
    return sum(times * assumed.seconds_of(name) for name, times in runs.items())


def measure() -> dict[str, Any]:
    """The limits, with what each bears."""
    engine = engines()["nova_canvas"]
    order = Order(10**9, 0.0, engine, engine.usd["1024 standard"], Assumed(model_seconds=engine.seconds))
    made = bill(order, prices_of("us-east-1", None))
    new = NEW_ACCOUNT_RUNS / runs_at_a_time() / BASE_PER_SECOND
    return {
        "about": "Calculated, not measured: what one fresh try-on with a paid model needs, and what an account with "
        f"the usual quotas in us-east-1 allows; a new one has {NEW_ACCOUNT_RUNS} runs of Lambda at a time, which is "
        f"{new:.2f} × of this load: ask for {RUNS:,} first. 1 × are 100 try-ons in a minute; internet are 10,000 in a "
        "second.",
        "base_per_second": round(BASE_PER_SECOND, 4),
        "scales": dict(SCALES),
        "declared": {
            "uploads": UPLOADS,
            "http_requests": REQUESTS,
            "sign_ins": SIGN_INS,
            "sockets": CONNECTIONS,
            "seconds_of_a_model": MODEL_SECONDS,
            "memory_mb": dict(MEMORY_MB),
        },
        "usd_per_1000": {"stack": round(made.stack, 4), "model": round(made.model, 4)},
        "limits": [
            {**asdict(one), "needs": round(one.needs, 3), "try_ons_per_second": round(one.per_second, 2)}
            for one in limits()
            if one.per_second < inf
        ],
    }


def report(figures: Mapping[str, Any]) -> str:
    """Two tables: what is passed at which scale and what that costs, and each limit with its lever."""
    base = figures["base_per_second"]
    rows = [
        f"| {one['what']} | {one['allows']:,.6g} | {one['needs']:g} | **{one['try_ons_per_second'] / base:,.3g} ×** | "
        f"{one['beyond']} | {one['lever']} | {_page(one['source'])} |"
        for one in figures["limits"]
    ]
    return "\n".join(
        [
            *_scales(figures),
            "",
            "| What | allows, a second | a try-on needs | holds until | above it | lever | where |",
            "| --- | --: | --: | --: | --- | --- | --- |",
            *rows,
        ]
    )


def _scales(figures: Mapping[str, Any]) -> Iterable[str]:
    yield "| At | try-ons a second | breaks first, and then | limits passed, AWS's and ours | USD an hour, AWS, model |"
    yield "| --- | --: | --- | --- | --: |"
    below = 0.0
    for name, scale in figures["scales"].items():
        load = scale * figures["base_per_second"]
        passed = [one for one in figures["limits"] if one["try_ons_per_second"] < load * 0.999]
        new = [
            one["what"].partition(", account")[0].partition(" (bucket")[0]
            for one in passed
            if one["try_ons_per_second"] >= below
        ]
        ours = sum(one["is_ours"] for one in passed)
        hour = load * 3600 / 1000
        stack, model = hour * figures["usd_per_1000"]["stack"], hour * figures["usd_per_1000"]["model"]
        yield (
            f"| **{name}** | {load:,.5g} | {'; '.join(new) or 'nothing more'} | {len(passed) - ours} and {ours} | "
            f"{stack:,.0f} and {model:,.0f} |"
        )
        below = load * 0.999


def _page(source: str) -> str:
    return f"[page]({source})" if source.startswith("https://") else source
