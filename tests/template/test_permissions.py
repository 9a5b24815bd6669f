"""What the functions do is what the template allows: every call is allowed, and every permission is used.

The sample events and the situations below go to the real handlers, with moto as AWS. Noted are the calls of DynamoDB,
S3, Step Functions and SQS, and the links and forms that are signed: whoever uses one has the function's permissions.
"""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from scripts.template.reading import (
    FUNCTION,
    Template,
    actions,
    branches,
    listed,
    named,
    read_template,
    resources,
    statements,
)
from tests.contract.deployed import (
    ACCOUNT,
    FUNCTIONS,
    REGION,
    WITH_A_WEBHOOK,
    environment,
    function_of,
    module,
    replace_builders,
    resolved,
    use_environment,
)
from tests.contract.test_events import (
    BEFORE,
    CONSENT,
    JOB,
    JOB_ID,
    MODEL,
    OUTCOMES,
    PRODUCT,
    RESULTS,
    SOCKET,
    UPLOADS,
    USER,
    FunctionsInProcess,
    System,
    as_it_is,
    half_an_hour_later,
    job_completed,
    outcome_of,
    picture,
    read,
    uploads_just_came,
    with_the_product,
    without_the_job,
)
from vto import bootstrap
from vto.adapters import operating
from vto.adapters.bedrock import NovaCanvas
from vto.adapters.dynamodb.jobs import item_to_job, job_to_item
from vto.adapters.preview import Preview
from vto.adapters.s3 import S3Pictures
from vto.domain import times
from vto.domain.curating import FORM_KEY
from vto.domain.job import OPEN
from vto.domain.ledger import CallState, Entry
from vto.domain.pacing import Lane
from vto.domain.parameters import canonical
from vto.domain.results import packed
from vto.errors import InternalError
from vto.testing import FakeChanges, FakeFunctions

type Event = dict[str, Any]
type Use = tuple[str, str]  # an action, and the resource as the template names it: ("dynamodb:Query", "JobsTable/…")

SERVICES = {"dynamodb": "dynamodb", "s3": "s3", "stepfunctions": "states", "sqs": "sqs"}  # botocore's name, IAM's
IAM_ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
TRANSACTED = {  # a part of a transaction, IAM's
    "Put": "PutItem",
    "Update": "UpdateItem",
    "ConditionCheck": "ConditionCheckItem",
}
VERSIONED = {"HeadObject": "s3:GetObjectVersion", "DeleteObject": "s3:DeleteObjectVersion"}

# Allowed, though no code of ours calls it.
USED_BY_OTHERS = {
    "Lambda itself reads the stream with the function's role": {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    },
    "Lambda itself reads the queue with the function's role": {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    },
    # the one call of ours of that action is of another function
    "Lambda itself sets aside what failed with the function's role": {"sqs:SendMessage"},
    "without it S3 says that a missing picture is forbidden": {"s3:ListBucket"},
}


# Functions that do themselves what Lambda does for the others.
OWN = {
    "operate": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"},
    "reconcile_uploads": {"sqs:SendMessage", "s3:ListBucket"},
    "api": {"sqs:SendMessage", "s3:ListBucket"},
    "publish_job": {"sqs:SendMessage"},
}
# Of functions that ask for the same elsewhere themselves: what is Lambda's own, and what tells missing from forbidden.
SET_ASIDE = {("sqs:SendMessage", "PublishJobDeadLetterQueue"), ("s3:ListBucket", "ResultsBucket")}


# --- what the template allows ---------------------------------------------------------------------------------------


def pattern(resource: Any) -> str:
    """A statement's resource by its logical id and what follows it: ``JobsTable/index/open``, ``ResultsBucket/…/*``."""
    if (logical_id := named(resource)) is not None:
        return logical_id
    found = re.search(r"\$\{(\w+)(?:\.\w+)?\}([^{}]*)$", resource["Fn::Sub"])
    assert found is not None, resource
    return found[1] + found[2]


def allowed(template: Template) -> dict[str, set[Use]]:
    """What each function may do with the four services, by its folder."""
    return {
        properties["CodeUri"].removeprefix("functions/"): {
            (action, pattern(resource))
            for statement in statements(properties)
            for action in actions(statement)
            if action.partition(":")[0] in SERVICES.values()
            for one in listed(statement["Resource"])
            for resource in branches(one)
            if named(resource) != "AWS::NoValue"
        }
        for _, properties in resources(template, FUNCTION)
    }


def covers(permission: Use, use: Use) -> bool:
    return permission[0] == use[0] and fnmatchcase(use[1], permission[1])


# --- what the functions do ------------------------------------------------------------------------------------------


@dataclass
class Uses:
    """Notes what is done while a function runs."""

    template: Template
    function: str | None = None
    found: set[tuple[str, Use]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._tables = self._physical("AWS::DynamoDB::Table", "TableName")
        self._buckets = self._physical("AWS::S3::Bucket", "BucketName")

    def _physical(self, kind: str, name: str) -> dict[str, str]:
        return {resolved(properties[name]): one for one, properties in resources(self.template, kind)}

    @contextmanager
    def of(self, function: str) -> Iterator[None]:
        """Whose calls they are; one function may run within another's."""
        outer, self.function = self.function, function
        yield
        self.function = outer

    def note(self, action: str, resource: str) -> None:
        self.found.add((str(self.function), (IAM_ACTIONS.get(action, action), resource)))

    def call(self, service: str, operation: str, asked: dict[str, Any]) -> None:
        if self.function is None or service not in SERVICES:
            return
        if operation == "TransactWriteItems":
            for item in asked["TransactItems"]:
                ((kind, part),) = item.items()
                self.note(f"dynamodb:{TRANSACTED[kind]}", self._resource(service, part))
        elif operation == "BatchGetItem":
            for table in asked["RequestItems"]:
                self.note(f"dynamodb:{operation}", self._resource(service, {"TableName": table}))
        elif operation == "CopyObject":
            self.note("s3:GetObject", self._resource(service, asked["CopySource"]))
            self.note("s3:PutObject", self._resource(service, asked))
        elif operation in VERSIONED and "VersionId" in asked:
            self.note(VERSIONED[operation], self._resource(service, asked))
        else:
            self.note(f"{SERVICES[service]}:{operation}", self._resource(service, asked))

    def _resource(self, service: str, asked: dict[str, Any]) -> str:
        match service:
            case "dynamodb":
                index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
                return self._tables[asked["TableName"]] + index
            case "s3":
                bucket = self._buckets[asked["Bucket"]]
                return f"{bucket}/{asked['Key']}" if "Key" in asked else bucket
            case "stepfunctions" if "executionArn" in asked:
                return "TryOnStateMachine:" + asked["executionArn"].rpartition(":")[2]
            case "stepfunctions":
                return "TryOnStateMachine"
        queues = {resolved({"Ref": queue}): queue for queue, _ in resources(self.template, "AWS::SQS::Queue")}
        return queues[asked["QueueUrl"]]

    def signed(self, action: str, address: Any) -> None:
        self.note(action, f"{self._buckets[address.bucket]}/{address.key}")


@dataclass
class NotedFunctions(FunctionsInProcess):
    """The function that draws, whose calls are its own."""

    uses: Uses

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - botocore's names
        with self.uses.of(function_of(FunctionName)):
            return super().invoke(FunctionName, Payload)


class Model:
    """The Bedrock client of the engine nova_canvas."""

    def invoke_model(self, **_: Any) -> dict[str, Any]:
        return {"body": io.BytesIO(json.dumps({"images": [base64.b64encode(picture("PNG")).decode()]}).encode())}


# --- situations that no sample event is about -----------------------------------------------------------------------

type Before = Callable[[System], None]


@dataclass(frozen=True)
class Situation:
    """An event that meets a certain system."""

    function: str
    event: Event
    before: Before = as_it_is
    engines: str = "preview"


def request(method: str, path: str, body: Any = None) -> Event:
    event = json.loads(json.dumps(read("api/accepted_the_list_of_products")))
    http = {**event["requestContext"]["http"], "method": method, "path": path}
    context = {**event["requestContext"], "http": http, "routeKey": f"{method} {path}"}
    return {
        **event,
        "rawPath": path,
        "routeKey": f"{method} {path}",
        "requestContext": context,
        "body": json.dumps(body),
    }


def change_job(system: System, **changes: Any) -> None:
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(replace(item_to_job(JOB), **changes)))


def running(system: System) -> None:
    """The job is overdue, and its execution is at work."""
    arn = system.sfn.start_execution(stateMachineArn=system.machine, name=JOB_ID, input="{}")["executionArn"]
    change_job(system, execution_arn=arn)
    system.clock.advance(120)


def gone(system: System) -> None:
    """The job is overdue, its execution is gone, and equal jobs wait for its picture."""
    change_job(system, cache_key="key")
    system.clock.advance(120)


def tries_an_opened_engine(system: System) -> None:
    """The engines were opened, and may be asked again."""
    change_job(system, engine="nova_canvas")
    for engine in ("nova_canvas", "preview"):
        health = {"failures": 1, "revision": 1, "open_until": times.to_iso(system.clock.now())}
        system.dynamodb.Table("vto-controls").put_item(Item={"control_id": f"health#{engine}", **health})


def tries_an_opened_engine_without_money(system: System) -> None:
    tries_an_opened_engine(system)
    budget = {"control_id": "budget#shop#2026-11-21", "spent": 10**9}
    system.dynamodb.Table("vto-controls").put_item(Item=budget)


def money_is_set_aside(system: System) -> None:
    """For a call that has not been made: whoever ends the job, or goes on without it, gives the money back."""
    ledger = (Entry("nova_canvas", 40_000, CallState.RESERVED, "2026-11-21", times.to_iso(system.clock.now())),)
    change_job(system, ledger=ledger)


def gone_with_money(system: System) -> None:
    money_is_set_aside(system)
    system.clock.advance(120)


def waited_for(system: System) -> None:
    change_job(system, cache_key="key")


def socket_gone(system: System) -> None:
    system.notifier.gone.add(SOCKET)


def new_job_and_socket_gone(system: System) -> None:
    without_the_job(system)
    socket_gone(system)


def socket_closed(system: System) -> None:
    system.dynamodb.Table("vto-connections").delete_item(Key={"connection_id": SOCKET})


def told_by_another(system: System) -> None:
    key = f"delivered#{JOB_ID}#{SOCKET}"
    system.dynamodb.Table("vto-controls").put_item(Item={"control_id": key, "delivered": 9})


def new_job_told_by_another(system: System) -> None:
    without_the_job(system)
    told_by_another(system)


def drawn_mask(system: System) -> None:
    mask = f"s3://{UPLOADS}/masks/users/{USER}/mask.png"
    system.put(mask, picture("PNG"))
    change_job(system, parameters=canonical({"maskType": "IMAGE", "imageBasedMask": {"maskImage": mask}}))


def new_job_of_a_busy_shopper(system: System) -> None:
    """As many jobs are counted as may be unfinished; one of them has ended."""
    without_the_job(system)
    ended = item_to_job(JOB).fail(InternalError(), system.clock.now())
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(replace(ended, id="ended")))
    counted = {"ended", *(f"job-{number}" for number in range(9))}
    system.dynamodb.Table("vto-controls").put_item(Item={"control_id": f"open#{USER}", "jobs": counted})


def turn_of_the_batch_lane(system: System) -> None:
    change_job(system, lane=Lane.BATCH, turn=True)


def after_a_long_queue(system: System) -> None:
    first, *later = item_to_job(JOB).timeline
    began = replace(first, at=times.after(system.clock.now(), -20 * 60))
    change_job(system, lane=Lane.BATCH, timeline=(began, *later))


AGREED = {"consent": {"policy_version": "1"}}
UPLOAD = "photo-0d9e3f5b7a1c4e6f8a2b4c6d8e0f1a2b-jpg"


def erasing(user_id: str) -> Event:
    event = read("erase_user/accepted")
    return {"Records": [{**event["Records"][0], "body": json.dumps({"user_id": user_id})}]}


def everything_of_the_user(system: System) -> None:
    """They asked to be erased while their job is being made, and left something in every place."""
    bootstrap.erasures().request(USER, "receipt", system.clock.now(), before=times.to_iso(system.clock.now()))
    change_job(system, cache_key="key")
    photo = {"model_id": "photo-1", "user_id": USER, "created_at": "2026-11-20T00:00:00.000Z"}
    system.dynamodb.Table("vto-models").put_item(Item=photo)
    for key in ("models/users/{}/a.jpg", "masks/users/{}/a.png", "prepared/models/users/{}/photo-1/1.jpg"):
        system.put(f"s3://{UPLOADS}/{key.format(USER)}", b"x", **CONSENT.metadata())
    system.put(f"s3://{UPLOADS}/prepared/masks/{JOB_ID}/mask.png", b"x")
    system.put(f"s3://{RESULTS}/results/{JOB_ID}/0.png", b"x")
    system.put(f"s3://{RESULTS}/derived/{JOB_ID}/0.webp", b"x")


def version_of_generated(system: System) -> str:
    return system.s3.head_object(Bucket=RESULTS, Key=f"generated/{JOB_ID}/1/0.png")["VersionId"]


def job_erased_long_ago(system: System) -> None:
    """Nobody can write for their job any more."""
    bootstrap.erasures().request(USER, "receipt", system.clock.now(), before=times.to_iso(system.clock.now()))
    change_job(system, erased_at="2026-11-21T11:00:00.000Z")
    system.s3.delete_object(Bucket=RESULTS, Key=f"generated/{JOB_ID}/1/0.png", VersionId=version_of_generated(system))
    told_by_another(system)


def own_photo(system: System) -> None:
    photo = {"model_id": "photo-1", "user_id": USER, "created_at": "2026-11-20T00:00:00.000Z"}
    system.dynamodb.Table("vto-models").put_item(Item=photo)


def own_photo_that_a_job_waits_for(system: System) -> None:
    own_photo(system)
    change_job(system, model_id="photo-1", cache_key="key", created_at=times.to_iso(system.clock.now()))
    money_is_set_aside_for_it(system)


def money_is_set_aside_for_it(system: System) -> None:
    ledger = (Entry("nova_canvas", 40_000, CallState.RESERVED, "2026-11-21", times.to_iso(system.clock.now())),)
    job = item_to_job(system.row("vto-jobs", id=JOB_ID))
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(replace(job, ledger=ledger)))


def own_photo_deleted_long_ago(system: System) -> None:
    own_photo(system)
    bootstrap.catalogue().mark_erased("photo-1", USER, "2026-11-21T11:00:00.000Z")


def removing(**thing: str) -> Event:
    event = read("erase_user/accepted")
    return {"Records": [{**event["Records"][0], "body": json.dumps({"remove": {"user_id": USER, **thing}})}]}


REUSED = {"images": [f"s3://{RESULTS}/results/other/0.png"], "mask": None, "engine": "preview"}


def equal_picture(system: System) -> None:
    """An equal picture is there; every key that a job asks for finds it."""
    system.put(REUSED["images"][0], picture("PNG"))


def equal_picture_of_this_job(system: System) -> None:
    """The first look at the job has left its key, under which another job's picture is ready."""
    equal_picture(system)
    outcome_of("validate_request", read("validate_request/accepted"))
    key = item_to_job(system.row("vto-jobs", id=JOB_ID)).cache_key
    row = {**REUSED, "cache_key": key, "state": "ready", "job_id": "other", "ttl": 2**31}
    system.dynamodb.Table("vto-results").put_item(Item=row)


def finished_for(function: str) -> Before:
    """What its sample event asks for is finished: asked once, it left the key under which a result is put."""

    def before(system: System) -> None:
        without_the_job(system)
        table = system.dynamodb.Table("vto-jobs")
        known = {row["id"] for row in table.scan()["Items"]}
        outcome_of(function, read(f"{function}/accepted"))
        [asked] = [row for row in table.scan()["Items"] if row["id"] not in known]
        table.delete_item(Key={"id": asked["id"]})
        equal_picture(system)
        shown, previews = (f"s3://{RESULTS}/derived/other/{name}" for name in ("0.webp", "previews.json"))
        system.put(shown, b"x")
        system.put(previews, packed([b"x"]))
        image = {"s3_url": REUSED["images"][0], "width": 384, "height": 512, "content_type": "image/png"}
        image["sha256"] = hashlib.sha256(picture("PNG")).hexdigest()
        row = {"cache_key": asked["cache_key"], "state": "ready", "job_id": "other", "ttl": 2**31}
        offered = {**REUSED, **row, "stored": [image], "shown": [shown], "previews": previews}
        system.dynamodb.Table("vto-results").put_item(Item=offered)

    return before


def given_its_result(system: System) -> None:
    job_completed(system)
    job = item_to_job(system.row("vto-jobs", id=JOB_ID))
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(replace(job, execution_arn=None)))


def of_a_given_result() -> Event:
    """The stream's record of it, as an operator has it read again: without images."""
    event = read("publish_job/accepted")
    record = event["Records"][0]
    bare = {name: value for name, value in record["dynamodb"].items() if not name.endswith("Image")}
    return {"Records": [{**record, "dynamodb": bare}]}


def left_without_its_manifest(system: System) -> None:
    job_completed(system)


def completed_and_still_open(system: System) -> None:
    """As the sweep may see it: the index had it open a moment ago."""
    job_completed(system)
    job = item_to_job(system.row("vto-jobs", id=JOB_ID))
    row = replace(job, open=OPEN, lease_until=times.to_iso(system.clock.now()), cache_key="key")
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(row))
    system.clock.advance(120)


def without_the_catalogue(system: System) -> None:
    for table in ("vto-products", "vto-models"):
        system.dynamodb.Table(table).delete()


def stock_model_to_look_at(system: System) -> None:
    half_an_hour_later(system)
    row = {**MODEL, "stock": "yes"}
    system.dynamodb.Table("vto-models").put_item(Item=row)


def job_failed(system: System) -> None:
    failed = item_to_job(system.row("vto-jobs", id=JOB_ID)).fail(InternalError("broke"), system.clock.now())
    system.dynamodb.Table("vto-jobs").put_item(Item=job_to_item(failed))


def job_with_a_mask_failed(system: System) -> None:
    drawn_mask(system)
    job_failed(system)


def dead(queue: str, body: dict[str, Any], **attributes: str) -> Before:
    """A letter lies in a dead-letter queue."""

    def before(system: System) -> None:
        told = {name: {"StringValue": value, "DataType": "String"} for name, value in attributes.items()}
        url = resolved({"Ref": queue})
        system.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageAttributes=told)

    return before


def importing(queue: str, event: str) -> Event:
    document = json.loads(json.dumps(read(event)))
    for record in document["Records"]:
        record["eventSourceARN"] = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{resolved({'Ref': queue})}"
    return document


def used_form_of_before(system: System) -> None:
    """The product's picture came after it was deleted, with a form from before."""
    with_the_product(system)
    system.clock.moment = datetime.now(UTC) - timedelta(days=1)


def hoodie_deleted(system: System) -> None:
    """The hoodie was deleted an instant ago, and its pictures are there still; one came with a form of before."""
    system.clock.moment = datetime.now(UTC) - timedelta(days=1)
    bootstrap.products().delete_product(PRODUCT["product_id"], system.clock.now())
    form = times.to_iso(system.clock.now())
    system.put(PRODUCT["product_picture_s3_url"], b"x", **{FORM_KEY: form})


write_hoodie = request("PUT", f"/products/{PRODUCT['product_id']}", {"name": "Hoodie", "category": "tops"})
write_hoodie["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"] = "[admin]"


def order(name: str, **more: Any) -> Event:
    return {"order": name, **more}


TRIMMED = {"DDBStreamBatchInfo": {"shardId": "shardId-1", "startSequenceNumber": "1", "endSequenceNumber": "2"}}
STORE, INVOKE = read("store_result/accepted"), read("invoke_model/accepted")
RESERVE = read("reserve_slot/accepted_again_after_a_throttled_call")
PUBLISHERS = {
    "notify_client": "notify_client/accepted",
    "publish_job": "publish_job/accepted",
    "deliver_result": "deliver_result/accepted",
}

SITUATIONS = [
    Situation("manage_products", read("manage_products/accepted_deleting_a_product"), used_form_of_before),
    Situation("manage_products", write_hoodie),
    Situation("import_picture", importing("ProductUploadsQueue", "import_picture/accepted"), hoodie_deleted),
    Situation("api", request("GET", "/models")),
    Situation("api", request("GET", f"/products/{PRODUCT['product_id']}")),
    Situation("api", request("POST", "/uploads", {**AGREED, "kind": "photo", "content_type": "image/jpeg"})),
    Situation("api", request("POST", "/uploads", {**AGREED, "kind": "mask", "content_type": "image/png"})),
    Situation("api", request("DELETE", "/me")),
    Situation("serve_guests", request("GET", "/guests/models"), stock_model_to_look_at),
    Situation("serve_guests", request("GET", "/guests/categories")),
    Situation("serve_guests", {**request("GET", "/guests/products"), "queryStringParameters": {"category": "tops"}}),
    Situation("serve_guests", request("GET", f"/guests/products/{PRODUCT['product_id']}")),
    Situation("api", request("PATCH", "/models/photo-1", {"name": "Summer"}), own_photo),
    Situation("api", request("DELETE", "/models/photo-1"), own_photo),
    Situation("api", request("DELETE", f"/try-ons/{JOB_ID}"), money_is_set_aside),
    Situation("api", request("GET", f"/try-ons/{JOB_ID}/result"), job_completed),
    Situation("api", request("GET", "/me/export"), job_completed),
    Situation("api", request("POST", f"/uploads/{UPLOAD}/complete"), uploads_just_came),
    Situation("erase_user", removing(job_id=JOB_ID), money_is_set_aside),
    Situation("erase_user", removing(model_id="photo-1"), own_photo_that_a_job_waits_for),
    Situation("erase_user", removing(model_id="photo-1"), own_photo_deleted_long_ago),
    Situation("erase_user", erasing(USER), everything_of_the_user),
    Situation("erase_user", erasing(USER), job_erased_long_ago),
    Situation("api", request("GET", "/try-ons"), job_completed),
    Situation("api", request("GET", f"/try-ons/{JOB_ID}"), job_completed),
    Situation("message", read("message/accepted_watching_a_job"), job_completed),
    Situation("api", read("api/accepted"), new_job_of_a_busy_shopper),
    Situation("api", read("api/accepted"), finished_for("api")),
    Situation("message", read("message/accepted"), finished_for("message")),
    Situation("publish_job", of_a_given_result(), given_its_result),
    Situation("api", read("api/accepted_cancelling_a_job"), waited_for),
    Situation("message", read("message/accepted"), new_job_of_a_busy_shopper),
    Situation("message", read("message/accepted_cancelling_a_job"), waited_for),
    Situation("message", read("message/accepted"), new_job_and_socket_gone),
    Situation("message", read("message/accepted"), new_job_told_by_another),
    Situation("validate_request", read("validate_request/accepted"), drawn_mask),
    Situation("validate_request", read("validate_request/accepted"), equal_picture_of_this_job),
    Situation("store_result", {**STORE, "generation": {**STORE["generation"], "engine": "nova_canvas"}}),
    Situation(
        "store_result",
        {**STORE, "generation": None, "validation": {**STORE["validation"], "reuse": "ready", "cached": REUSED}},
        equal_picture,
    ),
    Situation("invoke_model", {**INVOKE, "slot": {**INVOKE["slot"], "engine": "nova_canvas"}}),
    Situation("invoke_model", {**INVOKE, "slot": {**INVOKE["slot"], "engine": "nova_canvas"}}, tries_an_opened_engine),
    Situation("invoke_model", {**INVOKE, "slot": {**INVOKE["slot"], "turn": True}}, turn_of_the_batch_lane),
    Situation("invoke_model", INVOKE, after_a_long_queue),
    Situation("reserve_slot", RESERVE, tries_an_opened_engine),
    Situation("reserve_slot", RESERVE, tries_an_opened_engine_without_money, engines="nova_canvas"),
    Situation("reserve_slot", RESERVE, engines="nova_canvas,preview"),
    Situation("store_result", STORE, money_is_set_aside),
    Situation("record_failure", read("record_failure/accepted"), money_is_set_aside),
    Situation("sweep_jobs", read("sweep_jobs/accepted"), gone_with_money),
    Situation("record_failure", read("record_failure/accepted"), waited_for),
    Situation("sweep_jobs", read("sweep_jobs/accepted"), running),
    Situation("sweep_jobs", read("sweep_jobs/accepted"), gone),
    Situation("record_failure", read("record_failure/accepted"), left_without_its_manifest),
    Situation("sweep_jobs", read("sweep_jobs/accepted"), completed_and_still_open),
    Situation("import_picture", importing("ProductUploadsQueue", "import_picture/accepted"), without_the_catalogue),
    Situation(
        "import_picture",
        importing("ModelUploadsQueue", "import_picture/accepted_a_private_photo"),
        without_the_catalogue,
    ),
    Situation("reconcile_uploads", read("reconcile_uploads/accepted"), stock_model_to_look_at),
    Situation("operate", order("rerun", jobs=[JOB_ID]), job_failed),
    Situation("operate", order("rerun", jobs=[JOB_ID]), job_with_a_mask_failed),
    Situation("operate", order("status"), half_an_hour_later),  # a job is overdue
    Situation("operate", order("stop_spending", reason="too dear")),
    Situation("operate", order("resume_spending")),
    Situation("operate", order("say_bye", reconnect_in_seconds=30)),
    Situation("operate", order("say_bye", reconnect_in_seconds=30), socket_gone),
    Situation("operate", order("redrive", queue="product_uploads"), dead("ProductUploadsDeadLetterQueue", {})),
    Situation("operate", order("redrive", queue="model_uploads"), dead("ModelUploadsDeadLetterQueue", {})),
    Situation("operate", order("redrive", queue="results"), dead("ResultsDeadLetterQueue", {})),
    Situation("operate", order("redrive", queue="erasures"), dead("ErasuresDeadLetterQueue", {})),
    Situation("operate", order("redrive", queue="webhook"), dead("WebhookDeadLetterQueue", {})),
    Situation("operate", order("redrive", queue="start_try_on"), dead("StartTryOnDeadLetterQueue", TRIMMED)),
    Situation("operate", order("redrive", queue="publish_job"), dead("PublishJobDeadLetterQueue", TRIMMED)),
    Situation(
        "operate", order("redrive", queue="events"), dead("EventsDeadLetterQueue", {}, TARGET_ARN="f:function:vto-x")
    ),
    *(
        Situation(function, read(event), lambda system, before=before: [job_completed(system), before(system)])
        for function, event in PUBLISHERS.items()
        for before in (as_it_is, socket_gone, socket_closed, told_by_another)
    ),
]


@pytest.fixture(scope="module")
def template() -> Template:
    return read_template()


@pytest.fixture(scope="module")
def uses(template: Template) -> dict[str, set[Use]]:
    """What each function did, by its folder, over all events and situations."""
    noted = Uses(template)
    events = [Situation(name.partition("/")[0], read(name), BEFORE[one.before]) for name, one in OUTCOMES.items()]
    for situation in [*events, *SITUATIONS]:
        with pytest.MonkeyPatch.context() as patch:
            run(situation, noted, patch)
    return {function: {use for by, use in noted.found if by == function} for function in FUNCTIONS}


def run(situation: Situation, uses: Uses, patch: pytest.MonkeyPatch) -> None:
    call, link, form = BaseClient._make_api_call, S3Pictures.link, S3Pictures.upload_form

    def noted_call(client: Any, operation: str, asked: dict[str, Any]) -> Any:
        uses.call(client.meta.service_model.service_name, operation, asked)
        return call(client, operation, asked)

    def noted_link(pictures: Any, url: Any, **rest: Any) -> Any:
        uses.signed("s3:GetObject", url)
        return link(pictures, url, **rest)

    def noted_form(pictures: Any, url: Any, **rest: Any) -> Any:
        uses.signed("s3:PutObject", url)
        return form(pictures, url, **rest)

    patch.setattr(BaseClient, "_make_api_call", noted_call)
    patch.setattr(S3Pictures, "link", noted_link)
    patch.setattr(S3Pictures, "upload_form", noted_form)
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        system = System()

        def engine(name: str) -> Any:
            if name == "nova_canvas":
                return NovaCanvas(Model(), bootstrap.pictures(), "model")  # type: ignore[arg-type]
            return Preview(NotedFunctions(uses), bootstrap.settings()["PREVIEW_FUNCTION"])  # type: ignore[arg-type]

        # a situation may be what another function has left, so whoever prepares it has every variable
        given = {"GuestTryOns": "on", **WITH_A_WEBHOOK}
        together = {name: value for one in FUNCTIONS for name, value in environment(one, **given).items()}
        use_environment(patch, {**together, "ENGINES": situation.engines})
        replace_builders(
            patch,
            clock=system.clock,
            sockets=system.notifier,
            models=system.models,
            shop_server=system.shop_server,
            functions=FakeFunctions(),
            changes=FakeChanges(None),
            engine=engine,
        )
        patch.setattr(operating, "WAIT_SECONDS", 0)
        module("render_preview")._s3.cache_clear()
        situation.before(system)
        with uses.of(situation.function):
            outcome_of(situation.function, situation.event)
    bootstrap.reset()


# --- both are the same ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_whatever_it_does(function: str, template: Template, uses: dict[str, set[Use]]) -> None:
    permissions = allowed(template)[function]
    assert {use for use in uses[function] if not any(covers(one, use) for one in permissions)} == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_does_whatever_it_may_do(function: str, template: Template, uses: dict[str, set[Use]]) -> None:
    by_others = set[str]().union(*USED_BY_OTHERS.values()) - OWN.get(function, set())
    unused = {one for one in allowed(template)[function] if not any(covers(one, use) for use in uses[function])}
    assert {one for one in unused if one[0] not in by_others and one not in SET_ASIDE} == set()


def test_what_others_use_is_allowed_somewhere_and_called_by_none_of_our_functions(
    template: Template, uses: dict[str, set[Use]]
) -> None:
    by_others = set[str]().union(*USED_BY_OTHERS.values())
    assert by_others <= {action for permissions in allowed(template).values() for action, _ in permissions}
    for function, found in uses.items():
        assert by_others & {action for action, _ in found} == OWN.get(function, set()), function


@pytest.mark.parametrize(
    ("permission", "use", "enough"),
    [
        (("dynamodb:Query", "JobsTable/index/open"), ("dynamodb:Query", "JobsTable/index/by_user"), False),
        (("dynamodb:GetItem", "JobsTable"), ("dynamodb:PutItem", "JobsTable"), False),
        (("dynamodb:Query", "JobsTable"), ("dynamodb:Query", "JobsTable/index/open"), False),
        (("s3:GetObject", "ResultsBucket/results/*"), ("s3:GetObject", "ResultsBucket/results/a/0.png"), True),
        (("s3:GetObject", "ResultsBucket/results/*"), ("s3:GetObject", "UploadsBucket/results/a"), False),
    ],
)
def test_a_permission_covers_its_own_action_on_its_own_resource_only(permission: Use, use: Use, enough: bool) -> None:
    assert covers(permission, use) is enough
