"""What one job costs in steps: state transitions, calls of AWS, and functions that run, by the way that it takes.

One job after another goes the whole way in this process: the real handlers, the real state machine, the real picture
tools, tables and buckets in memory (moto), and the events that AWS would send. Every call that boto3 makes is counted
where it is made. Counted are calls, not time, so the figures are the same on every machine, and a test compares them
with the file: ``python -m benchmarks.per_job`` prints them and writes ``docs/figures/per-job.json``.

Events come at their worst: each change of a job is a record by itself and runs a function by itself, while a stream
under load brings several at once.
"""

import base64
import contextlib
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from PIL import Image

from asl.interpreter import SteppedEngine
from asl.run import Call
from benchmarks.capacity import Item, Meter, Table
from tests.contract.deployed import (
    FUNCTIONS,
    REGION,
    ROOT,
    create_storage,
    environment,
    function_of,
    handler,
    module,
    replace_builders,
    resolved,
    resources,
    use_environment,
)
from vto import bootstrap, telemetry
from vto.domain import times
from vto.domain.consent import Consent
from vto.domain.job import execution_input
from vto.testing import FakeClock

FIGURES = Path(__file__).parents[1] / "docs" / "figures" / "per-job.json"
SHIPPED = Path(__file__).parents[1] / "client" / "vto_client" / "cost" / "data" / "per_job.json"
"""The copy that `vto cost` counts with."""
USER, SOCKET = "5b1e6d0a-3c3f-4f5b-9a57-0c6f2d1e8a44", "L0SM9cOFvHcCIhw="
MACHINE = "vto-try-on"
JOBS = "vto-jobs"
SIDE = 384  # pixels; as many calls as for large pictures, in less time
PATHS = {
    "prepared": "a photo or a product is uploaded: once for as many try-ons as there are of it",
    "fresh": "the preview engine draws: what a stack does that has no model",
    "fresh_billed": "a model is called that costs money (Nova Canvas), which is booked on two budgets",
    "cache_hit": "an equal finished result is used again",
    "refused": "the model's content filter refuses the photo",
    "refused_at_once": "the request breaks a rule, and there is never a job",
}
OK = SimpleNamespace(status_code=200)
SHARED = (
    f"{JOBS}.open:",
    "vto-controls:budget#shop#",
    "vto-controls:health#",
    "vto-controls:pace#",
)
"""Items, and a partition of an index, that all jobs write: each takes a thousand write units in a second."""
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


@dataclass
class Counts:
    """What one path came to."""

    transitions: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    items_in_transactions: int = 0
    write_units: int = 0
    read_units: float = 0.0
    shared_write_units: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        """The figures, in a stable order."""
        return {
            "transitions": self.transitions,
            "calls": dict(sorted(self.calls.items())),
            "items_in_transactions": self.items_in_transactions,
            "write_units": self.write_units,
            "read_units": self.read_units,
            "shared_write_units": dict(sorted(self.shared_write_units.items())),
            "lambda": dict(sorted(self.functions.items())),
        }


def picture(colour: str) -> bytes:
    """A photo as a phone would send it, only smaller."""
    buffer = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def drawing() -> str:
    """What a model answers: a PNG, in Base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), "teal").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


class Account:
    """One shop's stack in memory: whoever calls it is counted, and its events come as AWS would send them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
        self.counts = Counts()
        self._records: list[dict[str, Any]] = []
        self._manifests: list[str] = []
        self._executions: list[str] = []
        self._started: set[str] = set()
        self._images: dict[str, Any] = {}
        self._answer = {"images": [drawing()]}
        create_storage()
        self._uncounted = boto3.session.Session(region_name=REGION)
        self._s3, self._tables = self._uncounted.client("s3"), self._uncounted.client("dynamodb")
        self._meter = Meter(tables(), self._item)
        session = boto3.session.Session(region_name=REGION)
        session.events.register("before-call.*.*", self._before)
        session.events.register("after-call.*.*", self._after)
        self.clock = FakeClock()
        together = {name: value for function in FUNCTIONS for name, value in environment(function).items()}
        use_environment(monkeypatch, {**together, "ENGINES": engine})
        for make in ("client", "resource"):  # not those that tests keep: they are another session's, and uncounted
            monkeypatch.setattr(boto3, make, getattr(session, make))
        replace_builders(monkeypatch, clock=self.clock)
        module("render_preview")._s3.cache_clear()  # a client of before would not be counted
        self._bucket = resolved(resources("AWS::S3::Bucket")["UploadsBucket"]["BucketName"])

    # --- what happens to the shop -------------------------------------------------------------------------------------

    def upload(self, key: str, colour: str) -> None:
        """A picture arrives, and is prepared."""
        agreed = Consent("1", times.to_iso(self.clock.now())).metadata() if key.startswith("models/users/") else {}
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=picture(colour), Metadata=agreed)
        thing = {"bucket": {"name": self._bucket}, "object": {"key": key, "sequencer": "01"}}
        record = {"eventTime": times.to_iso(self.clock.now()), "s3": thing}
        self._run("import_picture", {"Records": [{"messageId": key, "body": json.dumps({"Records": [record]})}]})

    def connect(self) -> None:
        """The shopper's socket opens; it serves as many try-ons as they like."""
        handler("connect")({"requestContext": {"connectionId": SOCKET, "authorizer": self._authorizer}})

    def ask(self, request_id: str, **request: Any) -> None:
        """A try-on is asked for, and all that follows from it happens."""
        frame = {"action": "tryOn", "request_id": request_id, **request}
        context = {"connectionId": SOCKET, "authorizer": self._authorizer}
        self._run("message", {"requestContext": context, "body": json.dumps(frame)})
        while self._executions:
            self._execute(self._executions.pop(0))
        self._tell()
        for key in self._manifests:
            thing = {"bucket": {"name": "vto-results"}, "object": {"key": key}}
            body = json.dumps({"Records": [{"eventTime": times.to_iso(self.clock.now()), "s3": thing}]})
            self._run("deliver_result", {"Records": [{"messageId": key, "body": body}]})
        self._manifests.clear()

    def photo(self) -> str:
        """The id of the shopper's photo."""
        [row] = self._tables.scan(TableName="vto-models")["Items"]
        return str(row["model_id"]["S"])

    def product(self) -> str:
        """The id of the product."""
        [row] = self._tables.scan(TableName="vto-products")["Items"]
        return str(row["product_id"]["S"])

    def job(self, request_id: str) -> dict[str, Any]:
        """The row of a try-on; empty when there is none."""
        rows = self._tables.scan(TableName=JOBS)["Items"]
        return next((row for row in rows if row["request_id"]["S"] == request_id), {})

    def refuse_from_now_on(self) -> None:
        """Let the model's content filter refuse what it is asked."""
        self._answer = {}

    @property
    def _authorizer(self) -> dict[str, str]:
        return {"user_id": USER, "session_until": str(times.epoch(self.clock.now(), seconds=7200))}

    # --- functions, the machine, and what they set off ----------------------------------------------------------------

    def _run(self, function: str, event: Any) -> Any:
        self.counts.functions[function] += 1
        return handler(function)(event)

    def _execute(self, job_id: str) -> None:
        run = SteppedEngine(machine(), self.clock, self._serve, MACHINE).execute(job_id, execution_input(job_id))
        self.counts.transitions += run.transitions

    def _serve(self, call: Call) -> Any:
        # the stream is as slow as a step is: what one has changed is told after the next; but a model takes seconds
        due, self._records = self._records, []
        function = function_of(call.target)
        try:
            return self._run(function, call.payload)
        finally:
            self._tell(due)
            if function == "invoke_model":
                self._tell()

    def _tell(self, records: list[dict[str, Any]] | None = None) -> None:
        if records is None:
            records, self._records = self._records, []
        for record in records:
            self._run("start_try_on" if record["eventName"] == "INSERT" else "publish_job", {"Records": [record]})

    # --- AWS ----------------------------------------------------------------------------------------------------------

    def _before(self, model: Any, params: Any, **_: Any) -> Any:
        service, operation = model.service_model.signing_name, model.name
        self.counts.calls[f"{service}:{operation}"] += 1
        if operation == "TransactWriteItems":
            self.counts.items_in_transactions += len(json.loads(params["body"])["TransactItems"])
        if service == "dynamodb":
            self._meter.before(operation, params["body"])
        serve = SERVED.get((service, operation))
        return serve(self, params) if serve else None

    def _after(self, model: Any, parsed: Any, **_: Any) -> None:
        if model.service_model.signing_name != "dynamodb":
            return
        units = self._meter.after(parsed)
        self.counts.write_units += units.written
        self.counts.read_units += units.read
        self.counts.shared_write_units.update(
            {name: written for key, written in units.items.items() for name in SHARED if key.startswith(name)}
        )
        if model.name in WRITES:
            self._note_changes()

    def _item(self, table: str, key: Item) -> Item:
        found: Item = self._tables.get_item(TableName=table, Key=dict(key), ConsistentRead=True).get("Item", {})
        return found

    def _note_changes(self) -> None:
        for row in self._tables.scan(TableName=JOBS, ConsistentRead=True)["Items"]:
            job_id, before = row["id"]["S"], self._images.get(row["id"]["S"])
            if row != before:
                self._images[job_id] = row
                change = {"SequenceNumber": "1", "Keys": {"id": row["id"]}, "NewImage": row}
                change |= {"OldImage": before} if before else {}
                self._records.append({"eventName": "MODIFY" if before else "INSERT", "dynamodb": change})

    def _put(self, params: Any) -> None:
        """Note the object whose event delivers a result; it is stored like any other."""
        key = params["url_path"].lstrip("/")
        if key.startswith("results/") and key.endswith("/result.json"):
            self._manifests.append(key)

    def _start(self, params: Any) -> Any:
        name = json.loads(params["body"])["name"]
        if name not in self._started:
            self._started.add(name)
            self._executions.append(name)
        return OK, {"executionArn": name}

    def _invoke(self, params: Any) -> Any:
        answer = self._run("render_preview", json.loads(params["body"]))
        return OK, {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def _model(self, _: Any) -> Any:
        if not self._answer:
            said = "Input image was blocked by our content filters."
            return SimpleNamespace(status_code=400), {"Error": {"Code": "ValidationException", "Message": said}}
        return OK, {"body": io.BytesIO(json.dumps(self._answer).encode())}

    def _push(self, _: Any) -> Any:
        return OK, {}


SERVED: dict[tuple[str, str], Callable[[Account, Any], Any]] = {
    ("s3", "PutObject"): Account._put,
    ("states", "StartExecution"): Account._start,
    ("lambda", "Invoke"): Account._invoke,
    ("bedrock", "InvokeModel"): Account._model,
    ("execute-api", "PostToConnection"): Account._push,
}
"""What is served here instead of by moto, or noted on its way there."""


def tables() -> dict[str, Table]:
    """The tables of template.yaml by name, as DynamoDB bills them."""
    described = [resolved(one) for one in resources("AWS::DynamoDB::Table").values()]
    return {one["TableName"]: Table.of(one) for one in described}


def machine() -> str:
    """The state machine with the substitutions that template.yaml makes."""
    properties = resources("AWS::Serverless::StateMachine")["TryOnStateMachine"]
    text: str = (ROOT / properties["DefinitionUri"]).read_text()
    for name, value in resolved(properties["DefinitionSubstitutions"]).items():
        text = text.replace(f"${{{name}}}", value)
    return text


@contextlib.contextmanager
def account(engine: str) -> Iterator[Account]:
    """A shop with one product and one shopper with a photo and an open socket; nothing of it is counted yet."""
    with mock_aws(), pytest.MonkeyPatch.context() as monkeypatch, contextlib.redirect_stdout(io.StringIO()):
        try:
            made = Account(monkeypatch, engine)
            made.upload("products/hoodie.jpg", "navy")
            made.connect()
            made.counts = Counts()
            yield made
        finally:
            module("render_preview")._s3.cache_clear()
    bootstrap.reset()
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()


def measure() -> dict[str, Any]:
    """Every path, counted.

    Returns:
        By path: ``transitions`` of the state machine, ``calls`` of AWS by service and operation,
        ``items_in_transactions`` (each of which is written twice, as DynamoDB bills it), ``write_units`` and
        ``read_units`` of DynamoDB, ``shared_write_units`` (of them, those on what all jobs write), and ``lambda``, the
        functions that ran; and ``about``, what the paths are.
    """
    figures: dict[str, Any] = {}
    with account("preview") as shop:
        shop.upload(f"models/users/{USER}/me.jpg", "bisque")
        figures["prepared"] = taken(shop)
        wish = {"product_id": shop.product(), "model_id": shop.photo()}
        figures["fresh"] = asked(shop, "fresh", "completed", **wish)
        figures["cache_hit"] = asked(shop, "cache_hit", "completed", **wish)
        figures["refused_at_once"] = asked(shop, "refused_at_once", None, **{**wish, "product_id": "no-such"})
    with account("nova_canvas") as shop:
        shop.upload(f"models/users/{USER}/me.jpg", "bisque")
        shop.counts = Counts()
        wish = {"product_id": shop.product(), "model_id": shop.photo()}
        figures["fresh_billed"] = asked(shop, "fresh", "completed", **wish)
        shop.refuse_from_now_on()
        another = {"imageGenerationConfig": {"seed": 7}}
        parameters = {"maskType": "GARMENT", "garmentBasedMask": {"garmentClass": "UPPER_BODY"}, **another}
        figures["refused"] = asked(shop, "refused", "error", **wish, parameters=parameters)
    return {"about": PATHS, **{name: figures[name] for name in PATHS}}


def asked(shop: Account, request_id: str, end: str | None, **wish: Any) -> dict[str, Any]:
    """What a try-on came to; it must have ended as it should, or it was not this path that was counted."""
    shop.ask(request_id, **wish)
    status = shop.job(request_id).get("status", {}).get("S")
    if status != end:
        raise AssertionError(f"the try-on {request_id!r} is {status}, not {end}")
    return taken(shop)


def taken(shop: Account) -> dict[str, Any]:
    """What was counted since it was last asked for."""
    counts, shop.counts = shop.counts, Counts()
    return counts.figures()


def main() -> None:
    """Print the figures, and keep them."""
    figures = measure()
    for file in (FIGURES, SHIPPED):
        file.write_text(json.dumps(figures, indent=2) + "\n")
    sys.stdout.write(f"{FIGURES.read_text()}")


if __name__ == "__main__":
    main()
