"""Recorded and made-up evidence about jobs."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vto_client.explain.history import Execution, execution_of
from vto_client.explain.parts import Evidence, LogRecord
from vto_client.text import iso, moment

RECORDED = Path(__file__).parent / "recorded"
JOB = "00000000-1111-2222-3333-444444444444"
BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
REGION = "eu-central-1"
MACHINE = f"arn:aws:states:{REGION}:123456789012:execution:vto-try-on"


def recorded(name: str, **changes: Any) -> Evidence:
    """What was found about one of the recorded jobs."""
    document = json.loads((RECORDED / f"{name}.json").read_text())
    at = when(document["at"])
    return Evidence(
        **{
            "job_id": document["job_id"],
            "stack": "vto",
            "region": REGION,
            "now": at,
            "row": document["row"],
            "executions": tuple(
                execution_of(one["described"], one["events"], now=at) for one in document["executions"]
            ),
            "logs": [LogRecord(one["function"], when(one["at"]), one["message"]) for one in document["logs"]],
            "delivered": document["delivered"],
            **changes,
        }
    )


def history_of(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first execution of a recorded job: its description and its events."""
    one = json.loads((RECORDED / f"{name}.json").read_text())["executions"][0]
    return one["described"], one["events"]


def when(value: object) -> datetime:
    found = moment(value)
    assert found is not None, value
    return found


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def row(status: str, *timeline: tuple[float, str, str | None], **more: Any) -> dict[str, Any]:
    """A row; its timeline as (seconds, status, stage)."""
    changes = [{"at": iso(after(at)), "status": state, "stage": stage} for at, state, stage in timeline]
    return {
        "id": JOB,
        "user_id": "user",
        "product_id": "shirt",
        "model_id": "stock-person",
        "model_picture_s3_url": "s3://uploads/models/stock/person.jpg",
        "status": status,
        "stage": changes[-1]["stage"],
        "version": len(changes),
        "created_at": changes[0]["at"],
        "updated_at": changes[-1]["at"],
        "timeline": changes,
        "attempts": 0,
        "parameters": {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}},
        **more,
    }


def event(number: int, seconds: float, kind: str, **details: Any) -> dict[str, Any]:
    """An event of a history as boto3 gives it."""
    found: dict[str, Any] = {"id": number, "previousEventId": number - 1, "type": kind, "timestamp": after(seconds)}
    if details:
        found[f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
    return found


def events(*given: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Events as (seconds, type) or (seconds, type, details); details of a state may be its name."""
    made = []
    for number, (seconds, kind, *rest) in enumerate(given, 1):
        details = rest[0] if rest else {}
        made.append(event(number, seconds, kind, **({"name": details} if isinstance(details, str) else details)))
    return made


def execution(given: Sequence[Mapping[str, Any]], *, now: float = 1000, name: str = JOB, **described: Any) -> Execution:
    return execution_of({"executionArn": f"{MACHINE}:{name}", **described}, given, now=after(now))


def evidence(found: Mapping[str, Any] | None, *executions: Execution, now: float = 1000, **more: Any) -> Evidence:
    return Evidence(job_id=JOB, stack="vto", region=REGION, now=after(now), row=found, executions=executions, **more)
