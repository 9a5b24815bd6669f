"""What 1,000 try-ons cost, by service, beside the published design and services elsewhere: ``vto cost`` in tables."""

from collections.abc import Mapping
from typing import Any, Final

from vto_client.cost.bill import KEPT, Bill, Order, bill, published_bill
from vto_client.cost.engines import engines, hosted
from vto_client.cost.prices import prices_of
from vto_client.cost.stack import DECLARED_ON, Assumed, units

JOBS: Final = 100_000
REGION: Final = "us-east-1"
HIT_RATES = (0.0, 0.3, 0.6)
AIM_USD: Final = 0.30
"""All parts of AWS together, for 1,000 fresh try-ons, without the pictures that are kept; a test holds it."""


def of(engine: str, hit_rate: float) -> tuple[Bill, Bill]:
    """The bill of an engine's usual picture at one megapixel, and that of the published design."""
    chosen = engines()[engine]
    each = chosen.usd.get("1024 standard", 0.0)
    if chosen.usd_per_hour is not None:
        each = chosen.usd_per_hour * chosen.seconds / 3600
    order = Order(JOBS, hit_rate, chosen, each, Assumed(model_seconds=chosen.seconds, jobs_each_month=JOBS))
    prices = prices_of(REGION, None)
    return bill(order, prices), published_bill(order, prices)


def preparing() -> float:
    """What preparing 1,000 uploads comes to, which is in no try-on's sum."""
    prices = prices_of(REGION, None)
    return 1000 * sum(amount * prices[name].usd for name, amount in units("prepared", Assumed()).items())


def measure() -> dict[str, Any]:
    """The bills, for all engines and some hit rates."""
    prices = prices_of(REGION, None)
    dates = sorted(one.read_on for one in prices.values())
    return {
        "about": "Calculated: what one job is counted to come to (docs/figures/per-job.json), times list prices of "
        f"{REGION} that were read from {dates[0]} to {dates[-1]}, with durations and sizes declared on {DECLARED_ON}; "
        f"one picture of a megapixel, {JOBS:,} try-ons a month, no free tier. `vto cost --sources` names the page of "
        "each price.",
        "jobs_a_month": JOBS,
        "aim_usd_per_1000": AIM_USD,
        "engines": {name: {f"{rate:g}": of(name, rate)[0].public() for rate in HIT_RATES} for name in engines()},
        "preparing_usd_per_1000_uploads": round(preparing(), 6),
        "published_design": of("nova_canvas", 0.0)[1].public(),
        "hosted": [
            {"name": one.name, "usd_per_1000": None if one.usd is None else 1000 * one.usd, "source": one.source}
            for one in hosted()
        ],
    }


def _judged(usd: float, aim: float) -> str:
    return "kept" if usd <= aim else f"**missed by {usd - aim:.3f}**"


def report(figures: Mapping[str, Any]) -> str:
    """The split by service, and what everything comes to with each engine."""
    ours, published = figures["engines"]["nova_canvas"], figures["published_design"]
    columns = [*(ours[rate]["stack_usd_per_1000"] for rate in ours), published["stack_usd_per_1000"]]
    first = columns[0]
    names = sorted(
        {name for one in columns for name in one}, key=lambda name: (name == KEPT, -first.get(name, 0.0), name)
    )
    without = [sum(usd for name, usd in one.items() if name != KEPT) for one in columns]
    aim = figures["aim_usd_per_1000"]
    heads = " | ".join(f"{float(rate):.0%} used again" for rate in ours)
    lines = [
        f"| USD for 1,000 try-ons, without the model | {heads} | the published design |",
        "| --- |" + " --: |" * len(columns),
        *(f"| {name} | " + " | ".join(f"{one.get(name, 0.0):.3f}" for one in columns) + " |" for name in names),
        "| **AWS** | " + " | ".join(f"**{sum(one.values()):.3f}**" for one in columns) + " |",
        f"| without {KEPT} | " + " | ".join(f"{usd:.3f}" for usd in without) + " |",
        f"| the aim for that: ≤ {aim:.2f} | " + " | ".join(_judged(usd, aim) for usd in without[:-1]) + " | — |",
        "",
        "Preparing an upload is in none of these sums: ours come to "
        f"{figures['preparing_usd_per_1000_uploads']:.3f} for 1,000 uploads.",
        "",
        "| USD for 1,000 try-ons, everything | 0% used again | 30% | 60% | a month of "
        f"{figures['jobs_a_month']:,} at 30% |",
        "| --- | --: | --: | --: | --: |",
        *(
            f"| `{name}` | "
            + " | ".join(f"{one['total_usd_per_1000']:,.2f}" for one in made.values())
            + f" | {made['0.3']['month_usd']:,.0f} |"
            for name, made in figures["engines"].items()
        ),
        f"| the published design with `nova_canvas` | {published['total_usd_per_1000']:,.2f} | — | — | "
        f"{published['month_usd']:,.0f} |",
    ]
    for one in figures["hosted"]:
        usd = "not confirmed" if one["usd_per_1000"] is None else f"{one['usd_per_1000']:,.2f}"
        lines.append(f"| {one['name']} | {usd} | — | — | — |")
    return "\n".join(lines)
