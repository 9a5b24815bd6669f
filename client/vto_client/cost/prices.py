"""The dated prices: those that ship with the client, or a shop's own table of the same shape."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from vto_client.problems import CommandError

USAGE: Final = 2
MOST: Final = 10**15
"""An amount that no price and no free tier comes near; sums of such amounts are still numbers."""
DATA = resources.files("vto_client.cost") / "data"


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of a service costs.

    Args:
        id: Its name in the table.
        service: Under which heading it is summed up.
        unit: What is counted.
        usd: US dollars for one unit.
        free_each_month: Units of every month that AWS charges nobody for.
        source: The page that says so.
        read_on: When it was read, ISO-8601.
        through: Where it was read, if not on that page itself.
    """

    id: str
    service: str
    unit: str
    usd: float
    free_each_month: float
    source: str
    read_on: str
    through: str

    @classmethod
    def read(cls, row: Any, where: str) -> "Price":
        """One row of a table.

        Raises:
            CommandError: It is none; the sentence names the field.
        """
        if not isinstance(row, dict):
            raise CommandError(f"{where} is no object: take a row of `vto cost --sources --json` for a pattern", USAGE)
        for name in ("id", "service", "unit", "source", "read_on", "through"):
            if not isinstance(row.get(name), str):
                raise CommandError(f"{where}.{name} is missing or no text", USAGE)
        for name in ("usd", "free_each_month"):
            if not is_amount(row.get(name)):
                raise CommandError(f"{where}.{name} must be a number, 0 or more, and at most {MOST:,}", USAGE)
        return cls(**{name: row[name] for name in cls.__slots__})


type Prices = Mapping[str, Price]


def is_amount(value: Any) -> bool:
    """Whether it is a number, not negative, and not without end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST


@cache
def shipped() -> Mapping[str, Prices]:
    """The tables that come with the client, by Region."""
    return _tables(json.loads((DATA / "prices.json").read_text()), "prices.json")


def prices_of(region: str, file: Path | None) -> Prices:
    """The prices of a Region.

    Raises:
        CommandError: Nobody has looked its prices up, or the file is no table, or lacks one that is needed.
    """
    tables = shipped() if file is None else _tables(_json(file), str(file))
    if region not in tables:
        known = sorted(tables)
        raise CommandError(
            f"there are no prices of the Region {region}, only of {', '.join(known)}: use --region {known[0]}, or look "
            "yours up and give them with --prices FILE (`vto cost --sources --json` prints a table to fill in)",
            USAGE,
        )
    needed = set(next(iter(shipped().values())))
    if missing := sorted(needed - set(tables[region])):
        raise CommandError(f"{file} has no price of {', '.join(missing)} for {region}: add a row for each", USAGE)
    return tables[region]


def _tables(document: Any, where: str) -> Mapping[str, Prices]:
    if not isinstance(document, dict) or not document or not all(isinstance(rows, list) for rows in document.values()):
        raise CommandError(f"{where} is no object of Regions, each with a list of prices", USAGE)
    return {
        region: {
            one.id: one for number, row in enumerate(rows) for one in [Price.read(row, f"{where}: {region}[{number}]")]
        }
        for region, rows in document.items()
    }


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except OSError as problem:
        raise CommandError(f"{file} cannot be read: {problem.strerror or problem}", USAGE) from problem
    except ValueError as problem:
        raise CommandError(f"{file} is no JSON: {problem}", USAGE) from problem
    except RecursionError as problem:
        raise CommandError(
            f"{file} is nested too deeply for a table of prices: `vto cost --sources --json` prints one", USAGE
        ) from problem
