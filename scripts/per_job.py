"""What one job costs in transitions, calls and functions (``docs/figures/per-job.json``), as a table."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from scripts.facts import ROOT
from scripts.tables import table

FIGURES = ROOT / "docs" / "figures" / "per-job.json"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "DynamoDB reads": ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"),
    "DynamoDB writes": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "transactions": ("dynamodb:TransactWriteItems",),
    "S3 reads": ("s3:GetObject", "s3:HeadObject"),
    "S3 writes": ("s3:PutObject", "s3:CopyObject"),
    "pushes": ("execute-api:PostToConnection",),
}


def jobs() -> str:
    """One row for each way that a job takes."""
    told: Mapping[str, Any] = json.loads(FIGURES.read_text())
    paths = told["about"]
    rows = (
        (
            f"{about} (`{path}`)",
            str(told[path]["transitions"]),
            str(sum(told[path]["lambda"].values())),
            *(_sum(told[path]["calls"], names) for names in COLUMNS.values()),
            f"{told[path]['write_units']} / {told[path]['read_units']:g}",
            _others(told[path]["calls"]),
        )
        for path, about in paths.items()
    )
    return table(
        "What happens",
        "state transitions",
        "functions that run",
        *COLUMNS,
        "DynamoDB units written / read",
        "other calls",
        rows=rows,
    )


def _sum(calls: Mapping[str, int], names: Iterable[str]) -> str:
    return str(sum(calls.get(name, 0) for name in names))


def _others(calls: Mapping[str, int]) -> str:
    known = {name for names in COLUMNS.values() for name in names}
    return ", ".join(f"{count} `{name}`" for name, count in calls.items() if name not in known) or "—"
