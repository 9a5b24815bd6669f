"""Does a page of the catalogue or of a history cost more when the tables have more rows? Counted, on moto.

The real function of the HTTP API answers; every call that it makes is counted, and so are the rows that DynamoDB looks
at for it, which is what DynamoDB bills. The tables grow tenfold in between.
"""

import contextlib
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks.processes import ROOT
from scripts.tables import table

ROWS = (250, 1_000, 2_500)
QUESTIONS = {
    "the first page of products": ("GET /products", {}),
    "the next page of products": ("GET /products", {"cursor": "next"}),
    "a category": ("GET /products", {"category": "tops"}),
    "a search": ("GET /products", {"search": "linen"}),
    "one product": ("GET /products/{product_id}", {"product_id": "product-7"}),
    "the count of categories": ("GET /categories", {}),
    "the first page of a history": ("GET /try-ons", {}),
    "the next page of a history": ("GET /try-ons", {"cursor": "next"}),
}
GROW = frozenset({"a search", "the count of categories"})
"""What may cost more: a search goes on until it has found enough, and a count counts, both bounded."""


def measure(sizes: Sequence[int] = ROWS) -> dict[str, Any]:
    """Every question against tables of every size."""
    from moto import mock_aws  # noqa: PLC0415 - the documents import this module for its report

    with mock_aws(), contextlib.redirect_stdout(io.StringIO()):
        return {
            "about": (
                "The HTTP API's real function on moto; tables with so many products and so many jobs, half of them one"
                " shopper's. Counted for one request: calls of DynamoDB / rows that they look at. One product in a"
                " thousand is of linen."
            ),
            "rows": list(sizes),
            "questions": _asked(sizes),
        }


def _asked(sizes: Sequence[int]) -> dict[str, dict[str, dict[str, int]]]:
    import boto3  # noqa: PLC0415
    import pytest  # noqa: PLC0415

    from tests.contract import deployed  # noqa: PLC0415
    from vto import bootstrap, telemetry  # noqa: PLC0415

    made: dict[str, dict[str, dict[str, int]]] = {name: {} for name in QUESTIONS}
    looked = Counter[str]()

    def seen(parsed: Mapping[str, Any], **_: Any) -> None:
        looked["calls"] += 1
        looked["rows"] += parsed.get("ScannedCount", int("Item" in parsed))
        looked["rows"] += sum(len(some) for some in parsed.get("Responses", {}).values())

    with pytest.MonkeyPatch.context() as patch:
        deployed.create_storage()
        session = boto3.session.Session(region_name=deployed.REGION)
        session.events.register("after-call.dynamodb.*", seen)
        patch.setattr(boto3, "DEFAULT_SESSION", session)
        deployed.use_environment(patch, deployed.environment("api"))
        there = 0
        for rows in sizes:
            _fill(there, rows)
            there = rows
            for name, (route, query) in QUESTIONS.items():
                wanted = {**query, "cursor": _ask(route, {})["next"]} if "cursor" in query else query
                looked.clear()
                _ask(route, wanted)
                made[name][str(rows)] = {"calls": looked["calls"], "rows": looked["rows"]}
    bootstrap.reset()
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
    return made


def _ask(route: str, query: Mapping[str, str]) -> dict[str, Any]:
    from tests.contract.deployed import handler  # noqa: PLC0415

    event = json.loads((ROOT / "events" / "api" / "accepted_the_list_of_products.json").read_text())
    method, path = route.split()
    wanted = dict(query)
    event["routeKey"] = event["requestContext"]["routeKey"] = route
    if "{product_id}" in path:
        event["pathParameters"] = {"product_id": wanted.pop("product_id")}
        path = path.format(**event["pathParameters"])
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["queryStringParameters"] = wanted
    answer = handler("api")(event)
    if answer["statusCode"] != 200:
        raise AssertionError(f"{route} {query}: {answer}")
    told: dict[str, Any] = json.loads(answer["body"])
    return told


def _fill(after: int, rows: int) -> None:
    """Let both tables have so many rows."""
    import boto3  # noqa: PLC0415

    from tests.contract.deployed import resolved, resources  # noqa: PLC0415

    names = {name: resolved(one["TableName"]) for name, one in resources("AWS::DynamoDB::Table").items()}
    database = boto3.session.Session(region_name="us-east-1").resource("dynamodb")
    for name, items in (("ProductsTable", _products(after, rows)), ("JobsTable", _jobs(after, rows))):
        with database.Table(names[name]).batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)


def _products(after: int, rows: int) -> Iterator[dict[str, Any]]:
    from tests.simulation.stock import shelf  # noqa: PLC0415
    from vto.adapters.dynamodb.catalogue import catalogue_to_item  # noqa: PLC0415

    some = shelf()[0]
    for number in range(after, rows):
        named = "Linen shirt" if number % 1000 == 7 else "Cotton shirt"
        category = "tops" if number % 2 else "dresses"
        yield catalogue_to_item(replace(some, item_id=f"product-{number}", name=named, category=category))


def _jobs(after: int, rows: int) -> Iterator[dict[str, Any]]:
    from tests.unit.vto.world import new_job  # noqa: PLC0415
    from vto.adapters.dynamodb.jobs import job_to_item  # noqa: PLC0415
    from vto.domain import times  # noqa: PLC0415
    from vto.testing import NOON  # noqa: PLC0415

    event = json.loads((ROOT / "events" / "api" / "accepted_the_list_of_products.json").read_text())
    own = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    for number in range(after, rows):
        user = own if number % 2 else f"user-{number}"
        at = times.to_iso(NOON + timedelta(seconds=number))
        yield job_to_item(replace(new_job(), id=f"job-{number}", user_id=user, created_at=at))


def report(figures: Mapping[str, Any]) -> str:
    """One row for each question."""
    rows = [
        (name, *(f"{made[str(many)]['calls']} / {made[str(many)]['rows']}" for many in figures["rows"]))
        for name, made in figures["questions"].items()
    ]
    return table("Calls / rows that they look at", *(f"{many:,} rows" for many in figures["rows"]), rows=rows)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure([int(one) for one in sys.argv[1:]])) + "\n")
