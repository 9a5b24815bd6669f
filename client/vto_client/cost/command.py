"""The command itself: what try-ons will cost, without asking any service."""

import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.console import Console

from vto_client.cost import render
from vto_client.cost.bill import Bill, Order, bill, published_bill
from vto_client.cost.engines import TIERS, Engine, engines, hosted
from vto_client.cost.prices import Price, Prices, prices_of
from vto_client.cost.stack import DECLARED_ON, SECONDS, Assumed
from vto_client.problems import CommandError
from vto_client.telling import AsJson, json_out

USAGE: Final = 2
MOST_JOBS: Final = 10**12
MOST_IMAGES: Final = 5
MOST_AMOUNT: Final = 10**9


def cost(
    *,
    jobs: Annotated[int, typer.Option(help="Try-ons of a month.")] = 100_000,
    hit_rate: Annotated[float, typer.Option(help="The part of them that uses a finished picture again: 0 to 1.")] = 0.0,
    engine: Annotated[
        Literal["preview", "nova_canvas", "sagemaker", "fashn_api"], typer.Option(help="Who draws the others.")
    ] = "nova_canvas",
    images: Annotated[int, typer.Option(help="Pictures of a try-on, 1 to 5.")] = 1,
    tier: Annotated[int, typer.Option(help="1024 or 2048, as PictureTier.")] = 1024,
    quality: Annotated[Literal["standard", "premium"], typer.Option(help="standard or premium.")] = "standard",
    price_per_image: Annotated[
        float | None, typer.Option(help="US dollars that a picture costs you; the engine's price when left out.")
    ] = None,
    awake_hours: Annotated[
        float | None, typer.Option(help="sagemaker: hours of the month in which an instance is awake.")
    ] = None,
    model_seconds: Annotated[
        float | None, typer.Option(help="How long the engine takes; what is usual for it when left out.")
    ] = None,
    seconds: Annotated[
        list[str] | None, typer.Option(help="FUNCTION=SECONDS: how long its runs last, as you measured it; repeatable.")
    ] = None,
    architecture: Annotated[Literal["arm64", "x86_64"], typer.Option(help="arm64 or x86_64, as deployed.")] = "arm64",
    region: Annotated[str, typer.Option(help="The AWS Region whose prices count.")] = "us-east-1",
    prices: Annotated[
        Path | None, typer.Option(help="A table of prices of your own, as `--sources --json` prints it.")
    ] = None,
    free_tier: Annotated[
        bool, typer.Option("--free-tier", help="Take off what AWS gives every account each month for nothing.")
    ] = False,
    sources: Annotated[bool, typer.Option("--sources", help="Only print the prices, each with its page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what try-ons cost, by service, beside the published design and services elsewhere. Asks nobody.

    Exit codes: 0 told, 2 something cannot be used as it is.
    """
    table = prices_of(region, prices)
    if sources:
        _sources(region, table, as_json=as_json)
        return
    _ensure(0 < jobs <= MOST_JOBS, "--jobs", jobs, f"a whole number from 1 to {MOST_JOBS:,}")
    _ensure(0 <= hit_rate <= 1, "--hit-rate", hit_rate, "a number from 0 to 1, such as 0.3 for 30 %")
    _ensure(1 <= images <= MOST_IMAGES, "--images", images, f"a whole number from 1 to {MOST_IMAGES}")
    _ensure(tier in TIERS, "--tier", tier, " or ".join(map(str, TIERS)))
    for name, value in (
        ("--price-per-image", price_per_image),
        ("--model-seconds", model_seconds),
        ("--awake-hours", awake_hours),
    ):
        _ensure(value is None or 0 <= value <= MOST_AMOUNT, name, value, f"a number, 0 or more, up to {MOST_AMOUNT:,}")
    chosen = engines()[engine]
    _ensure_can(chosen, images, tier)
    _ensure_hours_count(chosen, awake_hours, price_per_image)
    assumed = Assumed(
        model_seconds=chosen.seconds_of(quality) if model_seconds is None else model_seconds,
        images=images,
        jobs_each_month=jobs,
        architecture=architecture,
    ).with_seconds(_durations(seconds or []))
    if not chosen.has_own_size:
        assumed = assumed.of_tier(tier)
    drawn = jobs * (1 - hit_rate) * images
    each = price_per_image
    if each is None:
        each = _price(chosen, f"{tier} {quality}", drawn, awake_hours, assumed.model_seconds)
    order = Order(jobs, hit_rate, chosen, each, assumed, free_tier, awake_hours)
    made, published = bill(order, table), published_bill(order, table)
    if as_json:
        json_out(_document(order, made, published, region, table))
    else:
        render.bill(order, (made, published), hosted(), table, Console(highlight=False))


def _ensure_can(engine: Engine, images: int, tier: int) -> None:
    if tier > engine.largest_tier:
        raise CommandError(
            f"--tier {tier} cannot be had of {engine.name}, whose stack is not deployed with it: give "
            f"{engine.largest_tier}, or another --engine",
            USAGE,
        )
    if images > engine.most_images:
        raise CommandError(
            f"--images {images} is more than {engine.name} draws for one try-on: give {engine.most_images} or fewer, "
            "or another --engine",
            USAGE,
        )


def _ensure_hours_count(engine: Engine, awake_hours: float | None, price_per_image: float | None) -> None:
    if awake_hours is None:
        return
    if engine.usd_per_hour is None:
        raise CommandError(
            f"--awake-hours is of engines that are paid by the hour, and {engine.name} is not: leave it out", USAGE
        )
    if price_per_image is not None:
        raise CommandError(
            "--awake-hours and --price-per-image are two prices of the same pictures: leave one of them out", USAGE
        )


def _price(engine: Engine, kind: str, drawn: float, awake_hours: float | None, seconds: float) -> float:
    """US dollars for one picture."""
    if engine.usd_per_hour is None:
        return engine.usd.get(kind, 0.0)
    busy = drawn * seconds / 3600
    hours = busy if awake_hours is None else awake_hours
    if hours < busy:
        raise CommandError(
            f"--awake-hours {hours:g} is too few: {drawn:,.0f} pictures of {seconds:g} s are {busy:,.1f} hours of an "
            "instance; leave it out for instances that are always busy",
            USAGE,
        )
    return engine.usd_per_hour * hours / drawn if drawn else 0.0


def _durations(given: list[str]) -> dict[str, float]:
    found = {}
    for one in given:
        name, _, value = one.partition("=")
        _ensure(name in SECONDS, "--seconds", one, f"FUNCTION=SECONDS, with one of {', '.join(sorted(SECONDS))}")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = math.nan
        _ensure(0 <= found[name] < math.inf, "--seconds", one, f"{name}= and a number, 0 or more")
    return found


def _ensure(holds: bool, option: str, value: Any, wanted: str) -> None:
    if not holds:
        raise CommandError(f"{option} {value} cannot be used: give {wanted}", USAGE)


def _sources(region: str, table: Prices, *, as_json: bool) -> None:
    if as_json:
        json_out({region: [_row(one) for one in table.values()]})
    else:
        render.sources(region, table.values(), Console(highlight=False))


def _row(price: Price) -> dict[str, Any]:
    return {name: getattr(price, name) for name in Price.__slots__}


def _document(order: Order, made: Bill, published: Bill, region: str, table: Prices) -> dict[str, Any]:
    assumed = order.assumed
    return {
        "v": 1,
        "region": region,
        "jobs": order.jobs,
        "hit_rate": order.hit_rate,
        "engine": order.engine.name,
        "free_tier": order.free_tier,
        **made.public(),
        "published_design": published.public(),
        "hosted": [
            {
                "name": one.name,
                "usd_per_1000": None if one.usd is None else 1000 * assumed.images * one.usd,
                "source": one.source,
                "read_on": one.read_on,
            }
            for one in hosted()
        ],
        "usd_per_image": None if order.awake_hours is not None and order.hit_rate == 1 else order.usd_per_image,
        "awake_hours": order.awake_hours,
        "assumed": {
            "declared_on": DECLARED_ON,
            "model_seconds": assumed.model_seconds,
            "images": assumed.images,
            "shown_kb": assumed.shown_kb,
            "original_kb": assumed.original_kb,
            "preview_kb": assumed.preview_kb,
            "minutes_connected": assumed.minutes,
            "log_bytes_per_run": assumed.log_bytes,
            "kept_days": assumed.kept_days,
            "traced_share": assumed.traced_share,
            "architecture": assumed.architecture,
            "seconds": dict(assumed.seconds),
        },
        "prices": {name: {"usd": one.usd, "source": one.source, "read_on": one.read_on} for name, one in table.items()},
    }
