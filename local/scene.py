"""Puts into a running stack what the sample events speak of, so that each of them finds its job and its pictures."""

import hashlib
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from PIL import Image

from local.stack import Endpoints
from samples.catalogue import CATALOGUE
from vto.adapters.dynamodb import item_to_job, job_to_item
from vto.domain.job import StoredImage
from vto.domain.storage import S3Url, result_key
from vto.domain.times import from_iso, to_iso

ROOT = Path(__file__).parent.parent
EVENTS = ROOT / "events"
DRAWN = ROOT / "out" / "samples"
STORY = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When the events' story happens."""
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
EPOCH_SECONDS = 1_700_000_000
"""No other number in the rows is as large as a moment."""
MADE_ON_THE_WAY = re.compile(r's3://[^"]+/(?:prepared|generated)/[^"]+\.(?:jpg|png)')
"""Pictures that an accepted event counts on and that only an earlier step would have made."""


def stage(endpoints: Endpoints, event: Path) -> None:
    """Put the rows of `events/rows.json` in place, over whatever an earlier event made of them, and the pictures.

    The rows of the catalogue come with the sample uploads and are left alone.

    Args:
        endpoints: The running stack; the events speak of one that is named `vto`, as `make up` names it.
        event: The event that is going to be run.
    """
    rows: dict[str, list[dict[str, Any]]] = json.loads((EVENTS / "rows.json").read_text(), parse_float=Decimal)
    database, serializer = endpoints.client("dynamodb"), TypeSerializer()
    for table, items in rows.items():
        name = table.removeprefix("vto-")
        for row in items if name not in ("products", "models") else []:
            told = _as_of_now(row)
            if name == "jobs" and _speaks_of_the_end(event):
                told = _completed(told, endpoints)
            item = {attribute: serializer.serialize(value) for attribute, value in told.items()}
            database.put_item(TableName=endpoints.tables[name], Item=item)
    storage = endpoints.client("s3")
    for url in _pictures():
        bucket = endpoints.buckets["uploads" if "-uploads-" in url.bucket else "results"]
        storage.put_object(Bucket=bucket, Key=url.key, Body=_drawn(url.key))


def _as_of_now(value: Any) -> Any:
    """A row of the story as if the story happened now: its sessions, leases and tickets have not run out."""
    shift = datetime.now(UTC) - STORY
    if isinstance(value, dict):
        return {name: _as_of_now(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_of_now(one) for one in value]
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        return to_iso(from_iso(value) + shift)
    if isinstance(value, int) and not isinstance(value, bool) and value > EPOCH_SECONDS:
        return value + int(shift.total_seconds())
    return value


def _speaks_of_the_end(event: Path) -> bool:
    """Whether an event comes after the job's completion; all others speak of it as it stands in `rows.json`."""
    return event.parent.name == "deliver_result" and event.name.startswith("accepted")


def _completed(row: dict[str, Any], endpoints: Endpoints) -> dict[str, Any]:
    job = item_to_job(row)
    picture = S3Url(endpoints.buckets["results"], result_key(job.id, "0.png"))
    content = _drawn(picture.key)
    endpoints.client("s3").put_object(Bucket=picture.bucket, Key=picture.key, Body=content)
    stored = StoredImage(str(picture), hashlib.sha256(content).hexdigest(), 768, 1152)
    return job_to_item(job.complete(images=(stored,), mask_s3_url=None, engine="preview", now=datetime.now(UTC)))


def _pictures() -> list[S3Url]:
    accepted = (path.read_text() for path in sorted(EVENTS.glob("*/accepted*.json")))
    return [S3Url.parse(url) for url in sorted({url for text in accepted for url in MADE_ON_THE_WAY.findall(text)})]


def _drawn(key: str) -> bytes:
    """A sample picture that fits a key: the one it is named after, else the person."""
    sample = next((one for one in CATALOGUE if Path(one.file).stem in key), CATALOGUE[0])
    DRAWN.mkdir(parents=True, exist_ok=True)
    file = DRAWN / sample.file
    if not file.exists():
        sample.write(DRAWN)
    out = io.BytesIO()
    with Image.open(file) as picture:
        picture.convert("RGB").save(out, "PNG" if key.endswith(".png") else "JPEG")
    return out.getvalue()
