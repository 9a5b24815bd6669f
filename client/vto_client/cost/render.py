"""How a bill reads."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from vto_client.cost.bill import KEPT, Bill, Order
from vto_client.cost.engines import Hosted
from vto_client.cost.prices import Price, Prices
from vto_client.cost.stack import DECLARED_ON


def bill(order: Order, bills: tuple[Bill, Bill], hosted: Iterable[Hosted], prices: Prices, console: Console) -> None:
    """The bill beside that of the published design, the month, and what services elsewhere ask."""
    made, published = bills
    again = f", {order.hit_rate:.0%} of them with a picture that was there" if order.hit_rate else ""
    _line(
        console, f"1,000 try-ons with {order.engine.name}{again}: {usd(made.total)} USD, {usd(made.stack)} of it AWS's"
    )
    console.print()
    console.print(_table(made, published))
    console.print()
    _line(
        console,
        f"a month   {usd(made.month)} USD for {order.jobs:,} try-ons; {usd(made.standing)} of it for none at all",
    )
    for one in hosted:
        asks = "not confirmed" if one.usd is None else f"{usd(1000 * order.assumed.images * one.usd)} USD"
        _line(console, f"elsewhere {asks} for 1,000 at {one.name} ({one.source}, read {one.read_on})")
    asked = f"{usd(order.usd_per_image)} USD a picture"
    if order.awake_hours is not None:
        asked = f"{usd(made.model * order.jobs / 1000)} USD a month for {order.awake_hours:,g} hours, whatever is drawn"
    _line(console, f"model     {asked}: {order.engine.note}; {order.engine.source}")
    first, last = min(one.read_on for one in prices.values()), max(one.read_on for one in prices.values())
    _line(console, f"prices    read from {first} to {last}; --sources names each page")
    _line(console, f"counted   calls, units and transitions of one job; declared on {DECLARED_ON}: durations and sizes")
    free = "is taken off" if order.free_tier else "is not taken off"
    _line(console, f"not in it uploads, sign-in, browsing, taxes; what AWS gives every month for nothing {free}")


def sources(region: str, prices: Iterable[Price], console: Console) -> None:
    """Each price, with its page."""
    table = Table(box=None, pad_edge=False, title=f"Prices of {region}", title_justify="left")
    for name in ("service", "unit", "USD", "free a month", "read on", "page", "read through"):
        table.add_column(name, overflow="fold")
    for one in prices:
        free = f"{one.free_each_month:,g}" if one.free_each_month else ""
        table.add_row(one.service, one.unit, f"{one.usd:.10f}".rstrip("0"), free, one.read_on, one.source, one.through)
    console.print(table)


def usd(value: float) -> str:
    """US dollars: cents where there are dollars, otherwise three digits that say something."""
    if value == 0 or value >= 1:
        return f"{value:,.2f}"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.2g}"


def _table(made: Bill, published: Bill) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("USD for 1,000 try-ons")
    table.add_column("this stack", justify="right")
    table.add_column("the published design", justify="right")
    names = sorted(
        {*made.services, *published.services}, key=lambda name: (name == KEPT, -made.services.get(name, 0.0), name)
    )
    for name in names:
        table.add_row(name, usd(made.services.get(name, 0.0)), usd(published.services.get(name, 0.0)))
    table.add_row("AWS", usd(made.stack), usd(published.stack), style="bold")
    table.add_row(f"  without {KEPT}", usd(made.runs), usd(published.runs))
    table.add_row("model", usd(made.model), usd(published.model))
    table.add_row("all", usd(made.total), usd(published.total), style="bold")
    return table


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
