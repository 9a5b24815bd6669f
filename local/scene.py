"""Puts into a running stack what a sample event speaks of, so that it finds its job and its pictures there.

The events speak of a stack named `vto` and of one job. What is run in another stack, or must find a job that nobody has
touched, is told with that stack's names and with a job of its own.
"""

import contextlib
import functools
import hashlib
import io
import json
import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from PIL import Image

from local.outcomes import EVENTS, Outcome, read_outcomes
from local.stack import Endpoints
from samples.catalogue import CATALOGUE, Sample
from vto.adapters.dynamodb.jobs import item_to_job, job_to_item
from vto.domain.consent import Consent
from vto.domain.job import StoredImage, execution_input
from vto.domain.storage import S3Url, result_key
from vto.domain.times import from_iso, to_iso
from vto.use_cases.create_try_on import NAMESPACE

DRAWN = Path(__file__).parent.parent / "out" / "samples"
STORY = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When the events' story happens."""
JOB, REQUEST, USER = (
    "90d51104-6fa6-5914-9fc7-6906f217c59b",
    "moss-hoodie-on-robin-1",
    "5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44",
)
SOCKET = "L0SM9cOFvHcCIhw="
COAT = {"product_id": "red-rain-coat", "name": "Red rain coat", "category": "upper_body", "auto_imported": False}
"""The product that the shop writes by hand in the events; it has no picture, so shoppers never see it."""
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
EXECUTION = re.compile(r"(:execution:)vto-try-on:([0-9a-f-]{36})(?!-\d)")
EPOCH_SECONDS = 1_700_000_000
"""No other number in the rows is as large as a moment."""
MADE_ON_THE_WAY = re.compile(r's3://[^"]+/(?:prepared|generated)/[^"]+\.(?:jpg|png)')
"""Pictures that an accepted event counts on and that only an earlier step would have made."""
SETTLE_SECONDS = 30.0

_clients: dict[tuple[str, str], Any] = {}  # making one takes longer than what it is then asked


class Scene:
    """One sample event in one running stack.

    Args:
        endpoints: The stack.
        event: The event's file, one of `events/`.
        fresh: Tell it of a job with an id of its own; else it is the job of the files, as earlier runs left it.
        socket: A connection of the stack, for the shopper's; nobody answers at the one in the files.
    """

    def __init__(self, endpoints: Endpoints, event: Path, *, fresh: bool = False, socket: str = SOCKET) -> None:
        self._endpoints = endpoints
        request = f"{REQUEST}-{uuid.uuid4().hex[:8]}" if fresh else REQUEST
        self.job_id = str(uuid.uuid5(NAMESPACE, f"{USER}/{request}")) if fresh else JOB
        self._words = {REQUEST: request, JOB: self.job_id, SOCKET: socket}
        for name, bucket in endpoints.buckets.items():
            self._words[f"vto-{name}-123456789012-us-east-1"] = bucket
        self.payload = self._told(event.read_text())
        """The event as this stack is told it."""
        outcomes = read_outcomes(self._told((EVENTS / "outcomes.json").read_text()))
        self._name = f"{event.parent.name}/{event.stem}"
        self.outcome = outcomes.get(self._name, Outcome())

    def _told(self, text: str) -> str:
        # The story's job is claimed by an execution that this stack does not have. Would it bear the name that the
        # stack gives to its own, that one would find the row claimed by itself and begin to work on it.
        machine = self._endpoints.state_machine_arn.rpartition(":")[2]
        text = EXECUTION.sub(rf"\1{machine}:\2-0", text).replace(":vto-try-on", f":{machine}")
        for ours, theirs in self._words.items():
            text = text.replace(ours, theirs)
        return text

    def set(self, *, seed: int | None = None) -> None:
        """Put the rows of `events/rows.json` in place, over whatever an earlier event made of them, and the pictures.

        The rows of the catalogue come with the sample uploads and are left alone.

        Args:
            seed: Another seed for the job, so that no equal picture is found.
        """
        told = self._told((EVENTS / "rows.json").read_text())
        rows: dict[str, list[dict[str, Any]]] = json.loads(told, parse_float=Decimal)
        for table in ("connections", "controls"):
            for row in rows[f"vto-{table}"]:
                self._put(table, _as_of_now(row))
        for url in self._pictures():
            self._store(url, _drawn(url.key))
        for url in self._photos():
            self._store(url, _drawn(url.key), Consent.given("1", datetime.now(UTC)).metadata())
        if self.job_id != JOB:
            self._forget_results()
        [job] = rows["vto-jobs"]
        if seed is not None:
            job["seed"] = job["parameters"]["imageGenerationConfig"]["seed"] = seed
        self._before(job)

    def _before(self, row: dict[str, Any]) -> None:
        claimed = _as_of_now(row)
        match self.outcome.before:
            case "without_the_job":
                self._forget()
            case "job_just_created":
                self._put("jobs", self._created())
            case "job_started":
                self._put("jobs", self._created())
                self._start()
            case "job_completed":
                self._put("jobs", self._completed(claimed))
            case "nothing_overdue":
                self._put("jobs", claimed)
                self._sweep()
            case "job_forgotten_for_two_minutes":
                # a new row is started at once; one whose start has come to nothing is what a sweep may find
                self._put("jobs", claimed)
                self._settle(seen=True)
                self._sweep()
                self._put("jobs", self._created(ago=timedelta(minutes=2)))
            case "with_the_product":
                self._put("products", COAT)
            case "without_the_product":
                self._forget_product()
            case _:
                self._put("jobs", claimed)

    def clear(self) -> None:
        """Remove the job and wait until nobody works on it any more."""
        self._forget()
        if self.outcome.before.endswith("_the_product"):
            self._forget_product()
        self._settle()

    def _client(self, service: str) -> Any:
        where = (self._endpoints.aws, service)
        if where not in _clients:
            _clients[where] = self._endpoints.client(service)
        return _clients[where]

    # --- parts ------------------------------------------------------------------------------------------------------

    def _put(self, table: str, row: dict[str, Any]) -> None:
        serialize = TypeSerializer().serialize
        item = {attribute: serialize(value) for attribute, value in row.items()}
        self._client("dynamodb").put_item(TableName=self._endpoints.tables[table], Item=item)

    def _forget(self) -> None:
        key = {"id": {"S": self.job_id}}
        self._client("dynamodb").delete_item(TableName=self._endpoints.tables["jobs"], Key=key)

    def _forget_results(self) -> None:
        """Let no finished result be found: a try-on that is to be told from its beginning would have none."""
        table, database = self._endpoints.tables["results"], self._client("dynamodb")
        for row in database.scan(TableName=table, ProjectionExpression="cache_key")["Items"]:
            database.delete_item(TableName=table, Key={"cache_key": row["cache_key"]})

    def _forget_product(self) -> None:
        key = {"product_id": {"S": COAT["product_id"]}}
        self._client("dynamodb").delete_item(TableName=self._endpoints.tables["products"], Key=key)

    def _store(self, url: S3Url, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._client("s3").put_object(Bucket=url.bucket, Key=url.key, Body=content, Metadata=dict(metadata or {}))

    def _created(self, ago: timedelta = timedelta()) -> dict[str, Any]:
        record = json.loads(self._told((EVENTS / "start_try_on" / "accepted.json").read_text()))["Records"][0]
        image = record["dynamodb"]["NewImage"]
        row: dict[str, Any] = _as_of_now(
            {name: TypeDeserializer().deserialize(one) for name, one in image.items()}, ago
        )
        return row

    def _completed(self, row: dict[str, Any]) -> dict[str, Any]:
        job = item_to_job(row)
        picture = S3Url(self._endpoints.buckets["results"], result_key(job.id, "0.png"))
        content = _drawn(picture.key)
        self._store(picture, content)
        stored = StoredImage(str(picture), hashlib.sha256(content).hexdigest(), 768, 1152)
        return job_to_item(job.complete(images=(stored,), mask_s3_url=None, engine="preview", now=datetime.now(UTC)))

    def _start(self) -> None:
        machine, given = self._endpoints.state_machine_arn, json.dumps(execution_input(self.job_id))
        client = self._client("stepfunctions")
        with contextlib.suppress(client.exceptions.ExecutionAlreadyExists):
            client.start_execution(stateMachineArn=machine, name=self.job_id, input=given)

    def _sweep(self) -> None:
        """Let the stack repair what is overdue already, so that the event finds its own job only."""
        name = self._endpoints.function_name("sweep_jobs")
        self._client("lambda").invoke(FunctionName=name, Payload=b"{}")

    def _settle(self, *, seen: bool = False) -> None:
        """Wait until the execution that the stack started for the job has ended.

        Args:
            seen: Wait for its start, too.
        """
        arn = f"{self._endpoints.state_machine_arn.replace(':stateMachine:', ':execution:')}:{self.job_id}"
        client, deadline = self._client("stepfunctions"), time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            try:
                if client.describe_execution(executionArn=arn)["status"] != "RUNNING":
                    return
            except ClientError:  # there is none
                if not seen:
                    return
            time.sleep(0.05)

    def _pictures(self) -> list[S3Url]:
        accepted = (self._told(path.read_text()) for path in sorted(EVENTS.glob("*/accepted*.json")))
        return [S3Url.parse(url) for url in sorted({url for text in accepted for url in MADE_ON_THE_WAY.findall(text)})]

    def _photos(self) -> list[S3Url]:
        """Shoppers' own photos that the event says were uploaded; the shop's pictures come with the samples."""
        text = self.payload.replace('\\"', '"') if self._name.startswith("import_picture/accepted") else ""
        bucket = self._endpoints.buckets.get("uploads", "")
        return [S3Url(bucket, key) for key in re.findall(r'"key": "(models/users/[^"]+)"', text)]


def _as_of_now(value: Any, ago: timedelta = timedelta()) -> Any:
    """A row of the story as if the story happened now: its sessions, leases and tickets have not run out."""
    shift = datetime.now(UTC) - STORY - ago
    if isinstance(value, dict):
        return {name: _as_of_now(one, ago) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_of_now(one, ago) for one in value]
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        return to_iso(from_iso(value) + shift)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and value > EPOCH_SECONDS:
        return value + int(shift.total_seconds())
    return value


def _drawn(key: str) -> bytes:
    """A sample picture that fits a key: the one it is named after, else the person."""
    sample = next((one for one in CATALOGUE if Path(one.file).stem in key), CATALOGUE[0])
    return _encoded(sample, "PNG" if key.endswith(".png") else "JPEG")


@functools.cache
def _encoded(sample: Sample, kind: str) -> bytes:
    DRAWN.mkdir(parents=True, exist_ok=True)
    file = DRAWN / sample.file
    if not file.exists():
        sample.write(DRAWN)
    out = io.BytesIO()
    with Image.open(file) as picture:
        picture.convert("RGB").save(out, kind)
    return out.getvalue()
