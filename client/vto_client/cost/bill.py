"""The bill: units times prices, by service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vto_client.cost import published, standing
from vto_client.cost.engines import Engine
from vto_client.cost.prices import Prices
from vto_client.cost.stack import Assumed, units

THOUSAND: Final = 1000
KEPT: Final = "pictures kept"
"""The one service that is paid for what lies there, and not for what a try-on does."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked.

    Args:
        jobs: Try-ons of a month.
        hit_rate: The part of them for which a finished picture is used again, 0 to 1.
        engine: Who draws the others.
        usd_per_image: What it asks for a picture.
        assumed: What nobody can count beforehand.
        free_tier: Whether what AWS gives every account each month is taken off.
        awake_hours: Hours of the month for which the engine's instance is paid, whatever it draws; None where pictures
            are paid for.
    """

    jobs: int
    hit_rate: float
    engine: Engine
    usd_per_image: float
    assumed: Assumed
    free_tier: bool = False
    awake_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What it comes to, in US dollars.

    Args:
        services: The stack's, for a thousand try-ons, by service.
        model: The engine's, for a thousand try-ons.
        standing: The stack's in a month in which nobody tries anything on.
        month: Everything, for the month that was asked for.
    """

    services: Mapping[str, float]
    model: float
    standing: float
    month: float

    @property
    def stack(self) -> float:
        """The stack's own, for a thousand try-ons."""
        return sum(self.services.values())

    @property
    def runs(self) -> float:
        """The same, without the pictures that are kept."""
        return self.stack - self.services.get(KEPT, 0.0)

    @property
    def total(self) -> float:
        """For a thousand try-ons, the model's with it."""
        return self.stack + self.model

    def public(self) -> dict[str, Any]:
        """The bill as JSON has it."""
        return {
            "stack_usd_per_1000": {name: _usd(usd) for name, usd in self.services.items()},
            "stack_total_usd_per_1000": _usd(self.stack),
            "model_usd_per_1000": _usd(self.model),
            "total_usd_per_1000": _usd(self.total),
            "standing_still_usd_per_month": _usd(self.standing),
            "month_usd": _usd(self.month),
        }


def bill(order: Order, prices: Prices) -> Bill:
    """What the stack and its engine come to."""
    fresh, again = units(order.engine.path, order.assumed), units("cache_hit", order.assumed)
    one = {
        name: (1 - order.hit_rate) * fresh.get(name, 0.0) + order.hit_rate * again.get(name, 0.0)
        for name in fresh.keys() | again.keys()
    }
    return _bill(order, prices, one, 1 - order.hit_rate, standing.units(order.assumed.architecture))


def published_bill(order: Order, prices: Prices) -> Bill:
    """What the published design comes to with the same engine; it uses no picture again."""
    return _bill(order, prices, published.units(order.assumed), 1.0, {})


def _bill(
    order: Order, prices: Prices, one: Mapping[str, float], drawn: float, each_month: Mapping[str, float]
) -> Bill:
    month = {name: order.jobs * one.get(name, 0.0) + each_month.get(name, 0.0) for name in {*one, *each_month}}
    paid = {name: _paid(amount, prices, name, order) for name, amount in month.items()}
    model = _model(order, drawn)
    services: dict[str, float] = {}
    for name, price in prices.items():
        if one.get(name):
            # of what a month's free units leave, each use bears its part
            share = paid[name] / month[name] if month[name] else 0.0
            services[price.service] = services.get(price.service, 0.0) + THOUSAND * one[name] * share * price.usd
    still = sum(_paid(amount, prices, name, order) * prices[name].usd for name, amount in each_month.items())
    return Bill(
        services,
        THOUSAND * model / order.jobs,
        still,
        sum(amount * prices[name].usd for name, amount in paid.items()) + model,
    )


def _model(order: Order, drawn: float) -> float:
    """The engine's, for the month: its pictures, or the hours in which its instance is awake, or must be."""
    pictures = order.jobs * drawn * order.assumed.images
    if order.awake_hours is None or order.engine.usd_per_hour is None:
        return pictures * order.usd_per_image
    return max(order.awake_hours, pictures * order.assumed.model_seconds / 3600) * order.engine.usd_per_hour


def _paid(amount: float, prices: Prices, name: str, order: Order) -> float:
    return max(0.0, amount - prices[name].free_each_month) if order.free_tier else amount


def _usd(value: float) -> float:
    return round(value, 6)
